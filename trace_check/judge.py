"""Events in causal order to the rules: each rule gets what it looks at, and what its node is known to be by
then.

Decides what is news: a state that its node has shown before, with nothing in between that could contradict
it, is counted and not judged again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from trace_check.event import (
    ANSWER_TO,
    APPEND,
    APPEND_RESPONSE,
    LEADER,
    OTHER,
    Config,
    Event,
    Message,
    NodeState,
    Place,
)
from trace_check.facts import MID_STEP, leads, own_terms, sent_term
from trace_check.lanes import Lane
from trace_check.rules import RULES, Finding, Rule, RuleResult, Tally
from trace_check.track import Nodes, NodeView

_QUIET = frozenset({APPEND, APPEND_RESPONSE})

See = Callable[[Event, NodeView], None]


class Judge:
    """All rules over one pass.

    `mentioned` are the nodes that messages name, each with its first place; `declared` counts declarations.
    """

    def __init__(self, rules: Iterable[type[Rule]] = RULES) -> None:
        self.tally = Tally()
        self.nodes = Nodes()
        self.mentioned: dict[str, Place] = {}
        self.declared = 0
        self._rules = [rule(self.tally) for rule in rules]
        self._on_restart = [rule.see_restart for rule in self._overriding("see_restart")]
        self._on_standing = [rule.see_standing for rule in self._overriding("see_standing")]
        self._on_log = [rule.see_log for rule in self._overriding("see_log")]
        self._on_commit = [rule.see_commit for rule in self._overriding("see_commit")]
        self._on_reign = [rule.see_reign for rule in self._overriding("see_reign")]
        self._on_change = [rule.see_change for rule in self._overriding("see_change")]
        self._on_stale = [rule.see_stale for rule in self._overriding("see_stale")]
        self._on_open = [rule.see_open for rule in self._overriding("see_open")]
        self._on_overdue = [rule.see_overdue for rule in self._overriding("see_overdue")]
        self._on_send: dict[str, list[See]] = {}
        self._on_receipt: dict[str, list[See]] = {}
        self._on_kind: dict[str, list[See]] = {}
        for rule in self._rules:
            for table, keys in (
                (self._on_send, rule.sends),
                (self._on_receipt, rule.receipts),
                (self._on_kind, rule.kinds),
            ):
                for key in keys:
                    table.setdefault(key, []).append(rule.see)
        entries = [rule for rule in self._rules if rule.reads_entries]
        self._on_entries_sent = [rule.see for rule in entries if APPEND in rule.sends]
        self._on_entries_received = [rule.see for rule in entries if APPEND in rule.receipts]

    def _overriding(self, method: str) -> list[Rule]:
        return [rule for rule in self._rules if getattr(type(rule), method) is not getattr(Rule, method)]

    @property
    def events(self) -> int:
        """How many events it has seen."""
        return sum(view.lane.position for view in self.nodes.views.values())

    def declare(self, configs: Sequence[Config]) -> None:
        """Takes in declarations. Raises: as `Nodes.declare`."""
        self.nodes.declare(configs)
        self.declared += len(configs)

    def see(self, event: Event, lane: Lane) -> NodeView:
        """Shows the next event to the rules; the view of its node as it was before."""
        view = lane.view or self._meet(event, lane)
        view.event = event
        view.here = None
        if event.inc != view.inc and event.inc:
            self._enter(event, view)
        pre, state, msg, change = event.pre, event.state, event.msg, event.change
        own_term = view.term
        news = change is not None
        shown = None if change is None else change.new_term
        if pre is not None:
            if pre.term is not None:
                own_term = shown = pre.term
            if pre == view.state:
                view.shown += 1
            else:
                self._state(pre, event, view)
                news = True
        if change is not None:
            self._change(event, view)
        if state is not None:
            if state.term is not None:
                shown = state.term
            if state == view.state:
                view.shown += 1
            else:
                self._state(state, event, view)
                news = True
        if shown is not None:
            self.tally.terms += 1
        lease = view.lease
        if lease is not None and (news or lease.term is not None or lease.uses_mono is None):
            nodes = self.nodes
            if nodes.needed and lease.see(event, news, nodes.needed, nodes.overdue_after_s):
                for see_overdue in self._on_overdue:
                    see_overdue(lease, event, view)
        kind = event.kind
        if msg is not None and kind == "recv":
            self._receive(event, msg, view, own_term)
        elif msg is not None and kind == "send":
            self._send(event, msg, view)
        else:
            if msg is None:
                for see in self._on_kind.get(kind, ()):
                    see(event, view)
            if kind in MID_STEP:
                self._forget(view)
        if news and (change is not None or own_term != view.term or shown != view.term):
            for term in own_terms(event):
                view.raise_term(term)
        return view

    def _meet(self, event: Event, lane: Lane) -> NodeView:
        """The view of a node at its first event."""
        lane.view = view = self.nodes.view_of(event, lane)
        return view

    def _enter(self, event: Event, view: NodeView) -> None:
        """The first event that names its incarnation, or that of a later one."""
        if view.inc:
            self.tally.restarts += 1
            self._forget(view)
            view.restart(event.inc)
            for see in self._on_restart:
                see(view)
        view.inc = event.inc

    def _forget(self, view: NodeView) -> None:
        """Makes the node's next state news, whatever it is."""
        if view.state is not None:
            self.tally.add(view.state, view.shown, view.state_inc)
            view.state = None

    def _state(self, state: NodeState, event: Event, view: NodeView) -> None:
        old = view.state
        commits = state.commit is not None
        if old is None or state.term != old.term or state.role != old.role or state.vote != old.vote:
            for see in self._on_standing:
                see(state, event, view)
        else:
            commits = commits and (state.commit != old.commit or event.inc != view.state_inc)
        if old is not None:
            self.tally.add(old, view.shown, view.state_inc)
        view.state, view.shown, view.state_inc = state, 1, event.inc
        for see in self._on_log:
            see(state, event, view)
        if commits:
            for see in self._on_commit:
                see(state, event, view)
        if state.role == LEADER and leads(state, event):
            for see in self._on_reign:
                see(state, event, view)

    def _change(self, event: Event, view: NodeView) -> None:
        self._forget(view)
        for see in self._on_change:
            see(event, view)

    def _mention(self, event: Event, msg: Message) -> None:
        """Notes the nodes that a message names."""
        if msg.type != OTHER:
            self.mentioned.setdefault(msg.src, event.place)
            self.mentioned.setdefault(msg.dst, event.place)

    def _receive(self, event: Event, msg: Message, view: NodeView, own_term: int | None) -> None:
        kind = msg.type
        if msg.src not in self.mentioned or msg.dst not in self.mentioned:
            self._mention(event, msg)
        view.last_request = None
        if kind in ANSWER_TO:
            tally = self.tally
            tally.requests += 1
            if own_term is not None and msg.term is not None:
                tally.comparable += 1
                if msg.term < own_term:
                    tally.stale += 1
                    request = view.receive(msg, msg.term, own_term)
                    for see_stale in self._on_stale:
                        see_stale(request, event, view)
        if kind == APPEND:
            last = view.append
            if last is None or msg.term != last.term or msg.src != last.src:
                view.append = msg
                for see in self._on_receipt.get(kind, ()):
                    see(event, view)
            elif not _repeats(msg, last):
                view.append = msg
                for see in self._on_entries_received:
                    see(event, view)
        else:
            for see in self._on_receipt.get(kind, ()):
                see(event, view)
        if view.open:
            for see in self._on_open:
                see(event, view)
            view.request = None

    def _send(self, event: Event, msg: Message, view: NodeView) -> None:
        kind = msg.type
        if msg.src not in self.mentioned or msg.dst not in self.mentioned:
            self._mention(event, msg)
        if kind == APPEND:
            last, view.append = view.append, msg
            if last is None or msg.term != last.term or msg.src != last.src or msg.term != view.term:
                self._sent(event, kind, view)
            elif not _repeats(msg, last):
                for see in self._on_entries_sent:
                    see(event, view)
        elif kind != APPEND_RESPONSE or view.open or msg.term is None or msg.term != view.term:
            self._sent(event, kind, view)
        if view.open:
            for see in self._on_open:
                see(event, view)

    def _sent(self, event: Event, kind: str, view: NodeView) -> None:
        """A sent message that is not known from the node's last one."""
        for see in self._on_send.get(kind, ()):
            see(event, view)
        sent = sent_term(event)
        if sent is not None and (view.term is None or sent > view.term):
            view.raise_term(sent)
            self._forget(view)
        elif kind not in _QUIET:
            self._forget(view)

    def findings(self) -> Iterator[tuple[str, Sequence[Finding]]]:
        """The findings of each rule so far, by its name."""
        for rule in self._rules:
            yield rule.name, rule.findings

    def results(self) -> tuple[RuleResult, ...]:
        """The results of all rules, after the last event."""
        self.tally.events = self.events
        for view in self.nodes.views.values():
            self._forget(view)
            if view.lease is not None:
                self.tally.reigns += view.lease.reigned
                view.lease.reigned = 0
        return tuple(rule.result(self.nodes.names) for rule in self._rules)


def _repeats(msg: Message, last: Message) -> bool:
    """True if an append of the same sender and term as the node's last one shows nothing new."""
    return msg.commit == last.commit and msg.prev == last.prev and msg.entries == last.entries
