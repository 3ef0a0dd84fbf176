"""`pymodel frontier`: how long a lease may be, cell by cell, against the formula."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pymodel.cli_common import Timeout, write_file
from pymodel.terminal import ProgressLine, reached_line, toned

if TYPE_CHECKING:
    from pymodel.engine.goal import Progress

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
    from pymodel.mutate.frontier import STATES_MAX, cell_text, frontier
    from pymodel.report.frontier import frontier_json, frontier_page, frontier_svg, render_frontier
    from pymodel.report.itf import counterexample_itf

    with ProgressLine() as progress:

        def tell(label: str, reached: Progress | None) -> None:
            progress(reached_line(label, reached, reached.seconds) if reached else label)

        found = frontier(Limits(max_states or STATES_MAX, timeout), tell)
    cells = [cell for cell, _ in found]
    agrees, decided = all(cell.agrees for cell in cells), all(cell.safe is not None for cell in cells)
    head, _, table = render_frontier(cells).partition("\n")
    typer.echo(toned(head, "bad" if not agrees else "good" if decided else "unknown"))
    typer.echo(table, nl=False)
    for path, render in ((json, frontier_json), (svg, frontier_svg), (markdown, frontier_page)):
        if path:
            write_file(path, render(cells))
    if write:
        write.mkdir(parents=True, exist_ok=True)
        for cell, result in found:
            stem = f"skew{cell.clock_skew}_election{cell.election_ticks}_lease{cell.lease_ticks}"
            values = (cell.clock_skew, cell.election_ticks, cell.lease_ticks)
            write_file(write / f"{stem}.cfg", cell_text(*values, cell.line or "Safe, by exhaustive search."))
            if result.counterexample:
                write_file(write / f"{stem}.itf.json", counterexample_itf(result.counterexample, stem, None))
    raise typer.Exit(1 if not agrees else 0 if decided else UNDECIDED)
