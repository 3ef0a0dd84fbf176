"""Node streams to one causal order: a node's own order, and a send before its receipts.

Messages are matched by `mid`; where there is none, a receipt follows the *first* sending of an equal message,
which holds however many copies were lost or repeated. A vote without which there was no majority precedes the
win. Wall clock only breaks ties. It decides no rule: every Tier-1 rule compares events of one node, facts
that hold in any order, or times within the clock error. Each file is read a bounded number of lines ahead; a
sending that lies farther away than that counts as not logged. Source: Lamport 1978; vector clocks: Fidge
1988, Mattern 1989.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from trace_check.errors import InputError
from trace_check.event import APPEND, LEADER, VOTE_RESPONSE, Event, Message
from trace_check.facts import led_terms, votes_cast
from trace_check.lanes import Feed, Gap, Lane, OutOfOrder, Sending
from trace_check.streams import node_streams

LOOKAHEAD_LINES = 1024
"""How many lines of each file are read ahead of the merge."""

_SENDINGS_KEPT = 16384
_VOTES_KEPT = 1024


class Sendings:
    """Messages by what identifies them. The latest are kept, at least `_SENDINGS_KEPT` of them."""

    def __init__(self, kept: int | None) -> None:
        self._kept = kept
        self._young: dict[object, Sending] = {}
        self._old: dict[object, Sending] = {}

    def of(self, msg: Message, mid: str | None) -> Sending:
        """The one of this message, made where it is new."""
        key = _content(msg) if mid is None else (msg.src, msg.dst, mid)
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                found = Sending(mid is not None)
            if self._kept is not None and len(self._young) >= self._kept:
                self._young, self._old = {}, self._young
            self._young[key] = found
        return found


class Merge:
    """Iterates over all events in causal order, each with its node's `Lane` as it is then.

    `lookahead` is how many lines of each feed are read before they are needed, None for all. Raises:
    OutOfOrder where a feed that is not sorted is not in order, InputError where certain causes form a circle.
    """

    def __init__(self, feeds: Sequence[Feed], lookahead: int | None = LOOKAHEAD_LINES) -> None:
        self.lanes: dict[str, Lane] = {}
        self.matched = self.unmatched = self.inversions = self.released = 0
        self.clock_error_s = 0.0
        self.members: frozenset[str] = frozenset()
        self._feeds = list(feeds)
        self._lookahead = lookahead
        self._order: list[Lane] = []
        self._sendings = Sendings(None if lookahead is None else _SENDINGS_KEPT)
        self._votes: dict[tuple[int, str], dict[str, Sending]] = {}
        self._marks: dict[tuple[int, int], Sending] = {}
        self._heap: list[tuple[float, int]] = []
        self._used: list[Sending] = []

    def prime(self) -> None:
        """Reads each feed ahead: what files declare in their first lines is known after it."""
        for feed in self._feeds:
            for event in islice(feed.events, self._lookahead):
                self._take(event, feed)

    def causes(self, lane: Lane, before: int) -> tuple[int, ...]:
        """The indexes that come directly before the event just merged; `before` is its node's last index."""
        own = () if before < 0 else (before,)
        return (*own, *(sending.index for sending in self._used if sending.index != lane.index))

    def __iter__(self) -> Iterator[tuple[Event, Lane]]:
        heap, order = self._heap, self._order
        index = 0
        while heap or self._release():
            lane = order[heap[0][1]]
            event, sending = lane.queue[0][1:]
            if self._waits(lane, event, sending):
                heapq.heappop(heap)
                continue
            lane.queue.popleft()
            if lane.queue:
                heapq.heapreplace(heap, (lane.queue[0][0], lane.number))
            else:
                heapq.heappop(heap)
            self._pass(lane, event, sending, index)
            index += 1
            yield event, lane
            following = next(lane.feed.events, None)
            if following is not None:
                self._take(following, lane.feed)

    def _take(self, event: Event, feed: Feed) -> None:
        """Queues one event that was read ahead, and notes what it sends, votes or wins."""
        lane = self.lanes.get(event.node)
        if lane is None:
            lane = self.lanes[event.node] = Lane(event.node, len(self._order), feed)
            self._order.append(lane)
        if not feed.sorted:
            if lane.feed is not feed:
                raise OutOfOrder
            lane.check(event)
        ts = event.ts
        if ts is not None and ts > lane.stamp:
            lane.stamp = ts
        lane.taken += 1
        msg, sending = event.msg, None
        if msg is not None:
            if event.kind == "send":
                sending = self._sendings.of(msg, event.mid)
                if sending.lane < 0:
                    self._announce(sending, lane, event)
                else:
                    sending = None
            elif event.kind == "recv" and msg.src != event.node:
                sending = self._sendings.of(msg, event.mid)
            if msg.type == VOTE_RESPONSE:
                self._note_votes(event, lane)
        elif event.kind == "vote":
            self._note_votes(event, lane)
        state = event.state or event.pre
        if (
            event.new_role == LEADER
            or (state is not None and state.role == LEADER and state.term != lane.led)
            or (msg is not None and msg.type == APPEND and event.kind == "send" and msg.term != lane.led)
        ):
            self._note_win(event, lane)
        lane.queue.append((lane.stamp, event, sending))
        if len(lane.queue) == 1:
            heapq.heappush(self._heap, (lane.stamp, lane.number))

    @staticmethod
    def _announce(sending: Sending, lane: Lane, event: Event) -> None:
        sending.lane, sending.position, sending.place = lane.number, lane.taken, event.place
        sending.ts = event.ts

    def _note_votes(self, event: Event, lane: Lane) -> None:
        for term, candidate in votes_cast(event):
            if candidate.name == event.node:
                continue
            voters = self._votes.setdefault((term, candidate.name), {})
            if event.node not in voters:
                vote = voters[event.node] = Sending(False)
                self._announce(vote, lane, event)
                self._marks[lane.number, lane.taken] = vote
        if self._lookahead is not None and len(self._votes) > _VOTES_KEPT:
            del self._votes[next(iter(self._votes))]

    def _note_win(self, event: Event, lane: Lane) -> None:
        for leader, term in led_terms(event):
            if leader.name == event.node and term != lane.led:
                lane.led = term
                lane.wins[lane.taken] = (term, event.node)

    def _waits(self, lane: Lane, event: Event, sending: Sending | None) -> bool:
        """True if the lane's head waits for what was read ahead; it is woken when that has passed."""
        awaited = []
        if sending is not None and sending.index < 0 <= sending.lane and event.kind == "recv":
            awaited.append(sending)
        if lane.wins:
            awaited += [vote for vote in self._votes_for(lane) if vote.index < 0]
        if not awaited:
            return False
        lane.blocked = awaited
        for one in awaited:
            one.waiting.append(lane)
        return True

    def _votes_for(self, lane: Lane) -> list[Sending]:
        """The votes without which the lane's head were no win; none where one could be spared."""
        win = lane.wins.get(lane.position + 1)
        if win is None:
            return []
        voters = self._votes.get(win, {})
        needed = len(self.members or self.lanes) // 2
        return list(voters.values()) if len(voters) == needed else []

    def _pass(self, lane: Lane, event: Event, sending: Sending | None, index: int) -> None:
        """Takes the lane's head, which waits for nothing, into the order."""
        used: list[Sending] = []
        if sending is not None:
            if event.kind == "send":
                self._passed(sending, lane, index)
            elif sending.index >= 0:
                self.matched += 1
                used.append(sending)
                if sending.certain and sending.ts is not None and event.ts is not None:
                    self.inversions += sending.ts > event.ts + self.clock_error_s
            else:
                self.unmatched += 1
        if lane.wins:
            used += [vote for vote in self._votes_for(lane) if vote.index >= 0]
            if lane.wins.pop(lane.position + 1, None) is not None and self._lookahead is not None:
                lane.blocked = []
        lane.position += 1
        lane.index = index
        if self._marks:
            vote_cast = self._marks.pop((lane.number, lane.position), None)
            if vote_cast is not None:
                self._passed(vote_cast, lane, index)
        ts = event.ts
        if ts is not None:
            if ts > lane.clock:
                lane.clock = ts
            elif ts < lane.clock - self.clock_error_s:
                self.inversions += 1
        for cause in used:
            self._learn(lane, cause)
        self._used = used

    def _passed(self, sending: Sending, lane: Lane, index: int) -> None:
        sending.index, sending.past = index, lane.past
        if sending.waiting:
            for waiter in sending.waiting:
                if sending in waiter.blocked:
                    waiter.blocked.remove(sending)
                    if not waiter.blocked:
                        heapq.heappush(self._heap, (waiter.queue[0][0], waiter.number))
            sending.waiting = []

    @staticmethod
    def _learn(lane: Lane, cause: Sending) -> None:
        """Adds to a lane's past what a message brings with it."""
        past, number = lane.past, cause.lane
        if len(past) > number and past[number] >= cause.position:
            return
        length = max(len(past), len(cause.past), number + 1)
        mine = [*past, *(0,) * (length - len(past))]
        for other, position in enumerate(cause.past):
            if position > mine[other]:
                mine[other] = position
        mine[number] = cause.position
        lane.past = tuple(mine)

    def _release(self) -> bool:
        """Frees the earliest head that waits for guessed causes alone; False where no event is left.

        Raises: InputError where all that is left waits for certain causes.
        """
        blocked = [lane for lane in self._order if lane.queue]
        if not blocked:
            return False
        guessed = [lane for lane in blocked if not any(cause.certain for cause in lane.blocked)]
        if not guessed:
            raise self._circle(blocked)
        chosen = min(guessed, key=lambda lane: (lane.queue[0][0], lane.number))
        self.released += len(chosen.blocked)
        stamp, event, sending = chosen.queue[0]
        if sending in chosen.blocked:
            chosen.queue[0] = (stamp, event, None)
            self.matched += 1
        chosen.wins.pop(chosen.position + 1, None)
        chosen.blocked = []
        heapq.heappush(self._heap, (stamp, chosen.number))
        return True

    def _circle(self, blocked: list[Lane]) -> InputError:
        """The error that names a circle of messages among the blocked heads."""
        hops: dict[Lane, Sending] = {}
        lane = blocked[0]
        while lane not in hops:
            hops[lane] = next(cause for cause in lane.blocked if cause.certain)
            lane = self._order[hops[lane].lane]
        circle = list(hops)[list(hops).index(lane) :]
        places = "; ".join(f"{one.queue[0][1].place} receives what {hops[one].place} sends" for one in circle)
        place = lane.queue[0][1].place
        return InputError(
            f"these receipts come before their sendings, whatever the order of the nodes: {places}",
            mend="check `mid`, `seq` and `inc` of these lines: an id was used twice, or lines were reordered",
            path=place.path,
            line=place.line,
        )


