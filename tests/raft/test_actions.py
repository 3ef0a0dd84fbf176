"""Each action of the spec: when it is enabled, and all that it changes. Here elections and fencing."""

from __future__ import annotations

from pathlib import Path

from pymodel.raft.model import RAFT

from .cluster import Play, cluster, message
from .plays import LEASES, asked, audit, led


def test_init() -> None:
    shown = Play(cluster(1, 1, LeaseTicks=4)).shown
    assert shown == {
        "currentTerm[s1]": 0,
        "role[s1]": "Follower",
        "votedFor[s1]": "Nil",
        "votesGranted[s1]": frozenset(),
        "leaderHint[s1]": "Nil",
        "preVotes[s1]": frozenset(),
        "transfer[s1]": "none",
        "commitIndex[s1]": 0,
        "snapshotIndex[s1]": 0,
        "snapshotTerm[s1]": 0,
        "matchIndex[s1][s1]": 0,
        "nextIndex[s1][s1]": 1,
        "electionElapsed[s1]": 0,
        "ackAge[s1][s1]": 4,
        "skew[s1]": 0,
        "client[w1]": "Idle",
        "messages": frozenset(),
        "elections": frozenset(),
        "acks": frozenset(),
        **audit("s1", oldRole="Follower", newRole="Follower", oldTerm=0, newTerm=0, reason="start"),
    }


# Elections


def test_timeout() -> None:
    play = Play(cluster()).take("Timeout", i="s1")
    assert play.changes() == {
        "currentTerm[s1]": 1,
        "role[s1]": "Candidate",
        "votedFor[s1]": "s1",
        "votesGranted[s1]": "s1",
        **audit("s1", newRole="Candidate", newTerm=1, reason="election_timeout"),
    }


def test_a_candidate_times_out_into_the_next_term() -> None:
    play = Play(cluster()).take("Timeout", i="s1").take("Timeout", i="s1")
    assert play.changes() == {"currentTerm[s1]": 2, **audit("s1", oldRole="Candidate", oldTerm=1, newTerm=2)}


def test_timeout_needs_election_ticks_and_no_leadership() -> None:
    play = Play(cluster(ElectionTicks=1))
    assert play.refuses("Timeout", i="s1")
    play.take("Tick", i="s1")
    assert not play.refuses("Timeout", i="s1")
    assert Play(cluster()).elect("s1", "s2").refuses("Timeout", i="s1")


def test_timeout_forgets_the_leader() -> None:
    play = Play(cluster()).elect("s1", "s2").replicate("s1", "s2", n=0).take("Timeout", i="s2")
    assert play.changes()["leaderHint[s2]"] == "Nil"


def test_request_vote() -> None:
    play = Play(cluster()).elect("s1", "s2").write("s1", "w1").replicate("s1", "s2")
    play.take("Timeout", i="s2").take("RequestVote", i="s2", j="s3")
    request = message("RequestVoteRequest", "s2", "s3", 2, lastLogIndex=1, lastLogTerm=1)
    assert play.changes() == {"+messages": request}


def test_request_vote_is_for_candidates_and_asks_nobody_who_granted() -> None:
    play = Play(cluster())
    assert play.refuses("RequestVote")
    play.take("Timeout", i="s1")
    assert {play.parameters(step)["j"] for step in play.options("RequestVote")} == {"s2", "s3"}
    play.elect("s2", "s3")
    assert play.refuses("RequestVote", i="s2")


def vote_answer(term: int, granted: bool) -> dict[str, object]:
    return {"+messages": message("RequestVoteResponse", "s2", "s1", term, granted=granted)}


def test_a_vote_is_granted_once_a_term() -> None:
    play = asked().take("HandleRequestVoteRequest")
    request = message("RequestVoteRequest", "s1", "s2", 1, lastLogIndex=0, lastLogTerm=0)
    assert play.changes() == {"votedFor[s2]": "s1", "-messages": request, **vote_answer(1, True)}
    play.take("Timeout", i="s3").take("RequestVote", i="s3", j="s2").take(
        "HandleRequestVoteRequest", source="s3"
    )
    assert "votedFor[s2]" not in play.changes()
    assert "granted |-> FALSE" in play.changes()["+messages"]


def test_a_vote_is_granted_again_to_the_same_candidate() -> None:
    play = asked().take("HandleRequestVoteRequest").take("RequestVote", j="s2")
    play.take("HandleRequestVoteRequest")
    assert set(play.changes()) == {"-messages"}, "the same answer is still in flight"
    assert play.shown["votedFor[s2]"] == "s1"


def test_a_stale_vote_request_is_answered_with_the_current_term() -> None:
    play = Play(cluster()).take("Timeout", i="s1").take("RequestVote", j="s2").take("Timeout", i="s2")
    play.take("Timeout", i="s2").take("HandleRequestVoteRequest")
    assert play.changes()["+messages"] == message("RequestVoteResponse", "s2", "s1", 2, granted=False)
    assert set(play.changes()) == {"+messages", "-messages"}


def test_a_candidate_with_an_older_log_gets_no_vote() -> None:
    play = Play(cluster()).elect("s1", "s2").write("s1", "w1")
    play.take("Timeout", i="s3").take("Timeout", i="s3").take("RequestVote", i="s3", j="s1")
    play.take("UpdateTerm").take("HandleRequestVoteRequest")
    assert "granted |-> FALSE" in play.changes()["+messages"]


