"""SVG and DOT: well-formed, escaped, limited in size, and clear about a missing Graphviz."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pymodel.engine.result import Counterexample, Graph, Step
from pymodel.errors import ToolError, UsageError
from pymodel.report import svg
from pymodel.report.dot import GRAPH_STATES_MAX, counterexample_dot, graph_dot
from pymodel.report.svg import counterexample_svg, find_graphviz, graph_svg, render_svg

from .fixtures import HOSTILE, hostile_run, long_run, small_graph, split_brain

SVG = "{http://www.w3.org/2000/svg}"
NBSP = "\xa0"
XLINK = "{http://www.w3.org/1999/xlink}"
TAGS = {"svg", "style", "g", "a", "title", "text", "path", "rect", "circle", "ellipse", "polygon"}


def texts(document: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(document).iter(f"{SVG}text")]


def test_the_sequence_diagram_names_every_lane_step_and_action() -> None:
    cex = long_run()
    shown = texts(counterexample_svg(cex))
    assert {"s1", "s2", "s3", "s4", "s5"} <= set(shown)
    assert {str(number) for number in range(1, cex.length + 1)} <= set(shown)
    assert {step.action for step in cex.steps} <= set(shown)


def test_the_sequence_diagram_marks_the_violating_row_and_brings_its_own_style() -> None:
    root = ET.fromstring(counterexample_svg(split_brain()))
    assert [row.get("data-step") for row in root.iter(f"{SVG}g") if row.get("class") == "row last"] == ["12"]
    style = root.find(f"{SVG}style")
    assert style is not None and style.text is not None and "prefers-color-scheme: dark" in style.text


def test_a_text_that_is_cut_is_whole_in_its_tooltip() -> None:
    titles = [title.text for title in ET.fromstring(counterexample_svg(long_run())).iter(f"{SVG}title")]
    whole = "to s2 AppendEntriesRequest term 1 prevLogIndex 0 prevLogTerm 0 entries <<[term: 1, write: w1]>>"
    assert f"{whole} commitIndex 0 age 0" in titles


def test_the_graph_shows_numbers_actions_and_the_full_state_as_tooltip() -> None:
    document = graph_svg(small_graph())
    assert {"1", "2", "3"} <= set(texts(document))
    assert {"Timeout", "BecomeLeader", "LeaseExpire"} <= {text.strip() for text in texts(document)}
    links = ET.fromstring(document).iter(f"{SVG}a")
    tips = [(link.get(f"{XLINK}title") or "").replace(NBSP, " ").strip() for link in links]
    assert "state 2\nrole      [s1: Candidate, s2: Follower]\nmessages  {}" in tips


def test_parallel_edges_share_an_arrow() -> None:
    states = ({"x": 1}, {"x": 2})
    source = graph_dot(Graph(states, (0,), frozenset({(0, "B", 1), (0, "A", 1)})))
    assert source.count("n0 -> n1") == 1
    assert 'label=" A \\n B \\n"' in source


def test_a_graph_too_large_to_read_is_refused_with_the_mend() -> None:
    states = tuple({"x": number} for number in range(GRAPH_STATES_MAX + 1))
    with pytest.raises(UsageError, match="301 states") as caught:
        graph_svg(Graph(states, (0,), frozenset()))
    assert "smaller bounds" in caught.value.mend
    assert "n299" in graph_dot(Graph(states[:-1], (0,), frozenset()))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_and_never_become_markup(text: str) -> None:
    cex = hostile_run(text)
    graph = Graph(tuple(step.state for step in cex.steps), (0,), frozenset({(0, text, 1)}))
    for document in (counterexample_svg(cex), render_svg(counterexample_dot(cex)), graph_svg(graph)):
        tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(document).iter()}
        assert tags <= TAGS
        assert any(text in shown for shown in texts(document))


def test_control_characters_leave_the_documents_well_formed() -> None:
    cex = hostile_run("bell\x07")
    for document in (counterexample_svg(cex), render_svg(counterexample_dot(cex))):
        assert any("bell\\x07" in shown for shown in texts(document))


def test_without_graphviz_the_error_has_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(svg.sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ToolError, match="Graphviz is not installed") as caught:
        graph_svg(small_graph())
    assert "pip install 'termfence[all]'" in caught.value.mend


def test_a_system_dot_comes_before_the_packaged_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("dot", "graphviz-pure"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_graphviz() == str(tmp_path / "dot")
    (tmp_path / "dot").unlink()
    monkeypatch.setattr(svg.sys, "executable", str(tmp_path / "python"))
    assert find_graphviz() == str(tmp_path / "graphviz-pure")


def test_a_failing_graphviz_is_an_error_with_its_message() -> None:
    with pytest.raises(ToolError, match="Graphviz failed with exit code"):
        render_svg("digraph { a -> ")


def test_a_graphviz_that_cannot_run_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(svg, "find_graphviz", lambda: str(tmp_path / "missing"))
    with pytest.raises(ToolError, match="did not finish"):
        render_svg("digraph {}")


def test_one_state_is_a_diagram_too() -> None:
    cex = Counterexample("P", (Step("Init", {}, {"x": 1}),))
    assert "Init" in texts(counterexample_svg(cex))
    assert "s1 ->" not in counterexample_dot(cex)
