"""One round of a search: rows expanded, what they lead to absorbed and collected, by all threads.

The three passes are kernel.py's. Between them the threads wait for each other, so that the table does not
change while it is read, and no slot of it is written by two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, chain
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

import numpy as np

from pymodel.engine import kernel
from pymodel.engine.layout import Layout
from pymodel.engine.level import Block
from pymodel.engine.native import Native, Words, address
from pymodel.engine.store import Store
from pymodel.engine.table import WORD_BYTES, Table
from pymodel.engine.worker import Worker
from pymodel.errors import LayoutError

CHUNK_ROWS = 1 << 11
SHARES = 4
"""A chunk is at most this part of what each thread has left, but no smaller than that part of CHUNK_ROWS."""

RECORDS = 1 << 13
LEADING_SHARE = 0.9
"""Of an equal share of a round's rows, what the first thread expands before it joins the others. What it
writes there comes before all that others write, so that it may enter that into the table at once, and later
what they wrote."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Room(NamedTuple):
    """Room for records, and its address."""

    words: Words
    at: int


@dataclass(slots=True)
class Records:
    """What one call of `expand` wrote: `count` records, of which `fresh` were new, once they are entered."""

    room: Room
    count: int
    fresh: int | None = None


class Front:
    """How far the records of a round are entered, by the one thread that may do so while others read.

    That is done in their order: all that the chunks before chunk `at` wrote is entered. It ends where the
    table `fits` no more.
    """

    def __init__(self, chunks: int, fits: Callable[[int], bool], enter: Callable[[Records], int]) -> None:
        self.written: list[list[Records] | None] = [None] * chunks
        self.at = 0
        self._open = True
        self._fits = fits
        self._enter = enter

    def has_room(self, more: int) -> bool:
        """Whether `more` records may be entered next."""
        self._open = self._open and self._fits(more)
        return self._open

    def catch_up(self) -> None:
        """Enter what others have written, as far as nothing is missing before it."""
        while self.at < len(self.written):
            chunk = self.written[self.at]
            if chunk is None:
                return
            for records in chunk:
                if records.fresh is None:
                    if not self.has_room(records.count):
                        return
                    records.fresh = self._enter(records)
            self.at += 1


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
        self.spare: SimpleQueue[Room] = SimpleQueue()

    def start(self, table: Table, pool: ThreadPoolExecutor) -> Block:
        """The initial state, which the first worker has loaded; empty if it is outside the constraint."""
        worker = self.workers[0]
        words: Words = np.zeros(self.widths.record, np.int64)
        count = self.native.call("start", worker.buffer, words, worker.found)
        self._raise_overflow(worker)
        records = Records(Room(words, address(words)), count)
        self._enter(table, [records], pool, 1)
        return self._collect([records], pool, 1, keyed=True)

    def run(self, store: Store, base: int, rows: Words, pool: ThreadPoolExecutor) -> bool:
        """Expand rows, the first of which is number `base` of its level; False if the memory is full. What
        they lead to is stored by the next round, beside its work, or by `finish`."""
        count = len(rows) // self.widths.row
        parts = len(self.workers) if count > CHUNK_ROWS else 1
        bounds = _bounds(count, parts)
        front = self._front(store, len(bounds) - 1, parts)
        rows_at = address(rows)

        def expand(chunk: int, part: int) -> None:
            if part == 0:
                front.catch_up()
            may_enter = front.has_room if part == 0 and chunk == front.at else _never
            first, last = bounds[chunk : chunk + 2]
            written = self._expand(self.workers[part], store.table, base, rows_at, first, last, may_enter)
            front.written[chunk] = written

        expanding = _shared(pool, parts, expand, range(len(bounds) - 1), self._leading(bounds, parts))
        self.finish(store)
        expanding()
        front.catch_up()
        records = [item for chunk in front.written for item in chunk or ()]
        rooms = [item.room for item in records]
        has_room = self._enter_rest(store, records, pool, parts)
        self.waiting = self._collect(records, pool, parts, keyed=store.keeps_keys)
        for room in rooms:
            self.spare.put(room)
        return has_room

    def _front(self, store: Store, chunks: int, parts: int) -> Front:
        """What the first thread may enter while others read: nothing if a key has several words, of which
        they might see some; and the table does not grow then."""

        def enter(records: Records) -> int:
            return int(self._absorb(store.table, [records], 0, 1)[0])

        fits = store.fits if parts == 1 else store.table.has_room if self.widths.key == 1 else _never
        return Front(chunks, fits, enter)

    @staticmethod
    def _leading(bounds: Sequence[int], parts: int) -> int:
        """How many chunks the first of several threads expands before it joins the others."""
        return bisect_right(bounds, bounds[-1] * LEADING_SHARE / parts) - 1

    def _enter_rest(self, store: Store, records: list[Records], pool: ThreadPoolExecutor, parts: int) -> bool:
        """Enter what is not entered yet; False if the memory is full. `records` keeps what is left to be
        collected: what was entered before is stored first if the table might go to disk to make room."""
        rest = [item for item in records if item.fresh is None]
        if not rest:
            return True
        done = records[: -len(rest)]
        if store.spill is not None:
            self.waiting = self._collect(done, pool, parts, keyed=store.keeps_keys)
            self.finish(store)
            records[:] = rest
            done = []
        waiting = sum(item.fresh or 0 for item in done)
        if store.make_room(sum(item.count for item in rest), waiting * (self.widths.row + 1) * WORD_BYTES):
            self._enter(store.table, rest, pool, parts)
            return True
        records[:] = done
        return False

    def _enter(self, table: Table, records: Sequence[Records], pool: ThreadPoolExecutor, parts: int) -> None:
        """Enter records, each thread those of its own shards."""

        def absorb(part: int, _: int) -> Words:
            return self._absorb(table, records, part, parts)

        fresh = np.sum(_shared(pool, parts, absorb, range(parts))(), axis=0)
        for item, number in zip(records, fresh.tolist(), strict=True):
            item.fresh = number

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
        rows_at: int,
        first: int,
        last: int,
        may_enter: Callable[[int], bool],
    ) -> list[Records]:
        written = []
        at = worker.at
        while first < last:
            out = self._spare_room(len(worker.acts))
            room = len(out.words) // self.widths.record
            alone = may_enter(room)
            count = self.native.call(
                "expand",
                at.buffer,
                rows_at,
                base,
                first,
                last,
                at.acts,
                table.words_at,
                table.size,
                table.fill_at,
                int(alone),
                out.at,
                room,
                at.counts,
                at.found,
                at.totals,
            )
            self._raise_overflow(worker)
            self._raise_full(worker.totals)
            first = int(worker.totals[0])
            written.append(Records(out, count, count if alone else None))
        return written

    def _spare_room(self, pending: int) -> Room:
        """Room for some records, and for those of at least two times `pending` successors."""
        try:
            return self.spare.get_nowait()
        except Empty:
            words: Words = np.empty(max(RECORDS, 2 * pending) * self.widths.record, np.int64)
            return Room(words, address(words))

    def _absorb(self, table: Table, records: Sequence[Records], part: int, parts: int) -> Words:
        """How many of each item of `records` were new among the shards of this part."""
        totals: Words = np.zeros(2, np.int64)
        totals_at = address(totals)
        fresh: Words = np.zeros(len(records), np.int64)
        place = (table.words_at, table.size, part, parts, table.fill_at, totals_at)
        for number, item in enumerate(records):
            fresh[number] = self.native.call("absorb", item.room.at, item.count, *place)
            self._raise_full(totals)
        return fresh

    def _raise_full(self, totals: Words) -> None:
        if totals[1] == kernel.FULL:
            raise LayoutError("a shard of the table of states is full", mend="search with another --fp")

    def _collect(
        self, records: Sequence[Records], pool: ThreadPoolExecutor, parts: int, *, keyed: bool
    ) -> Block:
        """The records that were new, in order, with their keys if they are to be `keyed`."""
        numbers = [item.fresh or 0 for item in records]
        firsts = [0, *accumulate(numbers)]
        widths = (self.widths.row, 1, self.widths.key if keyed else 0)
        rows, origins, keys = (np.empty(firsts[-1] * width, np.int64) for width in widths)
        places = [
            (address(array), width * WORD_BYTES)
            for array, width in zip((rows, origins, keys), widths, strict=True)
        ]
        by_action: Words = np.zeros((parts, 1 << kernel.ORDINAL_SHIFT), np.int64)

        def collect(number: int, part: int) -> int:
            item, first = records[number], firsts[number]
            to = [at + first * row_bytes for at, row_bytes in places]
            return self.native.call("collect", item.room.at, item.count, *to, int(keyed), by_action[part])

        _shared(pool, parts, collect, range(len(records)))()
        return Block(rows, origins, keys, by_action.sum(axis=0))

    def _raise_overflow(self, worker: Worker) -> None:
        code = int(worker.buffer[0])
        if code:
            raise LayoutError(
                self.layout.complaints[code],
                mend="raise the bound in the cfg that limits it, or check the operator that the cfg swaps in",
            )


def _never(room: int) -> bool:
    return False


def _bounds(count: int, parts: int) -> list[int]:
    """Where the chunks of `count` rows begin, and where the last one ends. Towards the end they are smaller,
    so that no thread of several has to wait long for the last one."""
    bounds = [0]
    while bounds[-1] < count:
        left = count - bounds[-1]
        share = left if parts == 1 else max(left // (SHARES * parts), CHUNK_ROWS // SHARES)
        bounds.append(bounds[-1] + max(1, min(CHUNK_ROWS, left, share)))
    return bounds


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
