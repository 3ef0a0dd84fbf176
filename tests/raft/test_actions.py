"""Each action of the spec: when it is enabled, and all that it changes."""

from __future__ import annotations

from pathlib import Path

from pymodel.raft.model import RAFT

from .cluster import Play, cluster, entry, made, message

LEASES = {"LeasePolicy": "SendTime", "ElectionTicks": 2, "LeaseTicks": 2}


def audit(server: str, **fields: object) -> dict[str, object]:
    return {f"audit[{server}][{name}]": value for name, value in fields.items()}


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


def asked(**given: object) -> Play:
    """s1 asked s2 for its vote in term 1, which s2 knows of."""
    return Play(cluster(**given)).take("Timeout", i="s1").take("RequestVote", j="s2").take("UpdateTerm")


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


# Replication


def request(
    source: str, dest: str, term: int, prev: tuple[int, int], *entries: object, commit: int = 0
) -> str:
    return message(
        "AppendEntriesRequest",
        source,
        dest,
        term,
        prevLogIndex=prev[0],
        prevLogTerm=prev[1],
        entries=entries,  # type: ignore[arg-type]
        commitIndex=commit,
        age=0,
    )


def answer(term: int, success: bool, index: int, age: int = 0) -> str:
    return message("AppendEntriesResponse", "s2", "s1", term, success=success, index=index, age=age)


def led(*writes: str, **given: object) -> Play:
    """s1 leads term 1, elected by s2, and accepted the writes."""
    return Play(cluster(**given)).elect("s1", "s2").write("s1", *writes)


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


def resent(**given: object) -> Play:
    """A copy of the request for w1 is still in flight to s2, which holds w1 and w2 by now."""
    play = led("w1", "w2", **given).take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesRequest")
    play.take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesResponse")
    play.take("AppendEntries", j="s2", n=1).take("HandleAppendEntriesRequest", prevLogIndex=1)
    assert [play.shown[f"log[s2][{k}][write]"] for k in (1, 2)] == ["w1", "w2"]
    return play


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


def old_entry(**given: object) -> Play:
    """s2 leads term 2 with w1 of term 1, which s3 acknowledged in term 2."""
    play = led("w1", **given).replicate("s1", "s2").elect("s2", "s3")
    play.take("AppendEntries", i="s2", j="s3", n=0).take("HandleAppendEntriesRequest")
    return play.take("HandleAppendEntriesResponse").replicate("s2", "s3")


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


# Snapshots


def compacted(**given: object) -> Play:
    """s1 committed w1 on s2 and took a snapshot of it; s3 has nothing."""
    play = led("w1", **given).replicate("s1", "s2").take("AdvanceCommitIndex")
    return play.take("TakeSnapshot", i="s1")


def snapshot(*content: object, age: int = 0) -> str:
    return message(
        "InstallSnapshotRequest",
        "s1",
        "s3",
        1,
        lastIndex=1,
        lastTerm=1,
        content=content,  # type: ignore[arg-type]
        age=age,
    )


def test_take_snapshot() -> None:
    play = compacted()
    assert play.changes() == {"snapshotIndex[s1]": 1, "snapshotTerm[s1]": 1}
    assert play.refuses("TakeSnapshot")


def test_snapshots_can_be_switched_off() -> None:
    play = led("w1", Snapshots=False).replicate("s1", "s2").take("AdvanceCommitIndex")
    assert play.refuses("TakeSnapshot")


def test_install_snapshot_takes_the_place_of_compacted_entries() -> None:
    play = compacted()
    assert play.refuses("AppendEntries", j="s3")
    assert not play.refuses("AppendEntries", j="s2")
    play.take("InstallSnapshot")
    assert play.changes() == {"+messages": snapshot(entry(1, "w1"))}
    assert play.refuses("InstallSnapshot", j="s2")
    assert led("w1").refuses("InstallSnapshot")


def installed(play: Play) -> Play:
    return play.take("InstallSnapshot", j="s3").take("UpdateTerm").take("HandleInstallSnapshotRequest")


def test_an_installed_snapshot_replaces_an_empty_log() -> None:
    assert installed(compacted()).changes() == {
        "log[s3][1][term]": 1,
        "log[s3][1][write]": "w1",
        "commitIndex[s3]": 1,
        "snapshotIndex[s3]": 1,
        "snapshotTerm[s3]": 1,
        "leaderHint[s3]": "s1",
        "+acks": "[term |-> 1, server |-> s3, index |-> 1]",
        "-messages": snapshot(entry(1, "w1")),
        "+messages": message("InstallSnapshotResponse", "s3", "s1", 1, index=1, age=0),
    }


def overtaken(*writes: str, **given: object) -> Play:
    """A snapshot of w1 is in flight to s3, which got w1 and what follows as entries before."""
    play = led("w1", *writes, **given).replicate("s1", "s2")
    play.take("AppendEntries", j="s3", n=1).take("UpdateTerm").take("HandleAppendEntriesRequest")
    play.take("AdvanceCommitIndex").take("TakeSnapshot", i="s1").take("InstallSnapshot", j="s3")
    play.take("HandleAppendEntriesResponse")
    for _ in writes:
        play.replicate("s1", "s3")
    return play


