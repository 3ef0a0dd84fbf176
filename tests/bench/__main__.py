"""`python -m tests.bench`: TLC and pymodel in turn on the same cfgs, as a table, JSON and a plot.

Exit 0 if all counts agree, 1 if any differs, 2 for a wrong command line. docs/BENCHMARKS.md explains it.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pymodel.errors import FenceError, UsageError
from pymodel.specfiles import find_cfg
from tests.bench.markdown import BEGIN, END, placed, text
from tests.bench.plot import plot_svg
from tests.bench.processes import Tools, has_option
from tests.bench.records import (
    COLD,
    DEFAULT,
    EXACT,
    PYMODEL,
    TLC,
    WARM,
    Naive,
    Results,
    Run,
    Twins,
    machine,
    read_results,
    write_results,
)
from tests.bench.rounds import Plan, measure
from tests.bench.table import lines, wrong
from tests.bench.yardstick import find_compiler, naive, twins

CFGS = "bench_lease,bench_lease_symmetry"
CAPTION = "Distinct states a second, search alone"


class Tool(StrEnum):
    pymodel = "pymodel"
    tlc = "tlc"
    both = "both"


TOOLS = {Tool.pymodel: (PYMODEL,), Tool.tlc: (TLC,), Tool.both: (PYMODEL, TLC)}
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    cfgs: Annotated[str, typer.Option(help="Cfgs, separated by commas.")] = CFGS,
    workers: Annotated[str, typer.Option(help="Numbers of workers, separated by commas.")] = "1,2",
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is measured.")] = 3,
    tool: Annotated[Tool, typer.Option(help="Which tools run.")] = Tool.both,
    exact: Annotated[bool, typer.Option("--exact", help="pymodel with full states too.")] = False,
    warm_only: Annotated[bool, typer.Option("--warm-only", help="No run with an empty cache.")] = False,
    yardstick: Annotated[bool, typer.Option(help="The C twin and the naive search too.")] = True,
    timeout: Annotated[float | None, typer.Option(min=0, help="Seconds that one process may take.")] = None,
    jar: Annotated[Path | None, typer.Option(help="The tla2tools.jar to use.")] = None,
    java: Annotated[Path | None, typer.Option(help="The java executable to use.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the measurements as JSON.")] = None,
    add: Annotated[bool, typer.Option("--add", help="Keep what --out already holds.")] = False,
    render: Annotated[
        Path | None, typer.Option(help="Measure nothing: show the results of this file.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the rates as SVG.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Replace the results in this page.")] = None,
) -> None:
    """Measures pymodel against TLC, hand-written C and plain Python."""
    try:
        if render:
            results = read_results(render)
        else:
            modes = (DEFAULT, EXACT) if exact else (DEFAULT,)
            starts = (WARM,) if warm_only else (COLD, WARM)
            found = tuple(find_cfg(name) for name in cfgs.split(",") if name)
            plan = Plan(found, _numbers(workers), TOOLS[tool], modes, starts, rounds)
            results = _begun(out, add, rounds)
            _measure(plan, Tools(jar, java, _options(), timeout), yardstick, results, out)
        typer.echo(text(results))
        if plot:
            plot.write_text(plot_svg(lines(results.runs), CAPTION), "utf-8")
        if markdown:
            _place(markdown, results)
    except FenceError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from None
    raise typer.Exit(1 if wrong(results) else 0)


def _begun(out: Path | None, add: bool, rounds: int) -> Results:
    """Results without a run yet, or with those of the file `out`. Raises UsageError if that is of another
    machine or version."""
    if not add:
        return Results(machine=machine(), rounds=rounds, runs=[], twins=[], naive=[])
    if out is None:
        raise UsageError("--add without --out", mend="name the file to add to")
    before = read_results(out)
    if before.machine != machine():
        raise UsageError("--add to results of another machine or version", mend="give --out a new name")
    before.rounds = max(before.rounds, rounds)
    return before


def _measure(plan: Plan, tools: Tools, yardstick: bool, results: Results, out: Path | None) -> None:
    """Add what the plan asks for to `results`, and keep them in `out` after each run."""

    def keep(run: Run) -> None:
        _tell_run(run)
        results.runs.append(run)
        if out:
            write_results(out, results)

    measure(plan, tools, keep)
    if yardstick:
        compiler = find_compiler()
        if compiler:
            results.twins = twins(compiler, plan.rounds, _tell_twins)
        else:
            typer.echo("no C compiler: the C twin is left out", err=True)
        results.naive = naive(_tell_naive)
    if out:
        write_results(out, results)


def _options() -> frozenset[str]:
    return frozenset(option for option in ("--workers", "--exact") if has_option(option))


def _numbers(listed: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(item) for item in listed.split(",") if item)
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise UsageError(f"--workers {listed}", mend="such as --workers 1,2")
    return numbers


def _place(page: Path, results: Results) -> None:
    old = page.read_text("utf-8")
    if BEGIN not in old or END not in old:
        raise UsageError(f"the page has no {BEGIN} and {END}", mend="add both lines", path=page)
    page.write_text(placed(old, results), "utf-8")


def _tell_run(run: Run) -> None:
    what = f"round {run.round}: {run.cfg}, {run.tool}, {run.workers} workers, {run.mode}, {run.start}"
    done = f"{run.verdict} {run.distinct:,} distinct, search {run.search_s:.2f} s, process {run.wall_s:.2f} s"
    typer.echo(f"{what}: {run.skipped or done}", err=True)


def _tell_twins(twins: Twins) -> None:
    pair = f"two at once {twins.c_pair_s:.3f} s and {twins.pymodel_pair_s:.3f} s"
    typer.echo(f"round {twins.round}: C {twins.c_s:.3f} s, pymodel {twins.pymodel_s:.3f} s; {pair}", err=True)


def _tell_naive(naive: Naive) -> None:
    typer.echo(f"{naive.cfg}: plain Python {naive.naive_s:.2f} s, pymodel {naive.pymodel_s:.3f} s", err=True)


if __name__ == "__main__":
    app()
