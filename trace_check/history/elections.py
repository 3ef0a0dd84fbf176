"""Elections by term: who stood, who voted whom, who won, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field

from trace_check.event import CANDIDATE, REQUEST_VOTE, VOTE_RESPONSE, Event, NodeState
from trace_check.facts import led_terms, votes_cast


@dataclass
class Election:
    """One term. `votes` maps a voter to the candidates it voted for, `leaders` a leader to its first time.

    `start` is the wall clock of the first line that shows a candidate or a vote, in seconds.
    """

    term: int
    start: float | None = None
    candidates: dict[str, float | None] = field(default_factory=dict)
    votes: dict[str, list[str]] = field(default_factory=dict)
    leaders: dict[str, float | None] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        """From the first candidate to the first line of a leader; None where either has no time."""
        won = [ts for ts in self.leaders.values() if ts is not None]
        return min(won) - self.start if won and self.start is not None else None


class Elections:
    """Collects the elections, event by event in causal order."""

    def __init__(self) -> None:
        self.by_term: dict[int, Election] = {}
        self._shown: dict[str, NodeState] = {}

    def see(self, event: Event) -> None:
        """Takes in one event."""
        if self._nothing_new(event):
            return
        for term, candidate in votes_cast(event):
            election = self._of(term)
            self._begin(election, event)
            election.candidates.setdefault(candidate.name, event.ts)
            voted = election.votes.setdefault(event.node, [])
            if candidate.name not in voted:
                voted.append(candidate.name)
        for role, term in _candidacies(event):
            if role == CANDIDATE:
                election = self._of(term)
                self._begin(election, event)
                election.candidates.setdefault(event.node, event.ts)
        for leader, term in led_terms(event):
            if leader.source == "node":
                self._of(term).leaders.setdefault(leader.name, event.ts)

    def _nothing_new(self, event: Event) -> bool:
        """True for an event whose states were shown before, and which is of no vote: most of a log."""
        state = event.pre or event.state
        if state is None or event.new_role is not None or event.kind == "vote":
            return False
        known = self._shown.get(event.node)
        self._shown[event.node] = event.state or state
        if event.msg is not None and event.msg.type in (REQUEST_VOTE, VOTE_RESPONSE):
            return False
        return (
            known is not None and _same(known, state) and (event.state is None or _same(known, event.state))
        )

    def _of(self, term: int) -> Election:
        return self.by_term.setdefault(term, Election(term))

    @staticmethod
    def _begin(election: Election, event: Event) -> None:
        if event.ts is not None and not election.leaders:
            election.start = event.ts if election.start is None else min(election.start, event.ts)

    def all(self) -> list[Election]:
        """The elections by term."""
        return [self.by_term[term] for term in sorted(self.by_term)]


def _same(one: NodeState, other: NodeState) -> bool:
    return one.term == other.term and one.vote == other.vote and one.role == other.role


def _candidacies(event: Event) -> list[tuple[str, int]]:
    found = [(state.role, state.term) for state in (event.pre, event.state) if state is not None]
    found.append((event.new_role, event.new_term))
    return [(role, term) for role, term in found if role is not None and term is not None]
