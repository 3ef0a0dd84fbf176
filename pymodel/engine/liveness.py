"""Liveness properties checked on the whole state graph of a complete search.

Behaviours are infinite, stay within the constraint and may stutter in any state; only the fairness of
the specification excludes some of them. Each shape has its direct method: `[]<>P` fails where a fair
loop avoids P, `<>[]P` where one meets a state without P, `P ~> Q` where one without Q is reached, past
no Q, from a state with P and without Q.
"""

from __future__ import annotations

import time

import numpy as np

from pymodel.engine import lasso
from pymodel.engine.contract import Shape
from pymodel.engine.fair_cycle import Path, fair_components, shortest_lasso, way_to
from pymodel.engine.fairness import demands
from pymodel.engine.graph import Call, Collector, Flags, StateGraph
from pymodel.engine.instance import Instance
from pymodel.engine.lasso import Claim
from pymodel.engine.native import Words
from pymodel.engine.pack import unpack
from pymodel.engine.result import Counterexample


class LivenessCheck:
    """The liveness properties `names` under the fairness of `specification`. After `run`, `violated` names
    those that fail, in order; `warnings` tells of what held because there was nothing that it speaks of.

    Raises LayoutError for what does not compile or asks for too much.
    """

    def __init__(
        self, instance: Instance, names: tuple[str, ...], specification: str, constraints: tuple[str, ...]
    ) -> None:
        self.instance = instance
        self.constraints = constraints
        self.demands = demands(instance, instance.model.fair.get(specification, ()))
        self.claims = [claim for name in names for claim in _claims(instance, name)]
        self.bit: dict[Call, int] = {}
        for claim in self.claims:
            for call in _calls(claim):
                self.bit.setdefault(call, len(self.bit))
        self.collector = Collector(instance, self.demands, tuple(self.bit), constraints)
        self.rows: Words = np.zeros(0, np.int64)
        self.found: dict[str, tuple[Claim, Path]] = {}
        self.warnings: list[str] = []

    @property
    def violated(self) -> tuple[str, ...]:
        return tuple(self.found)

    def run(self, rows: Words, count: int, deadline: float = float("inf")) -> bool:
        """Check all properties over the `count` states in `rows`, row 0 the initial one. False if
        time.monotonic() passed `deadline` before the end. Raises LayoutError and MemoryError."""
        self.rows = rows
        graph = self.collector.run(rows, count, deadline)
        if graph is None:
            return False
        for claim in self.claims:
            if time.monotonic() > deadline:
                return False
            path = None if claim.name in self.found else self._violation(graph, claim)
            if path is not None:
                self.found[claim.name] = (claim, path)
        self.warnings = self._vacuous(graph)
        return True

    def counterexample(self, name: str) -> Counterexample:
        """The behaviour that violates `name`. Raises LayoutError if the interpreter does not confirm it."""
        claim, path = self.found[name]
        width = self.instance.layout.words
        words = [self.rows[row * width : (row + 1) * width].tolist() for row in path.rows]
        states = [unpack(self.instance, row) for row in words]
        return lasso.counterexample(self.instance, self.demands, self.constraints, claim, states, path.loop)

    def _violation(self, graph: StateGraph, claim: Claim) -> Path | None:
        everywhere = np.ones(graph.count, np.bool_)
        depth, before = graph.spread(everywhere, np.zeros(1, np.int32), np.zeros(1, np.int32))
        holds = [self._where(graph, call) for call in _calls(claim)]
        distance, previous, alive, goal = depth, before, ~holds[-1], None
        if claim.liveness.shape is Shape.EVENTUALLY_ALWAYS:
            alive, goal = everywhere, ~holds[0]
        elif claim.liveness.shape is Shape.LEADS_TO:
            sources = np.flatnonzero(holds[0] & alive).astype(np.int32)
            sources = sources[np.argsort(depth[sources], kind="stable")]
            distance, previous = graph.spread(alive, sources, depth[sources])
            alive = alive & (distance >= 0)
        component = fair_components(graph, self.demands, alive, goal)
        found = shortest_lasso(graph, self.demands, component, distance, goal)
        if found is None:
            return None
        entry, walk = found
        way = way_to(entry, previous)
        stem = [*way_to(way[0], before)[:-1], *way]
        return Path((*stem, *walk[:-1]), len(stem) - 1)

    def _where(self, graph: StateGraph, call: Call) -> Flags:
        """The nodes where a predicate holds."""
        held: Flags = graph.bits & (1 << self.bit[call]) != 0
        return held

    def _vacuous(self, graph: StateGraph) -> list[str]:
        """Warnings about what held of nothing: of no fair behaviour, or of none that comes to P."""
        fair = fair_components(graph, self.demands, np.ones(graph.count, np.bool_)) >= 0
        if not fair.any():
            return ["no fair behaviour stays within the constraint: liveness was checked of nothing"]
        met = {claim.name: False for claim in self.claims}
        for claim in self.claims:
            met[claim.name] = met[claim.name] or self._is_met(graph, claim, fair)
        return [
            f"{name} was checked of nothing: no fair behaviour within the constraint comes to where it starts"
            for name, some in met.items()
            if not some
        ]

    def _is_met(self, graph: StateGraph, claim: Claim, fair: Flags) -> bool:
        """Whether a fair behaviour comes to what `P ~> Q` starts from; True for the other shapes."""
        if claim.liveness.shape is not Shape.LEADS_TO:
            return True
        everywhere = np.ones(graph.count, np.bool_)
        sources = np.flatnonzero(self._where(graph, _calls(claim)[0])).astype(np.int32)
        distance, _ = graph.spread(everywhere, sources, np.zeros(len(sources), np.int32))
        return bool((fair & (distance >= 0)).any())


def _claims(instance: Instance, name: str) -> list[Claim]:
    liveness = instance.model.liveness[name]
    if not liveness.over:
        return [Claim(name, liveness)]
    return [Claim(name, liveness, (member,)) for member in instance.bound.names[liveness.over]]


def _calls(claim: Claim) -> list[Call]:
    """P, or P and Q."""
    functions = [claim.liveness.p, *([claim.liveness.q] if claim.liveness.q else [])]
    return [(function.__name__, claim.member) for function in functions]
