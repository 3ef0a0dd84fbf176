"""A state of the model as the TLA+ values of the spec, for parity, reports and traces to compare."""

from __future__ import annotations

from collections.abc import Callable

from pymodel.engine.contract import Bound
from pymodel.raft.names import OUTCOMES, REASONS, ROLES, Message, Nil, State
from pymodel.values import Fn, Value


def present(s: State, bound: Bound) -> dict[str, Value]:
    """Every variable of the spec, in its order, as TLC would print its value."""
    servers = bound.labels["Server"]
    writes = bound.labels["Write"]
    ids = range(len(servers))

    def each(value: Callable[[int], Value]) -> Fn:
        return Fn({servers[i]: value(i) for i in ids})

    def pairs(value: Callable[[int, int], Value]) -> Fn:
        return each(lambda i: Fn({servers[j]: value(i, j) for j in ids}))

    def member(i: int) -> Value:
        return "Nil" if i == Nil else servers[i]

    return {
        "currentTerm": each(lambda i: s.currentTerm[i]),
        "role": each(lambda i: ROLES[s.role[i]]),
        "votedFor": each(lambda i: member(s.votedFor[i])),
        "votesGranted": each(lambda i: frozenset(servers[j] for j in ids if s.votesGranted[i, j])),
        "leaderHint": each(lambda i: member(s.leaderHint[i])),
        "log": each(lambda i: _log(s, i, writes)),
        "commitIndex": each(lambda i: s.commitIndex[i]),
        "snapshotIndex": each(lambda i: s.snapshotIndex[i]),
        "snapshotTerm": each(lambda i: s.snapshotTerm[i]),
        "matchIndex": pairs(lambda i, j: s.matchIndex[i, j]),
        "nextIndex": pairs(lambda i, j: s.nextIndex[i, j]),
        "electionElapsed": each(lambda i: s.electionElapsed[i]),
        "ackAge": pairs(lambda i, j: s.ackAge[i, j]),
        "skew": each(lambda i: s.skew[i]),
        "client": Fn({write: OUTCOMES[s.client[w]] for w, write in enumerate(writes)}) if writes else (),
        "messages": frozenset(present_message(m, bound) for m in s.messages),
        "elections": _elections(s, bound),
        "commits": tuple(
            Fn(
                {
                    "term": s.commits.term[k],
                    "write": writes[s.commits.write[k]],
                    "commitTerm": s.commits.commitTerm[k],
                }
            )
            for k in range(1, s.commits.length + 1)
        ),
        "acks": _acks(s, bound),
        "audit": each(lambda i: _audit(s, i, bound)),
    }


def _entry(term: int, write: Value) -> Fn:
    return Fn({"term": term, "write": write})


def _log(s: State, i: int, writes: tuple[str, ...]) -> Value:
    return tuple(_entry(s.log.term[i, k], writes[s.log.write[i, k]]) for k in range(1, s.log.length[i] + 1))


def _elections(s: State, bound: Bound) -> Value:
    servers = bound.labels["Server"]
    return frozenset(
        Fn({"term": term, "leader": servers[i]})
        for term in bound.names["Term"]
        for i in range(len(servers))
        if s.elections[term, i]
    )


def _acks(s: State, bound: Bound) -> Value:
    if "acks" not in bound.names["History"]:
        return frozenset()
    servers = bound.labels["Server"]
    return frozenset(
        Fn({"term": term, "server": servers[i], "index": k})
        for term in bound.names["Term"]
        for i in range(len(servers))
        for k in bound.names["LogIndex"]
        if s.acks[term, i, k]
    )


def _audit(s: State, i: int, bound: Bound) -> Value:
    kept = "audit" in bound.names["History"]
    audit = s.audit
    return Fn(
        {
            "oldRole": ROLES[audit.oldRole[i] if kept else 0],
            "newRole": ROLES[audit.newRole[i] if kept else 0],
            "oldTerm": audit.oldTerm[i] if kept else 0,
            "newTerm": audit.newTerm[i] if kept else 0,
            "reason": REASONS[audit.reason[i] if kept else 0],
        }
    )


def present_message(m: Message, bound: Bound) -> Value:
    """A message as the spec's record, fields in the spec's order."""
    servers = bound.labels["Server"]
    writes = bound.labels["Write"]
    kind = m.type.__name__
    record: dict[Value, Value] = {
        "type": kind,
        "source": servers[m.source],
        "dest": servers[m.dest],
        "term": m.term,
    }
    if kind == "RequestVoteResponse":
        record["granted"] = bool(m.granted)
    elif kind == "AppendEntriesRequest":
        entries = (_entry(m.entryTerm, writes[m.entryWrite]),) if m.entryWrite != Nil else ()
        record |= {
            "prevLogIndex": m.prevLogIndex,
            "prevLogTerm": m.prevLogTerm,
            "entries": entries,
            "commitIndex": m.commitIndex,
            "age": m.age,
        }
    elif kind == "AppendEntriesResponse":
        record |= {"success": bool(m.success), "index": m.index, "age": m.age}
    elif kind == "InstallSnapshotRequest":
        content = tuple(
            _entry(m.contentTerm[k], writes[m.contentWrite[k]])
            for k in bound.names["LogIndex"]
            if m.contentWrite[k] != Nil
        )
        record |= {"lastIndex": m.lastIndex, "lastTerm": m.lastTerm, "content": content, "age": m.age}
    elif kind == "InstallSnapshotResponse":
        record |= {"index": m.index, "age": m.age}
    else:
        record |= {"lastLogIndex": m.lastLogIndex, "lastLogTerm": m.lastLogTerm}
    return Fn(record)
