"""State graphs as TLC dumps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.errors import ToolError
from pymodel.tlc.dot import parse_dot, read_dot

from .recorded import VARIABLES, output


def test_the_dump_of_2_15_is_read_whole() -> None:
    graph = parse_dot(output("bounded.dot"), VARIABLES)
    shown = [(state["count"], state["holder"]) for state in graph.states]
    assert shown == [(0, "Nobody"), (0, "h1"), (0, "h2"), (1, "h1"), (1, "h2")]
    assert list(graph.states[0]) == list(VARIABLES)
    assert graph.initial == (0,)
    takes = {(0, "Take", 1), (0, "Take", 2)}
    steps = {(1, "Step", 3), (2, "Step", 4)}
    assert graph.edges == takes | steps | {(k, "Idle", k) for k in (1, 2, 3, 4)}


def test_the_dump_of_newer_jars_is_read_by_tooltip_and_bare_action_name() -> None:
    graph = parse_dot(output("newer.dot"))
    assert graph.states == (
        {"who": 'a "b" c\\d', "count": 0},
        {"count": 1, "who": "]; 11 -> 11"},
    )
    assert graph.initial == (0,)
    assert graph.edges == {(0, "Take", 1), (1, "Idle", 1)}


def test_states_outside_the_constraint_are_left_out_with_their_edges() -> None:
    inside = output("newer.dot").replace(",style = filled, fillcolor=lightyellow", "")
    graph = parse_dot(inside)
    assert graph.states[2] == {"count": 2, "who": "z"}
    assert (1, "Step", 2) in graph.edges


def test_a_dump_cut_off_anywhere_is_refused() -> None:
    whole = output("bounded.dot")
    for kept in range(0, len(whole) - 1, 40):
        with pytest.raises(ToolError, match="cut off"):
            parse_dot(whole[:kept])


def test_an_edge_to_no_state_is_refused() -> None:
    lines = output("bounded.dot").splitlines()
    lost = "\n".join(line for line in lines if not line.startswith("6030636693872516592 [label"))
    with pytest.raises(ToolError, match="to no state"):
        parse_dot(lost)


def test_no_dump_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="wrote no state graph"):
        read_dot(tmp_path / "graph.dot")
