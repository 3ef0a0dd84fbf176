"""Votes: one a term, kept over step-downs and restarts, withheld while a leader was promised so."""

from __future__ import annotations

import pytest

from pymodel.errors import UsageError
from tests.node.cluster import LATER, LEASE_MS, TIMEOUT_MS, Bench, ack, append, ask_vote, config, events, vote
from trace_check.node.effects import HardState


def granted(bench: Bench, term: int, source: str = "n2", last: tuple[int, int] = (0, 0)) -> bool:
    (answer,) = bench.receive(ask_vote(term, last, source)).messages
    return bool(answer.granted)  # type: ignore[union-attr]


def test_one_vote_a_term() -> None:
    bench = Bench()
    bench.now = LATER
    assert granted(bench, 1)
    assert granted(bench, 1)
    assert not granted(bench, 1, source="n3")
    assert granted(bench, 2, source="n3")
    assert bench.disk.hard == HardState(2, "n3")


def test_a_vote_is_stored_before_it_is_sent() -> None:
    bench = Bench()
    bench.now = LATER
    effects = bench.receive(ask_vote(1))
    assert HardState(1, "n2") in effects.writes


def test_a_vote_outlives_a_restart() -> None:
    bench = Bench()
    bench.now = LATER
    assert granted(bench, 1)
    bench.boot()
    bench.now += LATER
    assert not granted(bench, 1, source="n3")


def test_a_vote_outlives_a_step_down_within_the_term() -> None:
    bench = Bench()
    bench.tick(bench.node.electionAt)
    effects = bench.receive(append(1))
    assert events(effects, "role")[0]["reason"] == "current_leader"
    bench.now += LATER
    assert not granted(bench, 1, source="n3")


@pytest.mark.parametrize(
    ("last", "up_to_date"), [((2, 1), False), ((1, 2), True), ((2, 2), True), ((9, 1), False)]
)
def test_only_for_a_log_that_is_up_to_date(last: tuple[int, int], up_to_date: bool) -> None:
    bench = Bench(term=2, entries=(2,), now=0)
    bench.now = LATER
    assert granted(bench, 3, last=last) is up_to_date


def test_who_heard_a_leader_gives_no_vote_within_an_election_timeout() -> None:
    bench = Bench()
    bench.now = LATER
    bench.receive(append(1))
    bench.now += TIMEOUT_MS - 1
    assert not granted(bench, 2)
    bench.now += 1
    assert granted(bench, 2)


def test_after_a_restart_a_server_waits_as_if_it_had_promised() -> None:
    bench = Bench(term=1, now=LATER)
    bench.now += TIMEOUT_MS - 1
    assert not granted(bench, 2)
    assert bench.node.electionAt >= LATER + TIMEOUT_MS
    bench.now += 1
    assert granted(bench, 2)


def test_a_quorum_elects_once() -> None:
    bench = Bench(nodes=("n1", "n2", "n3", "n4", "n5"))
    bench.tick(bench.node.electionAt)
    bench.receive(vote(1))
    bench.receive(vote(1))
    bench.receive(vote(1, granted=False, source="n3"))
    assert bench.node.role == "candidate"
    effects = bench.receive(vote(1, source="n4"))
    assert bench.node.role == "leader"
    assert events(effects, "role")[0]["reason"] == "won_election"
    assert bench.node.log.LastTerm == 1, "an entry of its own begins the term"


def test_pre_votes_come_first_and_change_no_term() -> None:
    bench = Bench(prevote=True)
    effects = bench.tick(bench.node.electionAt)
    assert [(m.prevote, m.term) for m in effects.messages] == [(True, 1), (True, 1)]  # type: ignore[union-attr]
    assert bench.node.currentTerm == 0 and effects.writes == []
    bench.receive(vote(1, granted=False, prevote=True, source="n3"))
    assert bench.node.currentTerm == 1, "a refusal tells a term that is real"
    bench.tick(bench.node.electionAt)
    effects = bench.receive(vote(2, prevote=True))
    assert bench.node.currentTerm == 2 and bench.node.role == "candidate"
    assert bench.receive(vote(2, prevote=True, source="n3")).messages == [], "a pre-vote is no vote"
    assert bench.node.role == "candidate"


