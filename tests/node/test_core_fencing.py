"""The term check at the top of every handler, and what a deposed leader still does."""

from __future__ import annotations

import pytest

from tests.node.cluster import LATER, Bench, ack, append, ask_vote, events, install, installed, vote
from trace_check.node.effects import HardState
from trace_check.node.messages import Message

STALE_REQUESTS = {
    "RequestVote": ask_vote(3, last=(9, 9)),
    "AppendEntries": append(3, entries=(3,)),
    "heartbeat": append(3, prev=(1, 1)),
    "InstallSnapshot": install(3, (9, 3), x="old"),
    "PreVote": ask_vote(4, last=(9, 9), prevote=True),
}


@pytest.mark.parametrize("request_of", STALE_REQUESTS.values(), ids=STALE_REQUESTS)
def test_a_stale_request_is_answered_with_the_current_term_and_changes_nothing(request_of: Message) -> None:
    bench = Bench(term=4, entries=(1,), now=LATER)
    bench.tick(LATER)
    before, timer, heard = bench.node.view(), bench.node.electionAt, bench.node.heardAt
    effects = bench.receive(request_of)
    (answer,) = effects.messages
    assert (answer.term, answer.dest) == (4, "n2")
    assert not getattr(answer, "granted", False)
    assert not getattr(answer, "success", False)
    assert getattr(answer, "index", 0) in (0, -1)
    assert effects.writes == []
    assert bench.node.view() == before
    assert (bench.node.electionAt, bench.node.heardAt, bench.node.leaderHint) == (timer, heard, "")
    (line,) = events(effects, "recv")
    assert line["pre"] == line["state"] == before


ALL_KINDS = {
    "RequestVote": ask_vote(9),
    "vote": vote(9),
    "AppendEntries": append(9),
    "acknowledgement": vote(9, granted=False),
    "InstallSnapshot": install(9, (0, 0)),
    "a refused pre-vote": vote(9, granted=False, prevote=True),
}


@pytest.mark.parametrize("m", ALL_KINDS.values(), ids=ALL_KINDS)
def test_a_higher_term_deposes_whatever_brings_it(m: Message) -> None:
    bench = Bench(term=4)
    bench.lead()
    effects = bench.receive(m)
    assert (bench.node.role, bench.node.currentTerm) == ("follower", 9)
    assert HardState(9, bench.node.votedFor) in effects.writes
    (line,) = events(effects, "role")
    assert line == {
        "event": "role",
        "old_role": "leader",
        "new_role": "follower",
        "old_term": 5,
        "new_term": 9,
        "reason": "higher_term",
    }


def test_a_pre_vote_of_a_term_that_nobody_has_taken_deposes_nobody() -> None:
    bench = Bench(term=4)
    bench.lead()
    effects = bench.receive(ask_vote(9, last=(9, 9), prevote=True))
    assert (bench.node.role, bench.node.currentTerm) == ("leader", 5)
    (answer,) = effects.messages
    assert not answer.granted and answer.term == 5  # type: ignore[union-attr]


def test_the_request_that_brought_the_term_is_handled_and_not_swallowed() -> None:
    bench = Bench(term=4, now=LATER)
    bench.now += LATER
    (answer,) = bench.receive(ask_vote(9)).messages
    assert answer.granted and answer.term == 9  # type: ignore[union-attr]


def test_a_stale_vote_is_not_counted() -> None:
    bench = Bench(term=4)
    bench.tick(bench.node.electionAt)
    bench.tick(bench.node.electionAt)
    assert (bench.node.role, bench.node.currentTerm) == ("candidate", 6)
    assert bench.receive(vote(5)).messages == []
    assert bench.node.role == "candidate"


def test_a_stale_acknowledgement_is_not_counted() -> None:
    bench = Bench(term=4)
    bench.lead(contact=False)
    old = ack(bench.node, 1)
    bench.receive(vote(6, granted=False))
    bench.lead(contact=False)
    contact = dict(bench.node.ackSentAt)
    bench.receive(old)
    assert bench.node.matchIndex == {"n2": 0, "n3": 0}
    assert bench.node.ackSentAt == contact
    assert bench.node.commitIndex == 0


def test_a_stale_snapshot_answer_is_not_counted() -> None:
    bench = Bench(term=4, entries=(1, 1))
    bench.lead(contact=False)
    old = installed(bench.node, 3)
    bench.receive(vote(6, granted=False))
    bench.lead(contact=False)
    bench.receive(old)
    assert bench.node.matchIndex == {"n2": 0, "n3": 0}


def test_a_deposed_leader_redirects_and_its_open_writes_end_unknown() -> None:
    bench = Bench()
    bench.lead()
    bench.put("w1")
    effects = bench.receive(append(9, source="n3"))
    assert [(answer.request, answer.status) for answer in effects.answers] == [("w1", "UNKNOWN")]
    (line,) = events(effects, "client_fail")
    assert (line["op"], line["error"], line["state"]["term"]) == ("w1", "UNKNOWN", 9)
    (answer,) = bench.put("w2").answers
    assert (answer.status, answer.hint) == ("REDIRECT", "n3")


def test_a_leader_deposed_by_an_answer_knows_nobody_to_redirect_to() -> None:
    bench = Bench()
    bench.lead()
    bench.receive(vote(9, granted=False))
    (answer,) = bench.put("w2").answers
    assert (answer.status, answer.hint) == ("REDIRECT", "")
