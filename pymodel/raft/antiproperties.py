"""Claims that one hears of Raft and that are false of it: the spec's section "Anti-properties".

The cfgs anti_* check them to see them fail. Each returns as soon as its claim fails, so that its local
variables then name the witness: i, j are servers, k an index, w a write.
"""

from __future__ import annotations

from pymodel.raft.invariants import HoldsCommitted
from pymodel.raft.liveness import Deposed
from pymodel.raft.names import Leader, Server, State, Unknown


def StaleLeaderNeverCommits(s: State, t: State) -> bool:
    for i in Server:
        if Deposed(s, i) and t.commitIndex[i] != s.commitIndex[i]:
            return False
    return True


def DeposedWriteNeverCommits(s: State) -> bool:
    for k in range(1, s.commits.length + 1):
        w = s.commits.write[k]
        if s.client[w] == Unknown:
            return False
    return True


def OneLeaderRole(s: State) -> bool:
    for i in Server:
        for j in Server:
            if i < j and s.role[i] == Leader and s.role[j] == Leader:
                return False
    return True


def EntryTermCompleteness(s: State) -> bool:
    for k in range(1, s.commits.length + 1):
        for i in Server:
            if s.role[i] == Leader and s.currentTerm[i] > s.commits.term[k] and not HoldsCommitted(s, i, k):
                return False
    return True


ANTI_INVARIANTS = (DeposedWriteNeverCommits, OneLeaderRole, EntryTermCompleteness)
ANTI_PROPERTIES = (StaleLeaderNeverCommits,)
