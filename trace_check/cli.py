"""The `trace-check` command, with its neighbours cli_*.py the only part of trace_check that prints or exits.

A verdict's exit code is its value; a FenceError ends with its own; Ctrl-C with 130; a wrong command line
with 2. Each command imports what it needs only when it runs.
"""

from __future__ import annotations

from typing import Annotated

import typer

from pymodel import __version__
from pymodel.cli_common import Commands
from trace_check.cli_cluster import cluster_command, criteria_command, twins_command
from trace_check.cli_map import map_command
from trace_check.cli_minimise import minimise_command
from trace_check.cli_node import node_command
from trace_check.cli_schema import schema_command
from trace_check.cli_stats import stats_command
from trace_check.cli_tlc import tlc_command
from trace_check.cli_validate import validate_command

app = typer.Typer(
    name="trace-check",
    help="Check recorded Raft logs: who led, who voted, what was committed, which stale leaders were fenced.",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"termfence {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command: the callback has acted on them before."""


app.command("validate")(validate_command)
app.command("stats")(stats_command)
app.command("schema")(schema_command)
app.command("minimise")(minimise_command)
app.command("tlc")(tlc_command)
app.command("map")(map_command)
app.command("node")(node_command)
app.command("cluster")(cluster_command)
app.command("criteria")(criteria_command)
app.command("twins")(twins_command)


@app.command("rules")
def rules_command() -> None:
    """List the rules, each with its class and the spec property it mirrors."""
    from trace_check.report import table
    from trace_check.rules import RULES, Kind
    from trace_check.tiers import REPLAY, SPEC, SUMMARY

    rows = [(rule.name, rule.kind.value, rule.property, rule.summary) for rule in RULES]
    rows.append((REPLAY, Kind.CONFORMANCE.value, SPEC, SUMMARY))
    typer.echo("\n".join(table([("rule", "class", "property", "what must hold"), *rows])))


def main() -> None:
    """Runs the command line."""
    app()
