"""etcd's write-ahead log as another tool decoded it: a JSON line a record, with `rec` and the node's id.

`{"node":"8e9e","seq":6,"rec":"state","term":1,"vote":"0","commit":3}`; the other records are `entry` (index,
term), `snap` (index, term) and `meta`. Where the segments themselves are at hand they are read instead.
"""

from __future__ import annotations

from typing import Any

import msgspec

from trace_check.adapters.etcd_records import WalEvents
from trace_check.adapters.format import is_word_of
from trace_check.adapters.wire import Count, bad_line, decoder_of
from trace_check.event import Item, Place, Unmapped

NAME = "etcd-wal-json"

_RECORDS = frozenset({"meta", "snap", "entry", "state"})


class WalLine(msgspec.Struct):
    """A decoded record; which fields it has depends on `rec`."""

    node: str
    rec: str
    term: Count | None = None
    index: Count | None = None
    vote: str = "0"
    commit: Count | None = None


_decode = decoder_of(WalLine)


def certainty(line: dict[str, Any]) -> int:
    """2 for a decoded record, 0 for any other line."""
    return 2 if is_word_of(line.get("rec"), _RECORDS) and isinstance(line.get("node"), str) else 0


class Parser:
    """Reads the decoded log of one node."""

    def __init__(self) -> None:
        self._events = WalEvents()

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for what is broken."""
        wire = _decode(line, place)
        if wire.rec == "meta":
            return ()
        if wire.rec not in _RECORDS:
            return (Unmapped(place, f"unknown record {wire.rec!r}"),)
        number = wire.commit if wire.rec == "state" else wire.index
        if wire.term is None or number is None:
            needed = "term and commit" if wire.rec == "state" else "term and index"
            raise bad_line(place, f"a record {wire.rec!r} without {needed}", "decode the record in full")
        if wire.rec == "state":
            return (self._events.state(wire.node, wire.term, wire.vote, number, place),)
        if wire.rec == "entry":
            return (self._events.entry(wire.node, number, wire.term, place),)
        event = self._events.snapshot(wire.node, number, wire.term, place)
        return () if event is None else (event,)
