"""What a rule is: it looks at what concerns it in causal order and ends with an outcome and its coverage.

A safety rule fails only on facts that contradict each other under every completion of a partial log; a
conformance rule reports deviations that by themselves lose nothing. What was never seen is "not checkable".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from trace_check.event import Event, NodeState
from trace_check.lease import LeaseClock
from trace_check.track import NodeView, Request, Seen

FINDINGS_MAX = 100
"""Findings kept of each rule; all are counted."""

DOUBTS_MAX = 3
"""Doubts kept of each rule."""


class Kind(Enum):
    """What a failure means: a safety rule rejects the trace, a conformance rule reports a deviation."""

    SAFETY = "safety"
    CONFORMANCE = "conformance"


class Ground(Enum):
    """What a rule's verdict rests on; none depends on how the merge orders events of different nodes."""

    NODE = "events of one node, in that node's own order"
    FACTS = "facts that hold in any order"
    CLOCKS = "times, with the declared clock error"


class Outcome(Enum):
    """What came of a rule."""

    PASS = "pass"
    FAIL = "fail"
    DEVIATION = "deviation"
    NOT_CHECKABLE = "not checkable"


@dataclass(frozen=True)
class Fact:
    """Something the log shows, and where."""

    text: str
    seen: Seen


@dataclass(frozen=True)
class Finding:
    """A contradiction or deviation: what is wrong, where it shows, and the earlier facts it goes against.

    `term` is the term it is about, where there is one.
    """

    text: str
    seen: Seen
    against: tuple[Fact, ...] = ()
    term: int | None = None

    @property
    def node(self) -> str:
        return self.seen.node


@dataclass(frozen=True)
class RuleResult:
    """The outcome of one rule. `count` counts all findings, `findings` keeps the first ones.

    `doubts` say what looks wrong and is not proven: they leave a trace without contradiction inconclusive.
    `ground` is what the outcome rests on.
    """

    rule: str
    property: str
    kind: Kind
    outcome: Outcome
    coverage: str
    count: int
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...] = ()
    ground: Ground = Ground.NODE


@dataclass
class Tally:
    """What all events together show, counted once for every rule's coverage.

    `terms`: events that show their node's own term; `states`: shown states; of these `roles` have role and
    term, `commits` a commit index in a named incarnation, `unnamed_commits` one without, `ends` commit and
    last index.
    """

    events: int = 0
    terms: int = 0
    restarts: int = 0
    states: int = 0
    roles: int = 0
    commits: int = 0
    unnamed_commits: int = 0
    ends: int = 0
    requests: int = 0
    comparable: int = 0
    stale: int = 0
    reigns: int = 0

    def add(self, state: NodeState, times: int, inc: str) -> None:
        """Counts a state that was shown `times` times in incarnation `inc`."""
        self.states += times
        if state.role is not None and state.term is not None:
            self.roles += times
        if state.commit is not None:
            if inc:
                self.commits += times
            else:
                self.unnamed_commits += times
            if state.last is not None:
                self.ends += times

    def no_stale_request(self) -> str:
        """Why fencing could not be checked, where there was no stale request."""
        if not self.requests:
            return "no received request is in this log"
        if not self.comparable:
            return f"none of {self.requests} received requests shows its term and the receiver's"
        return f"no stale message in this log: all {self.comparable} received requests were of a current term"


class Rule(ABC):
    """One rule. `name` is its own, `property` the spec property it mirrors, `summary` says what must hold.

    `sends` and `receipts` are the types of messages, `kinds` the other events that `see` gets. The other
    methods are called where a rule overrides them. For one event the order is: restart, state before, change,
    state after, stale request, the event itself. What repeats the last thing that its node showed or sent is
    not shown again: an equal state, an equal append, an answer of the node's own term where no stale request
    is open. A rule that `reads_entries` sees all other appends; without that it sees one of each sender and
    term until another comes between.
    """

    name: ClassVar[str]
    property: ClassVar[str]
    summary: ClassVar[str]
    kind: ClassVar[Kind] = Kind.SAFETY
    ground: ClassVar[Ground] = Ground.NODE
    sends: ClassVar[frozenset[str]] = frozenset()
    receipts: ClassVar[frozenset[str]] = frozenset()
    kinds: ClassVar[frozenset[str]] = frozenset()
    reads_entries: ClassVar[bool] = False

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.count = 0
        self.findings: list[Finding] = []
        self.doubts: list[str] = []

    def see_restart(self, view: NodeView) -> None:  # noqa: B027
        """A later incarnation of the node begins."""

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:  # noqa: B027
        """The node shows a role, term or vote that differs from the last one."""

    def see_log(self, state: NodeState, event: Event, view: NodeView) -> None:  # noqa: B027
        """The node shows a state that differs from the last one, in its log or in its standing."""

    def see_commit(self, state: NodeState, event: Event, view: NodeView) -> None:  # noqa: B027
        """The node shows a commit index, and it or the standing differs from the last one."""

    def see_reign(self, state: NodeState, event: Event, view: NodeView) -> None:  # noqa: B027
        """The node shows that it leads a term, in a state that differs from the last one."""

    def see_change(self, event: Event, view: NodeView) -> None:  # noqa: B027
        """The event names a new role or a new term."""

    def see_stale(self, request: Request, event: Event, view: NodeView) -> None:  # noqa: B027
        """The node receives a stale request."""

    def see_open(self, event: Event, view: NodeView) -> None:  # noqa: B027
        """A message of a node whose `view.open` holds stale requests without an answer so far."""

    def see_overdue(self, lease: LeaseClock, event: Event, view: NodeView) -> None:  # noqa: B027
        """The node led until this event at least, and its lease is over."""

    def see(self, event: Event, view: NodeView) -> None:  # noqa: B027
        """An event of the kinds and message types that the rule names; `view` is its node before it."""

    def finish(self, names: frozenset[str]) -> None:  # noqa: B027
        """Reports what only the end of the log shows; `names` are the known names of nodes."""

    @abstractmethod
    def coverage(self) -> tuple[bool, str]:
        """Whether there was anything to check, and how much of it, in words."""

    def report(self, text: str, seen: Seen, against: tuple[Fact, ...] = (), term: int | None = None) -> None:
        """Records a finding."""
        self.count += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(text, seen, against, term))

    def doubt(self, text: str) -> None:
        """Records what looks wrong and is not proven."""
        if len(self.doubts) < DOUBTS_MAX:
            self.doubts.append(text)

    def result(self, names: frozenset[str]) -> RuleResult:
        """The outcome, after the last event."""
        self.finish(names)
        checkable, coverage = self.coverage()
        if self.count:
            outcome = Outcome.FAIL if self.kind is Kind.SAFETY else Outcome.DEVIATION
        else:
            outcome = Outcome.PASS if checkable else Outcome.NOT_CHECKABLE
        return RuleResult(
            self.name,
            self.property,
            self.kind,
            outcome,
            coverage,
            self.count,
            tuple(self.findings),
            tuple(self.doubts),
            self.ground,
        )
