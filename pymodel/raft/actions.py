"""The actions of the spec, one function each, in the order of its Next: guards first, then effects.

`s` is the state before, `t` its copy that becomes the state after. An action returns whether it is
enabled, and leaves `t` alone if not. Steps shared by actions come first, as in the spec.
"""

from __future__ import annotations

from pymodel.raft.guards import (
    AcceptsWrites,
    AckAgeAtElection,
    CandidateLogUpToDate,
    CarriesAge,
    CommittableTerm,
    CurrentAppendEntriesResponse,
    CurrentInstallSnapshotResponse,
    CurrentRequestVoteResponse,
    ElapsedAfterRestart,
    ElectionTimeoutElapsed,
    EntryConflicts,
    FollowerCommit,
    HasQuorumContact,
    HigherTerm,
    IsPendingAt,
    IsQuorum,
    IsRequest,
    LastIndex,
    LastTerm,
    LeaseHolder,
    LeaseValid,
    LogMatches,
    OutcomeAtAppend,
    OutcomeAtStepDown,
    RenewedAge,
    RetainsSuffix,
    StaleAppendEntriesRequest,
    StaleInstallSnapshotRequest,
    StaleRequestVoteRequest,
    TermAfterRestart,
    TermAt,
    VoteAfterRestart,
    VoteAfterStepDown,
    VoteAvailable,
    WithholdsVote,
)
from pymodel.raft.names import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Candidate,
    ClockSkew,
    CurrentLeader,
    ElectionTicks,
    ElectionTimeout,
    Faults,
    Follower,
    HigherTermSeen,
    History,
    Idle,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Leader,
    LeaseExpired,
    LeasePolicy,
    LeaseTicks,
    LogIndex,
    Message,
    Nil,
    Ok,
    Redirected,
    Rejected,
    RequestVoteRequest,
    RequestVoteResponse,
    Restarted,
    Server,
    Snapshots,
    State,
    WonElection,
    Write,
)


def Init(t: State) -> None:
    """Every variable starts at its layout's default but ackAge."""
    for i in Server:
        for j in Server:
            t.ackAge[i, j] = LeaseTicks


# Steps shared by actions


def Record(s: State, t: State, i: int, newRole: int, newTerm: int, reason: int) -> None:
    """Write i's role transition log. Time is the order of the steps: the model has no wall clock."""
    if "audit" in History:
        t.audit.oldRole[i] = s.role[i]
        t.audit.newRole[i] = newRole
        t.audit.oldTerm[i] = s.currentTerm[i]
        t.audit.newTerm[i] = newTerm
        t.audit.reason[i] = reason


def BecomeFollower(s: State, t: State, i: int, term: int, reason: int) -> None:
    """i goes on as a follower in `term`; its unanswered writes end Unknown."""
    t.role[i] = Follower
    for j in Server:
        t.votesGranted[i, j] = 0
        t.matchIndex[i, j] = 0
        t.nextIndex[i, j] = 1
        t.ackAge[i, j] = LeaseTicks
    if s.role[i] == Leader:
        for w in Write:
            if IsPendingAt(s, i, w):
                t.client[w] = OutcomeAtStepDown(s)
    if s.role[i] != Follower or reason == Restarted:
        Record(s, t, i, Follower, term, reason)


def FollowLeader(s: State, t: State, i: int, m: Message) -> None:
    """i accepts m.source as the leader of its current term, and promises it ElectionTicks without a vote."""
    BecomeFollower(s, t, i, s.currentTerm[i], CurrentLeader)
    if s.role[i] != Follower:
        t.votedFor[i] = VoteAfterStepDown(s, i)
    t.leaderHint[i] = m.source
    t.electionElapsed[i] = 0


def CountAck(s: State, t: State, i: int, j: int, index: int, m: Message) -> None:
    """Leader i learns from m that j holds its log up to `index`."""
    match = max(s.matchIndex[i, j], index)
    t.matchIndex[i, j] = match
    t.nextIndex[i, j] = match + 1
    t.ackAge[i, j] = min(s.ackAge[i, j], RenewedAge(s, m))


def RecordAck(t: State, i: int, m: Message, index: int) -> None:
    if "acks" in History and index > 0:
        t.acks[m.term, i, index] = 1


# Elections


def Timeout(s: State, t: State, i: int) -> bool:
    if s.role[i] == Leader or not ElectionTimeoutElapsed(s, i):
        return False
    t.currentTerm[i] = s.currentTerm[i] + 1
    t.role[i] = Candidate
    t.votedFor[i] = i
    for j in Server:
        t.votesGranted[i, j] = 1 if j == i else 0
    t.leaderHint[i] = Nil
    Record(s, t, i, Candidate, s.currentTerm[i] + 1, ElectionTimeout)
    return True


def RequestVote(s: State, t: State, i: int, j: int) -> bool:
    if s.role[i] != Candidate or s.votesGranted[i, j] == 1:
        return False
    t.messages.add(
        RequestVoteRequest(
            source=i, dest=j, term=s.currentTerm[i], lastLogIndex=LastIndex(s, i), lastLogTerm=LastTerm(s, i)
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
        and not WithholdsVote(s, i)
    )
    if granted:
        t.votedFor[i] = m.source
    t.messages.discard(m)
    t.messages.add(
        RequestVoteResponse(source=i, dest=m.source, term=s.currentTerm[i], granted=1 if granted else 0)
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
    for j in Server:
        t.votesGranted[i, j] = 0
        t.nextIndex[i, j] = LastIndex(s, i) + 1
        t.ackAge[i, j] = AckAgeAtElection(s)
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
        )
    )
    return True


