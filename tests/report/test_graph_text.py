"""The shape of a graph in its summary: components, terminal ones, states without a way out."""

from __future__ import annotations

from pymodel.engine.result import Graph
from pymodel.report.graph_text import graph_summary


def test_a_cycle_that_can_be_left_and_a_dead_end() -> None:
    states = tuple({"x": k} for k in range(4))
    edges = frozenset({(0, "Go", 1), (1, "Back", 0), (1, "Leave", 2), (2, "Stay", 2), (1, "Stop", 3)})
    lines = graph_summary("toy", Graph(states, (0,), edges)).splitlines()
    assert lines[:3] == [
        "toy: 4 states (1 initial), 5 edges",
        "  strongly connected components: 3, the largest of 2 states, 2 terminal",
        "  states without a successor: 1",
    ]


def test_an_empty_graph_has_no_component() -> None:
    lines = graph_summary("none", Graph((), (), frozenset())).splitlines()
    assert lines == [
        "none: 0 states (0 initial), 0 edges",
        "  strongly connected components: 0, the largest of 0 states, 0 terminal",
        "  states without a successor: 0",
    ]
