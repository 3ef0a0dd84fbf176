"""`trace-check validate`: the verdict on recorded logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pymodel.cli_common import Format, HtmlFile, write_file
from pymodel.errors import FenceError, UsageError
from trace_check.cli_common import LogFiles, LogFormat
from trace_check.cli_follow import follow
from trace_check.tiers import Tier

if TYPE_CHECKING:
    from trace_check.report import Report


def validate_command(
    files: LogFiles,
    format: Annotated[
        str, typer.Option("--format", metavar="[text|json|junit|sarif]", help="What to print.")
    ] = "text",
    log_format: LogFormat = "auto",
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 for deviations too.")] = False,
    tier: Annotated[
        Tier, typer.Option(help="1: the rules, 2: the replay, both; auto: both unless the log is very long.")
    ] = Tier.auto,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the replay's last lines before the log leaves the model.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--follow", help="Follow logs that grow; Ctrl-C ends with the report.")
    ] = False,
    html: HtmlFile = None,
    minimise: Annotated[
        Path | None,
        typer.Option("--minimise", metavar="DIR", help="If rejected, copy the fewest lines there."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Check logs. Exit 0: accepted, 1: rejected, 2: a log or option cannot be used, 3: inconclusive."""
    from trace_check.check import validate

    output = _output(format, as_json)
    try:
        if live:
            report = follow(files, log_format, strict)
        else:
            report = validate(files, format=log_format, strict=strict, tier=tier, walk=explain)
    except FenceError as error:
        _print_error(error, output)
        raise
    if html:
        _write_page(html, report, files, log_format)
    _print(report, output)
    if minimise and report.explanation:
        _write_witness(minimise, files, log_format)
    raise typer.Exit(report.exit_code)


def _print(report: Report, output: Format) -> None:
    from trace_check.junit import report_junit
    from trace_check.report import render_json, render_text
    from trace_check.sarif import report_sarif

    match output:
        case Format.json:
            typer.echo(render_json(report))
        case Format.junit:
            typer.echo(report_junit(report), nl=False)
        case Format.sarif:
            typer.echo(report_sarif(report, Path.cwd()))
        case _:
            typer.echo(render_text(report), nl=False)


def _print_error(error: FenceError, output: Format) -> None:
    """Says in a format for programs what stderr says to people."""
    from trace_check.junit import error_junit
    from trace_check.report import error_json
    from trace_check.sarif import error_sarif

    match output:
        case Format.json:
            typer.echo(error_json(error))
        case Format.junit:
            typer.echo(error_junit(error), nl=False)
        case Format.sarif:
            typer.echo(error_sarif(error, Path.cwd()))


def _write_page(html: Path, report: Report, files: list[Path], log_format: str) -> None:
    from trace_check.load import load
    from trace_check.page import render_page

    write_file(html, render_page(report, load(files, log_format)))


def _write_witness(folder: Path, files: list[Path], log_format: str) -> None:
    from trace_check.minimise import minimise, render_witness

    typer.echo(render_witness(minimise(files, folder, format=log_format)), nl=False, err=True)


def _output(asked: str, as_json: bool) -> Format:
    """Raises: UsageError for a name that is none of an output, with the mend for one of a log format."""
    from trace_check.adapters import FORMATS

    if asked in Format.__members__:
        return Format.json if as_json else Format(asked)
    known = ", ".join(Format)
    is_log = asked in FORMATS or asked == "auto"
    mend = f"it is a format of logs: --log-format {asked}" if is_log else f"use one of {known}"
    raise UsageError(f"--format {asked} is no output", mend=mend)
