"""What a node has stored, in memory: the twin of the database for simulations."""

from __future__ import annotations

from collections.abc import Iterable

from trace_check.node.effects import Appended, HardState, Saved, Write
from trace_check.node.messages import Entry, Snapshot


class Durable:
    """Term and vote, snapshot, and the entries behind it; None where nothing was stored."""

    def __init__(self) -> None:
        self.hard: HardState | None = None
        self.snapshot: Snapshot | None = None
        self.entries: list[Entry] = []

    def apply(self, writes: Iterable[Write]) -> None:
        """Stores the writes of one step, in their order."""
        for write in writes:
            if isinstance(write, HardState):
                self.hard = write
            elif isinstance(write, Appended):
                del self.entries[write.first - self._first :]
                self.entries.extend(write.entries)
            else:
                self._save(write)

    def _save(self, saved: Saved) -> None:
        last = saved.snapshot.lastIndex
        self.entries = self.entries[last - self._first + 1 :] if saved.retain else []
        self.snapshot = saved.snapshot

    @property
    def _first(self) -> int:
        """The index of the first entry."""
        return 1 if self.snapshot is None else self.snapshot.lastIndex + 1
