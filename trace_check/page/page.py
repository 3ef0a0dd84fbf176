"""Decides what the page says and in which order; `templates/trace.html.j2` prints it, `trace.js` draws."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pymodel.report.templates import render
from trace_check.event import Place
from trace_check.lines import raw_lines
from trace_check.load import Log
from trace_check.page.data import marks, pack, page_data
from trace_check.places import ShortNames, natural
from trace_check.report import Report, impact_lines, order_text
from trace_check.stats import history_of, stats_of
from trace_check.stats_text import sections
from trace_check.verdict import Verdict

_TONES = {Verdict.ACCEPTED: "good", Verdict.REJECTED: "bad", Verdict.INCONCLUSIVE: "unknown"}
_RAW_LINES_MAX = 5_000
_NEIGHBOURS = 2
_MARKS_LISTED_MAX = 12


@dataclass(frozen=True)
class Step:
    """A line of the chain that led to the verdict, ready to print; `number` counts from 1, `index` is its
    event's."""

    number: int
    index: int
    kind: str
    text: str
    place: str


def render_page(report: Report, log: Log) -> str:
    """The page for `report`, which was made from the same files as `log`."""
    history = history_of(log)
    names = ShortNames(file.path for file in log.files)
    index_of = log.index_of()
    found = marks(report, index_of)
    steps = _steps(report, log, names, found)
    raw = _raw(log, [index for index, *_ in found])
    return render(
        "trace.html.j2",
        package="trace_check.page",
        report=report,
        tone=_TONES[report.verdict],
        verdict=report.verdict.name,
        title=_title(report),
        subtitle=_subtitle(report),
        steps=steps,
        more=len(found) - len(steps),
        impact=() if report.explanation is None else impact_lines(report.explanation),
        reasons=[names.within(reason) for reason in report.reasons],
        notes=[names.within(note) for note in report.notes],
        facts=_facts(report, log),
        sections=sections(stats_of(history, log.files, log.configs)),
        data=Markup(pack(page_data(report, log, history, raw))),
        events=len(log.events),
        cone=bool(report.explanation),
    )


def _title(report: Report) -> str:
    if report.explanation is not None:
        return report.explanation.rule
    if report.verdict is Verdict.INCONCLUSIVE:
        return "No contradiction, but not everything could be checked"
    return "No contradiction" + (", with deviations" if report.deviations else "")


def _subtitle(report: Report) -> str:
    if report.explanation is not None:
        return report.explanation.finding.text
    return ", ".join(f"{result.rule} {result.count}" for result in report.deviations)


def _steps(report: Report, log: Log, names: ShortNames, found: list[list[object]]) -> list[Step]:
    """The chain in causal order: what led to the finding, and the finding; else the first deviations."""
    rejected = report.explanation is not None
    listed = [mark for mark in found if not rejected or mark[3] != "deviation"][:_MARKS_LISTED_MAX]
    rows = sorted((index, kind, text) for index, _, text, kind in listed if isinstance(index, int))
    return [
        Step(number, index, str(kind), str(text), names.at(log.events[index].place))
        for number, (index, kind, text) in enumerate(rows, start=1)
    ]


def _facts(report: Report, log: Log) -> list[tuple[str, str]]:
    files = "1 file" if len(report.files) == 1 else f"{len(report.files)} files"
    return [
        ("log", f"{len(log.events):,} events in {files}, format {report.format or 'unknown'}"),
        ("nodes", ", ".join(sorted(report.nodes, key=natural)) or "none"),
        ("order", order_text(report)),
        ("fencing", report.fencing),
    ]


def _raw(log: Log, marked: list[int]) -> dict[int, str]:
    """The original lines of all events of a small log; of a large one those around the findings."""
    wanted = set(range(len(log.events)))
    if len(wanted) > _RAW_LINES_MAX:
        near = {index + step for index in marked for step in range(-_NEIGHBOURS, _NEIGHBOURS + 1)}
        wanted &= near
    places: dict[Place, int] = {log.events[index].place: index for index in sorted(wanted)}
    return {places[place]: text for place, text in raw_lines(places).items()}
