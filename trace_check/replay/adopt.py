"""How a node is taken up where the log begins, after a gap, and where it leaves the model: as the line shows
it, and free where the line tells nothing. Its log is a window: terms of entries that came before are free.
"""

from __future__ import annotations

from typing import Any

from trace_check.replay.free import unknown
from trace_check.replay.local import NO_TERMS, FreeTerms, Local, Log, Terms
from trace_check.replay.machine import Machine
from trace_check.replay.steps import FOLLOWER_ROLE, LEADER_ROLE, NIL, View


def adopted(machine: Machine, i: int, view: View, *, starting: bool, term_max: int, index_max: int) -> Local:
    """Node i as the line shows it. `starting`: it is a process that just began, and so a follower."""
    local = machine.blank(i)
    servers = range(len(machine.servers))
    role = FOLLOWER_ROLE if starting else view.role
    last = unknown(0, index_max) if view.last_index is None else view.last_index
    changed: dict[str, dict[Any, Any]] = {
        "role": {i: unknown(FOLLOWER_ROLE, LEADER_ROLE) if role is None else role},
        "currentTerm": {i: unknown(0, term_max) if view.term is None else view.term},
        "votedFor": {i: unknown(NIL, len(servers) - 1) if view.vote is None else view.vote},
        "commitIndex": {i: unknown(0, index_max) if view.commit is None else view.commit},
    }
    if role != FOLLOWER_ROLE:
        highest = view.last_index if view.last_index is not None else index_max
        votes: dict[Any, Any] = {(i, j): 1 if j == i else unknown(0, 1) for j in servers}
        matches: dict[Any, Any] = {(i, j): 0 if j == i else unknown(0, highest) for j in servers}
        following: dict[Any, Any] = {(i, j): unknown(1, highest + 1) for j in servers}
        if role == LEADER_ROLE:
            votes = dict.fromkeys(votes, 0)
        changed |= {"votesGranted": votes, "matchIndex": matches, "nextIndex": following}
    terms = _terms(view, last, term_max if view.term is None else view.term)
    return local.having(log=Log({i: last}, terms), **changed)


def overlaid(local: Local, i: int, view: View) -> Local:
    """The node with what the line shows of it, and for the rest as it was."""
    shown = {"role": view.role, "currentTerm": view.term, "votedFor": view.vote, "commitIndex": view.commit}
    changed: dict[str, Any] = {name: {i: value} for name, value in shown.items() if value is not None}
    last, length, terms = view.last_index, local.log.length[i], local.log.term
    if last is not None and isinstance(length, int):
        if last > length:
            term = local.currentTerm[i] if view.term is None else view.term
            terms = Terms([*terms.starts, length + 1], [*terms.values, FreeTerms(0, term)])
        terms = terms.cut(last)
        if last > 0 and view.last_term is not None:
            terms = terms.put(last, view.last_term)
        changed["log"] = Log({i: last}, terms)
    return local.having(**changed)


def _terms(view: View, last: Any, term: int) -> Terms:
    """The terms of a log up to `last`, of which at most the last one is known; none is above `term`."""
    if last == 0 if isinstance(last, int) else False:
        return NO_TERMS
    if not isinstance(last, int) or view.last_term is None:
        return Terms([0, 1], [0, FreeTerms(0, term)])
    if last == 1:
        return Terms([0, 1], [0, view.last_term])
    return Terms([0, 1, last], [0, FreeTerms(0, view.last_term), view.last_term])
