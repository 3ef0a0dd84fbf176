"""The commands that need more than the search: tlc, compare, graph, doctor, cfgs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_stub import DUMMY, run, stub

from pymodel import cli
from pymodel.cfgs import purpose, shipped
from pymodel.check import graph
from pymodel.doctor import Finding, Status
from pymodel.engine.result import Verdict
from pymodel.errors import FenceError, LayoutError, ToolError
from pymodel.parity import Comparison, Row
from pymodel.specfiles import find_cfg, shipped_cfgs, spec_folder
from pymodel.tlc.locate import Toolchain, locate

TINY, MUTANT, PROPERTY = "tiny", "mutant_vote_cleared", "ElectionSafety"


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    try:
        return locate()
    except FenceError as missing:
        pytest.skip(f"the run of TLC was skipped: {missing}")


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny` with a single server: a graph small enough to draw."""
    text = (spec_folder() / "tiny.cfg").read_text(encoding="utf-8")
    assert "Server = {s1, s2}" in text
    path = tmp_path_factory.mktemp("cfg") / "one_server.cfg"
    path.write_text(text.replace("Server = {s1, s2}", "Server = {s1}"), encoding="utf-8")
    return path


# tlc


def test_tlc_reports_in_the_same_form(toolchain: Toolchain) -> None:
    answer = run("tlc", MUTANT, "--format", "json")
    assert answer.exit_code == Verdict.INVARIANT.value
    found = json.loads(answer.stdout)
    assert found["tool"].startswith("TLC ")
    assert (found["violated"], found["counterexample"]["length"]) == (PROPERTY, 13)


def test_tlc_without_a_jar_says_how_to_get_one(tmp_path: Path) -> None:
    answer = run("tlc", TINY, "--jar", tmp_path / "no.jar")
    assert answer.exit_code == ToolError.exit_code
    assert "no.jar: --jar names no file\n  mend: " in answer.stderr


def test_options_reach_tlc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    located = stub(monkeypatch, "pymodel.tlc.locate.locate", "a toolchain")
    tlc = stub(monkeypatch, "pymodel.tlc.check.tlc_check", DUMMY)
    jar, java = tmp_path / "j.jar", tmp_path / "java"
    line = ("--jar", jar, "--java", java, "--workers", 2, "--timeout", 9, "--no-check-deadlock")
    assert run("tlc", TINY, *line).exit_code == 0
    assert located.arguments == (jar, java)
    assert tlc.arguments == (spec_folder() / "MC.tla", find_cfg(TINY))
    del tlc.options["progress"]
    assert tlc.options == {
        "workers": 2,
        "timeout_s": 9,
        "check_deadlock": False,
        "toolchain": "a toolchain",
    }


# compare


