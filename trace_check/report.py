"""A report on a trace: plain data, then text for people or JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pymodel.errors import FenceError
from trace_check.evidence import Evidence
from trace_check.explain import Explanation
from trace_check.places import ShortNames
from trace_check.reader import SourceFile
from trace_check.replay import ReplayResult
from trace_check.replay.text import replay_lines
from trace_check.rules import FENCING, Finding, Ground, Outcome, RuleResult
from trace_check.track import Seen
from trace_check.verdict import Verdict

_LINES_NAMED_MAX = 3
_LINE_LETTERS_MAX = 240


@dataclass(frozen=True)
class Report:
    """What a check of one cluster's logs found.

    `matched` and `unmatched` count receipts with and without their sending, `inversions` clocks that
    contradict the causal order. `reasons` say why a trace without contradiction is not accepted.
    """

    verdict: Verdict
    exit_code: int
    strict: bool
    files: tuple[SourceFile, ...]
    format: str
    events: int
    nodes: tuple[str, ...]
    matched: int
    unmatched: int
    inversions: int
    rules: tuple[RuleResult, ...]
    explanation: Explanation | None
    deviations: tuple[RuleResult, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    replay: ReplayResult | None = None

    @property
    def fencing(self) -> str:
        """How far fencing was checked, in words."""
        results = [result for result in self.rules if result.rule in FENCING]
        if not results:
            return "not checked"
        if all(result.outcome is Outcome.NOT_CHECKABLE for result in results):
            return f"not checkable: {results[0].coverage}"
        return f"{results[0].outcome.value}: {results[0].coverage}"


def to_data(report: Report) -> dict[str, Any]:
    """The report as JSON-ready data: field names as in `Report`, enums by value, places as path and line."""
    data: dict[str, Any] = msgspec.to_builtins(report)
    data["fencing"] = report.fencing
    return data


def render_json(report: Report) -> str:
    """The report as indented JSON text."""
    return msgspec.json.format(msgspec.json.encode(to_data(report)), indent=2).decode()


def error_json(error: FenceError) -> str:
    """What is said of a log that cannot be read, as indented JSON text: no verdict, and the error."""
    told = {"message": error.message, "mend": error.mend, "path": _path(error), "line": error.line}
    data = {"verdict": None, "exit_code": error.exit_code, "error": told}
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def _path(error: FenceError) -> str | None:
    return None if error.path is None else str(error.path)


def render_text(report: Report) -> str:
    """The report as plain text: the verdict and its grounds first, then each rule with its coverage."""
    places = ShortNames(file.path for file in report.files)
    lines = _headline(report, places)
    if report.events:
        lines += ["", *_inputs(report), "", *_rule_table(report.rules)]
    if report.replay is not None:
        lines += replay_lines(report.replay, places)
    if report.notes:
        lines += ["", *(f"note: {places.within(note)}" for note in report.notes)]
    return "\n".join(lines) + "\n"


def _who(seen: Seen) -> str:
    return f"{seen.node}, incarnation {seen.inc}" if seen.inc else seen.node


def _headline(report: Report, places: ShortNames) -> list[str]:
    if report.verdict is Verdict.REJECTED and report.explanation is not None:
        doubts = [f"  not checked: {places.within(reason)}" for reason in report.reasons]
        lines = [*_rejection(report.explanation, places), *doubts]
        return [*lines, *_evidence(report.evidence, places)]
    head = report.verdict.name
    if report.deviations:
        head += "  with deviations: " + ", ".join(f"{d.rule} {d.count}" for d in report.deviations)
        head += " (strict: exit code 1)" if report.exit_code == 1 else ""
    lines = [head, *(f"  {places.within(reason)}" for reason in report.reasons)]
    for deviation in report.deviations:
        named = deviation.findings[:_LINES_NAMED_MAX]
        lines += [f"  {deviation.rule}: {_line(finding, places)}" for finding in named]
        if deviation.count > _LINES_NAMED_MAX:
            lines.append(f"  {deviation.rule}: {deviation.count - _LINES_NAMED_MAX} more")
    return lines


def _rejection(why: Explanation, places: ShortNames) -> list[str]:
    """The verdict line, what it goes against, the chain of causes, and the impact."""
    seen = why.finding.seen
    lines = [f"REJECTED  {why.rule}  at {places.at(seen.place)} ({_who(seen)})"]
    rows = [("", why.finding.text, "", "")]
    rows += [("", fact.text, places.at(fact.seen.place), "") for fact in why.finding.against]
    for number, cause in enumerate(why.causes):
        where = places.at(cause.fact.seen.place)
        if cause.fact.seen.inc:
            where += f", incarnation {cause.fact.seen.inc}"
        mark = "  <- first contradiction" if cause.first else ""
        rows.append(("" if number else "cause: ", cause.fact.text, where, mark))
    lines += _aligned(rows)
    if why.side_by_side is not None:
        told = "neither follows from the other" if why.side_by_side else "the second follows from the first"
        lines.append(f"  order: the first lines of the two leaders: {told}")
    if why.side_by_side is not None and not why.causes:
        lines.append("  cause: not in these logs: no voter of this term is seen to take its vote back")
    for number, text in enumerate(impact_lines(why)):
        lines.append(f"  {'        ' if number else 'impact: '}{text}")
    for other in why.others:
        lines.append(f"  also: {other.rule}: {_line(other.finding, places)}" + _more(other.count - 1))
    return lines


def _evidence(evidence: tuple[Evidence, ...], places: ShortNames) -> list[str]:
    """The original lines, those that the explanation names marked."""
    lines = [""] if evidence else []
    for of_node in evidence:
        lines.append(f"lines of {of_node.node}")
        shown = [(places.at(line.place), line) for line in of_node.lines]
        width = max((len(where) for where, _ in shown), default=0)
        for where, line in shown:
            text = (
                line.text if len(line.text) <= _LINE_LETTERS_MAX else line.text[: _LINE_LETTERS_MAX - 1] + "…"
            )
            lines.append(f"{'>' if line.marked else ' '} {where.ljust(width)}  {text}")
    return lines


def impact_lines(why: Explanation) -> list[str]:
    """What clients were told in the term that it is about, a line for each node."""
    lines = []
    for told in why.impact:
        more = told.count - len(told.writes)
        writes = ", ".join(told.writes) + (f" and {more} more" if more else "")
        lines.append(f"{writes} acknowledged by {told.node} in term {told.term}")
    return lines


def _aligned(rows: list[tuple[str, str, str, str]]) -> list[str]:
    """Rows of label, text, place and mark as lines, the places one below the other."""
    indent = 0
    lefts = []
    for label, text, _, _ in rows:
        indent = max(indent, len(label))
        lefts.append(label.ljust(indent) + text)
    width = max(len(left) for left, row in zip(lefts, rows, strict=True) if row[2] or len(rows) == 1)
    return [
        f"  {left.ljust(width)}  ({place}){mark}" if place else f"  {left}"
        for left, (_, _, place, mark) in zip(lefts, rows, strict=True)
    ]


def _line(finding: Finding, places: ShortNames) -> str:
    return f"{finding.text} ({places.at(finding.seen.place)})"


def _more(count: int) -> str:
    return f", {count} more" if count else ""


def _inputs(report: Report) -> list[str]:
    files = "1 file" if len(report.files) == 1 else f"{len(report.files)} files"
    nodes = "1 node" if len(report.nodes) == 1 else f"{len(report.nodes)} nodes"
    return [
        f"input: {files}, {report.events} events of {nodes}, format {report.format or 'unknown'}",
        f"order: {order_text(report)}",
        f"fencing: {report.fencing}",
    ]


def order_text(report: Report) -> str:
    """What the causal order rests on, and what had to be repaired for it."""
    receipts = f"{report.matched} receipts after their sending, {report.unmatched} without a logged one"
    repaired = f"clock inversions repaired: {report.inversions}"
    failing = [result for result in report.rules if result.outcome is Outcome.FAIL]
    holds = "the verdict holds in every order between nodes"
    if failing and all(result.ground is Ground.CLOCKS for result in failing):
        holds += f", and rests on clocks ({', '.join(result.rule for result in failing)})"
    return f"{receipts}; {repaired}; {holds}"


def _rule_table(results: Iterable[RuleResult]) -> list[str]:
    rows = [("rule", "class", "outcome", "coverage")]
    for result in results:
        outcome = result.outcome.value + (f" ({result.count})" if result.count else "")
        rows.append((result.rule, result.kind.value, outcome, result.coverage))
    return table(rows)


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows as lines, every column but the last padded to its widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return ["  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]) for row in rows]
