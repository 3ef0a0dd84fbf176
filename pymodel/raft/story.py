"""A behaviour in one line: who campaigned, voted, led, wrote, committed, restarted, step by step.

What only carries a message is left out, so that the line tells causes and not traffic. It reads states and
steps as reports have them, whoever found them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby, pairwise

from pymodel.values import Fn, State, Value

Params = Mapping[str, Value]


def told(action: str, params: Params, before: State, after: State) -> str:
    """What the step did, in a few words; empty if it only moved a message."""
    message = params.get("m")
    fields = message if isinstance(message, Fn) else Fn({})
    teller = _TELLERS.get(action)
    return teller(params, fields, before, after) if teller else ""


def story(steps: list[tuple[str, Params, State]]) -> str:
    """The behaviour whose k-th step is (action, parameters, state behind it), the first the initial one."""
    clauses = [told(action, params, before[2], after) for before, (action, params, after) in pairwise(steps)]
    grouped = [(clause, len(list(group))) for clause, group in groupby(filter(None, clauses))]
    return "; ".join(clause if count == 1 else f"{clause} ({count} times)" for clause, count in grouped)


def _of(state: State, variable: str, key: Value) -> Value:
    """`variable[key]`, with a sequence counted from 1."""
    whole = state[variable]
    if isinstance(whole, Fn):
        return whole[key]
    return whole[int(key) - 1] if isinstance(whole, tuple) and isinstance(key, int) else ""


def _entries(state: State, server: Value) -> list[str]:
    log = _of(state, "log", server)
    return [str(entry["write"]) for entry in log if isinstance(entry, Fn)] if isinstance(log, tuple) else []


def _client_told(before: State, after: State) -> str:
    clients = after["client"]
    if not isinstance(clients, Fn):
        return ""
    changed = [(w, clients[w]) for w in clients if _of(before, "client", w) != clients[w]]
    return "".join(f", {w} is {outcome}" for w, outcome in changed if outcome != "Pending")


def _campaigns(params: Params, m: Fn, before: State, after: State) -> str:
    return f"{params['i']} campaigns for term {_of(after, 'currentTerm', params['i'])}"


def _votes(params: Params, m: Fn, before: State, after: State) -> str:
    voter = m["dest"]
    sent = after["messages"]
    granted = isinstance(sent, frozenset) and any(
        isinstance(r, Fn) and r.get("granted") is True and r["source"] == voter and r["dest"] == m["source"]
        for r in sent
    )
    return f"{voter} votes for {m['source']} in term {m['term']}" if granted else ""


def _leads(params: Params, m: Fn, before: State, after: State) -> str:
    return f"{params['i']} leads term {_of(after, 'currentTerm', params['i'])}"


def _adopts(params: Params, m: Fn, before: State, after: State) -> str:
    left = " and stops leading" if _of(before, "role", m["dest"]) == "Leader" else ""
    return (
        f"{m['dest']} goes to term {_of(after, 'currentTerm', m['dest'])}{left}{_client_told(before, after)}"
    )


def _follows(params: Params, m: Fn, before: State, after: State) -> str:
    server = m["dest"]
    old, new = _entries(before, server), _entries(after, server)
    told = f"{server} hears {m['source']} of term {m['term']}"
    if old == new:
        commit = _of(after, "commitIndex", server)
        return told + (
            f", takes index {commit} as committed" * (_of(before, "commitIndex", server) != commit)
        )
    lost = [write for write in old if write not in new]
    gained = [write for write in new if write not in old]
    return told + f", stores {', '.join(gained)}" * bool(gained) + f", loses {', '.join(lost)}" * bool(lost)


def _hears(params: Params, m: Fn, before: State, after: State) -> str:
    if all(before[name] == after[name] for name in ("matchIndex", "ackAge", "votesGranted")):
        return ""
    return f"{m['dest']} counts an answer of {m['source']}"


def _commits(params: Params, m: Fn, before: State, after: State) -> str:
    index = _of(after, "commitIndex", params["i"])
    return f"{params['i']} commits index {index}{_client_told(before, after)}"


def _writes(params: Params, m: Fn, before: State, after: State) -> str:
    return f"{params['i']} takes {params['w']}{_client_told(before, after)}"


def _refuses(params: Params, m: Fn, before: State, after: State) -> str:
    return f"{params['w']} is {_of(after, 'client', params['w'])} by {params['i']}"


def _expires(params: Params, m: Fn, before: State, after: State) -> str:
    return f"{params['i']} steps down, its lease has ended{_client_told(before, after)}"


def _restarts(params: Params, m: Fn, before: State, after: State) -> str:
    return f"{params['i']} restarts{_client_told(before, after)}"


def _ticks(params: Params, m: Fn, before: State, after: State) -> str:
    alone = any(set(_values(state["skew"])) != {0} for state in (before, after))
    return f"the clock of {params['i']} ticks" if alone else "a tick passes"


def _values(whole: Value) -> tuple[Value, ...]:
    return tuple(whole.values()) if isinstance(whole, Fn) else whole if isinstance(whole, tuple) else ()


def _snapshots(params: Params, m: Fn, before: State, after: State) -> str:
    return f"{params['i']} takes a snapshot up to {_of(after, 'snapshotIndex', params['i'])}"


def _lost(params: Params, m: Fn, before: State, after: State) -> str:
    return "a message is lost"


_TELLERS: dict[str, Callable[[Params, Fn, State, State], str]] = {
    "Timeout": _campaigns,
    "HandleRequestVoteRequest": _votes,
    "HandleRequestVoteResponse": _hears,
    "BecomeLeader": _leads,
    "HandleAppendEntriesRequest": _follows,
    "HandleAppendEntriesResponse": _hears,
    "AdvanceCommitIndex": _commits,
    "TakeSnapshot": _snapshots,
    "HandleInstallSnapshotRequest": _follows,
    "HandleInstallSnapshotResponse": _hears,
    "UpdateTerm": _adopts,
    "AcceptWrite": _writes,
    "RedirectWrite": _refuses,
    "RejectWrite": _refuses,
    "Tick": _ticks,
    "LeaseExpire": _expires,
    "Restart": _restarts,
    "DropMessage": _lost,
}