def test_compare_without_cfgs_compares_names_and_the_default_cfgs(
    toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(cli.COMPARED) <= set(shipped_cfgs())
    monkeypatch.setattr(cli, "COMPARED", (TINY,))
    answer = run("compare")
    assert answer.exit_code == 0
    assert answer.stdout.startswith("names\n")
    assert "DIFFERENT" not in answer.stdout
    rows = [line.split() for line in answer.stdout.splitlines()]
    assert ["actions", "33", "names", "33", "names", "equal"] in rows
    assert ["labelled", "edges", "2,289", "2,289", "equal"] in rows


@pytest.mark.parametrize(("equal", "exit_code"), [(True, 0), (False, 1)])
def test_compare_exits_1_if_any_cfg_differs(
    equal: bool, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(monkeypatch, "pymodel.tlc.locate.locate", None)
    compared = Comparison(TINY, DUMMY, DUMMY, (Row("depth", "3", "4", equal),))
    compare = stub(monkeypatch, "pymodel.parity.compare", compared)
    answer = run("compare", TINY, "--no-graph")
    assert answer.exit_code == exit_code
    assert "depth" in answer.stdout
    assert "names" not in answer.stdout
    assert compare.arguments == (find_cfg(TINY),)
    assert compare.options["graph"] is False


def test_compare_exits_1_if_names_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, "pymodel.tlc.locate.locate", None)
    stub(monkeypatch, "pymodel.parity.names_rows", (Row("guards", "only here: A", "only here: B", False),))
    monkeypatch.setattr(cli, "COMPARED", ())
    answer = run("compare")
    assert answer.exit_code == 1
    assert "DIFFERENT" in answer.stdout


# graph


def test_graph_prints_states_edges_and_counts_per_action() -> None:
    answer = run("graph", TINY)
    head, components, dead, *rows = answer.stdout.splitlines()
    found = graph(find_cfg(TINY))
    assert head == f"tiny: {len(found.states):,} states (1 initial), {len(found.edges):,} edges"
    assert components == "  strongly connected components: 322, the largest of 19 states, 17 terminal"
    assert dead == "  states without a successor: 0"
    counts = {name: int(count.replace(",", "")) for name, count in map(str.split, rows)}
    assert sum(counts.values()) == len(found.edges)
    assert counts["Tick"] == sum(action == "Tick" for _, action, _ in found.edges)
    assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_graph_as_json_is_the_graph(tmp_path: Path) -> None:
    out = tmp_path / "tiny.json"
    assert run("graph", TINY, "--out", out).exit_code == 0
    found, expected = json.loads(out.read_text(encoding="utf-8")), graph(find_cfg(TINY))
    assert len(found["states"]) == len(expected.states)
    assert found["initial"] == list(expected.initial)
    assert {tuple(edge) for edge in found["edges"]} == expected.edges
    assert found["states"][0]["role"] == {"s1": "Follower", "s2": "Follower"}


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", "<svg"), ("dot", "digraph"), ("html", "<!doctype html>")]
)
def test_a_small_graph_is_drawn(one_server: Path, suffix: str, start: str, tmp_path: Path) -> None:
    out = tmp_path / f"graph.{suffix}"
    answer = run("graph", one_server, "--out", out)
    assert answer.exit_code == 0, answer.stderr
    text = out.read_text(encoding="utf-8")
    assert start in text.lower()[:400]
    assert "BecomeLeader" in text


def test_a_graph_too_large_to_draw_is_an_error(tmp_path: Path) -> None:
    out = tmp_path / "tiny.dot"
    answer = run("graph", TINY, "--out", out)
    assert answer.exit_code == 2
    assert "too many to read as a drawing" in answer.stderr
    assert not out.exists()


def test_a_graph_too_large_to_keep_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pymodel.check.graph", lambda path: graph(path, max_edges=100))
    answer = run("graph", TINY)
    assert answer.exit_code == 2
    assert "more than 100 edges" in answer.stderr


def test_an_unknown_kind_of_graph_file_is_refused_before_the_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched = stub(monkeypatch, "pymodel.check.graph", LayoutError("searched"))
    answer = run("graph", TINY, "--out", "graph.png")
    assert answer.exit_code == 2
    assert ".svg, .dot, .json, .html" in answer.stderr
    assert searched.arguments == ()


# doctor and cfgs


@pytest.mark.parametrize(
    ("name", "status", "exit_code"),
    [
        ("Java", Status.OK, 0),
        ("Java", Status.WARNING, 0),
        ("Java", Status.MISSING, 1),
        ("Graphviz", Status.MISSING, 0),
        ("Z3", Status.MISSING, 0),
    ],
)
def test_doctor_fails_only_for_what_the_tour_needs(
    name: str, status: Status, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (Finding("Python", Status.OK, "3.11"), Finding(name, status, "looked for", "install it"))
    stub(monkeypatch, "pymodel.doctor.diagnose", found)
    answer = run("doctor")
    assert answer.exit_code == exit_code
    first, second, mend = answer.stdout.splitlines()
    assert first.split() == ["ok", "Python", "3.11"]
    assert second.split() == [status.value, name, "looked", "for"]
    assert mend.split() == ["mend:", "install", "it"]


def test_doctor_looks_at_this_machine() -> None:
    names = {line.split()[1] for line in run("doctor").stdout.splitlines() if "mend:" not in line}
    assert {"Python", "termfence", "TLC", "Java", "Graphviz"} <= names


def test_cfgs_lists_every_shipped_cfg_with_its_purpose() -> None:
    lines = run("cfgs").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped_cfgs())
    for cfg, line in zip(shipped(), lines, strict=True):
        assert cfg.purpose, f"{cfg.name}.cfg has to open with a comment that says what it is for"
        assert line.endswith(cfg.purpose)


def test_a_cfg_that_opens_with_no_comment_has_no_purpose(tmp_path: Path) -> None:
    cfg = tmp_path / "plain.cfg"
    cfg.write_text("SPECIFICATION Spec\n\\* later\n", encoding="utf-8")
    assert purpose(cfg) == ""
