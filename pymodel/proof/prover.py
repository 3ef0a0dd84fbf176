"""Runs a proof, whole or without a guard, and hands it over as data for a report."""

from __future__ import annotations

from collections.abc import Callable

import z3

from pymodel.engine.result import Counterexample
from pymodel.proof.dropped import prove_without
from pymodel.proof.induction import Discharged, Kind, Proof, Verdict, guard_names, prove
from pymodel.proof.lease import LEASE
from pymodel.proof.log import LOG
from pymodel.proof.mutants import MUTANTS, reason
from pymodel.proof.present import behaviour
from pymodel.proof.stratify import stratify
from pymodel.proof.system import System
from pymodel.report.proof import SLOWEST, ProofData, ProofRow

SYSTEMS = {system.name: system for system in (LOG, LEASE)}


def run(
    name: str,
    *,
    seed: int = 0,
    dropped: str = "",
    timeout_s: float = 60.0,
    progress: Callable[[str], None] | None = None,
) -> tuple[ProofData, tuple[Counterexample, ...]]:
    """The proof of that name as data, and a counterexample for each condition that has a small one.

    Raises UsageError for a guard that there is not.
    """
    system = SYSTEMS[name]
    if not dropped:
        return describe(prove(system, seed=seed, timeout_s=timeout_s, progress=progress)), ()
    proof, found = prove_without(system, dropped, seed=seed, timeout_s=timeout_s, progress=progress)
    return describe(proof), tuple(behaviour(proof.system, example) for example in found)


def describe(proof: Proof) -> ProofData:
    """What a report says of a proof."""
    system = proof.system
    shape = stratify(system)
    discharged = proof.discharged
    slowest = sorted(discharged, key=lambda item: -item.seconds)[:SLOWEST]
    theorems = () if proof.dropped else (*system.theorems, *system.step_theorems)
    groups = ("at the start", *(action.name for action in system.actions), "in each state")
    rows = [_row(group, [item for item in discharged if _group(item) == group]) for group in groups]
    return ProofData(
        system=system.name,
        about=system.about,
        seed=proof.seed,
        dropped=proof.dropped,
        theorems=tuple(_row(name, [d for d in discharged if _is_theorem(d, name)]) for name in theorems),
        actions=tuple(row for row in rows if row.conditions),
        conditions=len(discharged),
        seconds=proof.seconds,
        slowest=tuple((item.condition.name, item.seconds) for item in slowest),
        order=shape.order,
        cycle=", ".join(f"{a} -> {b} ({shape.arrows[a, b]})" for a, b in shape.cycle),
        assumptions=system.assumptions,
        solver=f"Z3 {z3.get_version_string()}",
        reason=reason(system.name, proof.dropped),
    )


def _is_theorem(item: Discharged, name: str) -> bool:
    return item.condition.goal == name and item.condition.kind in (Kind.STATE, Kind.STEP)


def _group(item: Discharged) -> str:
    if item.condition.kind is Kind.INITIAL:
        return "at the start"
    return item.condition.action or "in each state"


def _row(name: str, items: list[Discharged]) -> ProofRow:
    failed = tuple(
        f"{item.condition.name}: {item.verdict.value}" + (f" ({item.reason})" if item.reason else "")
        for item in items
        if item.verdict is not Verdict.PROVED
    )
    return ProofRow(name, len(items), sum(item.seconds for item in items), failed)


def guard_table(name: str) -> list[tuple[str, str, str]]:
    """For each guard of a proof: the proof, ACTION.GUARD, and what fails without it or why nothing does."""
    system: System = SYSTEMS[name]
    return [(name, guard, MUTANTS[name][guard].text) for guard in guard_names(system)]
