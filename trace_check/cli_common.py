"""What the commands of `trace-check` share: their arguments and options, and how a report is written."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

LogFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Logs of one cluster: a file a node, or one for all.")
]
LogFormat = Annotated[
    str, typer.Option("--log-format", metavar="NAME", help="The format of the logs, instead of finding it.")
]


class TextOrJson(StrEnum):
    """How figures and opinions are written to stdout."""

    text = "text"
    json = "json"