def test_a_pre_vote_is_refused_by_who_hears_a_leader() -> None:
    bench = Bench()
    bench.now = LATER
    bench.receive(append(1))
    (answer,) = bench.receive(ask_vote(2, prevote=True, source="n3")).messages
    assert not answer.granted and answer.term == 1  # type: ignore[union-attr]
    bench.now += TIMEOUT_MS
    (answer,) = bench.receive(ask_vote(2, prevote=True, source="n3")).messages
    assert answer.granted and answer.term == 2  # type: ignore[union-attr]
    assert bench.node.currentTerm == 1 and bench.node.votedFor == ""


def test_a_leader_without_contact_steps_down_within_an_election_timeout() -> None:
    bench = Bench()
    bench.lead()
    contact = bench.now
    bench.tick(contact + LEASE_MS)
    assert [answer.error for answer in bench.put().answers] == ["LEASE_EXPIRED"]
    bench.tick(contact + TIMEOUT_MS - 1)
    assert bench.node.role == "leader"
    effects = bench.tick(contact + TIMEOUT_MS)
    assert bench.node.role == "follower" and bench.node.votedFor == "n1"
    assert events(effects, "role")[0]["reason"] == "lease_expired"


def test_a_cluster_of_one_leads_and_commits_alone() -> None:
    bench = Bench(nodes=("n1",))
    bench.tick(bench.node.electionAt)
    assert bench.node.role == "leader" and bench.node.commitIndex == 1
    assert [answer.status for answer in bench.put().answers] == ["ACCEPTED", "OK"]
    bench.tick(bench.now + LATER)
    assert bench.node.role == "leader"


BROKEN = {
    "n9 is not among": {"name": "n9"},
    "twice": {"nodes": ("n1", "n1", "n2")},
    "clock_drift_max": {"clock_drift_max": 1.0},
    "heartbeat_ms": {"heartbeat_ms": 1000.0},
    "lease_ms": {"lease_ms": 950.0},
    "at least 1": {"entries_max": 0},
}


@pytest.mark.parametrize("settings", BROKEN.values(), ids=BROKEN)
def test_settings_that_cannot_be_right_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        config(**settings)


def test_a_lease_as_long_as_the_promises_allow() -> None:
    assert config(lease_ms=1000 * 0.95 / 1.05).lease_ms_max == pytest.approx(904.76, abs=0.01)
    assert config(lease_ms=5000.0, unsafe_lease=True).lease_ms == 5000.0


def test_winning_or_a_rejection_gives_no_lease() -> None:
    bench = Bench()
    bench.lead(contact=False)
    assert [answer.error for answer in bench.put().answers] == ["NO_QUORUM"]
    bench.receive(ack(bench.node, 0, success=False))
    assert [answer.error for answer in bench.put("w2").answers] == ["NO_QUORUM"]


def test_the_lease_counts_from_the_sending() -> None:
    bench = Bench()
    bench.lead(contact=False)
    sent = bench.now
    bench.now += 700
    effects = bench.receive(ack(bench.node, 1, sentAt=sent))
    assert events(effects, "lease_renew") != []
    bench.now = sent + LEASE_MS - 1
    assert [answer.status for answer in bench.put().answers] == ["ACCEPTED"]
    bench.now = sent + LEASE_MS
    assert [answer.error for answer in bench.put("w2").answers] == ["LEASE_EXPIRED"]
    assert events(bench.tick(bench.now), "lease_expire") != []


def test_an_answer_from_the_future_renews_no_longer_than_from_now() -> None:
    bench = Bench()
    bench.lead(contact=False)
    bench.receive(ack(bench.node, 1, sentAt=bench.now + LATER))
    bench.now += LEASE_MS
    assert [answer.error for answer in bench.put().answers] == ["LEASE_EXPIRED"]
