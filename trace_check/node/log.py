"""The replicated log behind a snapshot: entries by index, from 1; those the snapshot covers are gone."""

from __future__ import annotations

from trace_check.node.messages import Entry


class Log:
    """Entries from `snapshotIndex` + 1 on. `snapshotTerm` is the term of the entry at `snapshotIndex`."""

    def __init__(self, entries: list[Entry] | None = None, index: int = 0, term: int = 0) -> None:
        self.snapshotIndex, self.snapshotTerm = index, term
        self._entries = [] if entries is None else entries

    @property
    def LastIndex(self) -> int:
        return self.snapshotIndex + len(self._entries)

    @property
    def LastTerm(self) -> int:
        return self._entries[-1].term if self._entries else self.snapshotTerm

    def TermAt(self, k: int) -> int:
        """The term of the entry at `k`; 0 for an index that the log does not have singly."""
        if k == self.snapshotIndex:
            return self.snapshotTerm
        return self[k].term if self.snapshotIndex < k <= self.LastIndex else 0

    def __getitem__(self, k: int) -> Entry:
        return self._entries[k - self.snapshotIndex - 1]

    def following(self, k: int, limit: int) -> tuple[Entry, ...]:
        """Up to `limit` entries from index `k` on."""
        start = k - self.snapshotIndex - 1
        return tuple(self._entries[start : start + limit])

    def append(self, entries: tuple[Entry, ...]) -> None:
        self._entries.extend(entries)

    def truncate(self, last: int) -> None:
        """Removes what is behind index `last`."""
        del self._entries[max(last - self.snapshotIndex, 0) :]

    def cover(self, index: int, term: int, retain: bool) -> None:
        """Entries up to `index` are in a snapshot now; with `retain` those behind it stay."""
        self._entries = list(self.following(index + 1, len(self._entries))) if retain else []
        self.snapshotIndex, self.snapshotTerm = index, term
