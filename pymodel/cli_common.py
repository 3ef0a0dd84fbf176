"""What the commands of `pymodel` share: their options, how a result is printed and written, how they fail.

A FenceError ends a command with its own exit code and a note on stderr, Ctrl-C with 130.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pymodel.errors import FenceError, UsageError
from pymodel.terminal import toned

if TYPE_CHECKING:
    from pymodel.engine.result import CheckResult, Counterexample
    from pymodel.report.places import Places

INTERRUPTED = 130
OUT_OF_MEMORY = 3
LIBRARIES_BYTES = 256 << 20


class Commands(TyperGroup):
    """Turns the errors a user can cause, and Ctrl-C, into a note on stderr and an exit code.

    `check ... --simulate` is another name of `simulate ...`.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[:1] == ["check"] and "--simulate" in args:
            args = ["simulate", *(argument for argument in args[1:] if argument != "--simulate")]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        if "NO_COLOR" in os.environ:
            ctx.color = False
        try:
            return super().invoke(ctx)
        except FenceError as error:
            typer.echo(f"{typer.style('error:', fg='red', bold=True)} {error}", err=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("\ninterrupted: nothing was decided", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except (MemoryError, ImportError, OSError) as error:
            if not _lacks_memory(error):
                raise
            typer.echo("undetermined: the system gave no more memory", err=True)
            raise typer.Exit(OUT_OF_MEMORY) from None


def _lacks_memory(error: BaseException) -> bool:
    """Whether it was for want of memory. A library that does not fit the limit of addresses (`ulimit -v`)
    is told as one that is missing."""
    if isinstance(error, MemoryError):
        return True
    from pymodel.engine.memory import free_addresses

    free = free_addresses()
    return free is not None and free < LIBRARIES_BYTES


class Format(StrEnum):
    """How a result is written to stdout."""

    text = "text"
    json = "json"
    junit = "junit"
    sarif = "sarif"


CfgName = Annotated[str, typer.Argument(metavar="CFG", help="A path, or the short name of a shipped cfg.")]
JarFile = Annotated[Path | None, typer.Option("--jar", help="The tla2tools.jar to use.")]
JavaFile = Annotated[Path | None, typer.Option("--java", help="The java executable to use.")]
Timeout = Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Give up after so long.")]
OutputFormat = Annotated[Format, typer.Option("--format", help="What to print.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write one self-contained page.")]


def print_result(
    result: CheckResult,
    format: Format,
    cfg: Path,
    quiet: bool = False,
    never_fired: Sequence[str] | None = None,
) -> None:
    """Prints the result of checking the file `cfg`. `never_fired` are the actions that fail the check
    because they did not happen; None if none has to."""
    from pymodel.report.data import check_json
    from pymodel.report.facts import verdict_tone
    from pymodel.report.junit import check_junit
    from pymodel.report.sarif import check_sarif
    from pymodel.report.text import render_check

    match format:
        case Format.json:
            typer.echo(check_json(result))
            return
        case Format.junit:
            typer.echo(check_junit(result, never_fired), nl=False)
            return
        case Format.sarif:
            typer.echo(check_sarif(result, _places(cfg), never_fired))
            return
    head, _, rest = render_check(result).partition("\n")
    typer.echo(toned(head, verdict_tone(result)))
    if not quiet:
        typer.echo(rest, nl=False)


def _places(cfg: Path) -> Places:
    from pymodel.raft.model import RAFT
    from pymodel.sources import find_places
    from pymodel.specfiles import find_module

    return find_places(cfg, find_module(cfg, RAFT.module), Path.cwd())


def write_result(
    result: CheckResult, html: Path | None, svg: Path | None, dot: Path | None, itf: Path | None = None
) -> None:
    """Writes the files that are asked for. All but the page show the first counterexample alone."""
    from pymodel.report.dot import counterexample_dot
    from pymodel.report.html import render_html
    from pymodel.report.itf import counterexample_itf
    from pymodel.report.svg import counterexample_svg

    if html:
        write_file(html, render_html(result))
    kinds: tuple[tuple[Path | None, Callable[[Counterexample], str]], ...] = (
        (svg, counterexample_svg),
        (dot, counterexample_dot),
        (itf, lambda cex: counterexample_itf(cex, result.cfg, cex.loop)),
    )
    for path, render in kinds:
        if path and result.counterexample:
            write_file(path, render(result.counterexample))
            if result.continued:
                typer.echo(f"{path} shows {result.counterexample.violated} alone, --html all", err=True)
        elif path:
            typer.echo(f"no counterexample: {path} is not written", err=True)


def write_file(path: Path, text: str) -> None:
    """Writes a result and says so on stderr. Raises UsageError where that is not possible."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise UsageError(f"cannot be written: {reason}", mend="give another path", path=path) from problem
    typer.echo(f"wrote {path}", err=True)
