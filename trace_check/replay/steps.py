"""Log lines as the replay and TLC take them: what kind of step a line is, and what it tells of its node.

Decides which lines begin an incarnation, which observations may be held against the model, and what
identifies a message on its way. Nodes are numbers from here on, in the order of `Trace.servers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    CANDIDATE,
    FOLLOWER,
    LEADER,
    NOBODY,
    REQUEST_VOTE,
    SNAPSHOT,
    SNAPSHOT_RESPONSE,
    VOTE_RESPONSE,
    Config,
    Event,
    Message,
    NodeState,
)
from trace_check.track import Seen

FOLLOWER_ROLE, CANDIDATE_ROLE, LEADER_ROLE = 0, 1, 2
NIL = -1
_ROLES = {CANDIDATE: CANDIDATE_ROLE, LEADER: LEADER_ROLE}

KINDS = {
    REQUEST_VOTE: "RequestVoteRequest",
    VOTE_RESPONSE: "RequestVoteResponse",
    APPEND: "AppendEntriesRequest",
    APPEND_RESPONSE: "AppendEntriesResponse",
    SNAPSHOT: "InstallSnapshotRequest",
    SNAPSHOT_RESPONSE: "InstallSnapshotResponse",
}
"""Message types of logs and the model's kinds."""

ASKS = {REQUEST_VOTE: CANDIDATE_ROLE, APPEND: LEADER_ROLE, SNAPSHOT: LEADER_ROLE}
"""Who sends a request."""

START, RESTART, FORGET, GAP = "start", "restart", "forget", "gap"
SEND, RECEIVE, ROLE, APPENDED, COMMITTED, LOOK = "send", "receive", "role", "append", "commit", "look"
_ID_KEY_LENGTH = 3
_WITHIN_A_STEP = frozenset({"send", "role", "term", "vote", "append", "truncate", "commit"})
_LINES = {"role": ROLE, "lease_expire": ROLE, "append": APPENDED, "commit": COMMITTED}


class View(NamedTuple):
    """What a line tells of its node; None where it tells nothing. `last_`: of its last entry."""

    role: int | None = None
    term: int | None = None
    vote: int | None = None
    commit: int | None = None
    last_index: int | None = None
    last_term: int | None = None

    def but(self, other: View) -> View:
        """What is not the same in `other`."""
        return View._make(
            [None if mine == theirs else mine for mine, theirs in zip(self, other, strict=True)]
        )

    def with_(self, other: View) -> View:
        """What this tells, and where it tells nothing, what `other` does."""
        if other is NOTHING:
            return self
        return View._make(
            [theirs if mine is None else mine for mine, theirs in zip(self, other, strict=True)]
        )


NOTHING = View()


class Step(msgspec.Struct):
    """A line. `begins` is START, RESTART, FORGET or GAP where the node has to be taken up anew before it.

    `key` identifies its message on the way; `size` is the number of entries that its append, record or
    batch holds, None if the line does not tell. `entry` is one that the node must hold after it. `voters`:
    the voter sets that the node counts with, all servers if there are none. `prompt`: the node handles one
    message at a time, so that an answer is to the last one that it fits.
    """

    event: Event
    index: int
    node: int
    kind: str
    begins: str | None
    pre: View
    post: View
    voters: tuple[tuple[int, ...], ...] = ()
    prompt: bool = False
    src: int = NIL
    dst: int = NIL
    msg: Message | None = None
    key: Any = None
    size: int | None = None
    entry: tuple[int, int] | None = None

    @property
    def by_id(self) -> bool:
        """Whether the line names its message by an id of its own."""
        return len(self.key) == _ID_KEY_LENGTH

    @property
    def starts(self) -> bool:
        """Whether a process begins with the line."""
        return self.begins in (START, RESTART, FORGET)

    @property
    def taken_up(self) -> View:
        """What the line tells of its node before it, where the node is taken up."""
        still = self.starts or self.kind in (LOOK, SEND)
        return self.post if self.pre is NOTHING and still else self.pre

    @property
    def sender(self) -> View:
        """What the line tells of its node as it sends the message; the message itself tells its role."""
        role = None if self.msg is None else ASKS.get(self.msg.type)
        if self.msg is None or role is None:
            return self.post
        return View(role=role, term=self.msg.term).with_(self.post)

    @property
    def seen(self) -> Seen:
        """Where the line is."""
        return Seen(self.event.place, self.event.node, self.event.inc, self.index)


def durable_nodes(configs: Iterable[Config]) -> dict[str | None, bool]:
    """Whether term, vote and log survive a restart, by node; that of all others under None."""
    return {config.node: config.durable for config in configs if config.durable is not None}


