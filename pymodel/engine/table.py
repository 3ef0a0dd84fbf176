"""The table of known states: one reserved stretch of memory, of which more is used as more are known.

It is cut into shards by the upper bits of the hash, one behind the other. Memory is reserved once and
touched only as the shards grow, in place, so that growth never needs a second table. With a folder to spill
to, the keys of a full table go to a sorted run on disk (pymodel.engine.runs), and the table starts again
empty.
"""

from __future__ import annotations

import math
import mmap
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np

from pymodel.engine import kernel
from pymodel.engine.memory import free_addresses
from pymodel.engine.native import Native, Words, address

LOAD, LOAD_MAX = 0.7, 0.9
SPREAD = 6.0  # standard deviations by which the fullest shard may exceed the mean
FIRST_SLOTS = 1 << 9  # per shard
STEP_SMALL, STEP_LARGE = 2.0, 1.5
LARGE_BYTES = 512 << 20
LARGE_PAGE_BYTES = 2 << 20
WORD_BYTES = 8
ADDRESSES_SHARE = 2  # where addresses are scarce, the other half is for all else
SHARED_SLOTS = 1 << 17  # as many are worth the while of several threads
PIECES = 8  # that threads share then, or some more
SCRATCH_SHARDS = 1  # that are taken out of the table when it grows
NO_RESERVE = 0x4000 if sys.platform == "linux" else 0  # older versions of Python do not name it


class Table:
    """Keys of `width` words. `budget_bytes` bounds what it may use; `seed` is that of the hashes."""

    def __init__(self, native: Native, width: int, budget_bytes: int, seed: int) -> None:
        self.native = native
        self.width = width
        self.seed = seed
        self.slot_bytes = WORD_BYTES * width
        self.size = FIRST_SLOTS
        addresses = free_addresses()
        most = budget_bytes if addresses is None else min(budget_bytes, addresses // ADDRESSES_SHARE)
        wanted = most // (self.slot_bytes * kernel.SHARDS)
        self.size_max, self.memory, self.words = _reserve(wanted, self.slot_bytes)
        self.fill: Words = np.zeros(kernel.SHARDS, np.int64)
        self.words_at, self.fill_at = address(self.words), address(self.fill)

    @property
    def count(self) -> int:
        return int(self.fill.sum())

    @property
    def used_bytes(self) -> int:
        return self.size * kernel.SHARDS * self.slot_bytes

    def make_room(self, more: int, limit_bytes: int, pool: ThreadPoolExecutor) -> bool:
        """Room for `more` keys, growing within `limit_bytes` in all if need be; False if it cannot be had."""
        needed = self.count + more
        while needed > self._room(LOAD):
            size = self._next_size(limit_bytes)
            if size <= self.size:
                return needed <= self._room(LOAD_MAX)
            self._grow(size, pool)
        return True

    def has_room(self, more: int) -> bool:
        """Whether there is room for `more` keys as the table is."""
        return self.count + more <= self._room(LOAD)

    def _room(self, load: float) -> float:
        """How many keys fill the slots in use to `load`, or fewer where a shard might else be full."""
        return kernel.SHARDS * min(load * self.size, self.size - SPREAD * math.sqrt(self.size))

    def _next_size(self, limit_bytes: int) -> int:
        step = STEP_SMALL if self.used_bytes < LARGE_BYTES else STEP_LARGE
        most = min(self.size_max, limit_bytes // (self.slot_bytes * (kernel.SHARDS + SCRATCH_SHARDS)))
        return min(int(self.size * step), most)

    def _grow(self, size: int, pool: ThreadPoolExecutor) -> None:
        """From the last shards to the first: where they go, those that wait for their turn do not lie."""
        if self.memory is not None and self.used_bytes <= LARGE_PAGE_BYTES:
            _large_pages(self.memory)
        old, self.size = self.size, size

        def move(first: int, last: int) -> int:
            return self.native.call("move", self.words_at, first, last, old, self.seed, size)

        last = kernel.SHARDS
        while last:
            first = -(-last * old // size)
            if first == last:
                first = last - 1
                self._spread(first, old)
            elif (last - first) * old < SHARED_SLOTS:
                move(first, last)
            else:  # where these go, nothing lies that has not been moved yet
                step = max(1, (last - first) // PIECES)
                firsts = range(first, last, step)
                list(pool.map(move, firsts, [*firsts[1:], last]))
            last = first

    def _spread(self, shard: int, old: int) -> None:
        """Move the keys of a shard of `old` slots that lies where they go."""
        scratch: Words = np.empty((old + 1) * self.width, np.int64)
        count = self.native.call("take_out", self.words_at, scratch, shard, old)
        self._enter(scratch[: count * self.width], np.zeros_like(self.fill))

    def shard(self, number: int) -> Words:
        """The words in use of one shard."""
        start = number * self.size * self.width
        return self.words[start : start + self.size * self.width]

    def enter(self, keys: Words) -> None:
        """Enter keys that are not in the table; there must be room for them."""
        self._enter(keys, self.fill)

    def _enter(self, keys: Words, fill: Words) -> None:
        count = len(keys) // self.width
        self.native.call("enter", keys, count, self.seed, self.words, self.size, fill)

    def hashes(self) -> Iterator[Words]:
        """The hashes in a table of hashes, shard by shard, in ascending order."""
        half = kernel.SHARDS // 2
        for number in (*range(half, kernel.SHARDS), *range(half)):  # those with the sign bit come first
            shard = self.shard(number)
            yield np.sort(shard[shard != 0])

    def clear(self) -> None:
        for number in range(kernel.SHARDS):
            self.shard(number).fill(0)
        self.fill.fill(0)


def _reserve(most: int, slot_bytes: int) -> tuple[int, mmap.mmap | None, Words]:
    """Slots per shard and the memory for them, all zero; fewer than `most` if the system refuses so much.
    Raises MemoryError."""
    most = max(most, FIRST_SLOTS)
    while True:
        size = most * kernel.SHARDS * slot_bytes
        try:
            if sys.platform != "win32":
                flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE
                memory = mmap.mmap(-1, size, flags=flags)
                return most, memory, np.frombuffer(memory, np.int64)
            return most, None, np.zeros(size // WORD_BYTES, np.int64)
        except (OSError, MemoryError):
            if most == FIRST_SLOTS:
                raise MemoryError(f"not even {size:,} bytes for the table of states") from None
            most = max(FIRST_SLOTS, most * 3 // 4)


def _large_pages(memory: mmap.mmap) -> None:
    """Ask for large pages, which make random access to a large table faster, where the system has them."""
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
