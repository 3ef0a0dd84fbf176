r"""Reads the state graph that TLC dumps (`-dump dot,actionlabels`) into pymodel.engine.result.Graph.

What a dump holds, by experiment with TLC 2.15: a node for each distinct state, printed once with its
text, initial states `style = filled`; an edge for each generated successor, so one edge appears as often
as it has witnesses; self loops too. Successors outside a CONSTRAINT are not in it, nor is an initial
state outside one. With liveness properties a dashed edge without a label stands for each stuttering
step: these are no steps of the spec and are left out. Newer jars write the full state as `tooltip`
(the label may then be an alias), the arguments of an action in its label, and may dump states outside
the constraint with `fillcolor=lightyellow`; those are left out, with their edges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pymodel.engine.result import Graph
from pymodel.errors import ToolError
from pymodel.tlc.parse import action_label
from pymodel.tlc.values import parse_state
from pymodel.values import Value

_INSIDE = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
_STATEMENT = re.compile(
    rf'^(-?\d+)(?: -> (-?\d+))? \[((?:[^"\]]++|"{_INSIDE}")*+)\]', re.MULTILINE | re.DOTALL
)
_QUOTED = re.compile(rf'(label|tooltip)="({_INSIDE})"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_dot(path: Path, variables: Sequence[str] = ()) -> Graph:
    """The graph dumped at `path`, states in the order of the file, each in the order of `variables`.
    Raises ToolError if there is no dump or it is cut off."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ToolError("TLC wrote no state graph", path=path) from None
    return parse_dot(text, variables)


def parse_dot(text: str, variables: Sequence[str] = ()) -> Graph:
    """The graph of dump `text`. Raises ToolError if the text is cut off or holds an unknown state."""
    if not text.startswith("strict digraph") or not text.rstrip().endswith("}\n}"):
        raise ToolError("the state graph that TLC dumped is cut off")
    states: dict[str, dict[str, Value]] = {}
    initial: list[str] = []
    outside: set[str] = set()
    arrows: list[tuple[str, str, str]] = []
    for source, target, attributes in _STATEMENT.findall(text):
        plain = _QUOTED.sub("", attributes)
        quoted = {key: _unescape(value) for key, value in _QUOTED.findall(attributes)}
        if target:
            if "label" in quoted:
                arrows.append((source, action_label(quoted["label"].partition("\n")[0])[0], target))
        elif "lightyellow" in plain:
            outside.add(source)
        elif source not in states:
            states[source] = parse_state(quoted.get("tooltip") or quoted.get("label", ""), variables)
            if "filled" in plain:
                initial.append(source)
    return _graph(states, initial, [a for a in arrows if a[0] not in outside and a[2] not in outside])


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text)


def _graph(
    states: dict[str, dict[str, Value]], initial: list[str], arrows: list[tuple[str, str, str]]
) -> Graph:
    index = {node: position for position, node in enumerate(states)}
    unknown = next((a for a in arrows if a[0] not in index or a[2] not in index), None)
    if unknown:
        raise ToolError(f"the dumped state graph has an edge {unknown[0]} -> {unknown[2]} to no state")
    return Graph(
        states=tuple(states.values()),
        initial=tuple(index[node] for node in initial),
        edges=frozenset((index[source], action, index[target]) for source, action, target in arrows),
    )
