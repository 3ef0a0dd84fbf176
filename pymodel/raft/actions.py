"""The actions of the spec, one function each, in the order of its Next: guards first, then effects.

`s` is the state before, `t` its copy that becomes the state after. An action returns whether it is
enabled, and leaves `t` alone if not. What clients, clocks and faults do is in environment.py.
"""

from __future__ import annotations

from pymodel.raft.guards import (
    AckAgeAtElection,
    AgeAfterRejection,
    AnswerTerm,
    AsksForVote,
    CandidateLogUpToDate,
    CommitQuorum,
    CommittableTerm,
    CurrentAppendEntriesResponse,
    CurrentInstallSnapshotResponse,
    CurrentRequestVoteResponse,
    ElectionTimeoutElapsed,
    EntryConflicts,
    EntryCount,
    FollowerCommit,
    HandledAfterUpdate,
    HigherTerm,
    HintAfterStepDown,
    IsQuorum,
    IsRequest,
    LastIndex,
    LastTerm,
    LogMatches,
    MayCampaign,
    OverridesWithholding,
    PreVoteWon,
    RetainsSuffix,
    StageAfterTimeout,
    StaleAppendEntriesRequest,
    StaleInstallSnapshotRequest,
    StaleRequestVoteRequest,
    TermAt,
    VoteAvailable,
    WaitsAt,
    WithholdsVote,
)
from pymodel.raft.names import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Candidate,
    ElectionTimeout,
    Features,
    HigherTermSeen,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Leader,
    LeasePolicy,
    LeaseTicks,
    LogIndex,
    Message,
    Nil,
    NoTransfer,
    Read,
    RequestVoteRequest,
    RequestVoteResponse,
    Server,
    Snapshots,
    State,
    TransferCampaign,
    WonElection,
)
from pymodel.raft.reads import ConfirmReads
from pymodel.raft.steps import (
    BecomeFollower,
    Campaign,
    CountAck,
    EndPoll,
    EnterStage,
    FollowLeader,
    Record,
    RecordAck,
    RecordCommits,
)


def Init(t: State) -> None:
    """Every variable starts at its layout's default but ackAge."""
    for i in Server:
        for j in Server:
            t.ackAge[i, j] = LeaseTicks


# Elections


def Timeout(s: State, t: State, i: int) -> bool:
    if not MayCampaign(s, i) or not ElectionTimeoutElapsed(s, i) or not PreVoteWon(s, i):
        return False
    Campaign(s, t, i, ElectionTimeout, StageAfterTimeout(s, i))
    return True


def RequestVote(s: State, t: State, i: int, j: int) -> bool:
    if s.role[i] != Candidate or not AsksForVote(s, i, j):
        return False
    t.messages.add(
        RequestVoteRequest(
            source=i,
            dest=j,
            term=s.currentTerm[i],
            lastLogIndex=LastIndex(s, i),
            lastLogTerm=LastTerm(s, i),
            override=1 if "transfer" in Features and s.transfer[i] == TransferCampaign else 0,
        )
    )
    return True


def HandleRequestVoteRequest(s: State, t: State, m: Message) -> bool:
    i = m.dest
    if HigherTerm(s, i, m):
        return False
    granted = (
        not StaleRequestVoteRequest(s, i, m)
        and VoteAvailable(s, i, m)
        and CandidateLogUpToDate(s, i, m)
        and (not WithholdsVote(s, i) or OverridesWithholding(s, m))
    )
    if granted:
        t.votedFor[i] = m.source
    t.messages.discard(m)
    t.messages.add(
        RequestVoteResponse(source=i, dest=m.source, term=AnswerTerm(s, i, m), granted=1 if granted else 0)
    )
    return True


def HandleRequestVoteResponse(s: State, t: State, m: Message) -> bool:
    i = m.dest
    if HigherTerm(s, i, m) or not CurrentRequestVoteResponse(s, i, m):
        return False
    if s.role[i] == Candidate and m.granted == 1:
        t.votesGranted[i, m.source] = 1
    t.messages.discard(m)
    return True


