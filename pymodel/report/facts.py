"""The numbers and sentences of a check's result, as plain data for every format.

Decides the words and their order, not how they look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pymodel.engine.result import CheckResult, Counterexample, OutDegree, Verdict, Walks

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
_MIB, _GIB = 1 << 20, 1 << 30
_STATES_TO_SHARE_MIN = 1_000_000


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
    if result.walks and not result.violated:
        return f"no violation in {counted(result.walks.count, 'walk')}"
    return result.violated or _SUBJECTS.get(result.verdict, "the property is not named")


def run_facts(result: CheckResult) -> tuple[Fact, ...]:
    """What was checked, how far, how fast and how surely, in one order; out-degree and memory if known."""
    if result.walks:
        return _walk_facts(result, result.walks)
    facts = [
        Fact("config", result.cfg),
        Fact("checked by", _checked_by(result)),
        Fact("states", f"{result.distinct:,} distinct, {result.generated:,} generated"),
        Fact("depth", f"{result.depth:,}"),
        Fact("time", _time(result)),
        Fact("collision", result.collision),
    ]
    if result.out_degree:
        facts.append(Fact("out-degree", _out_degree(result.out_degree)))
    if result.memory_bytes:
        facts.append(Fact("memory", _memory(result)))
    return tuple(facts)


def also_violated(result: CheckResult) -> tuple[str, ...]:
    """The other properties that are violated, those of the same depth first; with the length of a
    behaviour that is shown."""
    lengths = {cex.violated: f" ({counted(cex.length, 'state')})" for cex in result.continued}
    return tuple(name + lengths.get(name, "") for name in dict.fromkeys((*result.also_violated, *lengths)))


def counted(number: int, what: str) -> str:
    """`1 state`, `12 states`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _walk_facts(result: CheckResult, walks: Walks) -> tuple[Fact, ...]:
    """The same of a simulation; at the end the options that show its counterexample again."""
    ended = f", {walks.ended_early:,} ended early" if walks.ended_early else ""
    facts = [
        Fact("config", result.cfg),
        Fact("checked by", f"{result.tool}, {counted(result.workers, 'worker')}, random walks"),
        Fact("walks", f"{walks.count:,} of at most {counted(walks.depth, 'step')}, seed {walks.seed}{ended}"),
        Fact("states", f"{result.generated:,} generated, {counted(walks.steps, 'step')} taken"),
        Fact("depth", f"{result.depth:,}"),
        Fact("time", _time(result)),
    ]
    if walks.violating is not None:
        chosen = "" if walks.by_action else " --choose step"
        options = f"--seed {walks.seed} --depth {walks.depth} --walk {walks.violating}"
        facts.append(Fact("again", f"--simulate {options}{chosen}"))
    return tuple(facts)


def length_text(result: CheckResult) -> str:
    """How long the counterexample is, and whether a shorter one may exist."""
    length = result.counterexample.length if result.counterexample else 0
    return counted(length, "state") + (", not a shortest behaviour" if result.walks else "")


def _checked_by(result: CheckResult) -> str:
    workers = counted(result.workers, "worker")
    return f"{result.tool}, {workers}, symmetry {'on' if result.symmetry else 'off'}"


def _time(result: CheckResult) -> str:
    total = result.seconds.get("total")
    if total is None:
        return "not measured"
    parts = [f"{name} {value:.2f} s" for name, value in result.seconds.items() if name != "total"]
    text = f"{total:.2f} s" + (f" ({', '.join(parts)})" if parts else "")
    search = result.seconds.get("search", total)
    states, what = (result.generated, "generated") if result.walks else (result.distinct, "distinct")
    return f"{text}, {states / search:,.0f} {what}/s" if search > 0 else text


def _out_degree(degree: OutDegree) -> str:
    return f"{degree.least:,} to {degree.most:,}, mean {degree.mean:.1f}, 95 % at most {degree.p95:,}"


def _memory(result: CheckResult) -> str:
    """The share of a state is left out of small searches, where the interpreter takes most of the memory."""
    size = result.memory_bytes
    text = f"{size / _GIB:.1f} GiB" if size >= _GIB else f"{size / _MIB:.0f} MiB"
    if result.distinct < _STATES_TO_SHARE_MIN:
        return text
    return f"{text}, {size / result.distinct:.0f} bytes a state"


def coverage_rows(result: CheckResult) -> tuple[CoverageRow, ...]:
    """The coverage in the result's order."""
    most = max((row.generated for row in result.coverage), default=0)
    return tuple(
        CoverageRow(row.action, row.generated, row.distinct, row.generated / most if most else 0.0)
        for row in result.coverage
    )


def fresh_title(result: CheckResult) -> str:
    """What the second number of a row of coverage counts."""
    return "taken" if result.walks else "distinct"


def all_warnings(result: CheckResult) -> tuple[str, ...]:
    """The result's own warnings, then one that names the actions that never fired, if there are any."""
    idle = [row.action for row in coverage_rows(result) if not row.fired]
    if not idle:
        return result.warnings
    when = "" if result.ok or result.complete or result.walks else " before the search stopped"
    return (*result.warnings, never_fired_text(idle, when))


def never_fired_text(actions: Sequence[str], when: str = "") -> str:
    """`2 actions never fired: Tick, Restart`; `when` is put after "fired"."""
    return f"{counted(len(actions), 'action')} never fired{when}: {', '.join(actions)}"


def why_title(cex: Counterexample, verdict: Verdict) -> str:
    """What the last state, or the loop, shows: the sentence that the witness completes."""
    if cex.loop is not None:
        return f"the behaviour that goes on so forever violates {cex.violated}"
    match verdict:
        case Verdict.DEADLOCK:
            return f"state {cex.length} has no successor"
        case Verdict.PROPERTY:
            return f"the behaviour up to state {cex.length} violates {cex.violated}"
        case _:
            return f"state {cex.length} violates {cex.violated}"
