"""States that some behaviour is to reach: the spec's section "Witnesses", in its order and under its names.

A safety property holds of a model in which nothing happens. Each predicate here is something that has to
be able to happen; `pymodel witness` shows the shortest behaviour that leads there. It returns as soon as
it holds, so that its local variables then name who did it: i, j are servers, k an index, w a write, m a
message.
"""

from __future__ import annotations

from pymodel.raft.guards import LastIndex, LeaseValid
from pymodel.raft.names import (
    InstallSnapshotResponse,
    Leader,
    LeasePolicy,
    Ok,
    Redirected,
    Rejected,
    Server,
    State,
    Unknown,
    Write,
)


def SomeoneLeads(s: State) -> bool:
    for i in Server:
        if s.role[i] == Leader:
            return True
    return False


def TwoLead(s: State) -> bool:
    for i in Server:
        for j in Server:
            if s.role[i] == Leader and s.role[j] == Leader and s.currentTerm[i] < s.currentTerm[j]:
                return True
    return False


def LeaseHeld(s: State) -> bool:
    for i in Server:
        if LeasePolicy != "None" and LeaseValid(s, i):
            return True
    return False


def LeaseOutlivesTerm(s: State) -> bool:
    for i in Server:
        for j in Server:
            if LeasePolicy != "None" and LeaseValid(s, i) and s.currentTerm[i] < s.currentTerm[j]:
                return True
    return False


def EntryCommitted(s: State) -> bool:
    return s.commits.length > 0


def OldEntryCommitted(s: State) -> bool:
    for k in range(1, s.commits.length + 1):
        if s.commits.term[k] < s.commits.commitTerm[k]:
            return True
    return False


def LogsConflict(s: State) -> bool:
    for i in Server:
        for j in Server:
            for k in range(1, min(LastIndex(s, i), LastIndex(s, j)) + 1):
                if s.log.term[i, k] < s.log.term[j, k]:
                    return True
    return False


def SnapshotTaken(s: State) -> bool:
    for i in Server:
        if s.snapshotIndex[i] > 0:
            return True
    return False


def SnapshotInstalled(s: State) -> bool:
    for m in s.messages:
        if m.type == InstallSnapshotResponse and m.index > 0:
            if s.snapshotIndex[m.source] == m.index:
                return True
    return False


def WriteOk(s: State) -> bool:
    for w in Write:
        if s.client[w] == Ok:
            return True
    return False


def WriteRedirected(s: State) -> bool:
    for w in Write:
        if s.client[w] == Redirected:
            return True
    return False


def WriteRejected(s: State) -> bool:
    for w in Write:
        if s.client[w] == Rejected:
            return True
    return False


def WriteUnknown(s: State) -> bool:
    for w in Write:
        if s.client[w] == Unknown:
            return True
    return False


def UnknownWriteCommitted(s: State) -> bool:
    for k in range(1, s.commits.length + 1):
        w = s.commits.write[k]
        if s.client[w] == Unknown:
            return True
    return False


WITNESSES = (
    SomeoneLeads,
    TwoLead,
    LeaseHeld,
    LeaseOutlivesTerm,
    EntryCommitted,
    OldEntryCommitted,
    LogsConflict,
    SnapshotTaken,
    SnapshotInstalled,
    WriteOk,
    WriteRedirected,
    WriteRejected,
    WriteUnknown,
    UnknownWriteCommitted,
)
