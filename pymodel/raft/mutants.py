"""The twin of spec/MC.tla's mutants: what a cfg may swap in for a guard, under the same name.

A mutant must not call the guard it replaces: TLC would not end, and the engine refuses it. To add
one, write the operator in MC.tla and the function of the same name here; the first parameter is the
state, the others are the operator's.
"""

from __future__ import annotations

from pymodel.engine.contract import Constant, Function
from pymodel.raft.guards import (
    HolderCount,
    IsQuorum,
    IsRequest,
    LastIndex,
)
from pymodel.raft.names import (
    Candidate,
    CurrentLeader,
    ElectionTicks,
    ElectionTimeout,
    Features,
    HigherTermSeen,
    Leader,
    LeaseExpired,
    Message,
    Nil,
    NoTransfer,
    Ok,
    Outcome,
    Pending,
    Position,
    Reason,
    Redirected,
    RequestVoteRequest,
    Server,
    ServerId,
    Stage,
    State,
    TermNumber,
    Ticks,
    TransferUnderWay,
    WonElection,
)


def HigherTermInRequest(s: State, i: int, m: Message) -> bool:
    return IsRequest(m) and m.term > s.currentTerm[i]


def HigherTermUnlessLeading(s: State, i: int, m: Message) -> bool:
    return s.role[i] != Leader and m.term > s.currentTerm[i]


def TermOfRequest(s: State, i: int, m: Message) -> TermNumber:
    return m.term


def SenderHint(s: State, i: int, m: Message) -> ServerId:
    return m.source


def AgeAtReceipt(s: State, m: Message) -> Ticks:
    return 0


def RejectionRenews(s: State, i: int, m: Message) -> Ticks:
    return 0


def FreshAckAge(s: State) -> Ticks:
    return 0


def VoteForgotten(s: State, i: int) -> ServerId:
    return Nil


def TermForgotten(s: State, i: int) -> TermNumber:
    return 0


def PromiseForgotten(s: State, i: int) -> Ticks:
    return ElectionTicks


def CommitKept(s: State, i: int) -> Position:
    return s.commitIndex[i]


def WholeLogCommitted(s: State, i: int) -> Position:
    return LastIndex(s, i)


def HalfIsQuorum(s: State, count: int) -> bool:
    return 2 * count >= len(Server)


def TermAhead(s: State, i: int) -> TermNumber:
    return s.currentTerm[i] + 1


def FirstTerm(s: State, i: int) -> TermNumber:
    return 1


def AfterCommitted(s: State, i: int) -> Position:
    return s.commitIndex[i]


def OverCommitted(s: State, i: int) -> Position:
    if s.commitIndex[i] == LastIndex(s, i) and LastIndex(s, i) > s.snapshotIndex[i]:
        return LastIndex(s, i) - 1
    return LastIndex(s, i)


def SelfCountedTwice(s: State, i: int, k: int) -> bool:
    return 2 * (HolderCount(s, i, k) + 1) > len(Server)


def LeaderCommit(s: State, m: Message) -> Position:
    return m.commitIndex


def OkAtAppend(s: State) -> Outcome:
    return Ok


def RedirectAtStepDown(s: State) -> Outcome:
    return Redirected


def PendingAtStepDown(s: State) -> Outcome:
    return Pending


def ForgetsCampaign(s: State, i: int, reason: int) -> bool:
    return reason != ElectionTimeout


def ForgetsVictory(s: State, i: int, reason: int) -> bool:
    return reason != WonElection


def ForgetsStepDown(s: State, i: int, reason: int) -> bool:
    return reason not in (HigherTermSeen, CurrentLeader)


def ForgetsExpiry(s: State, i: int, reason: int) -> bool:
    return reason != LeaseExpired


def ExpiryAsHigherTerm(s: State, i: int, reason: int) -> Reason:
    return HigherTermSeen if reason == LeaseExpired else reason


def HigherTermAsExpiry(s: State, i: int, reason: int) -> Reason:
    return LeaseExpired if reason == HigherTermSeen else reason


def SwallowsVoteRequest(s: State, m: Message) -> bool:
    return m.type != RequestVoteRequest


def LeaseOnceHeld(s: State, i: int) -> bool:
    contacts = 1
    for j in Server:
        if j != i and s.matchIndex[i, j] > 0:
            contacts += 1
    return IsQuorum(s, contacts)


def PreVoteTermTaken(s: State, i: int, m: Message) -> TermNumber:
    return m.term + 1


def PreVoteCounts(s: State, i: int, j: int) -> bool:
    return j == i or ("pre_vote" in Features and s.preVotes[i, j] == 1)


def YieldedWhileTransferring(s: State, i: int) -> bool:
    return "transfer" in Features and s.transfer[i] == TransferUnderWay


def StageKept(s: State, i: int) -> Stage:
    return s.transfer[i] if "transfer" in Features else NoTransfer


def ElapsedAlone(s: State, i: int) -> bool:
    for j in Server:
        if j != i and s.role[j] == Candidate:
            return False
    return s.electionElapsed[i] >= ElectionTicks


MUTANTS: dict[str, Function | Constant] = {
    **{f"True{arity}": Constant(True, arity) for arity in range(4)},
    **{f"False{arity}": Constant(False, arity) for arity in range(4)},
    **{
        function.__name__: function
        for function in (
            HigherTermInRequest,
            HigherTermUnlessLeading,
            TermOfRequest,
            SenderHint,
            AgeAtReceipt,
            RejectionRenews,
            FreshAckAge,
            VoteForgotten,
            TermForgotten,
            PromiseForgotten,
            CommitKept,
            WholeLogCommitted,
            HalfIsQuorum,
            TermAhead,
            FirstTerm,
            AfterCommitted,
            OverCommitted,
            SelfCountedTwice,
            LeaderCommit,
            OkAtAppend,
            RedirectAtStepDown,
            PendingAtStepDown,
            ForgetsCampaign,
            ForgetsVictory,
            ForgetsStepDown,
            ForgetsExpiry,
            ExpiryAsHigherTerm,
            HigherTermAsExpiry,
            SwallowsVoteRequest,
            LeaseOnceHeld,
            PreVoteTermTaken,
            PreVoteCounts,
            YieldedWhileTransferring,
            StageKept,
            ElapsedAlone,
        )
    },
}
