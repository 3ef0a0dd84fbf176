"""What several actions do, under the names of the spec's section "Steps shared by actions".

`s` is the state before, `t` the one after; each writes the part of `t` that its name says.
"""

from __future__ import annotations

from pymodel.raft.guards import (
    HasVoteAtCampaign,
    IsPendingAt,
    OutcomeAtStepDown,
    RecordsTransition,
    RenewedAge,
    TransitionReason,
    VoteAfterStepDown,
    WaitsAt,
)
from pymodel.raft.names import (
    Candidate,
    CurrentLeader,
    Features,
    Follower,
    History,
    Leader,
    LeaseTicks,
    Message,
    Nil,
    NoTransfer,
    Ok,
    Read,
    ReadFailed,
    Restarted,
    Server,
    State,
    Write,
)


def Record(s: State, t: State, i: int, newRole: int, newTerm: int, reason: int) -> None:
    """Write i's role transition log. Time is the order of the steps: the model has no wall clock."""
    if "audit" in History and RecordsTransition(s, i, reason):
        t.audit.oldRole[i] = s.role[i]
        t.audit.newRole[i] = newRole
        t.audit.oldTerm[i] = s.currentTerm[i]
        t.audit.newTerm[i] = newTerm
        t.audit.reason[i] = TransitionReason(s, i, reason)


def Campaign(s: State, t: State, i: int, reason: int, stage: int) -> None:
    """i runs for the next term."""
    t.currentTerm[i] = s.currentTerm[i] + 1
    t.role[i] = Candidate
    t.votedFor[i] = i
    for j in Server:
        t.votesGranted[i, j] = 1 if HasVoteAtCampaign(s, i, j) else 0
    t.leaderHint[i] = Nil
    EndPoll(t, i)
    EnterStage(t, i, stage)
    Record(s, t, i, Candidate, s.currentTerm[i] + 1, reason)


def EndPoll(t: State, i: int) -> None:
    if "pre_vote" in Features:
        for j in Server:
            t.preVotes[i, j] = 0


def EnterStage(t: State, i: int, stage: int) -> None:
    if "transfer" in Features:
        t.transfer[i] = stage


def FailReads(s: State, t: State, i: int) -> None:
    """Nobody answers the reads that wait at i."""
    for q in Read:
        if WaitsAt(s, i, q):
            t.reads.status[q] = ReadFailed
            Unconfirm(t, q)


def Unconfirm(t: State, q: int) -> None:
    for j in Server:
        t.reads.confirmedBy[q, j] = 0


def BecomeFollower(s: State, t: State, i: int, term: int, reason: int) -> None:
    """i goes on as a follower in `term`; its unanswered writes end Unknown."""
    t.role[i] = Follower
    for j in Server:
        t.votesGranted[i, j] = 0
        t.matchIndex[i, j] = 0
        t.nextIndex[i, j] = 1
        t.ackAge[i, j] = LeaseTicks
    EndPoll(t, i)
    EnterStage(t, i, NoTransfer)
    FailReads(s, t, i)
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


def RecordCommits(s: State, t: State, i: int, last: int) -> None:
    """The history of what leader i commits, up to `last`, and Ok for each client of its own term."""
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
