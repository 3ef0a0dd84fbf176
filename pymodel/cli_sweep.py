"""`pymodel sweep`: one cfg over a grid of constants."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pymodel.cli_common import CfgName, Timeout, write_file
from pymodel.terminal import ProgressLine, reached_line, toned

UNDECIDED = 3


class SweepFormat(StrEnum):
    """How a sweep is written to stdout."""

    text = "text"
    json = "json"
    csv = "csv"


def sweep_command(
    cfg: CfgName,
    given: Annotated[
        list[str],
        typer.Argument(metavar="NAME=VALUES...", help="LeaseTicks=1..3, Faults={},{loss}, IsQuorum=-,True1"),
    ],
    max_states: Annotated[int | None, typer.Option(min=1, help="Give up a cell after so many.")] = None,
    timeout: Timeout = None,
    format: Annotated[SweepFormat, typer.Option("--format", help="What to print.")] = SweepFormat.text,
    svg: Annotated[Path | None, typer.Option(help="Plot one to three names.")] = None,
) -> None:
    """Check a cfg for each combination of values. Exit 0: all decided, 3: one undetermined or refused."""
    from pymodel.engine.goal import Limits
    from pymodel.report.sweep import render_sweep, sweep_csv, sweep_json
    from pymodel.report.sweep_plot import sweep_svg
    from pymodel.specfiles import find_cfg
    from pymodel.sweep import sweep

    path = find_cfg(cfg)
    with ProgressLine() as progress:
        found = sweep(
            path,
            given,
            limits=Limits(max_states, timeout),
            progress=lambda label, p: progress(reached_line(label, p, p.seconds)),
        )
    if format is SweepFormat.text:
        head, _, table = render_sweep(found).partition("\n")
        typer.echo(toned(head, "good" if found.decided else "unknown"))
        typer.echo(table, nl=False)
    else:
        typer.echo(sweep_json(found) if format is SweepFormat.json else sweep_csv(found).rstrip("\n"))
    if svg:
        write_file(svg, sweep_svg(found))
    raise typer.Exit(0 if found.decided else UNDECIDED)
