"""Role changes: which ones Raft has, and the record that each one leaves."""

from __future__ import annotations

from dataclasses import dataclass

from trace_check.event import CANDIDATE, FOLLOWER, LEADER, LEARNER, PRECANDIDATE, Event, NodeState
from trace_check.facts import role_known
from trace_check.rules.base import Fact, Kind, Rule, Tally
from trace_check.track import NodeView, Seen

ILLEGAL_CHANGES = frozenset(
    {
        (FOLLOWER, LEADER),
        (LEARNER, LEADER),
        (LEARNER, CANDIDATE),
        (PRECANDIDATE, LEADER),
        (LEADER, CANDIDATE),
        (LEADER, PRECANDIDATE),
    }
)
"""The changes that the table of transitions does not have; a restart makes any role a follower."""


class LegalTransition(Rule):
    """Judges role records against the table, and observed roles where they leave no room for unlogged steps.

    A record claims one direct change. Two observed roles may have others between them; only a node that
    leads, does not lead, and leads again in one term is impossible.
    """

    name = "LegalTransition"
    property = "LegalTransition"
    summary = "role changes follow the table; nobody leads a term again after leaving it"

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._records = 0
        self._led: dict[str, tuple[int, Seen]] = {}
        self._left: dict[str, tuple[int, Seen]] = {}

    def see_restart(self, view: NodeView) -> None:
        if not view.durable:
            self._led.pop(view.event.node, None)
            self._left.pop(view.event.node, None)

    def see_change(self, event: Event, view: NodeView) -> None:
        if event.old_role is not None and event.new_role is not None:
            self._records += 1
            self._judge_record(event, view.seen)

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:
        if not view.durable and not event.inc:
            return
        if state.role is not None and state.term is not None and role_known(state, event):
            self._judge_role(event.node, state.role, state.term, view.seen)

    def _judge_record(self, event: Event, seen: Seen) -> None:
        change = f"{event.old_role} to {event.new_role}"
        if (event.old_role, event.new_role) in ILLEGAL_CHANGES:
            self.report(f"{event.node} went from {change}", seen, term=event.new_term)
        elif event.old_term is None or event.new_term is None:
            return
        elif event.new_term < event.old_term:
            text = f"{event.node} went from {change} and from term {event.old_term} back to {event.new_term}"
            self.report(text, seen, term=event.new_term)
        elif event.old_role == event.new_role == LEADER and event.new_term > event.old_term:
            text = f"{event.node} went on to lead term {event.new_term} without an election"
            self.report(text, seen, term=event.new_term)

    def _judge_role(self, node: str, role: str, term: int, seen: Seen) -> None:
        led, left = self._led.get(node), self._left.get(node)
        if role != LEADER:
            if led is not None and led[0] == term and (left is None or left[0] != term):
                self._left[node] = (term, seen)
            return
        if left is not None and left[0] == term:
            fact = Fact(f"{node} had stopped leading term {term}", left[1])
            self.report(f"{node} leads term {term} again", seen, (fact,), term=term)
            del self._left[node]
        self._led[node] = (term, seen)

    def coverage(self) -> tuple[bool, str]:
        if not self._records and not self.tally.roles:
            return False, "no line shows a role and its term"
        return True, f"{self._records} role records, {self.tally.roles} states with role and term"


@dataclass
class _Audit:
    """A node's role by its records, and an observed role that no record has explained yet."""

    role: str | None = None
    unexplained: tuple[str, Seen] | None = None


class AuditFaithful(Rule):
    """Follows the role records of each incarnation: complete, each starting where the last one ended.

    A log without records of old and new roles makes no such claim.
    """

    name = "AuditFaithful"
    property = "AuditFaithful"
    summary = "each role change leaves a record with time, old and new role, and reason"
    kind = Kind.CONFORMANCE

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._audits: dict[str, _Audit] = {}
        self._records = 0

    def see_restart(self, view: NodeView) -> None:
        self._audits.pop(view.event.node, None)

    def see_change(self, event: Event, view: NodeView) -> None:
        if event.old_role is not None and event.new_role is not None:
            self._record(event, view.seen, self._audits.setdefault(event.node, _Audit()))

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:
        audit = self._audits.get(event.node)
        own = event.old_role is not None and event.new_role is not None
        if audit is None or own or not role_known(state, event):
            return
        if state.role != audit.role:
            if audit.unexplained is None and state.role is not None:
                audit.unexplained = (state.role, view.seen)
        elif audit.unexplained is not None:
            self._missing(event.node, audit)

    def _record(self, event: Event, seen: Seen, audit: _Audit) -> None:
        self._records += 1
        lacking = [
            name
            for name, value in (("time", event.ts), ("reason", event.reason), ("old term", event.old_term))
            if value is None
        ]
        if lacking:
            self.report(f"{event.node}: role record without {', '.join(lacking)}", seen)
        if audit.unexplained is not None and audit.unexplained[0] != event.new_role:
            self._missing(event.node, audit)
        elif audit.role is not None and audit.role != event.old_role:
            text = f"{event.node}: role record from {event.old_role}, the last one ended at {audit.role}"
            self.report(text, seen)
        audit.role, audit.unexplained = event.new_role, None

    def _missing(self, node: str, audit: _Audit) -> None:
        if audit.unexplained is not None:
            role, seen = audit.unexplained
            self.report(f"{node} is {role} without a record of the change", seen)
            audit.unexplained = None

    def finish(self, names: frozenset[str]) -> None:
        for node, audit in self._audits.items():
            self._missing(node, audit)

    def coverage(self) -> tuple[bool, str]:
        if not self._records:
            return False, "no role record with old and new role is in this log"
        return True, f"{self._records} role records"
