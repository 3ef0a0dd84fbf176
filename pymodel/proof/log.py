"""LOG: the system of the log proof, put together."""

from __future__ import annotations

from pymodel.proof.log_actions import ACTIONS
from pymodel.proof.log_invariant import INVARIANT, initial, shape
from pymodel.proof.log_symbols import AXIOMS, LANGUAGE, SYMBOLS, TOTAL
from pymodel.proof.log_theorems import STEP_THEOREMS, THEOREMS
from pymodel.proof.system import System

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
