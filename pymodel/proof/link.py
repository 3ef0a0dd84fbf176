"""The link between the model and a proof: each step of the model is a step that the proof knows.

A projection says how a state of the model reads in the proof's symbols, and which action of the proof, at
which parameters, a step of the model is. Beside the state runs a structure: the proof's symbols, ghosts and
all messages ever sent included. For a step the link checks that the proof's guards hold, that its updates
give what the model gave, that each message in flight is one that was sent, and that the invariant holds.

This tests the link on the steps that are tried; it does not prove it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from pymodel.engine.contract import Bound
from pymodel.engine.instance import Instance, Successor
from pymodel.proof.evaluate import Evaluator, compile_updates, evaluator, plain_name, updated
from pymodel.proof.structure import Number, Relation, Row, Structure, Table
from pymodel.proof.system import Action, System

RARE = {
    "Timeout": 0.05,
    "Restart": 0.01,
    "DropMessage": 0.02,
    "LeaseExpire": 0.05,
    "RedirectWrite": 0.01,
}
"""How likely an action is in a walk, where it is not as likely as the others."""

UNSPOKEN = frozenset({"PreVoteRequest", "PreVoteResponse", "TimeoutNow"})
"""Messages that the proofs have no symbol for: what they lead to is a step like any other."""

Record = Any  # a state of the model, see engine/instance.py
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Move:
    """What a step of the model is in the proof: an action at its parameters, and rigid symbols that stand
    for what the environment did."""

    action: str
    parameters: Mapping[str, Number] = field(default_factory=dict)
    environment: Mapping[str, Table] = field(default_factory=dict)


STUTTER = Move("Stutter")


class Unlinked(Exception):
    """A step of the model that is none of the proof's: where it differs."""


class Projection(Protocol):
    """How one proof reads the model under one cfg."""

    system: System

    def start(self, bound: Bound) -> Structure:
        """The structure of the model's initial state."""
        ...

    def move(self, name: str, params: Params, s: Record, t: Record, known: Structure) -> Move:
        """What the step from s to t by the action `name` is. Raises Unlinked if it can be none."""
        ...

    def differences(self, s: Record, known: Structure) -> Iterator[str]:
        """Where the state and the structure beside it do not say the same."""
        ...


class Link:
    """One projection with the formulas of its proof compiled. `used` counts the proof's actions taken."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        system = projection.system
        before = system.before
        self._actions = {action.name: _Compiled(system, action) for action in system.actions}
        self._invariant = {name: evaluator(claim(before)) for name, claim in system.invariant.items()}
        self._axioms = {name: evaluator(axiom) for name, axiom in system.axioms.items()}
        self._initial = evaluator(system.initial(before))
        self.used: dict[tuple[str, str], int] = {}

    def start(self, bound: Bound, state: Record) -> Structure:
        """The structure beside the initial state. Raises Unlinked where the proof starts otherwise."""
        structure = self.projection.start(bound)
        for name, axiom in self._axioms.items():
            _demand(axiom(structure), f"axiom {name} does not hold of this cfg")
        _demand(self._initial(structure), "the proof starts from another state")
        self._check(state, structure)
        return structure

    def step(self, name: str, params: Params, s: Record, t: Record, known: Structure) -> Structure:
        """The structure beside t. Raises Unlinked where the model's step is not one of the proof's."""
        move = self.projection.move(name, params, s, t, known)
        compiled = self._actions[move.action]
        if move.environment:
            known = Structure(known.domains, {**known.values, **move.environment})
        after = compiled.run(known, move.parameters)
        self._check(t, after)
        key = (name, move.action)
        self.used[key] = self.used.get(key, 0) + 1
        return after

    def _check(self, state: Record, structure: Structure) -> None:
        difference = next(self.projection.differences(state, structure), None)
        _demand(difference is None, str(difference))
        for name, claim in self._invariant.items():
            _demand(claim(structure), f"the invariant's {name} is false")


class _Compiled:
    """One action of a proof as Python."""

    def __init__(self, system: System, action: Action) -> None:
        self._symbols = system.symbols
        self._names = [plain_name(parameter) for parameter in action.parameters]
        self._reads = [evaluator(formula, action.parameters) for formula in action.reads]
        self._guards: dict[str, Evaluator] = {
            guard.label: evaluator(guard.formula, action.parameters) for guard in action.guards
        }
        self._updates = compile_updates(system.symbols, action.updates, action.parameters)
        self._name = action.name

    def run(self, known: Structure, parameters: Mapping[str, Number]) -> Structure:
        values: Row = tuple(parameters[name] for name in self._names)
        for read in self._reads:
            _demand(read(known, *values), f"{self._name} reads what the state does not hold")
        for label, guard in self._guards.items():
            _demand(guard(known, *values), f"the guard {self._name}.{label} does not hold")
        return updated(known, self._symbols, self._updates, values)


def _demand(holds: bool, complaint: str) -> None:
    if not holds:
        raise Unlinked(complaint)


def relation(structure: Structure, name: str) -> Relation:
    """The rows of a relation. Raises TypeError for a function."""
    value = structure.values[name]
    if not isinstance(value, set):
        raise TypeError(f"{name} is no relation")
    return value


def table(structure: Structure, name: str) -> Table:
    """The rows of a function and their values. Raises TypeError for anything else."""
    value = structure.values[name]
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no function")
    return value


def blank(system: System, domains: Mapping[str, range]) -> Structure:
    """Relations without rows, functions and constants that are 0 everywhere."""
    structure = Structure(domains, {})
    for name, symbol in system.symbols.items():
        if symbol.is_relation and symbol.arguments:
            structure.values[name] = set()
        elif symbol.arguments:
            structure.values[name] = dict.fromkeys(structure.rows(symbol.arguments), 0)
        else:
            structure.values[name] = 0
    return structure


def reply(kind: str, request: Any, s: Record, t: Record) -> Any:
    """The answer of that kind to a request handled between s and t: a new message, or one that was in
    flight already. Raises Unlinked if there is none."""
    answers = [
        m
        for m in t.messages
        if (m.type.__name__, m.source, m.dest) == (kind, request.dest, request.source)
        and m.term == s.currentTerm[request.dest]
    ]
    fresh = [m for m in answers if m not in s.messages]
    if not answers:
        raise Unlinked(f"{request.type.__name__} has no answer")
    return (fresh or answers)[0]


def told_to_campaign(m: Any, s: Record, t: Record) -> Move:
    """What TimeoutNow leads to: a timeout of its receiver, if it campaigns, and else nothing."""
    n = m.dest
    if s.currentTerm[n] == t.currentTerm[n]:
        return STUTTER
    return Move("Timeout", {"n": n, "u": s.currentTerm[n], "t": t.currentTerm[n]})


def kept_vote(s: Record, t: Record, n: int) -> bool:
    """Whether n's vote is what it was."""
    return bool(s.votedFor[n] == t.votedFor[n])


