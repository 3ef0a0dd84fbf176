"""How long leaders went without their quorum, and how long they led beside a successor, before they stepped
down: the figures to hold against the configured lease and election timeout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trace_check.event import APPEND_RESPONSE, LEADER, Event
from trace_check.history.roles import STEPS_DOWN, Span


@dataclass(frozen=True)
class StepDown:
    """The end of a reign, in seconds, None for what the log does not show.

    `after_contact`: since a majority, the leader with it, was last in touch; `after_successor`: since a
    leader of a later term first showed itself (negative: the step-down came first).
    """

    reign: Span
    after_contact: float | None
    after_successor: float | None


class Contact:
    """Keeps when each node last heard from each other one, and a copy of it for each end of a reign."""

    def __init__(self) -> None:
        self._heard: dict[str, dict[str, float]] = {}
        self._at_end: dict[tuple[str, int], list[float]] = {}
        self._answers_logged = False

    def see(self, event: Event, ended: Sequence[Span], leads: int | None) -> None:
        """Takes in one event, in causal order, the spans that it ends, and the term that its node leads.

        What it receives came too late for the spans that it ends.
        """
        for span in ended:
            if span.role == LEADER:
                times = self._heard.get(span.node, {}).values()
                self._at_end[span.node, span.first] = sorted(times, reverse=True)
        if event.ts is not None and event.kind == "recv" and event.msg is not None:
            current = leads is not None and event.msg.term in (None, leads)
            positive = event.msg.type == APPEND_RESPONSE and event.msg.ok is not False
            self._answers_logged |= current and positive
            self._heard.setdefault(event.node, {})[event.msg.src] = event.ts

    def last_quorum(self, reign: Span, members: int) -> float | None:
        """When the leader last had a majority of `members`, itself counted; None where that is not logged.

        A log without positive answers to appends does not tell: its leaders hear more than it says.
        """
        times = self._at_end.get((reign.node, reign.first), [])
        others = members // 2
        known = self._answers_logged and 0 < others <= len(times)
        return times[others - 1] if known else None


def step_downs(reigns: list[Span], contact: Contact, members: int) -> list[StepDown]:
    """The step-downs among the ends of `reigns`, in their order."""
    found = []
    for reign in reigns:
        if reign.ended != STEPS_DOWN or reign.end is None:
            continue
        quorum = contact.last_quorum(reign, members)
        successor = _successor(reign, reigns)
        found.append(
            StepDown(
                reign,
                None if quorum is None else reign.end - quorum,
                None if successor is None else reign.end - successor,
            )
        )
    return found


def _successor(reign: Span, reigns: list[Span]) -> float | None:
    """The start of the first reign of a later term."""
    later = [
        other.start
        for other in reigns
        if other.start is not None
        and other.term is not None
        and reign.term is not None
        and other.term > reign.term
        and other.node != reign.node
    ]
    return min(later, default=None)
