"""Known hashes on disk: one sorted file, read from end to end to tell which of many are in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pymodel.engine.native import Words

CHUNK_WORDS = 1 << 22


class SortedRun:
    """The file at `path`: hashes in ascending order, none twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def merge(self, hashes: Words) -> None:
        """Add hashes, sorted and none twice; those that are there already count once."""
        waiting = self.path.with_suffix(".merging")
        written, taken = 0, 0
        with waiting.open("wb") as out:
            for chunk in self._chunks():
                end = int(np.searchsorted(hashes, chunk[-1], side="right"))
                written += _write(out, chunk, hashes[taken:end])
                taken = end
            written += _write(out, hashes[taken:], hashes[:0])
        waiting.replace(self.path)
        self.count = written

    def has(self, hashes: Words) -> NDArray[np.bool_]:
        """For each of the sorted `hashes` whether it is in the run."""
        found = np.zeros(len(hashes), np.bool_)
        taken = 0
        for chunk in self._chunks():
            end = int(np.searchsorted(hashes, chunk[-1], side="right"))
            place = np.searchsorted(chunk, hashes[taken:end])
            found[taken:end] = chunk[place] == hashes[taken:end]
            taken = end
        return found

    def _chunks(self) -> Iterator[Words]:
        for first in range(0, self.count, CHUNK_WORDS):
            yield np.fromfile(self.path, np.int64, CHUNK_WORDS, offset=8 * first)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def _write(out: IO[bytes], some: Words, others: Words) -> int:
    """Write the union of two sorted arrays, and return its size."""
    if len(others):
        both = np.sort(np.concatenate([some, others]), kind="stable")
        some = both[np.concatenate([[True], both[1:] != both[:-1]])]
    out.write(some.data)
    return len(some)
