"""Names as people read them: files by as many of their last parts as tell them apart, nodes with 2
before 10."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

from trace_check.event import Place


class ShortNames:
    """The names of the files at `paths`, as short as they can be told apart."""

    def __init__(self, paths: Iterable[str]) -> None:
        known = list(paths)
        self._short: dict[str, str] = {}
        for length in range(1, max((len(PurePath(path).parts) for path in known), default=0)):
            ends = {path: "/".join(PurePath(path).parts[-length:]) for path in known}
            shared = Counter(ends.values())
            for path, end in ends.items():
                if shared[end] == 1:
                    self._short.setdefault(path, end)

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
