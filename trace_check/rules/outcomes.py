"""What clients are told, against what had happened to their operation: refusals, and reads of the past."""

from __future__ import annotations

from collections import OrderedDict, deque

from trace_check.event import LEADER, Event
from trace_check.rules.base import Fact, Ground, Rule, Tally
from trace_check.track import NodeView, Seen

DEFINITE = frozenset({"redirect", "not_leader", "no_quorum", "lease_expired", "rejected"})
"""Errors that say that nothing was appended. Any other, a time-out for one, leaves the outcome open."""

_OPEN_MAX = 10_000
_ACKS_MAX = 1_000


class DefiniteFail(Rule):
    """Follows a write from its coming to its answer at one node: what was appended may commit.

    A write that comes again under its name is a new attempt. Only an append that names its operation (`op`)
    can be followed.
    """

    name = "DefiniteFail"
    property = "DefiniteFailNeverCommits"
    summary = "a write is refused for good only if its node has not appended it"
    kinds = frozenset({"client_invoke", "append", "client_fail"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._appended: OrderedDict[tuple[str, str], Seen] = OrderedDict()
        self._refused = self._named = 0

    def see(self, event: Event, view: NodeView) -> None:
        client = event.client
        if client is None or client.op is None or event.by_client:
            return
        key = (event.node, client.op)
        if event.kind == "append":
            self._named += 1
            self._appended[key] = view.seen
            if len(self._appended) > _OPEN_MAX:
                self._appended.popitem(last=False)
            return
        appended = self._appended.pop(key, None)
        if event.kind == "client_fail" and (client.error or "").lower() in DEFINITE:
            self._refused += 1
            if appended is not None:
                fact = Fact(f"{event.node} had appended it", appended)
                text = f"{event.node} refused write {client.op} with {client.error}"
                self.report(text, view.seen, (fact,))

    def coverage(self) -> tuple[bool, str]:
        if not self._refused or not self._named:
            return False, "no refused write, or no append that names its operation"
        return True, f"{self._refused} refused writes, {self._named} appends that name their operation"


class FreshRead(Rule):
    """Holds a leader's local reads against writes that were acknowledged before the read came, by any node.

    A leader that has committed an entry of its own term knows of all of them.
    """

    name = "FreshRead"
    property = "LinearizableRead"
    summary = "no leader serves a read from a state older than a write acknowledged before the read came"
    ground = Ground.CLOCKS
    kinds = frozenset({"client_invoke", "client_ok", "read"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._came: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._acks: deque[tuple[float, int, Seen]] = deque(maxlen=_ACKS_MAX)
        self._reads = 0

    def see(self, event: Event, view: NodeView) -> None:
        client, ts = event.client, event.ts
        if client is None or ts is None or event.by_client:
            return
        if event.kind == "client_ok":
            if client.is_write and client.entry is not None:
                self._acks.append((ts, client.entry[0], view.seen))
        elif client.op is not None and not client.is_write:
            key = (event.node, client.op)
            if event.kind == "read":
                self._judge(event, self._came.pop(key, None), view)
            else:
                self._came[key] = ts
                if len(self._came) > _OPEN_MAX:
                    self._came.popitem(last=False)

    def _judge(self, event: Event, came: float | None, view: NodeView) -> None:
        state, error_s = event.state, view.nodes.clock_error_s
        if came is None or error_s is None or state is None or state.commit is None or state.role != LEADER:
            return
        self._reads += 1
        for ts, index, seen in self._acks:
            if index > state.commit and ts < came - (error_s if seen.node != event.node else 0.0):
                fact = Fact(f"a write at index {index} was acknowledged {came - ts:.3f} s before", seen)
                text = f"{event.node} served {event.client} from commit index {state.commit}"
                self.report(text, view.seen, (fact,), term=state.term)
                return

    def coverage(self) -> tuple[bool, str]:
        if not self._reads:
            return (
                False,
                "no read of a leader shows when it came and the commit index that it was served from",
            )
        return True, f"{self._reads} reads of leaders"