def AppendEntry(s: State, t: State, i: int, m: Message) -> None:
    """The log of i after the entry of m, which follows m.prevLogIndex: the spec's LogAfter."""
    k = m.prevLogIndex + 1
    if m.entryTerm == 0 or k <= s.snapshotIndex[i]:
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
            success, index, age = 1, m.prevLogIndex + (1 if m.entryTerm > 0 else 0), m.age
            AppendEntry(s, t, i, m)
            t.commitIndex[i] = max(s.commitIndex[i], FollowerCommit(s, m))
            RecordAck(t, i, m, index)
    t.messages.discard(m)
    t.messages.add(
        AppendEntriesResponse(
            source=i, dest=m.source, term=s.currentTerm[i], success=success, index=index, age=age
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
        else:
            t.nextIndex[i, j] = max(s.nextIndex[i, j] - 1, s.matchIndex[i, j] + 1)
    t.messages.discard(m)
    return True


def HolderCount(s: State, i: int, k: int) -> int:
    """How many servers hold leader i's log up to k, as far as it knows: the size of Holders(i, k)."""
    count = 1
    for j in Server:
        if j != i and s.matchIndex[i, j] >= k:
            count += 1
    return count


def AdvanceCommitIndex(s: State, t: State, i: int) -> bool:
    if s.role[i] != Leader:
        return False
    last = 0
    for k in range(s.commitIndex[i] + 1, LastIndex(s, i) + 1):
        if IsQuorum(s, HolderCount(s, i, k)) and CommittableTerm(s, i, k):
            last = k
    if last == 0:
        return False
    t.commitIndex[i] = last
    t.commits.length = max(last, s.commits.length)
    for k in range(1, last + 1):
        if k > s.commits.length:
            t.commits.term[k] = s.log.term[i, k]
            t.commits.write[k] = s.log.write[i, k]
            t.commits.commitTerm[k] = s.currentTerm[i]
        else:
            t.commits.commitTerm[k] = min(s.commits.commitTerm[k], s.currentTerm[i])
        if IsPendingAt(s, i, s.log.write[i, k]):
            t.client[s.log.write[i, k]] = Ok
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
    length = s.log.length[i]
    kept = length if RetainsSuffix(s, i, m) and length > m.lastIndex else m.lastIndex
    t.log.length[i] = kept
    for k in LogIndex:
        if k <= m.lastIndex:
            t.log.term[i, k] = m.contentTerm[k]
            t.log.write[i, k] = m.contentWrite[k]
        elif k > kept:
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
        InstallSnapshotResponse(source=i, dest=m.source, term=s.currentTerm[i], index=index, age=age)
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
    t.leaderHint[i] = Nil
    return True


def DropStaleResponse(s: State, t: State, m: Message) -> bool:
    if IsRequest(m) or m.term >= s.currentTerm[m.dest]:
        return False
    t.messages.discard(m)
    return True


# Client writes


def AcceptWrite(s: State, t: State, i: int, w: int) -> bool:
    if s.client[w] != Idle or not AcceptsWrites(s, i) or not HasQuorumContact(s, i):
        return False
    k = LastIndex(s, i) + 1
    t.log.length[i] = k
    t.log.term[i, k] = s.currentTerm[i]
    t.log.write[i, k] = w
    t.client[w] = OutcomeAtAppend(s)
    return True


def RedirectWrite(s: State, t: State, i: int, w: int) -> bool:
    if s.client[w] != Idle or s.role[i] == Leader:
        return False
    t.client[w] = Redirected
    return True


def RejectWrite(s: State, t: State, i: int, w: int) -> bool:
    if s.client[w] != Idle or s.role[i] != Leader or HasQuorumContact(s, i):
        return False
    t.client[w] = Rejected
    return True


# Lease and time


def AdvanceClock(s: State, t: State, i: int) -> None:
    t.electionElapsed[i] = min(s.electionElapsed[i] + 1, ElectionTicks)
    for j in Server:
        t.ackAge[i, j] = min(s.ackAge[i, j] + 1, LeaseTicks)


def Tick(s: State, t: State, i: int) -> bool:
    """One clock moves; without skew the clocks are one clock. A model without timeouts has none."""
    if ElectionTicks + LeaseTicks == 0:
        return False
    if ClockSkew == 0:
        for k in Server:
            AdvanceClock(s, t, k)
    else:
        if s.skew[i] >= ClockSkew:
            return False
        lowest = s.skew[i] + 1
        for k in Server:
            if k != i:
                lowest = min(lowest, s.skew[k])
        for k in Server:
            t.skew[k] = s.skew[k] + (1 if k == i else 0) - lowest
        AdvanceClock(s, t, i)
    t.messages.clear()
    for m in s.messages:
        if CarriesAge(m) and (ClockSkew == 0 or LeaseHolder(m) == i):
            t.messages.add(m._replace(age=min(m.age + 1, LeaseTicks)))
        else:
            t.messages.add(m)
    return True


def LeaseExpire(s: State, t: State, i: int) -> bool:
    if LeasePolicy == "None" or s.role[i] != Leader or LeaseValid(s, i):
        return False
    BecomeFollower(s, t, i, s.currentTerm[i], LeaseExpired)
    t.votedFor[i] = VoteAfterStepDown(s, i)
    return True


# Faults


def Restart(s: State, t: State, i: int) -> bool:
    if "restart" not in Faults:
        return False
    BecomeFollower(s, t, i, TermAfterRestart(s, i), Restarted)
    t.currentTerm[i] = TermAfterRestart(s, i)
    t.votedFor[i] = VoteAfterRestart(s, i)
    t.leaderHint[i] = Nil
    t.commitIndex[i] = s.snapshotIndex[i]
    t.electionElapsed[i] = ElapsedAfterRestart(s, i)
    return True


def DropMessage(s: State, t: State, m: Message) -> bool:
    if "loss" not in Faults:
        return False
    t.messages.discard(m)
    return True
