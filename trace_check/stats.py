"""What happened in a recorded cluster, as figures: for healthy logs as much as for broken ones.

It judges nothing: `validate` does. What a log does not show is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from trace_check.event import Config, Event
from trace_check.history.clients import Commits, Operations
from trace_check.history.contact import StepDown, step_downs
from trace_check.history.elections import Election
from trace_check.history.fencing import Fenced
from trace_check.history.history import History, Restart, members_of
from trace_check.history.roles import Overlap, Span, overlaps
from trace_check.load import Log
from trace_check.passes import run
from trace_check.places import natural
from trace_check.reader import SourceFile, sources
from trace_check.track import NodeView


@dataclass(frozen=True)
class Stats:
    """The figures of one cluster's logs. Times are wall clock in seconds, as the logs have them.

    `lease_ms`, `election_timeout_ms` and `clock_error_ms` are those that the logs declare.
    """

    files: tuple[str, ...]
    format: str
    events: int
    nodes: tuple[str, ...]
    members: tuple[str, ...]
    start: float | None
    end: float | None
    lease_ms: float | None
    election_timeout_ms: float | None
    clock_error_ms: float | None
    reigns: tuple[Span, ...]
    overlaps: tuple[Overlap, ...]
    step_downs: tuple[StepDown, ...]
    elections: tuple[Election, ...]
    fenced: tuple[Fenced, ...]
    operations: tuple[Operations, ...]
    commits: tuple[Commits, ...]
    restarts: tuple[Restart, ...]


class _Watched:
    """The history of a log that is read once, and forgotten as it is read."""

    def __init__(self) -> None:
        self.history = History()

    def begin(self) -> None:
        """A pass begins: what was seen before is void."""
        self.history = History()

    def see(self, event: Event, view: NodeView) -> None:
        """Takes in one event."""
        self.history.see(event)


def stats(paths: Sequence[Path], *, format: str = "auto") -> Stats:
    """The figures of the logs at `paths`, which together hold one cluster. Raises as `validate` does.

    Memory is bounded by what there is to tell where each log is in order.
    """
    logs, _ = sources([Path(path) for path in paths], format)
    watched = _Watched()
    passed = run(logs, [watched])
    return stats_of(watched.history, [log.summary() for log in logs], passed.gathered.configs)


def history_of(log: Log) -> History:
    """All that happened in a log that has been read."""
    history = History()
    for event in log.events:
        history.see(event)
    return history


def stats_of(history: History, files: Sequence[SourceFile], configs: Sequence[Config]) -> Stats:
    """The figures of a history, with what was read and declared."""
    nodes = sorted(history.clients.commits, key=natural)
    members = members_of(configs, nodes)
    reigns = history.roles.reigns()
    return Stats(
        files=tuple(file.path for file in files),
        format=", ".join(sorted({file.format for file in files if file.format})),
        events=history.events,
        nodes=tuple(nodes),
        members=tuple(members),
        start=history.start,
        end=history.end,
        lease_ms=_declared(configs, "lease_ms"),
        election_timeout_ms=_declared(configs, "election_timeout_ms"),
        clock_error_ms=_declared(configs, "clock_error_ms"),
        reigns=tuple(reigns),
        overlaps=tuple(overlaps(reigns)),
        step_downs=tuple(step_downs(reigns, history.contact, len(members))),
        elections=tuple(history.elections.all()),
        fenced=tuple(history.fencing.all()),
        operations=tuple(history.clients.all_operations()),
        commits=tuple(history.clients.all_commits()),
        restarts=tuple(history.restarts),
    )


def _declared(configs: Sequence[Config], name: str) -> float | None:
    """The largest value that any line declares."""
    values = [getattr(config, name) for config in configs]
    return max((value for value in values if value is not None), default=None)


def to_data(found: Stats) -> dict[str, Any]:
    """The figures as JSON-ready data: field names as in `Stats`; those that are computed are added."""
    data: dict[str, Any] = msgspec.to_builtins(found, str_keys=True)
    for row, election in zip(data["elections"], found.elections, strict=True):
        row["seconds"] = election.seconds
    for row, overlap in zip(data["overlaps"], found.overlaps, strict=True):
        row["same_term"] = overlap.same_term
    return data


def stats_json(found: Stats) -> str:
    """The figures as indented JSON text."""
    return msgspec.json.format(msgspec.json.encode(to_data(found)), indent=2).decode()
