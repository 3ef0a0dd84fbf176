"""`pymodel mutate`: what each guard is for, shown by swapping it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pymodel.cli_common import JarFile, JavaFile, Timeout, write_file
from pymodel.errors import UsageError
from pymodel.terminal import ProgressLine, reached_line, toned

if TYPE_CHECKING:
    from pymodel.engine.goal import Progress
    from pymodel.mutate.registry import Hole, Registry
    from pymodel.mutate.row import Row


class HolesFormat(StrEnum):
    """How the table is written to stdout."""

    text = "text"
    json = "json"
    junit = "junit"


def mutate_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Holes or topics; default: all.")
    ] = None,
    swap: Annotated[
        list[str] | None,
        typer.Option("--swap", metavar="'GUARD <- MUTANT'", help="Try your own; several act together."),
    ] = None,
    all_guards: Annotated[
        bool, typer.Option("--all-guards", help="Try each guard with each mutant that fits it.")
    ] = False,
    tlc: Annotated[bool, typer.Option("--tlc", help="Ask TLC too, a minute at most for each.")] = False,
    jar: JarFile = None,
    java: JavaFile = None,
    max_states: Annotated[int | None, typer.Option(min=1, help="Give up each search after so many.")] = None,
    timeout: Timeout = None,
    format: Annotated[HolesFormat, typer.Option("--format", help="What to print.")] = HolesFormat.text,
    json: Annotated[Path | None, typer.Option(help="Write the rows as JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the page with tables and stories.")] = None,
    write: Annotated[Path | None, typer.Option(metavar="DIR", help="Write a cfg for each hole.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the holes.")] = False,
) -> None:
    """Swap guards and see what breaks. Exit 0: all came out as they must, 1: not so, 3: undetermined."""
    from pymodel.engine.goal import Limits
    from pymodel.mutate import ladder, run
    from pymodel.mutate.registry import read_registry
    from pymodel.tlc.locate import locate

    registry = read_registry()
    holes = _chosen(registry, names or [])
    if list_:
        typer.echo("\n".join(f"{hole.name}  {hole.title}" for hole in holes))
        return
    if write:
        for path in run.write_cfgs(registry, holes, write):
            typer.echo(f"wrote {path}", err=True)
        return
    limits = Limits(max_states, timeout) if max_states or timeout else None
    toolchain = locate(jar, java) if tlc else None
    with ProgressLine() as progress:

        def tell(name: str, reached: Progress | None) -> None:
            progress(reached_line(name, reached, reached.seconds) if reached else name)

        def made(row: Row) -> None:
            progress.clear()
            by = f" by {row.killed_by}" if row.killed_by else ""
            typer.echo(f"{row.change}: {row.fate.value}{by}", err=True)

        if all_guards:
            rows = ladder.try_all(registry, limits=limits, tell=tell, made=made)
        elif swap:
            swaps = run.swaps_of(swap)
            rows = [ladder.try_swaps(registry, swaps, limits=limits, toolchain=toolchain, tell=tell)]
        else:
            rows = run.run_holes(registry, holes, limits=limits, toolchain=toolchain, tell=tell)
    _print(rows, format, json, markdown)
    raise typer.Exit(_exit_code(rows))


def _print(rows: Sequence[Row], format: HolesFormat, json: Path | None, markdown: Path | None) -> None:
    from pymodel.report.holes import holes_json, holes_junit, render_holes
    from pymodel.report.holes_page import holes_page

    if format is HolesFormat.text:
        head, _, table = render_holes(rows).partition("\n")
        typer.echo(toned(head, "good" if all(row.good for row in rows) else "bad"))
        typer.echo(table, nl=False)
    else:
        typer.echo(holes_json(rows) if format is HolesFormat.json else holes_junit(rows).rstrip("\n"))
    if json:
        write_file(json, holes_json(rows) + "\n")
    if markdown:
        write_file(markdown, holes_page(rows))


def _exit_code(rows: Sequence[Row]) -> int:
    wrong = {row.fate for row in rows if not row.good}
    if not wrong:
        return 0
    return 3 if wrong == {"UNDETERMINED"} else 1


def _chosen(registry: Registry, names: list[str]) -> list[Hole]:
    """The holes of those names or topics. Raises UsageError for an unknown one."""
    known = [*(hole.name for hole in registry.hole), *dict.fromkeys(hole.topic for hole in registry.hole)]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            mend = f"did you mean {close[0]}?" if close else "`pymodel mutate --list` lists them"
            raise UsageError(f"no hole or topic of the name {name!r}", mend=mend)
    return [hole for hole in registry.hole if not names or hole.name in names or hole.topic in names]
