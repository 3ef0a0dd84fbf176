"""The original lines at some places of a log, as evidence: read again, never kept in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trace_check.event import Place
from trace_check.files import is_binary, split_lines


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
        if is_binary(Path(path)):
            continue
        for number, (line, _) in enumerate(split_lines(Path(path)), start=1):
            if number in numbers:
                found[Place(path, number)] = line.decode("utf-8", "backslashreplace").rstrip("\r")
    return found
