"""The actions of replication: when each is enabled, and all that it changes."""

from __future__ import annotations

from .cluster import Play, cluster, entry, made, message
from .plays import LEASES, answer, led, old_entry, request, resent

# Replication


def test_append_entries_sends_one_entry_or_a_heartbeat() -> None:
    play = led("w1", "w2").take("AppendEntries", j="s2", n=1)
    assert play.changes() == {"+messages": request("s1", "s2", 1, (0, 0), entry(1, "w1"))}
    play.take("AppendEntries", j="s3", n=0)
    assert play.changes() == {"+messages": request("s1", "s3", 1, (0, 0))}


def test_append_entries_goes_on_behind_what_the_peer_holds() -> None:
    play = led("w1", "w2").replicate("s1", "s2").take("AdvanceCommitIndex").take("AppendEntries", j="s2", n=1)
    assert play.changes() == {"+messages": request("s1", "s2", 1, (1, 1), entry(1, "w2"), commit=1)}


def test_append_entries_needs_a_leader_a_peer_and_an_entry() -> None:
    play = led()
    assert {play.parameters(step)["j"] for step in play.options("AppendEntries")} == {"s2", "s3"}
    assert play.refuses("AppendEntries", n=1)
    assert play.refuses("AppendEntries", i="s2")


def test_an_entry_is_appended_acknowledged_and_its_leader_known() -> None:
    play = led("w1").take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesRequest")
    assert play.changes() == {
        "log[s2][1][term]": 1,
        "log[s2][1][write]": "w1",
        "leaderHint[s2]": "s1",
        "+acks": "[term |-> 1, server |-> s2, index |-> 1]",
        "-messages": request("s1", "s2", 1, (0, 0), entry(1, "w1")),
        "+messages": answer(1, True, 1),
    }


def test_a_heartbeat_renews_the_promise() -> None:
    play = Play(cluster(ElectionTicks=2)).take("Tick", i="s1").take("Tick", i="s1").elect("s1", "s2")
    play.take("AppendEntries", j="s2", n=0).take("HandleAppendEntriesRequest")
    assert play.changes()["electionElapsed[s2]"] == 0
    assert play.changes()["+messages"] == answer(1, True, 0)


def test_a_log_without_the_entry_before_refuses() -> None:
    play = led("w1", "w2").replicate("s1", "s2", "s2").take("Timeout", i="s2")
    play.take("RequestVote", i="s2", j="s3").take("UpdateTerm").take("HandleRequestVoteRequest")
    play.take("HandleRequestVoteResponse").take("BecomeLeader", i="s2")
    play.take("AppendEntries", i="s2", j="s3", n=0).take("HandleAppendEntriesRequest")
    assert play.changes() == {
        "leaderHint[s3]": "s2",
        "-messages": request("s2", "s3", 2, (2, 1)),
        "+messages": message("AppendEntriesResponse", "s3", "s2", 2, success=False, index=0, age=0),
    }
    play.take("HandleAppendEntriesResponse")
    assert play.changes()["nextIndex[s2][s3]"] == 2
    assert "matchIndex[s2][s3]" not in play.changes()


def test_a_conflicting_entry_is_replaced_and_all_behind_it_dropped() -> None:
    play = led("w1", "w2", writes=3).elect("s2", "s3").write("s2", "w3")
    play.take("AppendEntries", i="s2", j="s1", n=1).take("UpdateTerm").take("HandleAppendEntriesRequest")
    changes = play.changes()
    assert (changes["log[s1][1][term]"], changes["log[s1][1][write]"]) == (2, "w3")
    assert changes["log[s1][2][term]"] is None
    assert "log[s1][2][term]" not in play.shown


def test_an_entry_that_is_there_already_costs_none_behind_it() -> None:
    play = resent().take("HandleAppendEntriesRequest", prevLogIndex=0)
    assert play.changes() == {
        "-messages": request("s1", "s2", 1, (0, 0), entry(1, "w1")),
        "+messages": answer(1, True, 1),
    }


def test_a_follower_commits_no_further_than_the_request_reaches() -> None:
    """s1 committed two entries; s3 learns of the first one only."""
    play = led("w1", "w2").replicate("s1", "s2", "s2").take("AdvanceCommitIndex")
    play.take("AppendEntries", j="s3", n=1).take("UpdateTerm").take("HandleAppendEntriesRequest")
    assert play.changes()["commitIndex[s3]"] == 1
    play.take("HandleAppendEntriesResponse").take("AppendEntries", j="s2", n=0)
    play.take("HandleAppendEntriesRequest")
    assert play.changes()["commitIndex[s2]"] == 2


def test_a_commit_index_never_falls() -> None:
    play = resent().take("HandleAppendEntriesResponse").take("AdvanceCommitIndex")
    play.take("AppendEntries", j="s2", n=0).take("HandleAppendEntriesRequest", commitIndex=2)
    assert play.changes()["commitIndex[s2]"] == 2
    play.take("HandleAppendEntriesRequest", prevLogIndex=0)
    assert play.shown["commitIndex[s2]"] == 2


def test_a_stale_append_is_answered_with_the_current_term_and_changes_nothing() -> None:
    play = (
        led("w1")
        .take("AppendEntries", j="s2", n=1)
        .take("Timeout", i="s2")
        .take("HandleAppendEntriesRequest")
    )
    assert play.changes() == {
        "-messages": request("s1", "s2", 1, (0, 0), entry(1, "w1")),
        "+messages": answer(2, False, 0),
    }


