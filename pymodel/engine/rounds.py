"""One round of a search: rows expanded, what they lead to absorbed and collected, by all threads.

The three passes are kernel.py's. Between them the threads wait for each other, so that the table does not
change while it is read, and no slot of it is written by two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from queue import Empty, SimpleQueue
from typing import TypeVar

import numpy as np

from pymodel.engine import kernel
from pymodel.engine.layout import Layout
from pymodel.engine.level import Block
from pymodel.engine.native import Native, Words
from pymodel.engine.store import Store
from pymodel.engine.table import Table
from pymodel.engine.worker import Worker
from pymodel.errors import LayoutError

CHUNK_ROWS = 1 << 11
RECORDS = 1 << 13
LEADING_SHARE = 0.9
"""Of an equal share of a round's rows, what the first thread expands before it joins the others. What it
writes there comes before all that others write, so that it may enter that into the table at once."""

Item = TypeVar("Item")
Result = TypeVar("Result")

Records = tuple[Words, int]
"""What one call of `expand` wrote, and how many records that is."""


@dataclass(frozen=True)
class Widths:
    """The words of a stored row, of a key and of a record."""

    row: int
    key: int
    record: int


class Rounds:
    """What the rounds of one search share."""

    def __init__(self, native: Native, workers: list[Worker], widths: Widths, layout: Layout) -> None:
        self.native = native
        self.workers = workers
        self.widths = widths
        self.layout = layout
        self.waiting: Block | None = None
        self.spare: SimpleQueue[Words] = SimpleQueue()

    def start(self, table: Table, pool: ThreadPoolExecutor) -> Block:
        """The initial state, which the first worker has loaded; empty if it is outside the constraint."""
        worker = self.workers[0]
        records: Words = np.zeros(self.widths.record, np.int64)
        count = self.native.call("start", worker.buffer, records, worker.found)
        self._raise_overflow(worker)
        fresh = self._absorb(table, [(records, count)], 0, 1)
        return self._collect([(records, count)], fresh, pool)

    def run(self, store: Store, base: int, rows: Words, pool: ThreadPoolExecutor) -> bool:
        """Expand rows, the first of which is number `base` of its level; False if the memory is full. What
        they lead to is stored by the next round, beside its work, or by `finish`."""
        count = len(rows) // self.widths.row
        starts = range(0, count, CHUNK_ROWS)
        parts = len(self.workers) if len(starts) > 1 else 1
        leading = len(starts) if parts == 1 else self._leading(len(starts), parts)
        entered: list[bool] = []

        has_room = store.fits if parts == 1 else store.table.has_room  # no growth while others read

        def may_enter(room: int) -> bool:
            entered.append(all(entered[-1:]) and has_room(room))
            return entered[-1]

        def expand(start: int, part: int) -> list[Records]:
            last = min(start + CHUNK_ROWS, count)
            enters = may_enter if start < leading * CHUNK_ROWS else _never
            return self._expand(self.workers[part], store.table, base, rows, start, last, enters)

        expanding = _shared(pool, parts, expand, starts, leading)
        self.finish(store)
        records = [item for chunk in expanding() for item in chunk]
        done = sum(entered)
        numbers = np.array([number for _, number in records[:done]], np.int64)
        self.waiting = self._collect(records[:done], numbers, pool, parts)
        if done < len(records) and not self._enter(store, records[done:], pool, parts):
            return False
        for words, _ in records:
            self.spare.put(words)
        return True

    def _leading(self, chunks: int, parts: int) -> int:
        """How many chunks the first of several threads enters at once: none if a key has several words, of
        which others might read some."""
        return int(chunks * LEADING_SHARE / parts) if self.widths.key == 1 else 0

    def _enter(self, store: Store, records: list[Records], pool: ThreadPoolExecutor, parts: int) -> bool:
        """Enter what `expand` did not; False if the memory is full. What it did enter is stored first, since
        a table that makes room may go to disk."""
        self.finish(store)
        if not store.make_room(sum(number for _, number in records)):
            return False

        def absorb(part: int, _: int) -> Words:
            return self._absorb(store.table, records, part, parts)

        fresh = np.sum(_shared(pool, parts, absorb, range(parts))(), axis=0)
        self.waiting = self._collect(records, fresh, pool, parts)
        return True

    def finish(self, store: Store) -> None:
        """Store what the last round led to."""
        block, self.waiting = self.waiting, None
        if block is not None and block.count:
            store.add(block)

    def _expand(
        self,
        worker: Worker,
        table: Table,
        base: int,
        rows: Words,
        first: int,
        last: int,
        may_enter: Callable[[int], bool],
    ) -> list[Records]:
        written = []
        while first < last:
            out = self._spare_records(len(worker.acts))
            room = len(out) // self.widths.record
            alone = may_enter(room)
            count = self.native.call(
                "expand",
                worker.buffer,
                rows,
                base,
                first,
                last,
                worker.acts,
                table.words,
                table.size,
                table.fill,
                int(alone),
                out,
                room,
                worker.counts,
                worker.found,
                worker.totals,
            )
            self._raise_overflow(worker)
            self._raise_full(worker.totals)
            first = int(worker.totals[0])
            written.append((out, count))
        return written

    def _spare_records(self, pending: int) -> Words:
        """Room for some records, and for those of at least two times `pending` successors."""
        try:
            return self.spare.get_nowait()
        except Empty:
            return np.empty(max(RECORDS, 2 * pending) * self.widths.record, np.int64)

    def _absorb(self, table: Table, records: list[Records], part: int, parts: int) -> Words:
        """How many of each item of `records` were new among the shards of this part."""
        totals: Words = np.zeros(2, np.int64)
        fresh: Words = np.zeros(len(records), np.int64)
        for number, (words, count) in enumerate(records):
            fresh[number] = self.native.call(
                "absorb", words, count, table.words, table.size, part, parts, table.fill, totals
            )
            self._raise_full(totals)
        return fresh

    def _raise_full(self, totals: Words) -> None:
        if totals[1] == kernel.FULL:
            raise LayoutError("a shard of the table of states is full", mend="search with another --fp")

    def _collect(
        self, records: Sequence[Records], fresh: Words, pool: ThreadPoolExecutor, parts: int = 1
    ) -> Block:
        """The records that were new, in order; `fresh` says how many of each item."""
        widths = (self.widths.row, 1, self.widths.key)
        arrays = [np.empty(int(fresh.sum()) * width, np.int64) for width in widths]
        firsts = np.cumsum(fresh) - fresh

        def collect(number: int, _: int) -> int:
            first = int(firsts[number])
            places = [array[first * width :] for array, width in zip(arrays, widths, strict=True)]
            return self.native.call("collect", *records[number], *places)

        _shared(pool, parts, collect, range(len(records)))()
        return Block(*arrays)

    def _raise_overflow(self, worker: Worker) -> None:
        code = int(worker.buffer[0])
        if code:
            raise LayoutError(
                self.layout.complaints[code],
                mend="raise the bound in the cfg that limits it, or check the operator that the cfg swaps in",
            )


def _never(room: int) -> bool:
    return False


def _shared(
    pool: ThreadPoolExecutor,
    parts: int,
    function: Callable[[Item, int], Result],
    items: Sequence[Item],
    leading: int = 0,
) -> Callable[[], list[Result]]:
    """Begin to apply `function` to all items in `parts` threads, or later, if that is 1, in this one. It is
    told which part it works for; each part gets ever later items, part 0 the first `leading` ones. What is
    returned waits for the end and gives the results in the order of the items."""
    if parts == 1:
        return lambda: [function(item, 0) for item in items]
    results: dict[int, Result] = {}
    numbers = iter(range(leading, len(items)))

    def work(part: int) -> None:
        for number in chain(range(leading if part == 0 else 0), numbers):
            results[number] = function(items[number], part)

    working = pool.map(work, range(parts))

    def wait() -> list[Result]:
        for _ in working:
            pass
        return [results[number] for number in range(len(items))]

    return wait
