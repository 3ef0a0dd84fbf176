"""`trace-check minimise`: the fewest lines of a rejected log that are still rejected by the same rule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trace_check.cli_common import LogFiles, LogFormat


def minimise_command(
    files: LogFiles,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="An empty folder for the copies.")],
    log_format: LogFormat = "auto",
    keep_causes: Annotated[
        bool, typer.Option("--keep-causes", help="The causes have to stay explained too.")
    ] = False,
) -> None:
    """Copy the fewest lines that the same rule still rejects. The logs are never altered."""
    from trace_check.minimise import minimise, render_witness

    witness = minimise(files, out, format=log_format, keep_causes=keep_causes)
    typer.echo(render_witness(witness), nl=False)