def BecomeLeader(s: State, t: State, i: int) -> bool:
    if s.role[i] != Candidate:
        return False
    votes = 0
    for j in Server:
        votes += s.votesGranted[i, j]
    if not IsQuorum(s, votes):
        return False
    t.role[i] = Leader
    EndPoll(t, i)
    EnterStage(t, i, NoTransfer)
    for j in Server:
        t.votesGranted[i, j] = 0
        t.nextIndex[i, j] = LastIndex(s, i) + 1
        t.ackAge[i, j] = AckAgeAtElection(s)
    if LeasePolicy == "SampledQuorum":
        t.electionElapsed[i] = 0
    t.elections[s.currentTerm[i], i] = 1
    Record(s, t, i, Leader, s.currentTerm[i], WonElection)
    return True


# Replication


def AppendEntries(s: State, t: State, i: int, j: int, n: int) -> bool:
    """One entry (n = 1) or a heartbeat (n = 0)."""
    following = s.nextIndex[i, j]
    if s.role[i] != Leader or i == j or following <= s.snapshotIndex[i]:
        return False
    if n == 1 and following > LastIndex(s, i):
        return False
    t.messages.add(
        AppendEntriesRequest(
            source=i,
            dest=j,
            term=s.currentTerm[i],
            prevLogIndex=following - 1,
            prevLogTerm=TermAt(s, i, following - 1),
            entryTerm=s.log.term[i, following] if n == 1 else 0,
            entryWrite=s.log.write[i, following] if n == 1 else Nil,
            commitIndex=s.commitIndex[i],
            age=0,
            reads=[1 if WaitsAt(s, i, q) else 0 for q in Read],
        )
    )
    return True


def AppendEntry(s: State, t: State, i: int, m: Message) -> None:
    """The log of i after the entry of m, which follows m.prevLogIndex: the spec's LogAfter."""
    k = m.prevLogIndex + 1
    if EntryCount(m) == 0 or k <= s.snapshotIndex[i]:
        return
    length = s.log.length[i]
    if k <= length and not EntryConflicts(s, i, k, m):
        return
    k = min(k, length + 1)
    t.log.length[i] = k
    t.log.term[i, k] = m.entryTerm
    t.log.write[i, k] = m.entryWrite
    for beyond in range(k + 1, length + 1):
        t.log.term[i, beyond] = 0
        t.log.write[i, beyond] = Nil


def HandleAppendEntriesRequest(s: State, t: State, m: Message) -> bool:
    i = m.dest
    if HigherTerm(s, i, m):
        return False
    success, index, age = 0, 0, LeaseTicks
    if not StaleAppendEntriesRequest(s, i, m):
        FollowLeader(s, t, i, m)
        if LogMatches(s, i, m):
            success, index, age = 1, m.prevLogIndex + EntryCount(m), m.age
            AppendEntry(s, t, i, m)
            t.commitIndex[i] = max(s.commitIndex[i], FollowerCommit(s, m))
            RecordAck(t, i, m, index)
    t.messages.discard(m)
    t.messages.add(
        AppendEntriesResponse(
            source=i,
            dest=m.source,
            term=AnswerTerm(s, i, m),
            success=success,
            index=index,
            age=age,
            reads=[m.reads[q] if success == 1 else 0 for q in Read],
        )
    )
    return True


def HandleAppendEntriesResponse(s: State, t: State, m: Message) -> bool:
    i = m.dest
    if HigherTerm(s, i, m) or not CurrentAppendEntriesResponse(s, i, m):
        return False
    j = m.source
    if s.role[i] == Leader:
        if m.success == 1:
            CountAck(s, t, i, j, m.index, m)
            ConfirmReads(s, t, i, m)
        else:
            t.nextIndex[i, j] = max(s.nextIndex[i, j] - 1, s.matchIndex[i, j] + 1)
            t.ackAge[i, j] = AgeAfterRejection(s, i, m)
    t.messages.discard(m)
    return True


def AdvanceCommitIndex(s: State, t: State, i: int) -> bool:
    if s.role[i] != Leader:
        return False
    last = 0
    for k in range(s.commitIndex[i] + 1, LastIndex(s, i) + 1):
        if CommitQuorum(s, i, k) and CommittableTerm(s, i, k):
            last = k
    if last == 0:
        return False
    t.commitIndex[i] = last
    RecordCommits(s, t, i, last)
    return True


