"""A whole log in causal order, in memory: for what looks at events more than once.

Decides nothing: the order is that of `order.py`, with all lines read before the first is merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trace_check.event import Event
from trace_check.order import Merge
from trace_check.streams import sorted_feeds


@dataclass(frozen=True)
class Order:
    """All events of a log in one causal order, in memory, and what had to be done for it.

    `causes` maps an index to the indexes that come directly before it. `inversions` counts receipts stamped
    earlier than their sending, and steps back within a node, beyond the declared clock error.
    """

    events: tuple[Event, ...]
    causes: tuple[tuple[int, ...], ...]
    matched: int
    unmatched: int
    inversions: int
    released: int
    notes: tuple[str, ...]

    def before(self, first: int, second: int) -> bool:
        """True if the event at index `first` happened before the one at `second`."""
        seen, todo = {second}, [second]
        while todo:
            for cause in self.causes[todo.pop()]:
                if cause == first:
                    return True
                if cause > first and cause not in seen:
                    seen.add(cause)
                    todo.append(cause)
        return False


def causal_order(
    events: Sequence[Event], members: frozenset[str] = frozenset(), clock_error_ms: float = 0.0
) -> Order:
    """The events in causal order. `members`: the declared nodes, for votes that a majority needed.

    Raises: InputError where a node's lines cannot be ordered, or causes form a circle.
    """
    feeds, gaps = sorted_feeds(events)
    merge = Merge(feeds, lookahead=None)
    merge.members, merge.clock_error_s = members, clock_error_ms / 1000
    merge.prime()
    merged: list[Event] = []
    causes: list[tuple[int, ...]] = []
    last: dict[str, int] = {}
    for event, lane in merge:
        causes.append(merge.causes(lane, last.get(event.node, -1)))
        last[event.node] = lane.index
        merged.append(event)
    return Order(
        tuple(merged),
        tuple(causes),
        merge.matched,
        merge.unmatched,
        merge.inversions,
        merge.released,
        tuple(str(gap) for gap in gaps),
    )
