"""The action properties of the spec, in its order and under its names.

Each returns as soon as a claim fails, so that its local variables then name the witness: i, j are
servers, k an index, w a write, m and r messages.
"""

from __future__ import annotations

from pymodel.raft.guards import (
    CarriesAge,
    IsQuorum,
    IsRequest,
    LastIndex,
    PreVoteCount,
    RecentContacts,
)
from pymodel.raft.invariants import AllowedTransition
from pymodel.raft.names import (
    AppendEntriesResponse,
    Candidate,
    ElectionTicks,
    ElectionTimeout,
    Faults,
    Features,
    History,
    Idle,
    InstallSnapshotResponse,
    Leader,
    LeasePolicy,
    LeaseTicks,
    LogIndex,
    Message,
    Nil,
    NoTransfer,
    Ok,
    Pending,
    PreVoteRequest,
    PreVoteResponse,
    Redirected,
    Rejected,
    RequestVoteResponse,
    Server,
    State,
    TimeoutNow,
    TransferCampaign,
    TransferTold,
    Unknown,
    Write,
)

# Action properties


def IsConsumed(s: State, t: State, m: Message) -> bool:
    """Whether the step took m from the network. One that only grew older is still in flight."""
    if m in t.messages:
        return False
    if CarriesAge(m):
        return m._replace(age=min(m.age + 1, LeaseTicks)) not in t.messages
    return True


def TermMonotonic(s: State, t: State) -> bool:
    for i in Server:
        if t.currentTerm[i] < s.currentTerm[i]:
            return False
    return True


def VoteStable(s: State, t: State) -> bool:
    for i in Server:
        if t.votedFor[i] != s.votedFor[i] and s.votedFor[i] != Nil and t.currentTerm[i] <= s.currentTerm[i]:
            return False
    return True


def IsRejection(r: Message) -> bool:
    if r.type in (PreVoteResponse, RequestVoteResponse):
        return r.granted == 0
    if r.type == AppendEntriesResponse:
        return r.success == 0
    return r.type != InstallSnapshotResponse or r.index == 0


def NoAckToStale(s: State, t: State) -> bool:
    for m in s.messages:
        if IsRequest(m) and m.term < s.currentTerm[m.dest] and IsConsumed(s, t, m):
            for r in t.messages:
                if r.source == m.dest and r not in s.messages:
                    if r.term != s.currentTerm[m.dest] or not IsRejection(r):
                        return False
    return True


def SameLog(s: State, t: State, i: int) -> bool:
    if s.log.length[i] != t.log.length[i]:
        return False
    for k in LogIndex:
        if s.log.term[i, k] != t.log.term[i, k] or s.log.write[i, k] != t.log.write[i, k]:
            return False
    return True


def StaleFrame(s: State, t: State) -> bool:
    for m in s.messages:
        if IsRequest(m) and m.term < s.currentTerm[m.dest] and IsConsumed(s, t, m):
            i = m.dest
            if t.currentTerm[i] != s.currentTerm[i] or t.role[i] != s.role[i]:
                return False
            if t.votedFor[i] != s.votedFor[i] or t.leaderHint[i] != s.leaderHint[i]:
                return False
            if t.electionElapsed[i] != s.electionElapsed[i]:
                return False
            if t.commitIndex[i] != s.commitIndex[i] or t.snapshotIndex[i] != s.snapshotIndex[i]:
                return False
            if not SameLog(s, t, i):
                return False
    return True


def NoStaleResponseUsed(s: State, t: State) -> bool:
    for m in s.messages:
        if not IsRequest(m) and m.term < s.currentTerm[m.dest] and IsConsumed(s, t, m):
            i = m.dest
            for j in Server:
                if "pre_vote" in Features and t.preVotes[i, j] != s.preVotes[i, j]:
                    return False
                if t.votesGranted[i, j] != s.votesGranted[i, j] or t.ackAge[i, j] != s.ackAge[i, j]:
                    return False
                if t.matchIndex[i, j] != s.matchIndex[i, j] or t.nextIndex[i, j] != s.nextIndex[i, j]:
                    return False
    return True


def IsAnswered(t: State, m: Message) -> bool:
    for r in t.messages:
        if not IsRequest(r) and r.source == m.dest and r.dest == m.source:
            return True
    return False


def RequestsAnswered(s: State, t: State) -> bool:
    if "loss" in Faults:
        return True
    for m in s.messages:
        if IsRequest(m) and m.type != TimeoutNow and IsConsumed(s, t, m) and not IsAnswered(t, m):
            return False
    return True


