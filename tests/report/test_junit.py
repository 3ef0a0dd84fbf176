"""JUnit XML: the elements and attributes that junit-10.xsd has, and never a pass for what is open."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from pymodel.engine.result import CheckResult, Verdict
from pymodel.report.junit import COVERAGE, check_junit
from pymodel.report.text import render_check, render_counterexample

from .fixtures import HOSTILE, collected, hostile_run, passed, violated

CHECKED = ("TypeOK", "ElectionSafety", "AuditFaithful", "VoteStable", "deadlock")
COUNTS = ("tests", "failures", "errors")
# What the schema lets an element have; names with a star it requires.
ATTRIBUTES = {
    "testsuites": {"name", "time", *COUNTS},
    "testsuite": {"name*", "tests*", "failures*", "errors*", "skipped", "time"},
    "properties": set(),
    "property": {"name*", "value*"},
    "testcase": {"name*", "time", "classname"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped"},
}


def document(result: CheckResult, never_fired: tuple[str, ...] | None = None) -> ElementTree.Element:
    """The root, after a look at what the schema says of every element."""
    text = check_junit(result, never_fired)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        known = ATTRIBUTES[element.tag]
        assert {name.removesuffix("*") for name in known} >= set(element.attrib)
        assert {name.removesuffix("*") for name in known if name.endswith("*")} <= set(element.attrib)
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        if "time" in element.attrib:
            assert re.fullmatch(r"\d+\.\d{3}", element.attrib["time"])
    return root


def cases(result: CheckResult, never_fired: tuple[str, ...] | None = None) -> dict[str, str]:
    """Each case's name with the tag of what it has, and "" for one that passes."""
    root = document(result, never_fired)
    return {case.attrib["name"]: (case[0].tag if len(case) else "") for case in root.iter("testcase")}


def test_a_suite_for_the_cfg_with_a_case_for_each_property() -> None:
    root = document(replace(passed(), checked=CHECKED, tool="pymodel"))
    (suite,) = root
    assert suite.attrib["name"] == "pymodel.small"
    assert [suite.attrib[name] for name in (*COUNTS, "skipped")] == ["5", "0", "0", "0"]
    assert [root.attrib[name] for name in COUNTS] == ["5", "0", "0"]
    assert [case.attrib["name"] for case in suite.iter("testcase")] == list(CHECKED)
    assert {case.attrib["classname"] for case in suite.iter("testcase")} == {"pymodel.small"}
    assert not list(root.iter("failure")) + list(root.iter("error")) + list(root.iter("skipped"))


def test_the_suite_says_how_it_was_checked_and_all_that_the_text_says() -> None:
    result = replace(collected(), tool="TLC 2.15")
    (suite,) = document(result)
    assert suite.attrib["name"] == "tlc.mutant_vote_not_persisted"
    properties = {p.attrib["name"]: p.attrib["value"] for p in suite.iter("property")}
    assert (properties["verdict"], properties["exit code"]) == ("INVARIANT", "12")
    assert properties["states"] == "2,345,678 distinct, 121,662 generated"
    assert properties["out-degree"].startswith("1 to 14")
    assert suite.findtext("system-out") == render_check(result)


def test_the_cases_share_the_time() -> None:
    (suite,) = document(replace(passed(), checked=CHECKED[:4], seconds={"total": 10.0}))
    assert suite.attrib["time"] == "10.000"
    assert [case.attrib["time"] for case in suite.iter("testcase")] == ["2.500"] * 4
    (unmeasured,) = document(replace(passed(), checked=CHECKED, seconds={}))
    assert unmeasured.attrib["time"] == "0.000"


def test_each_violation_is_a_failure_with_its_own_counterexample() -> None:
    result = collected()
    root = document(result)
    assert cases(result) == dict.fromkeys(CHECKED, "") | dict.fromkeys(CHECKED[1:4], "failure")
    (suite,) = root
    assert [suite.attrib[name] for name in (*COUNTS, "skipped")] == ["5", "3", "0", "0"]
    failures = list(root.iter("failure"))
    assert [(f.attrib["type"], f.attrib["message"]) for f in failures] == [
        ("INVARIANT", "state 12 violates ElectionSafety"),
        ("INVARIANT", "state 12 violates AuditFaithful"),
        ("PROPERTY", "the behaviour up to state 25 violates VoteStable"),
    ]
    assert failures[2].text == render_counterexample(result.continued[1], Verdict.PROPERTY)


def test_what_the_search_did_not_get_to_is_skipped() -> None:
    result = replace(violated(), checked=CHECKED)
    assert cases(result) == dict.fromkeys(CHECKED, "skipped") | dict.fromkeys(CHECKED[1:3], "failure")
    (suite,) = document(result)
    assert suite.attrib["skipped"] == "3"
    audit = next(case for case in suite.iter("testcase") if case.attrib["name"] == "AuditFaithful")
    assert audit.findtext("failure") == "AuditFaithful is violated at the same depth as ElectionSafety"


@pytest.mark.parametrize("verdict", [Verdict.UNDETERMINED, Verdict.ERROR])
@pytest.mark.parametrize("checked", [CHECKED, ()])
def test_without_a_verdict_no_case_is_green(verdict: Verdict, checked: tuple[str, ...]) -> None:
    result = replace(passed(), verdict=verdict, checked=checked, detail="ended by the limit of 9 s")
    found = cases(result)
    assert set(found.values()) == {"error"}
    assert len(found) == max(1, len(checked))
    (suite,) = document(result)
    assert suite.attrib["errors"] == suite.attrib["tests"] == str(len(found))
    assert suite.findtext("testcase/error") == "not decided: ended by the limit of 9 s"


def test_the_actions_that_have_to_fire_are_a_case() -> None:
    result = replace(passed(), checked=("TypeOK",))
    assert cases(result, ()) == {"TypeOK": "", COVERAGE: ""}
    assert cases(result, ("LeaseExpire",)) == {"TypeOK": "", COVERAGE: "failure"}
    (suite,) = document(result, ("LeaseExpire", "Restart"))
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "1")
    assert suite.findtext("testcase/failure") == "2 actions never fired: LeaseExpire, Restart"


@pytest.mark.parametrize("text", [*HOSTILE, "nul \0 bell \a surrogate \ud800 \ufffe"])
def test_hostile_texts_stay_texts(text: str) -> None:
    result = replace(
        violated(), cfg=text, violated=text, checked=(text,), detail=text, counterexample=hostile_run(text)
    )
    root = document(result)
    assert len(list(root.iter("testcase"))) == 2
    shown = root.find("testsuite/testcase")
    assert shown is not None
    if text.isprintable():
        assert shown.attrib["name"] == text
    else:
        assert shown.attrib["name"] == r"nul \x00 bell \x07 surrogate \ud800 \ufffe"
