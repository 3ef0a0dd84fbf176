"""The twin of spec/MC.tla's bounds: which states are expanded."""

from __future__ import annotations

from pymodel.raft.guards import LastIndex
from pymodel.raft.names import MaxLogLen, MaxMessages, MaxTerm, Server, State


def StateConstraint(s: State) -> bool:
    """A successor outside is still checked, but neither counted nor expanded."""
    for i in Server:
        if s.currentTerm[i] > MaxTerm or LastIndex(s, i) > MaxLogLen:
            return False
    return len(s.messages) <= MaxMessages
