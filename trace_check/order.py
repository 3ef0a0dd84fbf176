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
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from trace_check.errors import InputError
from trace_check.event import APPEND, LEADER, VOTE_RESPONSE, Event, Message
from trace_check.facts import led_terms, votes_cast
from trace_check.lanes import Feed, Lane, LateLines, OutOfOrder, Sending

LOOKAHEAD_LINES = 64
"""How many lines of each file are read ahead of the merge as a rule."""

SEARCH_LINES = 4096
"""How many are read ahead where a receipt's sending has not been found yet."""

_REFILL_EVENTS = 32
"""After how many events of a node its feed is looked at: whether enough of it is read ahead."""

_MISSED = -2
_SENDINGS_KEPT = 16384
"""How many messages are kept at least until they are received, and those without an id after that too."""

_DONE_KEPT = 4096
"""How many ids of received messages are kept at least, for copies of them."""

_COPIED = Sending("", "", False, lane=0, index=0)
"""The sending of a receipt that is not the first of its message."""
_VOTES_KEPT = 1024


class Merge:
    """Iterates over all events in causal order, each with its node's `Lane` as it is then.

    `lookahead` is how many lines of each feed are read before they are needed, None for all; `on_read` is
    called whenever more was read; the lines can be read anew if it `rereads`. Raises: OutOfOrder where a feed
    that is not sorted is not in order, LateLines where another reading would match more, InputError where
    certain causes form a circle.
    """

    def __init__(
        self, feeds: Sequence[Feed], lookahead: int | None = LOOKAHEAD_LINES, rereads: bool = False
    ) -> None:
        self.lanes: dict[str, Lane] = {}
        self.matched = self.unmatched = self.inversions = self.released = 0
        self.clock_error_s = 0.0
        self.members: frozenset[str] = frozenset()
        self.on_read: Callable[[], None] = lambda: None
        self._feeds = list(feeds)
        self._rereads = rereads
        self._missed: set[str] = set()
        self._whole = lookahead is None
        self._lookahead = 0 if lookahead is None else lookahead
        self._order: list[Lane] = []
        self._young: dict[object, Sending] = {}
        self._old: dict[object, Sending] = {}
        self._votes: dict[tuple[int, str], dict[str, Sending]] = {}
        self._by_pair = False
        self._done: dict[object, tuple[str, str]] = {}
        self._done_before: dict[object, tuple[str, str]] = {}
        self._pairs: dict[tuple[str, str], tuple[str, str]] = {}
        self._marks: dict[tuple[int, int], Sending] = {}
        self._heap: list[tuple[float, int]] = []
        self._cause: Sending | None = None
        self._wanted: Sequence[Sending] = ()

    def prime(self) -> None:
        """Reads each feed ahead: what files declare in their first lines is known after it."""
        for feed in self._feeds:
            self._read(feed, None if self._whole else self._lookahead)
            self._refill(feed)

    def causes(self, lane: Lane, before: int) -> tuple[int, ...]:
        """The indexes that come directly before the event just merged; `before` is its node's last index."""
        own = () if before < 0 else (before,)
        received = () if self._cause is None or self._cause.index < 0 else (self._cause,)
        used = (*received, *self._wanted)
        return (*own, *(sending.index for sending in used if sending.index != lane.index))

    def __iter__(self) -> Iterator[tuple[Event, Lane]]:
        heap, order, marks = self._heap, self._order, self._marks
        index = sum(lane.position for lane in order) - 1
        while heap or self._release():
            lane = order[heapq.heappop(heap)[1]]
            queue = lane.queue
            while queue:
                stamp, event, sending = queue[0]
                if heap:
                    first, other = heap[0]
                    if first < stamp or (first == stamp and other < lane.number):
                        heapq.heappush(heap, (stamp, lane.number))
                        break
                received = None
                if sending is not None and event.kind == "recv":
                    received, sending = sending, None
                    if received.lane < 0:
                        self._search(received, event)
                    if (lane.wins or received.index < 0 <= received.lane) and self._waits(lane, received):
                        break
                elif lane.wins and self._waits(lane, None):
                    break
                queue.popleft()
                lane.index = index = index + 1
                lane.position = position = lane.position + 1
                self._cause = received
                if received is not None:
                    self._received(lane, event, received)
                if lane.wins or self._wanted:
                    self._wanted = self._won(lane)
                if sending is not None:
                    self._passed(sending, lane)
                if marks and (lane.number, position) in marks:
                    self._passed(marks.pop((lane.number, position)), lane)
                ts = event.ts
                if ts != stamp and ts is not None and ts < stamp - self.clock_error_s:
                    self.inversions += 1
                yield event, lane
                if queue and position % _REFILL_EVENTS == 0:
                    self._refill(lane.feed)
            else:
                self._refill(lane.feed)

    def _refill(self, feed: Feed) -> None:
        """Reads on, so that `lookahead` lines of a feed are there until it is looked at again."""
        wanted = self._lookahead + _REFILL_EVENTS * len(feed.lanes)
        while not self._whole and feed.ahead < wanted and self._read(feed, self._lookahead):
            pass

    def _search(self, sending: Sending, receipt: Event) -> None:
        """Reads the sender's log on until the sending is found, or too far away."""
        sender = self.lanes.get(receipt.msg.src) if receipt.msg is not None else None
        if sender is not None:
            while sending.lane < 0 and sender.feed.ahead < SEARCH_LINES and self._read(sender.feed, 1):
                pass

    def _read(self, feed: Feed, count: int | None) -> int:
        """Queues up to `count` more events of a feed (None: all), and notes what they send, vote or win.

        Returns how many there were. Raises: OutOfOrder.
        """
        lanes, read = feed.lanes, 0
        for read, event in enumerate(islice(feed.events, count), start=1):  # noqa: B007
            lane = lanes.get(event.node) or self._open(event.node, feed)
            if not feed.sorted:
                if event.seq == lane.next_seq and event.inc == lane.inc:
                    lane.next_seq += 1
                else:
                    lane.check(event)
                lane.last = event
            stamp, ts = lane.stamp, event.ts
            if ts is not None and ts > stamp:
                lane.stamp = stamp = ts
            lane.taken += 1
            msg, sending = event.msg, None
            if msg is not None:
                sending = self._sending_of(event, msg, lane)
            elif event.kind == "vote":
                self._note_votes(event, lane)
            state, change = event.state or event.pre, event.change
            if (state is not None and state.role == LEADER and state.term != lane.led) or (
                change is not None and change.new_role == LEADER
            ):
                self._note_win(event, lane)
            queue = lane.queue
            if not queue:
                heapq.heappush(self._heap, (stamp, lane.number))
            queue.append((stamp, event, sending))
        feed.taken += read
        self.on_read()
        return read

    def _open(self, node: str, feed: Feed) -> Lane:
        """A lane for a node that logs its first event. Raises: OutOfOrder if another feed has lines of it."""
        if node in self.lanes:
            raise OutOfOrder
        if node in self._missed and self._rereads:
            raise LateLines
        lane = self.lanes[node] = feed.lanes[node] = Lane(node, len(self._order), feed)
        self._order.append(lane)
        for one in self._order:
            one.past += [0] * (len(self._order) - len(one.past))
        return lane

    def _sending_of(self, event: Event, msg: Message, lane: Lane) -> Sending | None:
        """The sending that a line is, or that a receipt waits for; None for one that was sent before."""
        mid, kind = event.mid, event.kind
        key: object = _content(msg) if mid is None else (msg.src, msg.dst, mid) if self._by_pair else mid
        if msg.type == VOTE_RESPONSE:
            self._note_votes(event, lane)
        elif msg.type == APPEND and kind == "send" and msg.term != lane.led:
            self._note_win(event, lane)
        sending = self._young.get(key) or self._old.get(key)
        if sending is not None:
            if mid is key and (sending.src != msg.src or sending.dst != msg.dst):
                self._part_pairs()
                return self._sending_of(event, msg, lane)
        elif mid is not None and (pair := self._done.get(key) or self._done_before.get(key)):
            if pair[0] != msg.src or pair[1] != msg.dst:
                self._part_pairs()
                return self._sending_of(event, msg, lane)
            return None if kind == "send" else _COPIED
        if kind == "send":
            if sending is None:
                sending = Sending(
                    msg.src, msg.dst, mid is not None, lane.number, -1, lane.taken, (), event.ts
                )
                self._keep(key, sending)
                return sending
            if sending.lane >= 0:
                return None
            if sending.index == _MISSED and sending.certain and self._rereads and len(lane.feed.lanes) > 1:
                raise LateLines
            sending.lane, sending.position, sending.ts = lane.number, lane.taken, event.ts
            return sending
        if kind != "recv" or msg.src == event.node:
            return None
        if sending is None:
            sending = Sending(msg.src, msg.dst, mid is not None)
            self._keep(key, sending)
        return sending

    def _keep(self, key: object, sending: Sending) -> None:
        """Keeps a message by what identifies it."""
        young = self._young
        if len(young) >= _SENDINGS_KEPT and not self._whole:
            young, self._old = {}, young
            self._young = young
        young[key] = sending

    def _arrived(self, event: Event, sending: Sending) -> None:
        """Keeps of a message its id and its ends: another receipt would be that of a copy."""
        pair = (sending.src, sending.dst)
        key: object = (*pair, event.mid) if self._by_pair else event.mid
        if self._young.pop(key, None) is None and self._old.pop(key, None) is None:
            return
        if len(self._done) >= _DONE_KEPT:
            self._done, self._done_before = {}, self._done
        self._done[key] = self._pairs.setdefault(pair, pair)

    def _part_pairs(self) -> None:
        """From now on an id is one of a sender and a receiver: others have used the same."""
        self._by_pair = True
        for table in (self._young, self._old):
            for mid in [mid for mid in table if isinstance(mid, str)]:
                sending = table.pop(mid)
                table[sending.src, sending.dst, mid] = sending
        for done in (self._done, self._done_before):
            for mid in [mid for mid in done if isinstance(mid, str)]:
                pair = done.pop(mid)
                done[*pair, mid] = pair

    def _note_votes(self, event: Event, lane: Lane) -> None:
        for term, candidate in votes_cast(event):
            if candidate.name == event.node:
                continue
            voters = self._votes.setdefault((term, candidate.name), {})
            if event.node not in voters:
                vote = Sending(event.node, candidate.name, False, lane.number, -1, lane.taken)
                voters[event.node] = vote
                self._marks[lane.number, lane.taken] = vote
        if not self._whole and len(self._votes) > _VOTES_KEPT:
            del self._votes[next(iter(self._votes))]

    def _note_win(self, event: Event, lane: Lane) -> None:
        for leader, term in led_terms(event):
            if leader.name == event.node and term != lane.led:
                lane.led = term
                lane.wins[lane.taken] = (term, event.node)

    def _waits(self, lane: Lane, awaited: Sending | None) -> bool:
        """True if the lane's head waits for what was read ahead; it is woken when that has passed."""
        blocked = [vote for vote in self._votes_for(lane, lane.position + 1) if vote.index < 0]
        if awaited is not None and awaited.index < 0 <= awaited.lane:
            blocked.append(awaited)
        for one in blocked:
            one.waiting = [*(one.waiting or ()), lane]
        lane.blocked = blocked
        return bool(blocked)

    def _votes_for(self, lane: Lane, position: int) -> list[Sending]:
        """The votes without which the lane's event were no win; none where one could be spared."""
        win = lane.wins.get(position)
        if win is None:
            return []
        voters = self._votes.get(win, {})
        needed = len(self.members or self.lanes) // 2
        return list(voters.values()) if len(voters) == needed else []

    def _received(self, lane: Lane, event: Event, sending: Sending) -> None:
        """Takes in the cause of a receipt, where it is known; what came before it is now before the lane."""
        if sending.index < 0:
            self.unmatched += 1
            sending.index = _MISSED
            if event.msg is not None and sending.certain:
                self._missed.add(event.msg.src)
            return
        self.matched += 1
        if sending.certain and not self._whole:
            self._arrived(event, sending)
        sent, ts = sending.ts, event.ts
        if sent is not None and ts is not None and sending.certain and sent > ts + self.clock_error_s:
            self.inversions += 1
        if lane.past[sending.lane] < sending.position:
            self._learn(lane, sending)

    def _won(self, lane: Lane) -> list[Sending]:
        """The votes that the lane's event, a win, was in need of."""
        votes = [vote for vote in self._votes_for(lane, lane.position) if vote.index >= 0]
        for vote in votes:
            self._learn(lane, vote)
        lane.wins.pop(lane.position, None)
        return votes

    def _passed(self, sending: Sending, lane: Lane) -> None:
        """The order has come to a sending: who waited for it may go on."""
        lane.past[lane.number] = lane.position
        sending.index, sending.past = lane.index, tuple(lane.past)
        if sending.waiting is None:
            return
        for waiter in sending.waiting:
            if sending in waiter.blocked:
                waiter.blocked.remove(sending)
                if not waiter.blocked:
                    heapq.heappush(self._heap, (waiter.queue[0][0], waiter.number))
        sending.waiting = None

    @staticmethod
    def _learn(lane: Lane, cause: Sending) -> None:
        """Adds to a lane's past what a message or a vote brings with it."""
        past = lane.past
        for number, more in enumerate(cause.past):
            if more > past[number]:
                past[number] = more

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
        places = "; ".join(
            f"{one.queue[0][1].place} receives what {self._queued(hops[one]).place} sends" for one in circle
        )
        place = lane.queue[0][1].place
        return InputError(
            f"these receipts come before their sendings, whatever the order of the nodes: {places}",
            mend="check `mid`, `seq` and `inc` of these lines: an id was used twice, or lines were reordered",
            path=place.path,
            line=place.line,
        )

    def _queued(self, sending: Sending) -> Event:
        """The line of a sending that is read and not merged yet."""
        sender = self._order[sending.lane]
        return sender.queue[sending.position - sender.position - 1][1]


def _content(msg: Message) -> tuple[object, ...]:
    """What makes two messages equal where they carry no id."""
    held = (msg.prev, msg.entries, msg.size, msg.commit, msg.index)
    return (msg.src, msg.dst, msg.raw_type, msg.term, msg.ok, *held)
