"""Native JSON Lines, schema version 1 (docs/TRACES.md): one event or one `config` object a line.

`pre` is the node before the event, `state` after it. Answers are linked to requests by `re`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from trace_check.adapters.format import is_word_of
from trace_check.adapters.plain import MESSAGE_TYPES, Names, plain_event
from trace_check.adapters.wire import (
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
    KINDS,
    PREVOTE,
    PREVOTE_RESPONSE,
    REQUEST_VOTE,
    VOTE_RESPONSE,
    Event,
    Item,
    Message,
    Place,
    Unmapped,
)

NAME = "native"

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


_decode = decoder_of(NativeLine)


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
        self._names = Names()

    def run(self, lines: Sequence[bytes], path: str, number: int) -> list[Event]:
        """The events of `lines` up to the first that is not plain; `number` is that of the first line."""
        names = self._names
        events: list[Event] = []
        for at, line in enumerate(lines, start=number):
            event = plain_event(line, path, at, names)
            if event is None:
                break
            events.append(event)
        return events

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for what is broken."""
        event = plain_event(line, place.path, place.line, self._names)
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
