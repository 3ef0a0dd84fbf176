"""A check's result as plain text for a terminal, a pipe or a golden file: no colour, one fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pymodel.engine.result import CheckResult, Counterexample, Verdict
from pymodel.report.diff import Change, describe, diff_states
from pymodel.report.facts import (
    CoverageRow,
    all_warnings,
    also_violated,
    counted,
    coverage_rows,
    fresh_title,
    length_text,
    run_facts,
    verdict_subject,
    verdict_word,
    why_title,
)
from pymodel.report.outcomes import counterexamples, kind_of
from pymodel.report.state_view import Row, StateView, Table, view_state
from pymodel.report.step_title import loop_title, step_title
from pymodel.values import State

_CELL_WIDTH = 24


def render_check(result: CheckResult) -> str:
    """The verdict, the numbers, the warnings, the coverage and each counterexample; ends with a newline."""
    blocks = [_summary(result), _coverage(coverage_rows(result), fresh_title(result))]
    blocks.insert(1, [f"warning: {warning}" for warning in all_warnings(result)])
    texts = ["\n".join(block) + "\n" for block in blocks if block]
    texts += [render_counterexample(cex, kind_of(result, cex.violated)) for cex in counterexamples(result)]
    return "\n".join(texts)


def render_counterexample(cex: Counterexample, verdict: Verdict = Verdict.INVARIANT) -> str:
    """The first state in full, then what each step changed and how it goes on, then why `verdict` holds."""
    title = f"Counterexample to {cex.violated}, {counted(cex.length, 'state')}"
    return render_behaviour(cex, title, why_title(cex, verdict))


def render_behaviour(cex: Counterexample, title: str, why: str) -> str:
    """The same under a `title`; the witness completes the sentence `why`."""
    lines = [title, ""]
    width = len(str(cex.length))
    before: State | None = None
    for number, step in enumerate(cex.steps, 1):
        changes = None if before is None else diff_states(before, step.state)
        lines.append(f"{number:>{width}}  {step_title(step, changes or ())}")
        body = state_lines(step.state) if changes is None else change_lines(changes)
        lines.extend(_indent(body, width + 4))
        before = step.state
    if cex.loop is not None:
        lines.append(f"{'':>{width}}  {loop_title(cex)}")
    lines += ["", f"Why: {why}" + (", with" if cex.witness else ""), *_indent(cex.witness, 5)]
    return "\n".join(lines) + "\n"


def change_lines(changes: tuple[Change, ...]) -> list[str]:
    """One line per change; one that says so if there is none."""
    return [describe(change).line() for change in changes] or ["(nothing changed)"]


def state_lines(state: State) -> list[str]:
    """`state` in full, one table per shared domain, then one line per other variable."""
    return list(_view_lines(view_state(state)))


def _summary(result: CheckResult) -> list[str]:
    rows = [(fact.label, fact.text) for fact in run_facts(result)]
    if also := also_violated(result):
        rows.insert(0, ("also violated", ", ".join(also)))
    if result.counterexample:
        rows.insert(0, ("length", length_text(result)))
    width = max(len(label) for label, _ in rows)
    detail = _indent(result.detail.splitlines(), 2)
    return [
        f"{verdict_word(result)}: {verdict_subject(result)}",
        *detail,
        *(f"  {label:<{width}}  {text}" for label, text in rows),
    ]


def _coverage(rows: tuple[CoverageRow, ...], fresh: str) -> list[str]:
    if not rows:
        return ["coverage: not recorded"]
    names = max(len("coverage"), *(len(row.action) + 2 for row in rows))
    generated, distinct = (
        max(len(title), *(len(f"{count:,}") for count in counts))
        for title, counts in (
            ("generated", [row.generated for row in rows]),
            (fresh, [row.distinct for row in rows]),
        )
    )
    lines = [f"{'coverage':<{names}}  {'generated':>{generated}}  {fresh:>{distinct}}"]
    for row in rows:
        counts = f"{row.generated:>{generated},}  {row.distinct:>{distinct},}"
        lines.append(f"{'  ' + row.action:<{names}}  {counts}" + ("" if row.fired else "  never fired"))
    return lines


def _view_lines(view: StateView) -> Iterator[str]:
    for table in view.tables:
        yield from _table_lines(table)
    width = max((len(single.variable) for single in view.singles), default=0)
    for single in view.singles:
        yield f"{single.variable:<{width}}  {single.cell.text}"


def _table_lines(table: Table) -> Iterator[str]:
    narrow = [row for row in table.rows if all(len(cell.text) <= _CELL_WIDTH for cell in row.cells)]
    if narrow:
        yield from _grid(table.columns, narrow)
    for row in table.rows:
        if row not in narrow:
            for column, cell in zip(table.columns, row.cells, strict=True):
                yield f"{row.variable}[{column}]  {cell.text}"


def _grid(columns: tuple[str, ...], rows: list[Row]) -> Iterator[str]:
    lines = [("", *columns), *((row.variable, *(cell.text for cell in row.cells)) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns) + 1)]
    for line in lines:
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _indent(lines: Iterable[str], width: int) -> list[str]:
    return [" " * width + line for line in lines]
