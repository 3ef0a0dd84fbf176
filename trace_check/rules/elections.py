"""Terms, votes and leaders: what a node must never take back, and that a term has one leader."""

from __future__ import annotations

from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    LEADER,
    NOBODY,
    REQUEST_VOTE,
    SNAPSHOT,
    SNAPSHOT_RESPONSE,
    VOTE_RESPONSE,
    Event,
    NodeState,
)
from trace_check.facts import Named, leader_of, leads, sent_term, vote_sent
from trace_check.rules.base import Fact, Ground, Rule, Tally
from trace_check.track import NodeView, Seen

_PAIRS_KEPT = 256

Held = tuple[Named, Seen]


class TermMonotonic(Rule):
    """Compares each term that a node shows with the highest that it has shown or sent before.

    A message is only a lower bound of its sender's term. Without incarnations in the log, a node that is
    declared not durable cannot be judged: any line may follow a restart.
    """

    name = "TermMonotonic"
    property = "TermMonotonic"
    summary = "a node's term never goes back, over restarts too where it is durable"
    sends = frozenset({APPEND, APPEND_RESPONSE, REQUEST_VOTE, VOTE_RESPONSE, SNAPSHOT, SNAPSHOT_RESPONSE})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._terms: dict[str, tuple[int, Seen]] = {}

    def see_restart(self, view: NodeView) -> None:
        if not view.durable:
            self._terms.pop(view.event.node, None)

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:
        if state.term is not None:
            self._shows(state.term, event, view)

    def see_change(self, event: Event, view: NodeView) -> None:
        if event.new_term is not None:
            self._shows(event.new_term, event, view)

    def see(self, event: Event, view: NodeView) -> None:
        sent = sent_term(event)
        if sent is None or (not view.durable and not event.inc):
            return
        before = self._terms.get(event.node)
        if before is None or sent > before[0]:
            self._terms[event.node] = (sent, view.seen)

    def _shows(self, term: int, event: Event, view: NodeView) -> None:
        if not view.durable and not event.inc:
            return
        before = self._terms.get(event.node)
        if before is not None and term < before[0]:
            self._went_back(event, view.seen, term, before)
        if before is None or term != before[0]:
            self._terms[event.node] = (term, view.seen)

    def _went_back(self, event: Event, seen: Seen, term: int, before: tuple[int, Seen]) -> None:
        restarted = before[1].inc != seen.inc or event.kind == "init"
        verb = "restarted with" if restarted else "went back to"
        text = f"{event.node} {verb} term {term}, was {before[0]}"
        self.report(text, seen, (Fact(f"{event.node} was in term {before[0]}", before[1]),), term=before[0])

    def coverage(self) -> tuple[bool, str]:
        if not self._terms:
            return False, "no line shows a node's own term"
        tally = self.tally
        return True, f"term known for {tally.terms} of {tally.events} events; restarts: {tally.restarts}"