# Snapshots


def TakeSnapshot(s: State, t: State, i: int) -> bool:
    if not Snapshots or s.commitIndex[i] <= s.snapshotIndex[i]:
        return False
    t.snapshotIndex[i] = s.commitIndex[i]
    t.snapshotTerm[i] = TermAt(s, i, s.commitIndex[i])
    return True


def InstallSnapshot(s: State, t: State, i: int, j: int) -> bool:
    """Only when the entry that the peer needs next is gone into the snapshot."""
    last = min(s.snapshotIndex[i], LastIndex(s, i))
    if s.role[i] != Leader or i == j or s.nextIndex[i, j] > s.snapshotIndex[i]:
        return False
    t.messages.add(
        InstallSnapshotRequest(
            source=i,
            dest=j,
            term=s.currentTerm[i],
            lastIndex=s.snapshotIndex[i],
            lastTerm=s.snapshotTerm[i],
            contentTerm=[s.log.term[i, k] if k <= last else 0 for k in LogIndex],
            contentWrite=[s.log.write[i, k] if k <= last else Nil for k in LogIndex],
            age=0,
        )
    )
    return True


def ReplaceLog(s: State, t: State, i: int, m: Message) -> None:
    """The log of i becomes the snapshot's content, and what it retains behind."""
    content = 0
    for k in LogIndex:
        if m.contentWrite[k] != Nil:
            content = k
    retained = max(s.log.length[i] - m.lastIndex, 0) if RetainsSuffix(s, i, m) else 0
    t.log.length[i] = content + retained
    for k in LogIndex:
        if k <= content:
            t.log.term[i, k] = m.contentTerm[k]
            t.log.write[i, k] = m.contentWrite[k]
        elif k <= content + retained:
            t.log.term[i, k] = s.log.term[i, m.lastIndex + k - content]
            t.log.write[i, k] = s.log.write[i, m.lastIndex + k - content]
        else:
            t.log.term[i, k] = 0
            t.log.write[i, k] = Nil
    t.commitIndex[i] = m.lastIndex
    t.snapshotIndex[i] = m.lastIndex
    t.snapshotTerm[i] = m.lastTerm


def HandleInstallSnapshotRequest(s: State, t: State, m: Message) -> bool:
    i = m.dest
    if HigherTerm(s, i, m):
        return False
    index, age = 0, LeaseTicks
    if not StaleInstallSnapshotRequest(s, i, m):
        index, age = m.lastIndex, m.age
        FollowLeader(s, t, i, m)
        RecordAck(t, i, m, index)
        if m.lastIndex > s.commitIndex[i]:
            ReplaceLog(s, t, i, m)
    t.messages.discard(m)
    t.messages.add(
        InstallSnapshotResponse(source=i, dest=m.source, term=AnswerTerm(s, i, m), index=index, age=age)
    )
    return True


def HandleInstallSnapshotResponse(s: State, t: State, m: Message) -> bool:
    i = m.dest
    if HigherTerm(s, i, m) or not CurrentInstallSnapshotResponse(s, i, m):
        return False
    if s.role[i] == Leader and m.index > 0:
        CountAck(s, t, i, m.source, m.index, m)
    t.messages.discard(m)
    return True


# Fencing


def UpdateTerm(s: State, t: State, m: Message) -> bool:
    """The message stays in flight: it is handled in the new term, by a step of its own."""
    i = m.dest
    if not HigherTerm(s, i, m):
        return False
    BecomeFollower(s, t, i, m.term, HigherTermSeen)
    t.currentTerm[i] = m.term
    t.votedFor[i] = Nil
    t.leaderHint[i] = HintAfterStepDown(s, i, m)
    if not HandledAfterUpdate(s, m):
        t.messages.discard(m)
    return True


def DropStaleResponse(s: State, t: State, m: Message) -> bool:
    if IsRequest(m) or m.term >= s.currentTerm[m.dest]:
        return False
    t.messages.discard(m)
    return True
