"""Each guard dropped in turn: what fails is on record, with a counterexample that the formulas confirm."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from pymodel.errors import UsageError
from pymodel.proof.counterexample import SINGLE, Counterexample, Finder
from pymodel.proof.dropped import prove_without
from pymodel.proof.induction import AXIOM, Goal, Kind, Solver, Verdict, goals, guard_names, without
from pymodel.proof.lease import LEASE
from pymodel.proof.log import LOG
from pymodel.proof.log_invariant import COMMITS
from pymodel.proof.mutants import LEASE_MUTANTS, LOG_MUTANTS, Mutant
from pymodel.proof.present import behaviour, present
from pymodel.report.text import render_behaviour

ALL = bool(os.environ.get("TERMFENCE_DROPS"))


@pytest.fixture(scope="module")
def lease() -> Finder:
    return Finder(LEASE)


@pytest.fixture(scope="module")
def log() -> Finder:
    return Finder(LOG)


def test_every_guard_is_on_record() -> None:
    assert tuple(LOG_MUTANTS) == guard_names(LOG)
    assert tuple(LEASE_MUTANTS) == guard_names(LEASE)
    for mutant in (*LOG_MUTANTS.values(), *LEASE_MUTANTS.values()):
        assert mutant.fails or mutant.reason


def sample(mutants: Mapping[str, Mutant]) -> list[str]:
    """The first guard of each label, or with TERMFENCE_DROPS set every one."""
    first = {name.partition(".")[2]: name for name in reversed(mutants)}
    return [name for name in mutants if ALL or name in first.values()]


@pytest.mark.parametrize("dropped", [name for name in sample(LEASE_MUTANTS) if not name.startswith(AXIOM)])
def test_a_lease_guard_dropped_fails_as_on_record(dropped: str, lease: Finder) -> None:
    proof, found = prove_without(LEASE, dropped, finder=lease)
    refuted = {item.condition.goal for item in proof.failures if item.verdict is Verdict.REFUTED}
    assert refuted == {example.goal for example in found} == set(LEASE_MUTANTS[dropped].fails)
    assert proof.proved == bool(LEASE_MUTANTS[dropped].reason)


@pytest.mark.parametrize("dropped", ["Axiom.IsQuorum", "Axiom.LeaseTicks"])
def test_a_lease_axiom_dropped_fails_the_theorems(dropped: str) -> None:
    weakened = without(LEASE, dropped)
    finder = Finder(weakened)
    (goal,) = [goal for goal in goals(weakened) if goal.condition.goal == "LeaseFencesElections"]
    assert goal.condition.kind is Kind.STATE
    assert goal.condition.goal in LEASE_MUTANTS[dropped].fails
    assert finder.find(goal) is not None


def claims(dropped: str, name: str) -> Goal:
    weakened = without(LOG, dropped)
    action = dropped.split(".")[0]
    asked = goals(weakened, "" if action == "Axiom" else action)
    return next(goal for goal in asked if goal.condition.goal == name and not goal.framed)


NEEDED = [name for name, mutant in LOG_MUTANTS.items() if not mutant.reason]


@pytest.mark.parametrize("dropped", [name for name in sample(LOG_MUTANTS) if name in NEEDED])
def test_a_log_guard_dropped_fails_as_on_record(dropped: str, log: Finder) -> None:
    """The first of the conditions on record has a counterexample; it is confirmed where it is made."""
    finder = log if log.fits(without(LOG, dropped)) else Finder(without(LOG, dropped))
    example = finder.find(claims(dropped, LOG_MUTANTS[dropped].fails[0]))
    assert example is not None
    assert example.goal == LOG_MUTANTS[dropped].fails[0]


FAILING = [name for name, mutant in LOG_MUTANTS.items() if mutant.fails]


@pytest.mark.skipif(not ALL, reason="takes minutes: set TERMFENCE_DROPS")
@pytest.mark.parametrize("dropped", FAILING if ALL else ["each"])
def test_just_what_is_on_record_fails_without_a_log_guard(dropped: str, log: Finder) -> None:
    proof, found = prove_without(LOG, dropped, finder=log)
    refuted = {item.condition.goal for item in proof.failures if item.verdict is Verdict.REFUTED}
    assert refuted == set(LOG_MUTANTS[dropped].fails) and len(proof.failures) >= len(refuted)
    assert found and {example.goal for example in found} <= refuted


@pytest.mark.parametrize("dropped", [name for name, mutant in LOG_MUTANTS.items() if not mutant.fails])
def test_without_a_log_guard_that_is_not_needed_all_is_proved(dropped: str) -> None:
    """Of commit indexes that fall, what is about commit indexes: all of it takes long."""
    weakened, solver = without(LOG, dropped), Solver(without(LOG, dropped), 0, 300)
    asked = list(goals(weakened, dropped.partition(".")[0]))
    if dropped.endswith("commit grows"):
        asked = [goal for goal in asked if goal.condition.goal in ABOUT_COMMITS]
    assert len(asked) > 8
    assert {solver.discharge(goal).verdict for goal in asked} == {Verdict.PROVED}


ABOUT_COMMITS = (
    *COMMITS,
    "leader_commit",
    "commit_sent",
    "CommitStable",
    "TermCommitStable",
    "commit in log",
)


def test_what_fails_only_where_one_server_is_a_quorum_is_shown_in_a_cluster_of_one(log: Finder) -> None:
    goal, weakened = (
        claims("AdvanceCommitIndex.role", "commit_quorum"),
        without(LOG, "AdvanceCommitIndex.role"),
    )
    log.fits(weakened)
    assert log.find(goal) is None
    example = Finder(weakened, SINGLE).find(goal)
    assert example is not None and list(example.before.domains["Node"]) == [0]
    assert example.before.values["leader"] == set()


def test_what_holds_has_no_counterexample(lease: Finder) -> None:
    lease.fits(LEASE)
    names = ("voted_once", "vote_after_promise", "lease_round")
    asked = [goal for goal in goals(LEASE, "HandleRequestVoteRequest") if goal.condition.goal in names]
    assert [lease.find(goal) for goal in asked if not goal.framed] == [None, None]


def test_a_guard_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no guard Timeout\.fence"):
        prove_without(LOG, "Timeout.fence")


def second_vote(log: Finder) -> Counterexample:
    log.fits(without(LOG, "HandleRequestVoteRequest.VoteAvailable"))
    example = log.find(claims("HandleRequestVoteRequest.VoteAvailable", "voted_once"))
    assert example is not None
    return example


def test_a_counterexample_reads_as_the_model_checkers_do(log: Finder) -> None:
    example = second_vote(log)
    text = render_behaviour(behaviour(log.system, example), "Counterexample", "voted_once is false after it")
    voter, new = f"n{example.parameters['n'] + 1}", f"n{example.parameters['c'] + 1}"
    assert f"votedFor[{voter}] + {new}" in text
    assert f"2  HandleRequestVoteRequest(n = {voter}, " in text
    assert text.rstrip().splitlines()[-4].strip() == f"n = {voter}"
    assert "past" not in present(log.system, example.before)


def test_the_state_after_is_the_actions(log: Finder) -> None:
    example = second_vote(log)
    added = {
        name: example.after.values[name] - value
        for name, value in example.before.values.items()
        if isinstance(value, set) and example.after.values[name] != value
    }
    n, t, c = (example.parameters[name] for name in "ntc")
    assert added["voted"] == {(n, t, c)} and added["votedFor"] == {(n, c)} and added["vote"] <= {(t, n, c)}
