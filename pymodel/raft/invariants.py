"""The state invariants of the spec, in its order and under its names.

Each returns as soon as a claim fails, so that its local variables then name the witness: i, j are
servers, k an index, w a write, m and r messages.
"""

from __future__ import annotations

from pymodel.raft.guards import IsQuorum, LastIndex, LeaseValid
from pymodel.raft.names import (
    Candidate,
    CurrentLeader,
    ElectionTicks,
    ElectionTimeout,
    Follower,
    HigherTermSeen,
    History,
    Leader,
    LeaseExpired,
    LeaseTicks,
    LogIndex,
    Nil,
    Ok,
    Read,
    ReadServed,
    Redirected,
    Rejected,
    Restarted,
    Server,
    Start,
    State,
    Term,
    TransferTold,
    WonElection,
    Write,
)

# Helpers


def SameEntry(s: State, i: int, j: int, k: int) -> bool:
    return s.log.term[i, k] == s.log.term[j, k] and s.log.write[i, k] == s.log.write[j, k]


def HoldsCommitted(s: State, i: int, k: int) -> bool:
    """Whether log[i][k] is what was first committed at k."""
    return (
        k <= LastIndex(s, i)
        and k <= s.commits.length
        and s.log.term[i, k] == s.commits.term[k]
        and s.log.write[i, k] == s.commits.write[k]
    )


def AllowedTransition(old: int, new: int, grows: bool, reason: int) -> bool:
    """The rows of the spec's TransitionTable."""
    if reason == ElectionTimeout:
        return old != Leader and new == Candidate and grows
    if reason == TransferTold:
        return old == Follower and new == Candidate and grows
    if reason == WonElection:
        return old == Candidate and new == Leader and not grows
    if new != Follower:
        return False
    if reason == CurrentLeader:
        return old == Candidate and not grows
    if reason == HigherTermSeen:
        return old != Follower and grows
    if reason == LeaseExpired:
        return old == Leader and not grows
    return reason == Restarted and not grows


# State invariants


def TypeOK(s: State) -> bool:
    """What the packed layout does not already enforce: every other type is a declared range."""
    for m in s.messages:
        if m.source == m.dest:
            return False
    return True


def ElectionSafety(s: State) -> bool:
    for term in Term:
        for i in Server:
            for j in Server:
                if i < j and s.elections[term, i] == 1 and s.elections[term, j] == 1:
                    return False
    return True


def LogMatching(s: State) -> bool:
    for i in Server:
        for j in Server:
            if i < j:
                agree = True
                for k in range(1, min(LastIndex(s, i), LastIndex(s, j)) + 1):
                    agree = agree and SameEntry(s, i, j, k)
                    if s.log.term[i, k] == s.log.term[j, k] and not agree:
                        return False
    return True


def StateMachineSafety(s: State) -> bool:
    for i in Server:
        for k in range(1, s.commitIndex[i] + 1):
            if not HoldsCommitted(s, i, k):
                return False
    return True


def LeaderCompleteness(s: State) -> bool:
    for k in range(1, s.commits.length + 1):
        for i in Server:
            if s.role[i] == Leader and s.currentTerm[i] > s.commits.commitTerm[k]:
                if not HoldsCommitted(s, i, k):
                    return False
    return True


def CommittedOnQuorum(s: State) -> bool:
    for k in range(1, s.commits.length + 1):
        holders = 0
        for i in Server:
            if HoldsCommitted(s, i, k):
                holders += 1
        if not IsQuorum(s, holders):
            return False
    return True


def AckedAtLeast(s: State, term: int, j: int, index: int) -> bool:
    for k in range(index, len(LogIndex) + 1):
        if s.acks[term, j, k] == 1:
            return True
    return False


def QuorumAckSound(s: State) -> bool:
    if "acks" not in History:
        return False
    for i in Server:
        for j in Server:
            if s.role[i] == Leader and s.matchIndex[i, j] > 0:
                if not AckedAtLeast(s, s.currentTerm[i], j, s.matchIndex[i, j]):
                    return False
    return True


