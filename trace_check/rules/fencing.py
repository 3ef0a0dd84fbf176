"""Stale requests: appends, snapshots and vote requests of a term below the receiver's own.

A request is stale where its term and the receiver's own term are both proven. Without one, fencing was never
exercised, and these rules say so.
"""

from __future__ import annotations

from collections import Counter

from trace_check.event import ANSWER_TO, Event
from trace_check.facts import ACKNOWLEDGEMENTS, is_acknowledgement
from trace_check.rules.base import Fact, Kind, Rule, Tally
from trace_check.track import NodeView, Request, Seen


class NoAckToStale(Rule):
    """Compares each acknowledgement with the highest term its node has shown.

    The answer's own term tells, or else the request that it answers: named by `re`, or the last one received
    by a node that handles one message at a time.
    """

    name = "NoAckToStale"
    property = "NoAckToStale"
    summary = "no acknowledgement to a leader or candidate of a term below the node's own"
    sends = ACKNOWLEDGEMENTS

    def see(self, event: Event, view: NodeView) -> None:
        msg = event.msg
        if msg is None or not is_acknowledgement(event):
            return
        request = view.answered(event)
        if msg.term is not None and view.term is not None and msg.term < view.term:
            self._acknowledged(event, view.seen, msg.term, view.term, view.term_seen)
        elif request is not None:
            self._acknowledged(event, view.seen, request.term, request.own_term, request.seen)

    def _acknowledged(
        self, event: Event, seen: Seen, term: int, own_term: int, own_seen: Seen | None
    ) -> None:
        dst = event.msg.dst if event.msg is not None else ""
        against = () if own_seen is None else (Fact(f"{event.node} was in term {own_term}", own_seen),)
        text = f"{event.node}, in term {own_term}, acknowledged term {term} to {dst}"
        self.report(text, seen, against, term=term)

    def coverage(self) -> tuple[bool, str]:
        tally = self.tally
        if not tally.stale and self.count:
            return True, f"{self.count} acknowledged, their requests are not in this log"
        if not tally.stale:
            return False, tally.no_stale_request()
        acknowledged = self.count or "none"
        return (
            True,
            f"{tally.stale} of {tally.comparable} received requests stale, {acknowledged} acknowledged",
        )


class StaleFrame(Rule):
    """Compares the node before and after a stale request where one line shows both."""

    name = "StaleFrame"
    property = "StaleFrame"
    summary = "a stale request changes neither role, term, vote, log nor commit index"

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._compared = 0

    def see_stale(self, request: Request, event: Event, view: NodeView) -> None:
        before, after = event.pre, event.state
        if before is None or after is None:
            return
        self._compared += 1
        for field in ("role", "term", "vote", "last", "commit"):
            old, new = getattr(before, field), getattr(after, field)
            if old is not None and new is not None and old != new:
                text = f"{event.node} changed its {field} from {old} to {new} on a stale {request.type}"
                self.report(f"{text} of term {request.term}", view.seen, term=request.term)

    def coverage(self) -> tuple[bool, str]:
        if not self.tally.stale:
            return False, self.tally.no_stale_request()
        if not self._compared:
            return False, f"no line shows the node before and after one of {self.tally.stale} stale requests"
        return True, f"node known before and after {self._compared} of {self.tally.stale} stale requests"


class StaleRejected(Rule):
    """Waits for the answer to each stale request: it has to refuse, and to carry the node's own term.

    A node that handles one message at a time has dropped a request when it takes the next one; any other
    node when it takes a current request of the same peer. What is open when the log ends stays open.
    """

    name = "StaleRejected"
    property = "NoAckToStale"
    summary = "a stale request is refused with the node's current term"
    kind = Kind.CONFORMANCE

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._unanswered = 0
        self._views: dict[str, NodeView] = {}
        self._outcomes: Counter[str] = Counter()

    def see_restart(self, view: NodeView) -> None:
        self._unanswered += len(view.open)
        view.open.clear()

    def see_stale(self, request: Request, event: Event, view: NodeView) -> None:
        self._views[event.node] = view

    def see_open(self, event: Event, view: NodeView) -> None:
        waiting = view.open
        if event.kind == "send":
            self._answer(event, view.seen, waiting)
        else:
            self._drop(event, waiting, view.request)

    def _drop(self, event: Event, waiting: list[Request], stale: Request | None) -> None:
        """Reports what the receipt of another message shows to be dropped."""
        for request in list(waiting):
            same_peer = event.msg is not None and event.msg.src == request.src
            if request is not stale and (event.one_at_a_time or (same_peer and stale is None)):
                waiting.remove(request)
                self._outcomes["dropped"] += 1
                self._deviates(request, "dropped", request.seen)

    def _answer(self, event: Event, seen: Seen, waiting: list[Request]) -> None:
        msg = event.msg
        for request in waiting:
            if msg is None or request.src != msg.dst or ANSWER_TO[request.type] != msg.type:
                continue
            if msg.answers is not None and msg.answers != request.mid:
                continue
            waiting.remove(request)
            if msg.term is None:
                self._outcomes["answered without a term"] += 1
                self._deviates(request, "answered without a term", seen)
            elif request.own_term is not None and msg.term < request.own_term:
                self._outcomes["answered with an older term"] += 1
                self._deviates(request, f"answered with term {msg.term}", seen)
            elif msg.ok:
                self._outcomes["acknowledged"] += 1
                self._deviates(request, "acknowledged", seen)
            else:
                self._outcomes["answered with the current term"] += 1
            return

    def _deviates(self, request: Request, how: str, seen: Seen) -> None:
        node = request.seen.node
        what = f"{request.type} of term {request.term} from {request.src}"
        text = f"{node}, in term {request.own_term}: {what} {how}"
        against = () if seen is request.seen else (Fact("the request", request.seen),)
        self.report(text, seen, against, term=request.term)

    def coverage(self) -> tuple[bool, str]:
        if not self.tally.stale:
            return False, self.tally.no_stale_request()
        unanswered = self._unanswered + sum(len(view.open) for view in self._views.values())
        counts = [f"{count} {how}" for how, count in sorted(self._outcomes.items())]
        if unanswered:
            counts.append(f"{unanswered} open when their node stopped or its log ended")
        return bool(self._outcomes), f"{self.tally.stale} stale requests: {', '.join(counts)}"
