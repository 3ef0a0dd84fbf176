"""LOG: the system of the log proof, put together."""

from __future__ import annotations

from pymodel.proof import log_actions, log_snapshots
from pymodel.proof.log_invariant import INVARIANT, initial, shape
from pymodel.proof.log_symbols import AXIOMS, LANGUAGE, SYMBOLS, TOTAL
from pymodel.proof.log_theorems import STEP_THEOREMS, THEOREMS
from pymodel.proof.system import System, View, make_action

_view = View(SYMBOLS)
ACTIONS = tuple(
    make_action(LANGUAGE, _view, function, name)
    for function, name in (
        (log_actions.Timeout, None),
        (log_actions.RequestVote, None),
        (log_actions.HandleRequestVoteRequest, None),
        (log_actions.HandleRequestVoteResponse, None),
        (log_actions.BecomeLeader, None),
        (log_actions.AppendEntries, None),
        (log_actions.Heartbeat, "AppendEntries/heartbeat"),
        (log_actions.HandleAppendEntriesRequest, None),
        (log_actions.HandleHeartbeat, "HandleAppendEntriesRequest/heartbeat"),
        (log_actions.FollowLeader, "HandleAppendEntriesRequest/mismatch"),
        (log_actions.HandleAppendEntriesResponse, None),
        (log_actions.AdvanceCommitIndex, None),
        (log_snapshots.InstallSnapshot, None),
        (log_snapshots.HandleInstallSnapshotRequest, None),
        (log_snapshots.HandleKnownSnapshot, "HandleInstallSnapshotRequest/known"),
        (log_snapshots.HandleInstallSnapshotResponse, None),
        (log_actions.UpdateTerm, None),
        (log_actions.AcceptWrite, None),
        (log_actions.LeaseExpire, None),
        (log_actions.Restart, None),
        (log_actions.Stutter, None),
    )
)

LOG = System(
    name="log",
    about="elections, replication, commit, snapshots, restarts",
    language=LANGUAGE,
    symbols=SYMBOLS,
    axioms=AXIOMS,
    initial=initial,
    actions=ACTIONS,
    invariant=INVARIANT,
    theorems=THEOREMS,
    step_theorems=STEP_THEOREMS,
    total=TOTAL,
    shape=shape,
    assumptions=(
        "any two quorums have a server in common, and membership is fixed",
        "currentTerm, votedFor, the log and the snapshot survive a restart and are written with the step",
        "messages are lost, late, repeated and reordered, never forged",
    ),
)
