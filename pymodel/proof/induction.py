"""Discharges the conditions of a proof, one by one, with Z3.

For each conjunct of the invariant: it holds at the start, and each action keeps it. For each theorem: the
invariant implies it, of a state or of a step. Each condition is proved, refuted, or unknown; only proved is
a success. A condition about nothing that the action changes holds by itself and costs no call of Z3.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import z3

from pymodel.errors import UsageError
from pymodel.proof.logic import Formula, is_universal
from pymodel.proof.system import Action, System, View

AXIOM = "Axiom"
DROPPABLE = ("IsQuorum", "LeaseTicks")
"""The axioms that stand for a choice of the protocol's: that quorums meet, that a lease is short enough."""

TIMEOUT_S = 60.0
TRUE = z3.BoolVal(True)


class Kind(StrEnum):
    """What a condition says of its goal."""

    INITIAL = "initial"
    LEMMA = "lemma"
    INDUCTIVE = "inductive"
    STATE = "state"
    STEP = "step"


class Verdict(StrEnum):
    """What became of a condition."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


VERDICTS = {"unsat": Verdict.PROVED, "sat": Verdict.REFUTED, "unknown": Verdict.UNKNOWN}
"""By Z3's answer to the negated goal."""


@dataclass(frozen=True)
class Condition:
    """One condition: `goal` names a conjunct, lemma or theorem; `action` is empty where there is none."""

    kind: Kind
    goal: str
    action: str = ""

    @property
    def name(self) -> str:
        return f"{self.action}: {self.goal}" if self.action else f"{self.goal} ({self.kind.value})"


@dataclass(frozen=True)
class Discharged:
    """A condition, its verdict and the seconds it took. `reason` is Z3's, for unknown."""

    condition: Condition
    verdict: Verdict
    seconds: float
    reason: str = ""


@dataclass(frozen=True)
class Proof:
    """All conditions of a system under one seed; `dropped` names the guard or axiom left out, if any."""

    system: System
    seed: int
    dropped: str
    discharged: tuple[Discharged, ...]
    seconds: float

    @property
    def proved(self) -> bool:
        return all(item.verdict is Verdict.PROVED for item in self.discharged)

    @property
    def failures(self) -> tuple[Discharged, ...]:
        return tuple(item for item in self.discharged if item.verdict is not Verdict.PROVED)


def guard_names(system: System) -> tuple[str, ...]:
    """Everything that can be dropped, as ACTION.GUARD, in order; axioms are of the action `Axiom`."""
    names = [f"{action.name}.{guard.label}" for action in system.actions for guard in action.guards]
    return (*names, *(f"{AXIOM}.{label}" for label in DROPPABLE if label in system.axioms))


def without(system: System, dropped: str) -> System:
    """`system` less one guard or axiom, given as ACTION.GUARD. Raises UsageError if there is none such."""
    if dropped not in guard_names(system):
        raise UsageError(
            f"the {system.name} proof has no guard {dropped}",
            mend="`pymodel prove --list` names them all",
        )
    name, label = dropped.split(".", 1)
    if name == AXIOM:
        return replace(system, axioms={key: axiom for key, axiom in system.axioms.items() if key != label})
    actions = tuple(
        replace(action, guards=tuple(guard for guard in action.guards if guard.label != label))
        if action.name == name
        else action
        for action in system.actions
    )
    return replace(system, actions=actions)


def symbols_in(formula: Formula) -> frozenset[str]:
    """The names of all that is applied in a formula."""
    found: set[str] = set()
    seen: set[int] = set()
    waiting = [formula]
    while waiting:
        term = waiting.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        if z3.is_quantifier(term):
            waiting.append(term.body())
        elif z3.is_app(term):
            found.add(term.decl().name())
            waiting += term.children()
    return frozenset(found)


@dataclass(frozen=True)
class Goal:
    """A condition with what is assumed and what has to follow. `assumed` comes on top of the axioms and, but
    for INITIAL, the invariant. `framed`: the goal is about nothing that changes."""

    condition: Condition
    assumed: tuple[Formula, ...]
    claim: Formula
    framed: bool = False


