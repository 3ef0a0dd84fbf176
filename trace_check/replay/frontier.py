"""The replay: what a log leaves possible of each node and of each message, line after line.

A line concerns one node. Usually one state of it is left, and the line costs one or two of the model's steps
on it. Where the log leaves a choice the set grows, and shrinks when a later line decides. Choices of several
nodes are not held against each other: their product would grow beyond measure, and to forget which go
together can only leave more possible, never less. A line is refused if no choice explains it. Beyond
`width_cap` states of a node, or contents of a message, the replay ends and says so.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from trace_check.event import APPEND, REQUEST_VOTE, SNAPSHOT
from trace_check.replay.adopt import adopted, overlaid
from trace_check.replay.free import Undetermined
from trace_check.replay.local import Local, marks, message_with
from trace_check.replay.messages import agree, answers, appends, foreign, snapshots
from trace_check.replay.moves import Moves, looks_alike
from trace_check.replay.steps import (
    APPENDED,
    ASKS,
    COMMITTED,
    GAP,
    KINDS,
    NOTHING,
    RECEIVE,
    RESTART,
    ROLE,
    SEND,
    Reader,
    Step,
    View,
)
from trace_check.replay.survey import Survey

IN_FLIGHT_MAX = 65_536
"""Messages kept on their way; older ones are lost, and a late receipt of one is taken as it is."""

CASES_MAX = 16_384
"""How many cases of the free values are tried for one state of a node at one line."""

_Found = TypeVar("_Found")
_VERSIONS_MAX = 64
Batch = tuple[Any, ...]
"""A message, or a batch of one-entry appends that one line shows."""


class After(NamedTuple):
    """A node after a line, and the batch that it sent."""

    local: Local
    sent: Batch | None = None


class TooWide(Exception):
    """More states are possible, or more cases to try, than is allowed; it says which."""


class Replay:
    """Replays steps one after the other. `nodes` has the possible states of each node, none before its first
    line. `flight` has what was sent under a key, oldest first, with every content that it may have: where no
    id tells messages apart, one of several is received, and those sent before it are lost."""

    def __init__(self, survey: Survey, reader: Reader, moves: Moves, width_cap: int) -> None:
        self.survey = survey
        self.reader = reader
        self.moves = moves
        self.width_cap = width_cap
        self.width_max = 1
        self.lost = 0
        self.nodes: list[list[Local]] = [[] for _ in moves.machine.servers]
        self.flight: OrderedDict[Any, tuple[Batch, ...]] = OrderedDict()
        self.recent: dict[tuple[int, int], deque[Batch]] = {}
        self._at = 0
        moves.incoming = self._incoming

    def take(self, step: Step) -> bool:
        """Moves the node over the line; False, and nothing changed, if it cannot.

        Raises: TooWide, TooFree.
        """
        self.moves.voters = step.voters
        self.moves.hearsay = step.kind == ROLE
        self._at = step.node
        found: list[After] = []
        received = 0
        for local in self.begun(step):
            if step.kind != RECEIVE:
                found += self._tried(local, (), step)
                continue
            for number, batch in enumerate(self.versions(step)):
                afters = self._tried(local, batch, step)
                if afters:
                    received = min(received, number) if found else number
                    found += afters
        if not found:
            return False
        self._put(step, found, received)
        return True

    def _tried(self, local: Local, batch: Batch, step: Step) -> list[After]:
        """What the node may be after the line, from `local`, if its message was `batch`."""
        try:
            return list(self._afters(local, batch, step))
        except Undetermined:
            return self._cases(local, batch, lambda node, messages: self._afters(node, messages, step))

    def _cases(
        self, local: Local, batch: Batch, tried: Callable[[Local, Batch], Iterable[_Found]]
    ) -> list[_Found]:
        """All that `tried` gives, in every case of the free values that it asks for."""
        found: list[_Found] = []
        waiting = [(local, batch)]
        for _ in range(CASES_MAX + 1):
            if not waiting:
                return found
            local, batch = waiting.pop()
            try:
                found += list(tried(local, batch))
            except Undetermined as split:
                waiting += [
                    (local.replaced(split.variable, case), replaced(batch, split.variable, case))
                    for case in split.cases
                ]
            self._watch(len(waiting) + len(found))
        raise TooWide(f"more than {CASES_MAX} cases of what is not logged would have to be tried")

    def _watch(self, width: int) -> None:
        self.width_max = max(self.width_max, width)
        if width > self.width_cap:
            raise TooWide(f"more than {self.width_cap} states are possible")

    def _put(self, step: Step, found: list[After], received: int) -> None:
        """Keeps what was found of the node and of the message."""
        if len(found) == 1:
            self.nodes[step.node] = [found[0].local]
        else:
            self.nodes[step.node] = distinct([after.local for after in found])
            self._watch(len(self.nodes[step.node]))
        if step.kind == SEND:
            sent = [after.sent for after in found if after.sent is not None]
            self._send(step, sent)
        elif step.kind == RECEIVE and not step.by_id and step.key in self.flight:
            self.flight[step.key] = self.flight[step.key][received:]

    def _send(self, step: Step, sent: list[Batch]) -> None:
        """Puts the contents that the line may have sent into flight."""
        self.flight[step.key] = _versions_with(() if step.by_id else self.flight.get(step.key, ()), sent)
        way = (step.src, step.dst)
        if way not in self.recent:
            self.recent[way] = deque(maxlen=_VERSIONS_MAX)
        self.recent[way] += sent
        if len(self.flight) > IN_FLIGHT_MAX:
            self.flight.popitem(last=False)  # of a plain dict, to find the first takes ever longer
            self.lost += 1

    def versions(self, step: Step) -> tuple[Batch, ...]:
        """What the message of a receipt may have been."""
        versions = self.flight.get(step.key)
        if versions is not None or step.msg is None:
            return versions or ()
        if step.by_id and self.survey.complete and step.src not in self.reader.mid_run:
            return ()
        asked = KINDS[step.msg.type]
        near = tuple(b for b in self.recent.get((step.src, step.dst), ()) if type(b[0]).__name__ == asked)
        if not near and self.may_be_foreign(step):
            return (foreign(self.moves, step, self.survey.term_max, self.survey.index_max),)
        return near

    def _incoming(self) -> Iterator[Any]:
        """The last messages that were sent to the node at hand, the newest of each sender first."""
        for (_, dst), recent in self.recent.items():
            if dst == self._at:
                yield from (message for batch in reversed(recent) for message in batch[:1])

    def may_be_foreign(self, step: Step) -> bool:
        """Whether the message may have been sent though no line shows it."""
        sender = (self.moves.machine.servers[step.src], step.msg.type if step.msg is not None else "")
        return self.lost > 0 or step.src in self.reader.mid_run or sender not in self.survey.sends

    def adopt(self, step: Step) -> None:
        """Takes the node up as the line shows it, and for the rest as it was or could begin."""
        view = step.post.with_(step.pre)
        nodes = self.nodes[step.node] if step.begins is None else []
        if nodes:
            self.nodes[step.node] = [overlaid(nodes[0], step.node, view)]
        else:
            self.nodes[step.node] = [self._adopted(step.node, view, starting=step.begins != GAP)]
        self.reader.mid_run.add(step.node)

    def _adopted(self, i: int, view: View, *, starting: bool) -> Local:
        bounds = {"term_max": self.survey.term_max, "index_max": self.survey.index_max}
        return adopted(self.moves.machine, i, view, starting=starting, **bounds)

    def begun(self, step: Step) -> Iterable[Local]:
        """The states of the node as it begins this line."""
        nodes = self.nodes[step.node]
        if step.begins is None and nodes:
            return nodes
        if step.begins == RESTART and nodes:
            restart = self.moves.restart
            return [
                after
                for local in nodes
                for after in self._cases(local, (), lambda node, _: restart(node, step.node, step.post))
            ]
        return (self._adopted(step.node, step.taken_up, starting=step.starts),)

    def _afters(self, local: Local, batch: Batch, step: Step) -> Iterator[After]:
        """The node after the line. Raises: Undetermined, TooFree."""
        i, post, reach = step.node, step.post, self.moves.reach
        for shown in (local,) if step.pre is NOTHING else reach(local, i, step.pre):
            if step.kind == SEND:
                yield from self._sent(shown, step)
                continue
            received = step.kind == RECEIVE
            for passing in self._received(shown, step, batch) if received else self._recorded(shown, step):
                for after in (passing,) if post is NOTHING else reach(passing, i, post):
                    if step.entry is None or self._holds(after, i, step.entry, step.kind):
                        yield After(after)

    def _sent(self, local: Local, step: Step) -> Iterator[After]:
        msg, moves = step.msg, self.moves
        if msg is None:
            return
        asks = msg.type in ASKS
        for sender in moves.reach(local, step.node, step.sender):
            for sent in self.messages(sender, step):
                if agree(sent, step):
                    yield After(sender, sent=sent)
                    if not asks and msg.ok is not None and (step.prompt or msg.index is not None):
                        break

    def messages(self, local: Local, step: Step) -> Iterator[tuple[Any, ...]]:
        """What the node may send for this line."""
        msg, moves = step.msg, self.moves
        if msg is None:
            return
        if msg.type == REQUEST_VOTE:
            done = moves.run("RequestVote", local, step.src, step.dst)
            if done is not None:
                yield done[1]
        elif msg.type == APPEND:
            yield from appends(moves, local, step)
        elif msg.type == SNAPSHOT:
            yield from snapshots(moves, local, step)
        else:
            yield from answers(moves, local, step)

    def _received(self, local: Local, step: Step, messages: Batch) -> Iterator[Local]:
        """The node after it handled the message, or lost it.

        Losing it is no case of its own where nothing shows: who took an answer or a vote can do no less.
        """
        if not messages or not agree(messages, step):
            return
        plain = False
        for handled in self.moves.handle(local, step.node, messages):
            plain = plain or looks_alike(handled, local, step.node)
            yield handled
        if not plain:
            yield local

    def _recorded(self, local: Local, step: Step) -> Iterator[Local]:
        """The node after the step that a record of a change of role, of entries or of a commit may be."""
        i, moves = step.node, self.moves
        yield local
        if step.kind == ROLE and (step.post.role is None or step.post.term is None):
            yield from moves.campaign(local, i)
            yield from moves.win(local, i)
            yield from moves.expire(local, i)
        elif step.kind == APPENDED and step.post.last_index is None:
            yield from moves.accept(local, i, step.size or 1)
        elif step.kind == COMMITTED and step.post.commit is None:
            yield from moves.commit(local, i, None if step.entry is None else step.entry[0])

    @staticmethod
    def _holds(local: Local, i: int, entry: tuple[int, int], kind: str) -> bool:
        """Whether the node's log has this entry, committed if that is what the record says."""
        index, term = entry
        known = local.commitIndex[i] if kind == COMMITTED else local.log.length[i]
        return bool(known >= index) and bool(index == 0 or local.log.term[i, index] == term)


def _versions_with(versions: tuple[Batch, ...], sent: list[Batch]) -> tuple[Batch, ...]:
    """The versions with those of one more sending, but what was the newest before."""
    if not versions and len(sent) == 1:
        return (sent[0],)
    known = {marks(batch) for batch in versions[-len(sent) :]}
    for batch in sent:
        if marks(batch) not in known:
            known.add(marks(batch))
            versions = (*versions[1 - _VERSIONS_MAX :], batch)
    return versions


def replaced(batch: Batch, variable: Any, value: Any) -> Batch:
    """The batch with `value` wherever the free value `variable` stands."""
    return tuple(message_with(message, variable, value) for message in batch)


def distinct(nodes: list[Local]) -> list[Local]:
    """The states without repetition, joined where one can stand for several."""
    kept: dict[tuple[Any, ...], Local] = {}
    for node in nodes:
        key = node.key()
        kept[key] = kept[key].joined(node) if key in kept else node
    return list(kept.values())
