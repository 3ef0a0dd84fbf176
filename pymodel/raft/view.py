"""A state of the model as the TLA+ values of the spec, for parity, reports and traces to compare."""

from __future__ import annotations

from collections.abc import Callable

from pymodel.engine.contract import Bound
from pymodel.raft.names import (
    OUTCOMES,
    READ_STATUSES,
    REASONS,
    ROLES,
    TRANSFER_STAGES,
    Message,
    Nil,
    State,
)
from pymodel.values import Fn, Value


def present(s: State, bound: Bound) -> dict[str, Value]:
    """Every variable of the spec, in its order, as TLC would print its value."""
    servers = bound.labels["Server"]
    writes = bound.labels["Write"]
    ids = range(len(servers))
    polls, transfers = (feature in bound.names["Features"] for feature in ("pre_vote", "transfer"))

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
        "preVotes": each(lambda i: frozenset(servers[j] for j in ids if polls and s.preVotes[i, j])),
        "transfer": each(lambda i: TRANSFER_STAGES[s.transfer[i] if transfers else 0]),
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
        "reads": _reads(s, bound),
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


def _reads(s: State, bound: Bound) -> Value:
    servers, reads = bound.labels["Server"], s.reads
    shown: dict[Value, Value] = {
        label: Fn(
            {
                "status": READ_STATUSES[reads.status[q]],
                "server": "Nil" if reads.server[q] == Nil else servers[reads.server[q]],
                "index": reads.index[q],
                "floor": reads.floor[q],
                "confirmedBy": frozenset(servers[j] for j in range(len(servers)) if reads.confirmedBy[q, j]),
            }
        )
        for q, label in enumerate(bound.labels["Read"])
    }
    return Fn(shown) if shown else ()


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
    kind = m.type.__name__
    record: dict[Value, Value] = {
        "type": kind,
        "source": servers[m.source],
        "dest": servers[m.dest],
        "term": m.term,
    }
    return Fn(record | _content(m, kind, bound))


def _content(m: Message, kind: str, bound: Bound) -> dict[Value, Value]:
    """The fields behind the term; a field that only a feature needs is not there without it."""
    writes, features = bound.labels["Write"], bound.names["Features"]
    match kind:
        case "PreVoteResponse" | "RequestVoteResponse":
            return {"granted": bool(m.granted)}
        case "AppendEntriesRequest":
            entries = (_entry(m.entryTerm, writes[m.entryWrite]),) if m.entryWrite != Nil else ()
            return {
                "prevLogIndex": m.prevLogIndex,
                "prevLogTerm": m.prevLogTerm,
                "entries": entries,
                "commitIndex": m.commitIndex,
                "age": m.age,
                **_confirmed(m, bound),
            }
        case "AppendEntriesResponse":
            return {"success": bool(m.success), "index": m.index, "age": m.age, **_confirmed(m, bound)}
        case "InstallSnapshotRequest":
            content = tuple(
                _entry(m.contentTerm[k], writes[m.contentWrite[k]])
                for k in bound.names["LogIndex"]
                if m.contentWrite[k] != Nil
            )
            return {"lastIndex": m.lastIndex, "lastTerm": m.lastTerm, "content": content, "age": m.age}
        case "InstallSnapshotResponse":
            return {"index": m.index, "age": m.age}
        case "PreVoteRequest" | "RequestVoteRequest":
            override: dict[Value, Value] = (
                {"override": bool(m.override)} if "transfer" in features and kind[0] == "R" else {}
            )
            return {"lastLogIndex": m.lastLogIndex, "lastLogTerm": m.lastLogTerm, **override}
        case _:
            return {}


def _confirmed(m: Message, bound: Bound) -> dict[Value, Value]:
    if "read_index" not in bound.names["Features"]:
        return {}
    return {"reads": frozenset(label for q, label in enumerate(bound.labels["Read"]) if m.reads[q])}
