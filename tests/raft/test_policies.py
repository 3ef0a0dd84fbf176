"""The lease policies: what renews a lease under each, when it ends, and what a sample does."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.check import check
from pymodel.engine.result import Verdict
from pymodel.raft.mutants import MUTANTS

from .cluster import Play, cluster
from .test_raft_liveness import changed

TICKS = {"ElectionTicks": 2, "LeaseTicks": 2}


def leading(policy: str, **given: object) -> Play:
    """s1 leads term 1 by the vote of s2, under that policy; nobody has acknowledged anything."""
    play = Play(cluster(**{**TICKS, "LeasePolicy": policy, **given}))
    for server in ("s1", "s2", "s1", "s2") if "ClockSkew" in given else ("s1", "s1"):
        play.take("Tick", i=server)
    return play.elect("s1", "s2")


def answered(play: Play, ticks: int) -> Play:
    """A heartbeat to s2 was answered, and the answer under way for that many ticks."""
    play.take("AppendEntries", j="s2", n=0).take("HandleAppendEntriesRequest")
    for _ in range(ticks):
        play.take("Tick", i="s1")
    return play.take("HandleAppendEntriesResponse")


@pytest.mark.parametrize(("policy", "age"), [("SendTime", 1), ("AckReceipt", 0), ("SampledQuorum", 0)])
def test_an_answer_renews_the_lease_from_its_sending_or_its_arrival(policy: str, age: int) -> None:
    play = answered(leading(policy), ticks=1)
    assert play.shown["ackAge[s1][s2]"] == age
    assert play.bound.namespace["LeaseValid"](play.state, 0)


@pytest.mark.parametrize(
    ("policy", "age"), [("SendTime", 1), ("None", 1), ("AckReceipt", 0), ("SampledQuorum", 0)]
)
def test_a_message_ages_where_an_age_begins_with_its_sending(policy: str, age: int) -> None:
    play = leading(policy).take("AppendEntries", j="s2", n=0).take("Tick", i="s1")
    assert {message.age for message in play.state.messages} == {age}


def test_a_sample_that_is_due_stops_the_clock() -> None:
    play = answered(leading("SampledQuorum"), ticks=0)
    assert play.shown["electionElapsed[s1]"] == 0
    assert play.take("Tick", i="s1").refuses("SampleQuorum")
    play.take("Tick", i="s2")
    assert play.refuses("Tick")
    play.take("SampleQuorum")
    assert play.changes() == {"electionElapsed[s1]": 0, "ackAge[s1][s2]": 1}
    assert play.options("Tick") and play.refuses("LeaseExpire")


def test_with_skewed_clocks_only_the_leaders_own_stands_still() -> None:
    play = leading("SampledQuorum", ClockSkew=4)
    play.take("Tick", i="s1").take("Tick", i="s1")
    assert play.refuses("Tick", i="s1")
    assert play.options("Tick", i="s2")


def test_a_sample_without_a_quorum_ends_the_lease_and_no_earlier() -> None:
    play = answered(leading("SampledQuorum"), ticks=0)
    play.take("Tick", i="s1").take("Tick", i="s1").take("SampleQuorum").take("Tick", i="s1")
    assert play.bound.namespace["LeaseValid"](play.state, 0), "still, though nobody answered since"
    assert play.refuses("LeaseExpire")
    play.take("Tick", i="s1")
    assert play.refuses("SampleQuorum")
    play.take("LeaseExpire")
    assert play.changes()["role[s1]"] == "Follower"


def test_a_leader_that_was_never_answered_has_no_lease_under_any_policy() -> None:
    for policy in ("SendTime", "AckReceipt", "SampledQuorum", "None"):
        play = leading(policy)
        assert not play.bound.namespace["LeaseValid"](play.state, 0)


def test_a_superseded_leader_steps_down_at_a_sample(tmp_path: Path) -> None:
    sampled = (('"SendTime"', '"SampledQuorum"'), ("LeaseTicks = 1", "LeaseTicks = 2"))
    assert check(changed(tmp_path, "liveness_lease", *sampled)).verdict is Verdict.OK
    blind = ("MaxMessages = 1", "MaxMessages = 1\n  SampleHasQuorum <- True1")
    result = check(changed(tmp_path, "liveness_lease", *sampled, blind))
    assert (result.verdict, result.violated) == (Verdict.PROPERTY, "LeaseEnds")


# The role transition log

AUDIT = {"LeasePolicy": "SendTime", "ElectionTicks": 1, "LeaseTicks": 1}
CAMPAIGN = [("Tick", {"i": "s1"}), ("Timeout", {"i": "s1"})]
VICTORY = [
    *CAMPAIGN,
    ("RequestVote", {"j": "s2"}),
    ("UpdateTerm", {}),
    ("HandleRequestVoteRequest", {}),
    ("HandleRequestVoteResponse", {}),
    ("BecomeLeader", {}),
]
EXPIRY = [*VICTORY, ("LeaseExpire", {})]
DEPOSED = [
    *VICTORY,
    ("Timeout", {"i": "s3"}),
    ("Timeout", {"i": "s3"}),
    ("RequestVote", {"i": "s3", "j": "s1"}),
]
HIGHER = [*DEPOSED, ("UpdateTerm", {"dest": "s1"})]
# A swap, and the steps of which it spoils the last one's record.
SPOILT = [
    ("RecordsTransition <- False2", CAMPAIGN),
    ("RecordsTransition <- ForgetsCampaign", CAMPAIGN),
    ("RecordsTransition <- ForgetsVictory", VICTORY),
    ("RecordsTransition <- ForgetsExpiry", EXPIRY),
    ("RecordsTransition <- ForgetsStepDown", HIGHER),
    ("TransitionReason <- ExpiryAsHigherTerm", EXPIRY),
    ("TransitionReason <- HigherTermAsExpiry", HIGHER),
]


@pytest.mark.parametrize(("swap", "steps"), SPOILT, ids=[swap for swap, _ in SPOILT])
def test_a_record_that_is_missing_or_wrong_breaks_both_properties_of_the_log(
    swap: str, steps: list[tuple[str, dict[str, str]]]
) -> None:
    guard, _, mutant = swap.partition(" <- ")
    for swaps, kept in (({}, True), ({guard: mutant}, False)):
        play = Play(cluster(swaps=swaps, **AUDIT))
        for action, wanted in steps[:-1]:
            play.take(action, **wanted)
            assert kept or mutant == "False2" or play.bound.holds("AuditFaithful", play.state)
        play.take(steps[-1][0], **steps[-1][1])
        assert play.bound.holds("AuditFaithful", play.state) is kept
        assert play.bound.holds("LegalTransition", play.before, play.state) is kept
        assert kept or mutant in MUTANTS


def test_a_campaign_of_a_candidate_that_is_not_recorded_is_missed_by_the_role_and_seen_by_the_term() -> None:
    play = Play(cluster(swaps={"RecordsTransition": "ForgetsCampaign"}, **AUDIT))
    play.take("Tick", i="s1").take("Timeout", i="s1").state.audit.newRole[0] = play.state.role[0]
    play.take("Timeout", i="s1")
    assert play.bound.holds("LegalTransition", play.before, play.state)
    assert not play.bound.holds("AuditFaithful", play.state)
