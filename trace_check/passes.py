"""One pass over the logs: each event is read, put in order, judged and forgotten.

Decides when one pass is not enough: lines out of order are sorted in memory and passed again; a declaration
that comes after lines that were judged without it makes a second pass that knows all declarations from its
start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, TypeVar

from trace_check.event import Config, Event
from trace_check.explain import Acknowledgements
from trace_check.judge import Judge
from trace_check.lanes import Feed, Gap, OutOfOrder
from trace_check.order import Merge, sorted_feeds
from trace_check.reader import Gathered, Source, streams_of
from trace_check.streams import end_to_end
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
    """What one pass has found."""

    judge: Judge
    merge: Merge
    gathered: Gathered
    acknowledgements: Acknowledgements
    gaps: Sequence[Gap]


def run(logs: Sequence[Source], watchers: Sequence[Watcher] = ()) -> Passed:
    """What the events of `logs` show. Raises: InputError for a log that cannot be read or ordered."""
    try:
        return _pass(logs, watchers)
    except OutOfOrder:
        return _sorted_pass(logs, watchers)
    except LateDeclaration:
        pass
    gathered = Gathered()
    for _ in gathered.events(chain.from_iterable(streams_of(logs))):
        pass
    try:
        return _pass(logs, watchers, gathered.configs)
    except OutOfOrder:
        return _sorted_pass(logs, watchers)


def _pass(logs: Sequence[Source], watchers: Sequence[Watcher], known: Sequence[Config] = ()) -> Passed:
    """A pass that reads as it goes. Raises: OutOfOrder, LateDeclaration, InputError."""
    gathered = Gathered()
    feeds = [Feed(part) for part in end_to_end(gathered.events(items) for items in streams_of(logs))]
    merge = Merge(feeds)
    merge.prime()
    judge = Judge()
    judge.declare(known)
    acknowledgements = _judge(judge, merge, gathered, watchers, declares=not known)
    gaps = [gap for lane in merge.lanes.values() if (gap := lane.gap()) is not None]
    return Passed(judge, merge, gathered, acknowledgements, gaps)


def _sorted_pass(logs: Sequence[Source], watchers: Sequence[Watcher]) -> Passed:
    """A pass over lines that were sorted in memory. Raises: InputError where they cannot be."""
    gathered = Gathered()
    feeds, gaps = sorted_feeds(list(gathered.events(chain.from_iterable(streams_of(logs)))))
    merge = Merge(feeds, lookahead=None)
    merge.prime()
    judge = Judge()
    acknowledgements = _judge(judge, merge, gathered, watchers, declares=True)
    return Passed(judge, merge, gathered, acknowledgements, gaps)


def replayed(logs: Sequence[Source], passed: Passed, taking: Callable[[Iterator[Event]], _Result]) -> _Result:
    """What `taking` makes of all events in causal order, read anew after a pass that knew nothing of them.

    It is called again from the start if the lines have to be sorted in memory. Raises: as `run`.
    """
    try:
        feeds = [Feed(part) for part in end_to_end(Gathered().events(items) for items in streams_of(logs))]
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
    configs, taken = gathered.configs, 0
    for event, lane in merge:
        if declares and taken != len(configs):
            judge.declare(configs[taken:])
            taken = len(configs)
            merge.members, merge.clock_error_s = judge.nodes.declared, judge.nodes.clock_error_s or 0.0
        view = judge.see(event, lane)
        if event.client is not None:
            acknowledgements.see(event)
        for watcher in watchers:
            watcher.see(event, view)
    if declares:
        judge.declare(configs[taken:])
    return acknowledgements
