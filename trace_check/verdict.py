"""Three verdicts: Accepted, Rejected, Inconclusive. A proven contradiction is Rejected, whatever is missing.

A check that saw nothing to check, lines without meaning to the reader and nodes without a log make a trace
that shows no contradiction Inconclusive: silence never passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from trace_check.event import Config
from trace_check.judge import Judge
from trace_check.reader import Gathered
from trace_check.rules import Kind, Outcome, RuleResult


class Verdict(Enum):
    """What a trace check found."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    INCONCLUSIVE = "inconclusive"


def exit_code_of(verdict: Verdict, deviations: bool, strict: bool) -> int:
    """0 accepted, 1 rejected, 3 inconclusive; with `strict` 1 for accepted with deviations too."""
    if verdict is Verdict.INCONCLUSIVE:
        return 3
    return 1 if verdict is Verdict.REJECTED or (strict and deviations) else 0


def doubts(judge: Judge, gathered: Gathered, results: Iterable[RuleResult]) -> tuple[str, ...]:
    """Why the trace cannot be accepted although no rule fails, in words; empty if it can."""
    unmapped = _unmapped(gathered)
    if not judge.events:
        return (*unmapped, "no event was found: there is nothing to check")
    reasons = [*unmapped, *_missing(judge, gathered.configs)]
    safety = [result for result in results if result.kind is Kind.SAFETY]
    reasons += [f"{result.rule}: {doubt}" for result in safety for doubt in result.doubts]
    if safety and all(result.outcome is Outcome.NOT_CHECKABLE for result in safety):
        reasons.append("no safety rule found anything to check")
    return tuple(reasons)


def _missing(judge: Judge, configs: Iterable[Config]) -> list[str]:
    """The nodes that are declared or named in messages, of which there is no line, each with its place."""
    seen = judge.nodes.views
    missing: dict[str, str] = {}
    for config in configs:
        for node in config.nodes:
            if node not in seen:
                missing.setdefault(node, f"node {node} is declared at {config.place}")
    for node, place in judge.mentioned.items():
        if node and node not in seen:
            missing.setdefault(node, f"node {node} is named in a message at {place}")
    return [f"{text}, but no line of it is here" for text in missing.values()]


def verdict_of(results: Iterable[RuleResult], reasons: Sequence[str]) -> Verdict:
    """The verdict of the rules' results and the doubts about the trace."""
    if any(result.outcome is Outcome.FAIL for result in results):
        return Verdict.REJECTED
    return Verdict.INCONCLUSIVE if reasons else Verdict.ACCEPTED


def _unmapped(gathered: Gathered) -> list[str]:
    named = [f"{line.place}: {line.what}: the line was not checked" for line in gathered.unmapped]
    more = gathered.unmapped_count - len(gathered.unmapped)
    return [*named, f"{more} more lines were not checked"] if more else named
