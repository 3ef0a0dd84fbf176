"""A compiled loop that holds the two ways of checking a successor against each other."""

from __future__ import annotations

from typing import Any

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"

Array = Any

ENTRIES = ("differing",)

# == Compiled ==


def differing(b: Array, rows: Array, acts: Array, last: int, seen: Array) -> int:
    """How many successors of rows 0..last-1 are judged differently. seen[0] becomes the violated state
    properties that were met, seen[1] the step properties, as bits; seen[2] the successors."""
    wrong = 0
    for row in range(last):
        copy_row(b, S, rows, row)
        n = successors(b, acts)
        before = check_state(b, S)
        still = check_step(b, S, S)
        for ordinal in range(n):
            t = OUT + ordinal * W
            after = check_state(b, t)
            step = check_step(b, S, t)
            if check_changed_state(b, S, t, before) != after or check_changed_step(b, S, t, still) != step:
                wrong += 1
            seen[0] |= after
            seen[1] |= step
            seen[2] += 1
    return wrong
