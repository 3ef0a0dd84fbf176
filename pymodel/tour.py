"""The main job in about a minute: the spec, its Python twin and real logs, each checked against the other.

Decides what is run, what must come out, and what a newcomer reads of it. It prints nothing: `Tour.events`
yields the lines as they come up, and `Tour.marks` holds what came of each part. Without TLC the parts
that need it are marked as failed, and the rest is run.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import trace_check
from pymodel import __version__
from pymodel.cfg import read_cfg
from pymodel.cfgs import purpose
from pymodel.check import check
from pymodel.engine.result import CheckResult, Step
from pymodel.errors import ToolError
from pymodel.parity import Row, compare, count_rows, names_rows
from pymodel.raft.model import RAFT
from pymodel.report.diff import describe, diff_states
from pymodel.report.facts import verdict_subject, verdict_word
from pymodel.report.pretty import compact, is_message
from pymodel.specfiles import find_cfg, find_module
from pymodel.terminal import reached_line
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain, locate
from pymodel.values import Value

SPEC = "small"
GRAPH = "tiny"
MUTANT, MUTANT_BREAKS = "mutant_vote_cleared", "ElectionSafety"
GOOD_LOG, BAD_LOG = "failover", "double_vote"
TOLD = ("role", "votedFor")
"""The variables whose changes tell the story of the mutant."""
WIDTH = 100

INTRO = (
    f"termfence {__version__}: can a deposed Raft leader still be obeyed?",
    "A TLA+ spec, the same model in Python, and logs of real nodes: each is checked against the other.",
)
NEXT = (
    ("pymodel check small", "search a cfg yourself; `pymodel cfgs` lists them"),
    ("pymodel compare", "the same states as TLC, on larger cfgs too"),
    ("trace-check validate FILE...", "check the logs of your own cluster"),
)
MEND = ("pymodel doctor", "what is missing, and how to mend it")


@dataclass(frozen=True)
class Heading:
    """The start of a part."""

    text: str


@dataclass(frozen=True)
class Line:
    """A line of a part."""

    text: str


@dataclass(frozen=True)
class Mark:
    """A row of the summary: what was tried, what came out, and whether that is what had to come out."""

    what: str
    result: str
    good: bool


class Tour:
    """One tour. `progress` is told what runs at the moment.

    Once `events` is used up, `marks` and `good` are complete, and `mutant` is the check that found the
    counterexample.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.progress = progress
        self.marks: list[Mark] = []
        self.toolchain: Toolchain | None = None
        self.missing: ToolError | None = None
        self.tlc: CheckResult | None = None
        self.ours: CheckResult | None = None
        self.mutant: CheckResult | None = None

    @property
    def good(self) -> bool:
        """Whether everything came out as it must."""
        return bool(self.marks) and all(mark.good for mark in self.marks)

    @property
    def next(self) -> tuple[tuple[str, str], ...]:
        """Commands to try next, each with what it does."""
        return (MEND, *NEXT) if self.missing else NEXT

    def events(self) -> Iterator[Heading | Line]:
        """The tour, part by part. Raises FenceError if a shipped file is missing or broken."""
        try:
            self.toolchain = locate()
        except ToolError as problem:
            self.missing = problem
        for part in (self._spec, self._model, self._parity, self._mutant, self._logs):
            yield from part()

    def _mark(self, what: str, result: str, good: bool) -> None:
        self.marks.append(Mark(what, result, good))

    def _spec(self) -> Iterator[Heading | Line]:
        yield Heading(f"1  TLC checks the TLA+ spec ({SPEC}.cfg)")
        yield Line(purpose(find_cfg(SPEC)))
        if self.toolchain is None:
            yield from map(Line, f"not run: {self.missing}".splitlines())
            self._mark("the spec holds", "not checked: TLC or Java is missing", False)
            return
        self.tlc = result = _run_tlc(SPEC, self.toolchain, self.progress)
        yield Line(f"{result.tool} from {self.toolchain.jar_source}, {self.toolchain.java_source}")
        yield from _verdict(result)
        yield Line(f"{_counts(result)} in {result.seconds['total']:.1f} s, the start of Java included")
        self._mark("the spec holds", f"{_properties(SPEC)} properties, {_counts(result)}", result.ok)

    def _model(self) -> Iterator[Heading | Line]:
        yield Heading(f"2  The same model in Python, compiled ({SPEC}.cfg)")
        self.progress(f"our search of {SPEC}")
        self.ours = result = check(find_cfg(SPEC))
        search, total = result.seconds["search"], result.seconds["total"]
        yield from _verdict(result)
        yield Line(f"{_counts(result)} in {search:.2f} s; {total:.2f} s with compiling or loading the search")
        summary = f"the same properties in {search:.2f} s"
        if self.tlc is not None:
            wall = self.tlc.seconds["total"]
            ratio = f"TLC took {wall / search:,.0f} times as long"
            yield Line(f"{ratio} as the search, {wall / total:,.0f} times as long as both")
            summary += f"; {ratio}"
        self._mark("the model holds", summary, result.ok)

    def _parity(self) -> Iterator[Heading | Line]:
        yield Heading("3  Are the two the same?")
        names = names_rows()
        yield from _compared("names", names, "{what}")
        if self.toolchain is None or self.tlc is None or self.ours is None:
            self._mark("spec and model agree", "by name; states not compared: TLC or Java is missing", False)
            return
        counts = count_rows(self.ours, self.tlc)
        yield from _compared(SPEC, counts, "{what} {ours}")
        graph = compare(find_cfg(GRAPH), toolchain=self.toolchain, graph=True, progress=self.progress)
        yield from _compared(GRAPH, graph.rows, "{what} {ours}")
        yield from map(Line, graph.differences)
        good = _all_equal((*names, *counts, *graph.rows))
        self._mark(
            "spec and model agree", f"names, counts, and the whole graph of {GRAPH}, edge by edge", good
        )

    def _mutant(self) -> Iterator[Heading | Line]:
        cfg = find_cfg(MUTANT)
        yield Heading(f"4  One guard weakened ({MUTANT}.cfg)")
        yield Line(purpose(cfg))
        self.progress(f"our search of {MUTANT}")
        self.mutant = result = check(cfg)
        yield from _verdict(result)
        yield from _story(result)
        good = result.violated == MUTANT_BREAKS
        if self.toolchain is None:
            self._mark("a weakened guard shows", f"{_violation(result)}; TLC not asked: missing", False)
            return
        other = _run_tlc(MUTANT, self.toolchain, self.progress)
        same = good and _all_equal(count_rows(result, other))
        yield Line(f"{other.tool}: {_violation(other)}, in {other.seconds['total']:.1f} s")
        who = "both say" if same else f"TLC says {_violation(other)}, the search"
        self._mark("a weakened guard shows", f"{who} {_violation(result)}", same)

    def _logs(self) -> Iterator[Heading | Line]:
        yield Heading("5  Logs of real nodes (PySyncObj, recorded)")
        wanted = {GOOD_LOG: trace_check.Verdict.ACCEPTED, BAD_LOG: trace_check.Verdict.REJECTED}
        found = {}
        for name in wanted:
            self.progress(f"checking the log {name}")
            report = trace_check.validate(trace_check.sample(name))
            found[name] = report.verdict
            yield Line(f"{name}: {report.events} events of {len(report.nodes)} nodes")
            yield from (Line(f"  {line}") for line in _headline(trace_check.render_text(report)))
        text = ", ".join(f"{name} {verdict.value}" for name, verdict in found.items())
        self._mark("real logs are judged", text, found == wanted)