def PreVoteFrame(s: State, t: State) -> bool:
    for m in s.messages:
        if m.type == PreVoteRequest and IsConsumed(s, t, m):
            i = m.dest
            if t.currentTerm[i] != s.currentTerm[i] or t.role[i] != s.role[i]:
                return False
            if t.votedFor[i] != s.votedFor[i] or t.leaderHint[i] != s.leaderHint[i]:
                return False
            if t.electionElapsed[i] != s.electionElapsed[i]:
                return False
    return True


def PreVoteUndisturbing(s: State, t: State) -> bool:
    for r in t.messages:
        if r.type == PreVoteResponse and r.granted == 1 and r not in s.messages:
            if s.role[r.source] == Leader or s.electionElapsed[r.source] < ElectionTicks:
                return False
    return True


def CampaignBacked(s: State, t: State) -> bool:
    for i in Server:
        if "pre_vote" in Features and t.role[i] == Candidate and t.currentTerm[i] > s.currentTerm[i]:
            told = "transfer" in Features and t.transfer[i] == TransferCampaign
            if not told and not IsQuorum(s, PreVoteCount(s, i)):
                return False
    return True


def KeepsPrefix(s: State, t: State, i: int, length: int) -> bool:
    """Whether the first `length` entries of log[i], or all if it has fewer, are still there."""
    for k in range(1, min(length, LastIndex(s, i)) + 1):
        if s.log.term[i, k] != t.log.term[i, k] or s.log.write[i, k] != t.log.write[i, k]:
            return False
    return True


def LeaderAppendOnly(s: State, t: State) -> bool:
    for i in Server:
        if s.role[i] == Leader and t.role[i] == Leader and not KeepsPrefix(s, t, i, LastIndex(s, i)):
            return False
    return True


def CommittedPrefixStable(s: State, t: State) -> bool:
    for i in Server:
        if not KeepsPrefix(s, t, i, s.commitIndex[i]):
            return False
    return True


def CommitOnlyCurrentTerm(s: State, t: State) -> bool:
    for i in Server:
        if s.role[i] == Leader and t.commitIndex[i] > s.commitIndex[i]:
            k = t.commitIndex[i]
            if s.log.term[i, k] != s.currentTerm[i]:
                return False
    return True


def RecordsStep(s: State, t: State, i: int) -> bool:
    """Whether the new audit record is that of this step of i."""
    return (
        t.audit.oldRole[i] == s.role[i]
        and t.audit.newRole[i] == t.role[i]
        and t.audit.oldTerm[i] == s.currentTerm[i]
        and t.audit.newTerm[i] == t.currentTerm[i]
    )


def AllowedForSomeReason(old: int, new: int, grows: bool) -> bool:
    for reason in range(ElectionTimeout, TransferTold + 1):
        if AllowedTransition(old, new, grows, reason):
            return True
    return False


def LegalTransition(s: State, t: State) -> bool:
    for i in Server:
        if t.role[i] != s.role[i]:
            grows = t.currentTerm[i] > s.currentTerm[i]
            if "audit" in History:
                if not RecordsStep(s, t, i):
                    return False
                if not AllowedTransition(s.role[i], t.role[i], grows, t.audit.reason[i]):
                    return False
            elif not AllowedForSomeReason(s.role[i], t.role[i], grows):
                return False
    return True


def AcceptsAt(s: State, t: State, i: int) -> bool:
    """Whether i, a leader in contact with a quorum if leases count, appended an entry in this step."""
    if s.role[i] != Leader or LastIndex(t, i) <= LastIndex(s, i):
        return False
    if "transfer" in Features and s.transfer[i] != NoTransfer:
        return LeasePolicy == "None"
    return LeasePolicy == "None" or IsQuorum(s, RecentContacts(s, i))


def AcceptsSomewhere(s: State, t: State) -> bool:
    for i in Server:
        if AcceptsAt(s, t, i):
            return True
    return False


def ClientOutcome(s: State, t: State) -> bool:
    for w in Write:
        if t.client[w] != s.client[w]:
            if s.client[w] == Idle and t.client[w] == Pending:
                if not AcceptsSomewhere(s, t):
                    return False
            elif s.client[w] == Idle:
                if t.client[w] not in (Redirected, Rejected):
                    return False
            elif s.client[w] != Pending or t.client[w] not in (Ok, Unknown):
                return False
    return True


PROPERTIES = (
    TermMonotonic,
    VoteStable,
    NoAckToStale,
    StaleFrame,
    NoStaleResponseUsed,
    RequestsAnswered,
    PreVoteFrame,
    PreVoteUndisturbing,
    CampaignBacked,
    LeaderAppendOnly,
    CommittedPrefixStable,
    CommitOnlyCurrentTerm,
    LegalTransition,
    ClientOutcome,
)
