"""Random walks by compiled code: where a search does not end, they still look at deep states.

Without a violation they prove nothing; with one the behaviour is real and seldom a shortest one. The same
seed gives the same result whatever the number of threads: walks are numbered, each draws its own numbers,
and what counts are the walks up to the first violating one. What a walk does is kernel_walk.py's.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np

from pymodel.engine import kernel_walk
from pymodel.engine.explain import retraced
from pymodel.engine.generate import buffer_words, max_successors, module_text
from pymodel.engine.goal import Goal
from pymodel.engine.instance import Instance
from pymodel.engine.native import Native, Words
from pymodel.engine.result import Counterexample
from pymodel.errors import LayoutError, UsageError

BATCH_STEPS = 1 << 15  # what a thread does between two looks at the clock, a walk at least
SEED_MAX = (1 << 63) - 1
DEPTH_MAX = 1 << 31


@dataclass(frozen=True)
class Plan:
    """Which walks: numbers 0..walks-1 of `seed` (None: on and on until `timeout_s`), or `only` that one.

    A walk has at most `depth` steps. `by_action` chooses first among the actions that can be taken, so that
    one with few steps is not drowned by one with many. Raises UsageError for what cannot be walked.
    """

    depth: int
    walks: int | None = None
    seed: int = 0
    only: int | None = None
    timeout_s: float | None = None
    workers: int = 1
    by_action: bool = True

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("seed", self.seed, 0, SEED_MAX),
            ("depth", self.depth, 1, DEPTH_MAX),
            ("walks", self.walks, 1, SEED_MAX),
            ("walk", self.only, 0, SEED_MAX - 1),
            ("workers", self.workers, 1, SEED_MAX),
        ):
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name} {value}", mend=f"give one of {low}..{high}")
        if self.walks is None and self.only is None and self.timeout_s is None:
            raise UsageError("walks without an end", mend="give their number or a time limit")
        if self.walks is not None and self.only is not None:
            raise UsageError("both a number of walks and a single one", mend="give one of them")

    def batches(self) -> Iterator[range]:
        """The numbers of the walks, in order, some at a time."""
        if self.only is not None:
            yield range(self.only, self.only + 1)
            return
        size = max(1, BATCH_STEPS // self.depth)
        last = SEED_MAX if self.walks is None else self.walks
        for first in range(0, last, size):
            yield range(first, min(first + size, last))


@dataclass(frozen=True)
class Walked:
    """How far a running simulation has come."""

    walks: int
    steps: int
    generated: int
    seconds: float


class _Batch:
    """The arrays of some walks in a row, and what came of them."""

    def __init__(self, numbers: range, goal: Goal, instance: Instance, room: int = 0) -> None:
        successors, actions = max_successors(instance), len(instance.model.actions)
        self.numbers = numbers
        self.room = room
        self.buffer: Words = np.zeros(buffer_words(instance), np.int64)
        self.actions: Words = np.zeros(successors, np.int64)
        self.inside: Words = np.zeros(successors + 1, np.int64)
        self.generated: Words = np.zeros(actions, np.int64)
        self.taken: Words = np.zeros(actions, np.int64)
        self.found: Words = np.zeros(2 * len(goal.names), np.int64)
        self.totals: Words = np.zeros(5, np.int64)
        self.path: Words = np.zeros(max(1, room * instance.layout.words), np.int64)
        self.reached = numbers.start

    def arrays(self) -> tuple[Words, ...]:
        work = (self.buffer, self.actions, self.inside)
        return (*work, self.generated, self.taken, self.found, self.totals, self.path)


class Simulation:
    """Walks of one instance. After `run` the counts are there, and what the first violating walk met."""

    def __init__(self, instance: Instance, goal: Goal) -> None:
        self.instance = instance
        self.goal = replace(goal, symmetry="")
        before = time.perf_counter()
        text = module_text(
            instance,
            invariants=goal.invariants,
            properties=goal.properties,
            constraints=goal.constraints,
            loops=(kernel_walk,),
        )
        self.native = Native(text, kernel_walk.ENTRIES)
        self.compile_seconds = time.perf_counter() - before
        actions = len(instance.model.actions)
        self.generated_by: Words = np.zeros(actions, np.int64)
        self.taken_by: Words = np.zeros(actions, np.int64)
        self.walks = self.steps = self.deepest = self.ended_early = 0
        self.walk: int | None = None
        self.violated: tuple[str, ...] = ()
        self.ended_by = ""
        self._beyond: dict[str, bool] = {}
        self._walk_steps = 0
        self._stop: Words = np.zeros(1, np.int64)

    @property
    def generated(self) -> int:
        return int(self.generated_by.sum()) + self.walks

    def run(self, plan: Plan, progress: Callable[[Walked], None] | None = None) -> None:
        """Walk to the end of the plan, to its time limit or to a violation. Raises LayoutError when a bound
        is outgrown."""
        began = time.perf_counter()
        self._stop[0] = 0
        waiting: deque[Future[_Batch]] = deque()
        batches = plan.batches()
        with ThreadPoolExecutor(plan.workers) as pool:
            try:
                for numbers in batches:
                    waiting.append(pool.submit(self._walk, plan, numbers))
                    if len(waiting) > 2 * plan.workers:
                        self._take(waiting, plan, began, progress)
                    if self.violated or self.ended_by:
                        break
                while waiting and not self.violated:
                    self._take(waiting, plan, began, progress)
            finally:
                self._stop[0] = 1
                pool.shutdown(cancel_futures=True)

    def _walk(self, plan: Plan, numbers: range, room: int = 0) -> _Batch:
        batch = _Batch(numbers, self.goal, self.instance, room)
        batch.reached = self.native.call(
            "walks",
            *batch.arrays(),
            room,
            plan.seed,
            numbers.start,
            numbers.stop,
            plan.depth,
            int(plan.by_action),
            int(self.goal.check_deadlock),
            self._stop,
        )
        return batch

    def _take(
        self,
        waiting: deque[Future[_Batch]],
        plan: Plan,
        began: float,
        progress: Callable[[Walked], None] | None,
    ) -> None:
        """Count the oldest batch, stopping all of them if time runs out before it is done."""
        oldest = waiting.popleft()
        left = None if plan.timeout_s is None else plan.timeout_s - (time.perf_counter() - began)
        if left is not None and not wait([oldest], max(0.0, left)).done:
            self._stop[0] = 1
        self._count(oldest.result())
        seconds = time.perf_counter() - began
        if plan.timeout_s is not None and seconds >= plan.timeout_s:
            self.ended_by = f"the limit of {plan.timeout_s:g} s"
        if progress:
            progress(Walked(self.walks, self.steps, self.generated, seconds))

    def _count(self, batch: _Batch) -> None:
        code = int(batch.buffer[0])
        if code:
            raise LayoutError(
                self.instance.layout.complaints[code],
                mend="raise the bound in the cfg that limits it, or check the operator that the cfg swaps in",
            )
        self.generated_by += batch.generated
        self.taken_by += batch.taken
        walks, steps, deepest, early, last = (int(total) for total in batch.totals)
        self.walks += walks
        self.steps += steps
        self.deepest = max(self.deepest, deepest)
        self.ended_early += early
        if batch.reached < batch.numbers.stop:
            self.walk, self._walk_steps = batch.reached, last
            self._beyond = {
                name: bool(batch.found[2 * p + 1] >= 0)
                for p, name in enumerate(self.goal.names)
                if batch.found[2 * p]
            }
            self.violated = tuple(self._beyond)

    def counterexample(self, plan: Plan) -> Counterexample:
        """The violating walk of `plan`, walked once more with its states kept and then by the model itself.

        Raises UsageError if no walk met a violation.
        """
        if self.walk is None:
            raise UsageError("no walk met a violation", mend="walk more, or deeper")
        room, width = self._walk_steps + 1, self.instance.layout.words
        self._stop[0] = 0
        batch = self._walk(plan, range(self.walk, self.walk + 1), room)
        rows = batch.path.reshape(room, width).tolist()
        name = self.violated[0]
        return retraced(self.instance, self.goal, rows, name, beyond=self._beyond[name])
