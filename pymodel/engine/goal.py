"""What a search is asked, how it may go about it, and what it tells on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEADLOCK = "deadlock"


@dataclass(frozen=True)
class Goal:
    """What to check: names of the model's properties, in the cfg's order. `symmetry` is a sort or ""; `view`
    a view of the model or ""."""

    invariants: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    symmetry: str = ""
    check_deadlock: bool = True
    view: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.invariants, *self.properties, DEADLOCK)


@dataclass(frozen=True)
class Limits:
    """When to give up, and so answer Undetermined: with more states than that, or after that time."""

    max_states: int | None = None
    timeout_s: float | None = None


@dataclass(frozen=True)
class Plan:
    """How to search. What is found depends on `exact` and `seed` alone, and on them only if hashes collide.

    `workers` threads; `exact` compares states in full, otherwise by a 64-bit hash that `seed` varies.
    `memory_bytes` is what the process may hold (None: what the machine can give). `keep_rows` keeps every
    state in memory, for `row` and `edges`, and implies `exact`. `keep_going` goes on after a violation.
    `spill` is a folder for what does not fit the memory, `checkpoint` one for what a search needs to be
    taken up again, `recover` one with a checkpoint to go on from. With `until`, names of
    properties, `keep_going` goes on only until one of those is violated.
    """

    workers: int = 1
    exact: bool = False
    seed: int = 0
    memory_bytes: int | None = None
    keep_rows: bool = False
    keep_going: bool = False
    spill: Path | None = None
    checkpoint: Path | None = None
    recover: Path | None = None
    until: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """The state of a running search. `queue` counts states found and not yet expanded; `left_s` is the time
    to the next limit or, once levels shrink, to the end, and None where neither can be told."""

    distinct: int
    generated: int
    depth: int
    queue: int
    seconds: float
    memory_bytes: int = 0
    left_s: float | None = None


@dataclass(frozen=True)
class Violation:
    """A violated property: found while level `depth` was expanded (0: before), at the state number `parent`
    of that level, by its successor number `ordinal` (-1: in the state itself)."""

    name: str
    depth: int
    parent: int
    ordinal: int

    @property
    def length(self) -> int:
        """The number of states of the behaviour that shows it."""
        return max(1, self.depth) + (self.ordinal >= 0)
