"""The outer shape of a line in schema version 1, shared by the adapters that speak it.

Decides fields, their types and aliases, and which are required; an adapter gives them meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from trace_check.errors import InputError, InvalidJson
from trace_check.event import (
    CANDIDATE,
    FOLLOWER,
    LEADER,
    LEARNER,
    NOBODY,
    PRECANDIDATE,
    Client,
    Config,
    Entry,
    Event,
    Message,
    NodeState,
    Place,
    change_of,
    writes,
)

Count = Annotated[int, msgspec.Meta(ge=0)]
Pair = tuple[Count, Count]
NodeId = str | int
SCHEMA_DOC = "docs/TRACES.md holds the schema"

ROLES = {
    "follower": FOLLOWER,
    "candidate": CANDIDATE,
    "leader": LEADER,
    "primary": LEADER,
    "precandidate": PRECANDIDATE,
    "learner": LEARNER,
    "nonvoter": LEARNER,
    "observer": LEARNER,
}
_PLAIN_ROLES = frozenset(ROLES.values())
CLIENT_KINDS = frozenset({"client_invoke", "client_ok", "client_fail", "read"})
_NOTHING = (None,) * 7


class WireState(msgspec.Struct, gc=False):
    """`pre` or `state` of a line. `vote: null` says "nobody"; a missing `vote` says nothing.

    `last_index` stands in for `last` where the last entry's term is unknown: a union of a bounded integer
    and a pair in one field crashes msgspec 0.22.
    """

    role: str | None = None
    term: Count | None = None
    vote: NodeId | UnsetType | None = UNSET
    commit: Count | None = None
    last: Pair | None = None
    last_index: Count | None = None


class WireLine(msgspec.Struct, gc=False):
    """The fields that every line of schema version 1 may have, with the aliases of time, event and node."""

    v: int | None = None
    kind: str | None = None
    ts: float | str | None = None
    time: float | str | None = None
    timestamp: float | str | None = None
    at_timestamp: float | str | None = msgspec.field(default=None, name="@timestamp")
    mono: float | None = None
    event: str | None = None
    name: str | None = None
    at_message: str | None = msgspec.field(default=None, name="@message")
    node: NodeId | None = None
    nid: NodeId | None = None
    instance: NodeId | None = msgspec.field(default=None, name="service.instance.id")
    inc: NodeId | None = None
    seq: Count | None = None
    mid: NodeId | None = None
    src: NodeId | None = msgspec.field(default=None, name="from")
    dst: NodeId | None = msgspec.field(default=None, name="to")
    pre: WireState | None = None
    state: WireState | None = None
    old_role: str | None = None
    new_role: str | None = None
    old_term: Count | None = None
    new_term: Count | None = None
    reason: str | None = None
    op: NodeId | None = None
    f: str | None = None
    key: Any = None
    value: Any = None
    error: Any = None
    entries: list[Pair] | None = None
    entry: Pair | None = None
    nodes: list[NodeId] | None = None
    peers: list[NodeId] | None = None
    durable: bool | None = None
    clock_error_ms: float | None = None
    hint: NodeId | None = None
    lease_ms: float | None = None
    election_timeout_ms: float | None = None


Wire = TypeVar("Wire")


def decoder_of(wire: type[Wire]) -> Callable[[bytes, Place], Wire]:
    """A function from a line and its place to a `wire`.

    Raises: InvalidJson, and InputError for a field of the wrong type, both with the place.
    """
    decoder = msgspec.json.Decoder(wire)

    def decode(line: bytes, place: Place) -> Wire:
        try:
            return decoder.decode(line)
        except msgspec.ValidationError as error:
            raise bad_line(place, f"a field has the wrong type: {error}", SCHEMA_DOC) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            mend = "restore the line, or check a copy without it; only a torn last line is tolerated"
            raise InvalidJson(f"invalid JSON: {error}", mend=mend, path=place.path, line=place.line) from None

    return decode


def bad_line(place: Place, message: str, mend: str) -> InputError:
    """The error for a line that parses as JSON and is still wrong."""
    return InputError(message, mend=mend, path=place.path, line=place.line)


def text(value: NodeId | None) -> str | None:
    """A node's name or another id as text: a log may write it as a number."""
    return str(value) if isinstance(value, int) else value


