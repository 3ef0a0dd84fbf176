"""The actions of clients, clocks and faults, which follow those of actions.py in the spec's Next."""

from __future__ import annotations

from pymodel.raft.guards import (
    AcceptsWrites,
    AppendsAfter,
    CarriesAge,
    CommitAfterRestart,
    ElapsedAfterRestart,
    HasQuorumContact,
    LastIndex,
    LeaseHolder,
    LeaseValid,
    OutcomeAtAppend,
    SampleHasQuorum,
    TermAfterRestart,
    TermOfNewEntry,
    Transferring,
    VoteAfterRestart,
    VoteAfterStepDown,
)
from pymodel.raft.names import (
    ClockSkew,
    ElectionTicks,
    Faults,
    Idle,
    Leader,
    LeaseExpired,
    LeasePolicy,
    LeaseTicks,
    Message,
    Nil,
    Redirected,
    Rejected,
    Restarted,
    Server,
    State,
)
from pymodel.raft.steps import BecomeFollower

# Client writes


def AcceptWrite(s: State, t: State, i: int, w: int) -> bool:
    if s.client[w] != Idle or not AcceptsWrites(s, i) or not HasQuorumContact(s, i) or Transferring(s, i):
        return False
    k = AppendsAfter(s, i) + 1
    t.log.length[i] = k
    t.log.term[i, k] = TermOfNewEntry(s, i)
    t.log.write[i, k] = w
    for beyond in range(k + 1, LastIndex(s, i) + 1):
        t.log.term[i, beyond] = 0
        t.log.write[i, beyond] = Nil
    t.client[w] = OutcomeAtAppend(s)
    return True


def RedirectWrite(s: State, t: State, i: int, w: int) -> bool:
    if s.client[w] != Idle or s.role[i] == Leader:
        return False
    t.client[w] = Redirected
    return True


def RejectWrite(s: State, t: State, i: int, w: int) -> bool:
    if s.client[w] != Idle or s.role[i] != Leader:
        return False
    if HasQuorumContact(s, i) and not Transferring(s, i):
        return False
    t.client[w] = Rejected
    return True


# Lease and time


def AdvanceClock(s: State, t: State, i: int) -> None:
    t.electionElapsed[i] = min(s.electionElapsed[i] + 1, ElectionTicks)
    if LeasePolicy != "SampledQuorum":
        for j in Server:
            t.ackAge[i, j] = min(s.ackAge[i, j] + 1, LeaseTicks)


def SampleDue(s: State, i: int) -> bool:
    return LeasePolicy == "SampledQuorum" and s.role[i] == Leader and s.electionElapsed[i] == ElectionTicks


def WaitsForSample(s: State, i: int) -> bool:
    """Whether a clock that moves with i's, or i's own, stands still until a sample is taken."""
    for k in Server:
        if (k == i or ClockSkew == 0) and SampleDue(s, k):
            return True
    return False


def Tick(s: State, t: State, i: int) -> bool:
    """One clock moves; without skew the clocks are one clock. A model without timeouts has none."""
    if ElectionTicks + LeaseTicks == 0 or WaitsForSample(s, i):
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


def SampleQuorum(s: State, t: State, i: int) -> bool:
    if not SampleDue(s, i) or not SampleHasQuorum(s, i):
        return False
    t.electionElapsed[i] = 0
    for j in Server:
        t.ackAge[i, j] = min(s.ackAge[i, j] + 1, LeaseTicks)
    return True


def LeaseEnded(s: State, i: int) -> bool:
    if LeasePolicy == "SampledQuorum":
        return SampleDue(s, i) and not SampleHasQuorum(s, i)
    return not LeaseValid(s, i)


def LeaseExpire(s: State, t: State, i: int) -> bool:
    if LeasePolicy == "None" or s.role[i] != Leader or not LeaseEnded(s, i):
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
    t.commitIndex[i] = CommitAfterRestart(s, i)
    t.electionElapsed[i] = ElapsedAfterRestart(s, i)
    return True


def DropMessage(s: State, t: State, m: Message) -> bool:
    if "loss" not in Faults:
        return False
    t.messages.discard(m)
    return True