def quorum_of(members: frozenset[int], quorums: tuple[frozenset[int], ...]) -> int:
    """The number of a quorum. Raises Unlinked for a set that is none."""
    if members not in quorums:
        raise Unlinked(f"{set(members)} is no quorum")
    return quorums.index(members)


@dataclass(frozen=True)
class Mismatch:
    """A step of the model that is none of the proof's: why, by which action, and after how many steps."""

    action: str
    reason: str
    steps: int


def walk(link: Link, instance: Instance, steps: int, random: Random) -> Mismatch | None:
    """The first step of a random walk through the constraint that does not fit, or None.

    An action is chosen first, whatever the number of its steps; those of RARE seldom, so that elections end
    and entries commit.
    """
    state = instance.initial()
    known = link.start(instance.bound, state)
    for taken in range(1, steps + 1):
        options: dict[str, list[Successor]] = {}
        for step in instance.successors(state):
            if all(instance.holds(name, step.state) for name in instance.model.constraints):
                options.setdefault(step.action.name, []).append(step)
        if not options:
            return None
        names = sorted(options)
        (name,) = random.choices(names, [RARE.get(name, 1.0) for name in names])
        step = random.choice(options[name])
        try:
            known = link.step(step.action.name, _named(step), state, step.state, known)
        except Unlinked as problem:
            return Mismatch(step.action.name, str(problem), taken)
        state = step.state
    return None


def search(link: Link, instance: Instance, steps: int) -> Mismatch | None:
    """The first step that does not fit among the first `steps` of a breadth-first search, or None.

    A state is entered once, with the structure of the way that found it.
    """
    start = instance.initial()
    waiting = deque([(start, link.start(instance.bound, start))])
    seen = {start.key()}
    taken = 0
    while waiting:
        state, known = waiting.popleft()
        for step in instance.successors(state):
            taken += 1
            try:
                after = link.step(step.action.name, _named(step), state, step.state, known)
            except Unlinked as problem:
                return Mismatch(step.action.name, str(problem), taken)
            if taken == steps:
                return None
            inside = all(instance.holds(name, step.state) for name in instance.model.constraints)
            if inside and step.state.key() not in seen:
                seen.add(step.state.key())
                waiting.append((step.state, after))
    return None


def _named(step: Successor) -> dict[str, Any]:
    return {param.name: value for param, value in zip(step.action.params, step.params, strict=True)}
