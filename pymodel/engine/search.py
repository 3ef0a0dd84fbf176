"""Breadth-first search with compiled code: every state within the constraints, level by level.

The result is exact: states are compared in full, never by hash alone. A violation ends the search
after the level that shows it, so that a counterexample is a shortest one and what is reported does
not depend on the order within the level.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pymodel.engine import kernel
from pymodel.engine.generate import buffer_words, max_successors, module_text
from pymodel.engine.instance import Instance
from pymodel.engine.native import Native, Words
from pymodel.engine.pack import pack
from pymodel.errors import LayoutError

DEADLOCK = "deadlock"
BLOCK_ROWS = 1 << 13
MEMORY_SHARE_MAX = 0.9
FIRST_ROOM = 1 << 16
ROWS_MAX = 1 << 31  # a parent is a 32-bit number


@dataclass(frozen=True)
class Goal:
    """What to check: names of the model's properties, in the cfg's order. `symmetry` is a sort or ""."""

    invariants: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    symmetry: str = ""
    check_deadlock: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.invariants, *self.properties, DEADLOCK)


@dataclass(frozen=True)
class Progress:
    """The state of a running search. `queue` counts states found and not yet expanded."""

    distinct: int
    generated: int
    depth: int
    queue: int
    seconds: float


@dataclass(frozen=True)
class Limits:
    """When to give up, and so answer Undetermined: with more states than that, or after that time."""

    max_states: int | None = None
    timeout_s: float | None = None


def available(size_bytes: int) -> bool:
    """Whether the system says it can give `size_bytes` more; True where it does not say."""
    try:
        text = Path("/proc/meminfo").read_text("ascii")
    except OSError:
        return True
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    return found is None or size_bytes < int(found[1]) * 1024 * MEMORY_SHARE_MAX


@dataclass(frozen=True)
class Violation:
    """A violated property: `row` reaches it, by the successor number `ordinal` (-1: in the row itself)."""

    name: str
    row: int
    ordinal: int


class Search:
    """One search. After `run`, the counts, `violations` at the last level, and all rows are there.

    `complete` is False if a limit ended it; `ended_by` says which.
    """

    def __init__(self, instance: Instance, goal: Goal) -> None:
        self.instance = instance
        self.goal = goal
        before = time.perf_counter()
        text = module_text(
            instance,
            invariants=goal.invariants,
            properties=goal.properties,
            constraints=goal.constraints,
            symmetry=goal.symmetry,
        )
        self.native = Native(text, kernel.ENTRIES)
        self.compile_seconds = time.perf_counter() - before
        self.width = instance.layout.words
        successors = max_successors(instance)
        self.successors = successors
        self.buffer: Words = np.zeros(buffer_words(instance), np.int64)
        self.actions: Words = np.zeros(successors, np.int64)
        self.generated_by: Words = np.zeros(len(instance.model.actions), np.int64)
        self.fresh_by: Words = np.zeros(len(instance.model.actions), np.int64)
        self.found: Words = np.zeros(2 * len(goal.names), np.int64)
        self.totals: Words = np.zeros(2, np.int64)
        self.room = 0
        self.rows: Words = np.zeros(0, np.int64)
        self.parents = np.zeros(0, np.int32)
        self.table: Words = np.zeros(0, np.int64)
        self.count = 0
        self.depth = 0
        self.complete = False
        self.ended_by = ""

    @property
    def generated(self) -> int:
        return int(self.generated_by.sum()) + 1

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Shortest first, then in the order of the goal's names; deadlock only if it is to be checked."""
        found = [
            Violation(name, int(self.found[2 * p]) - 1, int(self.found[2 * p + 1]))
            for p, name in enumerate(self.goal.names)
            if self.found[2 * p] and (name != DEADLOCK or self.goal.check_deadlock)
        ]
        return tuple(sorted(found, key=lambda violation: violation.ordinal >= 0))

    def run(self, limits: Limits | None = None, progress: Callable[[Progress], None] | None = None) -> None:
        """Search to the end, a violation or a limit. Raises LayoutError when a bound is outgrown."""
        limits = limits or Limits()
        began = time.perf_counter()
        self._grow(FIRST_ROOM)
        self.buffer[1 : 1 + self.width] = pack(self.instance, self.instance.initial())
        slots = len(self.table)
        self.count = self.native.call(
            "start", self.buffer, self.rows, self.parents, self.table, slots, self.found
        )
        self._raise_overflow()
        first = 0
        while first < self.count and not self.violations:
            last = self.count
            self.depth += 1
            while first < last:
                first = self._block(first, min(last, first + BLOCK_ROWS))
                if self.ended_by:
                    return
                seconds = time.perf_counter() - began
                if progress:
                    progress(Progress(self.count, self.generated, self.depth, self.count - first, seconds))
                self.ended_by = self._limit(limits, seconds)
                if self.ended_by and first < self.count and not self.violations:
                    return
        self.complete = not self.violations
        self.ended_by = ""

    def _limit(self, limits: Limits, seconds: float) -> str:
        if limits.max_states is not None and self.count > limits.max_states:
            return f"the limit of {limits.max_states} states"
        if limits.timeout_s is not None and seconds >= limits.timeout_s:
            return f"the limit of {limits.timeout_s:g} s"
        return ""

    def _block(self, first: int, last: int) -> int:
        """Expand rows first..last-1, growing the arrays as needed; returns `last`, or the first row that
        was not expanded because memory ran out."""
        while first < last:
            self.count = self.native.call(
                "expand",
                self.buffer,
                self.rows,
                self.parents,
                self.room,
                self.table,
                len(self.table),
                self.actions,
                self.generated_by,
                self.fresh_by,
                self.found,
                self.totals,
                first,
                last,
                self.count,
            )
            first, status = int(self.totals[0]), int(self.totals[1])
            if status == kernel.OVERFLOW:
                self._raise_overflow()
            if status == kernel.FULL and not self._grow(2 * self.room):
                self.ended_by = f"the memory of this machine, full with {self.count:,} states"
                return first
        return first

    def _raise_overflow(self) -> None:
        code = int(self.buffer[0])
        if code:
            raise LayoutError(
                self.instance.layout.complaints[code],
                mend="raise the bound in the cfg that limits it, or check the operator that the cfg swaps in",
            )

    def _grow(self, room: int) -> bool:
        """Room for at least `room` rows and another state's successors, and a table at most half full.

        False, with all as it was, if memory does not suffice.
        """
        room = max(room, FIRST_ROOM, 4 * self.successors)
        if room > ROWS_MAX:
            raise LayoutError(f"more than {ROWS_MAX // 2} states", mend="lower the bounds in the cfg")
        slots = 1 << (2 * room - 1).bit_length()
        if not available(room * (8 * self.width + 4) + 8 * slots):
            return False
        try:
            rows = np.zeros(room * self.width, np.int64)
            parents = np.zeros(room, np.int32)
            table = np.zeros(slots, np.int64) if slots > len(self.table) else self.table
        except MemoryError:
            return False
        rows[: self.count * self.width] = self.rows[: self.count * self.width]
        parents[: self.count] = self.parents[: self.count]
        self.rows, self.parents, self.room = rows, parents, room
        if table is not self.table:
            self.table = table
            self.native.call("rebuild", self.buffer, self.rows, self.table, slots, self.count)
        return True

    def row(self, number: int) -> Words:
        return self.rows[number * self.width : (number + 1) * self.width]

    def path_rows(self, number: int) -> list[int]:
        """The rows from the initial state to row `number`, first to last."""
        path = []
        while number >= 0:
            path.append(number)
            number = int(self.parents[number])
        return path[::-1]

    def edges(self, room: int) -> Words:
        """All edges within the constraint, after a complete run: rows of (row, action number, row).

        Raises LayoutError when there are more than `room`, or when the run was not complete.
        """
        if not self.complete:
            raise LayoutError("the search did not end, so not all edges are known")
        space = room + self.successors + 1
        edges = np.zeros(3 * space, np.int64)
        written = self.native.call(
            "collect_edges",
            self.buffer,
            self.rows,
            self.table,
            len(self.table),
            self.actions,
            self.count,
            edges,
            space,
            self.totals,
            0,
        )
        if int(self.totals[0]) < self.count or written > room:
            raise LayoutError(f"the graph has more than {room} edges", mend="lower the bounds in the cfg")
        return edges.reshape(-1, 3)[:written]
