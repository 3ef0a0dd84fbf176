"""A check's result as one HTML page that needs nothing else: no network, works from a file, prints.

Decides what the page says and in which order; `templates/page.html.j2` only prints it.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pymodel.engine.result import CheckResult, Counterexample, Graph
from pymodel.errors import FenceError
from pymodel.report.diff import ChangeText, describe, diff_states
from pymodel.report.facts import (
    all_warnings,
    also_violated,
    counted,
    coverage_rows,
    fresh_title,
    run_facts,
    verdict_subject,
    verdict_tone,
    verdict_word,
    why_title,
)
from pymodel.report.outcomes import counterexamples, kind_of
from pymodel.report.pretty import printable
from pymodel.report.state_view import StateView, view_state
from pymodel.report.step_title import loop_title, step_params
from pymodel.report.svg import graph_svg, sequence_svg
from pymodel.report.templates import render
from pymodel.values import State


@dataclass(frozen=True)
class StepView:
    """A step ready to print: what it was, what it changed, and the state after it; `id` is its anchor."""

    id: str
    number: int
    action: str
    params: str
    changes: tuple[ChangeText, ...]
    state: StateView
    last: bool


@dataclass(frozen=True)
class TraceView:
    """A counterexample ready to print. `heading` is empty for the one that the page's head is about; of a
    lasso, `loop_title` says where it goes on and `loop_id` is that state's anchor."""

    heading: str
    why: str
    witness: tuple[str, ...]
    diagram: Markup
    steps: tuple[StepView, ...]
    loop_title: str
    loop_id: str


def render_html(result: CheckResult, graph: Graph | None = None) -> str:
    """The page for `result`; with `graph`, its drawing too, or a note that says why it is not drawn."""
    traces = [_trace(result, cex, number) for number, cex in enumerate(counterexamples(result), 1)]
    drawing, graph_note = _graph(graph)
    return render(
        "page.html.j2",
        result=result,
        tone=verdict_tone(result),
        verdict=verdict_word(result),
        subject=verdict_subject(result),
        facts=run_facts(result),
        warnings=all_warnings(result),
        coverage=coverage_rows(result),
        also=also_violated(result),
        traces=traces,
        fresh_title=fresh_title(result),
        graph=graph,
        graph_svg=drawing,
        graph_note=graph_note,
    )


def _trace(result: CheckResult, cex: Counterexample, number: int) -> TraceView:
    """`number` counts the page's counterexamples from 1."""
    steps = _steps(cex, "state" if number == 1 else f"trace-{number}-state")
    return TraceView(
        f"Counterexample to {printable(cex.violated)}, {counted(cex.length, 'state')}" if number > 1 else "",
        why_title(cex, kind_of(result, cex.violated)),
        cex.witness,
        Markup(sequence_svg(cex, Markup(""))),
        steps,
        loop_title(cex),
        "" if cex.loop is None else steps[cex.loop].id,
    )


def _graph(graph: Graph | None) -> tuple[Markup, str]:
    """The drawing of `graph` as an inline element, and the reason if there is none."""
    if graph is None:
        return Markup(""), ""
    try:
        document = graph_svg(graph)
    except FenceError as error:
        return Markup(""), f"The graph is not drawn: {error}"
    return Markup(document[document.index("<svg") :]), ""


def _steps(cex: Counterexample, prefix: str) -> tuple[StepView, ...]:
    views = []
    before: State | None = None
    for number, step in enumerate(cex.steps, 1):
        changes = diff_states(before, step.state) if before is not None else ()
        view = StepView(
            f"{prefix}-{number}",
            number,
            printable(step.action),
            step_params(step, changes),
            tuple(describe(change) for change in changes),
            view_state(step.state, before),
            number == cex.length,
        )
        views.append(view)
        before = step.state
    return tuple(views)
