"""What one thread of a search works with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pymodel.engine.generate import BATCH, buffer_words, max_successors
from pymodel.engine.goal import Goal
from pymodel.engine.instance import Instance
from pymodel.engine.native import Words, address

LINE_WORDS = 32  # more than a cache line: what one thread writes must not share one with another's


class Places(NamedTuple):
    """The addresses of a worker's arrays."""

    buffer: int
    acts: int
    counts: int
    found: int
    totals: int


class Worker:
    """What a thread works with: its buffer, and counts that are added up when they are asked for."""

    def __init__(self, instance: Instance, goal: Goal, seed: int, variant: int = 0) -> None:
        successors = max_successors(instance)
        self.buffer: Words = _apart(buffer_words(instance))
        self.buffer[-2:] = variant, seed
        self.acts: Words = _apart(BATCH + successors)
        self.counts: Words = _apart(len(instance.model.actions) + successors + 1)
        self.found: Words = _apart(2 * len(goal.names))
        self.totals: Words = _apart(2)
        self.at = Places(
            *map(address, (self.buffer, self.acts, self.counts, self.found, self.totals)),
        )

    def load(self, words: list[int]) -> None:
        """`words` become the state at S."""
        self.buffer[1 : 1 + len(words)] = words


def _apart(count: int) -> Words:
    """Zeros that share no cache line with anything else."""
    whole: Words = np.zeros(count + 2 * LINE_WORDS, np.int64)
    return whole[LINE_WORDS : LINE_WORDS + count]
