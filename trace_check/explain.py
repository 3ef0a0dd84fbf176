"""Why a trace is rejected, as data: the root finding, the chain of its causes, and which writes it touches.

The root is the first failing safety rule in the order of RULES. The cause of two leaders of a term is looked
for among votes taken back and terms lost; that of any other root among the contradictions that happened
before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trace_check.event import Event
from trace_check.rules import Fact, Finding, Outcome, RuleResult
from trace_check.rules.elections import ElectionSafety, TermMonotonic, VoteStable

_CAUSES_MAX = 8
_WRITES_KEPT = 5


@dataclass(frozen=True)
class Cause:
    """One line of the chain. `contradiction`: the line itself breaks a rule; `first`: none does before it."""

    fact: Fact
    contradiction: bool
    first: bool = False


@dataclass(frozen=True)
class Acknowledged:
    """Writes that a node acknowledged in `term`: the first ones, and how many there were."""

    node: str
    term: int
    count: int
    writes: tuple[str, ...]


@dataclass(frozen=True)
class OtherFailure:
    """Another safety rule that fails, with its first finding."""

    rule: str
    finding: Finding
    count: int


@dataclass(frozen=True)
class Explanation:
    """The root finding and what led to it. `side_by_side`: neither of the two leaders knew of the other."""

    rule: str
    finding: Finding
    causes: tuple[Cause, ...]
    impact: tuple[Acknowledged, ...]
    others: tuple[OtherFailure, ...]
    side_by_side: bool | None


class Acknowledgements:
    """Collects the writes that nodes acknowledge, a few for each node and term."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[int, tuple[str, ...]]] = {}

    def see(self, event: Event) -> None:
        """Takes in one event."""
        client = event.client
        if event.kind != "client_ok" or client is None or not client.is_write:
            return
        term = client.entry[1] if client.entry else event.state.term if event.state else None
        if term is None:
            return
        count, writes = self._known.get((term, event.node), (0, ()))
        if len(writes) < _WRITES_KEPT:
            writes = (*writes, str(client))
        self._known[term, event.node] = (count + 1, writes)

    def in_term(self, term: int | None) -> tuple[Acknowledged, ...]:
        """What was acknowledged in `term`, by node."""
        return tuple(
            Acknowledged(node, known, count, writes)
            for (known, node), (count, writes) in sorted(self._known.items())
            if known == term
        )


def explain(results: Sequence[RuleResult], acknowledgements: Acknowledgements) -> Explanation | None:
    """The explanation of the first failing safety rule, None if none fails."""
    failing = [result for result in results if result.outcome is Outcome.FAIL]
    if not failing:
        return None
    root, finding = failing[0], failing[0].findings[0]
    others = failing[1:]
    two_leaders = root.rule == ElectionSafety.name
    chain = _lost_votes(finding, others) if two_leaders else _earlier(finding, others)
    side_by_side = None
    if two_leaders:
        side_by_side = not finding.against[0].seen.before(finding.seen)
    return Explanation(
        rule=root.rule,
        finding=finding,
        causes=_marked(chain),
        impact=acknowledgements.in_term(finding.term),
        others=tuple(OtherFailure(other.rule, other.findings[0], other.count) for other in others),
        side_by_side=side_by_side,
    )


def _lost_votes(root: Finding, others: Sequence[RuleResult]) -> list[Cause]:
    """Votes of the contested term that were taken back, and the losses of term of those voters in between."""
    votes = [f for f in _findings(others, VoteStable.name) if f.term == root.term]
    losses = _findings(others, TermMonotonic.name)
    chain: dict[tuple[int, str], Cause] = {}
    for vote in votes:
        start = min(fact.seen.index for fact in vote.against)
        between = [f for f in losses if f.node == vote.node and start < f.seen.index <= vote.seen.index]
        for cause in (
            *(Cause(fact, contradiction=False) for fact in vote.against),
            *(Cause(Fact(f.text, f.seen), contradiction=True) for f in between),
            Cause(Fact(vote.text, vote.seen), contradiction=True),
        ):
            chain.setdefault((cause.fact.seen.index, cause.fact.text), cause)
    return list(chain.values())


def _earlier(root: Finding, others: Sequence[RuleResult]) -> list[Cause]:
    """The contradictions of other rules that happened before the root's."""
    return [
        Cause(Fact(finding.text, finding.seen), contradiction=True)
        for result in others
        for finding in result.findings
        if finding.seen.before(root.seen)
    ]


def _findings(results: Sequence[RuleResult], rule: str) -> list[Finding]:
    return [finding for result in results if result.rule == rule for finding in result.findings]


def _marked(chain: list[Cause]) -> tuple[Cause, ...]:
    """The chain in causal order, cut to its first lines, its first contradiction marked."""
    ordered = sorted(chain, key=lambda cause: cause.fact.seen.index)[:_CAUSES_MAX]
    first = next((number for number, cause in enumerate(ordered) if cause.contradiction), None)
    return tuple(
        Cause(cause.fact, cause.contradiction, first=number == first) for number, cause in enumerate(ordered)
    )
