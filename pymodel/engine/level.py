"""The states of one level, and how each was reached: in memory, or in files of a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pymodel.engine.kernel import ORDINAL_SHIFT, PARENT_SHIFT
from pymodel.engine.log import Log
from pymodel.engine.native import Words
from pymodel.errors import LayoutError

ACTION_MASK = (1 << ORDINAL_SHIFT) - 1
ORIGIN = np.dtype(
    {
        "names": ["ordinal", "parent"],
        "formats": ["<u2", "<u4"],
        "offsets": [ORDINAL_SHIFT // 8, PARENT_SHIFT // 8],
        "itemsize": 8,
    }
    if sys.byteorder == "little"
    else {
        "names": ["parent", "ordinal"],
        "formats": [">u4", ">u2"],
        "offsets": [4 - PARENT_SHIFT // 8, 6 - ORDINAL_SHIFT // 8],
        "itemsize": 8,
    }
)
"""Where ordinal and parent lie in the bytes of an origin."""

LEVEL_MAX = 1 << 32  # a parent is a 32-bit number
LITTLE = 4  # less than a fourth of what is given out at a time waits for more


@dataclass(frozen=True)
class Block:
    """New states of one round, in order: stored rows, origins (see kernel.py) and keys, flat. `fresh` counts
    them per action. There are no keys where nobody keeps them."""

    rows: Words
    origins: Words
    keys: Words
    fresh: Words

    @property
    def count(self) -> int:
        return len(self.origins)

    @property
    def held_bytes(self) -> int:
        return self.rows.nbytes + self.origins.nbytes + self.keys.nbytes

    def only(self, kept: NDArray[np.bool_]) -> Block:
        """The states where `kept` is True."""
        rows, origins, keys = (
            array.reshape(self.count, -1)[kept].ravel() for array in (self.rows, self.origins, self.keys)
        )
        return Block(rows, origins, keys, np.bincount(origins & ACTION_MASK, minlength=len(self.fresh)))


class Level:
    """Stored rows of `width` words, in order: in memory, from some row on in a log."""

    def __init__(self, width: int, log: Log | None = None) -> None:
        self.width = width
        self.parts: list[Words] = []
        self.held_bytes = 0
        self.log = log

    @property
    def count(self) -> int:
        words = self.held_bytes // 8 + (self.log.count if self.log else 0)
        return words // self.width

    def append(self, rows: Words) -> None:
        if self.log:
            self.log.append(rows)
        else:
            self.parts.append(rows)
            self.held_bytes += rows.nbytes

    def to_disk(self, path: Path) -> None:
        """What is appended from now on goes to a new file at `path`, if it does not go to one already."""
        if self.log is None:
            self.log = Log(path, np.int64)

    def blocks(self, count: int, *, keep: bool = False) -> Iterator[Words]:
        """All rows in order, at most `count` at a time. What was appended together is given out together,
        unless it is too much, or little. Without `keep`, what was given out is let go."""
        step = count * self.width
        waiting: list[Words] = []
        for number, part in enumerate(self.parts):
            waiting.append(part)
            if not keep:
                self.parts[number] = np.zeros(0, np.int64)
                self.held_bytes -= part.nbytes
            if LITTLE * sum(map(len, waiting)) >= step or number == len(self.parts) - 1:
                yield from _pieces(_joined(waiting), count, self.width)
                waiting = []
        if self.log:
            for first in range(0, self.log.count, step):
                yield self.log.read(first, step)

    def rows(self) -> Words:
        """All rows in one array."""
        return _joined(list(self.blocks(1 << 20, keep=True)) or [np.zeros(0, np.int64)])

    def remove(self) -> None:
        """Let go of everything, the file included."""
        self.parts, self.held_bytes = [], 0
        if self.log:
            self.log.remove()
            self.log = None


def _joined(parts: list[Words]) -> Words:
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _pieces(rows: Words, count: int, width: int) -> Iterator[Words]:
    """Rows in as few pieces as can be of at most `count`, which differ in size by one row at most."""
    whole = len(rows) // width
    pieces = -(-whole // count)
    for number in range(pieces):
        yield rows[number * whole // pieces * width : (number + 1) * whole // pieces * width]


Packed = tuple[NDArray[Any], NDArray[Any]]
"""Parents and ordinals, four and two bytes each."""


class Journal:
    """How each state was reached: the number of its parent within the level before, and its ordinal among
    the parent's successors. In memory, or in two logs."""

    def __init__(self, logs: tuple[Log, Log] | None = None, sizes: list[int] | None = None) -> None:
        self.logs = logs
        self.sizes = sizes or []  # of the finished levels
        self.parts: list[Packed] = []
        self.levels: list[list[Packed]] = []
        self.open_count = 0
        self.held_bytes = 0

    @property
    def count(self) -> int:
        return sum(self.sizes) + self.open_count

    def append(self, origins: Words) -> None:
        """States of the level that is open, in order."""
        self.open_count += len(origins)
        if self.open_count > LEVEL_MAX:
            raise LayoutError(
                f"a level of more than {LEVEL_MAX:,} states", mend="lower the bounds in the cfg"
            )
        part = _packed(origins)
        if self.logs:
            for log, numbers in zip(self.logs, part, strict=True):
                log.append(numbers)
            return
        self.parts.append(part)
        self.held_bytes += sum(numbers.nbytes for numbers in part)

    def close_level(self) -> None:
        """The open level is finished, the next one open."""
        self.sizes.append(self.open_count)
        self.open_count = 0
        if self.logs is None:
            self.levels.append(self.parts)
            self.parts = []

    def to_disk(self, parents: Path, ordinals: Path) -> None:
        """Everything moves to two new files, and what comes later goes there."""
        if self.logs is not None:
            return
        self.logs = (Log(parents, np.uint32), Log(ordinals, np.uint16))
        for part in [*chain.from_iterable(self.levels), *self.parts]:
            for log, numbers in zip(self.logs, part, strict=True):
                log.append(numbers)
        self.levels, self.parts, self.held_bytes = [], [], 0

    def origin(self, level: int, number: int) -> tuple[int, int]:
        """Parent and ordinal of state `number` of the finished level `level` (from 0)."""
        if self.logs is None:
            for parents, ordinals in self.levels[level]:
                if number < len(parents):
                    return int(parents[number]), int(ordinals[number])
                number -= len(parents)
            raise IndexError(number)
        place = sum(self.sizes[:level]) + number
        return int(self.logs[0].read(place, 1)[0]), int(self.logs[1].read(place, 1)[0])

    def ordinals_to(self, level: int, number: int) -> list[int]:
        """The ordinals of the steps from the initial state to state `number` of `level`, first to last."""
        steps = []
        for depth in range(level, 0, -1):
            number, ordinal = self.origin(depth, number)
            steps.append(ordinal)
        return steps[::-1]


def _packed(origins: Words) -> Packed:
    """Parents and ordinals of states in order, cut out of their origins."""
    fields = origins.view(ORIGIN)
    return fields["parent"].astype(np.uint32), fields["ordinal"].astype(np.uint16)
