"""The branches of handlers that the tests of actions leave out: who answers what, who no longer listens."""

from __future__ import annotations

from typing import Any

import pytest

from .cluster import Play, cluster, entry, made, message
from .plays import answer, audit, compacted, leased, led, request

S1, S2, S3 = range(3)
KINDS: dict[str, dict[str, Any]] = {
    "RequestVoteRequest": {"lastLogIndex": 0, "lastLogTerm": 0},
    "RequestVoteResponse": {"granted": 1},
    "AppendEntriesRequest": {
        "prevLogIndex": 0,
        "prevLogTerm": 0,
        "entryTerm": 0,
        "entryWrite": -1,
        "commitIndex": 0,
        "age": 0,
    },
    "AppendEntriesResponse": {"success": 1, "index": 1, "age": 0},
    "InstallSnapshotRequest": {
        "lastIndex": 1,
        "lastTerm": 1,
        "contentTerm": [1, 0],
        "contentWrite": [0, -1],
        "age": 0,
    },
    "InstallSnapshotResponse": {"index": 1, "age": 0},
}
RESPONSES = [kind for kind in KINDS if kind.endswith("Response")]


def sent(play: Play, kind: str, source: int, dest: int, term: int, **fields: int) -> Play:
    """The play with such a message in flight, whoever may have sent it."""
    m = made(play.bound, kind, source=source, dest=dest, term=term, **{**KINDS[kind], **fields})
    play.state.messages.add(m)
    return play


# Terms: what becomes of a message hangs on nothing else


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_a_higher_term_can_only_depose(kind: str) -> None:
    play = sent(led(), kind, S3, S1, 2)
    assert play.refuses(f"Handle{kind}")
    assert play.refuses("DropStaleResponse")
    play.take("UpdateTerm")
    assert play.changes() == {
        "currentTerm[s1]": 2,
        "role[s1]": "Follower",
        "votedFor[s1]": "Nil",
        **audit("s1", oldRole="Leader", newRole="Follower", newTerm=2, reason="higher_term"),
    }
    assert play.refuses("UpdateTerm")
    assert not play.refuses(f"Handle{kind}"), "it is of the current term now"


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_the_current_term_is_handled_and_not_dropped(kind: str) -> None:
    play = sent(led(), kind, S3, S2, 1)
    assert not play.refuses(f"Handle{kind}")
    assert play.refuses("DropStaleResponse")
    assert play.refuses("UpdateTerm")


@pytest.mark.parametrize("kind", RESPONSES)
def test_a_response_of_an_older_term_is_only_dropped(kind: str) -> None:
    play = sent(led(), kind, S3, S1, 0)
    assert play.refuses(f"Handle{kind}")
    assert play.refuses("UpdateTerm")
    play.take("DropStaleResponse")
    assert set(play.changes()) == {"-messages"}


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("RequestVote", {"granted": False}),
        ("AppendEntries", {"success": False, "index": 0, "age": 2}),
        ("InstallSnapshot", {"index": 0, "age": 2}),
    ],
)
def test_a_request_of_an_older_term_is_refused_with_the_current_one(
    kind: str, refusal: dict[str, Any]
) -> None:
    play = sent(leased(), f"{kind}Request", S3, S1, 0).take(f"Handle{kind}Request")
    assert set(play.changes()) == {"-messages", "+messages"}
    assert play.changes()["+messages"] == message(f"{kind}Response", "s1", "s3", 1, **refusal)


# Who no longer listens


@pytest.mark.parametrize("kind", RESPONSES)
def test_a_follower_counts_no_response(kind: str) -> None:
    play = sent(led(), kind, S3, S2, 1).take(f"Handle{kind}")
    assert set(play.changes()) == {"-messages"}


def test_a_leader_counts_no_more_votes() -> None:
    play = sent(led(), "RequestVoteResponse", S3, S1, 1).take("HandleRequestVoteResponse")
    assert set(play.changes()) == {"-messages"}


def test_a_leader_counts_no_refused_snapshot() -> None:
    """It would send to s3 from the start again."""
    play = compacted()
    play.state.nextIndex[S1, S3] = 2
    sent(play, "InstallSnapshotResponse", S3, S1, 1, index=0).take("HandleInstallSnapshotResponse")
    assert set(play.changes()) == {"-messages"}


@pytest.mark.parametrize("kind", ["AppendEntriesRequest", "InstallSnapshotRequest"])
def test_a_candidate_that_hears_the_leader_of_its_term_follows(kind: str) -> None:
    play = Play(cluster(ElectionTicks=1)).take("Tick", i="s1").take("Timeout", i="s3")
    sent(play.elect("s1", "s2"), kind, S1, S3, 1).take(f"Handle{kind}")
    changes = play.changes()
    wanted = {
        "role[s3]": "Follower",
        "votesGranted[s3]": [],
        "leaderHint[s3]": "s1",
        "electionElapsed[s3]": 0,
        **audit("s3", oldRole="Candidate", newRole="Follower", oldTerm=1, reason="current_leader"),
    }
    assert wanted.items() <= changes.items()
    assert play.shown["votedFor[s3]"] == "s3"
    assert play.shown["currentTerm[s3]"] == 1


