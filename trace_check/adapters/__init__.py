"""The log formats and how one is recognised. A format is one module: a name, a certainty and a line parser.

Decides the format of each file; it parses nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from pymodel.errors import UsageError
from trace_check.adapters import etcd_raft, native, pysyncobj
from trace_check.event import Item, Place

_SURE = 2
_SAMPLE_LINES_MAX = 400


class Parser(Protocol):
    """Reads the lines of one file in their order."""

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for what is broken."""


@dataclass(frozen=True)
class Format:
    """A log format: its name, how sure a line's fields make it (0, 1 or 2), and a parser for one file."""

    name: str
    certainty: Callable[[dict[str, Any]], int]
    parser: Callable[[], Parser]


FORMATS: Mapping[str, Format] = {
    module.NAME: Format(module.NAME, module.certainty, module.Parser)
    for module in (etcd_raft, pysyncobj, native)
}


def formats_of(samples: Sequence[Sequence[bytes]], asked: str) -> list[Format | None]:
    """The format of each file, None for a file that shows none.

    `samples` holds lines of each file. A file that could be several formats takes that of the files beside
    it, and is native where they do not tell. Raises: UsageError for an unknown `asked`.
    """
    if asked != "auto":
        if asked not in FORMATS:
            mend = f"use auto or one of {', '.join(sorted(FORMATS))}"
            raise UsageError(f"unknown format {asked!r}", mend=mend)
        return [FORMATS[asked]] * len(samples)
    guesses = [_guess(sample) for sample in samples]
    sure = {guess.name: guess for guess, certain in guesses if guess and certain}
    beside = next(iter(sure.values())) if len(sure) == 1 else FORMATS[native.NAME]
    return [guess if certain or guess is None else beside for guess, certain in guesses]


def _guess(sample: Sequence[bytes]) -> tuple[Format | None, bool]:
    """The likely format of one file, and whether that is certain."""
    possible: Format | None = None
    for line in sample[:_SAMPLE_LINES_MAX]:
        try:
            fields = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if not isinstance(fields, dict):
            continue
        for form in FORMATS.values():
            certainty = form.certainty(fields)
            if certainty == _SURE:
                return form, True
            if certainty:
                possible = form
    return possible, False
