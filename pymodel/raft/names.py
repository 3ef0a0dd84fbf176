"""The names that guards, actions and properties share: the spec's constants and enumerations.

The constants here are names only. A cfg gives them values when the engine binds the model's functions
to it; nothing reads the placeholders below. Enumerations stand for the spec's strings, in this order.
"""

from __future__ import annotations

from typing import Any, TypeAlias

# A state before or after a step, and a message. The engine makes both (engine/instance.py,
# engine/translate.py) from the schema in state.py, so their attributes are not known here.
State: TypeAlias = Any
Message: TypeAlias = Any

# What an integer stands for. A cfg may swap only guards that give the same (engine/swaps.py).
ServerId: TypeAlias = int  # or Nil
TermNumber: TypeAlias = int
Position: TypeAlias = int  # in a log, from 1; 0 before it
Ticks: TypeAlias = int
Outcome: TypeAlias = int
Reason: TypeAlias = int
Stage: TypeAlias = int

Server = range(0)
Write = range(0)
Read = range(0)
LogIndex = range(0)  # the indexes a log can have, from 1
Term = range(0)  # the terms a leader can be elected in, from 1
Nil = -1
ElectionTicks = 0
LeaseTicks = 0
ClockSkew = 0
LeasePolicy = ""
Snapshots = False
Features: frozenset[str] = frozenset()
Faults: frozenset[str] = frozenset()
History: frozenset[str] = frozenset()

MaxTerm = 0
MaxLogLen = 0
MaxMessages = 0

# role
Follower, Candidate, Leader = range(3)
# client
Idle, Pending, Ok, Unknown, Redirected, Rejected = range(6)
# the reason of an audit record
(
    Start,
    ElectionTimeout,
    WonElection,
    CurrentLeader,
    HigherTermSeen,
    LeaseExpired,
    Restarted,
    TransferTold,
) = range(8)
# reads.status
ReadIdle, ReadWaiting, ReadServed, ReadFailed = range(4)
# transfer
NoTransfer, TransferUnderWay, TransferAborted, TransferCampaign = range(4)

ROLES = ("Follower", "Candidate", "Leader")
OUTCOMES = ("Idle", "Pending", "Ok", "Unknown", "Redirected", "Rejected")
REASONS = (
    "start",
    "election_timeout",
    "won_election",
    "current_leader",
    "higher_term",
    "lease_expired",
    "restart",
    "leadership_transfer",
)
READ_STATUSES = ("Idle", "Waiting", "Served", "Failed")
TRANSFER_STAGES = ("none", "transferring", "aborted", "campaign")


def _message(**fields: object) -> Message:
    raise TypeError("messages are made by functions that are bound to a cfg: see engine/instance.py")


PreVoteRequest = PreVoteResponse = _message
RequestVoteRequest = RequestVoteResponse = _message
AppendEntriesRequest = AppendEntriesResponse = _message
InstallSnapshotRequest = InstallSnapshotResponse = _message
TimeoutNow = _message
