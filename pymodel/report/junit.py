"""A check's result as JUnit XML: a suite for the cfg, a case per property.

A violation is a failure with its counterexample. What a search that came to no verdict leaves open is an
error, never a pass; what one that stopped at a violation leaves open is skipped. The search checks all
properties at once, so that each case has an equal share of its time.
"""

from __future__ import annotations

from collections.abc import Sequence

from pymodel.engine.result import CheckResult
from pymodel.report.facts import never_fired_text, run_facts
from pymodel.report.junit_parts import ERROR, FAILURE, SKIPPED, Case, Suite, render_suite
from pymodel.report.outcomes import Outcome, Status, outcomes
from pymodel.report.text import render_check, render_counterexample

COVERAGE = "coverage"
"""The case that stands for the actions that have to fire."""

_ELEMENTS = {Status.FAILED: FAILURE, Status.UNKNOWN: ERROR, Status.UNDECIDED: SKIPPED}


def check_junit(result: CheckResult, never_fired: Sequence[str] | None = None) -> str:
    """`result` as an XML document. `never_fired` are the actions that fail the check because they did not
    happen; None if none has to."""
    cases = [_case(outcome) for outcome in outcomes(result)]
    if never_fired is not None:
        cases.append(_coverage_case(never_fired))
    return render_suite(
        Suite(
            tool="pymodel",
            name=f"{result.tool.split()[0].lower()}.{result.cfg}",
            cases=cases,
            properties=[
                ("verdict", result.verdict.name),
                ("exit code", str(result.verdict.value)),
                *((fact.label, fact.text) for fact in run_facts(result)),
            ],
            seconds=result.seconds.get("total", 0.0),
            output=render_check(result),
        )
    )


def _case(outcome: Outcome) -> Case:
    if outcome.status is Status.PASSED:
        return Case(outcome.name)
    cex = outcome.counterexample
    return Case(
        name=outcome.name,
        element=_ELEMENTS[outcome.status],
        message=outcome.reason,
        type=outcome.kind.name if outcome.status is Status.FAILED else outcome.status.name,
        text=render_counterexample(cex, outcome.kind) if cex else outcome.reason,
    )


def _coverage_case(never_fired: Sequence[str]) -> Case:
    if not never_fired:
        return Case(COVERAGE)
    message = never_fired_text(never_fired)
    return Case(COVERAGE, FAILURE, message, "NEVER_FIRED", message)
