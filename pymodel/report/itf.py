"""A counterexample in the Informal Trace Format, which Apalache and Quint write and many tools read.

A set, a function and an integer are tagged, a record is an object, a sequence a list, a model value a
string. Values do not tell everything apart: a record from a function over strings is told as in
`pymodel.report.diff`; a sequence whose items are of different kinds can only be a tuple.
Source: Apalache's ADR-015.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pymodel.engine.result import Counterexample
from pymodel.report.diff import function_domains
from pymodel.report.pretty import in_order
from pymodel.values import Fn, Value

FORMAT = "https://apalache-mc.org/docs/adr/015adr-trace.html"

Domains = tuple[frozenset[Value], ...]


def counterexample_itf(cex: Counterexample, source: str, loop: int | None = None) -> str:
    """`cex` as indented JSON. `source` says what was checked; `loop` is the index in `cex.steps` to
    which the behaviour goes back after the last step, forever; None if it ends.

    The action and its parameters are in the `#meta` of the state that they lead to.
    """
    domains = function_domains(step.state for step in cex.steps)
    trace: dict[str, Any] = {
        "#meta": {
            "format": "ITF",
            "format-description": FORMAT,
            "source": source,
            "status": "violation",
            "description": f"counterexample to {cex.violated}",
        },
        "vars": list(cex.steps[0].state),
    }
    if loop is not None:
        trace["loop"] = loop
    trace["states"] = [
        {
            "#meta": {"index": index, "action": step.action, "params": _fields(step.params, domains)},
            **_fields(step.state, domains),
        }
        for index, step in enumerate(cex.steps)
    ]
    return msgspec.json.format(msgspec.json.encode(trace), indent=2).decode()


def _fields(mapping: Mapping[str, Value], domains: Domains) -> dict[str, Any]:
    return {name: _expression(value, domains) for name, value in mapping.items()}


def _expression(value: Value, domains: Domains) -> Any:
    match value:
        case bool() | str():
            return value
        case int():
            return {"#bigint": str(value)}
        case frozenset():
            return {"#set": [_expression(item, domains) for item in in_order(value)]}
        case tuple():
            items = [_expression(item, domains) for item in value]
            return {"#tup": items} if len({type(item) for item in value}) > 1 else items
        case Fn():
            return _function(value, domains)
    raise TypeError(f"not a TLA+ value: {value!r}")


def _function(value: Fn, domains: Domains) -> dict[str, Any]:
    fields = {key: item for key, item in value.items() if isinstance(key, str)}
    is_record = len(fields) == len(value) > 0 and not any(known.issuperset(fields) for known in domains)
    if is_record:
        return _fields(fields, domains)
    return {"#map": [[_expression(key, domains), _expression(item, domains)] for key, item in value.items()]}
