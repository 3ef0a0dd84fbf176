"""The original lines at some places of a log, as evidence: read again, never kept in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trace_check.event import Place
from trace_check.reader import lines_of


def raw_lines(places: Iterable[Place]) -> dict[Place, str]:
    """The text at each of `places`, in the order of files and lines; what is not UTF-8 is shown escaped. A
    binary file has no text.

    Raises: InputError for a file that can no longer be read.
    """
    wanted: dict[str, set[int]] = {}
    for place in places:
        wanted.setdefault(place.path, set()).add(place.line)
    found: dict[Place, str] = {}
    for path, numbers in wanted.items():
        for number, line in enumerate(lines_of(Path(path)), start=1):
            if number in numbers:
                found[Place(path, number)] = line.decode("utf-8", "backslashreplace").rstrip("\r")
    return found
