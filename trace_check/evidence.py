"""The original lines behind a rejection, node by node, with that node's lines before and after each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trace_check.adapters.wire import names_other_node
from trace_check.event import Place
from trace_check.explain import Explanation
from trace_check.lines import raw_lines
from trace_check.track import Seen

_REACH_LINES = 60
"""How far a node's next line may be in a file that holds several nodes."""


@dataclass(frozen=True)
class EvidenceLine:
    """One line as it stands in the log; `marked`: the explanation names it."""

    place: Place
    text: str
    marked: bool


@dataclass(frozen=True)
class Evidence:
    """The lines of one node, in the order of files and lines."""

    node: str
    lines: tuple[EvidenceLine, ...]


def evidence(why: Explanation | None) -> tuple[Evidence, ...]:
    """The lines that `why` names, with one before and after, by node in the order in which it names them.

    Raises: InputError for a file that can no longer be read.
    """
    if why is None:
        return ()
    named: dict[str, list[Place]] = {}
    for seen in _named(why):
        named.setdefault(seen.node, []).append(seen.place)
    around = {
        Place(place.path, line)
        for places in named.values()
        for place in places
        for line in range(max(1, place.line - _REACH_LINES), place.line + _REACH_LINES + 1)
    }
    texts = raw_lines(around)
    return tuple(Evidence(node, _with_neighbours(node, places, texts)) for node, places in named.items())


def _named(why: Explanation) -> Iterable[Seen]:
    yield why.finding.seen
    yield from (fact.seen for fact in why.finding.against)
    yield from (cause.fact.seen for cause in why.causes)


def _with_neighbours(node: str, places: list[Place], texts: Mapping[Place, str]) -> tuple[EvidenceLine, ...]:
    kept = {place for place in places if place in texts}
    for place in places:
        for step in (-1, 1):
            neighbour = _next_line(node, place, step, texts)
            if neighbour is not None:
                kept.add(neighbour)
    return tuple(EvidenceLine(place, texts[place], place in places) for place in sorted(kept))


def _next_line(node: str, place: Place, step: int, texts: Mapping[Place, str]) -> Place | None:
    """The nearest line in one direction that is not another node's."""
    for distance in range(1, _REACH_LINES + 1):
        other = Place(place.path, place.line + step * distance)
        if other not in texts:
            return None
        if texts[other].strip() and not names_other_node(texts[other], node):
            return other
    return None
