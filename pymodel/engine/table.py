"""The table of known states: one reserved stretch of memory, of which more is used as more are known.

It is cut into shards by the upper bits of the hash. Memory is reserved once and touched only as shards
grow, in place, so that growth never needs a second table. With a folder to spill to, the keys of a full
table go to a sorted run on disk (pymodel.engine.runs), and the table starts again empty.
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
from pymodel.engine.native import Native, Words

LOAD, LOAD_MAX = 0.7, 0.9
SPREAD = 6.0  # standard deviations by which the fullest shard may exceed the mean
FIRST_SLOTS = 1 << 9  # per shard
STEP_SMALL, STEP_LARGE = 4.0, 1.5
LARGE_BYTES = 64 << 20
LARGE_PAGES_BYTES = 16 << 20
WORD_BYTES = 8
ADDRESSES_SHARE = 2  # where addresses are scarce, the other half is for all else
SCRATCH_SHARDS = 8  # more than are spread at the same time
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
        self.span, self.memory, self.words = _reserve(wanted, self.slot_bytes)
        self.fill: Words = np.zeros(kernel.SHARDS, np.int64)

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

    def _room(self, load: float) -> float:
        """How many keys fill the slots in use to `load`, or fewer where a shard might else be full."""
        return kernel.SHARDS * min(load * self.size, self.size - SPREAD * math.sqrt(self.size))

    def _next_size(self, limit_bytes: int) -> int:
        step = STEP_SMALL if self.used_bytes < LARGE_BYTES else STEP_LARGE
        most = min(self.span, limit_bytes // (self.slot_bytes * (kernel.SHARDS + SCRATCH_SHARDS)))
        return min(int(self.size * step), most)

    def _grow(self, size: int, pool: ThreadPoolExecutor) -> None:
        if (
            self.memory is not None
            and self.used_bytes <= LARGE_PAGES_BYTES < size * kernel.SHARDS * self.slot_bytes
        ):
            _large_pages(self.memory)
        old, self.size = self.size, size

        def spread(shard: int) -> None:
            scratch: Words = np.empty(old * self.width, np.int64)
            self.native.call("regrow", self.words, scratch, shard, self.span, old, size, self.seed)

        list(pool.map(spread, range(kernel.SHARDS)))

    def shard(self, number: int) -> Words:
        """The words in use of one shard."""
        start = number * self.span * self.width
        return self.words[start : start + self.size * self.width]

    def enter(self, keys: Words) -> None:
        """Enter keys that are not in the table; there must be room for them."""
        count = len(keys) // self.width
        self.native.call("enter", keys, count, self.seed, self.words, self.span, self.size, self.fill)

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


def _reserve(span: int, slot_bytes: int) -> tuple[int, mmap.mmap | None, Words]:
    """Slots per shard and the memory for them, all zero; less than `span` if the system refuses so much.
    Raises MemoryError."""
    span = max(span, FIRST_SLOTS)
    while True:
        size = span * kernel.SHARDS * slot_bytes
        try:
            if sys.platform != "win32":
                flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE
                memory = mmap.mmap(-1, size, flags=flags)
                return span, memory, np.frombuffer(memory, np.int64)
            return span, None, np.zeros(size // WORD_BYTES, np.int64)
        except (OSError, MemoryError):
            if span == FIRST_SLOTS:
                raise MemoryError(f"not even {size:,} bytes for the table of states") from None
            span = max(FIRST_SLOTS, span * 3 // 4)


def _large_pages(memory: mmap.mmap) -> None:
    """Ask for large pages, which make random access to a large table faster, where the system has them."""
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
