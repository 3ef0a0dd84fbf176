"""The text of etcd-dump-logs: the last hard state of a node and the entries that its log ended with.

It shows no earlier state and no entry that was overwritten: the hard state comes first, the entries after it.
Source: etcd, tools/etcd-dump-logs (main.go).
"""

from __future__ import annotations

import re
from typing import Any

from trace_check.adapters.etcd_records import WalEvents
from trace_check.adapters.wire import bad_line
from trace_check.event import Event, Item, Place, Skipped

NAME = "etcd-dump"

_METADATA = re.compile(
    rb"nodeID=(?P<node>[0-9a-f]+) clusterID=[0-9a-f]+ term=(?P<term>\d+) "
    rb"commitIndex=(?P<commit>\d+) vote=(?P<vote>[0-9a-f]+)\s*$"
)
_SNAPSHOT = re.compile(rb"term=(?P<term>\d+) index=(?P<index>\d+) nodes=")
_ENTRY = re.compile(rb" *(?P<term>\d+)\t *(?P<index>\d+)\t(?:norm|conf)(?:\t|$)")


def certainty(line: dict[str, Any]) -> int:
    """0: no JSON is of this format."""
    return 0


def text_certainty(text: str) -> int:
    """2 for the line with a node's metadata, 0 for any other."""
    return 2 if _METADATA.match(text.encode()) is not None else 0


class Parser:
    """Reads the dump of one node."""

    def __init__(self) -> None:
        self._events = WalEvents()
        self._node = ""
        self._commit = 0
        self._snapshot: tuple[int, int, Place] | None = None

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError for an entry before the metadata that name the node."""
        entry = _ENTRY.match(line)
        if entry is not None:
            if not self._node:
                raise bad_line(place, "an entry comes before the node's metadata", "keep the whole dump")
            return self._entry(int(entry["index"]), int(entry["term"]), place)
        metadata = _METADATA.match(line)
        if metadata is not None:
            self._node, self._commit = metadata["node"].decode(), int(metadata["commit"])
            vote, term = metadata["vote"].decode(), int(metadata["term"])
            state = self._events.state(self._node, term, vote, self._commit, place)
            if self._snapshot is None:
                return (state,)
            held = self._events.snapshot(self._node, *self._snapshot)
            return (state,) if held is None else (state, held)
        snapshot = _SNAPSHOT.match(line)
        if snapshot is not None:
            self._snapshot = (int(snapshot["index"]), int(snapshot["term"]), place)
        return (Skipped(place),)

    def _entry(self, index: int, term: int, place: Place) -> tuple[Item, ...]:
        """The entry; and that it is committed, where the commit index of the metadata is its own."""
        event = self._events.entry(self._node, index, term, place)
        if index != self._commit:
            return (event,)
        return (
            event,
            Event("commit", self._node, place.path, place.line, entry=(index, term)),
        )
