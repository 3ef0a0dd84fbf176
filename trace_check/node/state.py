"""The state of one node, durable and volatile, under the spec's names."""

from __future__ import annotations

import random
from typing import Any

from trace_check.node.config import NodeConfig
from trace_check.node.effects import Answer, Effects, HardState
from trace_check.node.guards import Guards
from trace_check.node.log import Log
from trace_check.node.messages import Message, Snapshot

FOLLOWER, CANDIDATE, LEADER = "follower", "candidate", "leader"
NEVER = float("-inf")


class Node:
    """One node. Times are milliseconds of its own clock; `now` is that of the step in progress.

    `heardAt`: when it last heard a leader of its term; `electedAt`: when it won its own. `ackSentAt`: per
    peer, when the newest request of this term was sent that the peer acknowledged. `pending`: requests that
    wait for the entry at an index; `appended`: the index of each request that is not applied yet. `values`,
    `remembered`: the state machine up to `applied`.
    """

    def __init__(self, config: NodeConfig, guards: Guards, rng: random.Random, incarnation: str) -> None:
        self.config, self.guards, self.rng, self.incarnation = config, guards, rng, incarnation
        self.now = 0.0
        self.out = Effects()
        # Durable.
        self.currentTerm = 0
        self.votedFor = ""
        self.log = Log()
        self.snapshot = Snapshot()
        # Volatile.
        self.role = FOLLOWER
        self.commitIndex = 0
        self.leaderHint = ""
        self.votesGranted: set[str] = set()
        self.prevotesGranted: set[str] = set()
        self.nextIndex: dict[str, int] = {}
        self.matchIndex: dict[str, int] = {}
        self.ackSentAt: dict[str, float] = dict.fromkeys(config.peers, NEVER)
        self.heardAt = 0.0
        self.electionAt = 0.0
        self.heartbeatAt = 0.0
        self.electedAt = 0.0
        self.leaseHeld = False
        # The state machine.
        self.applied = 0
        self.values: dict[str, str] = {}
        self.remembered: dict[str, tuple[int, int]] = {}
        self.pending: dict[int, list[str]] = {}
        self.appended: dict[str, int] = {}
        self.messages_sent = 0

    def view(self) -> dict[str, Any]:
        """The node as the log schema shows it: role, term, vote, commit and last entry."""
        return {
            "role": self.role,
            "term": self.currentTerm,
            "vote": self.votedFor or None,
            "commit": self.commitIndex,
            "last": [self.log.LastIndex, self.log.LastTerm],
        }

    def record(self, event: str, **fields: Any) -> None:
        self.out.records.append({"event": event, **fields})

    def send(self, m: Message) -> None:
        self.out.messages.append(m)

    def answer(self, answer: Answer) -> None:
        self.out.answers.append(answer)

    def store_hard_state(self) -> None:
        self.out.writes.append(HardState(self.currentTerm, self.votedFor))

    def mid(self) -> str:
        """A message id that this incarnation has not used."""
        self.messages_sent += 1
        return f"{self.config.name}/{self.incarnation}/{self.messages_sent}"

    def quorum_contact_at(self) -> float:
        """When the newest requests were sent that a quorum acknowledged; at least when the node was elected.

        Of a cluster of one: now.
        """
        needed = self.config.quorum - 1
        if needed == 0:
            return self.now
        return max(self.electedAt, sorted(self.ackSentAt.values(), reverse=True)[needed - 1])

    def reset_election_timer(self) -> None:
        timeout = self.config.election_timeout_ms
        self.electionAt = self.now + timeout * (1 + self.rng.random())
