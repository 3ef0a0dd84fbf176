"""Frames on real sockets: what a peer says arrives, and what nobody sane sends stops nothing."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from pymodel.errors import UsageError
from tests.node.cluster import append, vote
from trace_check.node import transport as module
from trace_check.node import wire
from trace_check.node.messages import Entry, Message
from trace_check.node.processes import free_ports
from trace_check.node.serve import is_loopback, parse_address, refuse_open_peers
from trace_check.node.transport import Transport
from trace_check.node.wire import FRAME_BYTES_MAX, Seal, WireError, length_of


class Pair:
    """n1 and n2, connected; `inbox` has what came to n1."""

    def __init__(self, secret: bytes = b"", other_secret: bytes | None = None) -> None:
        one, two = free_ports(2)
        self.at = ("127.0.0.1", one)
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self.n1 = Transport("n1", self.at, {"n2": ("127.0.0.1", two)}, self.inbox.put_nowait, secret)
        other = secret if other_secret is None else other_secret
        self.n2 = Transport("n2", ("127.0.0.1", two), {"n1": self.at}, lambda m: None, other)


@asynccontextmanager
async def started(pair: Pair) -> Any:
    await pair.n1.start()
    await pair.n2.start()
    try:
        yield pair
    finally:
        await pair.n2.stop()
        await pair.n1.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def on_sockets(test: Callable[[Pair], Awaitable[None]], pair: Callable[[], Pair] = Pair) -> None:
    async def run() -> None:
        async with started(pair()) as running:
            await test(running)

    asyncio.run(run())


@pytest.mark.parametrize("secret", [b"", b"a secret"], ids=["open", "sealed"])
def test_messages_arrive_whole_and_in_their_order(secret: bytes) -> None:
    async def test(pair: Pair) -> None:
        sent = [append(term, entries=(1, 2, 3)) for term in range(50)]
        for m in sent:
            pair.n2.send(m)
        got = [await asyncio.wait_for(pair.inbox.get(), 20) for _ in sent]
        assert got == sent

    on_sockets(test, lambda: Pair(secret))


GARBAGE = {
    "too long": struct.pack(">I", FRAME_BYTES_MAX + 1),
    "empty frame": struct.pack(">I", 0),
    "no message": struct.pack(">I", 5) + b"\xc1\xc1\xc1\xc1\xc1",
    "deep": struct.pack(">I", 20_000) + b"\x91" * 20_000,
    "random": random.Random(3).randbytes(4000),
    "to another node": Seal(b"", b"").frame(vote(1, source="n2")).replace(b"n1", b"n7"),
    "from a stranger": Seal(b"", b"").frame(vote(1, source="n9")),
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_a_bad_peer_is_dropped_and_counted_and_others_go_on(data: bytes) -> None:
    async def test(pair: Pair) -> None:
        reader, writer = await asyncio.open_connection(*pair.at)
        writer.write(data)
        await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await until(lambda: pair.n1.counts["bad frames"] == 1)
        assert pair.inbox.empty()
        pair.n2.send(vote(3))
        assert await asyncio.wait_for(pair.inbox.get(), 20) == vote(3)

    on_sockets(test)


def test_a_slow_or_half_closed_peer_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRAME_SECONDS_MAX", 0.2)
    monkeypatch.setattr(module, "IDLE_SECONDS_MAX", 0.4)

    async def test(pair: Pair) -> None:
        slow = await asyncio.open_connection(*pair.at)
        slow[1].write(struct.pack(">I", 100) + b"x")
        silent = await asyncio.open_connection(*pair.at)
        half = await asyncio.open_connection(*pair.at)
        half[1].write(struct.pack(">I", 100) + b"x")
        half[1].write_eof()
        for reader, writer in (slow, silent, half):
            await asyncio.wait_for(reader.read(), 20)
            writer.close()
        await until(lambda: pair.n1.counts["slow peers"] >= 2 and pair.n1.counts["broken connections"] >= 1)

    on_sockets(test)


def test_no_more_connections_than_it_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 3)

    async def test(pair: Pair) -> None:
        connections = [await asyncio.open_connection(*pair.at) for _ in range(10)]
        await until(lambda: pair.n1.counts["refused connections"] >= 7)
        for _, writer in connections:
            writer.close()

    on_sockets(test)


@pytest.mark.parametrize("other", [b"", b"another"], ids=["no secret", "another secret"])
def test_who_lacks_the_secret_is_not_heard(other: bytes) -> None:
    async def test(pair: Pair) -> None:
        pair.n2.send(vote(1))
        await until(lambda: pair.n1.counts["bad frames"] >= 1)
        assert pair.inbox.empty()

    on_sockets(test, lambda: Pair(b"a secret", other))


def test_a_sealed_frame_counts_once_and_in_its_place() -> None:
    nonce = b"n" * 16
    sender, receiver = Seal(b"s", nonce), Seal(b"s", nonce)
    first, second = sender.frame(vote(1))[4:], sender.frame(vote(2))[4:]
    assert receiver.open(first) == vote(1)
    with pytest.raises(WireError):
        receiver.open(first)
    with pytest.raises(WireError):
        Seal(b"s", nonce).open(second)
    with pytest.raises(WireError):
        Seal(b"s", b"m" * 16).open(first)


def test_a_message_that_is_too_large_is_not_sent() -> None:
    big = replace(append(1), entries=(Entry(1, "r", "k", "v" * FRAME_BYTES_MAX),))
    with pytest.raises(WireError, match="more than"):
        Seal(b"", b"").frame(big)

    async def test(pair: Pair) -> None:
        pair.n2.send(big)
        pair.n2.send(vote(4))
        assert await asyncio.wait_for(pair.inbox.get(), 20) == vote(4)
        assert pair.n2.counts["messages too large"] == 1

    on_sockets(test)


def test_a_peer_that_is_away_costs_messages_and_no_memory() -> None:
    async def test() -> None:
        port, nobody = free_ports(2)
        alone = Transport("n1", ("127.0.0.1", port), {"n2": ("127.0.0.1", nobody)}, lambda m: None)
        await alone.start()
        for term in range(module.QUEUE_MAX + 10):
            alone.send(replace(vote(term), dest="n2"))
        assert alone.counts["messages lost"] == 10
        await until(lambda: alone.counts["failed connections"] >= 2)
        await alone.stop()

    asyncio.run(test())


async def pour(at: tuple[str, int], data: memoryview) -> None:
    """A client that sends all it has and reads nothing."""
    loop = asyncio.get_running_loop()
    with socket.socket() as raw:
        raw.setblocking(False)
        try:
            await loop.sock_connect(raw, at)
            for start in range(0, len(data), 65536):
                await loop.sock_sendall(raw, data[start : start + 65536])
        except OSError:
            return


def test_memory_stays_bounded_whatever_is_poured_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 MiB of garbage, endless frames and good ones cost what the open connections may hold."""
    frame_max = 64 * 1024
    monkeypatch.setattr(wire, "FRAME_BYTES_MAX", frame_max)
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 8)
    monkeypatch.setattr(module, "FRAME_SECONDS_MAX", 0.5)
    good = Seal(b"", b"").frame(append(3, entries=(1, 2)))
    waves = [
        (8, struct.pack(">I", 1 << 30) + bytes(16 << 20)),
        (400, struct.pack(">I", frame_max) + bytes(frame_max - 1)),
        (8, random.Random(3).randbytes(1 << 20)),
        (8, good * ((2 << 20) // len(good))),
        (8, struct.pack(">I", frame_max) + bytes(4 << 20)),
    ]

    async def test(pair: Pair) -> None:
        tracemalloc.start()
        try:
            for clients, data in waves:
                await asyncio.gather(*(pour(pair.at, memoryview(data)) for _ in range(clients)))
                await until(lambda: len(pair.n1._open) <= 1)
                while not pair.inbox.empty():
                    pair.inbox.get_nowait()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert pair.n1.counts["bad frames"] > 0 and pair.n1.counts["frames"] > 1000
        assert peak < 10 << 20, peak
        pair.n2.send(vote(7))
        while await asyncio.wait_for(pair.inbox.get(), 20) != vote(7):
            pass

    on_sockets(test)


def test_random_bytes_never_come_through() -> None:
    rng = random.Random(5)
    for _ in range(3000):
        body = rng.randbytes(rng.randrange(60))
        with pytest.raises(WireError):
            Seal(b"", b"").open(body)
    good = Seal(b"", b"").frame(append(3, entries=(1, 2)))[4:]
    for _ in range(3000):
        broken = bytearray(good)
        broken[rng.randrange(len(broken))] = rng.randrange(256)
        try:
            Seal(b"", b"").open(bytes(broken))
        except WireError:
            continue


def test_length_of_a_frame() -> None:
    assert length_of(struct.pack(">I", 7)) == 7


@pytest.mark.parametrize("text", ["n1", "n1=host", "=h:1", "n1=h:0", "n1=h:99999", "n1=h:x"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        parse_address(text)


def test_addresses() -> None:
    assert parse_address("n1=127.0.0.1:7001") == ("n1", ("127.0.0.1", 7001))
    assert parse_address("n1=[::1]:7001") == ("n1", ("::1", 7001))
    assert is_loopback("localhost") and is_loopback("::1") and not is_loopback("10.0.0.1")
    assert not is_loopback("example.org")


def test_peers_elsewhere_need_a_secret() -> None:
    addresses = {"n1": ("127.0.0.1", 1), "n2": ("10.0.0.2", 1)}
    with pytest.raises(UsageError, match="no shared secret"):
        refuse_open_peers(addresses, b"")
    refuse_open_peers(addresses, b"secret")
    refuse_open_peers({"n1": ("127.0.0.1", 1)}, b"")
