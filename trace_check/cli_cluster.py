"""`trace-check cluster` and `trace-check criteria`: a real cluster that breaks, and what its logs say."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from pymodel.cli_common import write_file

Nodes = Annotated[int, typer.Option(min=1, max=9, help="Nodes of the cluster.")]
Folder = Annotated[
    Path | None, typer.Option(help="Where logs and databases stay; without it they go when it ends.")
]
Bug = Annotated[str, typer.Option(help="A hole that is open in every node, such as vote_not_persisted.")]


def cluster_command(
    nodes: Nodes = 3,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long load and faults last.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Of the first run; the next ones count on.")] = 1,
    runs: Annotated[int, typer.Option(min=1, help="How many runs, one after the other.")] = 1,
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault that may happen, each; all by default.")
    ] = None,
    bug: Bug = "",
    folder: Folder = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="The same core in one process, under virtual time.")
    ] = False,
) -> None:
    """Run a cluster, break it, and check its logs and its clients' history. Exit 0: all is well, 1: not."""
    from trace_check.node.bugs import guards_with
    from trace_check.node.nemesis import FAULTS, check_faults
    from trace_check.node.processes import ClusterOptions
    from trace_check.node.runs import real_run, simulated_run

    guards_with(bug)
    faults = check_faults(tuple(fault)) if fault else FAULTS
    options = ClusterOptions(nodes=nodes, bug=bug)

    def run(number: int, place: Path) -> bool:
        if simulated:
            outcome = simulated_run(nodes, bug, number, seconds * 1000, place)
        else:
            outcome = real_run(options, number, seconds, faults, place)
        typer.echo("\n".join(outcome.lines))
        return outcome.ok

    failed = [number for number in range(seed, seed + runs) if not _in_folder(folder, number, run)]
    typer.echo(f"{runs} runs, {runs - len(failed)} well" + (f"; not well: seeds {failed}" if failed else ""))
    raise typer.Exit(1 if failed else 0)


def criteria_command(
    number: Annotated[
        list[int] | None, typer.Argument(min=1, max=5, help="Which of the five; all by default.")
    ] = None,
    nodes: Annotated[int, typer.Option(min=3, max=9, help="Nodes of the cluster.")] = 3,
    bug: Bug = "",
    folder: Folder = None,
) -> None:
    """Show the five pass criteria of stale-leader fencing on running processes. Exit 0: they hold, 1: not."""
    import asyncio

    from trace_check.node.bugs import guards_with
    from trace_check.node.criteria import CRITERIA
    from trace_check.node.processes import ClusterOptions

    guards_with(bug)
    options = ClusterOptions(nodes=nodes, bug=bug)

    def show(criterion: int, place: Path) -> bool:
        seen = asyncio.run(CRITERIA[criterion](options, place))
        typer.echo(f"{seen.number}  {'holds' if seen.passed else 'FAILS'}  {seen.claim}")
        typer.echo("".join(f"     {line}\n" for line in seen.lines), nl=False)
        return seen.passed

    passed = [_in_folder(folder, criterion, show) for criterion in number or CRITERIA]
    raise typer.Exit(0 if all(passed) else 1)


def twins_command(
    bug: Annotated[list[str] | None, typer.Argument(help="Which holes; all by default.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Simulated runs of each, at most.")] = 50,
    markdown: Annotated[Path | None, typer.Option(help="Write the page with the table.")] = None,
) -> None:
    """Open each hole in a simulated cluster, and see the validator reject its logs. Exit 0: all caught."""
    from trace_check.node.bugs import BUGS, bug_of
    from trace_check.node.twins import HEADS, catch, twins_page
    from trace_check.report import table

    names = bug or list(BUGS)
    for name in names:
        bug_of(name)
    caught = []
    for name in names:
        with tempfile.TemporaryDirectory(prefix="termfence-") as temporary:
            caught.append(catch(name, Path(temporary), runs=runs))
        typer.echo(f"{name}: {' '.join(caught[-1].row[2:4])}", err=True)
    typer.echo("\n".join(table([HEADS, *(each.row for each in caught)])))
    if markdown:
        write_file(markdown, twins_page(caught))
    raise typer.Exit(0 if all(each.good for each in caught) else 1)


def _in_folder(folder: Path | None, number: int, do: Callable[[int, Path], bool]) -> bool:
    if folder is not None:
        place = folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        return do(number, place)
    with tempfile.TemporaryDirectory(prefix="termfence-") as temporary:
        return do(number, Path(temporary))
