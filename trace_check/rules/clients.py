"""Client writes at nodes that no longer lead."""

from __future__ import annotations

from collections import OrderedDict

from trace_check.event import APPEND, LEADER, SNAPSHOT, Event, NodeState
from trace_check.facts import leads
from trace_check.rules.base import Fact, Kind, Rule, Tally
from trace_check.track import NodeView, Seen

_OPEN_WRITES_MAX = 10_000


class RedirectSound(Rule):
    """Looks at where a node sends a client that it turns away."""

    name = "RedirectSound"
    property = "RedirectSound"
    summary = "a node that turns a client away names another node, if any"
    kinds = frozenset({"client_fail"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._hints = 0

    def see(self, event: Event, view: NodeView) -> None:
        client = event.client
        if client is None or client.hint is None:
            return
        self._hints += 1
        if client.hint == event.node:
            self.report(f"{event.node} redirected {client} to itself", view.seen)

    def coverage(self) -> tuple[bool, str]:
        if not self._hints:
            return False, "no line tells where a client was sent on"
        return True, f"{self._hints} clients were sent on"


class DeposedWrite(Rule):
    """Follows writes sent to a node that led before and shows, at that moment, that it leads no more.

    An acknowledgement is a deviation only: the node may have forwarded the write to the leader, and no write
    is lost by that. Only a write with an operation id can be followed.
    """

    name = "DeposedWrite"
    property = "ClientOutcome"
    summary = "a deposed leader answers writes with a redirect or an error"
    kind = Kind.CONFORMANCE
    sends = frozenset({APPEND, SNAPSHOT})
    kinds = frozenset({"client_invoke", "client_ok", "client_fail"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._led: set[str] = set()
        self._open: OrderedDict[tuple[str, str], Seen] = OrderedDict()
        self._writes = self._refused = 0

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:
        if leads(state, event):
            self._led.add(event.node)

    def see_change(self, event: Event, view: NodeView) -> None:
        if event.new_role == LEADER:
            self._led.add(event.node)

    def see(self, event: Event, view: NodeView) -> None:
        if event.kind == "send":
            self._led.add(event.node)
            return
        client, state = event.client, event.state or event.pre
        if client is None or client.op is None or not client.is_write:
            return
        if event.kind == "client_invoke":
            deposed = state is not None and state.role not in (None, LEADER) and event.node in self._led
            if deposed:
                self._writes += 1
                self._open[event.node, client.op] = view.seen
                if len(self._open) > _OPEN_WRITES_MAX:
                    self._open.popitem(last=False)
        elif self._open and (event.node, client.op) in self._open:
            invoked = self._open.pop((event.node, client.op))
            self._refused += event.kind == "client_fail"
            if event.kind == "client_ok":
                fact = Fact(f"{event.node} was no leader when {client} came", invoked)
                self.report(f"{event.node} acknowledged {client} after it was deposed", view.seen, (fact,))

    def coverage(self) -> tuple[bool, str]:
        if not self._writes:
            return False, "no write came to a node that showed that it was deposed"
        answers = f"{self._refused} refused, {self.count} acknowledged"
        return True, f"{self._writes} writes to deposed leaders: {answers}"
