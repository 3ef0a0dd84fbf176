"""The whole check, from files to a report: read, order, rules, verdict, explanation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trace_check.evidence import evidence
from trace_check.explain import explain
from trace_check.passes import Passed, Watcher, run
from trace_check.reader import Source, SourceFile, sources
from trace_check.replay import ReplayResult
from trace_check.replay.survey import Survey
from trace_check.report import Report
from trace_check.rules import Outcome
from trace_check.tiers import EVENTS_MAX, Tier, doubts_of, replay_of, rule_result, wanted
from trace_check.verdict import Verdict, doubts, exit_code_of, verdict_of


def validate(
    paths: Sequence[Path],
    *,
    format: str = "auto",
    strict: bool = False,
    tier: Tier = Tier.auto,
    walk: bool = False,
    watchers: Sequence[Watcher] = (),
) -> Report:
    """The report on the logs at `paths`, which together hold one cluster.

    `format` is "auto" or the name of a log format; with `strict` deviations give exit code 1. `tier` says
    whether to judge by the rules, by replay, or both; with `walk` the replay keeps its last lines. `watchers`
    see every event in causal order, beside the rules. Memory is bounded by the cluster where each log is in
    order.
    Raises: InputError for a log that cannot be read or ordered, UsageError for an unknown format.
    """
    logs, left_out = sources([Path(path) for path in paths], format)
    survey = Survey()
    passed = run(logs, watchers if tier is Tier.rules else [survey, *watchers])
    result = (
        replay_of(logs, passed, survey, walk) if tier is not Tier.rules and wanted(tier, survey) else None
    )
    notes = list(left_out)
    if tier is Tier.auto and result is None:
        notes.append(f"not replayed: more than {EVENTS_MAX} events; ask for it with --tier both")
    return report_of(passed, logs, strict, notes, result, tier)


def report_of(
    passed: Passed,
    logs: Sequence[Source],
    strict: bool,
    notes: Sequence[str] = (),
    replay: ReplayResult | None = None,
    tier: Tier = Tier.rules,
) -> Report:
    """The report on what a pass over `logs`, and the replay of them, have found."""
    judge, merge = passed.judge, passed.merge
    results = () if tier is Tier.replay else judge.results()
    reasons = doubts(judge, passed.gathered, results)
    if replay is not None:
        if verdict_of(results, ()) is not Verdict.REJECTED:
            reasons = (*reasons, *doubts_of(replay, asked=tier is Tier.replay))
        results = (*results, rule_result(replay))
    verdict = verdict_of(results, reasons)
    deviations = tuple(result for result in results if result.outcome is Outcome.DEVIATION)
    explanation = explain(results, passed.acknowledgements)
    files = tuple(log.summary() for log in logs)
    released = f"{merge.released} receipts without a message id could not be matched with their sending"
    return Report(
        verdict=verdict,
        exit_code=exit_code_of(verdict, bool(deviations), strict),
        strict=strict,
        files=files,
        format=", ".join(sorted({file.format for file in files if file.format})),
        events=judge.events,
        nodes=tuple(sorted(judge.nodes.views)),
        matched=merge.matched,
        unmatched=merge.unmatched,
        inversions=merge.inversions,
        rules=results,
        explanation=explanation,
        deviations=deviations,
        reasons=reasons,
        evidence=evidence(explanation),
        replay=replay,
        notes=(
            *notes,
            *(note for file in files for note in _notes_of(file)),
            *passed.gathered.notes,
            *(str(gap) for gap in passed.gaps),
            *([released] if merge.released else ()),
        ),
    )


def _notes_of(file: SourceFile) -> list[str]:
    notes = []
    if file.lines == 0:
        notes.append(f"{file.path} is empty")
    if file.torn is not None:
        notes.append(f"{file.torn}: torn last line, left out (1 line)")
    if file.skipped:
        notes.append(f"{file.path}: {file.skipped} ordinary log lines between the trace lines")
    return notes
