"""`pymodel frontier`: how long a lease may be, cell by cell, against the formula."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pymodel.cli_common import Timeout, write_file
from pymodel.errors import UsageError
from pymodel.terminal import ProgressLine, reached_line, toned

if TYPE_CHECKING:
    from pymodel.engine.goal import Progress
    from pymodel.engine.result import CheckResult
    from pymodel.mutate.frontier import Cell

UNDECIDED = 3


def frontier_command(
    max_states: Annotated[int | None, typer.Option(min=1, help="Give up a cell after so many.")] = None,
    timeout: Timeout = None,
    json: Annotated[Path | None, typer.Option(help="Write the cells as JSON.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the map.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the page.")] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a cfg for each cell, an ITF trace if unsafe.")
    ] = None,
) -> None:
    """Search 48 cells of timeouts and skew. Exit 0: the formula holds, 1: it does not, 3: a cell is open."""
    from pymodel.engine.goal import Limits
    from pymodel.mutate.frontier import STATES_MAX, frontier, rates
    from pymodel.report.frontier import frontier_json, frontier_page, frontier_svg, render_frontier

    with ProgressLine() as progress:

        def tell(label: str, reached: Progress | None) -> None:
            progress(reached_line(label, reached, reached.seconds) if reached else label)

        limits = Limits(max_states or STATES_MAX, timeout)
        found, of_rates = frontier(limits, tell), rates(limits, tell)
    cells = [cell for cell, _ in found]
    agrees = all(cell.agrees for cell in cells) and all(rate.agrees for rate in of_rates)
    decided = all(item.safe is not None for item in cells) and all(item.safe is not None for item in of_rates)
    head, _, table = render_frontier(cells, of_rates).partition("\n")
    typer.echo(toned(head, "bad" if not agrees else "good" if decided else "unknown"))
    typer.echo(table, nl=False)
    if json:
        write_file(json, frontier_json(cells, of_rates))
    if markdown:
        write_file(markdown, frontier_page(cells, of_rates))
    if svg:
        write_file(svg, frontier_svg(cells))
    if write:
        _write_cells(write, found)
    raise typer.Exit(1 if not agrees else 0 if decided else UNDECIDED)


def _write_cells(folder: Path, found: Sequence[tuple[Cell, CheckResult]]) -> None:
    """A cfg for each cell, and an ITF trace where it is unsafe."""
    from pymodel.mutate.frontier import cell_text
    from pymodel.report.itf import counterexample_itf

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"no folder: {problem.strerror}", mend="give another path", path=folder) from problem
    for cell, result in found:
        stem = f"skew{cell.clock_skew}_election{cell.election_ticks}_lease{cell.lease_ticks}"
        values = (cell.clock_skew, cell.election_ticks, cell.lease_ticks)
        write_file(folder / f"{stem}.cfg", cell_text(*values, cell.line or "Safe, by exhaustive search."))
        if result.counterexample:
            write_file(folder / f"{stem}.itf.json", counterexample_itf(result.counterexample, stem, None))
