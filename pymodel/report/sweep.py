"""A sweep as a table, as CSV and as JSON: a row for each cell, in the sweep's order."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from pymodel.engine.result import Cell, Sweep, Verdict

_WORDS = {
    Verdict.OK: "safe",
    Verdict.DEADLOCK: "violated",
    Verdict.INVARIANT: "violated",
    Verdict.PROPERTY: "violated",
    Verdict.UNDETERMINED: "undetermined",
}
REFUSED = "refused"
_NUMBERS = ("length", "distinct", "depth", "seconds")
_COLUMNS = ("outcome", "violated", *_NUMBERS, "note")


def outcome(cell: Cell) -> str:
    """`safe`, `violated`, `undetermined`, or `refused` where the cell could not be checked."""
    return _WORDS.get(cell.result.verdict, REFUSED) if cell.result else REFUSED


def length_of(cell: Cell) -> int | None:
    """How many states the counterexample has, if there is one."""
    return cell.result.counterexample.length if cell.result and cell.result.counterexample else None


def render_sweep(sweep: Sweep) -> str:
    """How many cells came out how, then the table; ends with a newline."""
    outcomes = [outcome(cell) for cell in sweep.cells]
    kinds = [kind for kind in (*dict.fromkeys(_WORDS.values()), REFUSED) if kind in outcomes]
    found = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in kinds)
    cells = "1 cell" if len(outcomes) == 1 else f"{len(outcomes)} cells"
    rows = [(*sweep.names, *_COLUMNS)]
    rows += [(*cell.values, *(_shown(_fields(cell)[column]) for column in _COLUMNS)) for cell in sweep.cells]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = [False] * len(sweep.names) + [column in _NUMBERS for column in _COLUMNS]
    lines = [
        "  ".join(
            f"{text:>{width}}" if flush else f"{text:<{width}}"
            for text, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([f"SWEEP: {sweep.cfg}, {cells}: {found}", *("  " + line for line in lines)]) + "\n"


def sweep_csv(sweep: Sweep) -> str:
    """The same columns as comma-separated values, with a head; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*sweep.names, *_COLUMNS])
    for cell in sweep.cells:
        writer.writerow([*cell.values, *(_fields(cell)[column] for column in _COLUMNS)])
    return text.getvalue()


def sweep_json(sweep: Sweep) -> str:
    """An object for the sweep with a list of its cells; what is not known is null."""
    cells = [
        {"values": dict(zip(sweep.names, cell.values, strict=True)), **_fields(cell)} for cell in sweep.cells
    ]
    data = {"cfg": sweep.cfg, "names": sweep.names, "decided": sweep.decided, "cells": cells}
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def _fields(cell: Cell) -> dict[str, Any]:
    result = cell.result
    if result is None:
        return {**dict.fromkeys(_COLUMNS), "outcome": REFUSED, "note": cell.refused}
    seconds = result.seconds.get("total")
    return {
        "outcome": outcome(cell),
        "violated": result.violated,
        "length": length_of(cell),
        "distinct": result.distinct,
        "depth": result.depth,
        "seconds": None if seconds is None else round(seconds, 2),
        "note": result.detail or None,
    }


def _shown(value: str | int | float | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
