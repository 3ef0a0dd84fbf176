"""`trace-check tlc`: a second opinion on a short log, by TLC and the spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pymodel.cli_common import JarFile, JavaFile
from trace_check.cli_common import LogFiles, LogFormat, TextOrJson


def tlc_command(
    files: LogFiles,
    format: Annotated[TextOrJson, typer.Option("--format", help="What to print.")] = TextOrJson.text,
    log_format: LogFormat = "auto",
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that one run of TLC may take.")] = 120,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep the modules that TLC is given there.")
    ] = None,
    jar: JarFile = None,
    java: JavaFile = None,
) -> None:
    """Ask TLC whether a short log is a behaviour of the spec. Exit 0: it is, 1: it breaks a property,
    2: a log cannot be read, 3: it is none, or TLC cannot tell."""
    from pymodel.tlc.locate import locate
    from trace_check.check import validate
    from trace_check.load import load
    from trace_check.opinion.ask import second_opinion
    from trace_check.opinion.text import as_json, as_text, verdict_of
    from trace_check.verdict import exit_code_of

    report = validate(files, format=log_format)
    opinion = second_opinion(load(files, log_format), locate(jar, java), timeout_s=timeout, keep=keep)
    print_as = as_json if format is TextOrJson.json else as_text
    typer.echo(print_as(opinion, report).rstrip("\n"))
    raise typer.Exit(exit_code_of(verdict_of(opinion), deviations=False, strict=False))