def sorted_feeds(events: Sequence[Event]) -> tuple[list[Feed], list[Gap]]:
    """A feed for each node, its lines sorted in memory, and the gaps in their numbers.

    Raises: InputError where they cannot be sorted.
    """
    streams, gaps = node_streams(events)
    return [Feed(iter(stream), sorted=True) for stream in streams.values()], gaps


@dataclass(frozen=True)
class Order:
    """All events of a log in one causal order, in memory, and what had to be done for it.

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

    Raises: InputError where a node's lines cannot be ordered, or causes form a circle.
    """
    feeds, gaps = sorted_feeds(events)
    merge = Merge(feeds, lookahead=None)
    merge.members, merge.clock_error_s = members, clock_error_ms / 1000
    merge.prime()
    merged: list[Event] = []
    causes: list[tuple[int, ...]] = []
    last: dict[str, int] = {}
    for event, lane in merge:
        causes.append(merge.causes(lane, last.get(event.node, -1)))
        last[event.node] = lane.index
        merged.append(event)
    return Order(
        tuple(merged),
        tuple(causes),
        merge.matched,
        merge.unmatched,
        merge.inversions,
        merge.released,
        tuple(str(gap) for gap in gaps),
    )


def _content(msg: Message) -> tuple[object, ...]:
    """What makes two messages equal where they carry no id."""
    return (msg.src, msg.dst, msg.raw_type, msg.term, msg.ok, msg.prev, msg.entries, msg.commit, msg.index)
