"""The roles of each node over time: spans of one role and term, as far as the log shows them.

A role holds until a line shows another one, or a higher term than the one it was held in: a node that lets
a leadership go without a word is no leader from then on. A restart ends every role.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trace_check.event import LEADER, Event, NodeState, Place
from trace_check.facts import own_terms

_SPANS_BACK = 3
LOG_ENDS, RESTARTS, STOPS, STEPS_DOWN = "the log ends", "restarts", "stops", "steps down"


@dataclass
class Span:
    """One role of one node in one term.

    `first` and `last` are the indexes of the first and the last line that show it, `start` and `seen` their
    wall clock in seconds. `end` is the wall clock of the first line that shows otherwise, None where the log
    ends before; `ended` says what it was, `reason` why, where the log tells.
    """

    node: str
    inc: str
    role: str | None
    term: int | None
    place: Place
    first: int
    last: int
    start: float | None
    seen: float | None
    end: float | None = None
    end_index: int | None = None
    end_place: Place | None = None
    ended: str = LOG_ENDS
    reason: str | None = None

    @property
    def until(self) -> float | None:
        """The end, as far as it is known: at least the last line that shows the role."""
        return self.seen if self.end is None else self.end


class Roles:
    """Collects the spans of all nodes, event by event in causal order."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = {}
        self._ended: list[Span] = []

    def see(self, event: Event, index: int) -> list[Span]:
        """Takes in one event; the spans that it ends."""
        self._ended = []
        spans = self.spans.setdefault(event.node, [])
        current = spans[-1] if spans else None
        if current is not None and event.inc and current.inc and event.inc != current.inc:
            self._end(current, event, index, RESTARTS)
            current = None
        self._reason(spans, event)
        for role, term in _shown(event):
            current = self._show(spans, current, event, index, role, term)
        if current is not None and event.kind == "stop":
            self._end(current, event, index, STOPS)
        return self._ended

    def _show(
        self,
        spans: list[Span],
        current: Span | None,
        event: Event,
        index: int,
        role: str | None,
        term: int | None,
    ) -> Span:
        """The span after a line that shows `role` and `term`, either of which may be unknown."""
        if current is not None:
            later = term is not None and current.term is not None and term != current.term
            if role is None and not later:
                role = current.role
            term = current.term if term is None else term
            if role == current.role and not later:
                current.term, current.last, current.seen = term, index, event.ts or current.seen
                return current
            if current.ended == LOG_ENDS:
                self._end(current, event, index, STEPS_DOWN)
        span = Span(event.node, event.inc, role, term, event.place, index, index, event.ts, event.ts)
        spans.append(span)
        return span

    def _end(self, span: Span, event: Event, index: int, ended: str) -> None:
        if span.ended != LOG_ENDS:
            return
        self._ended.append(span)
        span.ended, span.end_index, span.end_place = ended, index, event.place
        span.end = span.seen if ended == RESTARTS else event.ts
        told = event.new_role is not None and event.old_role in (None, span.role)
        span.reason = event.reason if told else None

    @staticmethod
    def _reason(spans: list[Span], event: Event) -> None:
        """A role record may follow the line that first shows its new role: its reason is for that change."""
        for span in spans[-_SPANS_BACK:]:
            ended = span.ended == STEPS_DOWN and span.reason is None
            if ended and event.old_role == span.role and event.old_term in (None, span.term):
                span.reason = event.reason

    def leads(self, node: str) -> int | None:
        """The term that the node leads now, None if it is not known to lead one."""
        spans = self.spans.get(node)
        leading = spans and spans[-1].role == LEADER and spans[-1].ended == LOG_ENDS
        return spans[-1].term if spans and leading else None

    def reigns(self) -> list[Span]:
        """All spans of leaders, by term and then in their order."""
        led = [span for spans in self.spans.values() for span in spans if span.role == LEADER]
        return sorted(led, key=lambda span: (-1 if span.term is None else span.term, span.first))


def _shown(event: Event) -> Iterator[tuple[str | None, int | None]]:
    """(role, term) of each state that the event shows, in their order; None for what it leaves out."""
    states: tuple[NodeState | None, ...] = (event.pre, event.state)
    if event.state is None and event.new_role is not None:
        states = (event.pre, NodeState(role=event.new_role, term=event.new_term))
    shown = False
    for state in states:
        if state is not None and (state.role, state.term) != (None, None):
            shown = True
            yield state.role, state.term
    if not shown:
        yield from [(None, term) for term in own_terms(event)][-1:]


@dataclass(frozen=True)
class Overlap:
    """Two leaders at one time by their wall clocks, from `start` to `end`, in seconds."""

    first: Span
    second: Span
    start: float
    end: float

    @property
    def same_term(self) -> bool:
        return self.first.term is not None and self.first.term == self.second.term


def overlaps(reigns: list[Span]) -> list[Overlap]:
    """The pairs of `reigns` of different nodes that overlap in wall clock, by the start of the later one."""
    found = []
    timed = sorted((r for r in reigns if r.start is not None), key=lambda span: span.start or 0.0)
    open_reigns: list[Span] = []
    for reign in timed:
        start = reign.start or 0.0
        open_reigns = [other for other in open_reigns if (other.until or 0.0) > start]
        for other in open_reigns:
            end = min(other.until or 0.0, reign.until or 0.0)
            if other.node != reign.node and end > start:
                found.append(Overlap(other, reign, start, end))
        open_reigns.append(reign)
    return found