def test_a_deposed_candidate_starts_over() -> None:
    play = Play(cluster()).take("Timeout", i="s1")
    sent(play, "RequestVoteRequest", S3, S1, 2).take("UpdateTerm")
    assert play.changes() == {
        "currentTerm[s1]": 2,
        "role[s1]": "Follower",
        "votedFor[s1]": "Nil",
        "votesGranted[s1]": [],
        **audit("s1", oldRole="Candidate", newRole="Follower", oldTerm=1, newTerm=2, reason="higher_term"),
    }


def test_a_restarted_candidate_keeps_its_vote_and_term_only() -> None:
    play = Play(cluster()).take("Timeout", i="s1").take("Restart", i="s1")
    assert play.changes() == {
        "role[s1]": "Follower",
        "votesGranted[s1]": [],
        **audit("s1", oldRole="Candidate", newRole="Follower", oldTerm=1, reason="restart"),
    }
    assert (play.shown["currentTerm[s1]"], play.shown["votedFor[s1]"]) == (1, "s1")


# Leases


def test_a_lease_counts_from_the_sending() -> None:
    """The answer to a request sent one tick ago leaves one tick of two; an older one takes none of it."""
    play = leased().take("AppendEntries", j="s2", n=0).take("HandleAppendEntriesRequest").take("Tick", i="s1")
    play.take("HandleAppendEntriesResponse")
    assert play.changes()["ackAge[s1][s2]"] == 1
    play.replicate("s1", "s2", n=0)
    assert play.shown["ackAge[s1][s2]"] == 0
    sent(play, "AppendEntriesResponse", S2, S1, 1, index=0, age=1).take("HandleAppendEntriesResponse")
    assert set(play.changes()) == {"-messages"}


def test_an_installed_snapshot_renews_the_lease_too() -> None:
    play = leased().replicate("s1", "s2", n=0).write("s1", "w1").replicate("s1", "s2")
    play.take("AdvanceCommitIndex").take("TakeSnapshot", i="s1").take("InstallSnapshot", j="s3")
    play.take("UpdateTerm").take("Tick", i="s1").take("HandleInstallSnapshotRequest")
    assert play.shown["electionElapsed[s3]"] == 0
    assert play.changes()["+messages"] == message("InstallSnapshotResponse", "s3", "s1", 1, index=1, age=1)
    play.take("HandleInstallSnapshotResponse")
    assert play.changes()["ackAge[s1][s3]"] == 1


def test_a_refusal_renews_nothing() -> None:
    play = sent(leased(), "AppendEntriesResponse", S2, S1, 1, success=0, index=0, age=0)
    play.take("HandleAppendEntriesResponse")
    assert set(play.changes()) == {"-messages"}


@pytest.mark.parametrize("end", ["Restart", "UpdateTerm"])
def test_a_lease_ends_with_the_leadership(end: str) -> None:
    play = leased().replicate("s1", "s2", n=0)
    if end == "UpdateTerm":
        sent(play, "RequestVoteRequest", S3, S1, 2)
    play.take(end, **({"i": "s1"} if end == "Restart" else {}))
    assert play.changes()["ackAge[s1][s2]"] == 2


@pytest.mark.parametrize("server", ["s1", "s2", "s3"])
def test_without_skew_any_clock_makes_all_messages_older(server: str) -> None:
    play = leased().take("AppendEntries", j="s2", n=0).take("Tick", i=server)
    assert [play.parameters(step)["age"] for step in play.options("DropMessage")] == [1]


def test_ages_saturate() -> None:
    play = leased().replicate("s1", "s2", n=0).take("AppendEntries", j="s3", n=0)
    for _ in range(3):
        play.take("Tick", i="s1")
    assert play.changes() == {}, "the third tick finds all clocks and ages at their end"
    assert play.shown["ackAge[s1][s2]"] == play.shown["electionElapsed[s2]"] == 2
    assert [play.parameters(step)["age"] for step in play.options("DropMessage")] == [2]


# Logs that start with a snapshot


def behind_a_snapshot() -> Play:
    """s2 holds w1 and w2 and has a snapshot of w1; s1 leads with the same log."""
    play = led("w1", "w2", writes=3).replicate("s1", "s2").take("AdvanceCommitIndex")
    return play.replicate("s1", "s2").take("TakeSnapshot", i="s2")


@pytest.mark.parametrize(
    ("prev", "success"),
    [((1, 1), True), ((1, 0), False), ((0, 0), True), ((2, 1), True), ((2, 0), False), ((3, 1), False)],
)
def test_a_log_is_compared_at_its_snapshot_and_behind_it(prev: tuple[int, int], success: bool) -> None:
    """Before the snapshot there is nothing to compare: what it covers is committed."""
    play = behind_a_snapshot()
    fields = {"prevLogIndex": prev[0], "prevLogTerm": prev[1]}
    sent(play, "AppendEntriesRequest", S1, S2, 1, **fields).take("HandleAppendEntriesRequest")
    assert play.changes()["+messages"] == answer(1, success, prev[0] if success else 0)
    assert not [name for name in play.changes() if name.startswith(("log", "commitIndex", "snapshot"))]