def goals(system: System, only: str = "") -> Iterator[Goal]:
    """All conditions of a system, or those of the action `only`. A theorem may rest on those before it, if
    they are universal: others could make sorts depend on each other."""
    before = system.before
    if not only:
        start = (system.initial(before),)
        for name, claim in system.invariant.items():
            yield Goal(Condition(Kind.INITIAL, name), start, claim(before))
        known: tuple[Formula, ...] = ()
        for name, claim in system.theorems.items():
            theorem = claim(before)
            proved = system.from_instances.get(name, claim)(before)
            yield Goal(Condition(Kind.STATE, name), known, proved)
            known = (*known, theorem) if is_universal(theorem) else known
    read = read_after(system)
    for action in system.actions:
        if only in ("", action.name):
            yield from _action_goals(system, action, read)


def read_after(system: System) -> dict[str, frozenset[str]]:
    """For each conjunct and step theorem the symbols that it reads in the state after a step."""
    before = system.before
    primed = View({name: replace(symbol, name=f"{name}'") for name, symbol in system.symbols.items()})
    read = {name: symbols_in(claim(before)) for name, claim in system.invariant.items()}
    for name, step_claim in system.step_theorems.items():
        found = symbols_in(step_claim(before, primed))
        read[name] = frozenset(symbol[:-1] for symbol in found if symbol.endswith("'"))
    return read


def _action_goals(system: System, action: Action, read: Mapping[str, frozenset[str]]) -> Iterator[Goal]:
    """A step theorem is framed where it reads nothing that changed: then it says what it says of a step
    that changes nothing at all, which is an action too."""
    before, after = system.before, system.after(action)
    assumed = enabled(action)
    changed = action.updates.keys()
    for name, lemma in action.lemmas.items():
        yield Goal(Condition(Kind.LEMMA, name, action.name), assumed, lemma)
        assumed = (*assumed, lemma)
    for name, claim in system.invariant.items():
        condition = Condition(Kind.INDUCTIVE, name, action.name)
        framed = not read[name] & changed
        yield Goal(condition, assumed, TRUE if framed else claim(after), framed)
    for name, step_claim in system.step_theorems.items():
        condition = Condition(Kind.STEP, name, action.name)
        framed = bool(changed) and not read[name] & changed
        yield Goal(condition, assumed, TRUE if framed else step_claim(before, after), framed)


def enabled(action: Action) -> tuple[Formula, ...]:
    """What holds before the action: its reads and its guards."""
    return (*action.reads, *(guard.formula for guard in action.guards))


class Solver:
    """Z3 over a system's axioms. What is assumed is kept from one goal to the next where it is the same.
    `effort`, if not 0, limits what a goal may cost in Z3's own count, the same on every machine."""

    def __init__(self, system: System, seed: int, timeout_s: float, effort: int = 0) -> None:
        self._z3 = z3.SimpleSolver()
        self._z3.set("timeout", int(timeout_s * 1000))
        self._z3.set("rlimit", effort)
        self._z3.set("random_seed", seed)
        self._z3.add(*system.axioms.values())
        self._invariant = [claim(system.before) for claim in system.invariant.values()]
        self._assumed: tuple[Formula, ...] | None = None

    def discharge(self, goal: Goal) -> Discharged:
        began = time.perf_counter()
        if goal.framed:
            return Discharged(goal.condition, Verdict.PROVED, 0.0)
        self._assume(goal)
        self._z3.push()
        self._z3.add(z3.Not(goal.claim))
        answer = self._z3.check()
        reason = self._z3.reason_unknown() if answer == z3.unknown else ""
        self._z3.pop()
        verdict = VERDICTS[str(answer)]
        return Discharged(goal.condition, verdict, time.perf_counter() - began, reason)

    def _assume(self, goal: Goal) -> None:
        if goal.assumed is self._assumed:
            return
        if self._assumed is not None:
            self._z3.pop()
        self._z3.push()
        if goal.condition.kind is not Kind.INITIAL:
            self._z3.add(*self._invariant)
        self._z3.add(*goal.assumed)
        self._assumed = goal.assumed


def prove(
    system: System,
    *,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    progress: Callable[[str], None] | None = None,
) -> Proof:
    """Every condition of `system` under a seed of Z3."""
    began = time.perf_counter()
    solver = Solver(system, seed, timeout_s)
    discharged = []
    for goal in goals(system):
        if progress:
            progress(f"{system.name}: {goal.condition.name}")
        discharged.append(solver.discharge(goal))
    return Proof(system, seed, "", tuple(discharged), time.perf_counter() - began)
