"""The shell around the core: reads the clock, takes a step, stores, logs, sends, answers, in this order.

One event loop, one step at a time: a step is never half done when the next one begins. A node that cannot
store stops at once, before anything that it promised is sent, and takes no other step: its core knows what
its disk does not.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trace_check.node.bugs import guards_with
from trace_check.node.config import NodeConfig
from trace_check.node.core import Core
from trace_check.node.effects import ACCEPTED, Answer, Effects
from trace_check.node.log_file import LogFile
from trace_check.node.messages import Message
from trace_check.node.storage import StorageError, Store
from trace_check.node.transport import Address, Transport

TRANSITIONS_MAX = 10_000
WAITING_MAX = 10_000


@dataclass(frozen=True)
class ShellConfig:
    """Where a node listens and keeps its files.

    `addresses`: where each node is reached, this one too; `listen`: where this one listens, if that is
    elsewhere. `clock_rate`, `wall_offset_ms`: make its clocks wrong, for tests; `clock_error_ms` declares by
    how much two nodes' wall clocks may differ. `pages_max`: the size at which its disk is full, 0 for none.
    """

    node: NodeConfig
    addresses: dict[str, Address]
    data: Path
    log: Path
    listen: Address | None = None
    secret: bytes = b""
    bug: str = ""
    clock_rate: float = 1.0
    wall_offset_ms: float = 0.0
    pages_max: int = 0
    cluster: str = "cluster"
    clock_error_ms: float | None = None


@dataclass
class Waiting:
    """A client that waits for an answer; `accepted` ends the wait at ACCEPTED."""

    future: asyncio.Future[Answer]
    accepted: bool = False


@dataclass
class Shell:
    """A running node. `stopped` is set when it has ended, with what it ended for in `failure`."""

    config: ShellConfig
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    failure: StorageError | None = None

    def __post_init__(self) -> None:
        settings = self.config
        self.incarnation = secrets.token_hex(4)
        self.store = Store(settings.data / "node.sqlite", pages_max=settings.pages_max)
        self.log = LogFile(settings.log, settings.node.name, self.incarnation)
        self.core = Core(
            settings.node,
            random.Random(),
            incarnation=self.incarnation,
            guards=guards_with(settings.bug),
        )
        name = settings.node.name
        peers = {node: at for node, at in settings.addresses.items() if node != name}
        listen = settings.listen or settings.addresses[name]
        self.transport = Transport(name, listen, peers, self.receive, settings.secret)
        self.transitions: deque[dict[str, Any]] = deque(maxlen=TRANSITIONS_MAX)
        self.waiting: dict[str, list[Waiting]] = {}
        self.answers: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    # Clocks

    def clock_ms(self) -> float:
        """The node's monotonic clock."""
        return time.monotonic() * 1000 * self.config.clock_rate

    def _wall_s(self) -> float:
        return time.time() + self.config.wall_offset_ms / 1000

    def _clocks(self) -> tuple[float, float]:
        """Both clocks of one moment: a process can be stopped between two readings, so it reads again."""
        while True:
            mono_ms, wall_s = self.clock_ms(), self._wall_s()
            if self.clock_ms() - mono_ms < 1.0:
                return mono_ms, wall_s

    # Life

    async def start(self) -> None:
        """Loads, logs, listens. Raises: StorageError, OSError."""
        node = self.config.node
        self.log.write_config(
            {
                "cluster": self.config.cluster,
                "nodes": list(node.nodes),
                "election_timeout_ms": node.election_timeout_ms,
                "lease_ms": node.lease_ms,
                "durable": True,
                "prevote": node.prevote,
                **self._clock_error(),
            }
        )
        stored = self.store.load()
        await self.transport.start()
        self._step(lambda now: self.core.boot(now, *stored))

    def _clock_error(self) -> dict[str, float]:
        """What is known of the error between wall clocks: without it no rule may compare them."""
        bound = self.config.clock_error_ms
        return {} if bound is None else {"clock_error_ms": bound}

    async def stop(self, reason: str = "asked to") -> None:
        """Ends the node in order: nothing is sent or answered after this."""
        if self.stopped.is_set():
            return
        self.stopped.set()
        if self._timer is not None:
            self._timer.cancel()
        mono_ms, wall_s = self._clocks()
        self.log.write(wall_s, mono_ms, [{"event": "stop", "reason": reason}])
        await self.transport.stop()
        for waiting in [waiting for requests in self.waiting.values() for waiting in requests]:
            if not waiting.future.done():
                waiting.future.cancel()
        self.log.close()
        self.store.close()

    # Steps

    def receive(self, m: Message) -> None:
        self._step(lambda now: self.core.receive(now, m))

    async def put(self, request: str, key: str, value: str, *, wait: bool = True) -> Answer:
        """A client's write; with `wait` the final answer, else the first one."""
        return await self._ask(request, wait, lambda now: self.core.put(now, request, key, value))

    async def get(self, request: str, key: str) -> Answer:
        return await self._ask(request, True, lambda now: self.core.get(now, request, key))

    async def _ask(self, request: str, wait: bool, do: Callable[[float], Effects]) -> Answer:
        waiting = Waiting(asyncio.get_running_loop().create_future(), accepted=not wait)
        self.waiting.setdefault(request, []).append(waiting)
        try:
            self._step(do)
            return await waiting.future
        finally:
            left = self.waiting.get(request, [])
            if waiting in left:
                left.remove(waiting)
            if not left:
                self.waiting.pop(request, None)

    def _step(self, do: Callable[[float], Effects]) -> None:
        """One step of the core, carried out; the next timer is set.

        Its lines have the time at which it was decided. A node that is stopped while it stores has decided
        under the lease that it had before.
        """
        if self.stopped.is_set() or self.failure is not None:
            return
        mono_ms, wall_s = self._clocks()
        effects = do(mono_ms)
        try:
            self.store.apply(effects.writes)
        except StorageError as error:
            self.failure = error
            self._end_soon(error)
            return
        self.log.write(wall_s, mono_ms, effects.records)
        self.transitions.extend(
            {"ts": wall_s, **record} for record in effects.records if record["event"] == "role"
        )
        for m in effects.messages:
            self.transport.send(m)
        for answer in effects.answers:
            self._answer(answer)
        self._set_timer()

    def _end_soon(self, error: StorageError) -> None:
        self._ending = asyncio.get_running_loop().create_task(self.stop(f"storage: {error.message}"))

    def _answer(self, answer: Answer) -> None:
        status = answer.error or answer.status
        self.answers[status] = self.answers.get(status, 0) + 1
        for waiting in list(self.waiting.get(answer.request, ())):
            final = answer.status != ACCEPTED
            if (final or waiting.accepted) and not waiting.future.done():
                waiting.future.set_result(answer)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        delay_ms = max(self.core.wakes_at - self.clock_ms(), 0.0) / self.config.clock_rate
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(delay_ms / 1000 + 0.0005, lambda: self._step(self.core.tick))
