"""`trace-check validate --follow`: what is wrong with live logs, as it arises."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from trace_check.report import Report

_PAUSE_S = 0.2


def follow(files: Sequence[Path], log_format: str, strict: bool) -> Report:
    """The report on logs that grow, on Ctrl-C or at the end of standard input; prints findings meanwhile."""
    from trace_check.follow import Follower

    follower = Follower(files, log_format, strict)
    try:
        while True:
            ended = follower.ended
            for rule, finding in follower.poll():
                typer.echo(f"{finding.seen.place}: {rule}: {finding.text}")
            if ended:
                break
            time.sleep(_PAUSE_S)
    except KeyboardInterrupt:
        typer.echo("")
    return follower.report()
