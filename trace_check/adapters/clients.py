"""A client's own history: JSON Lines, an operation a line, from its invocation to its answer.

`{"op":1,"f":"put","node":1,"key":"k0","value":"a","t0":1.5,"t1":1.6,"ok":true,"member_id":"10682853467239572369"}`.
`ok` is true for an answer without error, false for one with (`err` or `error`), null where none came: nobody
knows what became of it. `member_id` is the id of the etcd member that answered, in decimal; `node` is the
endpoint that the client called, known by the member that has answered there.
"""

from __future__ import annotations

from typing import Any

import msgspec

from trace_check.adapters.wire import NodeId, bad_line, decoder_of, text
from trace_check.event import Client, Config, Event, Item, Place, writes

NAME = "clients"


class ClientLine(msgspec.Struct):
    """One operation."""

    op: NodeId
    f: str
    t0: float
    ok: bool | None = None
    t1: float | None = None
    node: NodeId | None = None
    member_id: NodeId | None = None
    raft_term: NodeId | None = None
    key: str | None = None
    value: Any = None
    err: Any = None
    error: Any = None


_decode = decoder_of(ClientLine)


def certainty(line: dict[str, Any]) -> int:
    """2 for a line of a client's history, 0 for any other."""
    return 2 if all(name in line for name in ("op", "f", "t0", "ok")) else 0


class Parser:
    """Reads one client's history, and learns which member answers at which endpoint."""

    def __init__(self) -> None:
        self._members: dict[str, str] = {}

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The invocation and, where there is one, the answer. Raises: InputError with the place."""
        wire = _decode(line, place)
        endpoint = None if wire.node is None else f"endpoint {wire.node}"
        number = _number("member_id", wire.member_id, place)
        member = None if number is None else f"{number:x}"
        term = _number("raft_term", wire.raft_term, place)
        if member is None and endpoint is None:
            raise bad_line(place, "the operation names no node", 'add "node" or "member_id"')
        node = member or self._members.get(endpoint or "") or endpoint or ""
        items: tuple[Item, ...] = (_event("client_invoke", wire, node, wire.t0, place),)
        if wire.ok is not None:
            kind = "client_ok" if wire.ok else "client_fail"
            items += (_event(kind, wire, node, wire.t0 if wire.t1 is None else wire.t1, place, term),)
        if member is not None and endpoint is not None and self._members.get(endpoint) != member:
            self._members[endpoint] = member
            items += (Config(place=place, names=((endpoint, member),)),)
        return items


def _number(name: str, value: NodeId | None, place: Place) -> int | None:
    """The number of a field of an answer's header. Raises: InputError for text that is none."""
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        mend = "write the number of the answer's header, in decimal"
        raise bad_line(place, f"{name} {value!r} is no number", mend) from None


def _event(kind: str, wire: ClientLine, node: str, ts: float, place: Place, term: int | None = None) -> Event:
    failed = kind == "client_fail"
    value = wire.value if isinstance(wire.value, str | None) else msgspec.json.encode(wire.value).decode()
    shown = _reason(wire.error if wire.err is None else wire.err)
    client = Client(
        text(wire.op),
        wire.f,
        writes(wire.f),
        key=wire.key,
        value=value,
        error=shown if failed else None,
        term=term,
    )
    return Event(kind=kind, node=node, path=place.path, line=place.line, ts=ts, client=client, by_client=True)


def _reason(error: Any) -> str | None:
    """The words of an error; those in it where it is an answer's JSON."""
    if isinstance(error, str) and error.startswith("{"):
        try:
            error = msgspec.json.decode(error)
        except (msgspec.DecodeError, RecursionError):
            return str(error)
    if isinstance(error, dict) and isinstance(error.get("error"), str):
        error = error["error"]
    if error is None or isinstance(error, str):
        return error
    return msgspec.json.encode(error).decode()
