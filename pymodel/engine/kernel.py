"""The compiled search loop. This file's text is pasted into every generated module, behind the model.

Everything is in the integer Python of machine.py, so it also runs uncompiled; the names it does not
define (W, OUT, successors, check_state, ...) are those of the generated module, see generate.py.
All arrays are flat. Row r, W words of `rows` at r * W, is a packed state, first reached from row
parents[r].

`b` is the work buffer: b[0] the first error, one state at S, the successors at OUT, each W words.
`table`, of a power of two slots, holds for each row its number + 1 and above it a tag of its hash; 0
is an empty slot. `found` holds for each property p its first violation: at 2 * p the row + 1, then the
ordinal of the successor (-1: the row itself).
"""

from __future__ import annotations

from typing import Any

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"

Array = Any
Array32 = Any

ENTRIES = ("start", "expand", "rebuild", "collect_edges")

# == Compiled ==
TAG_SHIFT = 40
ROW_MASK = 0xFFFFFFFFFF
DONE = 0
FULL = 1
OVERFLOW = 2


def hash_words(b: Array, at: int) -> int:
    """A 63-bit hash of the W words at `at`."""
    h = 0x1E3779B97F4A7C15
    for k in range(W):
        h = (h ^ b[at + k]) * 0x5851F42D4C957F2D
        h = h ^ ((h >> 29) & 0x7FFFFFFFF)
    h = h * 0x2545F4914F6CDD1D
    return (h ^ ((h >> 32) & 0xFFFFFFFF)) & 0x7FFFFFFFFFFFFFFF


def copy_row(b: Array, at: int, rows: Array, row: int) -> int:
    """Row `row` into the buffer at `at`."""
    for k in range(W):
        b[at + k] = rows[row * W + k]
    return at


def same_row(b: Array, at: int, rows: Array, row: int) -> int:
    for k in range(W):
        if b[at + k] != rows[row * W + k]:
            return 0
    return 1


def insert(b: Array, at: int, rows: Array, table: Array, slots: int, count: int) -> int:
    """The row of the state at `at`: an old one, or `count` if it is new and now stored there."""
    h = hash_words(b, at)
    tag = (h >> TAG_SHIFT) << TAG_SHIFT
    place = h & (slots - 1)
    while table[place] != 0:
        if (table[place] >> TAG_SHIFT) << TAG_SHIFT == tag:
            row = (table[place] & ROW_MASK) - 1
            if same_row(b, at, rows, row):
                return row
        place = (place + 1) & (slots - 1)
    table[place] = tag | (count + 1)
    for k in range(W):
        rows[count * W + k] = b[at + k]
    return count


def rebuild(b: Array, rows: Array, table: Array, slots: int, count: int) -> int:
    """Enter all `count` rows into an empty, larger table."""
    for row in range(count):
        h = hash_words(b, copy_row(b, S, rows, row))
        place = h & (slots - 1)
        while table[place] != 0:
            place = (place + 1) & (slots - 1)
        table[place] = ((h >> TAG_SHIFT) << TAG_SHIFT) | (row + 1)
    return count


def note(found: Array, bits: int, first: int, row: int, ordinal: int) -> int:
    """Enter the violated properties of a bit set, unless an earlier violation is known."""
    p = first
    while bits != 0:
        if bits & 1 and found[2 * p] == 0:
            found[2 * p] = row + 1
            found[2 * p + 1] = ordinal
        bits = bits >> 1
        p += 1
    return p


def expand(
    b: Array,
    rows: Array,
    parents: Array32,
    room: int,
    table: Array,
    slots: int,
    acts: Array,
    generated: Array,
    fresh: Array,
    found: Array,
    totals: Array,
    first: int,
    last: int,
    count: int,
) -> int:
    """Expand rows first..last-1; returns the new count of rows.

    `room` rows and `slots` table slots are there. totals[0] becomes the next row to expand, totals[1]
    DONE, FULL (another row's successors may not fit) or OVERFLOW (b[0] tells which part of the
    layout). generated and fresh count per action.
    """
    row = first
    while row < last:
        totals[0] = row
        if count + MAX_SUCCESSORS > room or 2 * (count + MAX_SUCCESSORS) > slots:
            totals[1] = FULL
            return count
        copy_row(b, S, rows, row)
        n = successors(b, acts)
        if n == 0:
            note(found, 1, DEADLOCK, row, 0 - 1)
        for ordinal in range(n):
            t = OUT + ordinal * W
            action = acts[ordinal]
            generated[action] += 1
            note(found, check_step(b, S, t), FIRST_PROPERTY, row, ordinal)
            canonicalise(b, t)
            inside = in_constraint(b, t)
            target = insert(b, t, rows, table, slots, count) if inside else count
            if target == count:
                note(found, check_state(b, t), 0, row, ordinal)
            if inside and target == count:
                parents[count] = row
                count += 1
                fresh[action] += 1
        if b[0] != 0:
            totals[1] = OVERFLOW
            return count
        row += 1
    totals[0] = row
    totals[1] = DONE
    return count


def start(b: Array, rows: Array, parents: Array32, table: Array, slots: int, found: Array) -> int:
    """Enter the initial state, whose words lie at S; returns the count of rows, 0 or 1."""
    parents[0] = 0 - 1
    note(found, check_state(b, S), 0, 0, 0 - 1)
    canonicalise(b, S)
    if not in_constraint(b, S):
        return 0
    insert(b, S, rows, table, slots, 0)
    return 1


def collect_edges(
    b: Array,
    rows: Array,
    table: Array,
    slots: int,
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
    while row < count and written + MAX_SUCCESSORS < room:
        copy_row(b, S, rows, row)
        n = successors(b, acts)
        for ordinal in range(n):
            t = OUT + ordinal * W
            canonicalise(b, t)
            if in_constraint(b, t):
                edges[3 * written] = row
                edges[3 * written + 1] = acts[ordinal]
                edges[3 * written + 2] = insert(b, t, rows, table, slots, count)
                written += 1
        row += 1
    totals[0] = row
    return written
