"""TLC's opinion beside that of the rules and the replay: as lines for people and as JSON for programs.

Decides what counts as agreement. TLC is told neither clocks nor clients nor the records of the role log, so
that a log which only they speak against is a behaviour to it; the replay is told the same as TLC.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from trace_check.opinion.ask import Opinion, TlcOpinion
from trace_check.places import ShortNames
from trace_check.replay import ReplayOutcome, ReplayResult
from trace_check.report import Report
from trace_check.rules import Outcome
from trace_check.verdict import Verdict

_LEFT_NAMED_MAX = 5
_VERDICTS = {Opinion.BEHAVIOUR: Verdict.ACCEPTED, Opinion.BREAKS: Verdict.REJECTED}
_REPLAYED = (ReplayOutcome.REPLAYED, ReplayOutcome.DIVERGED)


def verdict_of(opinion: TlcOpinion) -> Verdict:
    """A log that leaves the spec and breaks nothing is Inconclusive, as where only the replay is asked."""
    return _VERDICTS.get(opinion.opinion, Verdict.INCONCLUSIVE)


def agrees_with_replay(opinion: TlcOpinion, replay: ReplayResult | None) -> bool | None:
    """Whether both explain the log, or leave it at the same line first; None if one of them cannot say."""
    if replay is None or replay.outcome not in _REPLAYED or opinion.opinion is Opinion.NONE:
        return None
    if not replay.refused or not opinion.left:
        return bool(replay.refused) == bool(opinion.left)
    return replay.refusals[0].seen.place == opinion.left[0]


def agrees_with_rules(opinion: TlcOpinion, report: Report) -> bool | None:
    """Whether the rules accept or reject the log as TLC does; None where they judge what it is not told, or
    one of them does not decide."""
    if opinion.opinion is Opinion.BREAKS:
        return report.verdict is Verdict.REJECTED
    return True if opinion.opinion is Opinion.BEHAVIOUR and report.verdict is Verdict.ACCEPTED else None


def as_text(opinion: TlcOpinion, report: Report) -> str:
    """What TLC says, and what the rules and the replay say beside it."""
    places = ShortNames(file.path for file in report.files)
    lines = [_headline(opinion, places), *_left(opinion, places)]
    agreements = [("replay", *_replay(opinion, report.replay, places)), ("rules", *_rules(opinion, report))]
    width = max(len(text) for _, text, _ in agreements)
    lines += [f"  {who.ljust(6)}  {text.ljust(width)}  {agrees}".rstrip() for who, text, agrees in agreements]
    if opinion.runs:
        runs = "1 run" if opinion.runs == 1 else f"{opinion.runs} runs"
        lines.append(f"{opinion.events} events, {runs} of {opinion.tool}, {opinion.seconds:.1f} s")
    return "\n".join(lines) + "\n"


def _headline(opinion: TlcOpinion, places: ShortNames) -> str:
    verdict = verdict_of(opinion).name
    if opinion.broken and opinion.broken_at is not None:
        names = " and ".join(opinion.broken)
        fails = "fails" if len(opinion.broken) == 1 else "fail"
        return f"{verdict}  {names} {fails} once {places.at(opinion.broken_at)} is taken"
    why = opinion.reason if opinion.opinion is Opinion.NONE else opinion.opinion.value
    return f"{verdict}  {why}"


def _left(opinion: TlcOpinion, places: ShortNames) -> list[str]:
    lines = [f"  no step of the spec at {places.at(place)}" for place in opinion.left[:_LEFT_NAMED_MAX]]
    more = len(opinion.left) - len(lines)
    if more:
        lines.append(f"  and at {more} more lines")
    if opinion.opinion is not Opinion.NONE and opinion.reason:
        lines.append(f"  {opinion.reason}")
    if not opinion.exact:
        lines.append("  entries from before the log begins are guessed: only ElectionSafety is looked at")
    return lines


def _replay(opinion: TlcOpinion, replay: ReplayResult | None, places: ShortNames) -> tuple[str, str]:
    if replay is None:
        return "not asked", ""
    if replay.outcome not in _REPLAYED:
        return replay.reasons[0], ""
    text = f"{replay.replayed} of {replay.events} lines are steps of the model"
    if replay.refused:
        text += f", not {places.at(replay.refusals[0].seen.place)}"
    return text, _said(agrees_with_replay(opinion, replay))


def _rules(opinion: TlcOpinion, report: Report) -> tuple[str, str]:
    failed = [rule.rule for rule in report.rules if rule.outcome is Outcome.FAIL]
    text = report.verdict.name + (" by " + ", ".join(failed) if failed else "")
    agrees = agrees_with_rules(opinion, report)
    if agrees is None and failed and opinion.opinion is Opinion.BEHAVIOUR:
        return text, "TLC is told neither clocks nor clients nor role records"
    return text, _said(agrees)


def _said(agrees: bool | None) -> str:
    return "" if agrees is None else "agrees" if agrees else "DISAGREES"


def as_json(opinion: TlcOpinion, report: Report) -> str:
    """The opinion and the agreements as one JSON document."""
    fields: dict[str, Any] = asdict(opinion)
    fields["opinion"] = opinion.opinion.name.lower()
    fields["left"] = [str(place) for place in opinion.left]
    fields["broken_at"] = None if opinion.broken_at is None else str(opinion.broken_at)
    document = {
        "verdict": verdict_of(opinion).value,
        **fields,
        "rules_verdict": report.verdict.value,
        "agrees_with_replay": agrees_with_replay(opinion, report.replay),
        "agrees_with_rules": agrees_with_rules(opinion, report),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
