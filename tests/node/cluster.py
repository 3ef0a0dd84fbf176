"""Cores without a world around them, for tests: a node in a state of choice, and what its steps ask for."""

from __future__ import annotations

import random
from typing import Any

from trace_check.node.config import NodeConfig
from trace_check.node.core import Core
from trace_check.node.durable import Durable
from trace_check.node.effects import Effects, HardState
from trace_check.node.guards import Guards
from trace_check.node.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    Snapshot,
)

NODES = ("n1", "n2", "n3")
TIMEOUT_MS, LEASE_MS, HEARTBEAT_MS = 1000.0, 800.0, 100.0
LATER = 10_000.0
"""A time when no promise of the start holds any more."""


def config(**settings: Any) -> NodeConfig:
    return NodeConfig(**{"name": "n1", "nodes": NODES, "prevote": False, **settings})


class Bench:
    """A core with its disk: each step's writes are stored, the rest is handed back."""

    def __init__(
        self,
        *,
        term: int = 0,
        vote: str = "",
        entries: tuple[int, ...] = (),
        guards: Guards | None = None,
        now: float = 0.0,
        **settings: Any,
    ) -> None:
        """`entries`: the terms of the log's entries; the write at index k is request "r{k}", value "v{k}"."""
        self.disk = Durable()
        self.now = now
        if term or entries:
            self.disk.hard = HardState(term, vote)
        self.disk.entries = [Entry(t, f"r{k}", f"k{k}", f"v{k}") for k, t in enumerate(entries, start=1)]
        self.settings, self.guards = settings, guards
        self.boot()

    def boot(self) -> Effects:
        """A new incarnation from what is stored."""
        self.core = Core(config(**self.settings), random.Random(1), guards=self.guards)
        self.node = self.core.node
        return self.done(
            self.core.boot(self.now, self.disk.hard, self.disk.snapshot, list(self.disk.entries))
        )

    def done(self, effects: Effects) -> Effects:
        self.disk.apply(effects.writes)
        return effects

    def receive(self, m: Message) -> Effects:
        return self.done(self.core.receive(self.now, m))

    def tick(self, now: float) -> Effects:
        self.now = now
        return self.done(self.core.tick(now))

    def put(self, request: str = "w1", key: str = "x", value: str = "1") -> Effects:
        return self.done(self.core.put(self.now, request, key, value))

    def get(self, request: str = "g1", key: str = "x") -> Effects:
        return self.done(self.core.get(self.now, request, key))

    def lead(self, *, contact: bool = True) -> Effects:
        """n1 wins the next term by n2's vote; with `contact` n2 acknowledges its first entry too."""
        self.tick(max(self.now, self.node.electionAt))
        effects = self.receive(vote(self.node.currentTerm))
        if contact:
            self.receive(ack(self.node, self.node.log.LastIndex))
        return effects


def ask_vote(
    term: int, last: tuple[int, int] = (0, 0), source: str = "n2", **more: Any
) -> RequestVoteRequest:
    return RequestVoteRequest(
        source=source, dest="n1", term=term, mid="m", lastLogIndex=last[0], lastLogTerm=last[1], **more
    )


def vote(term: int, granted: bool = True, source: str = "n2", **more: Any) -> RequestVoteResponse:
    return RequestVoteResponse(source=source, dest="n1", term=term, granted=granted, **more)


def append(
    term: int,
    prev: tuple[int, int] = (0, 0),
    entries: tuple[int, ...] = (),
    commit: int = 0,
    source: str = "n2",
) -> AppendEntriesRequest:
    """Entries of the given terms behind `prev`; the one at index k is request "r{k}"."""
    return AppendEntriesRequest(
        source=source,
        dest="n1",
        term=term,
        mid="m",
        prevLogIndex=prev[0],
        prevLogTerm=prev[1],
        entries=tuple(
            Entry(t, f"r{prev[0] + k}", f"k{prev[0] + k}", f"v{prev[0] + k}")
            for k, t in enumerate(entries, start=1)
        ),
        commitIndex=commit,
        sentAt=5.0,
    )


def ack(
    node: Any, index: int, *, success: bool = True, source: str = "n2", sentAt: float | None = None
) -> Message:
    """`source` answers n1's append of its current term, sent now if not said otherwise."""
    return AppendEntriesResponse(
        source=source,
        dest="n1",
        term=node.currentTerm,
        success=success,
        index=index,
        sentAt=node.now if sentAt is None else sentAt,
    )


def install(term: int, last: tuple[int, int], source: str = "n2", **values: str) -> InstallSnapshotRequest:
    return InstallSnapshotRequest(
        source=source,
        dest="n1",
        term=term,
        mid="m",
        snapshot=Snapshot(last[0], last[1], dict(values)),
        sentAt=5.0,
    )


def installed(node: Any, index: int, source: str = "n2") -> InstallSnapshotResponse:
    return InstallSnapshotResponse(
        source=source, dest="n1", term=node.currentTerm, index=index, sentAt=node.now
    )


def events(effects: Effects, event: str) -> list[dict[str, Any]]:
    return [record for record in effects.records if record["event"] == event]
