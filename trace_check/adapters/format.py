"""What a log format is: a name, how it is recognised, how a file falls into records, and a parser for them.

Most formats are lines of one file a node. A format with `join` needs all files of its family together, for
example a server's log and its write-ahead log: they become one stream, each node in its own order.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol, runtime_checkable

from trace_check.event import Event, Item, Place

Join = Callable[[Sequence[Iterator[Item]]], Iterator[Item]]


class Parser(Protocol):
    """Reads the records of one file in their order."""

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one record. Raises: InputError with the place for what is broken."""


@runtime_checkable
class RunParser(Parser, Protocol):
    """A parser that takes many lines with one call, where each is one event and nothing else."""

    def run(self, lines: Sequence[bytes], path: str, number: int) -> list[Event]:
        """The events of `lines` up to the first that `parse` has to look at; `number` is that of the first.

        There are as many events as lines were taken. It raises nothing.
        """


def no_text(text: str) -> int:
    """The certainty of a format whose lines are all JSON."""
    return 0


def is_word_of(value: object, words: Container[str]) -> bool:
    """True for a text among `words`: a field of a line may hold anything."""
    return isinstance(value, str) and value in words


@dataclass(frozen=True)
class Format:
    """A log format: its name, how sure a line's fields make it (0, 1 or 2), and a parser for one file.

    `text_certainty` is the same for a line that is no JSON object; `claims` knows a binary file by its first
    bytes. `records` splits the content of such a file, where None stands for lines; `Place.line` counts them.
    `join` makes one stream of item streams, a file each, of all formats that have the same `join`: a node's
    events come in its order, with `inc` and `seq`, ids of nodes are replaced by their names.
    """

    name: str
    certainty: Callable[[dict[str, Any]], int]
    parser: Callable[[], Parser]
    text_certainty: Callable[[str], int] = no_text
    claims: Callable[[bytes], bool] | None = None
    records: Callable[[IO[bytes]], Iterator[bytes]] | None = None
    join: Join | None = None
