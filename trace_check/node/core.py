"""The protocol without I/O: one step for each thing that happens to a node, each with its effects.

A step takes the time of the node's own monotonic clock in milliseconds and returns Effects, which the shell
carries out in their order: store durably, log, send, answer. Handlers, guards and variables have the names
of spec/RaftFencing.tla; a term check comes first in every handler (UpdateTerm, then the handler's own stale
branch). Steps differ from the spec in size only: a term is adopted within the step that handles its
message, a request carries several entries, a leader sends as soon as it has something to send.
"""

from __future__ import annotations

import random
from typing import Any

from trace_check.node import elections, replication
from trace_check.node.clients import Get, Put
from trace_check.node.config import NodeConfig
from trace_check.node.effects import Effects, HardState
from trace_check.node.guards import Guards
from trace_check.node.log import Log
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
from trace_check.node.records import message_record
from trace_check.node.state import LEADER, Node
from trace_check.node.steps import BecomeFollower, UpdateTerm, set_vote, tell_unknown, watch_lease

_HANDLERS: dict[type, Any] = {
    RequestVoteRequest: elections.HandleRequestVoteRequest,
    RequestVoteResponse: elections.HandleRequestVoteResponse,
    AppendEntriesRequest: replication.HandleAppendEntriesRequest,
    AppendEntriesResponse: replication.HandleAppendEntriesResponse,
    InstallSnapshotRequest: replication.HandleInstallSnapshotRequest,
    InstallSnapshotResponse: replication.HandleInstallSnapshotResponse,
}


class Core:
    """One incarnation of a node. `guards` is replaced in buggy twins only."""

    def __init__(
        self,
        config: NodeConfig,
        rng: random.Random,
        *,
        incarnation: str = "1",
        guards: Guards | None = None,
    ) -> None:
        self.node = Node(config, guards or Guards(), rng, incarnation)

    def boot(
        self, now: float, hard: HardState | None, snapshot: Snapshot | None, entries: list[Entry]
    ) -> Effects:
        """Starts from what was stored: term and vote, snapshot, entries behind it; None where nothing was.

        The node may have promised a leader something just before it stopped, so it waits as if it had.
        """
        n = self._begin(now)
        if hard is not None:
            n.currentTerm, n.votedFor = hard
        if snapshot is not None:
            n.snapshot = snapshot
            n.values, n.remembered = dict(snapshot.values), dict(snapshot.remembered)
            n.commitIndex = n.applied = snapshot.lastIndex
        n.log = Log(list(entries), n.snapshot.lastIndex, n.snapshot.lastTerm)
        if hard is not None:
            n.currentTerm, vote = n.guards.TermAfterRestart(n), n.guards.VoteAfterRestart(n)
            set_vote(n, vote)
        n.heardAt = n.guards.HeardAfterRestart(n)
        n.reset_election_timer()
        n.record(
            "init",
            nodes=list(n.config.nodes),
            durable=True,
            state=n.view(),
        )
        return self._end()

    def receive(self, now: float, m: Message) -> Effects:
        """One message from a peer. Its line shows the node afterwards too, unless lines in between do."""
        n = self._begin(now)
        line = message_record("recv", m)
        line["pre"] = n.view()
        n.out.records.append(line)
        if not _is_prevote(m) and n.guards.HigherTerm(n, m):
            UpdateTerm(n, m.term)
        _HANDLERS[type(m)](n, m)
        if n.out.records[-1] is line:
            line["state"] = n.view()
        return self._end()

    def tick(self, now: float) -> Effects:
        """Time has passed: timers that ran out are served."""
        n = self._begin(now)
        if n.role == LEADER:
            watch_lease(n)
            if n.now - n.quorum_contact_at() >= n.config.election_timeout_ms:
                LeaseExpire(n)
            elif n.now >= n.heartbeatAt:
                replication.append_entries_to_all(n)
        elif n.now >= n.electionAt:
            elections.Timeout(n)
        return self._end()

    def put(self, now: float, request: str, key: str, value: str) -> Effects:
        """A client write. `request` names it: a repetition under the same name changes nothing more."""
        n = self._begin(now)
        Put(n, request, key, value)
        return self._end()

    def get(self, now: float, request: str, key: str) -> Effects:
        """A client read."""
        n = self._begin(now)
        Get(n, request, key)
        return self._end()

    @property
    def wakes_at(self) -> float:
        """When `tick` has something to do next, on the node's own clock."""
        n = self.node
        if n.role != LEADER:
            return n.electionAt
        return min(n.heartbeatAt, n.quorum_contact_at() + n.config.election_timeout_ms)

    def _begin(self, now: float) -> Node:
        n = self.node
        n.now = max(now, n.now)
        n.out = Effects()
        return n

    def _end(self) -> Effects:
        n = self.node
        for m in n.out.messages:
            n.out.records.append(message_record("send", m))
        return n.out


def LeaseExpire(n: Node) -> None:
    """A leader without a quorum's contact steps down; it stays in its term and keeps its vote."""
    vote = n.guards.VoteAfterStepDown(n)
    lost = BecomeFollower(n, n.currentTerm, "lease_expired")
    n.leaderHint = ""
    set_vote(n, vote)
    tell_unknown(n, lost)


def _is_prevote(m: Message) -> bool:
    """A pre-vote asks about a term that nobody has taken; only a refusal tells a real one."""
    if isinstance(m, RequestVoteRequest):
        return m.prevote
    return isinstance(m, RequestVoteResponse) and m.prevote and m.granted
