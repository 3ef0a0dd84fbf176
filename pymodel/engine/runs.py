"""Known hashes on disk: one sorted file, read from end to end to tell which of many are in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
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

    def merge(self, parts: Iterable[Words]) -> None:
        """Add hashes: sorted parts, each above the one before, none twice; those that are there already
        count once."""
        waiting = self.path.with_suffix(".merging")
        chunks, rest, written = self._chunks(), np.zeros(0, np.int64), 0
        with waiting.open("wb") as out:
            for part in parts:
                below = []
                while len(part):
                    end = int(np.searchsorted(rest, part[-1], side="right"))
                    below.append(rest[:end])
                    rest = rest[end:] if end < len(rest) else next(chunks, rest[:0])
                    if len(rest) == 0 or rest[0] > part[-1]:
                        break
                written += _write(out, np.concatenate(below) if below else part, part)
            for chunk in chain((rest,), chunks):
                written += _write(out, chunk, chunk[:0])
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
