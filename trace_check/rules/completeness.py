"""What is committed is never lost: later leaders hold it, and no node cuts it from its log."""

from __future__ import annotations

from trace_check.event import APPEND, Event, NodeState
from trace_check.rules.base import Fact, Ground, Rule, Tally
from trace_check.track import NodeView, Seen

Point = tuple[int, Seen]
"""An index, and where it is seen."""


class LeaderCompleteness(Rule):
    """Holds the shortest log that each leader shows against what was committed in earlier terms.

    A commit index that a node of term t knows was committed in a term up to t; every leader of a later term
    has it. One index a term is kept on each side, and compared at the end.
    """

    name = "LeaderCompleteness"
    property = "LeaderCompleteness"
    summary = "a leader of a later term than a commit holds the entry"
    ground = Ground.FACTS
    sends = receipts = frozenset({APPEND})
    reads_entries = True

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._committed: dict[int, Point] = {}
        self._ends: dict[int, Point] = {}

    def see_commit(self, state: NodeState, event: Event, view: NodeView) -> None:
        term = state.term
        if term is not None and state.commit is not None and event.new_term in (None, term):
            self._commit(term, state.commit, view)

    def see_reign(self, state: NodeState, event: Event, view: NodeView) -> None:
        term = state.term
        if term is not None and state.last is not None and event.new_term in (None, term):
            self._end(term, _before_its_own(event, term, state.last[0]), view)

    def see(self, event: Event, view: NodeView) -> None:
        msg = event.msg
        if msg is None or msg.term is None or msg.commit is None or msg.prev is None:
            return
        known = self._committed.get(msg.term)
        if known is None or msg.commit > known[0]:
            held = msg.prev[0] + len(msg.entries or ())
            self._commit(msg.term, min(msg.commit, held), view)

    def _end(self, term: int, index: int, view: NodeView) -> None:
        known = self._ends.get(term)
        if known is None or index < known[0]:
            self._ends[term] = (index, view.seen)

    def _commit(self, term: int, index: int, view: NodeView) -> None:
        known = self._committed.get(term)
        if known is None or index > known[0]:
            self._committed[term] = (index, view.seen)

    def finish(self, names: frozenset[str]) -> None:
        highest: tuple[int, Point] | None = None
        for term in sorted({*self._committed, *self._ends}):
            end = self._ends.get(term)
            if end is not None and highest is not None and highest[1][0] > end[0]:
                older, (index, seen) = highest
                text = f"{end[1].node} leads term {term} with a log up to {end[0]}"
                fact = Fact(f"entry {index} is committed, known in term {older}", seen)
                self.report(text, end[1], (fact,), term=term)
            committed = self._committed.get(term)
            if committed is not None and (highest is None or committed[0] > highest[1][0]):
                highest = (term, committed)

    def coverage(self) -> tuple[bool, str]:
        if not self._ends or not self._committed:
            return False, "no line shows the end of a leader's log, or none a commit index with its term"
        return True, f"ends of logs known for leaders of {len(self._ends)} terms"


def _before_its_own(event: Event, term: int, end: int) -> int:
    """Where the log of a leader of `term` ended when it was elected, at most: before its own entries."""
    if event.kind == APPEND:
        for index, of in event.entries or ():
            if of == term and index <= end:
                end = index - 1
    return end


class CommittedStays(Rule):
    """Compares the end of a node's log with the highest commit index that the node ever showed.

    The log of a node that is declared not durable may be lost by a restart.
    """

    name = "CommittedStays"
    property = "CommittedPrefixStable"
    summary = "a node never cuts from its log what it knew to be committed"
    kinds = frozenset({"truncate"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._commits: dict[str, Point] = {}
        self._known = 0

    def see_restart(self, view: NodeView) -> None:
        if not view.durable:
            self._commits.pop(view.event.node, None)

    def see_log(self, state: NodeState, event: Event, view: NodeView) -> None:
        if not view.durable and not event.inc:
            return
        known = self._commits.get(event.node)
        if state.last is not None and known is not None:
            self._known += 1
            if state.last[0] < known[0] and state.commit != known[0]:
                self._lost(f"{event.node}'s log ends at {state.last[0]}", known, view)
        if state.commit is not None and (known is None or state.commit > known[0]):
            self._commits[event.node] = (state.commit, view.seen)

    def see(self, event: Event, view: NodeView) -> None:
        known = self._commits.get(event.node)
        if known is not None and event.entry is not None and event.entry[0] < known[0]:
            self._lost(f"{event.node} cut its log to {event.entry[0]}", known, view)

    def _lost(self, text: str, known: Point, view: NodeView) -> None:
        fact = Fact(f"{view.event.node} knew entry {known[0]} to be committed", known[1])
        self.report(text, view.seen, (fact,))

    def coverage(self) -> tuple[bool, str]:
        if not self._known:
            return False, "no line shows the end of a log after a commit index"
        return True, f"ends of logs compared: {self._known}; nodes: {len(self._commits)}"
