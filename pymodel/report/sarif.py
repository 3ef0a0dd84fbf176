"""A check's result as SARIF 2.1.0, for code scanning and editors: a rule for each property that was checked,
a result for each that is violated, with the counterexample as its code flow.

A check that came to no verdict is a result of its own, and so is an action that had to fire and did not:
a log without results would say that all is well.
Source: OASIS SARIF 2.1.0; sections are numbered as there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pymodel import __version__
from pymodel.engine.result import CheckResult, Counterexample, Verdict
from pymodel.errors import CoverageError
from pymodel.report.diff import diff_states
from pymodel.report.facts import all_warnings, run_facts, verdict_subject, verdict_word
from pymodel.report.outcomes import Outcome, Status, outcomes
from pymodel.report.places import Place, Places
from pymodel.report.pretty import compact, printable
from pymodel.report.sarif_parts import bases, message, physical, render_log
from pymodel.report.step_title import step_title
from pymodel.report.text import change_lines
from pymodel.values import State

NO_VERDICT, NEVER_FIRED = "no-verdict", "never-fired"
_MEANINGS = {
    Verdict.INVARIANT: "The invariant {} holds in every reachable state.",
    Verdict.PROPERTY: "The property {} holds of every behaviour.",
    Verdict.DEADLOCK: "Every reachable state has a successor.",
    Verdict.ASSUMPTION: "The assumption {} holds of the constants.",
}
_HELP = "pymodel check CFG --html FILE writes the counterexample as a page with a diagram."


@dataclass(frozen=True)
class _Finding:
    """A result to be: `subject` is the name in whose places it is shown."""

    rule: str
    subject: str
    text: str
    counterexample: Counterexample | None = None


def check_sarif(result: CheckResult, places: Places, never_fired: Sequence[str] | None = None) -> str:
    """`result` as an indented SARIF log of one run. `never_fired` are the actions that fail the check
    because they did not happen; None if none has to."""
    found = outcomes(result)
    findings = [
        _Finding(o.name, o.name, _violation_text(o), o.counterexample)
        for o in found
        if o.status is Status.FAILED
    ]
    rules = {
        o.name: _MEANINGS.get(o.kind, "{}").format(o.name)
        for o in found
        if o.status is Status.FAILED or o.name in result.checked
    }
    if _no_verdict(result):
        rules[NO_VERDICT] = "The check comes to a verdict."
        text = f"{result.cfg} is not decided: {result.detail or verdict_subject(result)}."
        findings.append(_Finding(NO_VERDICT, "", text, result.counterexample))
    if never_fired is not None:
        rules[NEVER_FIRED] = "Every action happens in some reachable state, unless it is allowed not to."
        findings += [
            _Finding(NEVER_FIRED, name, f"{name} never fired in {result.cfg}.") for name in never_fired
        ]
    index = {rule: position for position, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {**_tool(result), "rules": [_rule(*rule) for rule in rules.items()]}},
        "automationDetails": {"id": f"{_tool(result)['name']}/{result.cfg}/"},
        "invocations": [_invocation(result, bool(never_fired))],
        "originalUriBaseIds": bases(places.base),
        "results": [_result(finding, index[finding.rule], result, places) for finding in findings],
        "columnKind": "unicodeCodePoints",
        "properties": {fact.label: fact.text for fact in run_facts(result)},
    }
    return render_log(run)


def _no_verdict(result: CheckResult) -> bool:
    return result.verdict in (Verdict.UNDETERMINED, Verdict.ERROR)


def _tool(result: CheckResult) -> dict[str, str]:
    """The name and the version: TLC's own, for "TLC 2.15"."""
    name, _, version = result.tool.partition(" ")
    return {"name": name, "version": version or __version__}


def _rule(name: str, meaning: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": message(meaning),
        "fullDescription": message(f"{meaning} It is checked within the bounds of the cfg."),
        "help": message(_HELP),
        "defaultConfiguration": {"level": "error"},
    }


def _invocation(result: CheckResult, never_fired: bool) -> dict[str, Any]:
    """Section 3.20: a check without a verdict did not succeed as a run, one that finds a violation did."""
    description = f"{verdict_word(result)}: {verdict_subject(result)}"
    notes = [{"level": "warning", "message": message(warning)} for warning in all_warnings(result)]
    if _no_verdict(result):
        notes.insert(0, {"level": "error", "message": message(result.detail or description)})
    return {
        "executionSuccessful": not _no_verdict(result),
        "exitCode": CoverageError.exit_code if never_fired else result.verdict.value,
        "exitCodeDescription": description,
        "toolExecutionNotifications": notes,
    }


def _violation_text(outcome: Outcome) -> str:
    """`State 13 violates ElectionSafety, with i = s1; j = s2.`"""
    witness = outcome.counterexample.witness if outcome.counterexample else ()
    values = f", with {'; '.join(witness)}" if witness else ""
    return f"{outcome.reason[:1].upper()}{outcome.reason[1:]}{values}."


def _result(finding: _Finding, index: int, result: CheckResult, places: Places) -> dict[str, Any]:
    """Section 3.27. The fingerprint stays when lines move."""
    first, *more = places.of(finding.subject)
    found = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "kind": "fail",
        "level": "error",
        "message": message(finding.text),
        "locations": [_location(first, finding.subject, places)],
        "relatedLocations": [_related(place, finding.subject, places) for place in more],
        "partialFingerprints": {"cfgRuleSubject/v1": f"{result.cfg}:{finding.rule}:{finding.subject}"},
    }
    if cex := finding.counterexample:
        found["codeFlows"] = [{"threadFlows": [{"locations": list(_flow(cex, places))}]}]
    return found


def _flow(cex: Counterexample, places: Places) -> Iterator[dict[str, Any]]:
    """Section 3.38: a step each, at the definition of its action, with the whole state after it."""
    before: State | None = None
    for number, step in enumerate(cex.steps, 1):
        changes = () if before is None else diff_states(before, step.state)
        what = f": {'; '.join(change_lines(changes))}" if before is not None else ""
        location = _location(places.of(step.action)[0], step.action, places)
        location["message"] = message(f"State {number}, {step_title(step, changes)}{what}")
        yield {
            "location": location,
            "executionOrder": number,
            "importance": "essential" if number == cex.length else "important",
            "state": {printable(name): message(compact(value)) for name, value in step.state.items()},
        }
        before = step.state


def _location(place: Place, name: str, places: Places) -> dict[str, Any]:
    """Section 3.28: the file and the line, and the operator if it is one of a module."""
    location: dict[str, Any] = {"physicalLocation": physical(place.path, place.line, places.base)}
    if place.owner:
        full = f"{place.owner}!{name}"
        location["logicalLocations"] = [{"name": name, "fullyQualifiedName": full, "kind": "function"}]
    return location


def _related(place: Place, name: str, places: Places) -> dict[str, Any]:
    return {**_location(place, name, places), "message": message(f"{name} in {place.path.name}.")}
