"""What came of the witnesses of a cfg: a table, the behaviours that were asked for, or all as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from pymodel.engine.result import CheckResult, Verdict
from pymodel.report.data import counterexample_data
from pymodel.report.facts import counted
from pymodel.report.text import render_behaviour

_WORDS = {Verdict.INVARIANT: "reached", Verdict.OK: "UNREACHABLE", Verdict.UNDETERMINED: "undetermined"}


class SoughtLike(Protocol):
    """What pymodel.witness.Sought offers."""

    @property
    def name(self) -> str: ...
    @property
    def result(self) -> CheckResult: ...


def render_witnesses(cfg: str, sought: Sequence[SoughtLike]) -> str:
    """How many were reached, then a line for each: in how many states and by whom, or what was searched."""
    reached = sum(item.result.verdict is Verdict.INVARIANT for item in sought)
    rows = [(item.name, _WORDS[item.result.verdict], _summary(item.result)) for item in sought]
    names, words = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [f"  {name:<{names}}  {word:<{words}}  {rest}" for name, word, rest in rows]
    return "\n".join([f"WITNESSES: {cfg}, {reached} of {len(rows)} reached", *lines]) + "\n"


def render_witness(sought: SoughtLike) -> str:
    """The behaviour that reaches it, or a line that says that none was found."""
    cex = sought.result.counterexample
    if cex is None:
        return f"{sought.name}: {_WORDS[sought.result.verdict]}, {_summary(sought.result)}\n"
    title = f"Witness of {sought.name}, {counted(cex.length, 'state')}"
    return render_behaviour(cex, title, f"{sought.name} holds in state {cex.length}")


def witnesses_json(sought: Sequence[SoughtLike]) -> str:
    """A list with an object for each witness; `behaviour` is null if it was not reached."""
    data = [_data(item) for item in sought]
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def _data(sought: SoughtLike) -> dict[str, Any]:
    result = sought.result
    return {
        "witness": sought.name,
        "outcome": _WORDS[result.verdict].lower(),
        "distinct": result.distinct,
        "depth": result.depth,
        "seconds": result.seconds,
        "detail": result.detail,
        "behaviour": counterexample_data(result.counterexample) if result.counterexample else None,
    }


def _summary(result: CheckResult) -> str:
    cex = result.counterexample
    if cex is None:
        ended = f", {result.detail}" if result.detail else ""
        return f"not in {counted(result.distinct, 'distinct state')}{ended}"
    return "  ".join([counted(cex.length, "state"), *cex.witness])