def test_a_vote_is_withheld_under_promise() -> None:
    play = Play(cluster(ElectionTicks=1)).take("Tick", i="s1").elect("s1", "s2").replicate("s1", "s2", n=0)
    play.take("Timeout", i="s3").take("Timeout", i="s3").take("RequestVote", i="s3", j="s2")
    play.take("UpdateTerm").take("HandleRequestVoteRequest")
    assert "granted |-> FALSE" in play.changes()["+messages"]


def test_a_request_of_a_higher_term_waits_for_update_term() -> None:
    play = Play(cluster()).take("Timeout", i="s1").take("RequestVote", j="s2")
    assert play.refuses("HandleRequestVoteRequest")


def test_handle_request_vote_response() -> None:
    play = asked().take("HandleRequestVoteRequest").take("HandleRequestVoteResponse")
    answer = message("RequestVoteResponse", "s2", "s1", 1, granted=True)
    assert play.changes() == {"votesGranted[s1]": ["s1", "s2"], "-messages": answer}


def test_a_refused_vote_is_not_counted() -> None:
    play = Play(cluster()).take("Timeout", i="s2").take("Timeout", i="s1").take("RequestVote", i="s1", j="s2")
    play.take("HandleRequestVoteRequest").take("HandleRequestVoteResponse")
    assert set(play.changes()) == {"-messages"}


def test_a_vote_of_an_older_term_is_not_counted() -> None:
    play = asked().take("HandleRequestVoteRequest").take("Timeout", i="s1")
    assert play.refuses("HandleRequestVoteResponse")


def test_become_leader() -> None:
    play = Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1").take("Timeout", i="s1")
    assert play.refuses("BecomeLeader"), "one vote of three is no quorum"
    play.take("RequestVote", j="s2").take("UpdateTerm").take("HandleRequestVoteRequest")
    play.take("HandleRequestVoteResponse").take("BecomeLeader")
    assert play.changes() == {
        "role[s1]": "Leader",
        "votesGranted[s1]": [],
        "+elections": "[term |-> 1, leader |-> s1]",
        **audit("s1", oldRole="Candidate", newRole="Leader", oldTerm=1, reason="won_election"),
    }


def test_a_leader_starts_to_send_behind_its_log() -> None:
    play = Play(cluster()).elect("s1", "s2").write("s1", "w1").replicate("s1", "s2").take("Timeout", i="s2")
    play.take("RequestVote", i="s2", j="s3").take("UpdateTerm").take("HandleRequestVoteRequest")
    play.take("HandleRequestVoteResponse").take("BecomeLeader", i="s2")
    assert play.changes()["nextIndex[s2][s1]"] == play.changes()["nextIndex[s2][s3]"] == 2


# Fencing


def test_update_term_deposes_and_adopts_and_leaves_the_message() -> None:
    play = led("w1").replicate("s1", "s2", n=0).take("Timeout", i="s2").take("RequestVote", i="s2", j="s1")
    play.take("UpdateTerm")
    assert play.changes() == {
        "currentTerm[s1]": 2,
        "role[s1]": "Follower",
        "votedFor[s1]": "Nil",
        "client[w1]": "Unknown",
        **audit("s1", oldRole="Leader", newRole="Follower", newTerm=2, reason="higher_term"),
    }
    assert play.refuses("UpdateTerm")


def test_update_term_of_a_leader_forgets_its_peers() -> None:
    play = led("w1").replicate("s1", "s2").take("Timeout", i="s2").take("RequestVote", i="s2", j="s1")
    play.take("UpdateTerm")
    assert (play.changes()["matchIndex[s1][s2]"], play.changes()["nextIndex[s1][s2]"]) == (0, 1)


def test_update_term_of_a_follower_writes_no_audit_record() -> None:
    play = led().take("AppendEntries", j="s3", n=0).take("UpdateTerm")
    assert play.changes() == {"currentTerm[s3]": 1}


def test_update_term_forgets_the_hint() -> None:
    play = led().replicate("s1", "s2", n=0).take("Timeout", i="s3").take("Timeout", i="s3")
    play.take("RequestVote", i="s3", j="s2").take("UpdateTerm")
    assert play.changes()["leaderHint[s2]"] == "Nil"


def test_a_response_of_a_higher_term_deposes_too() -> None:
    play = led().take("AppendEntries", j="s2", n=0).take("Timeout", i="s2").take("HandleAppendEntriesRequest")
    assert play.refuses("HandleAppendEntriesResponse")
    play.take("UpdateTerm", type="AppendEntriesResponse")
    assert play.changes()["role[s1]"] == "Follower"


def test_drop_stale_response() -> None:
    play = asked().take("HandleRequestVoteRequest")
    assert play.refuses("DropStaleResponse"), "it is of the current term"
    play.take("Timeout", i="s1").take("DropStaleResponse")
    assert play.changes() == {"-messages": message("RequestVoteResponse", "s2", "s1", 1, granted=True)}


def test_a_stale_request_is_never_dropped_unanswered() -> None:
    play = led().take("AppendEntries", j="s2", n=0).take("Timeout", i="s2")
    assert play.refuses("DropStaleResponse")


ACTION_TESTS = (
    "test_actions",
    "test_actions_log",
    "test_actions_snapshots",
    "test_actions_clients",
    "test_policies",
    "test_features",
)


def test_every_action_has_a_test_here() -> None:
    words = {action.name for action in RAFT.actions}
    text = "".join((Path(__file__).parent / f"{name}.py").read_text("utf-8") for name in ACTION_TESTS)
    assert {word for word in words if f'"{word}"' not in text} == set()
