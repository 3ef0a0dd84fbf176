"""What `check` and `tlc` hand to other programs: formats, ITF files, and the exit for what never fired."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli_stub import DUMMY, run, stub

from pymodel.check import check
from pymodel.engine.result import CheckResult, Counterexample, Coverage, Step, Verdict
from pymodel.raft.model import RAFT
from pymodel.specfiles import find_cfg

TINY, MUTANT, PROPERTY = "tiny", "mutant_vote_cleared", "ElectionSafety"
IDLE = (
    "InstallSnapshot",
    "HandleInstallSnapshotRequest",
    "HandleInstallSnapshotResponse",
    "DropStaleResponse",
    "SampleQuorum",
    "Restart",
)
"""The actions that tiny has not: one term, no snapshot to send, no samples and no faults."""


def checked(monkeypatch: pytest.MonkeyPatch, **fields: object) -> CheckResult:
    """The result that the command is made to find: as DUMMY, with three of the model's actions."""
    coverage = (Coverage("Timeout", 5, 2), Coverage("Tick", 0, 0), Coverage("Restart", 0, 0))
    result = replace(DUMMY, coverage=coverage, **fields)  # type: ignore[arg-type]
    stub(monkeypatch, "pymodel.check.check", result)
    return result


# What was checked


def test_the_result_names_what_was_checked() -> None:
    result = check(find_cfg(TINY))
    assert result.checked[:2] == ("TypeOK", "ElectionSafety")
    assert result.checked[-1] == "deadlock"
    assert "VoteStable" in result.properties
    assert result.checked == (
        *(n for n in result.checked if n in RAFT.invariants),
        *result.properties,
        "deadlock",
    )
    assert result.complete
    assert "deadlock" not in check(find_cfg(TINY), check_deadlock=False).checked


def test_a_search_that_stopped_is_not_complete() -> None:
    assert not check(find_cfg(MUTANT)).complete


# Formats


