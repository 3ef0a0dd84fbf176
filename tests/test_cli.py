"""The `pymodel` command and its `check`: what they print, what they write, and how they exit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cli_stub import DUMMY, run, stub

from pymodel import __version__
from pymodel.check import check
from pymodel.engine.goal import Limits
from pymodel.engine.result import Verdict
from pymodel.errors import SpecError
from pymodel.report.data import check_json
from pymodel.specfiles import find_cfg, spec_folder

TINY, MUTANT, PROPERTY = "tiny", "mutant_vote_cleared", "ElectionSafety"
posix = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


# The command as a whole


def test_version() -> None:
    assert run("--version").stdout == f"termfence {__version__}\n"
    answer = subprocess.run([sys.executable, "-m", "pymodel", "--version"], capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (0, f"termfence {__version__}\n")


def test_help_names_every_command() -> None:
    answer = run("--help")
    assert answer.exit_code == 0
    for command in (
        "tour",
        "check",
        "simulate",
        "witness",
        "sweep",
        "tlc",
        "compare",
        "graph",
        "doctor",
        "cfgs",
    ):
        assert f" {command} " in answer.stdout


def test_the_command_line_is_read_without_loading_the_checkers() -> None:
    heavy = ("numpy", "llvmlite", "networkx", "lark", "jinja2", "pymodel.raft", "pymodel.tlc", "trace_check")
    loaded = python(f"import sys, pymodel.cli; print([name for name in {heavy} if name in sys.modules])")
    assert loaded.strip() == "[]"


@pytest.mark.parametrize("line", ["check", "check tiny --max-states 0", "fly", "tlc tiny --workers 0"])
def test_a_wrong_command_line_exits_2(line: str) -> None:
    answer = run(*line.split())
    assert answer.exit_code == 2
    assert "Usage:" in answer.stderr


def test_an_error_shows_its_place_and_mend_on_stderr_and_exits_with_its_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stub(
        monkeypatch, "pymodel.check.check", SpecError("no such thing", mend="write it", path="a.tla", line=7)
    )
    answer = run("check", TINY)
    assert answer.exit_code == SpecError.exit_code
    assert answer.stderr == "error: a.tla:7: no such thing\n  mend: write it\n"
    assert answer.stdout == ""


def test_an_unknown_cfg_name_exits_151_with_the_nearest_one() -> None:
    answer = run("check", "tinny")
    assert answer.exit_code == 151
    assert answer.stderr.startswith("error: ")
    assert "did you mean tiny" in answer.stderr


def test_a_cfg_that_does_not_parse_is_placed(tmp_path: Path) -> None:
    cfg = tmp_path / "broken.cfg"
    cfg.write_text("SPECIFICATION Spec\nINVARIANTT TypeOK\n", encoding="utf-8")
    answer = run("check", cfg)
    assert answer.exit_code == 151
    assert f"{cfg}:2: " in answer.stderr


def test_ctrl_c_exits_130_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, "pymodel.check.check", KeyboardInterrupt())
    answer = run("check", TINY)
    assert answer.exit_code == 130
    assert "interrupted" in answer.stderr


def test_an_unexpected_exception_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, "pymodel.check.check", ZeroDivisionError("a bug"))
    assert isinstance(run("check", TINY).exception, ZeroDivisionError)


# check


def test_check_prints_a_violation_with_its_counterexample_and_exits_12() -> None:
    answer = run("check", MUTANT)
    assert answer.exit_code == Verdict.INVARIANT.value
    head, *rest = answer.stdout.splitlines()
    assert head == f"INVARIANT VIOLATED: {PROPERTY}"
    assert f"Counterexample to {PROPERTY}, 13 states" in rest
    assert answer.stderr == ""
    assert "\x1b" not in answer.stdout


def test_check_takes_a_path_as_well_as_a_name() -> None:
    answer = run("check", spec_folder() / "tiny.cfg")
    assert answer.exit_code == 0
    assert answer.stdout.startswith("OK: ")


def test_quiet_prints_the_verdict_alone() -> None:
    assert run("check", MUTANT, "--quiet").stdout == f"INVARIANT VIOLATED: {PROPERTY}\n"


def test_a_limit_ends_undetermined_and_exits_3() -> None:
    answer = run("check", TINY, "--max-states", 10)
    assert answer.exit_code == Verdict.UNDETERMINED.value
    assert "UNDETERMINED" in answer.stdout
    assert "the limit of 10 states" in answer.stdout


@pytest.mark.parametrize("verdict", Verdict)
def test_the_exit_code_is_the_verdict(verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, "pymodel.check.check", replace(DUMMY, verdict=verdict))
    assert run("check", TINY).exit_code == verdict.value


@pytest.mark.parametrize(
    ("line", "check_deadlock", "limits"),
    [
        ("", None, Limits()),
        ("--no-check-deadlock --timeout 2.5", False, Limits(timeout_s=2.5)),
        ("--check-deadlock --max-states 7", True, Limits(max_states=7)),
    ],
)
def test_options_reach_the_search(
    line: str, check_deadlock: bool | None, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = stub(monkeypatch, "pymodel.check.check", DUMMY)
    assert run("check", TINY, *line.split()).exit_code == 0
    assert search.arguments == (find_cfg(TINY),)
    assert (search.options["check_deadlock"], search.options["limits"]) == (check_deadlock, limits)


def test_json_holds_the_whole_result() -> None:
    answer = run("check", MUTANT, "--format", "json")
    assert answer.exit_code == Verdict.INVARIANT.value
    found = json.loads(answer.stdout)
    expected = check(find_cfg(MUTANT))
    assert (found["verdict"], found["exit_code"], found["violated"]) == ("INVARIANT", 12, PROPERTY)
    assert (found["distinct"], found["depth"]) == (expected.distinct, expected.depth)
    assert {row["action"] for row in found["coverage"]} == {row.action for row in expected.coverage}
    cex = found["counterexample"]
    assert expected.counterexample is not None
    assert cex["length"] == len(cex["steps"]) == 13
    assert cex["witness"] == list(expected.counterexample.witness)
    first, second, *_, last = cex["steps"]
    assert (first["action"], first["params"]) == ("Init", {})
    assert first["state"]["currentTerm"] == {"s1": 0, "s2": 0, "s3": 0}
    assert first["state"]["log"] == {"s1": [], "s2": [], "s3": []}
    assert first["state"]["messages"] == []
    assert second["params"] == {"i": "s1"}
    assert second["state"]["votesGranted"]["s1"] == ["s1"]
    assert last["state"]["role"] == {"s1": "Follower", "s2": "Leader", "s3": "Follower"}


def test_json_has_no_counterexample_where_there_is_none() -> None:
    found = json.loads(check_json(DUMMY))
    assert found["counterexample"] is None
    assert (found["verdict"], found["exit_code"]) == ("OK", 0)


def test_check_writes_page_diagram_and_dot(tmp_path: Path) -> None:
    html, svg, dot = (tmp_path / f"cex.{suffix}" for suffix in ("html", "svg", "dot"))
    answer = run("check", MUTANT, "--html", html, "--svg", svg, "--dot", dot, "-q")
    assert answer.exit_code == Verdict.INVARIANT.value
    assert answer.stderr.splitlines() == [f"wrote {path}" for path in (html, svg, dot)]
    for path, start in ((html, "<!doctype html>"), (svg, "<svg"), (dot, "digraph")):
        text = path.read_text(encoding="utf-8")
        assert start in text.lower()[:200]
        assert PROPERTY in text


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    svg = tmp_path / "cex.svg"
    answer = run("check", TINY, "--svg", svg)
    assert answer.exit_code == 0
    assert answer.stderr == f"no counterexample: {svg} is not written\n"
    assert not svg.exists()


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "page.html"
    answer = run("check", TINY, "--html", target)
    assert answer.exit_code == 2
    assert f"error: {target}: cannot be written" in answer.stderr


# On a terminal


def on_terminal(stream: str, *arguments: str, **environment: str) -> tuple[str, str]:
    """What the command writes to a terminal that is its `stream`, and what it writes to the other one."""
    leader, follower = os.openpty()
    stdout, stderr = (follower if name == stream else subprocess.PIPE for name in ("stdout", "stderr"))
    command = [sys.executable, "-m", "pymodel", *arguments]
    environment = {**os.environ, "TERM": "xterm", **environment}
    with subprocess.Popen(command, env=environment, stdout=stdout, stderr=stderr) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        other = process.stdout or process.stderr
        rest = other.read() if other else b""
    os.close(leader)
    return shown.decode(), rest.decode()


@posix
def test_progress_goes_to_a_terminal_alone() -> None:
    shown, stdout = on_terminal("stderr", "check", MUTANT)
    assert f"{MUTANT}: depth " in shown
    assert "states/s" in shown
    assert stdout.startswith(f"INVARIANT VIOLATED: {PROPERTY}\n")
    assert on_terminal("stderr", "check", MUTANT, "--quiet")[0] == ""


@posix
def test_colour_on_a_terminal_unless_declined() -> None:
    assert on_terminal("stdout", "check", MUTANT, "-q")[0].startswith("\x1b[")
    assert on_terminal("stdout", "check", MUTANT, "-q", NO_COLOR="1")[0].startswith("INVARIANT")