def MatchIndexSound(s: State) -> bool:
    for i in Server:
        for j in Server:
            if s.role[i] == Leader and i != j and s.currentTerm[j] == s.currentTerm[i]:
                if s.matchIndex[i, j] > min(LastIndex(s, i), LastIndex(s, j)):
                    return False
                for k in range(1, s.matchIndex[i, j] + 1):
                    if not SameEntry(s, i, j, k):
                        return False
    return True


def TermBounds(s: State) -> bool:
    for m in s.messages:
        if m.term > s.currentTerm[m.source]:
            return False
    for i in Server:
        for term in Term:
            if s.elections[term, i] == 1 and term > s.currentTerm[i]:
                return False
        for k in range(1, LastIndex(s, i) + 1):
            if s.log.term[i, k] > s.currentTerm[i]:
                return False
            if k > 1 and s.log.term[i, k - 1] > s.log.term[i, k]:
                return False
    return True


def IsCommitted(s: State, w: int) -> bool:
    for k in range(1, s.commits.length + 1):
        if s.commits.write[k] == w:
            return True
    return False


def OkIsChosen(s: State) -> bool:
    for w in Write:
        if s.client[w] == Ok and not IsCommitted(s, w):
            return False
    return True


def DefiniteFailNeverCommits(s: State) -> bool:
    for w in Write:
        if s.client[w] in (Redirected, Rejected) and IsCommitted(s, w):
            return False
    return True


def LinearizableRead(s: State) -> bool:
    for q in Read:
        if s.reads.status[q] == ReadServed:
            if s.reads.index[q] < s.reads.floor[q] or s.reads.index[q] > s.commits.length:
                return False
    return True


def LeaseImpliesPromise(s: State) -> bool:
    for i in Server:
        for j in Server:
            if s.role[i] == Leader and i != j and s.ackAge[i, j] < LeaseTicks:
                if s.electionElapsed[j] >= ElectionTicks:
                    return False
    return True


def LeaseExclusion(s: State) -> bool:
    for i in Server:
        if LeaseValid(s, i):
            for j in Server:
                if s.role[j] == Leader and s.currentTerm[j] > s.currentTerm[i]:
                    return False
    return True


def LedBy(s: State, j: int, term: int) -> bool:
    """Whether j won the election of `term` or an earlier one."""
    for earlier in Term:
        if earlier <= term and s.elections[earlier, j] == 1:
            return True
    return False


def RedirectSound(s: State) -> bool:
    for i in Server:
        j = s.leaderHint[i]
        if j != Nil:
            if j == i:
                return False
            if not LedBy(s, j, s.currentTerm[i]):
                return False
    return True


def AuditFaithful(s: State) -> bool:
    if "audit" not in History:
        return False
    for i in Server:
        oldTerm = s.audit.oldTerm[i]
        newTerm = s.audit.newTerm[i]
        if s.audit.newRole[i] != s.role[i]:
            return False
        if oldTerm > newTerm or newTerm > s.currentTerm[i]:
            return False
        if s.role[i] != Follower and newTerm != s.currentTerm[i]:
            return False
        reason = s.audit.reason[i]
        if reason != Start:
            if not AllowedTransition(s.audit.oldRole[i], s.role[i], oldTerm < newTerm, reason):
                return False
    return True


INVARIANTS = (
    TypeOK,
    ElectionSafety,
    LogMatching,
    StateMachineSafety,
    LeaderCompleteness,
    CommittedOnQuorum,
    QuorumAckSound,
    MatchIndexSound,
    TermBounds,
    OkIsChosen,
    DefiniteFailNeverCommits,
    LinearizableRead,
    LeaseImpliesPromise,
    LeaseExclusion,
    RedirectSound,
    AuditFaithful,
)
