"""The numbers and sentences of a check's result, as plain data for every format.

Decides the words and their order, not how they look.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymodel.engine.result import CheckResult, Counterexample, Verdict

_HEADLINES = {
    Verdict.OK: "OK",
    Verdict.ASSUMPTION: "ASSUMPTION FALSE",
    Verdict.DEADLOCK: "DEADLOCK",
    Verdict.INVARIANT: "INVARIANT VIOLATED",
    Verdict.PROPERTY: "PROPERTY VIOLATED",
    Verdict.UNDETERMINED: "UNDETERMINED",
    Verdict.ERROR: "ERROR",
}
_SUBJECTS = {
    Verdict.OK: "no violation in any reachable state",
    Verdict.DEADLOCK: "a reachable state has no successor",
    Verdict.UNDETERMINED: "the check ended before it was complete",
    Verdict.ERROR: "the check failed; it says nothing about the spec",
}


@dataclass(frozen=True)
class Fact:
    """A labelled fact about the run."""

    label: str
    text: str


@dataclass(frozen=True)
class CoverageRow:
    """An action's coverage; `share` is its part of the most frequent action's successors, 0 to 1."""

    action: str
    generated: int
    distinct: int
    share: float

    @property
    def fired(self) -> bool:
        return self.generated > 0


def verdict_word(result: CheckResult) -> str:
    """`INVARIANT VIOLATED`, `OK`, ...: the verdict in capitals."""
    return _HEADLINES[result.verdict]


def verdict_tone(result: CheckResult) -> str:
    """`good`, `bad` or `unknown`: how the verdict is coloured."""
    if result.verdict in (Verdict.UNDETERMINED, Verdict.ERROR):
        return "unknown"
    return "good" if result.ok else "bad"


def verdict_subject(result: CheckResult) -> str:
    """The violated property's name, or what the verdict means where it names none."""
    return result.violated or _SUBJECTS.get(result.verdict, "the property is not named")


def run_facts(result: CheckResult) -> tuple[Fact, ...]:
    """What was checked, how far, how fast and how surely; always the same labels in the same order."""
    return (
        Fact("config", result.cfg),
        Fact("checked by", _checked_by(result)),
        Fact("states", f"{result.distinct:,} distinct, {result.generated:,} generated"),
        Fact("depth", f"{result.depth:,}"),
        Fact("time", _time(result)),
        Fact("collision", result.collision),
    )


def _checked_by(result: CheckResult) -> str:
    workers = f"{result.workers} worker" + ("" if result.workers == 1 else "s")
    return f"{result.tool}, {workers}, symmetry {'on' if result.symmetry else 'off'}"


def _time(result: CheckResult) -> str:
    total = result.seconds.get("total")
    if total is None:
        return "not measured"
    parts = [f"{name} {value:.2f} s" for name, value in result.seconds.items() if name != "total"]
    text = f"{total:.2f} s" + (f" ({', '.join(parts)})" if parts else "")
    search = result.seconds.get("search", total)
    return f"{text}, {result.distinct / search:,.0f} distinct/s" if search > 0 else text


def coverage_rows(result: CheckResult) -> tuple[CoverageRow, ...]:
    """The coverage in the result's order."""
    most = max((row.generated for row in result.coverage), default=0)
    return tuple(
        CoverageRow(row.action, row.generated, row.distinct, row.generated / most if most else 0.0)
        for row in result.coverage
    )


def all_warnings(result: CheckResult) -> tuple[str, ...]:
    """The result's own warnings, then one that names the actions that never fired, if there are any."""
    idle = [row.action for row in coverage_rows(result) if not row.fired]
    if not idle:
        return result.warnings
    when = "" if result.ok else " before the search stopped"
    count = "1 action" if len(idle) == 1 else f"{len(idle)} actions"
    return (*result.warnings, f"{count} never fired{when}: {', '.join(idle)}")


def why_title(cex: Counterexample, verdict: Verdict) -> str:
    """What the last state shows: the sentence that the witness completes."""
    match verdict:
        case Verdict.DEADLOCK:
            return f"state {cex.length} has no successor"
        case Verdict.PROPERTY:
            return f"the behaviour up to state {cex.length} violates {cex.violated}"
        case _:
            return f"state {cex.length} violates {cex.violated}"
