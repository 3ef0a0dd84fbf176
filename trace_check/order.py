"""Node streams to one causal order: a node's own order, and a send before its receipts.

Messages are matched by `mid`; where there is none, a receipt follows the *first* sending of an equal message,
which holds however many copies were lost or repeated. A vote without which there was no majority precedes the
win. Wall clock only breaks ties. It decides no rule: every Tier-1 rule compares events of one node, or facts
that hold in any order, so that no verdict depends on this choice. Source: Lamport 1978.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from trace_check.errors import InputError
from trace_check.event import VOTE_RESPONSE, Event, Message
from trace_check.facts import led_terms, votes_cast
from trace_check.streams import node_streams


@dataclass(frozen=True)
class Order:
    """All events in one causal order, and what had to be done for it.

    `causes` maps an index to the indexes that come directly before it. `inversions` counts receipts stamped
    earlier than their sending, and steps back within a node, beyond the declared clock error.
    """

    events: tuple[Event, ...]
    causes: tuple[tuple[int, ...], ...]
    matched: int
    unmatched: int
    inversions: int
    released: int
    notes: tuple[str, ...]

    def before(self, first: int, second: int) -> bool:
        """True if the event at index `first` happened before the one at `second`."""
        seen, todo = {second}, [second]
        while todo:
            for cause in self.causes[todo.pop()]:
                if cause == first:
                    return True
                if cause > first and cause not in seen:
                    seen.add(cause)
                    todo.append(cause)
        return False


def causal_order(
    events: Sequence[Event], members: frozenset[str] = frozenset(), clock_error_ms: float = 0.0
) -> Order:
    """The events in causal order. `members`: the declared nodes, for votes that a majority needed.

    Raises: InputError where a node's lines cannot be ordered, or causes form a cycle.
    """
    streams, notes = node_streams(events)
    merge = _Merge([list(stream) for stream in streams.values()], clock_error_ms / 1000)
    merge.link_messages()
    merge.link_votes(members or frozenset(streams))
    return merge.run(notes)


class _Merge:
    """Kahn's algorithm over all events: a heap of the ready ones, by wall clock and then by node.

    Events are numbered node by node: those of one node go from its head, the first that is still waiting,
    to its end.
    """

    def __init__(self, streams: list[list[Event]], clock_error_s: float) -> None:
        self.events = [event for stream in streams for event in stream]
        self.clock_error_s = clock_error_s
        self.causes: list[list[int]] = [[] for _ in self.events]
        self.effects: list[list[int]] = [[] for _ in self.events]
        self.soft: set[tuple[int, int]] = set()
        self.stamps: list[float] = []
        self.heads: list[int] = []
        self.ends: list[int] = []
        self.matched = self.unmatched = self.inversions = self.released = 0
        for stream in streams:
            self._chain(stream)

    def _chain(self, stream: list[Event]) -> None:
        """Edges along one node, and each event's stamp: its wall clock, never before its predecessor's."""
        start = len(self.stamps)
        stamp = float("-inf")
        for event in stream:
            if event.ts is not None:
                self.inversions += event.ts < stamp - self.clock_error_s
                stamp = max(stamp, event.ts)
            self.stamps.append(stamp)
        self.heads.append(start)
        self.ends.append(len(self.stamps))
        for before, after in pairwise(range(start, len(self.stamps))):
            self._edge(before, after)

    def _edge(self, before: int, after: int, soft: bool = False) -> None:
        self.causes[after].append(before)
        self.effects[before].append(after)
        if soft:
            self.soft.add((before, after))

    def link_messages(self) -> None:
        """Edges from sendings to receipts: by `mid`, else from the first sending of an equal message."""
        by_mid: dict[tuple[str, str, str], int] = {}
        by_content: dict[tuple[object, ...], int] = {}
        for index, event in enumerate(self.events):
            if event.kind == "send" and event.msg is not None:
                by_content.setdefault(_content(event.msg), index)
                if event.mid is not None:
                    by_mid.setdefault((event.msg.src, event.msg.dst, event.mid), index)
        for index, event in enumerate(self.events):
            if event.kind != "recv" or event.msg is None or event.msg.src == event.node:
                continue
            certain = event.mid is not None
            key = (event.msg.src, event.msg.dst, event.mid or "")
            sending = by_mid.get(key) if certain else by_content.get(_content(event.msg))
            if sending is None:
                self.unmatched += 1
                continue
            self.matched += 1
            self._edge(sending, index, soft=not certain)
            sent, received = self.events[sending].ts, event.ts
            if sent is not None and received is not None and certain:
                self.inversions += sent > received + self.clock_error_s

    def link_votes(self, members: frozenset[str]) -> None:
        """Edges from each vote to the win it was needed for: only where no vote could be spared."""
        votes: dict[tuple[int, str], dict[str, int]] = {}
        wins: dict[tuple[int, str], int] = {}
        for index, event in enumerate(self.events):
            if event.kind == "vote" or (event.msg is not None and event.msg.type == VOTE_RESPONSE):
                for term, candidate in votes_cast(event):
                    if candidate.name != event.node:
                        votes.setdefault((term, candidate.name), {}).setdefault(event.node, index)
            for leader, term in led_terms(event):
                if leader.name == event.node:
                    wins.setdefault((term, leader.name), index)
        for win, index in wins.items():
            voters = votes.get(win, {})
            if len(voters) == len(members) // 2:
                for vote_index in voters.values():
                    self._edge(vote_index, index, soft=True)

    def run(self, notes: list[str]) -> Order:
        """The merged order. Raises: InputError for a cycle of causes that are all certain."""
        waiting = [len(causes) for causes in self.causes]
        first = [head for head, end in zip(self.heads, self.ends, strict=True) if head < end]
        ready = [(self.stamps[head], head) for head in first if waiting[head] == 0]
        heapq.heapify(ready)
        rank: dict[int, int] = {}
        while len(rank) < len(self.events):
            if not ready:
                index = self._release(rank)
                waiting[index] = 0
                heapq.heappush(ready, (self.stamps[index], index))
            _, index = heapq.heappop(ready)
            rank[index] = len(rank)
            for effect in self.effects[index]:
                waiting[effect] -= 1
                if waiting[effect] == 0:
                    heapq.heappush(ready, (self.stamps[effect], effect))
        return Order(
            events=tuple(self.events[index] for index in rank),
            causes=tuple(tuple(rank[cause] for cause in self.causes[index]) for index in rank),
            matched=self.matched,
            unmatched=self.unmatched,
            inversions=self.inversions,
            released=self.released,
            notes=tuple(notes),
        )

    def _release(self, rank: dict[int, int]) -> int:
        """The earliest event that waits for guessed causes alone, freed of them. Raises: InputError."""
        blocked: dict[int, list[int]] = {}
        for stream, end in enumerate(self.ends):
            while self.heads[stream] < end and self.heads[stream] in rank:
                self.heads[stream] += 1
            index = self.heads[stream]
            if index < end:
                blocked[index] = [cause for cause in self.causes[index] if cause not in rank]
        guessed = [i for i, causes in blocked.items() if all((cause, i) in self.soft for cause in causes)]
        if not guessed:
            raise self._cycle(blocked)
        chosen = min(guessed, key=lambda index: (self.stamps[index], index))
        for cause in blocked[chosen]:
            self.causes[chosen].remove(cause)
            self.effects[cause].remove(chosen)
            self.released += 1
        return chosen

    def _cycle(self, blocked: dict[int, list[int]]) -> InputError:
        """The error that names a circle of messages among the blocked events, the first of each node."""
        of_node = {self.events[index].node: index for index in blocked}
        hops: dict[int, int] = {}
        index = min(blocked)
        while index not in hops:
            hops[index] = next(cause for cause in blocked[index] if (cause, index) not in self.soft)
            index = of_node[self.events[hops[index]].node]
        circle = list(hops)[list(hops).index(index) :]
        places = "; ".join(
            f"{self.events[number].place} receives what {self.events[hops[number]].place} sends"
            for number in circle
        )
        place = self.events[index].place
        return InputError(
            f"these receipts come before their sendings, whatever the order of the nodes: {places}",
            mend="check `mid`, `seq` and `inc` of these lines: an id was used twice, or lines were reordered",
            path=place.path,
            line=place.line,
        )


def _content(msg: Message) -> tuple[object, ...]:
    """What makes two messages equal where they carry no id."""
    return (msg.src, msg.dst, msg.raw_type, msg.term, msg.ok, msg.prev, msg.entries, msg.commit, msg.index)
