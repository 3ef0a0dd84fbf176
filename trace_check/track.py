"""What is known of each node at a point of the trace: incarnation, highest proven term, open requests.

One view a node, shared by the rules; memory is bounded by the number of nodes. A node whose term and vote
are declared not durable starts anew with each incarnation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trace_check.errors import InputError
from trace_check.event import ANSWER_TO, Config, Event, Place
from trace_check.facts import own_terms, sent_term

_OPEN_REQUESTS_MAX = 256


@dataclass(frozen=True)
class Seen:
    """Where something was seen: place, node and incarnation that wrote it, index in the causal order."""

    place: Place
    node: str
    inc: str
    index: int


@dataclass(frozen=True)
class Request:
    """A request that a node received, and the node's own term then, as far as it was proven."""

    seen: Seen
    mid: str | None
    src: str
    type: str
    term: int | None
    own_term: int | None

    @property
    def stale(self) -> bool:
        return self.term is not None and self.own_term is not None and self.term < self.own_term


@dataclass
class NodeView:
    """One node, before the event at hand. `term` is the highest proven own term, seen at `term_seen`.

    `names` are the known names of nodes: those that log, and declared ones where those go by the same names.
    """

    durable: bool
    names: frozenset[str]
    inc: str = ""
    term: int | None = None
    term_seen: Seen | None = None
    last_request: Request | None = None
    stale_requests: dict[str, Request] = field(default_factory=dict)

    def restarts(self, event: Event) -> bool:
        """True if `event` is the first of a later incarnation; a line that names none is never."""
        return bool(self.inc) and bool(event.inc) and event.inc != self.inc

    def own_term(self, event: Event) -> int | None:
        """The node's own term when `event` began: as logged, else the highest proven before."""
        if event.pre is not None and event.pre.term is not None:
            return event.pre.term
        return self.term

    def answered(self, event: Event) -> Request | None:
        """The request that a sent answer belongs to, where the log proves which one."""
        msg = event.msg
        if msg is None:
            return None
        if msg.answers is not None:
            return self.stale_requests.get(msg.answers)
        last = self.last_request
        fits = last is not None and last.src == msg.dst and ANSWER_TO[last.type] == msg.type
        return last if fits and event.one_at_a_time else None


class Nodes:
    """The views of all nodes. `absorb` follows the rules' look at each event."""

    def __init__(self, configs: Sequence[Config], logging: Iterable[str]) -> None:
        seen = frozenset(logging)
        declared = frozenset(node for config in configs for node in config.nodes)
        self._names = declared if declared >= seen else seen
        self._durable: dict[str | None, bool] = {}
        for config in configs:
            if config.durable is not None:
                self._declare(config.node, config.durable, config.place)
        self._views: dict[str, NodeView] = {}

    def _declare(self, node: str | None, durable: bool, place: Place) -> None:
        """Raises: InputError if an earlier line says the opposite."""
        if self._durable.setdefault(node, durable) != durable:
            message = f"durable is {str(durable).lower()} here and was declared otherwise before"
            raise InputError(message, mend="declare it once", path=place.path, line=place.line)

    def before(self, event: Event) -> NodeView:
        """The view of the event's node; a restart of a node without durable state has forgotten its term."""
        view = self._views.get(event.node)
        if view is None:
            durable = self._durable.get(event.node, self._durable.get(None, True))
            view = self._views[event.node] = NodeView(durable, self._names)
        if view.restarts(event):
            view.last_request = None
            view.stale_requests.clear()
            if not view.durable:
                view.term = view.term_seen = None
        return view

    def absorb(self, event: Event, seen: Seen, view: NodeView) -> None:
        """Adds what `event` proves to its node's view."""
        if event.kind == "recv":
            self._receive(event, seen, view)
        view.inc = event.inc or view.inc
        proven = list(own_terms(event))
        sent = sent_term(event)
        if sent is not None:
            proven.append(sent)
        highest = max(proven, default=None)
        if highest is not None and (view.term is None or highest > view.term):
            view.term, view.term_seen = highest, seen

    @staticmethod
    def _receive(event: Event, seen: Seen, view: NodeView) -> None:
        request = request_of(event, seen, view)
        view.last_request = request
        if request is not None and request.stale and request.mid is not None:
            view.stale_requests[request.mid] = request
            if len(view.stale_requests) > _OPEN_REQUESTS_MAX:
                view.stale_requests.pop(next(iter(view.stale_requests)))


def request_of(event: Event, seen: Seen, view: NodeView) -> Request | None:
    """The fenced request that `event` receives, None if it receives none."""
    msg = event.msg
    if event.kind != "recv" or msg is None or msg.type not in ANSWER_TO:
        return None
    return Request(seen, event.mid, msg.src, msg.type, msg.term, view.own_term(event))
