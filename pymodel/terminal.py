"""How commands look: a progress line while they run, colours, aligned columns.

A progress line is shown on a terminal alone; colours are taken out by whoever prints to anything else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

_COLOURS = {"good": typer.colors.GREEN, "bad": typer.colors.RED, "unknown": typer.colors.YELLOW}


def bold(text: str) -> str:
    """`text` as a heading."""
    return typer.style(text, bold=True)


def toned(text: str, tone: str) -> str:
    """`text` in the colour of `tone`: good, bad or unknown."""
    return typer.style(text, fg=_COLOURS[tone], bold=True)


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows as lines; every column but the last is padded to its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


class Reached(Protocol):
    """How far a search has come, whoever runs it."""

    @property
    def distinct(self) -> int: ...
    @property
    def generated(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def queue(self) -> int: ...


class Searching(Reached, Protocol):
    """How far pymodel's own search has come."""

    @property
    def seconds(self) -> float: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def left_s(self) -> float | None: ...


def reached_line(name: str, reached: Reached, seconds: float = 0) -> str:
    """How far the search of `name` has come, what tells most first; with the rate if `seconds` are given."""
    rate = f", {reached.distinct / seconds:,.0f} states/s" if seconds else ""
    return (
        f"{name}: depth {reached.depth}, {reached.distinct:,} distinct, {reached.queue:,} queued{rate}, "
        f"{reached.generated:,} generated"
    )


def searching_line(name: str, reached: Searching) -> str:
    """The same of pymodel's own search: with its rate and memory, and the time left where it is known."""
    line = reached_line(name, reached, reached.seconds)
    line += f", {reached.memory_bytes / (1 << 20):,.0f} MiB"
    return line if reached.left_s is None else f"{line}, about {duration(reached.left_s)} left"


def duration(seconds: float) -> str:
    """`42 s`, `3:05 min` or `2:07 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02} h"


class ProgressLine:
    """One line on stderr: the latest text it is told, and the time since it appeared.

    It shows nothing if stderr is no terminal, or if `quiet`. Whoever prints clears it first; it comes
    back with the next text. As a context manager it is gone at the end, whatever happened.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._wanted = not quiet and sys.stderr.isatty()
        self._line: Progress | None = None

    def __call__(self, text: str) -> None:
        if not self._wanted:
            return
        if self._line is None:
            self._line = _start()
        for task in self._line.task_ids:
            self._line.update(task, description=text)

    def clear(self) -> None:
        """Takes the line away."""
        if self._line is not None:
            self._line.stop()
            self._line = None

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()


def _start() -> Progress:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    line = Progress(
        SpinnerColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    line.add_task("")
    line.start()
    return line
