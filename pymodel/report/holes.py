"""The table of holes as text, JSON and JUnit XML. What a row says was decided by who made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from pymodel.report.facts import counted
from pymodel.report.junit_parts import FAILURE, Case, Suite, render_suite

_HEADS = ("hole", "swap", "killed by", "states", "searched", "seconds", "TLC")
_RIGHT = (False, False, False, True, True, True, False)


class TlcLike(Protocol):
    """What pymodel.mutate.row.TlcAnswer offers."""

    @property
    def verdict(self) -> str: ...
    @property
    def violated(self) -> str: ...
    @property
    def states(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def agrees(self) -> bool | None: ...


class RowLike(Protocol):
    """What pymodel.mutate.row.Row offers."""

    @property
    def name(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def change(self) -> str: ...
    @property
    def bounds(self) -> str: ...
    @property
    def fate(self) -> str: ...
    @property
    def killed_by(self) -> str: ...
    @property
    def states(self) -> int: ...
    @property
    def distinct(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def first(self) -> tuple[str, ...]: ...
    @property
    def line(self) -> str: ...
    @property
    def why(self) -> tuple[str, ...]: ...
    @property
    def note(self) -> str: ...
    @property
    def tempting(self) -> str: ...
    @property
    def story(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def tlc(self) -> TlcLike | None: ...
    @property
    def good(self) -> bool: ...


def render_holes(rows: Sequence[RowLike]) -> str:
    """How many came out how, the table, and under each row its counterexample in one line; ends with a
    newline."""
    shown = [_HEADS, *(_cells(row) for row in rows)]
    asked = any(row.tlc for row in rows)
    shown = shown if asked else [row[:-1] for row in shown]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = [_line(shown[0], widths)]
    for cells, row in zip(shown[1:], rows, strict=True):
        lines.append(_line(cells, widths))
        lines += [f"      {text}" for text in (row.line, row.note) if text]
    return "\n".join([headline(rows), *("  " + line for line in lines)]) + "\n"


def headline(rows: Sequence[RowLike]) -> str:
    """`HOLES: 60 as expected: 57 killed, 3 safe`, or how many are not."""
    fates = [str(row.fate) for row in rows]
    counts = ", ".join(f"{fates.count(fate)} {fate}" for fate in dict.fromkeys(fates))
    wrong = [row.name for row in rows if not row.good]
    if wrong:
        return f"HOLES: {len(wrong)} of {len(rows)} not as expected ({', '.join(wrong)}): {counts}"
    return f"HOLES: all {len(rows)} as expected: {counts}"


def killer(row: RowLike) -> str:
    """The property that died, and what else did with as few states."""
    if not row.killed_by:
        return str(row.fate)
    return ", ".join([row.killed_by, *(f"also {other}" for other in row.first)])


def tlc_text(row: RowLike) -> str:
    """What TLC said, in a word or two."""
    if row.tlc is None:
        return "not asked"
    if row.tlc.agrees is None:
        return f"not done in {row.tlc.seconds:.0f} s"
    found = f"{row.tlc.violated} ({row.tlc.states})" if row.tlc.violated else row.tlc.verdict
    return "same" if row.tlc.agrees else f"DIFFERENT: {found}"


def holes_json(rows: Sequence[RowLike]) -> str:
    """A list with an object for each row."""
    return msgspec.json.format(msgspec.json.encode(list(rows)), indent=2).decode()


def holes_junit(rows: Sequence[RowLike]) -> str:
    """A suite with a case for each row; a row that is not as expected fails."""
    return render_suite(
        Suite(
            tool="pymodel",
            name="pymodel.mutate",
            cases=[_case(row) for row in rows],
            properties=[("rows", summary(rows))],
            seconds=sum(row.seconds for row in rows),
            output=render_holes(rows),
        )
    )


def _case(row: RowLike) -> Case:
    if row.good:
        return Case(row.name)
    told = "\n".join(text for text in (row.change, killer(row), row.line, row.note, tlc_text(row)) if text)
    return Case(row.name, FAILURE, row.note or killer(row), str(row.fate), told)


def _cells(row: RowLike) -> tuple[str, ...]:
    fate = killer(row) if row.good else f"{row.fate}: {killer(row)}" if row.killed_by else str(row.fate)
    states = "" if not row.killed_by else str(row.states) if row.states else "lasso"
    return row.name, row.change, fate, states, f"{row.distinct:,}", f"{row.seconds:.2f}", tlc_text(row)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (
        f"{text:>{width}}" if right else f"{text:<{width}}"
        for text, width, right in zip(cells, widths, _RIGHT, strict=False)
    )
    return "  ".join(padded).rstrip()


def summary(rows: Sequence[RowLike]) -> str:
    """`57 holes, 3 controls`."""
    controls = sum(row.fate == "safe" for row in rows)
    return f"{counted(len(rows) - controls, 'hole')}, {counted(controls, 'control')}"
