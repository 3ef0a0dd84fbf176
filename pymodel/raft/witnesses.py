"""States that some behaviour is to reach: the spec's section "Witnesses", in its order and under its names.

A safety property holds of a model in which nothing happens. Each predicate here is something that has to
be able to happen; `pymodel witness` shows the shortest behaviour that leads there. It returns as soon as
it holds, so that its local variables then name who did it: i, j are servers, k an index, w a write, m a
message.
"""

from __future__ import annotations

from pymodel.raft.guards import (
    IsQuorum,
    LastIndex,
    LeaseValid,
    PreVoteCount,
)
from pymodel.raft.names import (
    ElectionTicks,
    Features,
    InstallSnapshotResponse,
    Leader,
    LeasePolicy,
    Ok,
    PreVoteResponse,
    Read,
    ReadFailed,
    ReadServed,
    Redirected,
    Rejected,
    RequestVoteResponse,
    Server,
    State,
    TransferCampaign,
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


def ReadWasServed(s: State) -> bool:
    for q in Read:
        if s.reads.status[q] == ReadServed and s.reads.index[q] > 0:
            return True
    return False


def ReadHasFailed(s: State) -> bool:
    for q in Read:
        if s.reads.status[q] == ReadFailed:
            return True
    return False


def PreVoteRefused(s: State) -> bool:
    for m in s.messages:
        if m.type == PreVoteResponse and m.granted == 0:
            return True
    return False


def PreVoteQuorum(s: State) -> bool:
    for i in Server:
        if "pre_vote" in Features and IsQuorum(s, PreVoteCount(s, i)):
            return True
    return False


def TransferWon(s: State) -> bool:
    for i in Server:
        if "transfer" in Features and s.transfer[i] == TransferCampaign:
            votes = 0
            for j in Server:
                votes += s.votesGranted[i, j]
            if IsQuorum(s, votes):
                return True
    return False


def PromiseOverridden(s: State) -> bool:
    for m in s.messages:
        if "transfer" in Features and m.type == RequestVoteResponse and m.granted == 1:
            if s.electionElapsed[m.source] < ElectionTicks:
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
    ReadWasServed,
    ReadHasFailed,
    PreVoteRefused,
    PreVoteQuorum,
    TransferWon,
    PromiseOverridden,
    UnknownWriteCommitted,
)
