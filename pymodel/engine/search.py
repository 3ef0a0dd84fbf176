"""Breadth-first search with compiled code: every state within the constraints, level by level.

Threads share each level, in rounds (see kernel.py), and what is found, its order and all counts do not
depend on their number. A violation ends the search after the level that shows it, so that a counterexample
is a shortest one; with `keep_going` the search goes on, and notes the first violation of each property.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import numpy as np

from pymodel.engine import kernel, kernel_growth, kernel_rows
from pymodel.engine.checkpoint import Checkpoint
from pymodel.engine.clock import Clock
from pymodel.engine.generate import module_text, record_words
from pymodel.engine.goal import DEADLOCK, Goal, Limits, Plan, Progress, Violation
from pymodel.engine.instance import Instance
from pymodel.engine.memory import default_budget, held_bytes
from pymodel.engine.native import Native, Words
from pymodel.engine.pack import pack
from pymodel.engine.rounds import Rounds, Widths
from pymodel.engine.rows import row_words
from pymodel.engine.store import Store
from pymodel.engine.threads import start_all
from pymodel.engine.variants import Compiled
from pymodel.engine.worker import Worker
from pymodel.errors import CheckpointError, LayoutError

LOOPS = (kernel, kernel_growth, kernel_rows)
ROUND_ROWS = 1 << 18
LEAST_BUDGET_BYTES = 4 << 20
INTERRUPTED = "Ctrl-C"
MEASURE_SECONDS = 0.1  # between two looks at how much memory is held


def compile_search(
    instance: Instance, goal: Goal, *, exact: bool = False, variants: Sequence[Instance] = ()
) -> Compiled:
    """The machine code of a search, for `instance` and for further swaps of its cfg."""
    text = module_text(
        instance,
        invariants=goal.invariants,
        properties=goal.properties,
        constraints=goal.constraints,
        symmetry=goal.symmetry,
        view=goal.view,
        exact=exact,
        loops=LOOPS,
        variants=variants,
    )
    return Compiled(text, Native(text, sum((loop.ENTRIES for loop in LOOPS), ())))


class Search:
    """One search. After `run`, the counts, the `violations`, and with `keep_rows` all rows are there.

    `complete` is False if a violation or a limit ended it; `ended_by` says which limit.
    """

    def __init__(
        self,
        instance: Instance,
        goal: Goal,
        plan: Plan | None = None,
        about: str = "",
        compiled: Compiled | None = None,
    ) -> None:
        self.instance = instance
        self.goal = goal
        self.plan = plan or Plan()
        self.about = about
        self.exact = self.plan.exact or self.plan.keep_rows
        before = time.perf_counter()
        self.code = compiled or compile_search(instance, goal, exact=self.exact)
        self.native = self.code.native
        self.compile_seconds = time.perf_counter() - before
        self.row_width = row_words(instance.layout)
        self.workers = [
            Worker(instance, goal, self.plan.seed, self.code.variant) for _ in range(self.plan.workers)
        ]
        self.rounds = Rounds(self.native, self.workers, self._widths(bool(goal.view)), instance.layout)
        self.counts_before: Words = np.zeros_like(self.workers[0].counts)
        self.store: Store | None = None
        self.checkpoint: Checkpoint | None = None
        self.clock = Clock(Limits())
        self.found: dict[str, Violation] = {}
        self.measured = (-MEASURE_SECONDS, 0)
        self.note = ""
        self.depth = 0
        self.seconds = 0.0
        self.complete = False
        self.ended_by = ""

    def _widths(self, view: bool) -> Widths:
        record = record_words(self.instance, exact=self.exact, view=view)
        return Widths(self.row_width, self.row_width if self.exact else 1, record)

    @property
    def count(self) -> int:
        return self.store.count if self.store else 0

    @property
    def counts(self) -> Words:
        """Successors generated per action, and then how many states had 0, 1, ... successors."""
        total = self.counts_before.copy()
        for worker in self.workers:
            total += worker.counts
        return total

    @property
    def generated_by(self) -> Words:
        return self.counts[: len(self.instance.model.actions)]

    @property
    def degrees(self) -> Words:
        return self.counts[len(self.instance.model.actions) :]

    @property
    def fresh_by(self) -> Words:
        size = len(self.instance.model.actions)
        return self.store.fresh[:size] if self.store else np.zeros(size, np.int64)

    @property
    def generated(self) -> int:
        return int(self.generated_by.sum()) + 1

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Shortest first, then in the order of the goal's names."""
        found = [self.found[name] for name in self.goal.names if name in self.found]
        return tuple(sorted(found, key=lambda violation: violation.length))

    def run(self, limits: Limits | None = None, progress: Callable[[Progress], None] | None = None) -> None:
        """Search to the end, a violation or a limit. Raises LayoutError when a bound is outgrown,
        CheckpointError for a checkpoint that cannot be used."""
        self.clock = Clock(limits or Limits(), progress)
        self.checkpoint = self._open_checkpoint()
        with ThreadPoolExecutor(self.plan.workers) as pool:
            try:
                start_all(pool, self.plan.workers)
                self.store = self._make_store(self.checkpoint, pool)
                if self._begin(self.store, self.checkpoint):
                    self._levels(self.store, pool)
            except KeyboardInterrupt:
                self.ended_by = INTERRUPTED
            except MemoryError:
                self.ended_by = f"the system, which gave no more memory after {self.count:,} states"
            except OSError as error:
                self.ended_by = f"the disk: {error.strerror or error}"
            except RuntimeError as error:
                if "start new thread" not in str(error):
                    raise
                self.ended_by = "the system, which started no more threads"
        self._gather()
        self.seconds = self.clock.seconds

    def close(self) -> None:
        """Remove what is on disk: the spilled part, and the checkpoint of a search that came to its end."""
        if self.store:
            self.store.close()
        if self.checkpoint:
            if self.store and (self.complete or self.violations) and not self.ended_by:
                self.checkpoint.remove()
            self.checkpoint.close()

    def __enter__(self) -> Search:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_checkpoint(self) -> Checkpoint | None:
        folder = self.plan.recover or self.plan.checkpoint
        if folder is None:
            return None
        plan, code = self.plan, self.code
        told = [code.text, code.variant, self.goal, plan.seed, plan.keep_going, plan.until]
        identity = hashlib.sha256("\n".join(map(str, told)).encode()).hexdigest()
        checkpoint = Checkpoint(folder, identity, self.about)
        try:
            if self.plan.recover is None:
                checkpoint.open_new()
            elif not checkpoint.open_saved():
                self.note = f"{folder} has no checkpoint yet: the search began anew"
        except CheckpointError:
            checkpoint.close()
            raise
        return checkpoint

    def _make_store(self, checkpoint: Checkpoint | None, pool: ThreadPoolExecutor) -> Store:
        wanted = self.plan.memory_bytes or default_budget()
        return Store(
            self.native,
            self.row_width,
            self.row_width if self.exact else 1,
            hashed=not self.exact,
            seed=self.plan.seed,
            budget_bytes=max(LEAST_BUDGET_BYTES, wanted - held_bytes()),
            keep_rows=self.plan.keep_rows,
            spill=self.plan.spill,
            checkpoint=checkpoint,
            pool=pool,
        )

    def _begin(self, store: Store, checkpoint: Checkpoint | None) -> bool:
        """Enter the initial state, or what a checkpoint recorded; False if memory ended it already."""
        if checkpoint and checkpoint.saved:
            saved = checkpoint.saved
            self.depth = saved.depth
            self.counts_before[:] = saved.counts
            self.found = {name: Violation(name, *where) for name, *where in saved.found}
            self.clock.before_s = saved.seconds
            if not store.resume(checkpoint):
                self.ended_by = self._full(store)
                return False
            self.clock.count_before = store.count
            return True
        self.workers[0].load(pack(self.instance, self.instance.initial()))
        store.add(self.rounds.start(store.table, store.pool))
        store.fresh[:] = 0  # no action made the initial state
        self._end_level(store)
        return True

    def _levels(self, store: Store, pool: ThreadPoolExecutor) -> None:
        while store.level.count and not self._shown(self.found):
            self.depth += 1
            first, whole = 0, store.level.count
            for rows in store.level.blocks(ROUND_ROWS):
                if not self.rounds.run(store, first, rows, pool):
                    self.ended_by = self._full(store)
                    break
                first += len(rows) // self.row_width
                if first == whole or self.clock.limits.max_states is not None:
                    self.rounds.finish(store)
                self._tell(store, whole - first)
                self.ended_by = self._limit(store)
                if self.ended_by and not self._ends_anyway(store, whole - first):
                    break
            else:
                self.ended_by = ""
            self.rounds.finish(store)
            self._gather()
            if self.ended_by:
                return
            self._end_level(store)
        self.complete = not self._shown(self.found)

    def _shown(self, found: Mapping[str, Violation]) -> bool:
        """Whether these violations are what the search is for, so that it ends."""
        if self.plan.keep_going:
            return not found.keys().isdisjoint(self.plan.until)
        return bool(found)

    def _limit(self, store: Store) -> str:
        """The limit that is reached, if any. What waits to be settled may not be new."""
        reached = self.clock.limit(store.count)
        if not reached or not store.unsettled:
            return reached
        store.settle()
        return self.clock.limit(store.count)

    def _ends_anyway(self, store: Store, left: int) -> bool:
        """Whether the search needs no limit to end with this level."""
        if self._shown(self._found_here()):
            return True
        return left == 0 and store.following.count == 0

    def _end_level(self, store: Store) -> None:
        self._gather()
        store.next_level(
            self.depth,
            counts=self.counts.tolist(),
            found=[(v.name, v.depth, v.parent, v.ordinal) for v in self.violations],
            seconds=self.clock.seconds,
        )

    def _found_here(self) -> dict[str, Violation]:
        """The first violation of each property in the level that is being expanded."""
        here: dict[str, Violation] = {}
        for worker in self.workers:
            for p, name in enumerate(self.goal.names):
                parent, ordinal = int(worker.found[2 * p]) - 1, int(worker.found[2 * p + 1])
                if parent < 0 or (name == DEADLOCK and not self.goal.check_deadlock):
                    continue
                new = Violation(name, self.depth, parent, ordinal)
                old = here.get(name, new)
                here[name] = min(old, new, key=lambda v: (v.parent, v.ordinal))
        return here

    def _gather(self) -> None:
        """Note what the level showed, unless it was known before."""
        self.found = self._found_here() | self.found
        for worker in self.workers:
            worker.found.fill(0)

    def _full(self, store: Store) -> str:
        full = f"the memory that it may use, full with {store.count:,} states"
        if self.plan.keep_rows:
            return f"{full}: this search keeps all of them"
        needed = ["with --spill DIR"] * (self.plan.spill is None) + ["without --exact"] * self.exact
        return f"{full}; {' and '.join(needed)} it would go on in files" if needed else full

    def _tell(self, store: Store, left: int) -> None:
        if self.clock.tell is None:
            return
        queue = left + store.following.count + sum(block.count for block in store.unsettled)
        if self.clock.seconds - self.measured[0] >= MEASURE_SECONDS:
            self.measured = (self.clock.seconds, held_bytes())
        self.clock.tell(
            Progress(
                distinct=store.count,
                generated=self.generated,
                depth=self.depth,
                queue=queue,
                seconds=self.clock.seconds,
                memory_bytes=self.measured[1],
                left_s=self.clock.left_s(store.count, queue, store.journal.sizes),
            )
        )

    def path(self, violation: Violation) -> list[list[int]]:
        """The words of the states from the initial one to the one at which `violation` was found."""
        steps = []
        if self.store and violation.depth > 1:
            steps = self.store.journal.ordinals_to(violation.depth - 1, violation.parent)
        return self.replay(steps)

    def replay(self, ordinals: list[int]) -> list[list[int]]:
        """The words of the initial state and of those that the steps of these ordinals lead to."""
        worker = self.workers[0]
        width = self.instance.layout.words
        worker.load(pack(self.instance, self.instance.initial()))
        self.native.call("settle", worker.buffer)
        path = [worker.buffer[1 : 1 + width].tolist()]
        for ordinal in ordinals:
            count = self.native.call("advance", worker.buffer, worker.acts, ordinal)
            if ordinal >= count:
                raise LayoutError(f"a recorded step is not there: {ordinal} of {count}")
            path.append(worker.buffer[1 : 1 + width].tolist())
        return path
