"""The named guards of the spec: each is one reason why the system is safe.

A cfg swaps one by name (`StaleAppendEntriesRequest <- False2`). Why each is there is said in the
spec, at the operator of the same name. Helpers come first, as there.
"""

from __future__ import annotations

from pymodel.raft.names import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    ElectionTicks,
    Features,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Leader,
    LeasePolicy,
    LeaseTicks,
    Message,
    Nil,
    NoTransfer,
    Outcome,
    Pending,
    Position,
    PreVoteRequest,
    ReadWaiting,
    Reason,
    RequestVoteRequest,
    Server,
    ServerId,
    Stage,
    State,
    TermNumber,
    Ticks,
    TimeoutNow,
    TransferAborted,
    TransferUnderWay,
    Unknown,
)


def LastIndex(s: State, i: int) -> int:
    return s.log.length[i]


def TermAt(s: State, i: int, k: int) -> int:
    if k == 0 or k > s.log.length[i]:
        return 0
    return s.snapshotTerm[i] if k == s.snapshotIndex[i] else s.log.term[i, k]


def LastTerm(s: State, i: int) -> int:
    return TermAt(s, i, s.log.length[i])


def IsRequest(m: Message) -> bool:
    return m.type in (
        PreVoteRequest,
        RequestVoteRequest,
        AppendEntriesRequest,
        InstallSnapshotRequest,
        TimeoutNow,
    )


def EntryCount(m: Message) -> int:
    """The spec's Len(m.entries)."""
    return 1 if m.entryWrite != Nil else 0


def CarriesAge(m: Message) -> bool:
    """Whether m's age counts ticks: only where an age begins with the sending of a request."""
    return LeasePolicy in ("SendTime", "None") and m.type in (
        AppendEntriesRequest,
        AppendEntriesResponse,
        InstallSnapshotRequest,
        InstallSnapshotResponse,
    )


def LeaseHolder(m: Message) -> int:
    return m.source if IsRequest(m) else m.dest


def RecentContacts(s: State, i: int) -> int:
    """How many gave an acknowledgement that is less than LeaseTicks old, i itself among them."""
    contacts = 1
    for j in Server:
        if j != i and s.ackAge[i, j] < LeaseTicks:
            contacts += 1
    return contacts


def IsPendingAt(s: State, i: int, w: int) -> bool:
    """Whether i accepted w as the leader of its current term and has not answered: w in PendingAt(i)."""
    if s.client[w] != Pending or s.role[i] != Leader:
        return False
    for k in range(1, s.log.length[i] + 1):
        if s.log.term[i, k] == s.currentTerm[i] and s.log.write[i, k] == w:
            return True
    return False


def HolderCount(s: State, i: int, k: int) -> int:
    """How many servers hold leader i's log up to k, as far as it knows: the size of Holders(i, k)."""
    count = 1
    for j in Server:
        if j != i and s.matchIndex[i, j] >= k:
            count += 1
    return count


def WaitsAt(s: State, i: int, q: int) -> bool:
    return s.reads.status[q] == ReadWaiting and s.reads.server[q] == i


def Transferring(s: State, i: int) -> bool:
    return "transfer" in Features and s.transfer[i] == TransferUnderWay


# Fencing


def HigherTerm(s: State, i: int, m: Message) -> bool:
    return m.term > s.currentTerm[i]


def StaleRequestVoteRequest(s: State, i: int, m: Message) -> bool:
    return m.term < s.currentTerm[i]


def StaleAppendEntriesRequest(s: State, i: int, m: Message) -> bool:
    return m.term < s.currentTerm[i]


def StaleInstallSnapshotRequest(s: State, i: int, m: Message) -> bool:
    return m.term < s.currentTerm[i]


def StalePreVoteRequest(s: State, i: int, m: Message) -> bool:
    return m.term < s.currentTerm[i]


def StaleTimeoutNow(s: State, i: int, m: Message) -> bool:
    return m.term < s.currentTerm[i]


def CurrentRequestVoteResponse(s: State, i: int, m: Message) -> bool:
    return m.term == s.currentTerm[i]


def CurrentAppendEntriesResponse(s: State, i: int, m: Message) -> bool:
    return m.term == s.currentTerm[i]


def CurrentInstallSnapshotResponse(s: State, i: int, m: Message) -> bool:
    return m.term == s.currentTerm[i]


def CurrentPreVoteResponse(s: State, i: int, m: Message) -> bool:
    return m.term == s.currentTerm[i]


def HandledAfterUpdate(s: State, m: Message) -> bool:
    return True


def AnswerTerm(s: State, i: int, m: Message) -> TermNumber:
    return s.currentTerm[i]


def HintAfterStepDown(s: State, i: int, m: Message) -> ServerId:
    return Nil


def AcceptsWrites(s: State, i: int) -> bool:
    return s.role[i] == Leader


def IsQuorum(s: State, count: int) -> bool:
    """The spec's IsQuorum over a set; the model counts its members instead."""
    return 2 * count > len(Server)


# Elections


def MayCampaign(s: State, i: int) -> bool:
    return s.role[i] != Leader


def ElectionTimeoutElapsed(s: State, i: int) -> bool:
    return s.electionElapsed[i] >= ElectionTicks


def AsksForVote(s: State, i: int, j: int) -> bool:
    return s.votesGranted[i, j] == 0


