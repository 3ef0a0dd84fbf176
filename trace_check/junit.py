"""A report on a trace as JUnit XML: a case for each rule, and one for the log as a whole.

A rule that fails is a failure; a deviation is one with `strict` alone; what could not be checked is skipped,
never passed. A log that could not be judged, or not be read, is an error.
"""

from __future__ import annotations

from pathlib import PurePath

from pymodel.errors import FenceError
from pymodel.report.junit_parts import ERROR, FAILURE, SKIPPED, Case, Suite, render_suite
from trace_check.places import ShortNames
from trace_check.report import Report, order_text, render_text
from trace_check.rules import Outcome, RuleResult
from trace_check.verdict import Verdict

TOOL = "trace-check"
LOG = "log"
"""The case that stands for the log: whether it could be judged."""


def report_junit(report: Report) -> str:
    """`report` as an XML document."""
    names = ShortNames(file.path for file in report.files)
    return render_suite(
        Suite(
            tool=TOOL,
            name=f"{TOOL}.{_subject(report)}",
            cases=[_log_case(report), *(_case(result, report.strict, names) for result in report.rules)],
            properties=[
                ("verdict", report.verdict.name),
                ("exit code", str(report.exit_code)),
                ("format", report.format),
                ("events", str(report.events)),
                ("nodes", ", ".join(report.nodes)),
                ("order", order_text(report)),
                ("fencing", report.fencing),
            ],
            seconds=0.0,
            output=render_text(report),
        )
    )


def error_junit(error: FenceError) -> str:
    """A document for a log that could not be read."""
    case = Case(LOG, ERROR, error.message, type(error).__name__, str(error))
    properties = [("exit code", str(error.exit_code))]
    return render_suite(Suite(TOOL, TOOL, [case], properties, 0.0, str(error)))


def _subject(report: Report) -> str:
    """What tells one recording from another: the folder of the files, or the file if it is alone."""
    paths = [PurePath(file.path) for file in report.files]
    return paths[0].stem if len(paths) == 1 else paths[0].parent.name or "logs"


def _log_case(report: Report) -> Case:
    if report.verdict is not Verdict.INCONCLUSIVE:
        return Case(LOG)
    return Case(LOG, ERROR, report.reasons[0], report.verdict.name, "\n".join(report.reasons))


def _case(result: RuleResult, strict: bool, names: ShortNames) -> Case:
    if result.outcome is Outcome.NOT_CHECKABLE:
        return Case(result.rule, SKIPPED, result.coverage, result.outcome.name, result.coverage)
    failed = result.outcome is Outcome.FAIL or (strict and result.outcome is Outcome.DEVIATION)
    if not failed:
        return Case(result.rule)
    told = [f"{names.at(finding.seen.place)}: {finding.text}" for finding in result.findings]
    more = [f"{result.count - len(told)} more"] if result.count > len(told) else []
    first = result.findings[0].text
    return Case(result.rule, FAILURE, first, result.outcome.name, "\n".join([*told, *more]))