def role_of(word: str | None, place: Place) -> str | None:
    """The normalised role, None if `word` is None. Raises: InputError for a word that is no role."""
    if word is None or word in _PLAIN_ROLES:
        return word
    plain = word.lower().removeprefix("state").replace("-", "").replace("_", "")
    if plain not in ROLES:
        raise bad_line(place, f"unknown role {word!r}", f"use one of {', '.join(sorted(ROLES))}")
    return ROLES[plain]


def state_of(wire: WireState | None, place: Place) -> NodeState | None:
    """The normalised node state, None if nothing was logged."""
    if wire is None:
        return None
    vote = wire.vote
    if vote.__class__ is not str:
        vote = None if vote is UNSET else NOBODY if vote is None else str(vote)
    last: tuple[int, int | None] | None = wire.last
    if last is None and wire.last_index is not None:
        last = (wire.last_index, None)
    return NodeState(role_of(wire.role, place), wire.term, vote, wire.commit, last)


def seconds_of(line: WireLine, place: Place) -> float | None:
    """Wall-clock seconds of a line (UTC where it names no zone), None where it has none.

    Raises: InputError for text that is no ISO 8601 time.
    """
    if line.ts.__class__ is float:
        return line.ts
    for value in (line.ts, line.time, line.timestamp, line.at_timestamp):
        if isinstance(value, str):
            try:
                return seconds_of_iso(value)
            except ValueError:
                mend = "write seconds since 1970, or ISO 8601"
                raise bad_line(place, f"not a time: {value!r}", mend) from None
        if value is not None:
            return value
    return None


def seconds_of_iso(value: str) -> float:
    """Wall-clock seconds, UTC where the text names no zone. Raises: ValueError."""
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def node_of(line: WireLine, place: Place) -> str:
    """The name of the node that wrote the line. Raises: InputError where it is missing."""
    for value in (line.node, line.nid, line.instance):
        if value.__class__ is str and value:
            return value
        if value is not None and value != "":
            return str(value)
    raise bad_line(place, "the line names no node", f'add "node"; {SCHEMA_DOC}')


def names_other_node(line: str, node: str) -> bool:
    """True if a line of this shape is of another node than `node`; what names none may be of any."""
    try:
        names = _names.decode(line)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return False
    named = [str(value) for value in (names.node, names.nid, names.instance) if value not in (None, "")]
    return bool(named) and node not in named


class _Names(msgspec.Struct):
    """The node of a line alone."""

    node: NodeId | None = None
    nid: NodeId | None = None
    instance: NodeId | None = msgspec.field(default=None, name="service.instance.id")


_names = msgspec.json.Decoder(_Names)


def entries_of(pairs: list[Pair] | None) -> tuple[Entry, ...] | None:
    return None if pairs is None else tuple(pairs)


def client_of(line: WireLine, kind: str) -> Client | None:
    """The client operation of a line, or the one that an append names; None for any other event."""
    if kind not in CLIENT_KINDS and (kind != "append" or line.op is None):
        return None
    f = line.f or ("read" if kind == "read" else "write")
    return Client(
        op=text(line.op),
        f=f,
        is_write=writes(f),
        key=_shown(line.key),
        value=_shown(line.value),
        error=_shown(line.error),
        entry=line.entry,
        hint=text(line.hint) or (text(line.dst) if kind == "client_fail" else None),
    )


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def event_of(line: WireLine, kind: str, place: Place, msg: Message | None = None) -> Event:
    """The event of a line, with the message that the adapter has made of its own fields."""
    seen = (
        kind,
        node_of(line, place),
        place.path,
        place.line,
        text(line.inc) or "",
        line.seq,
        seconds_of(line, place),
        line.mono,
        text(line.mid),
        msg,
        state_of(line.pre, place),
        state_of(line.state, place),
    )
    rest = (line.old_role, line.new_role, line.old_term, line.new_term, line.reason, line.entries, line.entry)
    if rest == _NOTHING and kind not in CLIENT_KINDS:
        return Event(*seen)
    return Event(
        *seen,
        change_of(role_of(line.old_role, place), role_of(line.new_role, place), line.old_term, line.new_term),
        line.reason,
        entries_of(line.entries),
        line.entry,
        client_of(line, kind),
    )


def config_of(line: WireLine, place: Place, node: str | None = None) -> Config:
    """What a line declares about the cluster, for all nodes or for `node` alone."""
    return Config(
        place=place,
        nodes=tuple(str(name) for name in line.nodes or line.peers or ()),
        durable=line.durable,
        node=node,
        clock_error_ms=line.clock_error_ms,
        lease_ms=line.lease_ms,
        election_timeout_ms=line.election_timeout_ms,
    )
