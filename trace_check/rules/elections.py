"""Terms, votes and leaders: what a node must never take back, and that a term has one leader."""

from __future__ import annotations

from trace_check.event import NOBODY, Event
from trace_check.facts import Named, led_terms, own_terms, sent_term, votes_cast
from trace_check.rules.base import Fact, Rule
from trace_check.track import NodeView, Seen


class TermMonotonic(Rule):
    """Compares each term that a node shows with the highest that it has shown or sent before.

    A message is only a lower bound of its sender's term. Without incarnations in the log, a node that is
    declared not durable cannot be judged: any line may follow a restart.
    """

    name = "TermMonotonic"
    property = "TermMonotonic"
    summary = "a node's term never goes back, over restarts too where it is durable"

    def __init__(self) -> None:
        super().__init__()
        self._events = self._known = self._restarts = 0
        self._terms: dict[str, tuple[int, Seen]] = {}

    def see(self, event: Event, seen: Seen, view: NodeView) -> None:
        self._events += 1
        if not view.durable:
            if not event.inc:
                return
            if view.restarts(event):
                self._terms.pop(event.node, None)
        self._restarts += view.restarts(event)
        known = False
        for term in own_terms(event):
            known = True
            before = self._terms.get(event.node)
            if before is not None and term < before[0]:
                self._went_back(event, seen, term, before)
            if before is None or term != before[0]:
                self._terms[event.node] = (term, seen)
        self._known += known
        sent = sent_term(event)
        before = self._terms.get(event.node)
        if sent is not None and (before is None or sent > before[0]):
            self._terms[event.node] = (sent, seen)

    def _went_back(self, event: Event, seen: Seen, term: int, before: tuple[int, Seen]) -> None:
        restarted = before[1].inc != seen.inc or event.kind == "init"
        verb = "restarted with" if restarted else "went back to"
        text = f"{event.node} {verb} term {term}, was {before[0]}"
        self.report(text, seen, (Fact(f"{event.node} was in term {before[0]}", before[1]),), term=before[0])

    def coverage(self) -> tuple[bool, str]:
        if not self._known:
            return False, "no line shows a node's own term"
        return True, f"term known for {self._known} of {self._events} events; restarts: {self._restarts}"


class VoteStable(Rule):
    """Remembers the vote of each node and term; it may neither change nor be forgotten.

    A node that is declared not durable is judged within an incarnation only, as its term is.
    """

    name = "VoteStable"
    property = "VoteStable"
    summary = "a node votes once a term, and keeps that vote over restarts where it is durable"

    def __init__(self) -> None:
        super().__init__()
        self._votes: dict[str, dict[int, tuple[Named, Seen]]] = {}
        self._reported: set[tuple[str, int, str]] = set()
        self._cast = 0

    def see(self, event: Event, seen: Seen, view: NodeView) -> None:
        if not view.durable and not event.inc:
            return
        votes = self._votes.setdefault(event.node, {})
        if not view.durable and view.restarts(event):
            votes.clear()
        for state in (event.pre, event.state):
            if state is not None and state.vote == NOBODY and state.term in votes:
                known = votes[state.term]
                forgot = f"{event.node} forgot its vote for {known[0].name} in term {state.term}"
                self._contradict(event.node, state.term, NOBODY, forgot, seen, known)
        for term, candidate in votes_cast(event):
            if term not in votes:
                votes[term] = (candidate, seen)
                self._cast += 1
            elif candidate.differs(votes[term][0], view.names):
                text = f"{event.node} voted {candidate.name} in term {term}"
                self._contradict(event.node, term, candidate.name, text, seen, votes[term])

    def _contradict(
        self, node: str, term: int, now: str, text: str, seen: Seen, known: tuple[Named, Seen]
    ) -> None:
        if (node, term, now) not in self._reported:
            self._reported.add((node, term, now))
            fact = Fact(f"{node} voted {known[0].name} in term {term}", known[1])
            self.report(text, seen, (fact,), term=term)

    def coverage(self) -> tuple[bool, str]:
        if not self._cast:
            return False, "no line shows a vote"
        voters = sum(bool(votes) for votes in self._votes.values())
        return True, f"votes known: {self._cast}; nodes that voted: {voters}"


class ElectionSafety(Rule):
    """Remembers who led each term, by whatever shows it: states, role records, appends sent or received."""

    name = "ElectionSafety"
    property = "ElectionSafety"
    summary = "a term has at most one leader"

    def __init__(self) -> None:
        super().__init__()
        self._leaders: dict[int, dict[Named, Seen]] = {}

    def see(self, event: Event, seen: Seen, view: NodeView) -> None:
        for leader, term in led_terms(event):
            leaders = self._leaders.setdefault(term, {})
            if leader in leaders:
                continue
            if all(leader.name != known.name for known in leaders):
                self._compare(leader, term, leaders, seen, view)
            leaders[leader] = seen

    def _compare(
        self, leader: Named, term: int, leaders: dict[Named, Seen], seen: Seen, view: NodeView
    ) -> None:
        for known, first_seen in leaders.items():
            if leader.differs(known, view.names):
                fact = Fact(f"term {term} already led by {known.name}", first_seen)
                self.report(f"{leader.name} leads term {term}", seen, (fact,), term=term)
                return

    def coverage(self) -> tuple[bool, str]:
        if not self._leaders:
            return False, "no line shows a leader and its term"
        first, last = min(self._leaders), max(self._leaders)
        return True, f"terms with a known leader: {len(self._leaders)}, from {first} to {last}"
