"""Native lines as most logs have them, by one shape that is decoded at once.

Decides what is plain: the words of the schema itself, without aliases. Whatever else a line holds is left to
`native.py`, which reads every line, and makes the same event of a plain one.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from trace_check.adapters.wire import CLIENT_KINDS, Count, NodeId, Pair, seconds_of_iso, text
from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    NOBODY,
    OTHER,
    PREVOTE,
    PREVOTE_RESPONSE,
    REQUEST_VOTE,
    SNAPSHOT,
    SNAPSHOT_RESPONSE,
    VOTE_RESPONSE,
    Client,
    Event,
    Message,
    NodeState,
    change_of,
    writes,
)

_NAMES_MAX = 4096

MESSAGE_TYPES = {
    "append": APPEND,
    "append_entries": APPEND,
    "heartbeat": APPEND,
    "append_response": APPEND_RESPONSE,
    "append_entries_response": APPEND_RESPONSE,
    "heartbeat_response": APPEND_RESPONSE,
    "request_vote": REQUEST_VOTE,
    "vote": REQUEST_VOTE,
    "vote_response": VOTE_RESPONSE,
    "request_vote_response": VOTE_RESPONSE,
    "prevote": PREVOTE,
    "pre_vote": PREVOTE,
    "pre_vote_response": PREVOTE_RESPONSE,
    "prevote_response": PREVOTE_RESPONSE,
    "snapshot": SNAPSHOT,
    "install_snapshot": SNAPSHOT,
    "snapshot_response": SNAPSHOT_RESPONSE,
    "install_snapshot_response": SNAPSHOT_RESPONSE,
    "timeout_now": OTHER,
    "other": OTHER,
}

_Role = Literal["follower", "precandidate", "candidate", "leader", "learner"]
_Kind = Literal[
    "role", "term", "vote", "append", "truncate", "commit", "send", "recv", "state", "stop", "lease_renew",
    "lease_expire", "client_invoke", "client_ok", "client_fail", "read", "snapshot",
]  # fmt: skip


_Word = Literal[
    "append", "append_entries", "heartbeat", "append_response", "append_entries_response",
    "heartbeat_response", "request_vote", "vote", "vote_response", "request_vote_response", "prevote",
    "pre_vote", "pre_vote_response", "prevote_response", "snapshot", "install_snapshot", "snapshot_response",
    "install_snapshot_response", "timeout_now", "other",
]  # fmt: skip


class PlainState(msgspec.Struct, gc=False):
    """`pre` or `state` as most lines have it."""

    role: _Role | None = None
    term: Count | None = None
    vote: NodeId | UnsetType | None = UNSET
    commit: Count | None = None
    last: Pair | None = None
    last_index: None = None


class PlainMessage(msgspec.Struct, gc=False):
    """`msg` as most lines have it: the ends of the message stand beside it."""

    type: _Word
    term: Count | None = None
    success: bool | None = None
    prev: Pair | None = None
    entries: tuple[Pair, ...] | None = None
    commit: Count | None = None
    index: Count | None = None
    re: NodeId | None = None
    granted: bool | None = None
    last: Pair | None = None
    src: None = msgspec.field(default=None, name="from")
    dst: None = msgspec.field(default=None, name="to")
    reject: None = None
    prevote: Literal[False] = False


_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Term = Annotated[int, msgspec.Meta(ge=1)]


class PlainLine(msgspec.Struct, gc=False, kw_only=True):
    """A line in the words of the schema itself: all that most logs consist of.

    What does not fit, and what declares something, is read as a `NativeLine`, which knows every alias and
    every optional field. A field is found soonest where a line has it after the one before it here. No field
    that may stand beside a message has a value that counts as false.
    """

    v: Literal[1] = 1
    ts: float | str | None = None
    mono: float | None = None
    node: NodeId
    inc: NodeId = ""
    seq: Count | None = None
    event: _Kind
    src: NodeId | None = msgspec.field(default=None, name="from")
    dst: NodeId | None = msgspec.field(default=None, name="to")
    mid: NodeId | None = None
    msg: PlainMessage | None = None
    op: _Text | None = None
    f: str | None = None
    key: str | int | None = None
    value: str | int | None = None
    error: str | None = None
    entry: Pair | None = None
    entries: Annotated[tuple[Pair, ...], msgspec.Meta(min_length=1)] | None = None
    hint: str | None = None
    pre: PlainState | None = None
    state: PlainState | None = None
    old_role: _Role | None = None
    new_role: _Role | None = None
    old_term: _Term | None = None
    new_term: _Term | None = None
    reason: _Text | None = None
    kind: None = None
    time: None = None
    timestamp: None = None
    at_timestamp: None = msgspec.field(default=None, name="@timestamp")


_decode = msgspec.json.Decoder(PlainLine).decode


class Names(dict[NodeId, str]):
    """The one object that stands for a name of a node or of an incarnation, by what lines have for it."""

    def __missing__(self, name: NodeId) -> str:
        if len(self) > _NAMES_MAX:
            self.clear()
        self[name] = shown = str(name)
        return shown


def plain_event(written: bytes, path: str, number: int, names: Names) -> Event | None:
    """The event of a plain line, None for any other."""
    try:
        line = _decode(written)
        ts = seconds_of_iso(line.ts) if isinstance(line.ts, str) else line.ts
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if line.node == "":
        return None
    node, inc = names[line.node], names[line.inc]
    kind, msg, pre, state = line.event, line.msg, line.pre, line.state
    mid = str(line.mid) if isinstance(line.mid, int) else line.mid
    if msg is None:
        return _of_record(line, node, inc, ts, mid, path, number)
    src = "" if line.src is None else names[line.src]
    dst = "" if line.dst is None else names[line.dst]
    if kind == "send":
        src = src or node
    elif kind == "recv":
        dst = dst or node
    else:
        return None
    more = line.op or line.entry or line.entries or line.old_role or line.new_role or line.old_term
    if more or line.new_term or line.reason:
        return None
    word, ok, answered = msg.type, msg.granted, msg.re
    return Event(
        kind,
        node,
        path,
        number,
        inc,
        line.seq,
        ts,
        line.mono,
        mid,
        Message(
            MESSAGE_TYPES[word],
            word,
            src,
            dst,
            msg.term,
            msg.success if ok is None else ok,
            msg.prev or msg.last,
            msg.entries,
            msg.commit,
            msg.index,
            str(answered) if isinstance(answered, int) else answered,
        ),
        None if pre is None else _shown(pre),
        None if state is None else _shown(state),
    )


def _of_record(
    line: PlainLine, node: str, inc: str, ts: float | None, mid: str | None, path: str, number: int
) -> Event:
    """The event of a line without a message."""
    kind, pre, state = line.event, line.pre, line.state
    client = kind in CLIENT_KINDS or (line.op is not None and kind == APPEND)
    return Event(
        kind,
        node,
        path,
        number,
        inc,
        line.seq,
        ts,
        line.mono,
        mid,
        None,
        None if pre is None else _shown(pre),
        None if state is None else _shown(state),
        change_of(line.old_role, line.new_role, line.old_term, line.new_term),
        line.reason,
        line.entries,
        line.entry,
        _client(line, kind) if client else None,
    )


def _client(line: PlainLine, kind: str) -> Client:
    key, value = line.key, line.value
    f = line.f or ("read" if kind == "read" else "write")
    return Client(
        line.op,
        f,
        writes(f),
        str(key) if isinstance(key, int) else key,
        str(value) if isinstance(value, int) else value,
        line.error,
        line.entry,
        None,
        line.hint or (text(line.dst) if kind == "client_fail" else None),
    )


def _shown(state: PlainState) -> NodeState:
    vote = state.vote
    if vote.__class__ is not str:
        vote = NOBODY if vote is None else None if vote is UNSET else str(vote)
    return NodeState(state.role, state.term, vote, state.commit, state.last)
