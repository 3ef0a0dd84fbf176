"""How long leaders went without their quorum, and how long they led beside a successor, before they stepped
down: the figures to hold against the configured lease and election timeout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trace_check.event import LEADER, Event
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

    def see(self, event: Event, ended: Sequence[Span]) -> None:
        """Takes in one event, in causal order, and the spans that it ends. What it receives came too late
        for those."""
        for span in ended:
            if span.role == LEADER:
                times = self._heard.get(span.node, {}).values()
                self._at_end[span.node, span.first] = sorted(times, reverse=True)
        if event.ts is not None and event.kind == "recv" and event.msg is not None:
            self._heard.setdefault(event.node, {})[event.msg.src] = event.ts

    def last_quorum(self, reign: Span, members: int) -> float | None:
        """When the leader last had a majority of `members`, itself counted; None where that is not logged."""
        times = self._at_end.get((reign.node, reign.first), [])
        others = members // 2
        return times[others - 1] if 0 < others <= len(times) else None


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
