"""Events to one stream a node, each in that node's own order: its incarnations, and the lines within each.

Within an incarnation `seq` decides, else the position in the file. Incarnations follow the file where one
file holds them one after the other, else wall-clock time. Where the log names none, each `init` starts one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from trace_check.errors import InputError
from trace_check.event import Event


def node_streams(events: Iterable[Event]) -> tuple[dict[str, list[Event]], list[str]]:
    """Each node's events in its own order, nodes sorted by name, and notes on what was missing.

    Raises: InputError where a line occurs twice or an order cannot be found.
    """
    by_node: dict[str, list[Event]] = {}
    for event in events:
        by_node.setdefault(event.node, []).append(event)
    notes: list[str] = []
    streams = {}
    for node in sorted(by_node):
        groups: dict[str, list[Event]] = {}
        for event in _with_incarnations(by_node[node]):
            groups.setdefault(event.inc, []).append(event)
        ordered = [_in_order(group, notes) for group in groups.values()]
        streams[node] = [event for group in _incarnations_in_order(ordered) for event in group]
    return streams, notes


def _with_incarnations(events: list[Event]) -> list[Event]:
    """The events with incarnations where the log tells: that of the line before, or a new one at `init`."""
    if all(event.inc for event in events):
        return events
    first = next((event for event in events if event.inc or event.kind == "init"), None)
    current = "start 0" if first is None or first.kind == "init" else first.inc
    if first is None:
        return events
    named, starts = [], 0
    for event in events:
        if event.inc:
            current = event.inc
        elif event.kind == "init":
            starts += 1
            current = f"start {starts}"
        named.append(event if event.inc else msgspec.structs.replace(event, inc=current))
    return named


def _in_order(group: list[Event], notes: list[str]) -> list[Event]:
    """The events of one incarnation in order. Raises: InputError, see `node_streams`."""
    if any(event.seq is None for event in group):
        files = _by_file(group)
        return [event for part in _disjoint_in_time(files, "the lines") for event in part]
    ordered = sorted(group, key=_seq)
    missing = 0
    first_gap = None
    for before, after in pairwise(ordered):
        step = _seq(after) - _seq(before)
        if step == 0:
            raise InputError(
                f"seq {after.seq} of {after.node} occurs twice, first at {before.place}",
                mend="name each log once, and give every incarnation an `inc` of its own",
                path=after.place.path,
                line=after.place.line,
            )
        if step > 1:
            missing += step - 1
            first_gap = first_gap or after
    if first_gap is not None:
        lines = "1 line" if missing == 1 else f"{missing} lines"
        notes.append(f"{first_gap.node}: seq has gaps, {lines} may be missing; see {first_gap.place}")
    return ordered


def _seq(event: Event) -> int:
    return 0 if event.seq is None else event.seq


def _by_file(group: list[Event]) -> list[list[Event]]:
    files: dict[str, list[Event]] = {}
    for event in group:
        files.setdefault(event.place.path, []).append(event)
    return list(files.values())


def _incarnations_in_order(groups: list[list[Event]]) -> list[list[Event]]:
    """The incarnations of one node in order. Raises: InputError, see `node_streams`."""
    if len(groups) == 1:
        return groups
    if len({event.place.path for group in groups for event in group}) == 1:
        spans = [(min(e.place.line for e in g), max(e.place.line for e in g), g) for g in groups]
        spans.sort(key=lambda span: span[0])
        if all(before[1] < after[0] for before, after in pairwise(spans)):
            return [group for _, _, group in spans]
    return _disjoint_in_time(groups, "incarnations")


def _disjoint_in_time(groups: Sequence[list[Event]], what: str) -> list[list[Event]]:
    """Groups of one node's events sorted by wall clock. Raises: InputError where it does not tell."""
    if len(groups) == 1:
        return list(groups)
    spans = []
    for group in groups:
        times = [event.ts for event in group if event.ts is not None]
        if not times:
            raise _unordered(group[0], what, "has no ts")
        spans.append((min(times), max(times), group))
    spans.sort(key=lambda span: span[0])
    for before, after in pairwise(spans):
        if before[1] > after[0]:
            raise _unordered(after[2][0], what, f"overlaps in time with {before[2][0].place}")
    return [group for _, _, group in spans]


def _unordered(event: Event, what: str, why: str) -> InputError:
    return InputError(
        f"{what} of {event.node} cannot be put in order: this one {why}",
        mend="log `seq` and `inc`, or keep the lines of one node in one file in their order",
        path=event.place.path,
        line=event.place.line,
    )
