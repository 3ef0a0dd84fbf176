"""The compiled loops beside the search: along a path, over all rows that were kept, over their edges.

Pasted behind kernel.py, whose functions and arrays they use.
"""

from __future__ import annotations

from typing import Any

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"

Array = Any

ENTRIES = ("settle", "advance", "number", "unpack_rows", "collect_edges")


# == Compiled ==
def settle(b: Array) -> int:
    """Replace the state at S by the one that stands for it."""
    canonicalise(b, S)
    return 0


def advance(b: Array, acts: Array, ordinal: int) -> int:
    """Replace the state at S by its successor of that ordinal; returns how many it has."""
    n = successors(b, acts)
    if ordinal < n:
        canonicalise(b, OUT + ordinal * W)
        for k in range(W):
            b[S + k] = b[OUT + ordinal * W + k]
    return n


def unpack_rows(b: Array, rows: Array, count: int, words: Array) -> int:
    """The W words of each of `count` stored rows."""
    for row in range(count):
        unpack_row(b, S, rows, row * ROW)
        for k in range(W):
            words[row * W + k] = b[S + k]
    return count


def number(rows: Array, count: int, seed: int, table: Array, size: int, numbers: Array) -> int:
    """Enter the number of each of `count` stored rows, which are the keys of the table, by its slot."""
    for row in range(count):
        h = hash_words(rows, row * ROW, ROW, seed)
        numbers[find(rows, row * ROW, h, table, size)] = row
    return count


def collect_edges(
    b: Array,
    rows: Array,
    table: Array,
    size: int,
    numbers: Array,
    acts: Array,
    count: int,
    edges: Array,
    room: int,
    totals: Array,
    first: int,
) -> int:
    """Edges (row, action, row) within the constraint, three words each, from row `first` on; returns
    how many. Stops before a row whose edges might not fit in `room`; totals[0] is that row."""
    written = 0
    row = first
    while row < count and written + PENDING < room:
        unpack_row(b, S, rows, row * ROW)
        n = successors(b, acts)
        for ordinal in range(n):
            t = OUT + ordinal * W
            canonicalise(b, t)
            if in_constraint(b, t):
                h = keyed(b, t, ordinal, b[SEED])
                slot = find(b, PACKED + ordinal * ROW, h, table, size)
                edges[3 * written] = row
                edges[3 * written + 1] = acts[ordinal]
                edges[3 * written + 2] = numbers[slot]
                written += 1
        row += 1
    totals[0] = row
    return written
