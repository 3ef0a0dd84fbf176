"""What a node is told of its cluster and its timeouts, and which timeouts are safe together.

The lease is safe if it ends on the leader's clock before any voter's promise ends on its own:
lease_ms * (1 + drift) <= election_timeout_ms * (1 - drift). Source: docs/DIVERGENCE.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymodel.errors import UsageError


@dataclass(frozen=True)
class NodeConfig:
    """One node's settings; times in milliseconds of the node's own monotonic clock.

    `nodes`: all members, this one included. `election_timeout_ms`: how long a follower promises no vote after
    it heard a leader; it campaigns at random between one and two of these. `clock_drift_max`: the largest
    relative error of a clock's rate. `entries_max`: entries in one request. `snapshot_after`: applied entries
    after which a snapshot is taken. `remembered_max`: requests whose outcome is kept, so that a repeated
    request is answered and not appended again.
    """

    name: str
    nodes: tuple[str, ...]
    election_timeout_ms: float = 1000.0
    heartbeat_ms: float = 100.0
    lease_ms: float = 800.0
    clock_drift_max: float = 0.05
    prevote: bool = True
    entries_max: int = 64
    snapshot_after: int = 1000
    remembered_max: int = 10_000
    unsafe_lease: bool = False

    def __post_init__(self) -> None:
        """Raises: UsageError for settings that cannot work, or a lease that could outlast a promise."""
        if self.name not in self.nodes or len(set(self.nodes)) != len(self.nodes):
            raise UsageError(f"nodes {', '.join(self.nodes)} must name {self.name}, and each node once")
        if not 0 <= self.clock_drift_max < 1:
            raise UsageError(
                f"clock_drift_max is {self.clock_drift_max}", mend="give a rate error from 0 to 1"
            )
        if not 0 < self.heartbeat_ms < self.election_timeout_ms:
            raise UsageError(
                f"heartbeat_ms is {self.heartbeat_ms}",
                mend=f"give more than 0 and less than the election timeout, {self.election_timeout_ms}",
            )
        if not self.unsafe_lease and self.lease_ms > self.lease_ms_max:
            raise UsageError(
                f"lease_ms is {self.lease_ms}: the lease could outlast a promise",
                mend=f"at most election_timeout_ms * (1 - drift) / (1 + drift) = {self.lease_ms_max:.1f}",
            )
        if min(self.entries_max, self.snapshot_after, self.remembered_max) < 1:
            raise UsageError("entries_max, snapshot_after and remembered_max must be at least 1")

    @property
    def lease_ms_max(self) -> float:
        """The longest safe lease."""
        return self.election_timeout_ms * (1 - self.clock_drift_max) / (1 + self.clock_drift_max)

    @property
    def peers(self) -> tuple[str, ...]:
        return tuple(node for node in self.nodes if node != self.name)

    @property
    def quorum(self) -> int:
        """The least number of nodes that is a majority."""
        return len(self.nodes) // 2 + 1
