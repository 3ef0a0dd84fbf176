"""The fair specifications and the liveness properties of the spec, in its order and under its names.

What is fair to whom, and why nobody owes a campaign, is said in the spec, section Fairness.
"""

from __future__ import annotations

from pymodel.engine.contract import Fairness, Liveness, Shape, Steps
from pymodel.raft.guards import IsQuorum
from pymodel.raft.names import Candidate, Leader, Pending, Server, State

# Helpers of properties


def Deposed(s: State, i: int) -> bool:
    """A newer term exists that leader i has not heard of."""
    if s.role[i] != Leader:
        return False
    for j in Server:
        if s.currentTerm[j] > s.currentTerm[i]:
            return True
    return False


def Superseded(s: State, i: int) -> bool:
    """A quorum is in newer terms than leader i."""
    newer = 0
    for j in Server:
        if s.currentTerm[j] > s.currentTerm[i]:
            newer += 1
    return s.role[i] == Leader and IsQuorum(s, newer)


def SomeCandidate(s: State) -> bool:
    for i in Server:
        if s.role[i] == Candidate:
            return True
    return False


def SomeLeader(s: State) -> bool:
    for i in Server:
        if s.role[i] == Leader:
            return True
    return False


def LeadsNoMore(s: State, i: int) -> bool:
    return s.role[i] != Leader


def IsPending(s: State, w: int) -> bool:
    return s.client[w] == Pending


def IsDecided(s: State, w: int) -> bool:
    return s.client[w] != Pending


# Fairness

RECEIVE = tuple(
    Steps(action, ("m.dest",))
    for action in (
        "HandlePreVoteRequest",
        "HandlePreVoteResponse",
        "HandleTimeoutNow",
        "HandleRequestVoteRequest",
        "HandleRequestVoteResponse",
        "HandleAppendEntriesRequest",
        "HandleAppendEntriesResponse",
        "HandleInstallSnapshotRequest",
        "HandleInstallSnapshotResponse",
        "UpdateTerm",
        "DropStaleResponse",
    )
)


def weak(action: str) -> Fairness:
    """WF of `action(i)` for each server i."""
    return Fairness((Steps(action, ("i",)),), over=("Server",))


def weak_to_peers(action: str) -> Fairness:
    """WF of `action(i, j)` for each two servers."""
    return Fairness((Steps(action, ("i", "j")),), over=("Server", "Server"))


CLOCK_FAIRNESS = (weak("Tick"), weak("SampleQuorum"), weak("LeaseExpire"))
SERVER_FAIRNESS = (
    Fairness(RECEIVE, over=("Server",)),
    weak("BecomeLeader"),
    weak("AdvanceCommitIndex"),
    Fairness(
        (Steps("RequestPreVote", ("i", "j")), Steps("RequestVote", ("i", "j"))), over=("Server", "Server")
    ),
    weak_to_peers("InstallSnapshot"),
    Fairness((Steps("AppendEntries", ("i", "j", "n")),), over=("Server", "Server", (0, 1))),
    Fairness((Steps("ServeRead", ("q",)),), over=("Read",)),
)

FAIR_SPECIFICATIONS = {"ClockSpec": CLOCK_FAIRNESS, "FairSpec": (*CLOCK_FAIRNESS, *SERVER_FAIRNESS)}

LIVENESS = {
    "LeaderElected": Liveness(Shape.LEADS_TO, SomeCandidate, SomeLeader),
    "StaleLeaderStepsDown": Liveness(Shape.LEADS_TO, Deposed, LeadsNoMore, over="Server"),
    "LeaseEnds": Liveness(Shape.LEADS_TO, Superseded, LeadsNoMore, over="Server"),
    "WriteDecided": Liveness(Shape.LEADS_TO, IsPending, IsDecided, over="Write"),
}
