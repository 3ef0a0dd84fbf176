"""Reports for programs: JSON, JUnit and SARIF; original lines as evidence; a log that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tracelogs import at, check, config, line, result, write
from typer.testing import CliRunner

from trace_check import Report, Verdict, render_text, sample, validate
from trace_check.cli import app
from trace_check.junit import LOG, report_junit
from trace_check.rules import RULES, Outcome
from trace_check.sarif import NO_VERDICT, report_sarif
from trace_check.tiers import REPLAY

RUN = CliRunner()
SAFE, BROKEN = sample("failover"), sample("double_vote")


def cases(report: Report) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(report_junit(report))
    return {case.attrib["name"]: case for case in root.iter("testcase")}


def kinds(report: Report) -> dict[str, str]:
    """What became of each case: the tag of its note, empty for a pass."""
    return {name: case[0].tag if len(case) else "" for name, case in cases(report).items()}


def run_of(report: Report, base: Path = Path("/nowhere")) -> dict[str, Any]:
    log = json.loads(report_sarif(report, base))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    return dict(log["runs"][0])


# The original lines


def test_evidence_is_the_original_lines_with_their_neighbours() -> None:
    found = {item.node: item.lines for item in validate(BROKEN).evidence}
    assert {node: [(one.place.line, one.marked) for one in lines] for node, lines in found.items()} == {
        "n3": [(5, False), (6, True), (7, False)],
        "n2": [(5, False), (6, True), (7, False)],
        "n1": [(2, False), (3, True), (4, False), (5, False), (6, True), (7, True), (8, False)],
    }
    texts = BROKEN[0].read_text().splitlines()
    assert [one.text for one in found["n1"]] == [texts[one.place.line - 1] for one in found["n1"]]


def test_evidence_in_one_file_takes_neighbours_of_the_same_node(tmp_path: Path) -> None:
    report = check(
        tmp_path,
        config("n1", "n2"),
        at("n1", "candidate", 1, ts=1.0),
        at("n2", "follower", 0, ts=1.5),
        at("n1", "leader", 1, ts=2.0),
        at("n2", "follower", 1, ts=2.5),
        at("n2", "leader", 1, ts=3.0),
        at("n1", "leader", 1, ts=4.0),
    )
    lines = {item.node: [one.place.line for one in item.lines] for item in report.evidence}
    assert lines == {"n2": [5, 6], "n1": [2, 4, 7]}


def test_text_shows_long_lines_cut_and_marks_those_that_are_named(tmp_path: Path) -> None:
    report = check(tmp_path, {**at("n1", "leader", 1), "note": "x" * 500}, at("n2", "leader", 1))
    text = render_text(report)
    assert "\nlines of n2\n> all.ndjson:2  {" in text
    assert all(len(row) < 300 for row in text.splitlines())
    assert "…" in text
    assert all("x" * 500 in one.text for item in report.evidence if item.node == "n1" for one in item.lines)


def test_an_accepted_log_needs_no_evidence() -> None:
    assert validate(SAFE).evidence == ()


# JUnit


def test_junit_of_a_rejection() -> None:
    report = validate(BROKEN)
    found = kinds(report)
    assert set(found) == {LOG, REPLAY, *(rule.name for rule in RULES)}
    assert {name for name, kind in found.items() if kind == "failure"} == {
        "ElectionSafety",
        "OkIsChosen",
        "VoteStable",
        "TermMonotonic",
    }
    assert found[LOG] == ""
    assert found["NoAckToStale"] == "skipped"
    note = cases(report)["ElectionSafety"][0]
    assert note.attrib == {"message": "n3 leads term 1", "type": "FAIL"}
    assert note.text == "n3.ndjson:6: n3 leads term 1"
    suite = ElementTree.fromstring(report_junit(report))[0]
    assert suite.attrib["name"] == "trace-check.double_vote"
    assert int(suite.attrib["failures"]) == 4
    assert suite.findtext("system-out", "").startswith("REJECTED  ElectionSafety")


@pytest.mark.parametrize(("strict", "kind"), [(False, ""), (True, "failure")])
def test_junit_counts_a_deviation_as_a_failure_only_if_strict(strict: bool, kind: str) -> None:
    assert kinds(validate(SAFE, strict=strict))["StaleRejected"] == kind


def test_junit_of_a_log_that_cannot_be_judged(tmp_path: Path) -> None:
    report = check(tmp_path, config("n1", "n2"), at("n1", "follower", 1))
    assert report.verdict is Verdict.INCONCLUSIVE
    note = cases(report)[LOG][0]
    assert (note.tag, note.attrib["type"]) == ("error", "INCONCLUSIVE")
    assert "node n2 is declared" in note.attrib["message"]


# SARIF


def test_sarif_of_a_rejection() -> None:
    run = run_of(validate(BROKEN), Path.cwd())
    results = run["results"]
    assert [(item["ruleId"], item["level"]) for item in results] == [
        ("ElectionSafety", "error"),
        ("OkIsChosen", "error"),
        ("VoteStable", "error"),
        ("TermMonotonic", "error"),
        *[("Replay", "warning")] * 3,
    ]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[item["ruleIndex"]]["id"] == item["ruleId"] for item in results)
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 6}
    assert place["artifactLocation"]["uri"].endswith("/n3.ndjson")
    steps = results[0]["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == [
        "n1 voted n3 in term 1",
        "n1 restarted with term 0, was 1",
        "n1 voted n2 in term 1",
        "term 1 already led by n2",
        "n3 leads term 1",
    ]
    assert "Impact: put x=by-second acknowledged by n2 in term 1." in results[0]["message"]["text"]
    assert run["invocations"][0]["exitCode"] == 1
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_addresses_are_relative_below_the_base_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "my log.ndjson", [at("n1", "leader", 1), at("n2", "leader", 1)])
    report = validate([path])
    near = run_of(report, tmp_path)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert near == {"uri": "my%20log.ndjson", "uriBaseId": "%SRCROOT%"}
    far = run_of(report)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert far == {"uri": path.as_uri()}


def test_sarif_of_deviations_warns() -> None:
    results = run_of(validate(SAFE))["results"]
    assert [(item["ruleId"], item["level"]) for item in results] == [("StaleRejected", "warning")]


def test_sarif_of_a_log_that_cannot_be_judged_has_a_result(tmp_path: Path) -> None:
    run = run_of(check(tmp_path, config("n1", "n2"), at("n1", "follower", 1)))
    assert [item["ruleId"] for item in run["results"]] == [NO_VERDICT]
    assert run["invocations"][0]["executionSuccessful"] is False


# The command


@pytest.mark.parametrize("kind", ["json", "junit", "sarif"])
def test_command_prints_each_format_and_exits_with_the_verdict(kind: str) -> None:
    run = RUN.invoke(app, ["validate", "--format", kind, *map(str, BROKEN)])
    report = validate(BROKEN)
    assert run.exit_code == 1
    if kind == "junit":
        assert run.stdout == report_junit(report)
    elif kind == "sarif":
        assert json.loads(run.stdout) == json.loads(report_sarif(report, Path.cwd()))
    else:
        data = json.loads(run.stdout)
        assert data["evidence"][0]["lines"][1]["text"].startswith('{"ts":')
        assert data["explanation"]["impact"][0]["writes"] == ["put x=by-second"]


def test_a_log_that_cannot_be_read_is_told_in_every_format(tmp_path: Path) -> None:
    path = tmp_path / "all.ndjson"
    path.write_text('{"node":"n1","event":"state"}\n{broken\n{"node":"n1","event":"state"}\n')

    def run(kind: str) -> str:
        answer = RUN.invoke(app, ["validate", "--format", kind, str(path)])
        assert answer.exit_code == 2
        assert f"{path}:2: invalid JSON" in answer.stderr
        return answer.stdout

    assert run("text") == ""
    data = json.loads(run("json"))
    assert (data["verdict"], data["exit_code"], data["error"]["line"]) == (None, 2, 2)
    assert data["error"]["path"] == str(path)
    case = next(ElementTree.fromstring(run("junit")).iter("testcase"))
    assert (case[0].tag, case[0].attrib["type"]) == ("error", "InvalidJson")
    (ran,) = json.loads(run("sarif"))["runs"]
    note = ran["invocations"][0]["toolExecutionNotifications"][0]
    assert ran["invocations"][0]["executionSuccessful"] is False
    assert note["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}


def test_rules_that_saw_nothing_are_no_passes(tmp_path: Path) -> None:
    report = check(tmp_path, line("n1", "init"), at("n1", "follower", 1))
    open_rules = [rule.name for rule in RULES if result(report, rule.name).outcome is Outcome.NOT_CHECKABLE]
    assert open_rules
    assert {kinds(report)[name] for name in open_rules} == {"skipped"}
