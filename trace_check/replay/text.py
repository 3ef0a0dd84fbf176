"""A replay in words: where the log leaves the model, what refused each step, and the walk that led there."""

from __future__ import annotations

from collections.abc import Iterable

from trace_check.places import ShortNames
from trace_check.replay.result import Refusal, ReplayResult, WalkStep

_TOLD_MAX = 3


def replay_lines(result: ReplayResult, places: ShortNames) -> list[str]:
    """The walk and the first refusals as lines, each group after an empty one; none if there are none."""
    lines: list[str] = []
    if result.walk:
        lines += ["", *_walk(result.walk, places)]
    for refusal in result.refusals[:_TOLD_MAX]:
        lines += ["", *_refusal(refusal, places)]
    more = result.refused - min(len(result.refusals), _TOLD_MAX)
    if more:
        lines += ["", f"replay: {more} more lines are no steps of the model"]
    if result.relaxed:
        told = ", ".join(f"{name} {count}" for name, count in sorted(result.relaxed.items()))
        lines += ["", f"replay: taken beside the model's steps: {told}"]
    return lines


def _refusal(refusal: Refusal, places: ShortNames) -> list[str]:
    seen = refusal.seen
    lines = [
        f"replay: no step of the model at {places.at(seen.place)} ({seen.node}): {refusal.text}",
        f"  the node before it: {_told(refusal.model.items())}",
    ]
    width = max((len(candidate.action) for candidate in refusal.candidates), default=0)
    for candidate in refusal.candidates:
        lines.append(f"  {candidate.action.ljust(width)}  {candidate.refused_by}")
    return lines


def _walk(walk: Iterable[WalkStep], places: ShortNames) -> list[str]:
    lines = ["replay: the last lines that are steps of the model, and the node after each"]
    for step in walk:
        states = "" if step.states == 1 else f"; one of {step.states} states"
        lines.append(f"  {places.at(step.seen.place)}  {step.seen.node}  {step.text}")
        lines.append(f"      {_told(step.model.items())}{states}")
    return lines


def _told(fields: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in fields)