def VoteAvailable(s: State, i: int, m: Message) -> bool:
    return s.votedFor[i] in (Nil, m.source)


def CandidateLogUpToDate(s: State, i: int, m: Message) -> bool:
    last = LastTerm(s, i)
    return m.lastLogTerm > last or (m.lastLogTerm == last and m.lastLogIndex >= LastIndex(s, i))


def WithholdsVote(s: State, i: int) -> bool:
    return s.electionElapsed[i] < ElectionTicks


def VoteAfterStepDown(s: State, i: int) -> ServerId:
    return s.votedFor[i]


def OverridesWithholding(s: State, m: Message) -> bool:
    return m.override == 1


# Pre-votes


def WithholdsPreVote(s: State, i: int) -> bool:
    return s.role[i] == Leader or s.electionElapsed[i] < ElectionTicks


def TermAfterPreVote(s: State, i: int, m: Message) -> TermNumber:
    return s.currentTerm[i]


def PreVoteCount(s: State, i: int) -> int:
    count = 0
    for j in Server:
        count += s.preVotes[i, j]
    return count


def PreVoteWon(s: State, i: int) -> bool:
    return "pre_vote" not in Features or IsQuorum(s, PreVoteCount(s, i))


def HasVoteAtCampaign(s: State, i: int, j: int) -> bool:
    return j == i


# Leadership transfer


def LeaseYielded(s: State, i: int) -> bool:
    return "transfer" in Features and s.transfer[i] in (TransferUnderWay, TransferAborted)


def TransferTargetReady(s: State, i: int, j: int) -> bool:
    return s.matchIndex[i, j] == LastIndex(s, i)


def StageAfterTimeout(s: State, i: int) -> Stage:
    return NoTransfer


# Durability


def TermAfterRestart(s: State, i: int) -> TermNumber:
    return s.currentTerm[i]


def VoteAfterRestart(s: State, i: int) -> ServerId:
    return s.votedFor[i]


def ElapsedAfterRestart(s: State, i: int) -> Ticks:
    return 0


def CommitAfterRestart(s: State, i: int) -> Position:
    return s.snapshotIndex[i]


# Replication


def TermOfNewEntry(s: State, i: int) -> TermNumber:
    return s.currentTerm[i]


def AppendsAfter(s: State, i: int) -> Position:
    return LastIndex(s, i)


def LogMatches(s: State, i: int, m: Message) -> bool:
    if m.prevLogIndex <= s.snapshotIndex[i]:
        return m.prevLogIndex != s.snapshotIndex[i] or m.prevLogTerm == s.snapshotTerm[i]
    return m.prevLogIndex <= LastIndex(s, i) and m.prevLogTerm == TermAt(s, i, m.prevLogIndex)


def EntryConflicts(s: State, i: int, k: int, m: Message) -> bool:
    """The spec passes the entry, the model the message that carries it."""
    return s.log.term[i, k] != m.entryTerm


def FollowerCommit(s: State, m: Message) -> Position:
    return min(m.commitIndex, m.prevLogIndex + EntryCount(m))


def CommitQuorum(s: State, i: int, k: int) -> bool:
    return IsQuorum(s, HolderCount(s, i, k))


def CommittableTerm(s: State, i: int, k: int) -> bool:
    return s.log.term[i, k] == s.currentTerm[i]


def RetainsSuffix(s: State, i: int, m: Message) -> bool:
    return LastIndex(s, i) >= m.lastIndex and TermAt(s, i, m.lastIndex) == m.lastTerm


# Leases


def RenewedAge(s: State, m: Message) -> Ticks:
    return m.age if LeasePolicy in ("SendTime", "None") else 0


def AgeAfterRejection(s: State, i: int, m: Message) -> Ticks:
    return s.ackAge[i, m.source]


def AckAgeAtElection(s: State) -> Ticks:
    return LeaseTicks


def LeaseValid(s: State, i: int) -> bool:
    return s.role[i] == Leader and IsQuorum(s, RecentContacts(s, i)) and not LeaseYielded(s, i)


def HasQuorumContact(s: State, i: int) -> bool:
    return LeasePolicy == "None" or LeaseValid(s, i)


def SampleHasQuorum(s: State, i: int) -> bool:
    active = 1
    for j in Server:
        if j != i and s.ackAge[i, j] == 0:
            active += 1
    return IsQuorum(s, active)


# Reads


def ServesReads(s: State, i: int) -> bool:
    return s.role[i] == Leader


def CommittedInTerm(s: State, i: int) -> bool:
    return s.commitIndex[i] > 0 and TermAt(s, i, s.commitIndex[i]) == s.currentTerm[i]


def ReadLeaseValid(s: State, i: int) -> bool:
    return HasQuorumContact(s, i)


def ConfirmsRead(s: State, i: int, m: Message, q: int) -> bool:
    return m.reads[q] == 1


def ReadConfirmed(s: State, q: int) -> bool:
    count = 1
    for j in Server:
        if j != s.reads.server[q]:
            count += s.reads.confirmedBy[q, j]
    return IsQuorum(s, count)


# Client outcomes


def OutcomeAtAppend(s: State) -> Outcome:
    return Pending


def OutcomeAtStepDown(s: State) -> Outcome:
    return Unknown


# The role transition log


def RecordsTransition(s: State, i: int, reason: int) -> bool:
    return True


def TransitionReason(s: State, i: int, reason: int) -> Reason:
    return reason
