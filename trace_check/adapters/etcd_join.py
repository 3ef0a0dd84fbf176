"""One cluster's etcd files to one stream: server logs, write-ahead logs and client histories.

Decides the order of each node's events, its incarnations, and the members' names. The server log leads: it
has time and the order of one goroutine. The write-ahead log lags behind it and has neither; a record of term
T comes before the first log line that shows a later term, and all that a restart has read again comes before
that restart, so that both keep their own order and every fact stands where it was true. A client's line
stands where its clock says; no rule takes it for the order of a node.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import msgspec

from trace_check.adapters.merge import Ahead, in_time, stamp_of
from trace_check.adapters.rename import members_named, renamed
from trace_check.event import FOLLOWER, Config, Event, Item, Note
from trace_check.facts import own_terms


@dataclass
class _Node:
    """Where one node's events have got to."""

    wal: Iterator[Event] = field(default_factory=lambda: iter(()))
    waiting: Event | None = None
    wal_term: int = 0
    clients: deque[Event] = field(default_factory=deque)
    stop: Event | None = None
    seq: int = 0
    starts: int = 0
    begun: bool = False


def join(streams: Sequence[Iterator[Item]]) -> Iterator[Item]:
    """The items of all files, a node's events in its order, with `seq` and `inc`, under the members' names.

    Log and write-ahead log are read as they are needed; a client history is held as a whole.
    """
    files = [Ahead(stream) for stream in streams]
    logs, wals, histories = _sorted_out(files)
    told = [item for history in histories for item in history.items()]
    names = members_named(chain(told, *(file.head for file in files)))
    for item in _Join(logs, wals, told).run():
        yield renamed(item, names)
    if names:
        pairs = sorted((name, number) for number, name in names.items() if not number.startswith("endpoint "))
        yield Note("members: " + ", ".join(f"{name} is {number}" for name, number in pairs))


def _sorted_out(files: Sequence[Ahead]) -> tuple[list[Ahead], list[Ahead], list[Ahead]]:
    """Server logs, write-ahead logs and client histories. A file without events counts as a log."""
    logs, wals, histories = [], [], []
    for file in files:
        first = file.first
        if first is not None and first.by_client:
            histories.append(file)
        elif first is not None and first.ts is None and not first.one_at_a_time:
            wals.append(file)
        else:
            logs.append(file)
    return logs, wals, histories


class _Join:
    """The merge: log events in the order of time, each after what its node's other files had before it."""

    def __init__(self, logs: Sequence[Ahead], wals: Sequence[Ahead], told: Sequence[Item]) -> None:
        self._logs = logs
        self._nodes: dict[str, _Node] = {}
        self._aside: deque[Item] = deque()
        self._sort_wals(wals)
        for item in told:
            if isinstance(item, Event):
                self._node(item.node).clients.append(item)
            else:
                self._aside.append(item)
        for node in self._nodes.values():
            node.clients = deque(sorted(node.clients, key=stamp_of))

    def _node(self, name: str) -> _Node:
        return self._nodes.setdefault(name, _Node())

    def _sort_wals(self, wals: Sequence[Ahead]) -> None:
        """Gives each node its segments in their order, or else its records that another tool decoded.

        Segments are read as they are needed. A decoded log may hold several nodes, and is held as a whole.
        """
        segments: dict[str, list[Ahead]] = {}
        decoded: dict[str, list[Event]] = {}
        for wal in sorted(wals, key=lambda wal: wal.first.place.path if wal.first else ""):
            first = wal.first
            if first is not None and any(_is_metadata(item) for item in wal.head):
                segments.setdefault(first.node, []).append(wal)
            else:
                for event in self._events_of(wal.items()):
                    decoded.setdefault(event.node, []).append(event)
        for name, events in decoded.items():
            self._node(name).wal = iter(events)
        for name, files in segments.items():
            if name in decoded:
                text = f"the write-ahead log of {name} is read from its segments; decoded copies are left out"
                self._aside.append(Note(text))
            self._node(name).wal = self._events_of(chain.from_iterable(file.items() for file in files))
        for node in self._nodes.values():
            node.waiting = next(node.wal, None)

    def _events_of(self, items: Iterator[Item]) -> Iterator[Event]:
        for item in items:
            if isinstance(item, Event):
                yield item
            else:
                self._aside.append(item)

    def run(self) -> Iterator[Item]:
        """All items. What is no event comes with the next event."""
        for _, item in in_time([log.items() for log in self._logs]):
            if isinstance(item, Event) and item.kind == "stop":
                self._node(item.node).stop = item
            elif isinstance(item, Event):
                yield from self._upto(item)
                yield self._placed(item)
            else:
                yield item
            yield from self._flush()
        for node in list(self._nodes.values()):
            while node.waiting is not None:
                yield self._placed(self._take(node))
            while node.clients:
                yield self._placed(node.clients.popleft())
            if node.stop is not None:
                yield self._placed(node.stop)
        yield from self._flush()

    def _flush(self) -> Iterator[Item]:
        while self._aside:
            yield self._aside.popleft()

    def _upto(self, event: Event) -> Iterator[Event]:
        """What the node's write-ahead log and its clients have before this line of its log.

        A stop is held back until the next start: what was written before it has no time to be placed by.
        """
        node = self._node(event.node)
        while node.clients and stamp_of(node.clients[0]) <= stamp_of(event):
            yield self._placed(node.clients.popleft())
        terms = list(own_terms(event))
        while node.waiting is not None and terms and _comes_before(node.waiting, event, terms[0], node):
            yield self._placed(self._take(node))
        if node.stop is not None:
            yield self._placed(node.stop)
            node.stop = None

    @staticmethod
    def _take(node: _Node) -> Event:
        event = node.waiting
        node.waiting = next(node.wal, None)
        if event is None:
            raise LookupError("nothing is waiting")
        node.wal_term = max(node.wal_term, _term_of(event))
        return event

    def _placed(self, event: Event) -> Event:
        """The event with its place among those of its node.

        A start after anything else but the role that it sets is another incarnation.
        """
        node = self._node(event.node)
        if event.kind == "init":
            node.starts += node.begun
        if event.kind != "role" or event.new_role != FOLLOWER:
            node.begun = True
        node.seq += 1
        return msgspec.structs.replace(event, seq=node.seq, inc=f"start {node.starts + 1}")


def _is_metadata(item: Item) -> bool:
    return isinstance(item, Config) and item.node is not None


def _term_of(record: Event) -> int:
    """The term of a record of the write-ahead log."""
    if record.state is not None and record.state.term is not None:
        return record.state.term
    entry = record.entries[-1] if record.entries else record.entry
    return entry[1] if entry is not None else 0


def _comes_before(record: Event, line: Event, term: int, node: _Node) -> bool:
    """True if a record of the write-ahead log was made before the log line, which shows `term`."""
    again = line.state
    if line.kind != "init" or again is None or again.term is None or again.commit is None:
        return max(node.wal_term, _term_of(record)) < term
    if record.state is not None and record.state.term is not None:
        return (record.state.term, record.state.commit or 0) <= (again.term, again.commit)
    entry = record.entries[-1] if record.entries else record.entry
    last = again.last
    return entry is None or last is None or (entry[1], entry[0]) <= (last[1] or 0, last[0])
