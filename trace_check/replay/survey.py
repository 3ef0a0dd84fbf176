"""What a log shows at all: its nodes, the kinds of messages, the largest term and index.

A replay needs this before its first line. What is logged nowhere is granted, what is logged is held against
the model; where a log shows everything, a line that the model does not have is no gap in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from trace_check.event import APPEND, CANDIDATE, LEADER, REQUEST_VOTE, SNAPSHOT, Config, Event, NodeState
from trace_check.replay.steps import KINDS
from trace_check.track import NodeView


@dataclass
class Survey:
    """Sees every event once, as a watcher of the rules' pass or by `of`.

    `sends` and `receipts` hold (node, message type) of what is logged at all. `grown` counts how often a
    follower's log was longer than before, `unheard` how often without a receipt that could have brought the
    entries. `voters` are the nodes that any node counts with. `complete`: every node begins with its start,
    counts its lines, and names its messages by ids.
    """

    nodes: set[str] = field(default_factory=set)
    sends: set[tuple[str, str]] = field(default_factory=set)
    receipts: set[tuple[str, str]] = field(default_factory=set)
    events: int = 0
    term_max: int = 0
    index_max: int = 0
    candidates: bool = False
    complete: bool = True
    grown: int = 0
    unheard: int = 0
    told: bool = False
    led: bool = False
    voters: set[str] = field(default_factory=set)
    _states: dict[str, NodeState] = field(default_factory=dict)
    _lasts: dict[str, int] = field(default_factory=dict)
    _fed: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Survey:
        """The survey of these events."""
        survey = cls()
        for event in events:
            survey.add(event)
        return survey

    def begin(self) -> None:
        """A pass begins: what was seen before is void."""
        self.__dict__.update(Survey().__dict__)

    def see(self, event: Event, view: NodeView) -> None:
        """Takes in an event of a pass."""
        self.add(event)

    def add(self, event: Event) -> None:
        """Takes in an event."""
        self.events += 1
        if event.node not in self.nodes:
            self.nodes.add(event.node)
            self.complete = self.complete and event.kind == "init" and event.state is not None
        if event.seq is None:
            self.complete = False
        for group in event.voters:
            self.voters.update(group)
        if event.pre is not None:
            self._state(event.node, event.pre)
        if event.msg is not None:
            self._message(event)
        if event.state is not None:
            self._state(event.node, event.state)

    def _state(self, node: str, state: NodeState) -> None:
        if state == self._states.get(node):
            return
        self._states[node] = state
        self.candidates = self.candidates or state.role == CANDIDATE
        self.led = self.led or state.role == LEADER
        last, last_term = state.last or (None, None)
        if last is not None:
            known = self._lasts.get(node, last)
            self._lasts[node] = last
            if last > known and state.role != LEADER and (node, APPEND) not in self.sends:
                self.grown += 1
                self.unheard += node not in self._fed
            if last != known:
                self._fed.discard(node)
        self.term_max = max(self.term_max, state.term or 0, last_term or 0)
        self.index_max = max(self.index_max, last or 0, state.commit or 0)

    def _message(self, event: Event) -> None:
        msg = event.msg
        if msg is None or msg.type not in KINDS or msg.src == msg.dst:
            return
        if event.mid is None:
            self.complete = False
        (self.sends if event.kind == "send" else self.receipts).add((event.node, msg.type))
        if event.kind == "recv" and msg.type in (APPEND, SNAPSHOT):
            self._fed.add(event.node)
        if msg.type == APPEND:
            placed = msg.prev is not None or msg.size is not None or msg.at_match
            self.told = self.told or placed or bool(msg.entries)
        prev = msg.prev or (0, 0)
        last = msg.entries[-1] if msg.entries else (0, 0)
        self.term_max = max(self.term_max, msg.term or 0, prev[1], last[1])
        self.index_max = max(self.index_max, msg.index or 0, msg.commit or 0, prev[0], last[0])

    def heard(self, kind: str) -> bool:
        """Whether any node's log shows receipts of this type of message."""
        return any(kind == known for _, known in self.receipts)

    def servers(self, configs: Sequence[Config]) -> tuple[str, ...]:
        """The cluster: the declared nodes if all that log are among them, else those that log."""
        declared = {node for config in configs for node in config.nodes}
        return tuple(sorted(declared if declared >= self.nodes else self.nodes))

    def too_thin(self, configs: Sequence[Config]) -> str | None:
        """Why the log cannot be replayed, in words; None if it can."""
        if not self.events:
            return "there is no event"
        declared = {node for config in configs for node in config.nodes} or self.voters
        if len(self.servers(configs)) == 1 and declared != self.nodes:
            return "one node logs, and no line tells that it is all of its cluster"
        if len(self.nodes) == 1 and not self.receipts:
            return None
        if self.candidates and not self.heard(REQUEST_VOTE):
            return "there are candidates, but no line shows a node receiving a vote request"
        if self.heard(APPEND) and not self.told:
            return "no append that a line shows tells its entries or where it stands"
        if not self.complete and 2 * self.unheard > self.grown:
            return f"logs of followers grew {self.grown} times, {self.unheard} times without a logged receipt"
        if not self.complete and self.led and not self.heard(APPEND):
            return "there is a leader, but no line shows a node receiving an append"
        if not self.heard(APPEND) and any(kind == APPEND for _, kind in self.sends):
            return "appends are sent, but no line shows a node receiving one"
        if not self.receipts:
            return "no line shows a node receiving a message"
        return None
