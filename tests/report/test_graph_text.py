"""The shape of a graph in its summary: components, terminal ones, states without a way out."""

from __future__ import annotations

import pytest

from pymodel.engine.result import CheckResult, Graph
from pymodel.report.graph_text import graph_summary, render_graph

from .fixtures import passed, small_graph


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


@pytest.mark.parametrize(("suffix", "checks"), [(".json", 0), (".dot", 0), (".html", 1)])
def test_only_a_page_needs_the_check(suffix: str, checks: int) -> None:
    made: list[CheckResult] = []

    def check() -> CheckResult:
        made.append(passed())
        return made[-1]

    assert "LeaseExpire" in render_graph(suffix, small_graph(), check)
    assert len(made) == checks
