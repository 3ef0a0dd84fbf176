"""The model's steps are the proof's, and a model with a bug takes steps that are not."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from pymodel.engine.instance import Instance
from pymodel.proof.evaluate import evaluator
from pymodel.proof.ground import Grounder
from pymodel.proof.lease import LEASE
from pymodel.proof.link import Link, Unlinked, search, walk
from pymodel.proof.link_lease import LeaseProjection
from pymodel.proof.link_log import LogProjection
from pymodel.proof.log import LOG
from pymodel.proof.structure import Structure
from pymodel.proof.system import System
from pymodel.raft.model import RAFT
from tests.proof.linked import Linked, every_action, every_feature, poll, sampled, told
from tests.raft.cluster import cluster

BOUNDS: dict[str, dict[str, Any]] = {
    "log": {"writes": 2, "MaxTerm": 3, "MaxLogLen": 2, "MaxMessages": 4},
    "lease": {
        "writes": 1,
        "MaxTerm": 3,
        "MaxLogLen": 1,
        "MaxMessages": 4,
        "ElectionTicks": 4,
        "LeaseTicks": 2,
        "ClockSkew": 1,
        "LeasePolicy": "SendTime",
    },
}
PROJECTIONS: dict[str, Any] = {"log": LogProjection, "lease": LeaseProjection}
OPTIONAL = {action.name for action in RAFT.actions if action.feature}
FEATURES = {
    "reads": 2,
    "ElectionTicks": 1,
    "LeaseTicks": 1,
    "LeasePolicy": "SendTime",
    "ClockSkew": 0,
    "Features": frozenset({"pre_vote", "transfer", "lease_read", "read_index"}),
}
SAMPLED = {"LeasePolicy": "SampledQuorum", "ElectionTicks": 1, "LeaseTicks": 1}


def model(name: str, swap: str = "", **given: Any) -> Instance:
    swaps = dict([swap.split(" <- ")]) if swap else {}
    return cluster(3, swaps=swaps, **{"History": frozenset(), **BOUNDS[name], **given})


@pytest.fixture(scope="module")
def links() -> dict[str, Link]:
    return {name: Link(made(model(name).bound)) for name, made in PROJECTIONS.items()}


@pytest.mark.parametrize("name", PROJECTIONS)
def test_every_action_of_the_model_is_one_of_the_proof_and_each_of_the_proof_is_taken(name: str) -> None:
    """SampleQuorum belongs to a policy under which LeaseExclusion is false: no lease proof speaks of it."""
    instance = model("lease", writes=5, MaxLogLen=4)
    link = Link(PROJECTIONS[name](instance.bound))
    every_action(Linked(instance, link))
    taken = {action for action, _ in link.used}
    assert {action.name for action in RAFT.actions} - taken == OPTIONAL | {"SampleQuorum"}
    assert {action for _, action in link.used} == {action.name for action in link.projection.system.actions}


def test_a_sample_of_contacts_changes_nothing_that_the_log_proof_speaks_of(links: dict[str, Link]) -> None:
    play = Linked(model("log", **SAMPLED), links["log"])
    sampled(play)
    assert links["log"].used["SampleQuorum", "Stutter"] == 1


@pytest.mark.parametrize("name", PROJECTIONS)
def test_each_action_of_a_feature_is_a_timeout_or_nothing_to_the_proof(name: str) -> None:
    instance = model(name, **FEATURES)
    link = Link(PROJECTIONS[name](instance.bound))
    play = Linked(instance, link)
    every_feature(play)
    told(play)
    taken = {pair for pair in link.used if pair[0] in OPTIONAL}
    assert {action for action, _ in taken} == OPTIONAL
    campaign = ("HandleTimeoutNow", "Timeout")
    assert {pair for pair in taken if pair[1] != "Stutter"} == {campaign}
    stale = Linked(instance, link).wait(1)
    poll(stale, "s1", "s2")
    stale.elect("s1", "s2", "s3").take("TransferLeadership", i="s1", j="s2").wait(1)
    poll(stale, "s2", "s3")
    stale.take("Timeout", i="s2").take("HandleTimeoutNow", dest="s2")
    assert link.used["HandleTimeoutNow", "Stutter"] == 1


def test_who_is_told_to_campaign_within_its_promise_leaves_the_lease_proof_and_not_the_log_proof() -> None:
    """Why a leader that transfers gives its lease up: the lease theorems are about timeouts that wait."""
    for name, made in PROJECTIONS.items():
        instance = model(name, **{**FEATURES, "Features": frozenset({"transfer"})})
        play = Linked(instance, Link(made(instance.bound))).wait(1).elect("s1", "s2")
        play.replicate("s1", "s2", n=0).take("TransferLeadership", i="s1", j="s2")
        if name == "log":
            play.take("HandleTimeoutNow", dest="s2")
        else:
            with pytest.raises(Unlinked, match=r"Timeout\.ElectionTimeoutElapsed does not hold"):
                play.take("HandleTimeoutNow", dest="s2")


@pytest.mark.parametrize("name", PROJECTIONS)
def test_walks_with_every_feature_stay_within_the_proof(name: str) -> None:
    """Without the transfer, in the lease proof."""
    kept = FEATURES["Features"] - (frozenset() if name == "log" else {"transfer"})
    instance = model(name, **{**FEATURES, "Features": kept})
    link = Link(PROJECTIONS[name](instance.bound))
    assert [walk(link, instance, 150, Random(seed)) for seed in range(2)] == [None] * 2
    assert {action for action, _ in link.used} & OPTIONAL


@pytest.mark.parametrize("name", PROJECTIONS)
def test_walks_and_a_search_stay_within_the_proof(name: str, links: dict[str, Link]) -> None:
    link, instance = links[name], model(name)
    assert search(link, instance, 300) is None
    assert [walk(link, instance, 150, Random(seed)) for seed in range(3)] == [None] * 3
    if name == "log":
        expiring = model(name, LeasePolicy="SendTime", ElectionTicks=1, LeaseTicks=1)
        for other in (expiring, model(name, **SAMPLED)):
            assert walk(link, other, 150, Random(0)) is None


BUGS = [
    ("log", "StaleAppendEntriesRequest <- False2", 0, "StaleAppendEntriesRequest does not hold"),
    ("log", "VoteAfterRestart <- VoteForgotten", 0, "Restart.VoteAfterRestart does not hold"),
    ("log", "FollowerCommit <- LeaderCommit", 1, "FollowerCommit does not hold"),
    ("log", "VoteAvailable <- True2", 2, "VoteAvailable does not hold"),
    ("log", "CommittableTerm <- True2", 2, "AdvanceCommitIndex.CommittableTerm does not hold"),
    ("lease", "RenewedAge <- AgeAtReceipt", 0, "ackAge: the model has 0, the proof "),
    ("lease", "AckAgeAtElection <- FreshAckAge", 0, "ackAge: the model has 0, the proof "),
    ("lease", "ElapsedAfterRestart <- PromiseForgotten", 0, "electionElapsed: the model has 4"),
    ("lease", "ElectionTimeoutElapsed <- True1", 0, "Timeout.ElectionTimeoutElapsed does not hold"),
    ("lease", "WithholdsVote <- False1", 1, "HandleRequestVoteRequest.WithholdsVote does not hold"),
]


def test_a_bug_in_an_action_of_a_feature_is_caught() -> None:
    instance = model("log", "TermAfterPreVote <- PreVoteTermTaken", **FEATURES)
    play = Linked(instance, Link(LogProjection(instance.bound))).wait(1)
    play.take("StartPreVote", i="s1").take("RequestPreVote", i="s1", j="s2")
    with pytest.raises(Unlinked, match="currentTerm: the model has"):
        play.take("HandlePreVoteRequest", dest="s2")


@pytest.mark.parametrize(("name", "swap", "seed", "reason"), BUGS, ids=[bug[1] for bug in BUGS])
def test_a_bug_of_the_model_is_caught(
    name: str, swap: str, seed: int, reason: str, links: dict[str, Link]
) -> None:
    instance = model(name, swap)
    walks = (walk(links[name], instance, 200, Random(number)) for number in range(seed, seed + 6))
    assert any(mismatch and reason in mismatch.reason for mismatch in walks)


def test_a_lease_that_is_too_long_breaks_the_axiom() -> None:
    instance = model("lease", LeaseTicks=3)
    link = Link(LeaseProjection(instance.bound))
    with pytest.raises(Unlinked, match="axiom LeaseTicks"):
        walk(link, instance, 1, Random(0))


class Given(Grounder):
    """A grounder that knows the state: what it grounds comes out true or false, one element at a time."""

    def __init__(self, system: System, structure: Structure) -> None:
        super().__init__(system, {name: len(domain) for name, domain in structure.domains.items()})
        self.structure = structure

    def _atom(self, name: str, row: tuple[int, ...], sort: Any, text: str) -> Any:
        value = self.structure.values[name]
        if name in ("termAtMost", "indexAtMost"):
            return row[0] <= row[1]
        if isinstance(value, set):
            return row in value
        return value[row] if isinstance(value, dict) else value


def test_formulas_run_as_python_say_what_they_say_element_by_element(links: dict[str, Link]) -> None:
    """On states of a walk and on the same with rows lost and added, where much is false."""
    instance, link, random = model("log", writes=1, MaxTerm=1, MaxLogLen=1), links["log"], Random(1)
    small = Link(LogProjection(instance.bound))
    state = instance.initial()
    known = small.start(instance.bound, state)
    for _ in range(40):
        step = random.choice(list(instance.successors(state)))
        if not all(instance.holds(name, step.state) for name in RAFT.constraints):
            continue
        named = {param.name: item for param, item in zip(step.action.params, step.params, strict=True)}
        known = small.step(step.action.name, named, state, step.state, known)
        state = step.state
    seen = set()
    for _ in range(3):
        broken = known.copy()
        for name, symbol in LOG.symbols.items():
            rows = broken.values[name]
            if isinstance(rows, set) and not symbol.rigid:
                rows ^= set(random.sample(broken.rows(symbol.arguments), 2))
        for claim in (*LOG.invariant.values(), *LOG.theorems.values()):
            formula = claim(LOG.before)
            slow = Given(LOG, broken).reader(formula)(())
            assert evaluator(formula)(broken) == slow
            seen.add(slow)
    assert seen == {True, False}
    assert link.projection.system is LOG and LEASE.name == "lease"
