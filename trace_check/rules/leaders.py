"""What a leader does to its own log and commit index."""

from __future__ import annotations

from dataclasses import dataclass

from trace_check.event import APPEND, LEADER, Event, NodeState
from trace_check.rules.base import Fact, Rule, Tally
from trace_check.track import NodeView, Seen


class LeaderAppendOnly(Rule):
    """Compares the ends of a leader's log within its term; a truncate record of a leader counts too.

    An end at the same index with another term, or farther on with an older one, is no append of this leader.
    """

    name = "LeaderAppendOnly"
    property = "LeaderAppendOnly"
    summary = "a leader only appends to its own log, entries of its term"

    kinds = frozenset({"truncate"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._known = 0
        self._ends: dict[str, tuple[int, tuple[int, int | None], Seen]] = {}

    def see_reign(self, state: NodeState, event: Event, view: NodeView) -> None:
        if state.term is None or state.last is None:
            return
        self._known += 1
        before = self._ends.get(event.node)
        if before is not None and before[0] == state.term:
            if before[1] == state.last:
                return
            deed = _deed(before[1], state.last, state.term)
            if deed:
                text = f"{event.node}, leader of term {state.term}, {deed}"
                fact = Fact(f"{event.node} led term {state.term} with a log up to {before[1][0]}", before[2])
                self.report(text, view.seen, (fact,), term=state.term)
        self._ends[event.node] = (state.term, state.last, view.seen)

    def see(self, event: Event, view: NodeView) -> None:
        for shown in (event.pre, event.state):
            if shown is not None and shown.role == LEADER:
                self.report(f"{event.node} truncated its log as leader", view.seen, term=shown.term)
                break

    def coverage(self) -> tuple[bool, str]:
        if not self._known:
            return False, "no line shows the end of a leader's log"
        return True, f"{self._known} states of leaders"


def _deed(before: tuple[int, int | None], end: tuple[int, int | None], term: int) -> str:
    """What a leader of `term` did to its log that is no append, by two ends of it; empty if nothing."""
    if end[0] < before[0]:
        return f"cut its log to {end[0]}, was {before[0]}"
    if end[1] is None:
        return ""
    if end[0] == before[0] and before[1] is not None:
        return f"replaced entry {end[0]} of term {before[1]} by one of term {end[1]}"
    return f"added entry {end[0]} of term {end[1]}" if end[0] > before[0] and end[1] < term else ""


@dataclass
class _Reign:
    """A leader's term and what is proven of its log: from `own_from` on entries are of its term, up to
    `old_to` they are older."""

    term: int
    own_from: int | None = None
    old_to: int = 0
    old_seen: Seen | None = None
    commit: int | None = None


class CommitOnlyCurrentTerm(Rule):
    """Follows the commit index of a leader within its term and asks for the term of the entry it moves to.

    The entry's term is proven by the leader's log end, by the appends it sends, and by the log end with which
    it began: what a leader appends is of its own term.
    """

    name = "CommitOnlyCurrentTerm"
    property = "CommitOnlyCurrentTerm"
    summary = "a leader moves its commit index only to an entry of its own term"

    sends = frozenset({APPEND})
    reads_entries = True

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._advances = self._known = 0
        self._reigns: dict[str, _Reign] = {}

    def see_reign(self, state: NodeState, event: Event, view: NodeView) -> None:
        if state.term is not None:
            self._rule(event.node, state, state.term, view)

    def see(self, event: Event, view: NodeView) -> None:
        reign, msg = self._reigns.get(event.node), event.msg
        if reign is None or msg is None or msg.term != reign.term:
            return
        if msg.prev is not None:
            _prove(reign, msg.prev, view)
        for entry in msg.entries or ():
            _prove(reign, entry, view)

    def _rule(self, node: str, state: NodeState, term: int, view: NodeView) -> None:
        """Takes in one state of a leader, and judges the move of its commit index."""
        reign = self._reigns.get(node)
        if reign is None or reign.term != term:
            reign = self._reigns[node] = _Reign(term)
        last, commit = state.last, state.commit
        if last is not None:
            if reign.own_from is None:
                reign.own_from = last[0] + 1
            _prove(reign, last, view)
        if commit is not None and commit != reign.commit:
            if reign.commit is not None and commit > reign.commit:
                self._judge(node, reign, commit, view.seen)
            reign.commit = commit

    def _judge(self, node: str, reign: _Reign, commit: int, seen: Seen) -> None:
        self._advances += 1
        if reign.own_from is not None and commit >= reign.own_from:
            self._known += 1
        elif commit <= reign.old_to and reign.old_seen is not None:
            self._known += 1
            fact = Fact(f"{node}'s entries up to {reign.old_to} are of older terms", reign.old_seen)
            text = f"{node}, leader of term {reign.term}, committed entry {commit} of an older term"
            self.report(text, seen, (fact,), term=reign.term)

    def coverage(self) -> tuple[bool, str]:
        if not self._advances:
            return False, "no line shows a leader's commit index moving"
        return bool(self._known), f"entry term known for {self._known} of {self._advances} commits of leaders"


def _prove(reign: _Reign, entry: tuple[int, int | None], view: NodeView) -> None:
    """Takes in an entry of the leader's log."""
    index, term = entry
    if term == reign.term:
        if reign.own_from is None or index < reign.own_from:
            reign.own_from = index
    elif term is not None and term < reign.term and index > reign.old_to:
        reign.old_to, reign.old_seen = index, view.seen
