"""The `trace-check` command: the only part of trace_check that prints or exits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pymodel.errors import FenceError
from trace_check.check import validate
from trace_check.report import render_json, render_text, table
from trace_check.rules import RULES

app = typer.Typer(
    name="trace-check",
    help="Check recorded Raft logs: who led, who voted, what was committed, which stale leaders were fenced.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command("validate")
def validate_command(
    files: Annotated[list[Path], typer.Argument(help="Logs of one cluster, a file a node or one for all.")],
    format: Annotated[str, typer.Option(help="auto, native, pysyncobj or etcd-raft.")] = "auto",
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 for deviations too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check logs. Exit 0: accepted, 1: rejected, 2: a log or option cannot be used, 3: inconclusive."""
    try:
        report = validate(files, format=format, strict=strict)
    except FenceError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from None
    typer.echo(render_json(report) if as_json else render_text(report), nl=as_json)
    raise typer.Exit(report.exit_code)


@app.command("rules")
def rules_command() -> None:
    """List the rules, each with its class and the spec property it mirrors."""
    rows = [(rule.name, rule.kind.value, rule.property, rule.summary) for rule in RULES]
    typer.echo("\n".join(table([("rule", "class", "property", "what must hold"), *rows])))


def main() -> None:
    """Runs the command line."""
    app()
