"""Commit indexes and the committed log: what is committed stays, and is the same on every node."""

from __future__ import annotations

from bisect import bisect_left

from trace_check.event import LEADER, Event
from trace_check.facts import committed_entries
from trace_check.rules.base import Fact, Rule
from trace_check.track import NodeView, Seen


class CommitWithinLog(Rule):
    """Compares commit index and last index where one state shows both."""

    name = "CommitWithinLog"
    property = "StateMachineSafety"
    summary = "a commit index is at most the last index of the same log"

    def __init__(self) -> None:
        super().__init__()
        self._states = self._known = 0

    def see(self, event: Event, seen: Seen, view: NodeView) -> None:
        for state in (event.pre, event.state):
            if state is None:
                continue
            self._states += 1
            if state.commit is None or state.last is None:
                continue
            self._known += 1
            if state.commit > state.last[0]:
                text = f"{event.node} has commit index {state.commit}, its log ends at {state.last[0]}"
                self.report(text, seen, term=state.term)

    def coverage(self) -> tuple[bool, str]:
        if not self._known:
            return False, "no line shows a commit index and the end of the log"
        return True, f"both known for {self._known} of {self._states} states"


class CommitMonotonic(Rule):
    """Compares commit indexes within one incarnation: the index is volatile, a restart may lower it.

    A log without incarnations cannot be judged: any line may follow a restart.
    """

    name = "CommitMonotonic"
    property = "CommittedPrefixStable"
    summary = "a commit index never goes back within an incarnation"

    def __init__(self) -> None:
        super().__init__()
        self._known = self._without_inc = 0
        self._commits: dict[str, tuple[int, Seen]] = {}

    def see(self, event: Event, seen: Seen, view: NodeView) -> None:
        if view.restarts(event):
            self._commits.pop(event.node, None)
        for state in (event.pre, event.state):
            if state is None or state.commit is None:
                continue
            if not event.inc:
                self._without_inc += 1
                continue
            self._known += 1
            before = self._commits.get(event.node)
            if before is not None and state.commit < before[0]:
                text = f"{event.node} went back to commit index {state.commit}, was {before[0]}"
                self.report(text, seen, (Fact(f"{event.node} had commit index {before[0]}", before[1]),))
            if before is None or state.commit != before[0]:
                self._commits[event.node] = (state.commit, seen)

    def coverage(self) -> tuple[bool, str]:
        if self._known:
            return True, f"{self._known} commit indexes, {self._without_inc} more without an incarnation"
        if self._without_inc:
            return False, "the log names no incarnations: a restart would look like a step back"
        return False, "no line shows a commit index"


class StateMachineSafety(Rule):
    """Keeps, for each term, the first and last index known to be committed with it.

    Terms never decrease along a log, and there is one committed log: the index ranges of two terms may
    neither overlap nor stand in the wrong order. Memory is bounded by the number of terms.
    """

    name = "StateMachineSafety"
    property = "StateMachineSafety"
    summary = "no two nodes commit entries of different terms at one index"

    def __init__(self) -> None:
        super().__init__()
        self._terms: list[int] = []
        self._ranges: dict[int, tuple[int, Seen, int, Seen]] = {}
        self._points = self._known = 0

    def see(self, event: Event, seen: Seen, view: NodeView) -> None:
        entries = list(committed_entries(event))
        self._points += bool(entries) or _shows_commit(event)
        self._known += bool(entries)
        for index, term in entries:
            if not self._contradicts(index, term, seen):
                self._extend(index, term, seen)

    def _contradicts(self, index: int, term: int, seen: Seen) -> bool:
        """Reports the neighbour range that (index, term) does not fit beside; True if there is one."""
        at = bisect_left(self._terms, term)
        other: tuple[int, int, Seen] | None = None
        if at > 0:
            lower = self._terms[at - 1]
            _, _, last, last_seen = self._ranges[lower]
            if last >= index:
                other = (last, lower, last_seen)
        above = at + (at < len(self._terms) and self._terms[at] == term)
        if other is None and above < len(self._terms):
            higher = self._terms[above]
            first, first_seen, _, _ = self._ranges[higher]
            if first <= index:
                other = (first, higher, first_seen)
        if other is None:
            return False
        fact = Fact(f"entry {other[0]} of term {other[1]} is committed", other[2])
        self.report(f"entry {index} of term {term} is committed on {seen.node}", seen, (fact,), term=term)
        return True

    def _extend(self, index: int, term: int, seen: Seen) -> None:
        known = self._ranges.get(term)
        if known is None:
            self._terms.insert(bisect_left(self._terms, term), term)
            self._ranges[term] = (index, seen, index, seen)
            return
        first, first_seen, last, last_seen = known
        if index < first:
            self._ranges[term] = (index, seen, last, last_seen)
        elif index > last:
            self._ranges[term] = (first, first_seen, index, seen)

    def coverage(self) -> tuple[bool, str]:
        if not self._known:
            return False, "no line proves the term of a committed entry"
        return True, f"entry term known for {self._known} of {self._points} events that show a commit index"


def _shows_commit(event: Event) -> bool:
    return any(state is not None and state.commit is not None for state in (event.pre, event.state))


class OkIsChosen(Rule):
    """Compares the entry of an acknowledged write with the commit index of the leader that answers."""

    name = "OkIsChosen"
    property = "OkIsChosen"
    summary = "a leader acknowledges a write only when its entry is committed"

    def __init__(self) -> None:
        super().__init__()
        self._answers = self._known = 0

    def see(self, event: Event, seen: Seen, view: NodeView) -> None:
        client, state = event.client, event.state
        if event.kind != "client_ok" or client is None or not client.is_write:
            return
        self._answers += 1
        if client.entry is None or state is None or state.role != LEADER or state.commit is None:
            return
        self._known += 1
        if state.commit < client.entry[0]:
            text = f"{event.node} acknowledged {client} as entry {client.entry[0]}"
            self.report(f"{text} with commit index {state.commit}", seen, term=state.term)

    def coverage(self) -> tuple[bool, str]:
        if not self._answers:
            return False, "no write is acknowledged in this log"
        if not self._known:
            return False, f"none of {self._answers} acknowledged writes names its entry at a leader"
        return True, f"entry and commit index known for {self._known} of {self._answers} acknowledged writes"
