"""Native JSON Lines, schema version 1 (docs/TRACES.md): one event or one `config` object a line.

`pre` is the node before the event, `state` after it. Answers are linked to requests by `re`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from trace_check.adapters.format import is_word_of
from trace_check.adapters.wire import (
    CLIENT_KINDS,
    SCHEMA_DOC,
    Count,
    NodeId,
    Pair,
    WireLine,
    bad_line,
    config_of,
    decoder_of,
    event_of,
    node_of,
    text,
)
from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    KINDS,
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
    Item,
    Message,
    NodeState,
    Place,
    Unmapped,
    change_of,
    writes,
)

NAME = "native"

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

_NAMES_MAX = 4096
_PREVOTES = {REQUEST_VOTE: PREVOTE, VOTE_RESPONSE: PREVOTE_RESPONSE}

_OWN_TYPES = set(MESSAGE_TYPES) - {"append_entries", "request_vote"}


class NativeMessage(msgspec.Struct, gc=False):
    """The `msg` object of a send or recv line. `prevote` marks a vote message as a pre-vote."""

    type: str
    term: Count | None = None
    src: NodeId | None = msgspec.field(default=None, name="from")
    dst: NodeId | None = msgspec.field(default=None, name="to")
    granted: bool | None = None
    success: bool | None = None
    reject: bool | None = None
    prev: Pair | None = None
    last: Pair | None = None
    entries: tuple[Pair, ...] | None = None
    commit: Count | None = None
    index: Count | None = None
    re: NodeId | None = None
    prevote: bool = False


class NativeLine(WireLine, gc=False):
    """A line; `msg` may also be the alias of `event`, then a string."""

    msg: NativeMessage | str | None = None


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
    vote: str | UnsetType | None = UNSET
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
    re: str | None = None
    granted: bool | None = None
    last: Pair | None = None
    src: None = msgspec.field(default=None, name="from")
    dst: None = msgspec.field(default=None, name="to")
    reject: None = None
    prevote: Literal[False] = False


_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Term = Annotated[int, msgspec.Meta(ge=1)]


class PlainLine(msgspec.Struct, gc=False, kw_only=True):
    """A line in the words of the schema itself, with ids as text: all that most logs consist of.

    What does not fit, and what declares something, is read as a `NativeLine`, which knows every alias and
    every optional field. A field is found soonest where a line has it after the one before it here. No field
    that may stand beside a message has a value that counts as false.
    """

    v: Literal[1] = 1
    ts: float
    mono: float | None = None
    node: str
    inc: str = ""
    seq: Count | None = None
    event: _Kind
    src: str | None = msgspec.field(default=None, name="from")
    dst: str | None = msgspec.field(default=None, name="to")
    mid: str | None = None
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


_decode = decoder_of(NativeLine)
_decode_plain = msgspec.json.Decoder(PlainLine).decode


def certainty(line: dict[str, Any]) -> int:
    """2 if the line can only be this format, 1 if it may be, 0 if it is not."""
    if line.get("kind") == "config":
        return 2
    named = any(isinstance(line.get(key), str) for key in ("event", "name", "msg", "@message"))
    if not named or not any(key in line for key in ("node", "nid", "service.instance.id")):
        return 0
    msg = line.get("msg")
    own = isinstance(msg, dict) and is_word_of(msg.get("type"), _OWN_TYPES)
    return 2 if own or "pre" in line else 1


class Parser:
    """Reads one file of native lines."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def run(self, lines: Sequence[bytes], path: str, number: int) -> list[Event]:
        """The events of `lines` up to the first that is not plain; `number` is that of the first line."""
        if len(self._names) > _NAMES_MAX:
            self._names.clear()
        shared = self._names.setdefault
        events: list[Event] = []
        for at, line in enumerate(lines, start=number):
            event = _plain(line, path, at, shared)
            if event is None:
                break
            events.append(event)
        return events

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for what is broken."""
        event = _plain(line, place.path, place.line, self._names.setdefault)
        return self._any(_decode(line, place), place) if event is None else (event,)

    @staticmethod
    def _any(wire: NativeLine, place: Place) -> tuple[Item, ...]:
        """The items of a line of any kind."""
        if wire.v not in (None, 1):
            raise bad_line(place, f"schema version {wire.v} is unknown", f"write version 1; {SCHEMA_DOC}")
        if wire.kind == "config":
            return (config_of(wire, place),)
        kind = wire.event or wire.name or (wire.msg if isinstance(wire.msg, str) else None) or wire.at_message
        if kind is None:
            raise bad_line(place, "the line names no event", f'add "event"; {SCHEMA_DOC}')
        if kind not in KINDS:
            return (Unmapped(place, f"unknown event {kind!r}"),)
        msg = None
        if wire.msg.__class__ is NativeMessage:
            msg = _message(wire, wire.msg, node_of(wire, place), kind)
            if msg is None:
                return (Unmapped(place, f"unknown message type {wire.msg.type!r}"),)
        event = event_of(wire, kind, place, msg)
        if kind == "init" and (wire.nodes or wire.peers or wire.durable is not None):
            return (config_of(wire, place, node=event.node), event)
        return (event,)


def _plain(text: bytes, path: str, number: int, shared: Callable[[str, str], str]) -> Event | None:
    """The event of a plain line, None for any other. `shared` gives the one object that stands for a name."""
    try:
        line = _decode_plain(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    kind, node, inc, msg, pre, state = line.event, line.node, line.inc, line.msg, line.pre, line.state
    if not node:
        return None
    node, inc = shared(node, node), shared(inc, inc)
    if msg is None:
        return _of_record(line, node, inc, path, number)
    if kind == "send":
        src, dst = line.src or node, line.dst or ""
    elif kind == "recv":
        src, dst = line.src or "", line.dst or node
    else:
        return None
    more = line.op or line.entry or line.entries or line.old_role or line.new_role or line.old_term
    if more or line.new_term or line.reason:
        return None
    word, ok = msg.type, msg.granted
    return Event(
        kind,
        node,
        path,
        number,
        inc,
        line.seq,
        line.ts,
        line.mono,
        line.mid,
        Message(
            MESSAGE_TYPES[word],
            word,
            shared(src, src),
            shared(dst, dst),
            msg.term,
            msg.success if ok is None else ok,
            msg.prev or msg.last,
            msg.entries,
            msg.commit,
            msg.index,
            msg.re,
        ),
        None if pre is None else _shown(pre),
        None if state is None else _shown(state),
    )


def _of_record(line: PlainLine, node: str, inc: str, path: str, number: int) -> Event:
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
        line.ts,
        line.mono,
        line.mid,
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
        line.hint or (line.dst if kind == "client_fail" else None),
    )


def _shown(state: PlainState) -> NodeState:
    vote = state.vote
    if vote.__class__ is not str:
        vote = NOBODY if vote is None else None
    return NodeState(state.role, state.term, vote, state.commit, state.last)


def _message(line: NativeLine, msg: NativeMessage, node: str, kind: str) -> Message | None:
    """The message of a line, None for a type that the schema does not have."""
    kind_of_message = MESSAGE_TYPES.get(msg.type) or MESSAGE_TYPES.get(msg.type.lower())
    if kind_of_message is None:
        return None
    if msg.prevote:
        kind_of_message = _PREVOTES.get(kind_of_message, kind_of_message)
    return Message(
        kind_of_message,
        msg.type,
        text(msg.src) or text(line.src) or (node if kind == "send" else ""),
        text(msg.dst) or text(line.dst) or (node if kind == "recv" else ""),
        msg.term,
        _outcome(msg),
        msg.prev or msg.last,
        msg.entries,
        msg.commit,
        msg.index,
        text(msg.re),
    )


def _outcome(msg: NativeMessage) -> bool | None:
    if msg.granted is not None:
        return msg.granted
    if msg.success is not None:
        return msg.success
    return None if msg.reject is None else not msg.reject
