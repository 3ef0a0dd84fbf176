"""Events in causal order to the rules: each rule gets what it looks at, and what its node is known to be by
then.

Decides what is news: a state that its node has shown before, with nothing in between that could contradict
it, is counted and not judged again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trace_check.event import ANSWER_TO, APPEND, APPEND_RESPONSE, OTHER, Config, Event, NodeState, Place
from trace_check.facts import MID_STEP, own_terms, sent_term
from trace_check.lanes import Lane
from trace_check.rules import RULES, Rule, RuleResult, Tally
from trace_check.track import Nodes, NodeView

_QUIET = frozenset({APPEND, APPEND_RESPONSE})

See = Callable[[Event, NodeView], None]


class Judge:
    """All rules over one pass. `mentioned` are the nodes that messages name, each with its first place."""

    def __init__(self, rules: Iterable[type[Rule]] = RULES) -> None:
        self.tally = Tally()
        self.nodes = Nodes()
        self.mentioned: dict[str, Place] = {}
        self._rules = [rule(self.tally) for rule in rules]
        self._on_restart = [rule.see_restart for rule in self._overriding("see_restart")]
        self._on_state = [rule.see_state for rule in self._overriding("see_state")]
        self._on_change = [rule.see_change for rule in self._overriding("see_change")]
        self._on_stale = [rule.see_stale for rule in self._overriding("see_stale")]
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

    def _overriding(self, method: str) -> list[Rule]:
        return [rule for rule in self._rules if getattr(type(rule), method) is not getattr(Rule, method)]

    def declare(self, configs: Iterable[Config]) -> None:
        """Takes in declarations. Raises: as `Nodes.declare`."""
        self.nodes.declare(configs)

    def see(self, event: Event, lane: Lane) -> NodeView:
        """Shows the next event to the rules; the view of its node as it was before."""
        view = self.nodes.views.get(event.node) or self.nodes.view_of(event, lane)
        tally = self.tally
        tally.events += 1
        view.enter(event)
        if view.restarted:
            self._restart(view)
        pre, state = event.pre, event.state
        own_term = view.term
        shows_term = event.new_term is not None
        news = shows_term or event.new_role is not None or event.old_role is not None
        changes = news
        if pre is not None:
            if pre.term is not None:
                own_term, shows_term = pre.term, True
            if pre == view.state:
                view.shown += 1
            else:
                self._state(pre, event, view)
                news = True
        if changes:
            self._change(event, view)
        if state is not None:
            shows_term = shows_term or state.term is not None
            if state == view.state:
                view.shown += 1
            else:
                self._state(state, event, view)
                news = True
        tally.terms += shows_term
        if event.msg is not None:
            self._message(event, view, own_term)
        else:
            for see in self._on_kind.get(event.kind, ()):
                see(event, view)
        if news:
            for term in own_terms(event):
                view.raise_term(term)
        if event.kind in MID_STEP:
            self._forget(view)
        return view

    def _restart(self, view: NodeView) -> None:
        self.tally.restarts += 1
        self._forget(view)
        for see in self._on_restart:
            see(view)

    def _forget(self, view: NodeView) -> None:
        """Makes the node's next state news, whatever it is."""
        if view.state is not None:
            self.tally.add(view.state, view.shown, view.state_inc)
            view.state = None

    def _state(self, state: NodeState, event: Event, view: NodeView) -> None:
        self._forget(view)
        for see in self._on_state:
            see(state, event, view)
        view.state, view.shown, view.state_inc = state, 1, event.inc

    def _change(self, event: Event, view: NodeView) -> None:
        self._forget(view)
        for see in self._on_change:
            see(event, view)

    def _message(self, event: Event, view: NodeView, own_term: int | None) -> None:
        msg = event.msg
        if msg is None:
            return
        if msg.type != OTHER:
            mentioned = self.mentioned
            if msg.src not in mentioned:
                mentioned[msg.src] = event.place
            if msg.dst not in mentioned:
                mentioned[msg.dst] = event.place
        if event.kind == "recv":
            view.last_request = None
            if msg.type in ANSWER_TO:
                tally = self.tally
                tally.requests += 1
                if view.receive(own_term):
                    tally.comparable += 1
                    if view.request is not None:
                        self._stale(event, view)
            for see in self._on_receipt.get(msg.type, ()):
                see(event, view)
            view.request = None
        elif event.kind == "send":
            for see in self._on_send.get(msg.type, ()):
                see(event, view)
            sent = sent_term(event)
            if sent is not None and (view.term is None or sent > view.term):
                view.raise_term(sent)
                self._forget(view)
            elif msg.type not in _QUIET:
                self._forget(view)

    def _stale(self, event: Event, view: NodeView) -> None:
        self.tally.stale += 1
        if view.request is not None:
            for see in self._on_stale:
                see(view.request, event, view)

    def results(self) -> tuple[RuleResult, ...]:
        """The results of all rules, after the last event."""
        for view in self.nodes.views.values():
            self._forget(view)
        return tuple(rule.result(self.nodes.names) for rule in self._rules)
