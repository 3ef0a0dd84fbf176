"""One pass over the logs: each event is read, put in order, judged and forgotten.

Decides when one pass is not enough: lines out of order are sorted in memory and passed again; a declaration
that comes after lines that were judged without it makes a second pass that knows all declarations from its
start; a file that holds one node's lines after another's is read for each of its nodes on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Protocol, TypeVar

from trace_check.event import Config, Event
from trace_check.explain import Acknowledgements
from trace_check.judge import Judge
from trace_check.lanes import Feed, Gap, LateLines, OutOfOrder
from trace_check.order import Merge
from trace_check.reader import Gathered, Source, streams_of
from trace_check.streams import end_to_end, sorted_feeds
from trace_check.track import LateDeclaration, NodeView

_Result = TypeVar("_Result")


class Watcher(Protocol):
    """Sees every event in causal order, beside the rules."""

    def begin(self) -> None:
        """A pass begins: what was seen before is void."""

    def see(self, event: Event, view: NodeView) -> None:
        """Takes in one event; `view` is its node, with where the event is in the order (`view.seen`)."""


@dataclass(frozen=True)
class Passed:
    """What one pass has found. `nodes`: those of each stream, where that was read for each on its own."""

    judge: Judge
    merge: Merge
    gathered: Gathered
    acknowledgements: Acknowledgements
    gaps: Sequence[Gap]
    nodes: Sequence[Sequence[str]] = ()


def run(logs: Sequence[Source], watchers: Sequence[Watcher] = ()) -> Passed:
    """What the events of `logs` show. Raises: InputError for a log that cannot be read or ordered."""
    try:
        gathered = Gathered()
        return _pass(_as_they_come(logs, gathered), watchers, gathered)
    except OutOfOrder:
        return _sorted_pass(logs, watchers)
    except (LateDeclaration, LateLines):
        pass
    gathered = Gathered()
    nodes = [list(dict.fromkeys(one.node for one in gathered.events(runs))) for runs in streams_of(logs)]
    try:
        return _pass(_by_node(logs, nodes), watchers, gathered, nodes)
    except OutOfOrder:
        return _sorted_pass(logs, watchers)


def _as_they_come(logs: Sequence[Source], gathered: Gathered) -> list[Feed]:
    return [Feed(part) for part in end_to_end(gathered.events(runs) for runs in streams_of(logs))]


def _by_node(logs: Sequence[Source], nodes: Sequence[Sequence[str]]) -> list[Feed]:
    """Feeds of one node each: the file of several is read for each of them."""
    parts = []
    for number, names in enumerate(nodes):
        for name in names:
            again = streams_of([replace(log) for log in logs])[number]
            parts.append(_of_node(name, Gathered().events(again)))
    return [Feed(part) for part in end_to_end(parts)]


def _of_node(name: str, events: Iterator[Event]) -> Iterator[Event]:
    return (event for event in events if event.node == name)


def _pass(
    feeds: Sequence[Feed],
    watchers: Sequence[Watcher],
    gathered: Gathered,
    nodes: Sequence[Sequence[str]] = (),
) -> Passed:
    """A pass that reads as it goes; with `nodes`, `gathered` knows all lines.

    Raises: InputError, OutOfOrder; without `nodes` also LateDeclaration, LateLines.
    """
    merge = Merge(feeds, rereads=not nodes)
    merge.prime()
    judge = Judge()
    declare(judge, merge, gathered.configs)
    acknowledgements = _judge(judge, merge, gathered, watchers, declares=not nodes)
    gaps = [gap for lane in merge.lanes.values() if (gap := lane.gap()) is not None]
    return Passed(judge, merge, gathered, acknowledgements, gaps, nodes)


def _sorted_pass(logs: Sequence[Source], watchers: Sequence[Watcher]) -> Passed:
    """A pass over lines that were sorted in memory. Raises: InputError where they cannot be."""
    gathered = Gathered()
    feeds, gaps = sorted_feeds(list(gathered.events(chain.from_iterable(streams_of(logs)))))
    merge = Merge(feeds, lookahead=None)
    merge.prime()
    judge = Judge()
    declare(judge, merge, gathered.configs)
    acknowledgements = _judge(judge, merge, gathered, watchers, declares=False)
    return Passed(judge, merge, gathered, acknowledgements, gaps)


def replayed(logs: Sequence[Source], passed: Passed, taking: Callable[[Iterator[Event]], _Result]) -> _Result:
    """What `taking` makes of all events in causal order, read anew after a pass that knew nothing of them.

    It is called again from the start if the lines have to be sorted in memory. Raises: as `run`.
    """
    # What the first pass has counted stays, however far this one reads.
    logs = [replace(log) for log in logs]
    try:
        feeds = _by_node(logs, passed.nodes) if passed.nodes else _as_they_come(logs, Gathered())
        return taking(_events(Merge(feeds), passed))
    except OutOfOrder:
        feeds, _ = sorted_feeds(list(Gathered().events(chain.from_iterable(streams_of(logs)))))
        return taking(_events(Merge(feeds, lookahead=None), passed))


def _events(merge: Merge, passed: Passed) -> Iterator[Event]:
    merge.members, merge.clock_error_s = passed.merge.members, passed.merge.clock_error_s
    merge.prime()
    for event, _ in merge:
        yield event


def _judge(
    judge: Judge, merge: Merge, gathered: Gathered, watchers: Sequence[Watcher], declares: bool
) -> Acknowledgements:
    """Shows all events to the judge and the watchers; what files declare on the way too, if it `declares`."""
    for watcher in watchers:
        watcher.begin()
    acknowledgements = Acknowledgements()
    if declares:
        merge.on_read = partial(declare, judge, merge, gathered.configs)
    see = judge.see
    for event, lane in merge:
        view = see(event, lane)
        if event.client is not None:
            acknowledgements.see(event)
        for watcher in watchers:
            watcher.see(event, view)
    return acknowledgements


def declare(judge: Judge, merge: Merge, configs: Sequence[Config]) -> None:
    """Tells the judge and the merge what was declared since the last time. Raises: as `Nodes.declare`."""
    if judge.declared < len(configs):
        judge.declare(configs[judge.declared :])
        merge.members, merge.clock_error_s = judge.nodes.declared, judge.nodes.clock_error_s or 0.0
