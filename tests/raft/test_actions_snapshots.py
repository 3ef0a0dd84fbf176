"""The actions of snapshots: when each is enabled, and all that it changes."""

from __future__ import annotations

from .cluster import Play, entry, message
from .plays import compacted, led, resent

# Snapshots


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
