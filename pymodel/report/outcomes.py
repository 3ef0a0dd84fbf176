"""What became of each thing that a check was to check, for formats that list them one by one.

A search that stops at a violation has decided nothing about the rest, and one that came to no verdict
nothing at all. Neither counts as passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pymodel.engine.result import DEADLOCK, CheckResult, Counterexample, Verdict
from pymodel.report.facts import verdict_subject, why_title

SEARCH = "search"
"""Stands for the check as a whole where it failed and names nothing that it checked."""


class Status(Enum):
    """PASSED: holds in every reachable state. UNDECIDED: the search stopped at another violation.
    UNKNOWN: it stopped without a verdict."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """One thing checked. `kind` is the verdict that its violation has; `reason` is empty if it passed."""

    name: str
    kind: Verdict
    status: Status
    reason: str = ""
    counterexample: Counterexample | None = None


def outcomes(result: CheckResult) -> tuple[Outcome, ...]:
    """One for each name in `checked`, in its order, then for what failed and is not among them."""
    failed = _failed(result)
    names = dict.fromkeys((*result.checked, *failed))
    if not names and _no_verdict(result):
        names = {SEARCH: None}
    return tuple(
        _failure(result, name, failed[name]) if name in failed else _rest(result, name) for name in names
    )


def counterexamples(result: CheckResult) -> tuple[Counterexample, ...]:
    """All of them, the one that the verdict is about first."""
    return (*((result.counterexample,) if result.counterexample else ()), *result.continued)


def kind_of(result: CheckResult, name: str) -> Verdict:
    """The verdict that a violation of `name` has: what the result says of the one it is about, otherwise
    by where the cfg lists it."""
    if name == result.violated:
        return result.verdict
    if name == DEADLOCK:
        return Verdict.DEADLOCK
    return Verdict.PROPERTY if name in result.properties else Verdict.INVARIANT


def _failed(result: CheckResult) -> dict[str, Counterexample | None]:
    """What is violated, each with its behaviour if there is one."""
    if result.ok or _no_verdict(result):
        return {}
    traces = {cex.violated: cex for cex in reversed(counterexamples(result))}
    names = (result.violated or verdict_subject(result), *result.also_violated, *traces)
    return {name: traces.get(name) for name in names}


def _no_verdict(result: CheckResult) -> bool:
    return result.verdict in (Verdict.UNDETERMINED, Verdict.ERROR)


def _failure(result: CheckResult, name: str, cex: Counterexample | None) -> Outcome:
    kind = kind_of(result, name)
    if cex:
        reason = why_title(cex, kind)
    elif name in result.also_violated:
        reason = f"{name} is violated at the same depth as {result.violated}"
    else:
        reason = result.detail or f"{name} is violated"
    return Outcome(name, kind, Status.FAILED, reason, cex)


def _rest(result: CheckResult, name: str) -> Outcome:
    kind = kind_of(result, name)
    if _no_verdict(result):
        reason = f"not decided: {result.detail or verdict_subject(result)}"
        return Outcome(name, kind, Status.UNKNOWN, reason)
    if result.ok or result.complete:
        return Outcome(name, kind, Status.PASSED)
    stopped = f"not decided: the search stopped at the violation of {verdict_subject(result)}"
    return Outcome(name, kind, Status.UNDECIDED, stopped)
