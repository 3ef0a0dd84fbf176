"""PySyncObj, instrumented: JSON Lines with that library's own message names.

Its `state` is the node *before* handling on a `recv` line and the node as it is on every other line, so
that it becomes `pre` on `recv` and `state` elsewhere. Its responses carry no term and only granted votes
are answered; a node handles one message at a time, so that an answer belongs to the last request received.
`journal` on the init line says whether term, vote and log are meant to survive a restart.
"""

from __future__ import annotations

from typing import Any

import msgspec

from trace_check.adapters.format import is_word_of
from trace_check.adapters.wire import (
    Count,
    Pair,
    WireLine,
    bad_line,
    config_of,
    decoder_of,
    entries_of,
    event_of,
    text,
)
from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    KINDS,
    OTHER,
    REQUEST_VOTE,
    SNAPSHOT,
    VOTE_RESPONSE,
    Item,
    Message,
    Place,
    Unmapped,
)

NAME = "pysyncobj"

_TYPES = {
    "request_vote": REQUEST_VOTE,
    "response_vote": VOTE_RESPONSE,
    "append_entries": APPEND,
    "next_node_idx": APPEND_RESPONSE,
    "apply_command": OTHER,
    "apply_command_response": OTHER,
    "timeout_now": OTHER,
}

_OWN_TYPES = {"response_vote", "next_node_idx", "apply_command", "apply_command_response"}


class PySyncObjMessage(msgspec.Struct):
    """A message under the library's own field names."""

    type: str
    term: Count | None = None
    commit_index: Count | None = None
    prev_index: Count | None = msgspec.field(default=None, name="prevLogIdx")
    prev_term: Count | None = msgspec.field(default=None, name="prevLogTerm")
    entries: list[Pair] | None = None
    serialized: Any = None
    transmission: str | None = None
    last_log_index: Count | None = None
    last_log_term: Count | None = None
    next_node_idx: Count | None = None
    success: bool | None = None


class PySyncObjLine(WireLine):
    """A line of an instrumented node."""

    msg: PySyncObjMessage | None = None
    journal: bool | str | None = None


_decode = decoder_of(PySyncObjLine)


def certainty(line: dict[str, Any]) -> int:
    """2 if the line can only be this format, 1 if it may be, 0 if it is not."""
    if not isinstance(line.get("event"), str) or "node" not in line or "pre" in line:
        return 0
    msg, conf = line.get("msg"), line.get("conf")
    if isinstance(msg, dict) and (is_word_of(msg.get("type"), _OWN_TYPES) or "prevLogIdx" in msg):
        return 2
    known_init = "journal" in line or (isinstance(conf, dict) and "raftMinTimeout" in conf)
    return 2 if known_init or line["event"] == "driver" else 1


class Parser:
    """Reads one file of an instrumented PySyncObj node."""

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for what is broken."""
        wire = _decode(line, place)
        kind = "state" if wire.event == "driver" else wire.event
        if kind is None:
            raise bad_line(place, "the line names no event", 'add "event"')
        if kind not in KINDS:
            return (Unmapped(place, f"unknown event {kind!r}"),)
        if wire.msg is not None and wire.msg.type not in _TYPES:
            return (Unmapped(place, f"unknown message type {wire.msg.type!r}"),)
        if kind == "recv":
            wire.pre, wire.state = wire.state, None
        event = event_of(wire, kind, place)
        msg = None if wire.msg is None else _message(wire, wire.msg, event.node)
        event = msgspec.structs.replace(event, msg=msg, one_at_a_time=True)
        if kind == "init":
            wire.durable = None if wire.journal is None else bool(wire.journal)
            return (config_of(wire, place, node=event.node), event)
        return (event,)


def _message(line: PySyncObjLine, msg: PySyncObjMessage, node: str) -> Message:
    kind = _TYPES[msg.type]
    prev = None
    if msg.prev_index is not None and msg.prev_term is not None:
        prev = (msg.prev_index, msg.prev_term)
    elif msg.last_log_index is not None and msg.last_log_term is not None:
        prev = (msg.last_log_index, msg.last_log_term)
    return Message(
        type=SNAPSHOT if kind == APPEND and msg.prev_index is None and msg.entries is None else kind,
        raw_type=msg.type,
        src=node if line.event == "send" else text(line.src) or "",
        dst=node if line.event == "recv" else text(line.dst) or "",
        term=msg.term,
        ok=True if kind == VOTE_RESPONSE else msg.success,
        prev=prev,
        entries=entries_of(msg.entries),
        commit=msg.commit_index,
        index=None if msg.next_node_idx is None or msg.next_node_idx == 0 else msg.next_node_idx - 1,
    )
