"""Between two nodes: a TCP proxy that loses, delays, repeats and reorders frames, or cuts the way.

It knows frames (wire.py) only by their length. A way that is cut swallows what is sent and looks open, as a
network does.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass

from trace_check.node.transport import Address
from trace_check.node.wire import WireError, length_of


@dataclass
class Way:
    """What happens to frames from one node to another; times in milliseconds, chances from 0 to 1."""

    cut: bool = False
    delay_ms: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0


class Proxy:
    """Listens at `address` and forwards to `to`, as `way` says at each moment."""

    def __init__(self, address: Address, to: Address, rng: random.Random) -> None:
        self.address, self.to, self.way = address, to, Way()
        self._rng = rng
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, *self.address)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, WireError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection(*self.to)
            back = asyncio.create_task(_copy(far_reader, writer))
            try:
                await self._forward(reader, far_writer)
            finally:
                back.cancel()
                far_writer.close()
        writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readexactly(4)
            frame = head + await reader.readexactly(length_of(head))
            way, rng = self.way, self._rng
            if way.cut or rng.random() < way.loss:
                continue
            for _ in range(2 if rng.random() < way.duplicate else 1):
                delay_ms = rng.expovariate(1 / way.delay_ms) if way.delay_ms else 0.0
                if rng.random() < way.reorder:
                    delay_ms += rng.uniform(0, 300)
                if delay_ms:
                    asyncio.get_running_loop().call_later(delay_ms / 1000, self._write, writer, frame)
                else:
                    self._write(writer, frame)

    def _write(self, writer: asyncio.StreamWriter, frame: bytes) -> None:
        if not writer.is_closing() and not self.way.cut:
            writer.write(frame)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What the listener says first, its nonce; and that it has closed."""
    with contextlib.suppress(OSError):
        while data := await reader.read(1024):
            writer.write(data)
    writer.close()