def test_a_snapshot_retains_the_entries_behind_it() -> None:
    play = overtaken("w2")
    play.state.commitIndex[2] = 0
    play.take("HandleInstallSnapshotRequest")
    changes = play.changes()
    assert (changes["snapshotIndex[s3]"], changes["commitIndex[s3]"]) == (1, 1)
    assert play.shown["log[s3][2][write]"] == "w2"


def test_a_snapshot_of_another_history_drops_the_whole_log() -> None:
    """s3 holds two entries of its own term 2; the snapshot's entry is of term 1."""
    play = compacted(writes=3)
    state = play.state
    for k, write in ((1, 1), (2, 2)):
        state.log.term[2, k], state.log.write[2, k] = 2, write
    state.log.length[2] = 2
    installed(play)
    assert [play.shown.get(f"log[s3][{k}][write]") for k in (1, 2)] == ["w1", None]


def test_a_snapshot_below_the_commit_index_changes_no_log() -> None:
    play = overtaken("w2").take("AdvanceCommitIndex").replicate("s1", "s3", n=0)
    assert play.shown["commitIndex[s3]"] == 2
    play.take("HandleInstallSnapshotRequest")
    assert set(play.changes()) == {"-messages", "+messages"}
    assert play.shown["snapshotIndex[s3]"] == 0


def test_a_stale_snapshot_is_answered_with_the_current_term_and_changes_nothing() -> None:
    play = compacted().take("InstallSnapshot").take("Timeout", i="s3").take("Timeout", i="s3")
    play.take("HandleInstallSnapshotRequest")
    assert play.changes() == {
        "-messages": snapshot(entry(1, "w1")),
        "+messages": message("InstallSnapshotResponse", "s3", "s1", 2, index=0, age=0),
    }


def test_an_acknowledged_snapshot_is_counted() -> None:
    play = installed(compacted()).take("HandleInstallSnapshotResponse")
    response = message("InstallSnapshotResponse", "s3", "s1", 1, index=1, age=0)
    assert play.changes() == {"matchIndex[s1][s3]": 1, "nextIndex[s1][s3]": 2, "-messages": response}


def test_a_snapshot_answer_of_an_older_term_is_not_counted() -> None:
    play = installed(compacted()).take("Timeout", i="s2").take("RequestVote", i="s2", j="s1")
    play.take("UpdateTerm", dest="s1")
    assert play.refuses("HandleInstallSnapshotResponse")


def test_a_compacted_entry_is_no_conflict() -> None:
    """A request for an entry that the follower's snapshot covers changes no log."""
    play = resent().take("HandleAppendEntriesResponse").take("AdvanceCommitIndex")
    play.take("AppendEntries", j="s2", n=0).take("HandleAppendEntriesRequest", commitIndex=2)
    play.take("TakeSnapshot", i="s2").take("HandleAppendEntriesRequest", prevLogIndex=0)
    assert set(play.changes()) == {"-messages", "+messages"}


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


# Client writes


def test_accept_write() -> None:
    assert led("w1").changes() == {"log[s1][1][term]": 1, "log[s1][1][write]": "w1", "client[w1]": "Pending"}


def test_a_write_is_accepted_once_and_by_a_leader() -> None:
    play = led("w1")
    assert play.refuses("AcceptWrite", w="w1")
    assert play.refuses("AcceptWrite", i="s2")


def test_redirect_write() -> None:
    play = led().take("RedirectWrite", i="s2", w="w1")
    assert play.changes() == {"client[w1]": "Redirected"}
    assert play.refuses("RedirectWrite", w="w1")
    assert play.refuses("RedirectWrite", i="s1")


def leased() -> Play:
    """s1 leads with leases, but has not heard of anyone since its election."""
    return Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1").elect("s1", "s2")


def test_reject_write() -> None:
    play = leased().take("RejectWrite", i="s1", w="w1")
    assert play.changes() == {"client[w1]": "Rejected"}


def test_writes_need_a_lease_and_a_lease_needs_a_quorum() -> None:
    play = leased()
    assert play.refuses("AcceptWrite")
    play.replicate("s1", "s2", n=0)
    assert play.refuses("RejectWrite")
    assert not play.refuses("AcceptWrite")


def test_without_leases_no_write_is_rejected() -> None:
    play = led()
    assert play.refuses("RejectWrite")
    assert not play.refuses("AcceptWrite")


# Lease and time


def test_one_clock_moves_all() -> None:
    play = leased().replicate("s1", "s2", n=0).take("Tick", i="s3")
    assert play.changes() == {"electionElapsed[s2]": 1, "ackAge[s1][s2]": 1}, "the others are saturated"


