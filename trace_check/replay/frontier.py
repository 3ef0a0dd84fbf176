"""The replay: the set of states that a log leaves possible, line after line.

A state is a tuple of nodes and the messages on their way. Usually one state is left, and a line costs one or
two of the model's steps on one node. Where the log leaves a choice the set grows, and shrinks when a later
line decides. Beyond `width_cap` states the replay ends and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from trace_check.event import APPEND, REQUEST_VOTE, SNAPSHOT
from trace_check.replay.adopt import adopted
from trace_check.replay.free import TooFree, Undetermined
from trace_check.replay.local import Local, message_with
from trace_check.replay.messages import agree, answers, appends, foreign, snapshots
from trace_check.replay.moves import Moves, looks_alike
from trace_check.replay.steps import (
    APPENDED,
    CANDIDATE_ROLE,
    COMMITTED,
    FORGET,
    LEADER_ROLE,
    LOOK,
    NOTHING,
    RECEIVE,
    RESTART,
    ROLE,
    SEND,
    START,
    Step,
    Trace,
    View,
)

IN_FLIGHT_MAX = 65_536
"""Messages kept on their way; older ones are lost, and a late receipt of one is taken as it is."""


class World:
    """A possible state: `nodes` (None before a node's first line) and the messages in flight by their key."""

    __slots__ = ("flight", "nodes")

    def __init__(self, nodes: tuple[Local | None, ...], flight: dict[Any, tuple[Any, ...]]) -> None:
        self.nodes = nodes
        self.flight = flight

    def key(self) -> tuple[Any, ...]:
        """A hashable that two worlds share only if they are equal, but for answers owed."""
        return (*(None if node is None else node.key() for node in self.nodes), frozenset(self.flight.items()))

    def split(self, undetermined: Undetermined) -> Iterator[World]:
        """A world for each case of a free value."""
        variable = undetermined.variable
        for case in undetermined.cases:
            nodes = tuple(node and node.replaced(variable, case) for node in self.nodes)
            flight = {
                key: tuple(message_with(m, variable, case) for m in messages)
                for key, messages in self.flight.items()
            }
            yield World(nodes, flight)


@dataclass(frozen=True)
class After:
    """A node after a line, the messages that it sent, and whether its message has left the network."""

    local: Local
    sent: tuple[Any, ...] | None = None
    taken: bool = False


class TooWide(Exception):
    """More states are possible than the cap allows."""


class Replay:
    """Replays steps one after the other on a set of worlds."""

    def __init__(self, trace: Trace, moves: Moves, width_cap: int) -> None:
        self.trace = trace
        self.moves = moves
        self.width_cap = width_cap
        self.width_max = 1
        self.lost = 0
        self.worlds = [World((None,) * len(trace.servers), {})]

    def take(self, step: Step) -> bool:
        """Moves every world over the line; False, and nothing changed, if none can. Raises: TooWide, TooFree."""
        found: list[World] = []
        waiting = [prepared for world in self.worlds for prepared in self._prepared(world, step)]
        while waiting:
            world = waiting.pop()
            try:
                afters = list(self.afters(world, step))
            except Undetermined as undetermined:
                waiting += world.split(undetermined)
                self._watch(len(waiting) + len(found))
                continue
            found += self._worlds(world, step, afters)
            self._watch(len(found))
        if not found:
            return False
        self.worlds = _distinct(found) if len(found) > 1 else found
        return True

    def _worlds(self, world: World, step: Step, afters: list[After]) -> Iterator[World]:
        """A world for each node after the line; the last takes the messages of `world` over."""
        for number, after in enumerate(afters, start=1):
            flight = world.flight if number == len(afters) else dict(world.flight)
            if after.sent is not None:
                flight[step.key] = after.sent
                if len(flight) > IN_FLIGHT_MAX:
                    del flight[next(iter(flight))]
                    self.lost += 1
            elif after.taken and step.by_id:
                flight.pop(step.key, None)
            yield World(_with(world.nodes, step.node, after.local), flight)

    def _watch(self, width: int) -> None:
        self.width_max = max(self.width_max, width)
        if width > self.width_cap:
            raise TooWide

    def adopt(self, step: Step) -> None:
        """Takes the node up as the line shows it, whatever it was."""
        view = step.post.with_(step.pre)
        local = self._adopted(step.node, view, starting=False)
        for world in self.worlds:
            world.nodes = _with(world.nodes, step.node, local)
        self.trace.mid_run.add(step.node)

    def _adopted(self, i: int, view: View, *, starting: bool) -> Local:
        trace = self.trace
        bounds = {"term_max": trace.term_max, "index_max": trace.index_max}
        return adopted(self.moves.machine, i, view, starting=starting, **bounds)

    def _prepared(self, world: World, step: Step) -> Iterator[World]:
        """The world with what this line brings into it: a node that begins, a message that no line sends."""
        i, flight = step.node, world.flight
        if step.kind == RECEIVE and step.key not in flight and self._may_be_foreign(step):
            flight = {**flight, step.key: foreign(self.moves, step, self.trace.term_max, self.trace.index_max)}
        if step.begins is None:
            yield world if flight is world.flight else World(world.nodes, flight)
            return
        for begun in self._begun(world.nodes[i], step):
            yield World(_with(world.nodes, i, begun), dict(flight))

    def _begun(self, local: Local | None, step: Step) -> Iterable[Local]:
        """The node as it begins this line."""
        if step.begins == RESTART and local is not None:
            return self.moves.restart(local, step.node)
        before = step.post if step.pre is NOTHING and step.kind in (LOOK, SEND) else step.pre
        return (self._adopted(step.node, before, starting=step.begins in (START, RESTART, FORGET)),)

    def afters(self, world: World, step: Step) -> Iterator[After]:
        """What the node may be after the line. Raises: Undetermined, TooFree."""
        local = world.nodes[step.node]
        if local is not None:
            for shown in self.moves.reach(local, step.node, step.pre):
                yield from self.explained(shown, step, world.flight)

    def explained(self, local: Local, step: Step, flight: dict[Any, tuple[Any, ...]]) -> Iterator[After]:
        """The node after the line, from `local`, which is as the line has it before."""
        i, reach = step.node, self.moves.reach
        if step.kind == SEND:
            yield from self._sent(local, step)
        elif step.kind == RECEIVE:
            for handled in self._received(local, step, flight):
                for after in reach(handled, i, step.post):
                    yield After(after, taken=True)
        else:
            for shown in self._recorded(local, step):
                for after in reach(shown, i, step.post):
                    if step.entry is None or self._holds(after, i, step.entry, step.kind):
                        yield After(after)

    def _sent(self, local: Local, step: Step) -> Iterator[After]:
        msg, moves = step.msg, self.moves
        if msg is None:
            return
        asks = {REQUEST_VOTE: CANDIDATE_ROLE, APPEND: LEADER_ROLE, SNAPSHOT: LEADER_ROLE}.get(msg.type)
        view = step.post
        if asks is not None:
            view = View(role=asks, term=msg.term).with_(view)
        for sender in moves.reach(local, step.node, view):
            for sent in self._messages(sender, step):
                if agree(sent, step):
                    yield After(sender, sent=sent)

    def _messages(self, local: Local, step: Step) -> Iterator[tuple[Any, ...]]:
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

    def _received(
        self, local: Local, step: Step, flight: dict[Any, tuple[Any, ...]]
    ) -> Iterator[Local]:
        """The node after it handled the message, or lost it.

        Losing it is no case of its own where nothing shows: who took an answer or a vote can do no less.
        """
        messages = flight.get(step.key)
        if not messages or not agree(messages, step):
            return
        plain = False
        for handled in self.moves.handle(local, step.node, messages):
            plain = plain or looks_alike(handled, local, step.node)
            yield handled
        if not plain:
            yield local

    def _may_be_foreign(self, step: Step) -> bool:
        """Whether the message may have been sent though no line shows it."""
        kind = step.msg.type if step.msg is not None else ""
        return self.lost > 0 or step.src in self.trace.mid_run or (step.src, kind) not in self.trace.sends

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


def _with(nodes: tuple[Local | None, ...], i: int, local: Local) -> tuple[Local | None, ...]:
    return (*nodes[:i], local, *nodes[i + 1 :])


def _distinct(worlds: list[World]) -> list[World]:
    """The worlds without repetition; of equal ones, one that owes the answers of all."""
    kept: dict[tuple[Any, ...], World] = {}
    for world in worlds:
        key = world.key()
        other = kept.setdefault(key, world)
        if other is not world:
            other.nodes = tuple(_owing(a, b) for a, b in zip(other.nodes, world.nodes, strict=True))
    return list(kept.values())


def _owing(one: Local | None, other: Local | None) -> Local | None:
    if one is None or other is None or one.owed == other.owed:
        return one
    more = tuple(answer for answer in other.owed if answer not in one.owed)
    return one.having(owed=one.owed + more)
