"""Messages between nodes over TCP: a connection to each peer, bounded queues, bad peers dropped and counted.

A message that cannot be sent is lost, which the protocol survives; nothing here blocks a node's step.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable, Mapping

from trace_check.node.messages import Message
from trace_check.node.wire import NONCE_BYTES, Seal, WireError, length_of

QUEUE_MAX = 256
CONNECTIONS_MAX = 64
FRAME_SECONDS_MAX = 5.0
IDLE_SECONDS_MAX = 60.0
RETRY_SECONDS = 0.05
RETRY_SECONDS_MAX = 1.0

Address = tuple[str, int]


class Transport:
    """Sends to `peers`, listens at `address`; `deliver` takes each message that arrives for `name`.

    `counts`: connections, frames, messages lost, and what bad peers did.
    """

    def __init__(
        self,
        name: str,
        address: Address,
        peers: Mapping[str, Address],
        deliver: Callable[[Message], None],
        secret: bytes = b"",
    ) -> None:
        self.name, self.address, self.deliver = name, address, deliver
        self.counts: Counter[str] = Counter()
        self._secret = secret
        self._known = frozenset(peers)
        self._links = {peer: _Link(to, secret, self.counts) for peer, to in peers.items()}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens and connects. Raises: OSError if the address cannot be listened at."""
        self._server = await asyncio.start_server(self._accept, *self.address, limit=2**16)
        for link in self._links.values():
            link.start()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [*self._open, *(link.task for link in self._links.values() if link.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def send(self, m: Message) -> None:
        """Queues a message; the oldest one is lost if the peer takes none."""
        link = self._links.get(m.dest)
        if link is not None:
            link.put(m)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if len(self._open) >= CONNECTIONS_MAX or task is None:
            self.counts["refused connections"] += 1
            writer.close()
            return
        self._open.add(task)
        self.counts["connections"] += 1
        try:
            await self._read(reader, writer)
        except WireError:
            self.counts["bad frames"] += 1
        except TimeoutError:
            self.counts["slow peers"] += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            self.counts["broken connections"] += 1
        except asyncio.CancelledError:
            self.counts["closed connections"] += 1
        finally:
            self._open.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Delivers the frames of one connection until it ends between two of them."""
        nonce = os.urandom(NONCE_BYTES)
        writer.write(nonce)
        async with asyncio.timeout(FRAME_SECONDS_MAX):
            await writer.drain()
        seal = Seal(self._secret, nonce)
        while True:
            async with asyncio.timeout(IDLE_SECONDS_MAX):
                first = await reader.read(1)
            if not first:
                return
            async with asyncio.timeout(FRAME_SECONDS_MAX):
                head = first + await reader.readexactly(3)
                body = await reader.readexactly(length_of(head))
            m = seal.open(body)
            if m.source not in self._known or m.dest != self.name:
                raise WireError(f"a message from {m.source!r} to {m.dest!r}")
            self.counts["frames"] += 1
            self.deliver(m)


class _Link:
    """The connection to one peer, made anew whenever it breaks."""

    def __init__(self, to: Address, secret: bytes, counts: Counter[str]) -> None:
        self._to, self._secret, self._counts = to, secret, counts
        self._queue: asyncio.Queue[Message] = asyncio.Queue(QUEUE_MAX)
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self._run())

    def put(self, m: Message) -> None:
        if self._queue.full():
            self._queue.get_nowait()
            self._counts["messages lost"] += 1
        self._queue.put_nowait(m)

    async def _run(self) -> None:
        pause = RETRY_SECONDS
        while True:
            try:
                await self._connect()
                pause = RETRY_SECONDS
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                self._counts["failed connections"] += 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_SECONDS_MAX)

    async def _connect(self) -> None:
        """Sends what is queued until the connection breaks."""
        async with asyncio.timeout(FRAME_SECONDS_MAX):
            reader, writer = await asyncio.open_connection(*self._to)
        try:
            async with asyncio.timeout(FRAME_SECONDS_MAX):
                seal = Seal(self._secret, await reader.readexactly(NONCE_BYTES))
            closed = asyncio.create_task(reader.read(1))
            try:
                while not closed.done():
                    await self._send_next(writer, seal, closed)
            finally:
                closed.cancel()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _send_next(self, writer: asyncio.StreamWriter, seal: Seal, closed: asyncio.Task[bytes]) -> None:
        taken = asyncio.create_task(self._queue.get())
        try:
            await asyncio.wait({taken, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            taken.cancel()
        if not taken.done():
            return
        try:
            writer.write(seal.frame(taken.result()))
        except WireError:
            self._counts["messages too large"] += 1
            return
        async with asyncio.timeout(FRAME_SECONDS_MAX):
            await writer.drain()
