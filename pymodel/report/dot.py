"""DOT source for Graphviz: a counterexample as a chain of steps, a small state graph.

The source is deterministic. States in full are tooltips; every text is escaped, so that a value can
neither break the syntax nor become markup.
"""

from __future__ import annotations

from collections.abc import Iterable

import graphviz

from pymodel.engine.result import Counterexample, Graph
from pymodel.errors import UsageError
from pymodel.report.diff import diff_states
from pymodel.report.pretty import printable
from pymodel.report.step_title import loop_title, step_title
from pymodel.report.text import change_lines, state_lines
from pymodel.values import State

GRAPH_STATES_MAX = 300
_FONT = "Courier"


def graph_dot(graph: Graph) -> str:
    """The graph with states numbered from 1, initial states filled, edges labelled with their actions.

    Edges between the same two states share one arrow. Raises UsageError above GRAPH_STATES_MAX states.
    """
    if len(graph.states) > GRAPH_STATES_MAX:
        raise UsageError(
            f"the graph has {len(graph.states):,} states, too many to read as a drawing"
            f" (at most {GRAPH_STATES_MAX})",
            mend="choose smaller bounds in the .cfg, or export the graph as data instead of a drawing",
        )
    dot = _digraph("states", rankdir="TB", nodesep="0.3", ranksep="0.45")
    dot.attr("node", shape="circle", style="filled", fillcolor="white", width="0.42", fixedsize="true")
    for index, state in enumerate(graph.states):
        initial = index in graph.initial
        mark = {"penwidth": "2.2", "fillcolor": "#dfe8fb", "class": "initial"} if initial else {}
        dot.node(f"n{index}", str(index + 1), tooltip=_full(index + 1, state), **mark)
    for (source, target), actions in _arrows(graph.edges).items():
        label = _lines((f" {action} " for action in actions), "\\n")
        tip = _lines((f"{source + 1} to {target + 1}: {', '.join(actions)}",), "\\n")
        dot.edge(f"n{source}", f"n{target}", label=label, edgetooltip=tip, labeltooltip=tip)
    return str(dot.source)


def counterexample_dot(cex: Counterexample) -> str:
    """The behaviour from top to bottom: a node per state with what changed, an edge per action."""
    dot = _digraph("counterexample", rankdir="TB", ranksep="0.35", label=_lines((cex.violated,), "\\n"))
    dot.attr("node", shape="box", style="rounded,filled", fillcolor="white", fontsize="10")
    for number, step in enumerate(cex.steps, 1):
        before = cex.steps[number - 2].state if number > 1 else step.state
        changes = diff_states(before, step.state)
        lines = change_lines(changes) if number > 1 else state_lines(step.state)
        last = {"color": "#b3202c", "penwidth": "2", "class": "last"} if number == cex.length else {}
        text = _lines((f"{number}", *lines), "\\l")
        dot.node(f"s{number}", text, tooltip=_full(number, step.state), **last)
        if number > 1:
            dot.edge(f"s{number - 1}", f"s{number}", label=_lines((f" {step_title(step, changes)}",), "\\l"))
    if cex.loop is not None:
        label = _lines((f" {loop_title(cex)}",), "\\l")
        dot.edge(f"s{cex.length}", f"s{cex.loop + 1}", label=label, style="dashed", constraint="false")
    return str(dot.source)


def _digraph(name: str, **attributes: str) -> graphviz.Digraph:
    dot = graphviz.Digraph(name, graph_attr={"bgcolor": "transparent", "fontname": _FONT, **attributes})
    dot.attr("node", fontname=_FONT, fontsize="11")
    dot.attr("edge", fontname=_FONT, fontsize="10", arrowsize="0.7")
    return dot


def _arrows(edges: Iterable[tuple[int, str, int]]) -> dict[tuple[int, int], tuple[str, ...]]:
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for source, action, target in sorted(edges):
        found[source, target] = (*found.get((source, target), ()), action)
    return found


def _full(number: int, state: State) -> str:
    return _lines((f"state {number}", *state_lines(state)), "\\n")


def _lines(lines: Iterable[str], end: str) -> str:
    """`lines` as an escaped DOT string, each closed by `end`, `\\n` (centred) or `\\l` (left).

    The closing escape also keeps `<...>` from being an HTML label. Graphviz reads character references
    such as `&lt;` in strings, so a `&` becomes one itself.
    """
    return "".join(graphviz.escape(printable(line)).replace("&", "&amp;") + end for line in lines)
