"""What a leader may do after its lease: accept nothing, read nothing, and lead no longer."""

from __future__ import annotations

from collections import OrderedDict

from trace_check.event import LEADER, Event
from trace_check.lease import LeaseClock
from trace_check.rules.base import Fact, Ground, Kind, Rule, Tally
from trace_check.track import NodeView, Seen

_OPEN_MAX = 10_000


class LeaseOverrun(Rule):
    """Looks at what a leader does when its lease has ended by its own clock, whatever the log leaves out.

    An append of its own, or a read that it serves itself, is an acceptance. A write that came when the lease
    was over and was acknowledged without contact in between is one too; a late acknowledgement alone may be
    of a write that was accepted in time, which is known where the append names its operation. Lines that are
    not numbered may have others between them: then it is a doubt.
    """

    name = "LeaseOverrun"
    property = "ClientOutcome"
    summary = "a leader accepts writes and serves local reads only within its lease"
    ground = Ground.CLOCKS
    kinds = frozenset({"append", "read", "client_ok"})

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._accepted = self._checked = 0
        self._invoked: OrderedDict[tuple[str, str], tuple[float | None, Seen]] = OrderedDict()
        self._appended: OrderedDict[tuple[str, str], None] = OrderedDict()

    def see(self, event: Event, view: NodeView) -> None:
        state = event.state or event.pre
        if event.kind == "append" and event.client is not None and event.client.op is not None:
            self._appended[event.node, event.client.op] = None
            if len(self._appended) > _OPEN_MAX:
                self._appended.popitem(last=False)
        if state is not None and state.role == LEADER and not event.by_client:
            self._accepted += 1
            self._checked += view.lease is not None and view.lease.shows and view.lease.term is not None

    def see_overdue(self, lease: LeaseClock, event: Event, view: NodeView) -> None:
        state = event.state or event.pre
        if event.by_client or state is None or state.role != LEADER:
            return
        what = _named(event)
        op = event.client.op if event.client is not None else None
        if event.kind in ("append", "read"):
            self._overrun(f"accepted {what}" if event.kind == "append" else f"served {what}", lease, view)
        elif event.kind == "client_invoke" and op is not None:
            self._invoked[event.node, op] = (lease.contact, view.seen)
            if len(self._invoked) > _OPEN_MAX:
                self._invoked.popitem(last=False)
        elif event.kind == "client_ok" and (event.node, op or "") not in self._appended:
            contact, invoked = self._invoked.pop((event.node, op or ""), (None, None))
            if invoked is not None and contact == lease.contact:
                self._overrun(f"accepted and acknowledged {what}", lease, view, Fact("it came", invoked))
            else:
                self.doubt(
                    f"{event.node} acknowledged {what} at {event.place}, {_since(lease)}: "
                    "it was accepted after the lease, or answered late"
                )

    def _overrun(self, did: str, lease: LeaseClock, view: NodeView, *against: Fact) -> None:
        seen = view.seen
        text = f"{seen.node}, leader of term {lease.term}, {did} {_since(lease)}"
        if lease.exact:
            facts = [*against]
            if lease.contact_place is not None:
                where = Seen(lease.contact_place, seen.node, seen.inc, 0, seen.lane, 0, ())
                facts.append(Fact("last line that allows contact with a quorum", where))
            self.report(text, seen, tuple(facts), term=lease.term)
        else:
            self.doubt(f"{text} ({seen.place}), unless contact was not logged: the lines have no seq or inc")

    def coverage(self) -> tuple[bool, str]:
        if not self._accepted:
            return False, "no leader is seen to accept a write or to serve a read"
        if not self._checked:
            return False, "no lease is declared (lease_ms), or no leader shows when it heard of its quorum"
        return True, f"lease known for {self._checked} of {self._accepted} accepted writes and reads"


class StepDownInTime(Rule):
    """Looks for nodes that lead on when their lease has ended, by their own clock."""

    name = "StepDownInTime"
    property = "LeaseEnds"
    summary = "a leader that lost its quorum stops leading when its lease ends"
    kind = Kind.CONFORMANCE
    ground = Ground.CLOCKS

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._last: dict[str, tuple[int | None, float | None]] = {}

    def see_overdue(self, lease: LeaseClock, event: Event, view: NodeView) -> None:
        reign = (lease.term, lease.contact)
        if lease.expired is None and self._last.get(event.node) != reign and lease.exact:
            self._last[event.node] = reign
            self.report(f"{event.node} led on {_since(lease)}", view.seen, term=lease.term)

    def coverage(self) -> tuple[bool, str]:
        if not self.tally.reigns:
            return False, "no lease is declared (lease_ms), or no leader shows when it heard of its quorum"
        return True, f"{self.tally.reigns} events of leaders with a lease"


def _named(event: Event) -> str:
    if event.client is not None:
        return str(event.client)
    entries = event.entries or ((event.entry,) if event.entry is not None else ())
    return f"entry {entries[-1][0]}" if entries else "an entry"


def _since(lease: LeaseClock) -> str:
    if lease.expired is not None:
        return f"after its lease had expired ({lease.expired})"
    return f"{lease.overdue_s:.3f} s after its last contact with a quorum"
