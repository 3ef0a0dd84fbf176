"""Events to one stream a node, each in that node's own order: its incarnations, and the lines within each.

Within an incarnation `seq` decides, else the position in the file. Incarnations follow the file where one
file holds them one after the other, else wall-clock time. A line that does not name its incarnation stays
where the file has it, unless `seq` and wall clock agree on another place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise

import msgspec

from trace_check.errors import InputError
from trace_check.event import Event
from trace_check.lanes import Feed, Gap

_Part = tuple[float, int, Iterator[Event]]
"""Time and number of the first line of a file, and all its lines."""

_HEAD_LINES = 64
"""How many lines of a file are looked at for the nodes that log there."""


def node_streams(events: Iterable[Event]) -> tuple[dict[str, list[Event]], list[Gap]]:
    """Each node's events in its own order, nodes sorted by name, and the gaps in their numbers.

    Raises: InputError where a line occurs twice or an order cannot be found.
    """
    by_node: dict[str, list[Event]] = {}
    for event in events:
        by_node.setdefault(event.node, []).append(event)
    gaps: list[Gap] = []
    streams = {}
    for node in sorted(by_node):
        if not all(event.inc for event in by_node[node]):
            streams[node] = _unnamed_in_order(by_node[node])
            continue
        groups: dict[str, list[Event]] = {}
        for event in by_node[node]:
            groups.setdefault(event.inc, []).append(event)
        ordered = [_in_order(group, gaps) for group in groups.values()]
        streams[node] = [event for group in _incarnations_in_order(ordered) for event in group]
    return streams, gaps


def end_to_end(streams: Iterable[Iterator[Event]]) -> list[Iterator[Event]]:
    """Streams whose first lines have a node in common as one: a log in parts, in the order of their times.

    Whether the parts do follow each other is for their reader to check.
    """
    logs: list[tuple[set[str], list[_Part]]] = []
    for stream in streams:
        head = list(islice(stream, _HEAD_LINES))
        if not head:
            continue
        nodes = {event.node for event in head}
        parts: list[_Part] = [(head[0].ts or 0.0, _seq(head[0]), chain(head, stream))]
        for log in [log for log in logs if not nodes.isdisjoint(log[0])]:
            logs.remove(log)
            nodes |= log[0]
            parts = [*log[1], *parts]
        logs.append((nodes, parts))
    return [
        chain.from_iterable(stream for _, _, stream in sorted(parts, key=lambda part: part[:2]))
        for _, parts in logs
    ]


def sorted_feeds(events: Sequence[Event]) -> tuple[list[Feed], list[Gap]]:
    """A feed for each node, its lines sorted in memory, and the gaps in their numbers.

    Raises: InputError where they cannot be sorted.
    """
    streams, gaps = node_streams(events)
    return [Feed(iter(stream), sorted=True) for stream in streams.values()], gaps


def _unnamed_in_order(events: list[Event]) -> list[Event]:
    """The lines of a node that does not name all its incarnations, in order.

    A `seq` that goes back is a restart only if time goes on. Raises: InputError, see `node_streams`.
    """
    trials = [events]
    if all(event.ts is not None for event in events):
        trials.append(sorted(events, key=lambda event: (event.ts, _seq(event))))
    numbers = sorted(_seq(event) for event in events)
    if numbers == list(range(numbers[0], numbers[0] + len(events))):
        trials.append(sorted(events, key=_seq))
    broken: Event | None = None
    for trial in trials:
        misplaced = _first_misplaced(trial)
        if misplaced is None:
            return _filled(trial)
        broken = broken or misplaced
    raise _unordered(
        broken or events[0], "the lines", "goes back in seq or time: a restart, or out of place?"
    )


def _first_misplaced(events: list[Event]) -> Event | None:
    """The first line that cannot follow the ones before it, None if all can."""
    ended: set[str] = set()
    current = ""
    for before, after in pairwise(events):
        current = before.inc or current
        if after.inc and current and after.inc != current:
            ended.add(current)
        if after.inc in ended:
            return after
        timed = before.ts is not None and after.ts is not None
        later = timed and (after.ts or 0.0) >= (before.ts or 0.0)
        numbered = before.seq is not None and after.seq is not None
        counted = numbered and _seq(after) > _seq(before)
        same_counter = numbered and (before.inc == after.inc)
        if same_counter and not counted and (after.inc or not later):
            return after
        if before.path != after.path and not counted and not later:
            return after
    return None


def _filled(events: list[Event]) -> list[Event]:
    """The lines, those between two of one incarnation counted to it; the others stay without one."""
    following: list[str] = []
    known = ""
    for event in reversed(events):
        known = event.inc or known
        following.append(known)
    named, before = [], ""
    for event, after in zip(events, reversed(following), strict=True):
        before = event.inc or before
        between = not event.inc and before == after
        named.append(msgspec.structs.replace(event, inc=before) if between else event)
    return named


def _in_order(group: list[Event], gaps: list[Gap]) -> list[Event]:
    """The events of one incarnation in order. Raises: InputError, see `node_streams`."""
    if any(event.seq is None for event in group):
        return [event for part in _disjoint_in_time(_by_file(group), "the lines") for event in part]
    ordered = sorted(group, key=_seq)
    missing = 0
    first_gap = None
    for before, after in pairwise(ordered):
        step = _seq(after) - _seq(before)
        if step == 0:
            raise InputError(
                f"seq {after.seq} of {after.node} occurs twice, first at {before.place}",
                mend="name each log once, and give every incarnation an `inc` of its own",
                path=after.path,
                line=after.line,
            )
        if step > 1:
            missing += step - 1
            first_gap = first_gap or after
    if first_gap is not None:
        gaps.append(Gap(first_gap.node, missing, first_gap.place))
    return ordered


def _seq(event: Event) -> int:
    return 0 if event.seq is None else event.seq


def _by_file(group: list[Event]) -> list[list[Event]]:
    files: dict[str, list[Event]] = {}
    for event in group:
        files.setdefault(event.path, []).append(event)
    return list(files.values())


def _incarnations_in_order(groups: list[list[Event]]) -> list[list[Event]]:
    """The incarnations of one node in order. Raises: InputError, see `node_streams`."""
    if len({event.path for group in groups for event in group}) == 1:
        spans = [(min(e.line for e in g), max(e.line for e in g), g) for g in groups]
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
        path=event.path,
        line=event.line,
    )
