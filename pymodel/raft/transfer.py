"""The spec's leadership transfer: a leader gives its office away. Behind Features "transfer"."""

from __future__ import annotations

from pymodel.raft.guards import HigherTerm, StaleTimeoutNow, Transferring, TransferTargetReady
from pymodel.raft.names import (
    Features,
    Follower,
    Leader,
    Message,
    State,
    TimeoutNow,
    TransferAborted,
    TransferCampaign,
    TransferTold,
    TransferUnderWay,
)
from pymodel.raft.steps import Campaign


def TransferLeadership(s: State, t: State, i: int, j: int) -> bool:
    if "transfer" not in Features:
        return False
    if s.role[i] != Leader or i == j or Transferring(s, i) or not TransferTargetReady(s, i, j):
        return False
    t.transfer[i] = TransferUnderWay
    t.messages.add(TimeoutNow(source=i, dest=j, term=s.currentTerm[i]))
    return True


def AbortTransfer(s: State, t: State, i: int) -> bool:
    if "transfer" not in Features:
        return False
    if not Transferring(s, i):
        return False
    t.transfer[i] = TransferAborted
    return True


def HandleTimeoutNow(s: State, t: State, m: Message) -> bool:
    if "transfer" not in Features:
        return False
    i = m.dest
    if HigherTerm(s, i, m):
        return False
    t.messages.discard(m)
    if not StaleTimeoutNow(s, i, m) and s.role[i] == Follower:
        Campaign(s, t, i, TransferTold, TransferCampaign)
    return True
