"""A state graph in every form a user can ask for: a summary, or a file's text by its suffix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import networkx as nx

from pymodel.engine.result import CheckResult, Graph
from pymodel.report.data import graph_json
from pymodel.report.dot import graph_dot
from pymodel.report.html import render_html
from pymodel.report.svg import graph_svg

_RENDERERS: dict[str, Callable[[Graph, Callable[[], CheckResult]], str]] = {
    ".svg": lambda graph, _: graph_svg(graph),
    ".dot": lambda graph, _: graph_dot(graph),
    ".json": lambda graph, _: graph_json(graph),
    ".html": lambda graph, check: render_html(check(), graph),
}
GRAPH_SUFFIXES = tuple(_RENDERERS)


def render_graph(suffix: str, graph: Graph, check: Callable[[], CheckResult]) -> str:
    """The file's text; `suffix` is one of GRAPH_SUFFIXES, `check` checks the same cfg, for a page.

    Raises UsageError for a drawing too large to read, ToolError without Graphviz.
    """
    return _RENDERERS[suffix](graph, check)


def graph_summary(name: str, graph: Graph) -> str:
    """The size and shape of the graph, then its edges by action, the most frequent first."""
    lines = [
        f"{name}: {len(graph.states):,} states ({len(graph.initial)} initial), {len(graph.edges):,} edges"
    ]
    lines += _shape_lines(graph)
    counts = Counter(action for _, action, _ in graph.edges)
    width = max(map(len, counts), default=0)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines += [f"  {action:<{width}}  {count:>9,}" for action, count in ordered]
    return "\n".join(lines)


def _shape_lines(graph: Graph) -> list[str]:
    """Strongly connected components: within one every state can be reached again; a behaviour that
    enters a terminal one never leaves it. Then the states without a way out at all."""
    directed = nx.DiGraph()
    directed.add_nodes_from(range(len(graph.states)))
    directed.add_edges_from((a, b) for a, _, b in graph.edges)
    condensed = nx.condensation(directed)
    terminal = [node for node, degree in condensed.out_degree() if degree == 0]
    largest = max((len(condensed.nodes[node]["members"]) for node in condensed), default=0)
    dead = sum(1 for _, degree in directed.out_degree() if degree == 0)
    return [
        f"  strongly connected components: {len(condensed):,}, the largest of {largest:,} states, "
        f"{len(terminal):,} terminal",
        f"  states without a successor: {dead:,}",
    ]
