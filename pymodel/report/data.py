"""Results as JSON for programs: the fields and names of `pymodel.engine.result`, nothing left out.

A function or record is an object, a sequence a list, a set a list in a fixed order, a model value a string.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from pymodel.engine.result import CheckResult, Counterexample, Graph, Step
from pymodel.report.pretty import in_order
from pymodel.values import Fn, Value, format_value


def check_json(result: CheckResult) -> str:
    """`result` as indented JSON; `verdict` is the name and `exit_code` the number."""
    cex = result.counterexample
    data: dict[str, Any] = msgspec.to_builtins(replace(result, counterexample=None, continued=()))
    data["verdict"] = result.verdict.name
    data["exit_code"] = result.verdict.value
    data["counterexample"] = counterexample_data(cex) if cex else None
    data["continued"] = [counterexample_data(other) for other in result.continued]
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def graph_json(graph: Graph) -> str:
    """`graph` as JSON: `states`, `initial` (indices of states), sorted `edges` (source, action, target)."""
    data = {
        "states": [mapping_data(state) for state in graph.states],
        "initial": list(graph.initial),
        "edges": sorted(graph.edges),
    }
    return msgspec.json.encode(data).decode()


def counterexample_data(cex: Counterexample) -> dict[str, Any]:
    """The behaviour, and its length in states. `loop` and `closing` are null unless it is a lasso."""
    return {
        "violated": cex.violated,
        "length": cex.length,
        "witness": list(cex.witness),
        "steps": [step_data(step) for step in cex.steps],
        "loop": cex.loop,
        "closing": step_data(cex.closing) if cex.closing else None,
    }


def step_data(step: Step) -> dict[str, Any]:
    """The action, its parameters and the state behind it."""
    return {"action": step.action, "params": mapping_data(step.params), "state": mapping_data(step.state)}


def mapping_data(mapping: Mapping[Any, Value]) -> dict[str, Any]:
    """A state, function or record; a key that is not text is written as in TLA+."""
    return {
        key if isinstance(key, str) else format_value(key): value_data(value)
        for key, value in mapping.items()
    }


def value_data(value: Value) -> Any:
    """`value` in the types that JSON has."""
    match value:
        case Fn():
            return mapping_data(value)
        case tuple():
            return [value_data(item) for item in value]
        case frozenset():
            return [value_data(item) for item in in_order(value)]
        case _:
            return value