def test_a_skewed_clock_moves_alone_and_no_further_than_the_skew() -> None:
    play = Play(cluster(ElectionTicks=3, ClockSkew=1)).take("Tick", i="s1")
    assert play.changes() == {"electionElapsed[s1]": 1, "skew[s1]": 1}
    assert play.refuses("Tick", i="s1")
    play.take("Tick", i="s2").take("Tick", i="s3")
    assert play.changes() == {"electionElapsed[s3]": 1, "skew[s1]": 0, "skew[s2]": 0}
    assert not play.refuses("Tick", i="s1")


def test_messages_age_with_the_clock_of_whom_they_can_renew() -> None:
    play = Play(cluster(**{**LEASES, "ClockSkew": 2}))
    for server in ("s1", "s2", "s1", "s2"):
        play.take("Tick", i=server)
    play.elect("s1", "s2").take("AppendEntries", j="s2", n=0).take("Tick", i="s3").take("Tick", i="s3")

    def ages(action: str) -> set[object]:
        return {play.parameters(step)["age"] for step in play.options(action)}

    assert ages("HandleAppendEntriesRequest") == {0}
    play.take("Tick", i="s1")
    assert ages("HandleAppendEntriesRequest") == {1}
    play.take("HandleAppendEntriesRequest").take("Tick", i="s2")
    assert ages("HandleAppendEntriesResponse") == {1}, "an answer ages with the clock of the leader"
    play.take("Tick", i="s1")
    assert ages("HandleAppendEntriesResponse") == {2}


def test_vote_messages_carry_no_age() -> None:
    play = Play(cluster(**LEASES)).take("Tick", i="s1").take("Tick", i="s1").take("Timeout", i="s1")
    play.take("RequestVote", i="s1", j="s2").take("Tick", i="s1")
    assert play.changes() == {}


def test_without_timeouts_there_is_no_clock() -> None:
    assert Play(cluster()).refuses("Tick")
    assert not Play(cluster(LeaseTicks=1)).refuses("Tick")


def test_lease_expire_steps_down_and_keeps_the_vote() -> None:
    play = leased().replicate("s1", "s2", n=0)
    assert play.refuses("LeaseExpire")
    play.write("s1", "w1").take("Tick", i="s1").take("Tick", i="s1").take("LeaseExpire")
    assert play.changes() == {
        "role[s1]": "Follower",
        "client[w1]": "Unknown",
        **audit("s1", oldRole="Leader", newRole="Follower", reason="lease_expired"),
    }
    assert play.shown["votedFor[s1]"] == "s1"
    assert play.shown["currentTerm[s1]"] == 1


def test_without_leases_none_expires() -> None:
    assert led(LeaseTicks=1).refuses("LeaseExpire")


# Faults


def test_restart_keeps_what_is_durable() -> None:
    play = compacted().take("Restart", i="s1")
    assert play.changes() == {
        "role[s1]": "Follower",
        "matchIndex[s1][s2]": 0,
        "nextIndex[s1][s2]": 1,
        **audit("s1", oldRole="Leader", newRole="Follower", reason="restart"),
    }
    assert (play.shown["currentTerm[s1]"], play.shown["votedFor[s1]"]) == (1, "s1")
    assert play.shown["log[s1][1][write]"] == "w1"


def test_restart_commits_no_more_than_the_snapshot_and_waits_again() -> None:
    play = Play(cluster(ElectionTicks=1)).take("Tick", i="s1").elect("s1", "s2").write("s1", "w1")
    play.replicate("s1", "s2").take("AdvanceCommitIndex").replicate("s1", "s2", n=0).take("Tick", i="s1")
    play.take("Restart", i="s2")
    changes = play.changes()
    assert (changes["commitIndex[s2]"], changes["electionElapsed[s2]"], changes["leaderHint[s2]"]) == (
        0,
        0,
        "Nil",
    )
    assert changes["audit[s2][reason]"] == "restart", "a follower's restart is a record too"


def test_a_restarted_leader_leaves_its_writes_unknown() -> None:
    assert led("w1").take("Restart", i="s1").changes()["client[w1]"] == "Unknown"


def test_drop_message() -> None:
    play = Play(cluster()).take("Timeout", i="s1").take("RequestVote", j="s2").take("DropMessage")
    request = message("RequestVoteRequest", "s1", "s2", 1, lastLogIndex=0, lastLogTerm=0)
    assert play.changes() == {"-messages": request}


def test_faults_happen_only_where_the_cfg_has_them() -> None:
    play = Play(cluster(Faults=frozenset())).take("Timeout", i="s1").take("RequestVote", j="s2")
    assert play.refuses("Restart")
    assert play.refuses("DropMessage")


def test_without_history_none_is_kept() -> None:
    play = led("w1", History=frozenset()).replicate("s1", "s2")
    assert play.shown["acks"] == frozenset()
    assert play.shown["audit[s1][reason]"] == "start"
    assert play.shown["elections"] != frozenset()


ACTION_TESTS = ("test_actions", "test_policies", "test_features")


def test_every_action_has_a_test_here() -> None:
    words = {action.name for action in RAFT.actions}
    text = "".join((Path(__file__).parent / f"{name}.py").read_text("utf-8") for name in ACTION_TESTS)
    assert {word for word in words if f'"{word}"' not in text} == set()
