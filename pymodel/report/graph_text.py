"""A state graph in every form a user can ask for: a summary, or a file's text by its suffix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from pymodel.engine.result import CheckResult, Graph
from pymodel.report.data import graph_json
from pymodel.report.dot import graph_dot
from pymodel.report.html import render_html
from pymodel.report.svg import graph_svg

_RENDERERS: dict[str, Callable[[Graph, CheckResult], str]] = {
    ".svg": lambda graph, _: graph_svg(graph),
    ".dot": lambda graph, _: graph_dot(graph),
    ".json": lambda graph, _: graph_json(graph),
    ".html": lambda graph, result: render_html(result, graph),
}
GRAPH_SUFFIXES = tuple(_RENDERERS)


def render_graph(suffix: str, graph: Graph, result: CheckResult) -> str:
    """The file's text; `suffix` is one of GRAPH_SUFFIXES, `result` the check of the same cfg.

    Raises UsageError for a drawing too large to read, ToolError without Graphviz.
    """
    return _RENDERERS[suffix](graph, result)


def graph_summary(name: str, graph: Graph) -> str:
    """The size of the graph, then its edges by action, the most frequent first."""
    lines = [
        f"{name}: {len(graph.states):,} states ({len(graph.initial)} initial), {len(graph.edges):,} edges"
    ]
    counts = Counter(action for _, action, _ in graph.edges)
    width = max(map(len, counts), default=0)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines += [f"  {action:<{width}}  {count:>9,}" for action, count in ordered]
    return "\n".join(lines)
