"""A cluster of cores in one process, under virtual time: the same seed gives the same run, to the message.

Messages are delayed, lost, repeated and reordered, the network is cut, nodes crash between storing and
sending, or before storing, and start again, clocks run at different rates and offsets. Clients write and
read, follow redirects, and repeat what nobody answered. What comes out: the log lines of each node, and the
history of the clients' operations.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trace_check.node.bugs import guards_with
from trace_check.node.config import NodeConfig
from trace_check.node.core import Core
from trace_check.node.durable import Durable
from trace_check.node.effects import Answer, Effects
from trace_check.node.linearizable import Operation
from trace_check.node.messages import Message
from trace_check.node.scenario import Scenario
from trace_check.node.simulated_client import Client


@dataclass
class Server:
    """One node with its disk and clock, which goes at `rate`. `core` is None while it is down.

    `crash_point`: where its next step ends, "before store" or "after store".
    """

    config: NodeConfig
    rate: float
    wall_offset: float
    disk: Durable = field(default_factory=Durable)
    core: Core | None = None
    incarnation: int = 0
    lines: int = 0
    crash_point: str = ""
    wakes: float = float("inf")

    def clock(self, now: float) -> float:
        return now * self.rate

    def true_time(self, clock: float) -> float:
        return clock / self.rate


class Simulation:
    """One run. `steps` counts what cores were asked to do."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        write: Callable[[str, dict[str, Any]], None] | None = None,
    ) -> None:
        """`write(node, line)` takes each log line; without it none is made."""
        self.scenario, self.seed = scenario, seed
        self.rng = random.Random(seed)
        self.write = write
        self.now = 0.0
        self.steps = 0
        self.crashes = self.cuts = 0
        self.cut: frozenset[tuple[str, str]] = frozenset()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.servers = {name: self._server(name) for name in scenario.names}
        self.clients = [Client(self, f"c{number + 1}") for number in range(scenario.clients)]
        for name in self.servers:
            self._boot(name)
        for client in self.clients:
            client.begin()
        self._plan_faults()

    def run(self, until_ms: float) -> None:
        """Goes on until the given true time."""
        while self._events and self._events[0][0] <= until_ms:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
        self.now = until_ms

    def history(self) -> list[Operation]:
        """The operations of all clients, those that are still open as unknown."""
        return [operation for client in self.clients for operation in client.operations()]

    def config_line(self) -> dict[str, Any]:
        """What the cluster declares of itself, as the log schema has it."""
        any_config = next(iter(self.servers.values())).config
        return {
            "v": 1,
            "kind": "config",
            "cluster": f"simulated-{self.seed}",
            "nodes": list(self.scenario.names),
            "election_timeout_ms": any_config.election_timeout_ms,
            "lease_ms": any_config.lease_ms,
            "clock_error_ms": 2 * self.scenario.faults.clock_offset_ms,
            "durable": True,
            "prevote": any_config.prevote,
        }

    # Nodes

    def _server(self, name: str) -> Server:
        config = NodeConfig(name, self.scenario.names, **self.scenario.config)
        drift, offset = config.clock_drift_max, self.scenario.faults.clock_offset_ms
        return Server(config, self.rng.uniform(1 - drift, 1 + drift), self.rng.uniform(-offset, offset))

    def _boot(self, name: str) -> None:
        server = self.servers[name]
        server.incarnation += 1
        server.lines = 0
        server.core = Core(
            server.config,
            self.timer_of(name),
            incarnation=str(server.incarnation),
            guards=guards_with(self.scenario.bug),
        )
        disk = server.disk
        effects = server.core.boot(server.clock(self.now), disk.hard, disk.snapshot, disk.entries)
        self._carry_out(name, effects)

    def timer_of(self, name: str) -> random.Random:
        """What decides how long the election timer of a node runs."""
        return random.Random(self.rng.random())

    def step(self, name: str, do: Callable[[Core, float], Effects]) -> bool:
        """One step of a node, and its effects; False if the node is down."""
        server = self.servers[name]
        if server.core is None:
            return False
        self.steps += 1
        self._carry_out(name, do(server.core, server.clock(self.now)))
        return True

    def _carry_out(self, name: str, effects: Effects) -> None:
        """Store, log, send, answer; a crash that is due stops it before, between or after."""
        server = self.servers[name]
        crash, server.crash_point = server.crash_point, ""
        if crash == "before store":
            self._stop(name)
            return
        server.disk.apply(effects.writes)
        if self.write is not None:
            self._log(name, server, effects)
        if crash == "after store":
            self._stop(name)
            return
        for m in effects.messages:
            self._send(m)
        for answer in effects.answers:
            self._answer(answer)
        self._plan_wake(name, server)

    def _log(self, name: str, server: Server, effects: Effects) -> None:
        ts = round((self.now + server.wall_offset) / 1000, 6)
        mono = round(server.clock(self.now) / 1000, 6)
        for record in effects.records:
            server.lines += 1
            head = {"ts": ts, "mono": mono, "node": name, "inc": str(server.incarnation), "seq": server.lines}
            if self.write is not None:
                self.write(name, {**head, **record})

    def _plan_wake(self, name: str, server: Server) -> None:
        core = server.core
        if core is None:
            return
        at = max(server.true_time(core.wakes_at), self.now)
        if at < server.wakes or server.wakes <= self.now:
            server.wakes = at
            incarnation = server.incarnation
            self.at(at, lambda: self._wake(name, server, incarnation, at))

    def _wake(self, name: str, server: Server, incarnation: int, at: float) -> None:
        if server.core is None or server.incarnation != incarnation or server.wakes != at:
            return
        server.wakes = float("inf")
        if server.true_time(server.core.wakes_at) > self.now + 1e-9:
            self._plan_wake(name, server)
        else:
            self.step(name, lambda core, now: core.tick(now + 1e-9))

    # The network

    def _send(self, m: Message) -> None:
        faults = self.scenario.faults
        copies = 1 if self.rng.random() >= faults.duplicate else 2
        for _ in range(copies):
            if self.rng.random() < faults.loss:
                continue
            delay = self.rng.expovariate(1 / faults.delay_ms)
            if self.rng.random() < faults.slow:
                delay += self.rng.uniform(0, 400 * faults.delay_ms)
            self.at(self.now + delay, lambda: self._deliver(m))

    def _deliver(self, m: Message) -> None:
        if (m.source, m.dest) not in self.cut:
            self.step(m.dest, lambda core, now: core.receive(now, m))

    # Faults

    def _plan_faults(self) -> None:
        faults = self.scenario.faults
        if faults.cut_every_ms:
            self.at(self.now + self.rng.expovariate(1 / faults.cut_every_ms), self._begin_cut)
        if faults.crash_every_ms:
            self.at(self.now + self.rng.expovariate(1 / faults.crash_every_ms), self._begin_crash)

    def _begin_cut(self) -> None:
        """Some hear nothing of others: the leader alone, a part of the cluster, two nodes, or one way."""
        self.cuts += 1
        names, rng = list(self.servers), self.rng
        leaders = [name for name in names if self._leads(name)]
        kind = rng.choice(("leader", "leader", "part", "pair", "way"))
        if kind == "leader" and leaders:
            self.cut = _between({rng.choice(leaders)}, names)
        elif kind == "part" or len(names) < 2:
            self.cut = _between(set(rng.sample(names, rng.randint(1, max(1, len(names) // 2)))), names)
        else:
            one, other = rng.sample(names, 2)
            one = leaders[0] if leaders and leaders[0] != other else one
            self.cut = frozenset({(one, other), (other, one)} if kind == "pair" else {(one, other)})
        self.at(self.now + rng.expovariate(1 / self.scenario.faults.cut_ms), self._end_cut)

    def _end_cut(self) -> None:
        self.cut = frozenset()
        self.at(self.now + self.rng.expovariate(1 / self.scenario.faults.cut_every_ms), self._begin_cut)

    def _leads(self, name: str) -> bool:
        core = self.servers[name].core
        return core is not None and core.node.role == "leader"

    def _begin_crash(self) -> None:
        """The next step of one node, or this moment, is its last."""
        self.crashes += 1
        name = self.rng.choice(list(self.servers))
        point = self.rng.choice(("now", "before store", "after store"))
        if point == "now" or self.servers[name].core is None:
            self._stop(name)
        else:
            self.servers[name].crash_point = point
        mean = self.scenario.faults.crash_every_ms
        self.at(self.now + self.rng.expovariate(1 / mean), self._begin_crash)

    def _stop(self, name: str) -> None:
        server = self.servers[name]
        if server.core is None:
            return
        server.core, server.crash_point = None, ""
        server.wakes = float("inf")
        down = self.rng.expovariate(1 / self.scenario.faults.down_ms)
        self.at(self.now + down, lambda: self._boot(name))

    # Clients and time

    def _answer(self, answer: Answer) -> None:
        for client in self.clients:
            if client.request == answer.request:
                client.hear(answer)

    def at(self, when: float, happen: Callable[[], None]) -> None:
        """Lets something happen at true time `when`."""
        self._count += 1
        heapq.heappush(self._events, (when, self._count, happen))


def _between(part: set[str], names: list[str]) -> frozenset[tuple[str, str]]:
    """All ways between `part` and the rest."""
    return frozenset((a, b) for a in names for b in names if (a in part) != (b in part))