def test_a_rejection_carries_the_full_lease_age() -> None:
    play = Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1")
    play.elect("s1", "s2").take("AppendEntries", j="s2", n=0)
    play.take("Timeout", i="s3").take("Timeout", i="s3").take("RequestVote", i="s3", j="s2")
    play.take("UpdateTerm", dest="s2").take("HandleAppendEntriesRequest")
    assert play.changes()["+messages"] == answer(2, False, 0, age=2)


def test_a_candidate_follows_the_leader_of_its_term_and_keeps_its_vote() -> None:
    play = Play(cluster()).take("Timeout", i="s3").elect("s1", "s2").take("AppendEntries", j="s3", n=0)
    play.take("HandleAppendEntriesRequest")
    changes = play.changes()
    assert (changes["role[s3]"], changes["votesGranted[s3]"], changes["leaderHint[s3]"]) == (
        "Follower",
        [],
        "s1",
    )
    assert changes["audit[s3][reason]"] == "current_leader"
    assert play.shown["votedFor[s3]"] == "s3"


def test_an_acknowledgement_is_counted() -> None:
    play = Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1").elect("s1", "s2")
    play.take("AppendEntries", j="s2", n=0).take("HandleAppendEntriesRequest").take(
        "HandleAppendEntriesResponse"
    )
    assert play.changes() == {"ackAge[s1][s2]": 0, "-messages": answer(1, True, 0)}
    play.write("s1", "w1").replicate("s1", "s2")
    assert play.changes() == {
        "matchIndex[s1][s2]": 1,
        "nextIndex[s1][s2]": 2,
        "-messages": answer(1, True, 1),
    }


def test_an_older_acknowledgement_takes_nothing_back() -> None:
    play = resent().take("HandleAppendEntriesResponse", index=2).take("HandleAppendEntriesRequest")
    play.take("HandleAppendEntriesResponse", index=1)
    assert set(play.changes()) == {"-messages"}
    assert play.shown["matchIndex[s1][s2]"] == 2


def test_an_acknowledgement_of_an_older_term_is_not_counted() -> None:
    play = led("w1").take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesRequest")
    play.take("Timeout", i="s3").take("Timeout", i="s3")
    play.take("RequestVote", i="s3", j="s1").take("UpdateTerm", dest="s1")
    assert play.refuses("HandleAppendEntriesResponse")


def test_who_leads_no_more_counts_no_acknowledgement() -> None:
    play = Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1").elect("s1", "s2")
    play.take("AppendEntries", j="s2", n=0).take("HandleAppendEntriesRequest").take("LeaseExpire", i="s1")
    play.take("HandleAppendEntriesResponse")
    assert set(play.changes()) == {"-messages"}


def test_next_index_falls_no_lower_than_what_matched() -> None:
    play = led("w1").replicate("s1", "s2")
    refusal = made(play.bound, "AppendEntriesResponse", source=1, dest=0, term=1, success=0, index=0, age=0)
    play.state.messages.add(refusal)
    play.take("HandleAppendEntriesResponse")
    assert set(play.changes()) == {"-messages"}


def test_advance_commit_index() -> None:
    play = led("w1", "w2").replicate("s1", "s2", "s2").take("AdvanceCommitIndex")
    assert play.changes() == {
        "commitIndex[s1]": 2,
        "commits[1][term]": 1,
        "commits[1][write]": "w1",
        "commits[1][commitTerm]": 1,
        "commits[2][term]": 1,
        "commits[2][write]": "w2",
        "commits[2][commitTerm]": 1,
        "client[w1]": "Ok",
        "client[w2]": "Ok",
    }
    assert play.refuses("AdvanceCommitIndex")


def test_commit_needs_a_leader_and_a_quorum() -> None:
    assert led("w1").refuses("AdvanceCommitIndex")
    assert led("w1").replicate("s1", "s2").refuses("AdvanceCommitIndex", i="s2")


def test_an_entry_of_an_older_term_commits_only_with_one_of_the_own() -> None:
    play = old_entry()
    assert play.shown["matchIndex[s2][s3]"] == 1
    assert play.refuses("AdvanceCommitIndex", i="s2")
    play.write("s2", "w2").replicate("s2", "s3").take("AdvanceCommitIndex", i="s2")
    changes = play.changes()
    assert [changes[f"commits[{k}][commitTerm]"] for k in (1, 2)] == [2, 2]
    assert (changes["client[w2]"], play.shown["client[w1]"]) == ("Ok", "Pending"), "w1 is s1's to answer"


def test_a_late_commit_by_a_stale_leader_lowers_the_commit_term() -> None:
    """The acknowledgement of term 1 reaches s1 after term 2 has committed the same entry."""
    play = led("w1").take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesRequest").elect("s2", "s3")
    play.take("AppendEntries", i="s2", j="s3", n=0).take("HandleAppendEntriesRequest", dest="s3")
    play.take("HandleAppendEntriesResponse", dest="s2").write("s2", "w2").replicate("s2", "s3", "s3")
    play.take("AdvanceCommitIndex", i="s2")
    play.take("HandleAppendEntriesResponse", dest="s1").take("AdvanceCommitIndex", i="s1")
    assert play.changes() == {"commitIndex[s1]": 1, "commits[1][commitTerm]": 1, "client[w1]": "Ok"}
