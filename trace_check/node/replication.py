"""Replication and snapshots: the spec's actions AppendEntries to HandleInstallSnapshotResponse."""

from __future__ import annotations

from trace_check.node.effects import Appended, Saved
from trace_check.node.machine import apply_committed
from trace_check.node.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Snapshot,
)
from trace_check.node.state import LEADER, Node
from trace_check.node.steps import CountAck, FollowLeader


def append_to_log(n: Node, entries: tuple[Entry, ...]) -> None:
    """Adds entries behind the last one, durably, and writes it down; a leader names the request."""
    index = n.log.LastIndex + 1
    named = {"op": entries[0].request} if n.role == LEADER and entries[0].request else {}
    n.log.append(entries)
    n.out.writes.append(Appended(index, entries))
    n.record(
        "append",
        entries=[[index + k, entry.term] for k, entry in enumerate(entries)],
        state=n.view(),
        **named,
    )
    if not n.config.peers:
        AdvanceCommitIndex(n)


def append_entries_to_all(n: Node) -> None:
    """What each peer needs next, or a heartbeat."""
    n.heartbeatAt = n.now + n.config.heartbeat_ms
    for peer in n.config.peers:
        AppendEntries(n, peer)


def AppendEntries(n: Node, peer: str) -> None:
    following = n.nextIndex[peer]
    if following <= n.log.snapshotIndex:
        InstallSnapshot(n, peer)
        return
    n.send(
        AppendEntriesRequest(
            source=n.config.name,
            dest=peer,
            term=n.currentTerm,
            mid=n.mid(),
            prevLogIndex=following - 1,
            prevLogTerm=n.log.TermAt(following - 1),
            entries=n.log.following(following, n.config.entries_max),
            commitIndex=n.commitIndex,
            sentAt=n.now,
        )
    )


def HandleAppendEntriesRequest(n: Node, m: AppendEntriesRequest) -> None:
    success, index = False, 0
    if not n.guards.StaleAppendEntriesRequest(n, m):
        FollowLeader(n, m)
        success = n.guards.LogMatches(n, m)
        if success:
            index = m.prevLogIndex + len(m.entries)
            _take_entries(n, m)
            advance_commit(n, n.guards.FollowerCommit(m))
        else:
            index = min(n.log.LastIndex, m.prevLogIndex - 1)
    n.send(
        AppendEntriesResponse(
            source=n.config.name,
            dest=m.source,
            term=n.currentTerm,
            mid=n.mid(),
            success=success,
            index=index,
            sentAt=m.sentAt,
            re=m.mid,
        )
    )


def _take_entries(n: Node, m: AppendEntriesRequest) -> None:
    """The log after the entries of m: what agrees stays, what conflicts goes with all behind it."""
    for offset, entry in enumerate(m.entries):
        k = m.prevLogIndex + 1 + offset
        if k <= n.log.snapshotIndex:
            continue
        if k <= n.log.LastIndex:
            if not n.guards.EntryConflicts(n, k, entry):
                continue
            n.log.truncate(k - 1)
            n.record("truncate", entry=[k - 1, n.log.TermAt(k - 1)], state=n.view())
        append_to_log(n, m.entries[offset:])
        return


def HandleAppendEntriesResponse(n: Node, m: AppendEntriesResponse) -> None:
    if n.guards.RejectionRenews() and n.role == LEADER and not m.success:
        CountAck(n, m.source, 0, m.sentAt)
    if not n.guards.CurrentAppendEntriesResponse(n, m) or n.role != LEADER:
        return
    if m.success:
        CountAck(n, m.source, m.index, m.sentAt)
        AdvanceCommitIndex(n)
        if n.nextIndex[m.source] <= n.log.LastIndex:
            AppendEntries(n, m.source)
    else:
        least = n.matchIndex[m.source] + 1
        n.nextIndex[m.source] = max(least, min(n.nextIndex[m.source] - 1, m.index + 1))
        AppendEntries(n, m.source)


def AdvanceCommitIndex(n: Node) -> None:
    """A leader commits what a quorum holds, if it is of its own term, and all before it."""
    held = sorted([n.log.LastIndex, *n.matchIndex.values()], reverse=True)
    for k in range(n.log.LastIndex, n.commitIndex, -1):
        holders = sum(index >= k for index in held)
        if n.guards.IsQuorum(n, holders) and n.guards.CommittableTerm(n, k):
            advance_commit(n, k)
            return


def advance_commit(n: Node, index: int) -> None:
    """Entries up to `index` are committed; they are applied, and their clients answered."""
    if index <= n.commitIndex:
        return
    n.commitIndex = index
    known = {"entry": [index, n.log.TermAt(index)]} if index <= n.log.LastIndex else {}
    n.record("commit", state=n.view(), **known)
    apply_committed(n)
    TakeSnapshot(n)


def TakeSnapshot(n: Node) -> None:
    """Once enough was applied, one snapshot stands for it."""
    if n.applied - n.log.snapshotIndex < n.config.snapshot_after:
        return
    term = n.log.TermAt(n.applied)
    n.snapshot = Snapshot(n.applied, term, dict(n.values), dict(n.remembered))
    n.log.cover(n.applied, term, retain=True)
    n.out.writes.append(Saved(n.snapshot, retain=True))
    n.record("snapshot", entry=[n.applied, term], state=n.view())


def InstallSnapshot(n: Node, peer: str) -> None:
    """The entry that the peer needs next is gone into the snapshot."""
    n.send(
        InstallSnapshotRequest(
            source=n.config.name,
            dest=peer,
            term=n.currentTerm,
            mid=n.mid(),
            snapshot=n.snapshot,
            sentAt=n.now,
        )
    )


def HandleInstallSnapshotRequest(n: Node, m: InstallSnapshotRequest) -> None:
    index = 0
    if not n.guards.StaleInstallSnapshotRequest(n, m):
        index = m.snapshot.lastIndex
        FollowLeader(n, m)
        if index > n.commitIndex:
            _replace_log(n, m.snapshot)
    n.send(
        InstallSnapshotResponse(
            source=n.config.name,
            dest=m.source,
            term=n.currentTerm,
            mid=n.mid(),
            index=index,
            sentAt=m.sentAt,
            re=m.mid,
        )
    )


def _replace_log(n: Node, snapshot: Snapshot) -> None:
    retain = n.guards.RetainsSuffix(n, snapshot)
    n.log.cover(snapshot.lastIndex, snapshot.lastTerm, retain)
    n.snapshot = snapshot
    n.commitIndex = n.applied = snapshot.lastIndex
    n.values, n.remembered = dict(snapshot.values), dict(snapshot.remembered)
    n.out.writes.append(Saved(snapshot, retain))
    n.record("snapshot", entry=[snapshot.lastIndex, snapshot.lastTerm], state=n.view())


def HandleInstallSnapshotResponse(n: Node, m: InstallSnapshotResponse) -> None:
    if not n.guards.CurrentInstallSnapshotResponse(n, m) or n.role != LEADER or m.index == 0:
        return
    CountAck(n, m.source, m.index, m.sentAt)
    AdvanceCommitIndex(n)
    if n.nextIndex[m.source] <= n.log.LastIndex:
        AppendEntries(n, m.source)
