"""What the commands of `pymodel` share: their options, how a result is printed and written, how they fail.

A FenceError ends a command with its own exit code and a note on stderr, Ctrl-C with 130.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pymodel.errors import FenceError, UsageError
from pymodel.terminal import toned

if TYPE_CHECKING:
    from pymodel.engine.result import CheckResult

INTERRUPTED = 130


class Commands(TyperGroup):
    """Turns the errors a user can cause, and Ctrl-C, into a note on stderr and an exit code."""

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


class Format(StrEnum):
    """How a result is written to stdout."""

    text = "text"
    json = "json"


CfgName = Annotated[str, typer.Argument(metavar="CFG", help="A path, or the short name of a shipped cfg.")]
JarFile = Annotated[Path | None, typer.Option("--jar", help="The tla2tools.jar to use.")]
JavaFile = Annotated[Path | None, typer.Option("--java", help="The java executable to use.")]
Timeout = Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Give up after so long.")]
OutputFormat = Annotated[Format, typer.Option("--format", help="What to print.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write one self-contained page.")]


def print_result(result: CheckResult, format: Format, quiet: bool = False) -> None:
    from pymodel.report.data import check_json
    from pymodel.report.facts import verdict_tone
    from pymodel.report.text import render_check

    if format is Format.json:
        typer.echo(check_json(result))
        return
    head, _, rest = render_check(result).partition("\n")
    typer.echo(toned(head, verdict_tone(result)))
    if not quiet:
        typer.echo(rest, nl=False)


def write_result(result: CheckResult, html: Path | None, svg: Path | None, dot: Path | None) -> None:
    from pymodel.report.dot import counterexample_dot
    from pymodel.report.html import render_html
    from pymodel.report.svg import counterexample_svg

    if html:
        write_file(html, render_html(result))
    for path, draw in ((svg, counterexample_svg), (dot, counterexample_dot)):
        if path and result.counterexample:
            write_file(path, draw(result.counterexample))
        elif path:
            typer.echo(f"no counterexample to draw: {path} is not written", err=True)


def write_file(path: Path, text: str) -> None:
    """Writes a result and says so on stderr. Raises UsageError where that is not possible."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise UsageError(f"cannot be written: {reason}", mend="give another path", path=path) from problem
    typer.echo(f"wrote {path}", err=True)
