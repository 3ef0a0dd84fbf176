"""What the records of etcd's write-ahead log say, whether read from its segments or decoded by another tool.

The log has each hard state (term, vote, commit index) and each entry in the order in which the node made them
durable; it has neither time nor role. An entry removes all that were at its index and beyond. The term of a
committed entry is looked up among the entries before it.
"""

from __future__ import annotations

from bisect import bisect_right

from trace_check.event import NOBODY, Entry, Event, NodeState, Place


class DurableLog:
    """The entries of one log as runs of one term; memory grows with terms, not entries."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._terms: list[int] = []
        self.last: Entry | None = None

    def append(self, index: int, term: int) -> bool:
        """Adds an entry; True if it removed others."""
        truncated = self.last is not None and index <= self.last[0]
        while self._firsts and self._firsts[-1] >= index:
            self._firsts.pop()
            self._terms.pop()
        if not self._terms or self._terms[-1] != term:
            self._firsts.append(index)
            self._terms.append(term)
        self.last = (index, term)
        return truncated

    def restart_at(self, index: int, term: int) -> None:
        """Begins anew after a snapshot that holds all entries up to (index, term), if it goes beyond them."""
        if self.last is None or index > self.last[0]:
            self._firsts, self._terms, self.last = [index], [term], (index, term)

    def entry_at(self, index: int) -> Entry | None:
        """The entry at `index`, None if it is not known."""
        at = bisect_right(self._firsts, index) - 1
        known = at >= 0 and self.last is not None and index <= self.last[0]
        return (index, self._terms[at]) if known else None


class WalEvents:
    """The events of one node's write-ahead log, record by record."""

    def __init__(self) -> None:
        self._log = DurableLog()
        self._commit = 0

    def entry(self, node: str, index: int, term: int, place: Place) -> Event:
        """The event of an entry made durable."""
        truncated = self._log.append(index, term)
        reason = "overwrites entries from here on" if truncated else None
        state = NodeState(last=(index, term))
        entries = ((index, term),)
        return Event("append", node, place.path, place.line, entries=entries, state=state, reason=reason)

    def state(self, node: str, term: int, vote: str, commit: int, place: Place) -> Event:
        """The event of a hard state made durable; `vote` is "0" for nobody."""
        last = self._log.last if self._log.last is not None and self._log.last[0] >= commit else None
        state = NodeState(term=term, vote=NOBODY if vote == "0" else vote, commit=commit, last=last)
        advanced, self._commit = commit > self._commit, max(commit, self._commit)
        entry = self._log.entry_at(commit) if advanced else None
        kind = "commit" if advanced else "state"
        return Event(kind, node, place.path, place.line, state=state, entry=entry)

    def snapshot(self, node: str, index: int, term: int, place: Place) -> Event | None:
        """The event of a snapshot; None for the empty one that every new log begins with."""
        if index == 0:
            return None
        self._log.restart_at(index, term)
        return Event("snapshot", node, place.path, place.line, entry=(index, term))
