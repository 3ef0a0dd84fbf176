"""The whole check, from files to a report: read, order, rules, verdict, explanation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trace_check.evidence import evidence
from trace_check.explain import Acknowledgements, explain
from trace_check.order import Order, causal_order
from trace_check.reader import Input, SourceFile, read
from trace_check.report import Report
from trace_check.rules import RULES, Outcome, RuleResult
from trace_check.track import Nodes, Seen
from trace_check.verdict import doubts, exit_code_of, verdict_of


def validate(paths: Sequence[Path], *, format: str = "auto", strict: bool = False) -> Report:
    """The report on the logs at `paths`, which together hold one cluster.

    `format` is "auto" or the name of a log format; with `strict` deviations give exit code 1.
    Raises: InputError for a log that cannot be read or ordered, UsageError for an unknown format.
    """
    source = read([Path(path) for path in paths], format)
    members = frozenset(node for config in source.configs for node in config.nodes)
    clock_errors = [config.clock_error_ms for config in source.configs if config.clock_error_ms is not None]
    order = causal_order(source.events, members, max(clock_errors, default=0.0))
    acknowledgements = Acknowledgements()
    nodes = tuple(sorted({event.node for event in order.events}))
    results = _apply_rules(order, Nodes(source.configs, nodes), acknowledgements)
    reasons = doubts(source.events, source.configs, source.unmapped, results)
    verdict = verdict_of(results, reasons)
    deviations = tuple(result for result in results if result.outcome is Outcome.DEVIATION)
    explanation = explain(results, order, acknowledgements)
    return Report(
        verdict=verdict,
        exit_code=exit_code_of(verdict, bool(deviations), strict),
        strict=strict,
        files=tuple(source.files),
        format=", ".join(sorted({file.format for file in source.files if file.format})),
        events=len(order.events),
        nodes=nodes,
        matched=order.matched,
        unmatched=order.unmatched,
        inversions=order.inversions,
        rules=results,
        explanation=explanation,
        deviations=deviations,
        reasons=reasons,
        evidence=evidence(explanation),
        notes=(*_file_notes(source), *order.notes, *_released(order)),
    )


def _apply_rules(order: Order, nodes: Nodes, acknowledgements: Acknowledgements) -> tuple[RuleResult, ...]:
    """The results of all rules over the ordered events, in the order of RULES."""
    rules = [rule() for rule in RULES]
    for index, event in enumerate(order.events):
        seen = Seen(event.place, event.node, event.inc, index)
        view = nodes.before(event)
        for rule in rules:
            rule.see(event, seen, view)
        acknowledgements.see(event)
        nodes.absorb(event, seen, view)
    return tuple(rule.result() for rule in rules)


def _file_notes(source: Input) -> list[str]:
    return [note for file in source.files for note in _notes_of(file)] + source.notes


def _notes_of(file: SourceFile) -> list[str]:
    notes = []
    if file.lines == 0:
        notes.append(f"{file.path} is empty")
    if file.torn is not None:
        notes.append(f"{file.torn}: torn last line, left out (1 line)")
    if file.skipped:
        notes.append(f"{file.path}: {file.skipped} ordinary log lines between the trace lines")
    return notes


def _released(order: Order) -> list[str]:
    if not order.released:
        return []
    return [f"{order.released} receipts without a message id could not be matched with their sending"]
