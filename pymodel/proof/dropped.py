"""What becomes of a proof when one of its guards is dropped: which conditions fail, with a counterexample.

Each condition is tried briefly; where that proves nothing, a counterexample of three servers is looked for,
then one of a single server, and only if there is neither Z3 is given its time. So a mutant is answered in
seconds, and a condition that fails shows why.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from pymodel.proof.counterexample import SINGLE, Counterexample, Finder
from pymodel.proof.induction import (
    AXIOM,
    TIMEOUT_S,
    Discharged,
    Goal,
    Proof,
    Solver,
    Verdict,
    goals,
    without,
)
from pymodel.proof.system import System

BRIEF = 300_000
"""What a condition may cost at first, in Z3's count: most of those that hold cost a tenth."""


def prove_without(
    system: System,
    dropped: str,
    *,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    finder: Finder | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Proof, tuple[Counterexample, ...]]:
    """The proof of `system` less the guard or axiom `dropped` (ACTION.GUARD), and a counterexample for each
    condition that has one of the finder's size, or of one server.

    Without a guard only the conditions of its action are asked: the others are what they were. Raises
    UsageError for a guard that there is not.
    """
    began = time.perf_counter()
    weakened = without(system, dropped)
    name = dropped.split(".", 1)[0]
    brief = Solver(weakened, seed, timeout_s, BRIEF)
    patient: Solver | None = None
    alone: Finder | None = None
    found: list[Counterexample] = []
    discharged: list[Discharged] = []
    for goal in goals(weakened, "" if name == AXIOM else name):
        if progress:
            progress(f"{system.name} without {dropped}: {goal.condition.name}")
        item = brief.discharge(goal)
        if item.verdict is not Verdict.PROVED:
            finder = finder if finder and finder.fits(weakened) else Finder(weakened)
            item, example = _refuted(finder, goal, item)
            if example is None:
                alone = alone or Finder(weakened, SINGLE)
                item, example = _refuted(alone, goal, item)
            found += [example] if example else []
        if item.verdict is Verdict.UNKNOWN:
            patient = patient or Solver(weakened, seed, timeout_s)
            item = patient.discharge(goal)
        discharged.append(item)
    proof = Proof(weakened, seed, dropped, tuple(discharged), time.perf_counter() - began)
    return proof, tuple(found)


def _refuted(finder: Finder, goal: Goal, item: Discharged) -> tuple[Discharged, Counterexample | None]:
    began = time.perf_counter()
    example = finder.find(goal)
    seconds = item.seconds + time.perf_counter() - began
    verdict = Verdict.REFUTED if example else item.verdict
    why = "" if example else item.reason
    return replace(item, verdict=verdict, seconds=seconds, reason=why), example
