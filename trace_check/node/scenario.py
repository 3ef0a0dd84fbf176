"""What a cluster is put through: its size, its clients, and what goes wrong how often."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Faults:
    """How often what goes wrong; times in milliseconds of true time, chances from 0 to 1.

    `delay_ms`: the mean delay of a message. `cut_every_ms`, `crash_every_ms`: the mean time between two cuts
    of the network, two crashes; 0 for none. `cut_ms`, `down_ms`: how long they last on average.
    `clock_offset_ms`: wall clocks differ by at most this.
    """

    delay_ms: float = 5.0
    loss: float = 0.02
    duplicate: float = 0.02
    slow: float = 0.02
    cut_every_ms: float = 5000.0
    cut_ms: float = 3000.0
    crash_every_ms: float = 8000.0
    down_ms: float = 1000.0
    clock_offset_ms: float = 20.0


@dataclass(frozen=True)
class Scenario:
    """What to simulate: the cluster, its faults, and the bug that its nodes have, "" for none.

    `config` overrides settings of NodeConfig. `think_ms`: a client's mean pause between two operations;
    `patience_ms`: how long it waits for an answer.
    """

    nodes: int = 3
    clients: int = 3
    keys: int = 3
    faults: Faults = field(default_factory=Faults)
    bug: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    think_ms: float = 30.0
    patience_ms: float = 700.0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"n{number + 1}" for number in range(self.nodes))


def rough(**changes: Any) -> Scenario:
    """A cluster whose timeouts are short and whose days are bad: stale messages, crashes and cuts abound."""
    settings: dict[str, Any] = {
        "config": {
            "election_timeout_ms": 150.0,
            "heartbeat_ms": 40.0,
            "lease_ms": 130.0,
            "prevote": False,
            "snapshot_after": 20,
        },
        "faults": Faults(
            delay_ms=15,
            slow=0.08,
            loss=0.05,
            duplicate=0.1,
            cut_every_ms=800,
            cut_ms=500,
            crash_every_ms=600,
            down_ms=120,
        ),
        "think_ms": 15.0,
        "patience_ms": 150.0,
    }
    return Scenario(**{**settings, **changes})
