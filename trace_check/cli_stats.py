"""`trace-check stats`: what happened in a recorded cluster, as figures."""

from __future__ import annotations

from typing import Annotated

import typer

from trace_check.cli_common import LogFiles, LogFormat, TextOrJson


def stats_command(
    files: LogFiles,
    format: Annotated[TextOrJson, typer.Option("--format", help="What to print.")] = TextOrJson.text,
    log_format: LogFormat = "auto",
) -> None:
    """Say who led when, elections, step-downs, stale messages, client writes, commits, restarts."""
    from trace_check.stats import stats, stats_json
    from trace_check.stats_text import render_stats

    found = stats(files, format=log_format)
    if format is TextOrJson.json:
        typer.echo(stats_json(found))
    else:
        typer.echo(render_stats(found), nl=False)
