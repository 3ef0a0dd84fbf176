"""One round of a search: rows expanded, what they lead to absorbed and collected, by all threads.

The three passes are kernel.py's. Between them the threads wait for each other, so that the table does not
change while it is read, and no slot of it is written by two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
        self.idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in workers:
            self.idle.put(worker)

    def start(self, table: Table) -> Block:
        """The initial state, which the first worker has loaded; empty if it is outside the constraint."""
        worker = self.workers[0]
        records: Words = np.zeros(self.widths.record, np.int64)
        count = self.native.call("start", worker.buffer, records, worker.found)
        self._raise_overflow(worker)
        self._absorb(table, [(records, count)], 0, 1)
        return self._collect([(records, count)])

    def run(self, store: Store, base: int, rows: Words, pool: ThreadPoolExecutor) -> bool:
        """Expand rows, the first of which is number `base` of its level; False if the memory is full. What
        they lead to is stored by the next round, beside its work, or by `finish`."""
        count = len(rows) // self.widths.row
        starts = range(0, count, CHUNK_ROWS)
        parts = len(self.workers) if len(starts) > 1 else 1

        def expand(start: int) -> list[Records]:
            return self._expand(store.table, base, rows, start, min(start + CHUNK_ROWS, count))

        expanding = _shared(pool, parts, expand, starts)
        self.finish(store)
        records = [item for chunk in expanding() for item in chunk]
        if not store.make_room(sum(number for _, number in records)):
            return False
        _shared(pool, parts, lambda part: self._absorb(store.table, records, part, parts), range(parts))()
        step = max(1, -(-len(records) // parts))
        slices = [records[first : first + step] for first in range(0, len(records), step)]
        self.waiting = Block.joined(_shared(pool, parts, self._collect, slices)())
        for words, _ in records:
            self.spare.put(words)
        return True

    def finish(self, store: Store) -> None:
        """Store what the last round led to."""
        block, self.waiting = self.waiting, None
        if block is not None and block.count:
            store.add(block)

    def _expand(self, table: Table, base: int, rows: Words, first: int, last: int) -> list[Records]:
        worker = self.idle.get()
        try:
            written = []
            while first < last:
                out = self._spare_records(len(worker.acts))
                count = self.native.call(
                    "expand",
                    worker.buffer,
                    rows,
                    base,
                    first,
                    last,
                    worker.acts,
                    table.words,
                    table.span,
                    table.size,
                    out,
                    len(out) // self.widths.record,
                    worker.counts,
                    worker.found,
                    worker.totals,
                )
                self._raise_overflow(worker)
                first = int(worker.totals[0])
                written.append((out, count))
            return written
        finally:
            self.idle.put(worker)

    def _spare_records(self, pending: int) -> Words:
        """Room for some records, and for those of at least two times `pending` successors."""
        try:
            return self.spare.get_nowait()
        except Empty:
            return np.empty(max(RECORDS, 2 * pending) * self.widths.record, np.int64)

    def _absorb(self, table: Table, records: list[Records], part: int, parts: int) -> None:
        totals: Words = np.zeros(2, np.int64)
        for words, count in records:
            self.native.call(
                "absorb", words, count, table.words, table.span, table.size, part, parts, table.fill, totals
            )
            if totals[1] == kernel.FULL:
                raise LayoutError("a shard of the table of states is full", mend="search with another --fp")

    def _collect(self, records: Sequence[Records]) -> Block:
        """The records that were new, in order."""
        count = sum(number for _, number in records)
        widths = (self.widths.row, 1, self.widths.key)
        arrays = [np.empty(count * width, np.int64) for width in widths]
        new = 0
        for words, number in records:
            places = [array[new * width :] for array, width in zip(arrays, widths, strict=True)]
            new += self.native.call("collect", words, number, *places)
        return Block(*(array[: new * width] for array, width in zip(arrays, widths, strict=True)))

    def _raise_overflow(self, worker: Worker) -> None:
        code = int(worker.buffer[0])
        if code:
            raise LayoutError(
                self.layout.complaints[code],
                mend="raise the bound in the cfg that limits it, or check the operator that the cfg swaps in",
            )


def _shared(
    pool: ThreadPoolExecutor, parts: int, function: Callable[[Item], Result], items: Sequence[Item]
) -> Callable[[], list[Result]]:
    """Begin to apply `function` to all items in `parts` threads, or later, if that is 1, in this one. What is
    returned waits for the end and gives the results in the order of the items."""
    if parts == 1:
        return lambda: [function(item) for item in items]
    results: dict[int, Result] = {}
    numbers = iter(range(len(items)))

    def work(_: int) -> None:
        for number in numbers:
            results[number] = function(items[number])

    working = pool.map(work, range(parts))

    def wait() -> list[Result]:
        for _ in working:
            pass
        return [results[number] for number in range(len(items))]

    return wait
