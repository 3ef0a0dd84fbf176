"""What breaks a running cluster, by seed: one fault after another, each undone before the next."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from pymodel.errors import UsageError
from trace_check.node.processes import Processes
from trace_check.node.proxy import Way

Leader = Callable[[], Awaitable[str | None]]

FAULTS = (
    "kill",
    "kill all",
    "pause",
    "pause leader",
    "isolate leader",
    "cut",
    "delay",
    "lossy",
    "duplicate and reorder",
    "full disk",
    "torn write",
)


def check_faults(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, if all are faults. Raises: UsageError."""
    for name in names:
        if name not in FAULTS:
            raise UsageError(f"fault {name!r} is unknown", mend=f"one of {', '.join(FAULTS)}")
    return names


class Nemesis:
    """Breaks `cluster`; `happened` has what it did: (seconds since the start, fault, nodes)."""

    def __init__(self, cluster: Processes, leader: Leader, rng: random.Random) -> None:
        self._cluster, self._leader, self._rng = cluster, leader, rng
        self.happened: list[tuple[float, str, str]] = []
        self._begun = time.monotonic()

    async def run(self, until: float, faults: tuple[str, ...] = FAULTS) -> None:
        """Goes on until the given moment of time.monotonic(); then all is whole, and all nodes run."""
        while time.monotonic() < until:
            await asyncio.sleep(self._rng.uniform(0.3, 1.0))
            await self.inflict(self._rng.choice(faults))
        self._cluster.heal()
        for name in self._cluster.nodes:
            self._cluster.resume(name)
            await self._up(name)

    async def inflict(self, fault: str) -> None:
        """One fault, and its end."""
        names = list(self._cluster.nodes)
        chosen = [self._rng.choice(names)]
        if fault == "kill all":
            chosen = names
        elif fault.endswith("leader"):
            leader = await self._leader()
            chosen = chosen if leader is None else [leader]
        elif fault == "cut":
            chosen = self._rng.sample(names, self._rng.randint(1, max(1, len(names) // 2)))
        self.happened.append((time.monotonic() - self._begun, fault, " ".join(sorted(chosen))))
        await self._do(fault, chosen)

    async def _do(self, fault: str, chosen: list[str]) -> None:
        cluster, rng = self._cluster, self._rng
        if fault in ("kill", "kill all", "full disk", "torn write"):
            await self._down_and_up(fault, chosen)
        elif fault.startswith("pause"):
            cluster.pause(chosen[0])
            await asyncio.sleep(rng.uniform(0.3, 2.0))
            cluster.resume(chosen[0])
        elif fault in ("isolate leader", "cut"):
            cluster.cut(set(chosen))
            await asyncio.sleep(rng.uniform(0.5, 2.5))
            cluster.heal()
        else:
            ways = {
                "delay": Way(delay_ms=rng.uniform(20, 200)),
                "lossy": Way(loss=rng.uniform(0.05, 0.4)),
                "duplicate and reorder": Way(delay_ms=10, duplicate=0.3, reorder=0.3),
            }
            cluster.disturb(ways[fault])
            await asyncio.sleep(rng.uniform(0.5, 2.0))
            cluster.heal()

    async def _down_and_up(self, fault: str, chosen: list[str]) -> None:
        for name in chosen:
            await self._cluster.kill(name)
        if fault == "torn write":
            self._tear(chosen[0])
        if fault == "full disk":
            database = self._cluster.nodes[chosen[0]].folder / "node.sqlite"
            pages = database.stat().st_size // 4096 if database.exists() else 8
            self._cluster.nodes[chosen[0]].disk_pages = int(pages) + 2
        await asyncio.sleep(self._rng.uniform(0.0, 1.0))
        for name in chosen:
            await self._up(name)

    async def _up(self, name: str) -> None:
        """Starts the node if it does not run; one whose disk was full finds room on its next start."""
        node = self._cluster.nodes[name]
        if not node.alive:
            await self._cluster.start(name)
            node.disk_pages = 0

    def _tear(self, name: str) -> None:
        """As if power went while the journal was written: half a page of nothing at its end."""
        journal = self._cluster.nodes[name].folder / "node.sqlite-wal"
        with journal.open("ab") as file:
            file.write(self._rng.randbytes(self._rng.randrange(1, 2048)))
