"""Two leaders at once: what a leader of an older term does when a later term is led, by clocks with their
error.

Leaders of different terms may overlap, and one that does not know better may append what never commits. It
may not acknowledge a write that came after a later leader was elected: a quorum had promised not to take it.
Under a lease it may not even accept one. All facts are kept by term and compared at the end: no order
matters.
"""

from __future__ import annotations

from collections import OrderedDict

from trace_check.event import APPEND, LEADER, Client, Event, NodeState
from trace_check.facts import leads
from trace_check.rules.base import Fact, Ground, Rule, Tally
from trace_check.track import Nodes, NodeView, Seen

_OPEN_MAX = 10_000

Stamped = tuple[float, str, Client | None, Seen]
"""A time in seconds, what happened then (with room for node, term and client), the client's operation, and
where it is seen."""


class _TwoLeaders(Rule):
    """Holds what an older leader did last against what a later one did first."""

    ground = Ground.CLOCKS

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self.last: dict[int, Stamped] = {}
        self.first: dict[int, Stamped] = {}
        self.nodes: Nodes | None = None
        self._invoked: OrderedDict[tuple[str, str], float] = OrderedDict()

    def older(self, term: int, ts: float, what: str, view: NodeView, client: Client | None = None) -> None:
        """A leader of `term` did something that excludes later leaders, at `ts` or later."""
        self.nodes = view.nodes
        known = self.last.get(term)
        if known is None or ts > known[0]:
            self.last[term] = (ts, what, client, view.seen)

    def later(self, term: int, ts: float | None, what: str, view: NodeView) -> None:
        """By `ts`, `term` had gone so far that no older leader may do such a thing."""
        known = self.first.get(term)
        if ts is not None and (known is None or ts < known[0]):
            self.first[term] = (ts, what, None, view.seen)

    def invoke(self, event: Event) -> None:
        """Keeps when a client operation came."""
        if event.client is not None and event.client.op is not None and event.ts is not None:
            self._invoked[event.node, event.client.op] = event.ts
            if len(self._invoked) > _OPEN_MAX:
                self._invoked.popitem(last=False)

    def came_at(self, event: Event) -> float | None:
        """When the operation came that `event` answers, None where that is not known."""
        op = None if event.client is None else event.client.op
        return None if op is None else self._invoked.pop((event.node, op), None)

    def finish(self, names: frozenset[str]) -> None:
        nodes = self.nodes
        if nodes is None or nodes.clock_error_s is None:
            return
        earliest: tuple[int, Stamped] | None = None
        for term in sorted({*self.last, *self.first}, reverse=True):
            done = self.last.get(term)
            if done is not None and earliest is not None:
                later_term, led = earliest
                gap, seen = done[0] - led[0], done[3]
                if gap > nodes.clock_error_s and led[3].node != seen.node:
                    after = f"{_told(done, term)}, {gap:.3f} s after term {later_term} was led"
                    self.report(after, seen, (Fact(_told(led, later_term), led[3]),), term=term)
            first = self.first.get(term)
            if first is not None and (earliest is None or first[0] < earliest[1][0]):
                earliest = (term, first)

    def coverage(self) -> tuple[bool, str]:
        if not self.last:
            return False, f"no {self.needs} of a leader shows its time and its term"
        if self.nodes is None or self.nodes.clock_error_s is None:
            return False, "no bound of the error between clocks is declared (clock_error_ms)"
        return True, f"terms compared: {len(self.last)} with {len(self.first)}"

    needs = "write"


def _told(stamped: Stamped, term: int) -> str:
    """What happened, in words."""
    _, what, client, seen = stamped
    return what.format(node=seen.node, term=term, client=client)


class WriteExclusion(_TwoLeaders):
    """Asks when acknowledged writes came, and under a lease when writes were appended."""

    name = "WriteExclusion"
    property = "LeaseExclusion"
    summary = "no write is accepted in a term that comes after a later term was led"
    sends = frozenset({APPEND})
    kinds = frozenset({"client_invoke", "client_ok", "append"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._began: dict[str, int] = {}

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:
        if state.term is not None and leads(state, event) and not event.by_client:
            self._led(state.term, event, view)

    def see_change(self, event: Event, view: NodeView) -> None:
        if event.new_role == LEADER and event.new_term is not None:
            self._led(event.new_term, event, view)

    def _led(self, term: int, event: Event, view: NodeView) -> None:
        self.later(term, event.ts, "{node} leads term {term}", view)

    def see(self, event: Event, view: NodeView) -> None:
        msg, state = event.msg, event.state
        if msg is not None:
            if msg.term is not None and msg.src == event.node:
                self._led(msg.term, event, view)
            return
        if event.by_client:
            return
        if event.kind == "client_invoke":
            self.invoke(event)
        elif state is None or state.role != LEADER or state.term is None:
            return
        elif event.kind == "append":
            if view.nodes.lease_s is not None and event.ts is not None and self._is_write(event, state.term):
                self.older(state.term, event.ts, "{node} took a write in term {term}", view)
        elif event.client is not None and event.client.is_write:
            came = self.came_at(event)
            term = event.client.entry[1] if event.client.entry else state.term
            if came is not None and term == state.term:
                what = "{node} acknowledged {client} in term {term}: it came"
                self.older(term, came, what, view, event.client)

    def _is_write(self, event: Event, term: int) -> bool:
        """False for a leader's first append that names no operation: what begins a term needs no lease."""
        first = self._began.get(event.node) != term
        self._began[event.node] = term
        return not first or event.client is not None


class StaleRead(_TwoLeaders):
    """Asks when local reads of leaders came, and when a later term committed its first write.

    Under a lease the time counts at which a read is served, else that at which it came: a read may be of a
    time between both.
    """

    name = "StaleRead"
    property = "LinearizableRead"
    summary = "no leader serves a read from its own state after a later term committed a write"
    kinds = frozenset({"client_invoke", "client_ok", "read", "commit"})
    needs = "read"

    def see(self, event: Event, view: NodeView) -> None:
        client, state = event.client, event.state or event.pre
        if event.by_client:
            return
        if event.kind == "commit":
            if event.entry is not None:
                self._committed(event.entry[1], event, view)
        elif event.kind == "client_invoke":
            if client is not None and not client.is_write:
                self.invoke(event)
        elif client is not None and client.is_write and event.kind == "client_ok":
            if client.entry is not None:
                self._committed(client.entry[1], event, view)
        elif event.kind == "read" and state is not None and state.role == LEADER and state.term is not None:
            came = self.came_at(event)
            ts = event.ts if view.nodes.lease_s is not None else came
            if ts is not None:
                self.older(state.term, ts, "{node} served {client} in term {term}", view, client)

    def _committed(self, term: int, event: Event, view: NodeView) -> None:
        self.later(term, event.ts, "an entry of term {term} is committed", view)
