"""LEASE: the system of the lease proof, put together."""

from __future__ import annotations

from pymodel.proof.lease_actions import ACTIONS
from pymodel.proof.lease_invariant import FROM_INSTANCES, INVARIANT, STEP_THEOREMS, THEOREMS, initial, shape
from pymodel.proof.lease_symbols import AXIOMS, LANGUAGE, SYMBOLS, TOTAL
from pymodel.proof.system import System

LEASE = System(
    name="lease",
    about="elections and leases on clocks that drift",
    language=LANGUAGE,
    symbols=SYMBOLS,
    axioms=AXIOMS,
    initial=initial,
    actions=ACTIONS,
    invariant=INVARIANT,
    theorems=THEOREMS,
    from_instances=FROM_INSTANCES,
    step_theorems=STEP_THEOREMS,
    total=TOTAL,
    shape=shape,
    assumptions=(
        "any two quorums have a server in common, and membership is fixed",
        "currentTerm and votedFor survive a restart and are written with the step",
        "each clock advances at a rate between lo and hi, its reading off by at most jitter",
        "(lease + jitter) * hi <= (withhold - jitter) * lo: LeaseTicks <= ElectionTicks - 2 * ClockSkew",
        "a lease is used at the moment at which it is checked",
    ),
)
