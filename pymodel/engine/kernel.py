"""The compiled search loop. This file's text is pasted into every generated module, behind the model.

Everything is plain integer Python over arrays of 64-bit words, so it also runs uncompiled; the names
it does not define (W, OUT, successors, check_state, ...) are those of the generated module, listed in
compile.py. Rows are packed states; row r was first reached from row parents[r].

`b` is the work buffer: b[0] the first error, one state at S, the successors at OUT, each W words.
`table` holds, for each row, its number + 1 and above it a tag of its hash; 0 is an empty slot.
`found[p]` is the first violation of property p: row + 1, ordinal of the successor (-1: the row itself).
"""

from __future__ import annotations

from typing import Any

# ruff: noqa: F821
# mypy: disable-error-code="name-defined"

Array = Any

TAG_SHIFT = 40
ROW_MASK = (1 << TAG_SHIFT) - 1

DONE, FULL, OVERFLOW = 0, 1, 2


def hash_words(b: Array, at: int) -> int:
    """A 63-bit hash of the W words at `at`."""
    h = 0x1E3779B97F4A7C15
    for k in range(W):
        h = (h ^ b[at + k]) * 0x5851F42D4C957F2D
        h = h ^ ((h >> 29) & 0x7FFFFFFFF)
    h = h * 0x2545F4914F6CDD1D
    return (h ^ ((h >> 32) & 0xFFFFFFFF)) & 0x7FFFFFFFFFFFFFFF


def same_row(b: Array, at: int, rows: Array, row: int) -> bool:
    for k in range(W):
        if b[at + k] != rows[row, k]:
            return False
    return True


def insert(b: Array, at: int, rows: Array, table: Array, count: int) -> int:
    """The row of the state at `at`: an old one, or `count` if it is new and now stored there."""
    mask = len(table) - 1
    h = hash_words(b, at)
    tag = (h >> TAG_SHIFT) << TAG_SHIFT
    place = h & mask
    while True:
        entry = table[place]
        if entry == 0:
            table[place] = tag | (count + 1)
            for k in range(W):
                rows[count, k] = b[at + k]
            return count
        if (entry >> TAG_SHIFT) << TAG_SHIFT == tag:
            row = (entry & ROW_MASK) - 1
            if same_row(b, at, rows, row):
                return row
        place = (place + 1) & mask


def rebuild(b: Array, rows: Array, table: Array, count: int) -> None:
    """Enter all `count` rows into an empty, larger table."""
    mask = len(table) - 1
    for row in range(count):
        for k in range(W):
            b[S + k] = rows[row, k]
        h = hash_words(b, S)
        place = h & mask
        while table[place] != 0:
            place = (place + 1) & mask
        table[place] = (h >> TAG_SHIFT) << TAG_SHIFT | (row + 1)


def note(found: Array, bits: int, first: int, row: int, ordinal: int) -> None:
    """Enter the violated properties of a bit set, unless an earlier violation is known."""
    p = first
    while bits != 0:
        if bits & 1 and found[p, 0] == 0:
            found[p, 0] = row + 1
            found[p, 1] = ordinal
        bits = bits >> 1
        p += 1


def expand(
    b: Array, rows: Array, parents: Array, table: Array, acts: Array, generated: Array, fresh: Array,
    found: Array, totals: Array, first: int, last: int, count: int,
) -> int:
    """Expand rows first..last-1; returns the new count of rows.

    totals[0] becomes the next row to expand, totals[1] DONE, FULL (room for another row's successors
    is missing) or OVERFLOW (b[0] tells which part). generated and fresh count per action.
    """
    row = first
    while row < last:
        if count + MAX_SUCCESSORS > len(rows) or 2 * (count + MAX_SUCCESSORS) > len(table):
            totals[0] = row
            totals[1] = FULL
            return count
        for k in range(W):
            b[S + k] = rows[row, k]
        n = successors(b, acts)
        if n == 0:
            note(found, 1, DEADLOCK, row, -1)
        for ordinal in range(n):
            t = OUT + ordinal * W
            action = acts[ordinal]
            generated[action] += 1
            note(found, check_step(b, S, t), FIRST_PROPERTY, row, ordinal)
            if SYMMETRIC:
                canonicalise(b, t)
            if not in_constraint(b, t):
                note(found, check_state(b, t), 0, row, ordinal)
                continue
            target = insert(b, t, rows, table, count)
            if target == count:
                parents[count] = row
                count += 1
                fresh[action] += 1
                note(found, check_state(b, t), 0, row, ordinal)
        if b[0] != 0:
            totals[0] = row
            totals[1] = OVERFLOW
            return count
        row += 1
    totals[0] = row
    totals[1] = DONE
    return count


def start(b: Array, rows: Array, parents: Array, table: Array, found: Array) -> int:
    """Enter the initial state, whose words lie at S; returns the count of rows, 0 or 1."""
    note(found, check_state(b, S), 0, 0, -1)
    if SYMMETRIC:
        canonicalise(b, S)
    if not in_constraint(b, S):
        return 0
    parents[0] = -1
    insert(b, S, rows, table, 0)
    return 1


def collect_edges(
    b: Array, rows: Array, table: Array, acts: Array, count: int, edges: Array, first: int
) -> int:
    """Edges (row, action, row) within the constraint from row `first` on; returns how many were
    written. Stops before a row whose edges might not fit and leaves its number in edges[-1, 0]."""
    n_edges = 0
    row = first
    while row < count and n_edges + MAX_SUCCESSORS < len(edges):
        for k in range(W):
            b[S + k] = rows[row, k]
        n = successors(b, acts)
        for ordinal in range(n):
            t = OUT + ordinal * W
            if SYMMETRIC:
                canonicalise(b, t)
            if in_constraint(b, t):
                edges[n_edges, 0] = row
                edges[n_edges, 1] = acts[ordinal]
                edges[n_edges, 2] = insert(b, t, rows, table, count)
                n_edges += 1
        row += 1
    edges[-1, 0] = row
    return n_edges