class Reader:
    """Turns events into steps; knows of each node its last line and the receipt that it may still handle.

    `mid_run` are the nodes whose log does not begin with their start, has gaps, or is not there at all: they
    may have sent what no line tells. `unobserved` counts the lines of which the model has nothing.
    """

    def __init__(self, servers: tuple[str, ...], durable: Mapping[str | None, bool]) -> None:
        self.durable = durable
        self.mid_run: set[int] = set()
        self.unobserved = 0
        self._numbers = {name: number for number, name in enumerate(servers)}
        self._last: list[Event | None] = [None] * len(servers)
        self._views: list[tuple[NodeState | None, View]] = [(None, NOTHING)] * len(servers)
        self._handled: dict[int, View] = {}
        self._starting: set[int] = set()
        self._voter_sets: dict[tuple[tuple[str, ...], ...], tuple[tuple[int, ...], ...]] = {(): ()}

    def step(self, index: int, event: Event) -> Step:
        """The step of the event at this index of the causal order.

        What only holds in the middle of a step is left out: a candidate that has not voted for itself, a log
        that was cut for entries to come.
        """
        node = self._numbers[event.node]
        begins = self._begins(node, event)
        pre = NOTHING if event.pre is None else self._view(node, event.pre)
        post = NOTHING if event.state is None else self._view(node, event.state)
        if event.new_role is not None or event.new_term is not None:
            post = post.with_(View(role=_role_of(event.new_role), term=event.new_term))
        post = self._settled(node, event, pre, post)
        if post.vote == NIL and post.role == CANDIDATE_ROLE:
            post = post._replace(vote=None)
        if event.kind == "truncate":
            post = post._replace(last_index=None, last_term=None)
        elif not event.one_at_a_time and event.kind in ("term", "vote"):
            post = post._replace(role=None)
        kind = _LINES.get(event.kind, LOOK)
        voters = self._voters(event.voters) if event.voters else ()
        step = Step(event, index, node, kind, begins, pre, post, voters, event.one_at_a_time)
        if event.msg is not None:
            self._add_message(step, event, event.msg)
        elif kind != LOOK:
            _add_entries(step, event)
        elif event.kind != "init" and pre is NOTHING and post is NOTHING:
            self.unobserved += 1
        self._last[node] = event
        return step

    def _begins(self, node: int, event: Event) -> str | None:
        """How the node has to be taken up before this line, None if it goes on.

        A node whose first line does not know its term is still loading what it stored: it starts anew with
        each line, until it takes or sends a message or campaigns.
        """
        before = self._last[node]
        if node in self._starting and event.msg is None and event.state and event.state.role == FOLLOWER:
            return START
        self._starting.discard(node)
        if before is None:
            if event.kind == "init":
                if event.state is not None and event.state.term is None and event.one_at_a_time:
                    self._starting.add(node)
                return START
            self.mid_run.add(node)
            return GAP
        if event.kind == "init" or (event.inc and before.inc and event.inc != before.inc):
            self._handled.pop(node, None)
            durable = self.durable.get(event.node, self.durable.get(None, True))
            return RESTART if durable else FORGET
        if event.seq is not None and before.seq is not None and event.seq > before.seq + 1:
            self.mid_run.add(node)
            return GAP
        return None

    def _voters(self, names: tuple[tuple[str, ...], ...]) -> tuple[tuple[int, ...], ...]:
        known = self._voter_sets.get(names)
        if known is None:
            known = tuple(tuple(self._numbers[n] for n in group if n in self._numbers) for group in names)
            self._voter_sets[names] = known
        return known

    def _view(self, node: int, state: NodeState) -> View:
        known, view = self._views[node]
        if known == state:
            return view
        last, last_term = state.last or (None, None)
        vote = NIL if state.vote == NOBODY else None if state.vote is None else self._numbers.get(state.vote)
        view = View(_role_of(state.role), state.term, vote, state.commit, last, last_term)
        view = NOTHING if view == NOTHING else view
        self._views[node] = (state, view)
        return view

    def _settled(self, node: int, event: Event, pre: View, post: View) -> View:
        """`post` without what a line in the middle of a step may still show as it was before the step."""
        if event.kind == "recv":
            self._handled[node] = NOTHING if event.state is not None and not event.one_at_a_time else pre
            return post
        if event.kind not in _WITHIN_A_STEP:
            self._handled.pop(node, None)
            return post
        before = self._handled.get(node, NOTHING)
        return post if before is NOTHING or post is NOTHING else post.but(before)

    def _add_message(self, step: Step, event: Event, msg: Message) -> None:
        src, dst = self._numbers.get(msg.src), self._numbers.get(msg.dst)
        if event.kind not in ("send", "recv") or msg.type not in KINDS:
            return
        if src is None or dst is None or src == dst:
            return
        step.kind = SEND if event.kind == "send" else RECEIVE
        step.src, step.dst, step.msg = src, dst, msg
        if event.mid is not None:
            step.key = (src, dst, event.mid)
        else:
            content = (msg.term, msg.ok, msg.prev, msg.entries, msg.size, msg.commit, msg.index)
            step.key = (src, dst, msg.raw_type, *content)
        step.size = msg.size if msg.entries is None else len(msg.entries)


def _role_of(role: str | None) -> int | None:
    return None if role is None else _ROLES.get(role, FOLLOWER_ROLE)


def _add_entries(step: Step, event: Event) -> None:
    """What a record of appended or committed entries tells."""
    if event.kind == "append" and event.entries:
        step.size = len(event.entries)
        step.entry = event.entries[-1]
    elif event.kind == "commit" and event.entry is not None:
        step.entry = event.entry
