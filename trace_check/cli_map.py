"""`trace-check map`: check a mapping of some other JSON log, try it on logs, or have one proposed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def map_command(
    files: Annotated[
        list[Path], typer.Argument(metavar="MAPPING.toml [LOG...]", help="A mapping, and logs to try it on.")
    ],
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Propose a mapping from the log that is named instead.")
    ] = False,
) -> None:
    """Check a mapping file by line, and count what each of its rules finds in logs.

    Exit 0: it can be used; 2: something in it or in a log is wrong.
    """
    from trace_check.mapping_trial import proposed, tried

    if suggest:
        typer.echo(proposed(files), nl=False)
        return
    typer.echo(tried(files[0], files[1:]), nl=False)
