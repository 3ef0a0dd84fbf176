"""What is known of each node at a point of the trace: incarnation, highest proven term, open requests.

One view a node, shared by the rules; memory is bounded by the number of nodes. A node whose term and vote
are declared not durable starts anew with each incarnation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from trace_check.errors import InputError
from trace_check.event import ANSWER_TO, Config, Event, Message, NodeState, Place
from trace_check.lanes import Lane
from trace_check.lease import LeaseClock

_OPEN_REQUESTS_MAX = 256


class LateDeclaration(Exception):
    """A declaration came after lines that were judged without it. Never leaves the package."""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """Where something was seen: place, node and incarnation that wrote it, index in the causal order.

    `lane` numbers the node, `position` counts its events, `past` those of each lane that came before.
    """

    place: Place
    node: str
    inc: str
    index: int
    lane: int = 0
    position: int = 0
    past: tuple[int, ...] = ()

    def before(self, other: Seen) -> bool:
        """True if this happened before `other`: by a node's own order and by messages."""
        if self.lane == other.lane:
            return self.position < other.position
        return self.lane < len(other.past) and self.position <= other.past[self.lane]


@dataclass(frozen=True, slots=True)
class Request:
    """A stale request that a node received: its term is below the node's own."""

    seen: Seen
    mid: str | None
    src: str
    type: str
    term: int
    own_term: int


@dataclass(eq=False)
class NodeView:
    """One node, before the event at hand. `term` is the highest proven own term, seen at `term_seen`.

    `state` is the last one shown, in `state_inc`, `shown` times; None where something since may contradict
    it. `append` is the last one sent or received, `open` are stale requests without an answer so far. Of the
    event at hand: it is `here` in the order, and it receives the stale `request`.
    """

    durable: bool
    nodes: Nodes
    lane: Lane
    event: Event
    inc: str = ""
    term: int | None = None
    term_seen: Seen | None = None
    state: NodeState | None = None
    shown: int = 0
    state_inc: str = ""
    append: Message | None = None
    request: Request | None = None
    open: list[Request] = field(default_factory=list)
    last_request: Request | None = None
    lease: LeaseClock | None = None
    stale_requests: dict[str, Request] = field(default_factory=dict)
    here: Seen | None = None

    @property
    def names(self) -> frozenset[str]:
        """The known names of nodes: those that log, and declared ones where those go by the same names."""
        return self.nodes.names

    @property
    def seen(self) -> Seen:
        """Where the event at hand is."""
        if self.here is None:
            event, lane = self.event, self.lane
            lane.past[lane.number] = lane.position
            self.here = Seen(
                event.place,
                lane.node,
                self.inc if event.inc else "",
                lane.index,
                lane.number,
                lane.position,
                tuple(lane.past),
            )
        return self.here

    def restart(self, inc: str) -> None:
        """A later incarnation begins; a node without durable state has forgotten its term."""
        self.inc = inc
        self.append = self.last_request = None
        if self.lease is not None:
            self.lease.end()
        self.stale_requests.clear()
        if not self.durable:
            self.term = self.term_seen = None

    def raise_term(self, term: int) -> None:
        """Takes in a proven own term, or a lower bound of it."""
        if self.term is None or term > self.term:
            self.term, self.term_seen = term, self.seen

    def receive(self, msg: Message, term: int, own_term: int) -> Request:
        """The stale request of `term` that the event at hand receives; it is open from now on."""
        mid = self.event.mid
        request = Request(self.seen, mid, msg.src, msg.type, term, own_term)
        self.last_request = self.request = request
        self.open.append(request)
        if len(self.open) > _OPEN_REQUESTS_MAX:
            del self.open[0]
        if mid is not None:
            self.stale_requests[mid] = request
            if len(self.stale_requests) > _OPEN_REQUESTS_MAX:
                self.stale_requests.pop(next(iter(self.stale_requests)))
        return request

    def answered(self, event: Event) -> Request | None:
        """The stale request that a sent answer belongs to, where the log proves which one."""
        msg = event.msg
        if msg is None:
            return None
        if msg.answers is not None:
            return self.stale_requests.get(msg.answers)
        last = self.last_request
        fits = last is not None and last.src == msg.dst and ANSWER_TO[last.type] == msg.type
        return last if fits and event.one_at_a_time else None


class Nodes:
    """The views of all nodes, and what is declared of them.

    `overdue_after_s`: the lease, with the error between clocks. `needed`: how many peers make a majority with
    a node.
    """

    def __init__(self) -> None:
        self.views: dict[str, NodeView] = {}
        self.declared: frozenset[str] = frozenset()
        self.names: frozenset[str] = frozenset()
        self.clock_error_s: float | None = None
        self.lease_s: float | None = None
        self.overdue_after_s = 0.0
        self.peers_needed: int | None = None
        self.needed = 0
        self._durable: dict[str | None, bool] = {}

    def declare(self, configs: Iterable[Config]) -> None:
        """Takes in what logs declare.

        Raises: InputError for a contradiction between two lines, LateDeclaration for what changes the ground
        on which a node was judged.
        """
        for config in configs:
            self.declared |= frozenset(config.nodes)
            if config.nodes:
                others = len(config.nodes) // 2
                known = self.peers_needed
                self.peers_needed = others if known is None else min(others, known)
            if config.durable is not None:
                self._declare_durable(config.node, config.durable, config.place)
            error = None if config.clock_error_ms is None else config.clock_error_ms / 1000
            looser = error is not None and error > (self.clock_error_s or 0.0)
            lease = None if config.lease_ms is None else config.lease_ms / 1000
            longer = lease is not None and (self.lease_s is None or lease > self.lease_s)
            if self.views and (looser or longer):
                raise LateDeclaration
            if error is not None and (looser or self.clock_error_s is None):
                self.clock_error_s = error
            if longer:
                self.lease_s = lease
            self.overdue_after_s = (self.lease_s or 0.0) + (self.clock_error_s or 0.0)
        self._rename()

    def _declare_durable(self, node: str | None, durable: bool, place: Place) -> None:
        """Raises: InputError if an earlier line says the opposite."""
        if self._durable.setdefault(node, durable) != durable:
            message = f"durable is {str(durable).lower()} here and was declared otherwise before"
            raise InputError(message, mend="declare it once", path=place.path, line=place.line)
        if any(view.durable != self._is_durable(name) for name, view in self.views.items()):
            raise LateDeclaration

    def _is_durable(self, node: str) -> bool:
        return self._durable.get(node, self._durable.get(None, True))

    def _rename(self) -> None:
        self.needed = len(self.views) // 2 if self.peers_needed is None else self.peers_needed
        seen = frozenset(self.views)
        self.names = self.declared if self.declared >= seen else seen

    def view_of(self, event: Event, lane: Lane) -> NodeView:
        """The view of the event's node, made for its first event."""
        view = self.views.get(event.node)
        if view is None:
            view = NodeView(self._is_durable(event.node), self, lane, event)
            view.lease = None if self.lease_s is None else LeaseClock()
            self.views[event.node] = view
            self._rename()
        return view