def test_an_entry_behind_a_snapshot_replaces_one_in_conflict() -> None:
    play = behind_a_snapshot()
    play.state.log.term[S2, 2] = 0
    fields = {"prevLogIndex": 1, "prevLogTerm": 1, "entryTerm": 1, "entryWrite": 2}
    sent(play, "AppendEntriesRequest", S1, S2, 1, **fields).take("HandleAppendEntriesRequest")
    assert (play.changes()["log[s2][2][term]"], play.changes()["log[s2][2][write]"]) == (1, "w3")


def test_the_term_of_a_wholly_compacted_log_is_that_of_its_snapshot() -> None:
    """The next request is compared with it, and so is a candidate's log."""
    play = compacted()
    play.state.log.term[S1, 1] = 0
    play.take("AppendEntries", j="s2", n=0)
    assert play.changes()["+messages"] == request("s1", "s2", 1, (1, 1), commit=1)
    play.take("Restart", i="s1").take("Timeout", i="s1").take("RequestVote", j="s3")
    assert "lastLogIndex |-> 1, lastLogTerm |-> 1" in play.changes()["+messages"]


def test_an_entry_that_the_snapshot_ends_with_is_not_looked_at() -> None:
    """No entry up to the snapshot's index is read singly, so none can conflict."""
    play = behind_a_snapshot()
    play.state.log.term[S2, 1] = 0
    sent(play, "AppendEntriesRequest", S1, S2, 1, entryTerm=1, entryWrite=2).take(
        "HandleAppendEntriesRequest"
    )
    assert set(play.changes()) == {"-messages", "+messages"}
    assert play.changes()["+messages"] == answer(1, True, 1)


def test_a_snapshot_of_what_is_committed_already_changes_no_log() -> None:
    play = led("w1", "w2").replicate("s1", "s2").take("AdvanceCommitIndex").replicate("s1", "s2")
    assert play.shown["commitIndex[s2]"] == 1
    sent(play, "InstallSnapshotRequest", S1, S2, 1).take("HandleInstallSnapshotRequest")
    assert set(play.changes()) == {"-messages", "+messages"}
    assert play.changes()["+messages"] == message("InstallSnapshotResponse", "s2", "s1", 1, index=1, age=0)


def test_a_snapshot_beyond_the_log_replaces_it_whole() -> None:
    play = led("w1", "w2").replicate("s1", "s2", "s2").take("AdvanceCommitIndex").take("TakeSnapshot")
    play.take("InstallSnapshot", j="s3").take("UpdateTerm")
    play.state.log.length[S3], play.state.log.term[S3, 1], play.state.log.write[S3, 1] = 1, 1, 0
    play.take("HandleInstallSnapshotRequest")
    assert [play.shown[f"log[s3][{k}][write]"] for k in (1, 2)] == ["w1", "w2"]
    assert (play.shown["snapshotIndex[s3]"], play.shown["commitIndex[s3]"]) == (2, 2)


# Clients


def test_a_candidate_redirects_as_a_follower_does() -> None:
    play = Play(cluster()).take("Timeout", i="s1").take("RedirectWrite", i="s1", w="w2")
    assert play.changes() == {"client[w2]": "Redirected"}
    assert play.refuses("AcceptWrite", i="s1")


@pytest.mark.parametrize("action", ["AcceptWrite", "RedirectWrite", "RejectWrite"])
@pytest.mark.parametrize("outcome", [1, 2, 3, 4, 5])
def test_a_write_is_asked_for_once(action: str, outcome: int) -> None:
    play = leased() if action == "RejectWrite" else led()
    assert not play.refuses(action, w="w1")
    play.state.client[0] = outcome
    assert play.refuses(action, w="w1")
    assert not play.refuses(action, w="w2")


def test_only_the_writes_of_its_own_term_end_unknown_with_a_leader() -> None:
    """w1 is still pending at s1, which led term 1 and does not know of term 2; s2 has it too."""
    play = led("w1").replicate("s1", "s2").elect("s2", "s3").write("s2", "w2").take("Restart", i="s2")
    assert play.changes()["client[w2]"] == "Unknown"
    assert play.shown["client[w1]"] == "Pending"


def test_a_write_that_was_answered_stays_answered() -> None:
    play = led("w1", "w2").replicate("s1", "s2").take("AdvanceCommitIndex").take("Restart", i="s1")
    assert play.changes()["client[w2]"] == "Unknown"
    assert play.shown["client[w1]"] == "Ok"


def test_a_re_sent_request_is_the_same_message() -> None:
    """The network is a set: a duplicate needs the first copy to be consumed, and is then sent anew."""
    play = led("w1").take("AppendEntries", j="s2", n=1).take("AppendEntries", j="s2", n=1)
    assert play.changes() == {}
    play.take("HandleAppendEntriesRequest").take("AppendEntries", j="s2", n=1)
    assert play.changes() == {"+messages": request("s1", "s2", 1, (0, 0), entry(1, "w1"))}
