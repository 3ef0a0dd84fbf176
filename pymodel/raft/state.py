"""The variables of the spec as packed arrays, and the messages. Bounds are those of one cfg.

A server's term goes one beyond MaxTerm and its log one beyond MaxLogLen: such states are checked, not
expanded (StateConstraint). A log never holds a write twice, so it is no longer than there are writes.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymodel.engine.contract import Axis, MessageField, MessageKind, Part, Range, Schema, Variable

FLAG = Range(0, 1)
ROLE = Range(0, 2)


@dataclass(frozen=True)
class Sizes:
    """What the layout depends on, from the cfg's constants; see spec/RaftFencing.tla and MC.tla."""

    servers: int
    writes: int
    reads: int
    election_ticks: int
    lease_ticks: int
    clock_skew: int
    snapshots: bool
    features: frozenset[str]
    history: frozenset[str]
    max_term: int
    max_log_len: int
    max_messages: int

    @property
    def log_len(self) -> int:
        return min(self.writes, self.max_log_len + 1)


def make_schema(sizes: Sizes) -> Schema:
    """The schema of one cfg; variables in the order of the spec's VARIABLES."""
    server = Axis(0, sizes.servers - 1, "Server")
    index = Axis(1, sizes.log_len)
    member = Range(-1, sizes.servers - 1, "Server")
    terms = Range(0, sizes.max_term)
    indexes = Range(0, sizes.log_len)
    write = Range(-1, sizes.writes - 1, "Write")
    one = (server,)
    pair = (server, server)
    polling = pair if "pre_vote" in sizes.features else (server, Axis(0, -1, "Server"))
    staged = one if "transfer" in sizes.features else (Axis(0, -1, "Server"),)
    entry = (Part("term", (server, index), terms), Part("write", (server, index), write, -1))
    variables = (
        _plain("currentTerm", one, Range(0, sizes.max_term + 1)),
        _plain("role", one, ROLE),
        _plain("votedFor", one, member, -1),
        _plain("votesGranted", pair, FLAG),
        _plain("leaderHint", one, member, -1),
        _plain("preVotes", polling, FLAG),
        _plain("transfer", staged, Range(0, 3)),
        Variable("log", (Part("length", one, indexes), *entry)),
        _plain("commitIndex", one, indexes),
        _plain("snapshotIndex", one, indexes),
        _plain("snapshotTerm", one, terms),
        _plain("matchIndex", pair, indexes),
        _plain("nextIndex", pair, Range(1, sizes.log_len + 1), 1),
        _plain("electionElapsed", one, Range(0, sizes.election_ticks)),
        _plain("ackAge", pair, Range(0, sizes.lease_ticks)),
        _plain("skew", one, Range(0, sizes.clock_skew)),
        _plain("client", (Axis(0, sizes.writes - 1, "Write"),), Range(0, 5)),
        Variable("reads", _reads(sizes, indexes, member)),
        Variable("messages", ()),
        *_history(sizes),
    )
    return Schema(variables, _kinds(sizes), sizes.max_messages + 1)


def _plain(name: str, axes: tuple[Axis, ...], values: Range, default: int = 0) -> Variable:
    return Variable(name, (Part("", axes, values, default),))


def _reads(sizes: Sizes, indexes: Range, member: Range) -> tuple[Part, ...]:
    read = Axis(0, sizes.reads - 1, "Read")
    return (
        Part("status", (read,), Range(0, 3)),
        Part("server", (read,), member, -1),
        Part("index", (read,), indexes),
        Part("floor", (read,), indexes),
        Part("confirmedBy", (read, Axis(0, sizes.servers - 1, "Server")), FLAG),
    )


def _history(sizes: Sizes) -> tuple[Variable, ...]:
    """The history variables; those that the cfg does not keep have no elements."""
    server = Axis(0, sizes.servers - 1, "Server")
    index, term = Axis(1, sizes.log_len), Axis(1, sizes.max_term)
    terms = Range(0, sizes.max_term)
    acked = (term, server, index if "acks" in sizes.history else Axis(1, 0))
    recorded = (server if "audit" in sizes.history else Axis(0, -1, "Server"),)
    commits = (
        Part("length", (), Range(0, sizes.log_len)),
        Part("term", (index,), terms),
        Part("write", (index,), Range(-1, sizes.writes - 1, "Write"), -1),
        Part("commitTerm", (index,), terms),
    )
    audit = (
        Part("oldRole", recorded, ROLE),
        Part("newRole", recorded, ROLE),
        Part("oldTerm", recorded, terms),
        Part("newTerm", recorded, Range(0, sizes.max_term + 1)),
        Part("reason", recorded, Range(0, 7)),
    )
    return (
        _plain("elections", (term, server), FLAG),
        Variable("commits", commits),
        _plain("acks", acked, FLAG),
        Variable("audit", audit),
    )


def _kinds(sizes: Sizes) -> tuple[MessageKind, ...]:
    """The messages. `entryWrite` is Nil if there is no entry; content is a log, Nil beyond its end."""
    server = Range(0, sizes.servers - 1, "Server")
    term = Range(0, sizes.max_term)
    position = Range(0, sizes.log_len)
    write = Range(-1, sizes.writes - 1, "Write")
    content = Axis(1, sizes.log_len if sizes.snapshots else 0)
    age = MessageField("age", Range(0, sizes.lease_ticks))
    log_end = (MessageField("lastLogIndex", position), MessageField("lastLogTerm", term))
    reads = MessageField("reads", FLAG, Axis(0, sizes.reads - 1, "Read"))

    def kind(name: str, *fields: MessageField) -> MessageKind:
        head = (MessageField("source", server), MessageField("dest", server), MessageField("term", term))
        return MessageKind(name, head + fields)

    return (
        kind("PreVoteRequest", *log_end),
        kind("PreVoteResponse", MessageField("granted", FLAG)),
        kind("RequestVoteRequest", *log_end, MessageField("override", FLAG)),
        kind("RequestVoteResponse", MessageField("granted", FLAG)),
        kind(
            "AppendEntriesRequest",
            MessageField("prevLogIndex", position),
            MessageField("prevLogTerm", term),
            MessageField("entryTerm", term),
            MessageField("entryWrite", write),
            MessageField("commitIndex", position),
            age,
            reads,
        ),
        kind(
            "AppendEntriesResponse",
            MessageField("success", FLAG),
            MessageField("index", position),
            age,
            reads,
        ),
        kind(
            "InstallSnapshotRequest",
            MessageField("lastIndex", position),
            MessageField("lastTerm", term),
            MessageField("contentTerm", term, content),
            MessageField("contentWrite", write, content),
            age,
        ),
        kind("InstallSnapshotResponse", MessageField("index", position), age),
        kind("TimeoutNow"),
    )
