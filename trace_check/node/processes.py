"""A cluster of node processes on this machine, with a proxy on the way from each node to each other."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymodel.errors import ToolError
from trace_check.node.proxy import Proxy, Way
from trace_check.node.transport import Address

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class ClusterOptions:
    """How each node is started. `bug`: the hole that is open in all of them. Times in milliseconds."""

    nodes: int = 3
    election_timeout_ms: float = 600.0
    heartbeat_ms: float = 80.0
    lease_ms: float = 500.0
    clock_drift_max: float = 0.05
    clock_error_ms: float = 50.0
    snapshot_after: int = 200
    prevote: bool = True
    bug: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"n{number + 1}" for number in range(self.nodes))


@dataclass
class Process:
    """One node: its addresses, its faults in time, and its process while it runs."""

    name: str
    listen: Address
    http: Address
    folder: Path
    clock_rate: float = 1.0
    wall_offset_ms: float = 0.0
    disk_pages: int = 0
    running: asyncio.subprocess.Process | None = None
    paused: bool = False
    exits: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.http[0]}:{self.http[1]}"

    @property
    def log(self) -> Path:
        return self.folder / "node.ndjson"

    @property
    def alive(self) -> bool:
        return self.running is not None and self.running.returncode is None


class Processes:
    """The processes and the ways between them. Use as an async context: it leaves nothing behind."""

    def __init__(self, options: ClusterOptions, folder: Path, rng: random.Random) -> None:
        self.options, self.folder, self._rng = options, folder, rng
        ports = iter(free_ports(2 * options.nodes + options.nodes * (options.nodes - 1)))
        drift, error = options.clock_drift_max, options.clock_error_ms
        self.nodes = {
            name: Process(
                name,
                ("127.0.0.1", next(ports)),
                ("127.0.0.1", next(ports)),
                folder / name,
                clock_rate=rng.uniform(1 - drift, 1 + drift),
                wall_offset_ms=rng.uniform(-error / 2, error / 2) * 0.9,
            )
            for name in options.names
        }
        self.proxies = {
            (src, dst): Proxy(("127.0.0.1", next(ports)), self.nodes[dst].listen, rng)
            for src in options.names
            for dst in options.names
            if src != dst
        }

    async def __aenter__(self) -> Processes:
        for proxy in self.proxies.values():
            await proxy.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in self.nodes.values():
            if node.alive:
                self._signal(node, signal.SIGKILL)
                await self._reap(node)
        for proxy in self.proxies.values():
            await proxy.stop()

    # Life and death

    async def start(self, name: str) -> None:
        """Starts a node that does not run. It is ready when its HTTP interface answers."""
        node = self.nodes[name]
        node.folder.mkdir(parents=True, exist_ok=True)
        with (node.folder / "stderr.txt").open("ab") as errors:
            node.running = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "trace_check", *self._arguments(node), stdout=errors, stderr=errors
            )
        node.paused = False

    def _arguments(self, node: Process) -> list[str]:
        options = self.options
        given: dict[str, Any] = {
            "name": node.name,
            "listen": f"{node.listen[0]}:{node.listen[1]}",
            "data": node.folder,
            "log": node.log,
            "election-timeout-ms": options.election_timeout_ms,
            "heartbeat-ms": options.heartbeat_ms,
            "lease-ms": options.lease_ms,
            "clock-drift-max": options.clock_drift_max,
            "clock-error-ms": options.clock_error_ms,
            "snapshot-after": options.snapshot_after,
            "clock-rate": node.clock_rate,
            "wall-offset-ms": node.wall_offset_ms,
            "disk-pages": node.disk_pages,
            "bug": options.bug,
        }
        arguments = ["node", *(f"--{key}={value}" for key, value in given.items())]
        arguments.append("--prevote" if options.prevote else "--no-prevote")
        for other in self.nodes.values():
            host, port = other.listen if other is node else self.proxies[node.name, other.name].address
            arguments.append(f"--peer={other.name}={host}:{port}")
            arguments.append(f"--http={other.name}={other.http[0]}:{other.http[1]}")
        return arguments

    async def kill(self, name: str) -> None:
        """SIGKILL: whatever it was doing is left as it is."""
        node = self.nodes[name]
        if node.alive:
            self._signal(node, signal.SIGKILL)
            await self._reap(node)

    async def stop(self, name: str) -> None:
        """SIGTERM: it ends in order."""
        node = self.nodes[name]
        if node.alive:
            self.resume(name)
            self._signal(node, signal.SIGTERM)
            await self._reap(node)

    def pause(self, name: str) -> None:
        """SIGSTOP: it lives and does nothing; its clocks go on."""
        self._signal(self.nodes[name], signal.SIGSTOP)
        self.nodes[name].paused = True

    def resume(self, name: str) -> None:
        if self.nodes[name].paused:
            self._signal(self.nodes[name], signal.SIGCONT)
            self.nodes[name].paused = False

    @staticmethod
    def _signal(node: Process, sign: signal.Signals) -> None:
        if node.running is not None and node.running.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                node.running.send_signal(sign)

    @staticmethod
    async def _reap(node: Process) -> None:
        """Waits for the end. Raises: ToolError if the process does not end."""
        if node.running is None:
            return
        try:
            async with asyncio.timeout(STOP_SECONDS_MAX):
                node.exits.append(await node.running.wait())
        except TimeoutError as error:
            raise ToolError(f"node {node.name} did not end", mend=f"see {node.folder}/stderr.txt") from error

    # The network

    def cut(self, part: set[str]) -> None:
        """Nothing passes between `part` and the rest; all other ways are open."""
        for (src, dst), proxy in self.proxies.items():
            proxy.way.cut = (src in part) != (dst in part)

    def disturb(self, way: Way) -> None:
        """Every way is like `way` from now on, and open."""
        for proxy in self.proxies.values():
            proxy.way = Way(False, way.delay_ms, way.loss, way.duplicate, way.reorder)

    def heal(self) -> None:
        self.disturb(Way())


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens at just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
