"""Module TraceData: logs as text in TLA+, where strings are quoted and nothing else is left to chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trace_check.event import NOBODY
from trace_check.opinion.data import Trace

_ESCAPED = {"\\": "\\\\", '"': '\\"'}


def module_text(traces: Sequence[Trace]) -> str:
    """Module TraceData of logs with the same servers."""
    logs = ",\n\n".join(_log_text(trace) for trace in traces)
    return "\n".join(
        [
            "-------------------------------- MODULE TraceData --------------------------------",
            r"\* Written by trace-check tlc from recorded logs; see TraceRaft.tla.",
            "EXTENDS Integers",
            f"TraceServers == {tla(frozenset(traces[0].servers))}",
            f"TraceNobody == {tla(NOBODY)}",
            f"Traces == <<\n{logs}\n>>",
            "=" * 82,
            "",
        ]
    )


def _log_text(trace: Trace) -> str:
    lines = ",\n".join(f"    {tla(line)}" for line in trace.lines)
    rest = {
        "known": tuple(trace.known),
        "terms": frozenset(trace.terms),
        "indexes": frozenset(trace.indexes),
        "votesLogged": trace.votes_logged,
        "acksLogged": trace.acks_logged,
        "exact": trace.exact,
    }
    return f"  [lines |-> <<\n{lines}\n  >>,\n   " + tla(rest)[1:]


def tla(value: Any) -> str:
    """The value in TLA+: records from dicts, sequences from tuples, sets, strings, numbers and booleans."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case str():
            return _string(value)
        case dict():
            return "[" + ", ".join(f"{name} |-> {tla(item)}" for name, item in value.items()) + "]"
        case tuple():
            return "<<" + _listed(value) + ">>"
        case frozenset():
            return "{" + _listed(sorted(value)) + "}"
    raise TypeError(f"{type(value).__name__} has no form in TLA+")


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(tla(value) for value in values)


def _string(text: str) -> str:
    """A TLA+ string; a character that it cannot hold is written as Python would escape it."""
    return (
        '"'
        + "".join(_ESCAPED.get(c) or (c if c.isascii() and c.isprintable() else _named(c)) for c in text)
        + '"'
    )


def _named(character: str) -> str:
    return "\\" + character.encode("unicode_escape").decode("ascii")
