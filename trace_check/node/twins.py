"""Each hole opened in simulated clusters, and what the validator says of their logs: a table and a page.

A hole with a story is played, any other one is left to chance. Where the logs are rejected the same run is
made with the guard in place: those logs must be accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trace_check.check import validate
from trace_check.node.bugs import bug_of, rough_with
from trace_check.node.linearizable import unlinearizable_keys
from trace_check.node.runs import Lines
from trace_check.node.simulate import Simulation
from trace_check.node.stories import STORIES, play, told
from trace_check.report import Report
from trace_check.rules import Outcome
from trace_check.verdict import Verdict

HEADS = ("hole", "rule", "run", "verdict", "other rules that fail", "clients saw it", "guard in place")


@dataclass(frozen=True)
class Caught:
    """A buggy twin in simulated runs: the first seed at which its rule fails, None if none of `runs` does.

    `verdict` of the logs there, and the `others` of the rules that fail there; `unlinearizable`: its clients
    saw it too; `correct`: the verdict of the same run with the guard in place.
    """

    bug: str
    rule: str
    runs: int
    seed: int | None = None
    verdict: Verdict | None = None
    others: tuple[str, ...] = ()
    unlinearizable: bool = False
    correct: Verdict | None = None

    @property
    def good(self) -> bool:
        """Whether the hole shows, and nothing without it."""
        return self.seed is not None and self.correct is Verdict.ACCEPTED

    @property
    def row(self) -> tuple[str, ...]:
        """The cells under HEADS. A rule of conformance makes a deviation: rejected with --strict."""
        if self.verdict is None or self.correct is None:
            return (self.bug, self.rule, "not caught", "", "", "", "")
        verdict = "deviation" if self.verdict is Verdict.ACCEPTED else self.verdict.value
        saw = "yes" if self.unlinearizable else ""
        return (
            self.bug, self.rule, str(self.seed), verdict, ", ".join(self.others), saw, self.correct.value
        )  # fmt: skip


def catch(bug: str, folder: Path, *, runs: int = 50, until_ms: float = 4000.0) -> Caught:
    """Simulates clusters with the hole `bug` open until the validator says so by the hole's own rule.

    Raises: UsageError for an unknown name.
    """
    rule = bug_of(bug).rule
    for seed in range(1, runs + 1):
        simulation, report = run_of(bug, bug, seed, until_ms, folder)
        failed = [each.rule for each in report.rules if each.outcome in (Outcome.FAIL, Outcome.DEVIATION)]
        if rule in failed:
            saw = bool(unlinearizable_keys(simulation.history()))
            others = tuple(name for name in failed if name != rule)
            correct = run_of(bug, "", seed, until_ms, folder)[1].verdict
            return Caught(bug, rule, runs, seed, report.verdict, others, saw, correct)
    return Caught(bug, rule, runs)


def run_of(hole: str, bug: str, seed: int, until_ms: float, folder: Path) -> tuple[Simulation, Report]:
    """The run that is to show `hole`, on nodes with `bug` open, "" for none; a story takes its own time."""
    log = Lines()
    if hole in STORIES:
        simulation: Simulation = play(hole, bug, seed, log.write)
    else:
        simulation = Simulation(rough_with(hole, bug=bug), seed, log.write)
        simulation.run(until_ms)
    return simulation, validate(log.save(simulation, folder))


def twins_page(caught: list[Caught]) -> str:
    """docs/TWINS.md."""
    lines = [
        "# Buggy twins",
        "",
        f"The running node with one guard replaced: {len(caught)} holes, each with the rule of `trace-check`",
        "that names it. *Run* is the seed of the first run that shows it; the same run with the guard in",
        "place has the verdict of the last column. A rule of conformance makes a deviation, which `--strict`",
        "rejects. This page is written by",
        "",
        "    trace-check twins --markdown docs/TWINS.md",
        "",
        f"| {' | '.join(head.capitalize() for head in HEADS)} |",
        f"|{'---|' * len(HEADS)}",
        *(f"| {' | '.join(each.row)} |" for each in caught),
        "",
        "## Stories",
        "",
        "Most holes show by chance in a cluster whose days are bad. These are played: who campaigns when,",
        "which messages get through, who writes.",
        "",
        *(f"- **{each.bug}**: {told(each.bug)}" for each in caught if each.bug in STORIES),
    ]
    return "\n".join(lines) + "\n"
