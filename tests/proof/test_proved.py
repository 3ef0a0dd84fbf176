"""Everything is proved, what is false is not, and unknown is no success."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import z3

from pymodel.proof.induction import (
    Goal,
    Kind,
    Proof,
    Solver,
    Verdict,
    goals,
    guard_names,
    prove,
    symbols_in,
    without,
)
from pymodel.proof.lease import LEASE
from pymodel.proof.log import LOG
from pymodel.proof.log_symbols import forall
from pymodel.proof.logic import is_universal
from pymodel.proof.stratify import arrows_of, stratify
from pymodel.proof.system import System, View


@pytest.fixture(scope="module")
def lease() -> Proof:
    return prove(LEASE)


@pytest.fixture(scope="module")
def log() -> Proof:
    return prove(LOG)


def test_the_lease_proof_is_complete(lease: Proof) -> None:
    assert lease.proved, lease.failures
    check_every_condition(lease)


def test_the_log_proof_is_complete(log: Proof) -> None:
    assert log.proved, log.failures
    check_every_condition(log)


def check_every_condition(proof: Proof) -> None:
    """Each conjunct at the start and under each action, a theorem of a step under each, of a state once."""
    system = proof.system
    asked = [(item.condition.kind, item.condition.goal, item.condition.action) for item in proof.discharged]
    assert len(asked) == len(set(asked))
    actions = [action.name for action in system.actions]
    wanted = {(Kind.INITIAL, name, "") for name in system.invariant}
    wanted |= {(Kind.STATE, name, "") for name in system.theorems}
    wanted |= {(Kind.INDUCTIVE, name, action) for name in system.invariant for action in actions}
    wanted |= {(Kind.STEP, name, action) for name in system.step_theorems for action in actions}
    wanted |= {(Kind.LEMMA, name, action.name) for action in system.actions for name in action.lemmas}
    assert set(asked) == wanted


HARDEST = ("HandleAppendEntriesRequest", "HandleInstallSnapshotRequest", "BecomeLeader")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2] if os.environ.get("TERMFENCE_DROPS") else [1])
def test_what_is_proved_does_not_depend_on_the_seed(seed: int) -> None:
    """The lease proof and what takes longest of the log proof; `pymodel prove --seed` asks for all of it."""
    assert prove(LEASE, seed=seed).proved
    solver = Solver(LOG, seed, 60)
    asked = [goal for goal in goals(LOG) if goal.condition.action in HARDEST or is_state(goal)]
    assert len(asked) > 200
    assert {solver.discharge(goal).verdict for goal in asked} == {Verdict.PROVED}


def is_state(goal: Goal) -> bool:
    return goal.condition.kind is Kind.STATE


def claiming(name: str) -> System:
    """The lease system with a false theorem: whoever is a candidate is in the term before the first."""
    false = {name: lambda s: forall_no_candidate(s)}
    return replace(LEASE, theorems={**LEASE.theorems, **false})


def forall_no_candidate(s: View) -> z3.BoolRef:
    return LEASE.language.forall(lambda n: z3.Not(s.candidate(n)))


def test_a_false_theorem_is_not_proved() -> None:
    goal = next(goal for goal in goals(claiming("Nobody")) if goal.condition.goal == "Nobody")
    assert Solver(LEASE, 0, 20).discharge(goal).verdict is not Verdict.PROVED


def test_unknown_is_a_failure() -> None:
    goal = next(goal for goal in goals(LEASE) if goal.condition.goal == "LeaseExclusion")
    item = Solver(LEASE, 0, 20, effort=1).discharge(goal)
    assert item.verdict is Verdict.UNKNOWN and item.reason
    assert not Proof(LEASE, 0, "", (item,), 0.0).proved


def test_what_is_framed_reads_nothing_that_changes() -> None:
    for goal in goals(LEASE):
        if goal.framed and goal.condition.kind is Kind.INDUCTIVE:
            claim = LEASE.invariant[goal.condition.goal](LEASE.before)
            assert not symbols_in(claim) & LEASE.action(goal.condition.action).updates.keys()


def test_the_sorts_are_in_order() -> None:
    assert stratify(LEASE).order == ("Term", "Quorum", "Node", "Round")
    assert stratify(LOG).order == ("Term", "Index", "Quorum", "Node", "Value")


def test_a_cycle_of_sorts_is_found() -> None:
    def total(s: View) -> z3.BoolRef:
        return LEASE.language.forall(lambda n: LEASE.language.exists(lambda t: s.currentTerm(n, t)))

    cyclic = stratify(replace(LEASE, invariant={**LEASE.invariant, "total": total}))
    assert not cyclic.stratified and not cyclic.order
    assert ("Node", "Term") in cyclic.cycle and cyclic.arrows["Node", "Term"] == "total"


def test_an_arrow_comes_from_what_an_existential_depends_on() -> None:
    s = LOG.before
    both = forall(lambda n: LOG.language.exists(lambda t: s.currentTerm(n, t)))
    assert arrows_of(both) == {("Node", "Term")}
    assert arrows_of(both, positive=False) == frozenset()  # a node without a term, then a claim on all terms
    apart = forall(lambda n: z3.Or(s.candidate(n), LOG.language.exists(lambda t: s.won(t))))
    assert arrows_of(apart) == frozenset()
    within = forall(lambda t, n: s.member(n, s.electionQuorum(t)))
    assert arrows_of(within) == {("Term", "Quorum")}
    # An equation stands for both implications.
    either = forall(lambda n: s.candidate(n) == LOG.language.exists(lambda t: s.currentTerm(n, t)))
    assert arrows_of(either) == {("Node", "Term")}
    assert arrows_of(either, positive=False) == frozenset()  # a node, at which the two sides differ
    denied = forall(lambda n: s.candidate(n) == forall(lambda t: s.currentTerm(n, t)))
    assert arrows_of(denied) == {("Node", "Term")}


def test_a_theorem_rests_on_universal_ones_alone() -> None:
    universal = [name for name, claim in LEASE.theorems.items() if is_universal(claim(LEASE.before))]
    assert universal == ["ElectionSafety"]
    assumed = {goal.condition.goal: len(goal.assumed) for goal in goals(LOG) if is_state(goal)}
    assert assumed["ElectionSafety"] == 0 and assumed["StateMachineSafety"] == 3


def test_a_guard_is_dropped_from_its_action_alone() -> None:
    weakened = without(LEASE, "Timeout.role")
    assert set(guard_names(LEASE)) - set(guard_names(weakened)) == {"Timeout.role"}
    assert "IsQuorum" not in without(LEASE, "Axiom.IsQuorum").axioms
