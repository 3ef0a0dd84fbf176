"""A whole log in memory, in causal order: for the figures, the page and the smallest witness.

The verdict itself needs no such thing. Errors are those of reading and ordering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trace_check.causal import causal_order
from trace_check.event import Config, Event, Place
from trace_check.reader import SourceFile, read


@dataclass(frozen=True)
class Log:
    """All events in causal order. `causes` has for each the indexes of those that come directly before it."""

    files: tuple[SourceFile, ...]
    format: str
    events: tuple[Event, ...]
    causes: tuple[tuple[int, ...], ...]
    configs: list[Config]

    def index_of(self) -> dict[Place, int]:
        """The index of the first event that each line tells of."""
        return {event.place: index for index, event in reversed(list(enumerate(self.events)))}

    def cone(self, indexes: Sequence[int]) -> set[int]:
        """The events at `indexes` and all that happened before one of them."""
        found, todo = set(indexes), list(indexes)
        while todo:
            for cause in self.causes[todo.pop()]:
                if cause not in found:
                    found.add(cause)
                    todo.append(cause)
        return found


def load(paths: Sequence[Path], format: str = "auto") -> Log:
    """The log at `paths`, which together hold one cluster.

    Raises: InputError for a log that cannot be read or ordered, UsageError for an unknown format.
    """
    source = read([Path(path) for path in paths], format)
    members = frozenset(node for config in source.configs for node in config.nodes)
    clock_errors = [c.clock_error_ms for c in source.configs if c.clock_error_ms is not None]
    order = causal_order(source.events, members, max(clock_errors, default=0.0))
    formats = sorted({file.format for file in source.files if file.format})
    return Log(tuple(source.files), ", ".join(formats), order.events, order.causes, source.configs)
