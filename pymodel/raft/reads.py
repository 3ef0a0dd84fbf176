"""The spec's client reads, by lease or by a round of requests. Behind Features "lease_read", "read_index"."""

from __future__ import annotations

from pymodel.raft.guards import (
    CommittedInTerm,
    ConfirmsRead,
    ReadConfirmed,
    ReadLeaseValid,
    ServesReads,
    WaitsAt,
)
from pymodel.raft.names import (
    Features,
    Message,
    Ok,
    Read,
    ReadIdle,
    ReadServed,
    ReadWaiting,
    State,
)
from pymodel.raft.steps import Unconfirm


def AcknowledgedIndex(s: State) -> int:
    """The least index that a read may return which begins now: of what clients know to have happened."""
    known = 0
    for k in range(1, s.commits.length + 1):
        if s.client[s.commits.write[k]] == Ok:
            known = k
    for q in Read:
        if s.reads.status[q] == ReadServed:
            known = max(known, s.reads.index[q])
    return known


def NewRead(s: State, t: State, i: int, q: int, status: int) -> None:
    t.reads.status[q] = status
    t.reads.server[q] = i
    t.reads.index[q] = s.commitIndex[i]
    t.reads.floor[q] = AcknowledgedIndex(s)


def ConfirmReads(s: State, t: State, i: int, m: Message) -> None:
    """m.source follows i, and says so to a request that i sent after these reads had begun."""
    for q in Read:
        if WaitsAt(s, i, q) and ConfirmsRead(s, i, m, q):
            t.reads.confirmedBy[q, m.source] = 1


def LeaseRead(s: State, t: State, i: int, q: int) -> bool:
    """It begins, is checked and answered in one step."""
    if "lease_read" not in Features:
        return False
    if s.reads.status[q] != ReadIdle or not ServesReads(s, i):
        return False
    if not CommittedInTerm(s, i) or not ReadLeaseValid(s, i):
        return False
    NewRead(s, t, i, q, ReadServed)
    return True


def BeginRead(s: State, t: State, i: int, q: int) -> bool:
    if "read_index" not in Features:
        return False
    if s.reads.status[q] != ReadIdle or not ServesReads(s, i) or not CommittedInTerm(s, i):
        return False
    NewRead(s, t, i, q, ReadWaiting)
    return True


def ServeRead(s: State, t: State, q: int) -> bool:
    if s.reads.status[q] != ReadWaiting or not ReadConfirmed(s, q):
        return False
    t.reads.status[q] = ReadServed
    Unconfirm(t, q)
    return True
