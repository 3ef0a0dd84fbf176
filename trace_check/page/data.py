"""What the page's script draws: all events in columns, spans, overlaps, findings and the causal cone.

Columns and differences instead of objects and values: a hundred thousand events fit in about two megabytes
once they are compressed.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import msgspec

from trace_check.event import Event, Place
from trace_check.history.history import History
from trace_check.history.roles import Overlap, Span, overlaps
from trace_check.load import Log
from trace_check.page.texts import GROUPS, describe, group_of
from trace_check.places import ShortNames, natural
from trace_check.report import Report

_MICROSECONDS = 1_000_000


def pack(data: Any) -> str:
    """`data` as compressed JSON in base64: the same text for the same data."""
    return base64.b64encode(gzip.compress(msgspec.json.encode(data), 6, mtime=0)).decode()


def page_data(report: Report, log: Log, history: History, raw: dict[int, str]) -> dict[str, Any]:
    """All that is drawn. `raw` has the original lines of some events by their index."""
    names = ShortNames(file.path for file in log.files)
    numbers = {node: number for number, node in enumerate(sorted(history.roles.spans, key=natural))}
    index_of = log.index_of()
    found = marks(report, index_of)
    return {
        "nodes": list(numbers),
        "groups": list(GROUPS),
        "files": [names.of(file.path) for file in log.files],
        "start": history.start,
        "events": _columns(log, numbers),
        "spans": [_span(span, numbers) for spans in history.roles.spans.values() for span in spans],
        "leases": _leases(log.events, numbers),
        "overlaps": [_overlap(overlap, numbers) for overlap in overlaps(history.roles.reigns())],
        "marks": found,
        "cone": differences(sorted(cone(report, log, index_of))),
        "raw": {str(index): line for index, line in raw.items()},
    }


def _columns(log: Log, numbers: dict[str, int]) -> dict[str, list[Any]]:
    """The events by column: node, time in microseconds since the one before, group, file, line, sending,
    own term, text, incarnation."""
    files = {file.path: number for number, file in enumerate(log.files)}
    incs: dict[str, int] = {}
    texts: dict[str, int] = {}
    times = _times(log.events)
    return {
        "node": [numbers[event.node] for event in log.events],
        "time": differences(times),
        "group": [group_of(event) for event in log.events],
        "file": [files.get(event.path, 0) for event in log.events],
        "line": differences([event.line for event in log.events]),
        "cause": [_sending(log, index) for index in range(len(log.events))],
        "text": [texts.setdefault(describe(event), len(texts)) for event in log.events],
        "texts": list(texts),
        "inc": [incs.setdefault(event.inc, len(incs)) for event in log.events],
        "incs": list(incs),
    }


def _times(events: Sequence[Event]) -> list[int]:
    """Microseconds since the first time in the log; an event without a time has that of the one before."""
    start = min((event.ts for event in events if event.ts is not None), default=0.0)
    times, known = [], 0
    for event in events:
        known = known if event.ts is None else round((event.ts - start) * _MICROSECONDS)
        times.append(known)
    return times


def _sending(log: Log, index: int) -> int:
    """How many events before this one its message was sent; 0 where it receives none, or an unlogged one."""
    event = log.events[index]
    if event.kind != "recv" or event.msg is None:
        return 0
    for cause in log.causes[index]:
        other = log.events[cause]
        if other.node != event.node and other.kind == "send" and other.node == event.msg.src:
            return index - cause
    return 0


def differences(values: Sequence[int]) -> list[int]:
    """The first value, then by how much each differs from the one before it."""
    return [*values[:1], *(after - before for before, after in pairwise(values))]


def sums(values: Iterable[int]) -> list[int]:
    """The inverse of `differences`."""
    return list(accumulate(values))


def _span(span: Span, numbers: dict[str, int]) -> list[Any]:
    ended = span.ended + (f": {span.reason}" if span.reason else "")
    last = span.last if span.end_index is None else span.end_index
    return [numbers[span.node], span.role, span.term, span.first, last, ended, span.start, span.until]


def _overlap(overlap: Overlap, numbers: dict[str, int]) -> list[Any]:
    """Both nodes, start and end in seconds, whether it is of one term, and start and end by index."""
    pair = (overlap.first, overlap.second)
    last = min(span.last if span.end_index is None else span.end_index for span in pair)
    nodes = [numbers[span.node] for span in pair]
    return [*nodes, overlap.start, overlap.end, int(overlap.same_term), overlap.second.first, last]


def _leases(events: Sequence[Event], numbers: dict[str, int]) -> list[list[int]]:
    """[node, from, to] by index: from the first renewal to the last one before an expiry or another role."""
    found: list[list[int]] = []
    held: dict[str, list[int]] = {}
    for index, event in enumerate(events):
        if event.kind == "lease_renew":
            lease = held.get(event.node)
            if lease is None:
                lease = held[event.node] = [numbers[event.node], index, index]
                found.append(lease)
            lease[2] = index
        elif event.node in held and (
            event.kind in ("lease_expire", "init", "stop") or event.old_role == "leader"
        ):
            held.pop(event.node)[2] = index
    return found


def marks(report: Report, index_of: dict[Place, int]) -> list[list[Any]]:
    """[index, rule, text, kind] of each finding: the root, then its facts and causes, then the others.

    A line that is told twice is marked once.
    """
    found: list[list[Any]] = []
    why = report.explanation
    if why is not None:
        found.append([why.finding.seen.place, why.rule, why.finding.text, "root"])
        found += [[fact.seen.place, why.rule, fact.text, "fact"] for fact in why.finding.against]
        found += [[c.fact.seen.place, why.rule, c.fact.text, "cause"] for c in why.causes]
    root = None if why is None else why.finding
    for result in report.rules:
        kind = "deviation" if result in report.deviations else "other"
        found += [[f.seen.place, result.rule, f.text, kind] for f in result.findings if f != root]
    unique = {
        (place, text): [index_of[place], rule, text, kind] for place, rule, text, kind in reversed(found)
    }
    return [unique[key] for key in dict.fromkeys((place, text) for place, _, text, _ in found)]


def cone(report: Report, log: Log, index_of: dict[Place, int]) -> set[int]:
    """The root finding, the facts it goes against, and all that happened before them; empty if none."""
    if report.explanation is None:
        return set()
    finding = report.explanation.finding
    places = [finding.seen.place, *(fact.seen.place for fact in finding.against)]
    return log.cone([index_of[place] for place in places])
