"""Names as people read them: files by their own name where it is the only one, nodes with 2 before 10."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from trace_check.event import Place


class ShortNames:
    """The names of the files at `paths`, as short as they can be told apart."""

    def __init__(self, paths: Iterable[str]) -> None:
        pairs = [(path, PurePath(path).name) for path in paths]
        names = [name for _, name in pairs]
        self._short = {path: name for path, name in pairs if names.count(name) == 1}

    def of(self, path: str) -> str:
        """The name of the file at `path`."""
        return self._short.get(path, path)

    def at(self, place: Place) -> str:
        """`n1.ndjson:3`"""
        return f"{self.of(place.path)}:{place.line}"

    def within(self, text: str) -> str:
        """`text` with the short names in the place of the paths in it."""
        for path, name in sorted(self._short.items(), key=lambda item: -len(item[0])):
            text = text.replace(path, name)
        return text


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key to sort names by, numbers within them by their value: n2 before n10."""
    parts = re.split(r"(\d+)", name)
    return tuple((int(part), "") if number % 2 else (0, part) for number, part in enumerate(parts))
