"""A check's result as JUnit XML, as Jenkins and GitLab read it: a suite for the cfg, a case per property.

A violation is a failure with its counterexample. What a search that came to no verdict leaves open is an
error, never a pass; what one that stopped at a violation leaves open is skipped. The search checks all
properties at once, so that each case has an equal share of its time: the systems add the cases up.
Source: junit-10.xsd of the Jenkins plugin xunit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from pymodel.engine.result import CheckResult
from pymodel.report.facts import never_fired_text, run_facts
from pymodel.report.outcomes import Outcome, Status, outcomes
from pymodel.report.text import render_check, render_counterexample

COVERAGE = "coverage"
"""The case that stands for the actions that have to fire."""

_ELEMENTS = {Status.FAILED: "failure", Status.UNKNOWN: "error", Status.UNDECIDED: "skipped"}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_junit(result: CheckResult, never_fired: Sequence[str] | None = None) -> str:
    """`result` as an XML document. `never_fired` are the actions that fail the check because they did not
    happen; None if none has to."""
    found = outcomes(result)
    total = result.seconds.get("total", 0.0)
    suite = ElementTree.Element("testsuite", name=_class_name(result), time=f"{total:.3f}")
    _properties(suite, result)
    cases = len(found) + (never_fired is not None)
    share = f"{total / cases if cases else 0:.3f}"
    for outcome in found:
        _case(suite, result, outcome, share)
    if never_fired is not None:
        _coverage_case(suite, result, never_fired, share)
    ElementTree.SubElement(suite, "system-out").text = _text(render_check(result))
    root = ElementTree.Element("testsuites", name="pymodel", time=suite.attrib["time"])
    root.append(suite)
    for name, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{element}"))))
    suite.set("tests", str(cases))
    for name in ("tests", "failures", "errors"):
        root.set(name, suite.attrib[name])
    ElementTree.indent(root)
    return f"{_DECLARATION}\n{ElementTree.tostring(root, encoding='unicode')}\n"


def _class_name(result: CheckResult) -> str:
    """`pymodel.small`: what tells the same cases of another tool and another cfg apart."""
    return _text(f"{result.tool.split()[0].lower()}.{result.cfg}")


def _properties(suite: ElementTree.Element, result: CheckResult) -> None:
    properties = ElementTree.SubElement(suite, "properties")
    facts = [(fact.label, fact.text) for fact in run_facts(result)]
    for name, value in (("verdict", result.verdict.name), ("exit code", str(result.verdict.value)), *facts):
        ElementTree.SubElement(properties, "property", name=name, value=_text(value))


def _case(suite: ElementTree.Element, result: CheckResult, outcome: Outcome, seconds: str) -> None:
    case = _new_case(suite, result, outcome.name, seconds)
    if outcome.status is Status.PASSED:
        return
    note = ElementTree.SubElement(case, _ELEMENTS[outcome.status], message=_text(outcome.reason))
    note.set("type", outcome.kind.name if outcome.status is Status.FAILED else outcome.status.name)
    cex = outcome.counterexample
    note.text = _text(render_counterexample(cex, outcome.kind) if cex else outcome.reason)


def _coverage_case(
    suite: ElementTree.Element, result: CheckResult, never_fired: Sequence[str], seconds: str
) -> None:
    case = _new_case(suite, result, COVERAGE, seconds)
    if never_fired:
        message = _text(never_fired_text(never_fired))
        ElementTree.SubElement(case, "failure", message=message, type="NEVER_FIRED").text = message


def _new_case(
    suite: ElementTree.Element, result: CheckResult, name: str, seconds: str
) -> ElementTree.Element:
    attributes = {"name": _text(name), "classname": _class_name(result), "time": seconds}
    return ElementTree.SubElement(suite, "testcase", attributes)


def _text(text: str) -> str:
    """`text` with what XML cannot hold as a backslash escape."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