def _run_tlc(name: str, toolchain: Toolchain, progress: Callable[[str], None]) -> CheckResult:
    cfg = find_cfg(name)
    progress(f"TLC on {name}")
    return tlc_check(
        find_module(cfg, RAFT.module),
        cfg,
        toolchain=toolchain,
        progress=lambda reached: progress(reached_line(f"TLC on {name}", reached)),
    )


def _verdict(result: CheckResult) -> Iterator[Line]:
    yield Line(f"{verdict_word(result)}: {verdict_subject(result)}")
    yield from map(Line, result.detail.splitlines())


def _counts(result: CheckResult) -> str:
    return f"{result.distinct:,} states, depth {result.depth}"


def _violation(result: CheckResult) -> str:
    """What was violated and how soon."""
    cex = result.counterexample
    return f"{result.violated} is violated after {cex.length} states" if cex else verdict_word(result)


def _properties(name: str) -> int:
    cfg = read_cfg(find_cfg(name))
    return len(cfg.invariants) + len(cfg.properties)


def _all_equal(rows: Iterable[Row]) -> bool:
    return all(row.equal is not False for row in rows)


def _compared(subject: str, rows: Iterable[Row], equal: str) -> Iterator[Line]:
    """What is equal, each row in the form `equal`, then what is not; rows that only inform are left out."""
    claims = [row for row in rows if row.equal is not None]
    same = "; ".join(equal.format(what=row.what, ours=row.ours) for row in claims if row.equal)
    if same:
        text = f"{subject:<6} equal: {same}"
        yield from map(Line, textwrap.wrap(text, WIDTH, subsequent_indent=" " * 14))
    for row in claims:
        if not row.equal:
            yield Line(f"{subject:<6} DIFFERENT: {row.what}: {row.ours} here, {row.tlc} in TLA+")


def _story(result: CheckResult) -> Iterator[Line]:
    """A line for each step of the counterexample, and why the last state violates the property."""
    cex = result.counterexample
    if cex is None:
        return
    titles = [_short(step) for step in cex.steps]
    width = max(map(len, titles))
    before = cex.steps[0].state
    for number, (title, step) in enumerate(zip(titles, cex.steps, strict=True), 1):
        changes = [describe(c).line() for c in diff_states(before, step.state) if c.variable in TOLD]
        yield Line(f"{number:>4}  {title:<{width}}  {', '.join(changes)}".rstrip())
        before = step.state
    if cex.witness:
        yield Line(f"why:  {', '.join(cex.witness)}")


def _short(step: Step) -> str:
    """`Timeout(s1)`, `HandleRequestVoteRequest(s2->s1)`: the action with the bare values."""
    values = ", ".join(map(_short_value, step.params.values()))
    return f"{step.action}({values})" if values else step.action


def _short_value(value: Value) -> str:
    return f"{value['source']}->{value['dest']}" if is_message(value) else compact(value)


def _headline(report: str) -> list[str]:
    """The verdict and its grounds: the report's first block."""
    return report.partition("\n\n")[0].splitlines()