def test_junit_on_stdout() -> None:
    answer = run("check", MUTANT, "--format", "junit")
    assert answer.exit_code == Verdict.INVARIANT.value
    (suite,) = ElementTree.fromstring(answer.stdout)
    assert suite.attrib["name"] == f"pymodel.{MUTANT}"
    failed = [case.attrib["name"] for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == [PROPERTY]


def test_sarif_on_stdout_points_into_the_spec() -> None:
    answer = run("check", MUTANT, "--format", "sarif")
    assert answer.exit_code == Verdict.INVARIANT.value
    (found,) = json.loads(answer.stdout)["runs"][0]["results"]
    (place,) = found["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("Properties.tla")
    locations = found["codeFlows"][0]["threadFlows"][0]["locations"]
    assert len(locations) == 13
    assert all("RaftFencing.tla" in str(at["location"]["physicalLocation"]) for at in locations)


def test_sarif_addresses_are_relative_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg = tmp_path / "mine.cfg"
    cfg.write_text(find_cfg(MUTANT).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (found,) = json.loads(run("check", cfg, "--format", "sarif").stdout)["runs"][0]["results"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "mine.cfg"


@pytest.mark.parametrize("format", ["junit", "sarif"])
def test_undetermined_is_not_green(format: str) -> None:
    answer = run("check", "small", "--max-states", 10, "--format", format)
    assert answer.exit_code == Verdict.UNDETERMINED.value
    assert ("<error " if format == "junit" else '"no-verdict"') in answer.stdout


@pytest.mark.parametrize("format", ["junit", "sarif"])
def test_tlc_has_the_same_formats(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, "pymodel.tlc.locate.locate", None)
    stub(monkeypatch, "pymodel.tlc.check.tlc_check", replace(DUMMY, tool="TLC 2.15", checked=("TypeOK",)))
    answer = run("tlc", TINY, "--format", format)
    assert answer.exit_code == 0
    assert "TypeOK" in answer.stdout
    assert ("tlc.stub" if format == "junit" else '"TLC"') in answer.stdout


# ITF


def test_itf_holds_the_counterexample(tmp_path: Path) -> None:
    path = tmp_path / "cex.itf.json"
    answer = run("check", MUTANT, "-q", "--itf", path)
    assert answer.stderr == f"wrote {path}\n"
    trace = json.loads(path.read_text(encoding="utf-8"))
    assert (trace["#meta"]["source"], len(trace["states"])) == (MUTANT, 13)
    assert trace["states"][0]["role"]["#map"][0] == ["s1", "Follower"]


def test_itf_without_a_counterexample_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cex.itf.json"
    answer = run("check", TINY, "-q", "--itf", path)
    assert answer.stderr == f"no counterexample: {path} is not written\n"
    assert not path.exists()


def test_a_file_for_one_counterexample_says_so_if_there_are_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Counterexample(name, (Step("Init", {}, {"x": 1}),)) for name in ("One", "Two"))
    checked(monkeypatch, verdict=Verdict.INVARIANT, violated="One", counterexample=first, continued=(second,))
    itf, html = tmp_path / "cex.itf.json", tmp_path / "cex.html"
    answer = run("check", TINY, "-q", "--itf", itf, "--html", html)
    assert answer.stderr.splitlines() == [
        f"wrote {html}",
        f"wrote {itf}",
        f"{itf} shows One alone, --html all",
    ]


# What never fired


def test_an_action_that_never_fired_fails_the_check_on_request() -> None:
    assert run("check", TINY).exit_code == 0
    answer = run("check", TINY, "-q", "--fail-on-never-fired")
    assert answer.exit_code == 4
    assert answer.stdout == "OK: no violation in any reachable state\n"
    assert f"error: {len(IDLE)} actions never fired: {', '.join(IDLE)}\n  mend: " in answer.stderr


def test_expected_ones_are_allowed_and_the_rest_is_named() -> None:
    every = run("check", TINY, "-q", "--allow-never-fired", ",".join(IDLE))
    assert (every.exit_code, every.stderr) == (0, "")
    rest = [action for action in IDLE if action not in ("DropStaleResponse", "Restart")]
    allowed = ("--allow-never-fired", ", ".join(rest[:-1]), "--allow-never-fired", rest[-1])
    some = run("check", TINY, "-q", "--fail-on-never-fired", *allowed)
    assert some.exit_code == 4
    assert "error: 2 actions never fired: DropStaleResponse, Restart\n" in some.stderr


def test_an_action_disabled_by_a_swap_still_has_to_be_allowed(tmp_path: Path) -> None:
    cfg = tmp_path / "swapped.cfg"
    text = find_cfg(TINY).read_text(encoding="utf-8")
    cfg.write_text(
        text.replace("CONSTRAINT", "  CandidateLogUpToDate <- False2\nCONSTRAINT"), encoding="utf-8"
    )
    answer = run("check", cfg, "-q", "--allow-never-fired", ",".join(IDLE))
    assert answer.exit_code == 4
    assert "BecomeLeader" in answer.stderr


def test_an_unknown_action_is_refused_before_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    search = stub(monkeypatch, "pymodel.check.check", DUMMY)
    answer = run("check", TINY, "--allow-never-fired", "Restart,Fly")
    assert answer.exit_code == 2
    assert "no action of the name 'Fly'" in answer.stderr
    assert all(action.name in answer.stderr for action in RAFT.actions)
    assert search.arguments == ()


def test_an_allowed_action_that_fired_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    checked(monkeypatch)
    answer = run("check", TINY, "--allow-never-fired", "Timeout,Tick,Restart")
    assert answer.exit_code == 0
    assert answer.stderr == "note: --allow-never-fired names what fired: Timeout\n"


@pytest.mark.parametrize("verdict", [Verdict.INVARIANT, Verdict.UNDETERMINED])
def test_another_verdict_keeps_its_exit_code(verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    checked(monkeypatch, verdict=verdict)
    answer = run("check", TINY, "--fail-on-never-fired")
    assert answer.exit_code == verdict.value
    assert "error:" not in answer.stderr


def test_the_formats_show_what_never_fired(monkeypatch: pytest.MonkeyPatch) -> None:
    checked(monkeypatch, checked=("TypeOK",))
    line = ("check", TINY, "--allow-never-fired", "Tick", "--format")
    junit, sarif = run(*line, "junit"), run(*line, "sarif")
    assert (junit.exit_code, sarif.exit_code) == (4, 4)
    assert ElementTree.fromstring(junit.stdout).findtext(".//failure") == "1 action never fired: Restart"
    (found,) = json.loads(sarif.stdout)["runs"][0]["results"]
    assert (found["ruleId"], found["message"]["text"]) == ("never-fired", "Restart never fired in stub.")
    assert "coverage" not in [
        case.attrib["name"]
        for case in ElementTree.fromstring(run("check", TINY, "--format", "junit").stdout).iter("testcase")
    ]