class VoteStable(Rule):
    """Remembers the vote of each node and term; it may neither change nor be forgotten.

    A node that is declared not durable is judged within an incarnation only, as its term is.
    """

    name = "VoteStable"
    property = "VoteStable"
    summary = "a node votes once a term, and keeps that vote over restarts where it is durable"
    sends = frozenset({REQUEST_VOTE, VOTE_RESPONSE})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._votes: dict[str, dict[int, Held]] = {}
        self._reported: set[tuple[str, int, str]] = set()
        self._open: list[tuple[str, int, Held, Held]] = []
        self._cast = 0

    def see_restart(self, view: NodeView) -> None:
        if not view.durable:
            self._votes.pop(view.event.node, None)

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:
        if state.vote is None or state.term is None or (not view.durable and not event.inc):
            return
        if state.vote != NOBODY:
            self._votes_for(state.term, Named(state.vote, "state"), event, view)
            return
        known = self._votes.get(event.node, {}).get(state.term)
        if known is not None:
            forgot = f"{event.node} forgot its vote for {known[0].name} in term {state.term}"
            self._contradict(event.node, state.term, NOBODY, forgot, view.seen, known)

    def see(self, event: Event, view: NodeView) -> None:
        vote = vote_sent(event)
        if vote is not None and (view.durable or event.inc):
            self._votes_for(*vote, event, view)

    def _votes_for(self, term: int, candidate: Named, event: Event, view: NodeView) -> None:
        votes = self._votes.setdefault(event.node, {})
        known = votes.get(term)
        if known is None:
            votes[term] = (candidate, view.seen)
            self._cast += 1
        elif candidate.differs(known[0], view.names):
            self._voted_twice(event.node, term, (candidate, view.seen), known)
        elif candidate.name != known[0].name and len(self._open) < _PAIRS_KEPT:
            self._open.append((event.node, term, (candidate, view.seen), known))

    def _voted_twice(self, node: str, term: int, now: Held, known: Held) -> None:
        text = f"{node} voted {now[0].name} in term {term}"
        self._contradict(node, term, now[0].name, text, now[1], known)

    def _contradict(self, node: str, term: int, now: str, text: str, seen: Seen, known: Held) -> None:
        if (node, term, now) not in self._reported:
            self._reported.add((node, term, now))
            fact = Fact(f"{node} voted {known[0].name} in term {term}", known[1])
            self.report(text, seen, (fact,), term=term)

    def finish(self, names: frozenset[str]) -> None:
        for node, term, now, known in self._open:
            if now[0].differs(known[0], names):
                self._voted_twice(node, term, now, known)

    def coverage(self) -> tuple[bool, str]:
        if not self._cast:
            return False, "no line shows a vote"
        return True, f"votes known: {self._cast}; nodes that voted: {len(self._votes)}"


class ElectionSafety(Rule):
    """Remembers who led each term, by whatever shows it: states, role records, appends sent or received."""

    name = "ElectionSafety"
    property = "ElectionSafety"
    summary = "a term has at most one leader"
    ground = Ground.FACTS
    sends = receipts = frozenset({APPEND, SNAPSHOT})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._leaders: dict[int, dict[Named, Seen]] = {}
        self._contested: set[int] = set()

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:
        if state.term is not None and leads(state, event):
            self._leads(Named(event.node, "node"), state.term, view)

    def see_change(self, event: Event, view: NodeView) -> None:
        if event.new_role == LEADER and event.new_term is not None:
            self._leads(Named(event.node, "node"), event.new_term, view)

    def see(self, event: Event, view: NodeView) -> None:
        msg = event.msg
        leader = leader_of(msg)
        if leader is not None and msg is not None and msg.term is not None:
            self._leads(leader, msg.term, view)

    def _leads(self, leader: Named, term: int, view: NodeView) -> None:
        leaders = self._leaders.setdefault(term, {})
        if leader in leaders:
            return
        if all(leader.name != known.name for known in leaders):
            self._compare(leader, term, leaders, view.seen, view.names)
        leaders[leader] = view.seen

    def _compare(
        self, leader: Named, term: int, leaders: dict[Named, Seen], seen: Seen, names: frozenset[str]
    ) -> None:
        for known, first_seen in leaders.items():
            if leader.differs(known, names):
                fact = Fact(f"term {term} already led by {known.name}", first_seen)
                self.report(f"{leader.name} leads term {term}", seen, (fact,), term=term)
                self._contested.add(term)
                return

    def finish(self, names: frozenset[str]) -> None:
        """Names that nobody was known to log under when they were first seen are compared now."""
        for term, leaders in self._leaders.items():
            if term in self._contested or len({leader.name for leader in leaders}) < 2:
                continue
            before: dict[Named, Seen] = {}
            for leader, seen in leaders.items():
                if all(leader.name != known.name for known in before):
                    self._compare(leader, term, before, seen, names)
                before[leader] = seen

    def coverage(self) -> tuple[bool, str]:
        if not self._leaders:
            return False, "no line shows a leader and its term"
        first, last = min(self._leaders), max(self._leaders)
        return True, f"terms with a known leader: {len(self._leaders)}, from {first} to {last}"
