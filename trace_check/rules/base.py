"""What a rule is: it looks at each event in causal order and ends with an outcome and its coverage.

A safety rule fails only on facts that contradict each other under every completion of a partial log; a
conformance rule reports deviations that by themselves lose nothing. What was never seen is "not checkable".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from trace_check.event import Event
from trace_check.track import NodeView, Seen

FINDINGS_MAX = 100
"""Findings kept of each rule; all are counted."""


class Kind(Enum):
    """What a failure means: a safety rule rejects the trace, a conformance rule reports a deviation."""

    SAFETY = "safety"
    CONFORMANCE = "conformance"


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
    """The outcome of one rule. `count` counts all findings, `findings` keeps the first ones."""

    rule: str
    property: str
    kind: Kind
    outcome: Outcome
    coverage: str
    count: int
    findings: tuple[Finding, ...]


class Rule(ABC):
    """One rule. `name` is its own, `property` the spec property it mirrors, `summary` says what must hold."""

    name: ClassVar[str]
    property: ClassVar[str]
    summary: ClassVar[str]
    kind: ClassVar[Kind] = Kind.SAFETY

    def __init__(self) -> None:
        self.count = 0
        self.findings: list[Finding] = []

    @abstractmethod
    def see(self, event: Event, seen: Seen, view: NodeView) -> None:
        """Takes in one event; `view` is its node before it."""

    def finish(self) -> None:  # noqa: B027
        """Reports what only the end of the log shows. Most rules have nothing to add."""

    @abstractmethod
    def coverage(self) -> tuple[bool, str]:
        """Whether there was anything to check, and how much of it, in words."""

    def report(self, text: str, seen: Seen, against: tuple[Fact, ...] = (), term: int | None = None) -> None:
        """Records a finding."""
        self.count += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(text, seen, against, term))

    def result(self) -> RuleResult:
        """The outcome, after the last event."""
        self.finish()
        checkable, coverage = self.coverage()
        if self.count:
            outcome = Outcome.FAIL if self.kind is Kind.SAFETY else Outcome.DEVIATION
        else:
            outcome = Outcome.PASS if checkable else Outcome.NOT_CHECKABLE
        return RuleResult(
            self.name, self.property, self.kind, outcome, coverage, self.count, tuple(self.findings)
        )
