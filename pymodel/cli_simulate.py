"""`pymodel simulate`, also known as `pymodel check --simulate`: random walks through one cfg."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pymodel.cli_common import CfgName, Format, HtmlFile, OutputFormat, Timeout, print_result, write_result
from pymodel.cli_plan import Workers, worker_count
from pymodel.terminal import ProgressLine


class Choice(StrEnum):
    """Between what the chance is equal."""

    action = "action"
    step = "step"


DEPTH = 100
WALKS = 200_000
"""About ten seconds of one thread, if as deep as DEPTH."""


def simulate_command(
    cfg: CfgName,
    walks: Annotated[
        int | None, typer.Option(help=f"End after so many; default {WALKS}, or none with --timeout.")
    ] = None,
    depth: Annotated[int, typer.Option(help="The most steps of a walk.")] = DEPTH,
    seed: Annotated[int, typer.Option(help="The same seed makes the same walks.")] = 0,
    walk: Annotated[int | None, typer.Option(help="Only this one, as a report named it.")] = None,
    choose: Annotated[
        Choice, typer.Option(help="Equal chances for the actions, then their steps, or for all steps.")
    ] = Choice.action,
    timeout: Timeout = None,
    workers: Workers = "auto",
    check_deadlock: Annotated[
        bool | None, typer.Option("--check-deadlock/--no-check-deadlock", help="Overrides the cfg.")
    ] = None,
    format: OutputFormat = Format.text,
    html: HtmlFile = None,
    svg: Annotated[Path | None, typer.Option(help="Draw the counterexample, a lane per server.")] = None,
    dot: Annotated[Path | None, typer.Option(help="Write the counterexample for Graphviz.")] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="The verdict in one line, no progress.")
    ] = False,
) -> None:
    """Walk a cfg at random. Exit 10-13: violated, as TLC, 3: not found to be, which proves nothing."""
    from pymodel.engine.simulate import Plan
    from pymodel.simulation import simulate
    from pymodel.specfiles import find_cfg

    path = find_cfg(cfg)
    if walks is None and walk is None and timeout is None:
        walks = WALKS
    plan = Plan(depth, walks, seed, walk, timeout, worker_count(workers), choose is Choice.action)
    with ProgressLine(quiet) as progress:
        result = simulate(
            path,
            plan,
            check_deadlock=check_deadlock,
            progress=lambda p: progress(
                f"{path.stem}: {p.walks:,} walks, {p.steps:,} steps, {p.generated / p.seconds:,.0f} states/s"
            ),
        )
    print_result(result, format, path, quiet)
    write_result(result, html, svg, dot)
    raise typer.Exit(result.verdict.value)
