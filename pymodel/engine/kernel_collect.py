"""The compiled collector of the state graph for liveness: one pass over all rows of a complete search.

Pasted into a generated module behind kernel.py, from which it uses hash_words and copy_row; `labelled`
and `state_bits` are written by graph.py. Row numbers are those of the search. A step that changes no
variable is no edge and enables nothing: stuttering is always possible, and <<A>>_vars excludes it.
"""

from __future__ import annotations

from typing import Any

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"

Array = Any
Array32 = Any

ENTRIES = ("enter_rows", "collect_graph")

# == Compiled ==
ENDED = 0
OUTGROWN = 1
UNKNOWN_ROW = 2


def equal_words(b: Array, one: int, other: int) -> int:
    for k in range(W):
        if b[one + k] != b[other + k]:
            return 0
    return 1


def enter_rows(b: Array, rows: Array, index: Array32, slots: int, count: int) -> int:
    """Fill `index`, of a power of two slots and empty (0), with row + 1 of every row."""
    for row in range(count):
        place = hash_words(b, copy_row(b, S, rows, row), W, 0) & (slots - 1)
        while index[place] != 0:
            place = (place + 1) & (slots - 1)
        index[place] = row + 1
    return count


def row_of(b: Array, at: int, rows: Array, index: Array32, slots: int) -> int:
    """The row of the state at `at`, -1 if it has none."""
    place = hash_words(b, at, W, 0) & (slots - 1)
    while index[place] != 0:
        row = index[place] - 1
        same = 1
        for k in range(W):
            if b[at + k] != rows[row * W + k]:
                same = 0
                break
        if same:
            return row
        place = (place + 1) & (slots - 1)
    return 0 - 1


def collect_graph(
    b: Array,
    rows: Array,
    index: Array32,
    slots: int,
    acts: Array,
    labels: Array,
    offsets: Array,
    enabled: Array,
    bits: Array,
    targets: Array32,
    marks: Array,
    room: int,
    first: int,
    count: int,
    status: Array,
) -> int:
    """The edges out of rows first..count-1, as far as `room` suffices; returns how many.

    Edge e leads to row targets[e] and is a step of the conditions in marks[e]; those of row r end before
    offsets[r + 1], counted on from offsets[first]. enabled[r] has the conditions enabled in r, also by
    successors outside the constraint; bits[r] the predicates that hold there. status[0] becomes the next
    row, status[1] ENDED, OUTGROWN (b[0] tells) or UNKNOWN_ROW: a successor that the search has not met.
    """
    written = 0
    row = first
    status[1] = ENDED
    while row < count and written + MAX_SUCCESSORS <= room:
        status[0] = row
        copy_row(b, S, rows, row)
        bits[row] = state_bits(b, S)
        begin = written
        able = 0
        n = labelled(b, S, acts, 0, labels)
        for ordinal in range(n):
            t = OUT + ordinal * W
            if not equal_words(b, S, t):
                able |= labels[ordinal]
                if in_constraint(b, t):
                    target = row_of(b, t, rows, index, slots)
                    if target < 0:
                        status[1] = UNKNOWN_ROW
                        return written
                    edge = begin
                    while edge < written and targets[edge] != target:
                        edge += 1
                    if edge == written:
                        targets[edge] = target
                        marks[edge] = 0
                        written += 1
                    marks[edge] |= labels[ordinal]
        if b[0] != 0:
            status[1] = OUTGROWN
            return written
        enabled[row] = able
        row += 1
        offsets[row] = offsets[first] + written
    status[0] = row
    return written
