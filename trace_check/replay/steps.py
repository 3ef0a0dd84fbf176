"""Log lines as the replay and TLC take them: what kind of step a line is, and what it tells of its node.

Decides which lines begin an incarnation, which observations may be held against the model, and what
identifies a message on its way. Nodes are numbers from here on, in the order of `Trace.servers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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

START, RESTART, FORGET, GAP = "start", "restart", "forget", "gap"
SEND, RECEIVE, ROLE, APPENDED, COMMITTED, LOOK = "send", "receive", "role", "append", "commit", "look"
_ID_KEY_LENGTH = 3
_WITHIN_A_STEP = frozenset({"send", "role", "term", "vote", "append", "truncate", "commit"})
_LINES = {"role": ROLE, "lease_expire": ROLE, "append": APPENDED, "commit": COMMITTED}


class View(NamedTuple):
    """What a line tells of its node; None where it tells nothing. `last`: index and term of its last entry."""

    role: int | None = None
    term: int | None = None
    vote: int | None = None
    commit: int | None = None
    last_index: int | None = None
    last_term: int | None = None

    def but(self, other: View) -> View:
        """What is not the same in `other`."""
        return View(*(None if mine == theirs else mine for mine, theirs in zip(self, other, strict=True)))

    def with_(self, other: View) -> View:
        """What this tells, and where it tells nothing, what `other` does."""
        return View(*(theirs if mine is None else mine for mine, theirs in zip(self, other, strict=True)))


NOTHING = View()


class Step(msgspec.Struct):
    """A line. `begins` is START, RESTART, FORGET or GAP where the node has to be taken up anew before it.

    `key` identifies its message on the way; `size` is the number of entries that its append, record or
    batch holds, None if the line does not tell. `entry` is one that the node must hold after it.
    `voters`: the voter sets that the node counts with, all servers if there are none. `prompt`: the node
    handles one message at a time, so that an answer is to the last one that it fits.
    """

    seen: Seen
    node: int
    kind: str
    begins: str | None
    pre: View
    post: View
    src: int = NIL
    dst: int = NIL
    msg: Message | None = None
    key: Any = None
    size: int | None = None
    entry: tuple[int, int] | None = None
    voters: tuple[tuple[int, ...], ...] = ()
    prompt: bool = False

    @property
    def by_id(self) -> bool:
        """Whether the line names its message by an id of its own."""
        return len(self.key) == _ID_KEY_LENGTH

    @property
    def loose_key(self) -> Any:
        """What the line tells of its message at least."""
        return (self.src, self.dst)


@dataclass
class Trace:
    """The steps of a log and what they were taken from.

    `sends` and `receipts` hold (node, message type) of what is logged at all; `mid_run` the nodes whose log
    does not begin with their start, or has gaps: they may have sent what no line tells. `loose`: there are
    receipts that can be told from others by what the model makes of them alone.
    """

    servers: tuple[str, ...]
    durable: dict[str | None, bool]
    steps: list[Step] = field(default_factory=list)
    sends: set[tuple[int, str]] = field(default_factory=set)
    receipts: set[tuple[int, str]] = field(default_factory=set)
    mid_run: set[int] = field(default_factory=set)
    index_max: int = 0
    term_max: int = 0
    unobserved: int = 0
    voters: set[tuple[str, ...]] = field(default_factory=set)
    loose: bool = False


def trace_of(events: Sequence[Event], configs: Sequence[Config]) -> Trace:
    """The steps of `events`, which are in causal order."""
    named = {event.node for event in events}
    declared = {node for config in configs for node in config.nodes}
    servers = tuple(sorted(declared if declared >= named else named | (declared & named)))
    trace = Trace(servers, {config.node: config.durable for config in configs if config.durable is not None})
    trace.voters = {config.nodes for config in configs if config.nodes and config.node is None}
    reader = _Reader(trace)
    for index, event in enumerate(events):
        trace.steps.append(reader.step(index, event))
    sent = {step.key for step in trace.steps if step.kind == SEND}
    trace.loose = any(step.kind == RECEIVE and step.key not in sent for step in trace.steps)
    return trace


class _Reader:
    """Turns events into steps; knows of each node its last line and the receipt that it may still handle."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.numbers = {name: number for number, name in enumerate(trace.servers)}
        self.last: dict[int, Event] = {}
        self.handled: dict[int, View] = {}
        self.starting: set[int] = set()
        self.voters: dict[tuple[tuple[str, ...], ...], tuple[tuple[int, ...], ...]] = {(): ()}

    def step(self, index: int, event: Event) -> Step:
        node = self.numbers[event.node]
        begins = self._begins(node, event)
        pre, post = self._view(event.pre), self._post(event)
        kind = _LINES.get(event.kind, LOOK)
        if event.one_at_a_time:
            post = self._settled(node, event, pre, post)
        elif event.kind in ("term", "vote"):
            post = post._replace(role=None)
        step = Step(Seen(event.place, event.node, event.inc, index), node, kind, begins, pre, post)
        step.voters = self._voters(event.voters)
        step.prompt = event.one_at_a_time
        self._mark(step)
        if event.msg is not None:
            self._add_message(step, event, event.msg)
        else:
            _add_entries(step, event)
        if kind == LOOK and step.kind == LOOK and begins is None and pre == post == NOTHING:
            self.trace.unobserved += 1
        self.last[node] = event
        return step

    def _begins(self, node: int, event: Event) -> str | None:
        """How the node has to be taken up before this line, None if it goes on.

        A node whose first line does not know its term is still loading what it stored: it starts anew with
        each line, until it takes or sends a message or campaigns.
        """
        before = self.last.get(node)
        if node in self.starting and event.msg is None and event.state and event.state.role == FOLLOWER:
            return START
        self.starting.discard(node)
        if before is None:
            if event.kind == "init":
                if event.state is not None and event.state.term is None and event.one_at_a_time:
                    self.starting.add(node)
                return START
            self.trace.mid_run.add(node)
            return GAP
        if event.kind == "init" or (event.inc and before.inc and event.inc != before.inc):
            self.handled.pop(node, None)
            durable = self.trace.durable.get(event.node, self.trace.durable.get(None, True))
            return RESTART if durable else FORGET
        if event.seq is not None and before.seq is not None and event.seq > before.seq + 1:
            self.trace.mid_run.add(node)
            return GAP
        return None

    def _voters(self, names: tuple[tuple[str, ...], ...]) -> tuple[tuple[int, ...], ...]:
        known = self.voters.get(names)
        if known is None:
            known = tuple(tuple(self.numbers[n] for n in group if n in self.numbers) for group in names)
            self.voters[names] = known
        return known

    def _view(self, state: NodeState | None) -> View:
        if state is None:
            return NOTHING
        role = None if state.role is None else _ROLES.get(state.role, FOLLOWER_ROLE)
        vote = state.vote
        last, last_term = state.last or (None, None)
        return View(
            role,
            state.term,
            NIL if vote == NOBODY else self.numbers.get(vote) if vote is not None else None,
            state.commit,
            last,
            last_term,
        )

    def _post(self, event: Event) -> View:
        """The node after the line: its state, and what a role record says beside it."""
        view = self._view(event.state)
        if event.new_role is None and event.new_term is None:
            return view
        role = None if event.new_role is None else _ROLES.get(event.new_role, FOLLOWER_ROLE)
        return view.with_(View(role=role, term=event.new_term))

    def _settled(self, node: int, event: Event, pre: View, post: View) -> View:
        """`post` without what a line in the middle of a step may still show as it was before the step."""
        if event.kind == "recv":
            self.handled[node] = pre
            return post
        if event.kind not in _WITHIN_A_STEP:
            self.handled.pop(node, None)
            return post
        before = self.handled.get(node)
        return post if before is None else post.but(before)

    def _mark(self, step: Step) -> None:
        """Counts the largest term and index."""
        trace = self.trace
        for view in (step.pre, step.post):
            if view is not NOTHING:
                trace.term_max = max(trace.term_max, view.term or 0, view.last_term or 0)
                trace.index_max = max(trace.index_max, view.last_index or 0, view.commit or 0)

    def _add_message(self, step: Step, event: Event, msg: Message) -> None:
        src, dst = self.numbers.get(msg.src), self.numbers.get(msg.dst)
        if event.kind not in ("send", "recv") or msg.type not in KINDS or src is None or dst is None or src == dst:
            return
        step.kind = SEND if event.kind == "send" else RECEIVE
        step.src, step.dst, step.msg = src, dst, msg
        if event.mid is not None:
            step.key = (src, dst, event.mid)
        else:
            content = (msg.term, msg.ok, msg.prev, msg.entries, msg.size, msg.commit, msg.index)
            step.key = (src, dst, msg.raw_type, *content)
        step.size = msg.size if msg.entries is None else len(msg.entries)
        seen = self.trace.sends if step.kind == SEND else self.trace.receipts
        seen.add((step.node, msg.type))
        self.trace.term_max = max(self.trace.term_max, msg.term or 0, msg.prev[1] if msg.prev else 0)
        indexes = (msg.index or 0, msg.commit or 0, msg.prev[0] if msg.prev else 0)
        self.trace.index_max = max(self.trace.index_max, *indexes)


def _add_entries(step: Step, event: Event) -> None:
    """What a record of appended or committed entries tells."""
    if event.kind == "append" and event.entries:
        step.size = len(event.entries)
        step.entry = event.entries[-1]
    elif event.kind == "commit" and event.entry is not None:
        step.entry = event.entry
