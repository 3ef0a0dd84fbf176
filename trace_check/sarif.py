"""A report on a trace as SARIF 2.1.0: a rule for each rule, a result for each finding at its line of the log,
the chain that led to the root as its code flow.

A log that could not be judged is a result of its own: a log without results would say that all is well.
Source: OASIS SARIF 2.1.0; sections are numbered as there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pymodel import __version__
from pymodel.errors import FenceError
from pymodel.report.sarif_parts import bases, message, physical, render_log
from trace_check.event import Place
from trace_check.explain import Explanation
from trace_check.report import Report, impact_lines
from trace_check.rules import RULES, Fact, Finding, Kind, Outcome, RuleResult
from trace_check.tiers import REPLAY, SUMMARY
from trace_check.verdict import Verdict

NO_VERDICT = "no-verdict"
_HELP = "trace-check validate --html FILE writes a page with a lane for each node."


def report_sarif(report: Report, base: Path) -> str:
    """`report` as an indented SARIF log; addresses are relative to `base`, an absolute path."""
    rules = [_rule(rule.name, rule.summary, rule.kind) for rule in RULES]
    rules.append(_rule(REPLAY, SUMMARY, Kind.CONFORMANCE))
    rules.append(_rule(NO_VERDICT, "the log can be judged", Kind.SAFETY))
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    results = [
        _result(result, finding, report, index, base)
        for result in report.rules
        if result.outcome in (Outcome.FAIL, Outcome.DEVIATION)
        for finding in result.findings
    ]
    if report.verdict is Verdict.INCONCLUSIVE:
        results += [_doubt(reason, report, index, base) for reason in report.reasons]
    run = {
        "tool": {"driver": {"name": "trace-check", "version": __version__, "rules": rules}},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": bases(base),
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {"verdict": report.verdict.value, "events": report.events, "format": report.format},
    }
    return render_log(run)


def error_sarif(error: FenceError, base: Path) -> str:
    """A log for logs that could not be read: no result, and a run that did not succeed."""
    note: dict[str, Any] = {"level": "error", "message": message(str(error))}
    if error.path is not None:
        place = physical(_absolute(str(error.path), base), error.line or 1, base)
        note["locations"] = [{"physicalLocation": place}]
    invocation = {
        "executionSuccessful": False,
        "exitCode": error.exit_code,
        "toolExecutionNotifications": [note],
    }
    driver = {"name": "trace-check", "version": __version__}
    return render_log({"tool": {"driver": driver}, "invocations": [invocation], "results": []})


def _rule(name: str, summary: str, kind: Kind) -> dict[str, Any]:
    text = f"{summary[:1].upper()}{summary[1:]}."
    return {
        "id": name,
        "shortDescription": message(text),
        "fullDescription": message(text),
        "help": message(_HELP),
        "defaultConfiguration": {"level": _level(kind)},
    }


def _level(kind: Kind) -> str:
    return "error" if kind is Kind.SAFETY else "warning"


def _invocation(report: Report) -> dict[str, Any]:
    """Section 3.20: a check without a verdict did not succeed as a run, one that rejects did."""
    notes = [{"level": "note", "message": message(note)} for note in report.notes]
    return {
        "executionSuccessful": report.verdict is not Verdict.INCONCLUSIVE,
        "exitCode": report.exit_code,
        "exitCodeDescription": report.verdict.value,
        "toolExecutionNotifications": notes,
    }


def _result(
    result: RuleResult, finding: Finding, report: Report, index: dict[str, int], base: Path
) -> dict[str, Any]:
    """Section 3.27. The fingerprint stays when lines move."""
    why = report.explanation
    root = why is not None and finding == why.finding
    text = f"{finding.text}."
    if root and why is not None:
        text = " ".join([text, *(f"Impact: {line}." for line in impact_lines(why))])
    found = {
        "ruleId": result.rule,
        "ruleIndex": index[result.rule],
        "kind": "fail",
        "level": _level(result.kind),
        "message": message(text),
        "locations": [_location(finding.seen.place, base)],
        "relatedLocations": [_told(fact, base) for fact in finding.against],
        "partialFingerprints": {"ruleFinding/v1": f"{result.rule}:{finding.text}"},
    }
    if root and why is not None:
        found["codeFlows"] = [{"threadFlows": [{"locations": _flow(why, base)}]}]
    return found


def _doubt(reason: str, report: Report, index: dict[str, int], base: Path) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": NO_VERDICT,
        "ruleIndex": index[NO_VERDICT],
        "kind": "fail",
        "level": "error",
        "message": message(f"{reason}."),
    }
    if report.files:
        found["locations"] = [_location(Place(report.files[0].path, 1), base)]
    return found


def _flow(why: Explanation, base: Path) -> list[dict[str, Any]]:
    """Section 3.38: the causes in causal order, and the finding."""
    facts = [*(cause.fact for cause in why.causes), *why.finding.against]
    unique = {(fact.seen.index, fact.text): fact for fact in facts}
    steps = [unique[key] for key in sorted(unique)] + [Fact(why.finding.text, why.finding.seen)]
    return [
        {
            "location": _told(fact, base),
            "executionOrder": number,
            "importance": "essential" if number == len(steps) else "important",
        }
        for number, fact in enumerate(steps, start=1)
    ]


def _told(fact: Fact, base: Path) -> dict[str, Any]:
    return {**_location(fact.seen.place, base), "message": message(fact.text)}


def _location(place: Place, base: Path) -> dict[str, Any]:
    return {"physicalLocation": physical(_absolute(place.path, base), place.line, base)}


def _absolute(path: str, base: Path) -> Path:
    return base / Path(path)
