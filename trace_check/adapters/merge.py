"""Several logs to one stream in the order of time, each log in its own order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter

from trace_check.event import Event, Item

LOOK_AHEAD_ITEMS = 2_000


class Ahead:
    """One file's items: the first ones, read ahead, and the rest. A file can be walked through once."""

    def __init__(self, items: Iterator[Item]) -> None:
        self.head = list(islice(items, LOOK_AHEAD_ITEMS))
        self._rest = items

    @property
    def first(self) -> Event | None:
        """The first event of the items read ahead."""
        return next((item for item in self.head if isinstance(item, Event)), None)

    def items(self) -> Iterator[Item]:
        """All items."""
        return chain(self.head, self._rest)


def stamp_of(event: Event) -> float:
    """The event's wall clock, before all others where it has none."""
    return float("-inf") if event.ts is None else event.ts


def in_time(logs: Sequence[Iterable[Item]]) -> Iterator[tuple[int, Item]]:
    """(number of the log, item) of all logs; a log's clock that goes back is held."""
    keyed = [_keyed(number, log) for number, log in enumerate(logs)]
    for _, number, item in heapq.merge(*keyed, key=itemgetter(0)):
        yield number, item


def _keyed(number: int, log: Iterable[Item]) -> Iterator[tuple[float, int, Item]]:
    stamp = float("-inf")
    for item in log:
        if isinstance(item, Event):
            stamp = max(stamp, stamp_of(item))
        yield stamp, number, item
