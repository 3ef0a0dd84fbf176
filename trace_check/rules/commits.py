"""Commit indexes and the committed log: what is committed stays, and is the same on every node."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass

from trace_check.event import APPEND, LEADER, Client, Entry, Event, NodeState
from trace_check.facts import committed_by_append, committed_by_record, committed_by_state
from trace_check.rules.base import Fact, Ground, Rule, Tally
from trace_check.track import NodeView, Seen

_TOLD_MAX = 10_000
"""How many acknowledged entries are kept to be compared."""


class CommitWithinLog(Rule):
    """Compares commit index and last index where one state shows both."""

    name = "CommitWithinLog"
    property = "StateMachineSafety"
    summary = "a commit index is at most the last index of the same log"

    def see_log(self, state: NodeState, event: Event, view: NodeView) -> None:
        if state.commit is not None and state.last is not None and state.commit > state.last[0]:
            text = f"{event.node} has commit index {state.commit}, its log ends at {state.last[0]}"
            self.report(text, view.seen, term=state.term)

    def coverage(self) -> tuple[bool, str]:
        if not self.tally.ends:
            return False, "no line shows a commit index and the end of the log"
        return True, f"both known for {self.tally.ends} of {self.tally.states} states"


class CommitMonotonic(Rule):
    """Compares commit indexes within one incarnation: the index is volatile, a restart may lower it.

    A log without incarnations cannot be judged: any line may follow a restart.
    """

    name = "CommitMonotonic"
    property = "CommittedPrefixStable"
    summary = "a commit index never goes back within an incarnation"

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._commits: dict[str, tuple[int, Seen]] = {}

    def see_restart(self, view: NodeView) -> None:
        self._commits.pop(view.event.node, None)

    def see_commit(self, state: NodeState, event: Event, view: NodeView) -> None:
        if state.commit is None or not event.inc:
            return
        before = self._commits.get(event.node)
        if before is not None and state.commit < before[0]:
            text = f"{event.node} went back to commit index {state.commit}, was {before[0]}"
            self.report(text, view.seen, (Fact(f"{event.node} had commit index {before[0]}", before[1]),))
        if before is None or state.commit != before[0]:
            self._commits[event.node] = (state.commit, view.seen)

    def coverage(self) -> tuple[bool, str]:
        tally = self.tally
        if tally.commits:
            return (
                True,
                f"{tally.commits} commit indexes, {tally.unnamed_commits} more without an incarnation",
            )
        if tally.unnamed_commits:
            return False, "the log names no incarnations: a restart would look like a step back"
        return False, "no line shows a commit index"


@dataclass(slots=True)
class _Range:
    """The first and the last index known to be committed with one term, and where that is seen."""

    first: int
    first_seen: Seen
    last: int
    last_seen: Seen


class StateMachineSafety(Rule):
    """Keeps, for each term, the first and last index known to be committed with it.

    Terms never decrease along a log, and there is one committed log: the index ranges of two terms may
    neither overlap nor stand in the wrong order. Memory is bounded by the number of terms.
    """

    name = "StateMachineSafety"
    property = "StateMachineSafety"
    summary = "no two nodes commit entries of different terms at one index"
    ground = Ground.FACTS
    sends = receipts = frozenset({APPEND})
    reads_entries = True
    kinds = frozenset({"commit", "snapshot", "client_ok"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._terms: list[int] = []
        self._ranges: dict[int, _Range] = {}
        self._known = 0

    def see_log(self, state: NodeState, event: Event, view: NodeView) -> None:
        entry = committed_by_state(state)
        if entry is not None:
            self._committed(entry, view)

    def see(self, event: Event, view: NodeView) -> None:
        msg = event.msg
        if msg is None:
            entry = committed_by_record(event)
            if entry is not None:
                self._committed(entry, view)
            return
        for entry in committed_by_append(msg):
            self._committed(entry, view)

    def _committed(self, entry: Entry, view: NodeView) -> None:
        index, term = entry
        self._known += 1
        known = self._ranges.get(term)
        if known is not None:
            if known.first <= index <= known.last:
                return
            if index > known.last and self._terms[-1] == term:
                known.last, known.last_seen = index, view.seen
                return
        if not self._contradicts(index, term, view.seen):
            self._extend(index, term, view.seen)

    def _contradicts(self, index: int, term: int, seen: Seen) -> bool:
        """Reports the neighbour range that (index, term) does not fit beside; True if there is one."""
        at = bisect_left(self._terms, term)
        other: tuple[int, int, Seen] | None = None
        if at > 0:
            lower = self._ranges[self._terms[at - 1]]
            if lower.last >= index:
                other = (lower.last, self._terms[at - 1], lower.last_seen)
        above = at + (at < len(self._terms) and self._terms[at] == term)
        if other is None and above < len(self._terms):
            higher = self._ranges[self._terms[above]]
            if higher.first <= index:
                other = (higher.first, self._terms[above], higher.first_seen)
        if other is None:
            return False
        fact = Fact(f"entry {other[0]} of term {other[1]} is committed", other[2])
        self.report(f"entry {index} of term {term} is committed on {seen.node}", seen, (fact,), term=term)
        return True

    def _extend(self, index: int, term: int, seen: Seen) -> None:
        known = self._ranges.get(term)
        if known is None:
            self._terms.insert(bisect_left(self._terms, term), term)
            self._ranges[term] = _Range(index, seen, index, seen)
        elif index < known.first:
            known.first, known.first_seen = index, seen
        elif index > known.last:
            known.last, known.last_seen = index, seen

    def coverage(self) -> tuple[bool, str]:
        if not self._known:
            return False, "no line proves the term of a committed entry"
        return True, f"{self._known} proofs that an entry is committed, of {len(self._terms)} terms"


class OkIsChosen(Rule):
    """Compares the entry of an acknowledged write with the commit index of the leader that answers, and with
    what another node acknowledged as the same entry: one of both is in no log that counts."""

    name = "OkIsChosen"
    property = "OkIsChosen"
    summary = (
        "a leader acknowledges a write only when its entry is committed, and no two nodes different ones"
    )
    ground = Ground.FACTS

    kinds = frozenset({"client_ok"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._answers = self._known = 0
        self._told: OrderedDict[Entry, tuple[Client, Seen]] = OrderedDict()

    def see(self, event: Event, view: NodeView) -> None:
        client, state = event.client, event.state
        if client is None or not client.is_write:
            return
        self._answers += 1
        if client.entry is not None and client.op is not None:
            self._compare(client.entry, client, view)
        if client.entry is None or state is None or state.role != LEADER or state.commit is None:
            return
        self._known += 1
        if state.commit < client.entry[0]:
            text = f"{event.node} acknowledged {client} as entry {client.entry[0]}"
            self.report(f"{text} with commit index {state.commit}", view.seen, term=state.term)

    def _compare(self, entry: Entry, write: Client, view: NodeView) -> None:
        other, seen = self._told.setdefault(entry, (write, view.seen))
        if other.op != write.op and seen.node != view.seen.node:
            text = f"{view.seen.node} acknowledged {write} as entry {entry[0]} of term {entry[1]}"
            fact = Fact(f"{seen.node} acknowledged {other} as the same entry", seen)
            self.report(text, view.seen, (fact,), term=entry[1])
        if len(self._told) > _TOLD_MAX:
            self._told.popitem(last=False)

    def coverage(self) -> tuple[bool, str]:
        if not self._answers:
            return False, "no write is acknowledged in this log"
        if not self._known:
            return False, f"none of {self._answers} acknowledged writes names its entry at a leader"
        return True, f"entry and commit index known for {self._known} of {self._answers} acknowledged writes"
