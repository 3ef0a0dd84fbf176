"""One node at the merge: its lines in their own order, and how far each other node's log lies behind it.

Decides whether a log is in order as its lines come: `OutOfOrder` says that it has to be sorted in memory
first (`streams.py`), which alone decides whether it can be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from trace_check.event import Event, Place

if TYPE_CHECKING:
    from trace_check.track import NodeView


class OutOfOrder(Exception):
    """A node's lines are not in the order in which they come. Never leaves the package."""


class LateLines(Exception):
    """A line comes after what had to wait for it, behind lines of other nodes. Never leaves the package."""


class Sending(msgspec.Struct, gc=False, eq=False):
    """A message, a vote, or a receipt's wait for one: where it was sent, once that is known.

    `lane` is -1 until the sending is read ahead, `index` is -1 until the merge has passed it, and -2 where a
    receipt could not wait for it any longer. `certain`:
    matched by its id, not by its content. `waiting` are the lanes whose next event may not come before.
    """

    src: str
    dst: str
    certain: bool
    lane: int = -1
    index: int = -1
    position: int = 0
    past: tuple[int, ...] = ()
    ts: float | None = None
    waiting: list[Lane] | None = None


@dataclass
class Feed:
    """Where lines come from: one file, or one node's lines in memory. `sorted`: they need no check.

    `taken` counts the lines that are read; `lanes` are the nodes that log here.
    """

    events: Iterator[Event]
    sorted: bool = False
    taken: int = 0
    lanes: dict[str, Lane] = field(default_factory=dict)

    @property
    def ahead(self) -> int:
        """How many lines are read and not merged yet."""
        return self.taken - sum(lane.position for lane in self.lanes.values())


@dataclass(frozen=True)
class Gap:
    """Numbers that are missing in a node's `seq`."""

    node: str
    missing: int
    place: Place

    def __str__(self) -> str:
        lines = "1 line" if self.missing == 1 else f"{self.missing} lines"
        return f"{self.node}: seq has gaps, {lines} may be missing; see {self.place}"


Queued = tuple[float, Event, Sending | None]


@dataclass(eq=False)
class Lane:
    """One node. `position` counts its merged events; `past` is, for each lane, how many of its events came
    before.

    `stamp` is the wall clock at the end of the queue; it never goes back. `view` is for what looks at the
    node's events in their order.
    """

    node: str
    number: int
    feed: Feed
    queue: deque[Queued] = field(default_factory=deque)
    view: NodeView | None = None
    taken: int = 0
    stamp: float = float("-inf")
    position: int = 0
    index: int = -1
    past: list[int] = field(default_factory=list)
    wins: dict[int, tuple[int, str]] = field(default_factory=dict)
    led: int | None = -1
    blocked: list[Sending] = field(default_factory=list)
    # What the check of the order has to know of the lines before.
    inc: str | None = None
    next_seq: int = -1
    last: Event | None = None
    ended: set[str] = field(default_factory=set)
    floor: float = float("-inf")
    unnumbered: bool = False
    missing: int = 0
    first_gap: Place | None = None

    def check(self, event: Event) -> None:
        """Notes a line that is not simply the next of its incarnation.

        Raises: OutOfOrder unless it follows the node's lines so far.
        """
        self.inc = event.inc
        self.next_seq = -1 if event.seq is None or self.unnumbered else event.seq + 1
        last = self.last
        if last is None:
            self.unnumbered = event.seq is None
            return
        numbered = event.inc == last.inc and event.seq is not None and last.seq is not None
        if not numbered and event.path != last.path:
            self.floor = self.stamp if self.stamp > float("-inf") else float("inf")
        if not numbered and (event.ts or 0.0) < self.floor:
            raise OutOfOrder
        if event.inc != last.inc:
            self.ended.add(last.inc)
            if not event.inc or not last.inc or event.inc in self.ended:
                raise OutOfOrder
            self.unnumbered = event.seq is None
        elif event.seq is None or last.seq is None:
            self.unnumbered = True
        elif event.seq != last.seq + 1:
            if event.seq <= last.seq:
                later = last.ts is not None and event.ts is not None and event.ts >= last.ts
                if event.inc or not later:
                    raise OutOfOrder
            elif event.inc and not self.unnumbered:
                self.missing += event.seq - last.seq - 1
                self.first_gap = self.first_gap or event.place

    def gap(self) -> Gap | None:
        """The numbers that were missing so far."""
        return None if self.first_gap is None else Gap(self.node, self.missing, self.first_gap)
