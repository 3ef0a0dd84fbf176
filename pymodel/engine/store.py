"""Where a search keeps what it has found: known keys, the levels' rows, how each state was reached.

Within a budget everything is in memory. With a folder to spill to, rows and journal beyond the budget go
to files, and a full table of hashes goes to a sorted run on disk. A state that is then new to the table is
settled later, at the latest when its level ends: it counts unless the run has it.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from pymodel.engine.checkpoint import Checkpoint
from pymodel.engine.kernel import ORDINAL_SHIFT
from pymodel.engine.level import Block, Journal, Level
from pymodel.engine.native import Native, Words
from pymodel.engine.runs import SortedRun
from pymodel.engine.table import Table
from pymodel.errors import UsageError

UNSETTLED_SHARE = 8  # of the budget may wait to be settled
KEYS_AT_ONCE, KEYS_SHARE = 1 << 20, 8  # what is read back in one piece: so many, or that share of the budget


class Store:
    """States found so far. `fresh` counts them per action; `level` is expanded, `following` is filled.

    `budget_bytes` is for all of it. Rows have `width` words, keys `key_width`; only keys that are `hashed`
    can go to a sorted run, since the table has them sorted by shard.
    """

    def __init__(
        self,
        native: Native,
        width: int,
        key_width: int,
        *,
        hashed: bool,
        seed: int,
        budget_bytes: int,
        keep_rows: bool,
        spill: Path | None,
        checkpoint: Checkpoint | None,
        pool: ThreadPoolExecutor,
    ) -> None:
        self.width = width
        self.pool = pool
        self.budget_bytes = budget_bytes
        self.keep_rows = keep_rows
        self.checkpoint = checkpoint
        self.may_flush = hashed
        self.table = Table(native, key_width, budget_bytes, seed)
        self.spill = _private_folder(spill) if spill else None
        self.journal = checkpoint.journal() if checkpoint else Journal()
        self.level = Level(width)
        resumed = checkpoint is not None and checkpoint.saved is not None
        self.following = Level(width) if resumed else self._new_level(0)
        self.all_rows: list[Words] = []
        self.run: SortedRun | None = None
        self.unsettled: list[Block] = []
        self.fresh: Words = np.zeros(1 << ORDINAL_SHIFT, np.int64)

    @property
    def count(self) -> int:
        return self.journal.count + sum(block.count for block in self.unsettled)

    @property
    def keeps_keys(self) -> bool:
        """Whether the keys of what is added are needed."""
        return self.checkpoint is not None or self.run is not None

    @property
    def held_bytes(self) -> int:
        levels = self.level.held_bytes + self.following.held_bytes
        kept = sum(rows.nbytes for rows in self.all_rows)
        waiting = sum(block.held_bytes for block in self.unsettled)
        return levels + kept + waiting + self.journal.held_bytes

    def fits(self, more: int) -> bool:
        """Whether the table has or can be given room for `more` keys, as things are."""
        left = self.budget_bytes - self.held_bytes
        return self.table.used_bytes <= left and self.table.make_room(more, left, self.pool)

    def make_room(self, more: int, waiting_bytes: int = 0) -> bool:
        """Room in the table for `more` keys, beside what waits to be added; False if neither memory nor disk
        can give it."""
        left = self.budget_bytes - self.held_bytes - waiting_bytes
        if self.table.used_bytes > left:
            if self.spill is None:
                return False
            self._rows_to_disk()
            left = self.budget_bytes - self.held_bytes - waiting_bytes
        if self.table.make_room(more, left, self.pool):
            return True
        if self.spill is None or not self.may_flush:
            return False
        self._rows_to_disk()
        if self.table.make_room(more, self.budget_bytes - self.held_bytes, self.pool):
            return True
        self._flush()
        return self.table.make_room(more, self.budget_bytes - self.held_bytes, self.pool)

    def add(self, block: Block) -> None:
        """States that are new to the table, in order."""
        self.fresh += block.fresh
        if self.run is None:
            self._commit(block)
            return
        self.unsettled.append(block)
        if sum(waiting.held_bytes for waiting in self.unsettled) > self.budget_bytes // UNSETTLED_SHARE:
            self.settle()

    def next_level(self, depth: int, **standing: Any) -> None:
        """What was added becomes the level to expand; `depth` levels are expanded. With a checkpoint it is
        the point to go on from, beside the rest of `standing`."""
        self.settle()
        self.journal.close_level()
        done, self.level = self.level, self.following
        if self.checkpoint:
            standing |= {"depth": depth, "sizes": self.journal.sizes, "fresh": self.fresh.tolist()}
            self.checkpoint.save(self.level, **standing)
        done.remove()
        self.following = self._new_level(depth + 1)

    def resume(self, checkpoint: Checkpoint) -> bool:
        """Enter what a checkpoint recorded; False if there is no room for all of it."""
        saved = checkpoint.saved
        if saved is None:
            return True
        self.fresh[:] = saved.fresh
        self.following = self._new_level(saved.depth + 1)
        self.level = Level(self.width, checkpoint.level_log(saved.depth))
        log = checkpoint.logs["keys"]
        most = self.budget_bytes // (KEYS_SHARE * self.table.slot_bytes)
        step = max(1, min(KEYS_AT_ONCE, most)) * self.table.width
        for first in range(0, log.count, step):
            keys = log.read(first, step)
            if not self.make_room(len(keys) // self.table.width):
                return False
            self.table.enter(keys)
            if self.keep_rows:
                self.all_rows.append(keys)  # keys of whole states are their rows
        return True

    def rows(self) -> Words:
        """All rows, if they were to be kept."""
        return np.concatenate(self.all_rows) if self.all_rows else np.zeros(0, np.int64)

    def close(self) -> None:
        """Let go of all files; those in the folder to spill to are deleted, a checkpoint's stay."""
        logs = [self.level.log, self.following.log, *(self.journal.logs or ())]
        for log in logs:
            if log:
                log.close()
        if self.spill is not None:
            self.spill.cleanup()

    def _new_level(self, depth: int) -> Level:
        return Level(self.width, self.checkpoint.level_log(depth) if self.checkpoint else None)

    def _commit(self, block: Block) -> None:
        self.journal.append(block.origins)
        self.following.append(block.rows)
        if self.checkpoint:
            self.checkpoint.logs["keys"].append(block.keys)
        if self.keep_rows:
            self.all_rows.append(block.rows)

    def settle(self) -> None:
        """Commit what waits, but for what the run has."""
        if self.run is None or not self.unsettled:
            return
        hashes = np.concatenate([block.keys for block in self.unsettled])
        order = np.argsort(hashes)
        kept = np.ones(len(hashes), np.bool_)
        kept[order[self.run.has(hashes[order])]] = False
        first = 0
        for block in self.unsettled:
            mask = kept[first : first + block.count]
            first += block.count
            new = block.only(mask)
            self.fresh -= block.fresh - new.fresh
            self._commit(new)
        self.unsettled = []

    def _flush(self) -> None:
        """Move the table to disk."""
        self.settle()
        if self.run is None:
            self.run = SortedRun(self._path("known"))
        self.run.merge(self.table.hashes())
        self.table.clear()

    def _rows_to_disk(self) -> None:
        """Rows and journal go to files from now on, those of the journal so far too."""
        self.journal.to_disk(self._path("parents"), self._path("ordinals"))
        self.following.to_disk(self._path(f"level-{len(self.journal.sizes)}"))

    def _path(self, name: str) -> Path:
        if self.spill is None:
            raise ValueError("there is no folder to spill to")
        return Path(self.spill.name) / f"{name}.bin"


def _private_folder(parent: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder below `parent` that goes with this process."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix="termfence-", dir=parent)
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", mend="give another folder to spill to", path=parent
        ) from error
