"""What one thread of a search works with."""

from __future__ import annotations

import numpy as np

from pymodel.engine.generate import BATCH, buffer_words, max_successors
from pymodel.engine.goal import Goal
from pymodel.engine.instance import Instance
from pymodel.engine.native import Words


class Worker:
    """What a thread works with: its buffer, and counts that are added up when they are asked for."""

    def __init__(self, instance: Instance, goal: Goal, seed: int) -> None:
        successors = max_successors(instance)
        self.buffer: Words = np.zeros(buffer_words(instance), np.int64)
        self.buffer[-1] = seed
        self.acts: Words = np.zeros(BATCH + successors, np.int64)
        self.counts: Words = np.zeros(len(instance.model.actions) + successors + 1, np.int64)
        self.found: Words = np.zeros(2 * len(goal.names), np.int64)
        self.totals: Words = np.zeros(2, np.int64)

    def load(self, words: list[int]) -> None:
        """`words` become the state at S."""
        self.buffer[1 : 1 + len(words)] = words
