"""A client of a running cluster, against a server that answers only after a while."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from aiohttp import web

from trace_check.node.linearizable import NEVER_RETURNED, Operation
from trace_check.node.load import LoadClient
from trace_check.node.processes import free_ports


def operate(
    seed: int, *, is_write: bool, dropped: int, seconds: float = 30.0
) -> tuple[Operation, LoadClient]:
    """One operation, the first `dropped` requests of which get no answer."""

    async def run() -> tuple[Operation, LoadClient]:
        asked = 0

        async def answer(request: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            if asked <= dropped:
                assert request.transport is not None
                request.transport.abort()
            return web.json_response({"status": "OK", "value": "there"})

        app = web.Application()
        app.add_routes([web.get("/kv/{key}", answer), web.put("/kv/{key}", answer)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        (port,) = free_ports(1)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            async with aiohttp.ClientSession() as session:
                client = LoadClient("c", {"n1": f"http://127.0.0.1:{port}"}, session, 1, seed)
                done = await client.operate("c/1", "k", is_write=is_write, until=time.monotonic() + seconds)
                return done, client
        finally:
            await runner.cleanup()

    return asyncio.run(run())


@pytest.mark.parametrize("seed", range(6))
def test_a_read_goes_on_until_it_is_answered(seed: int) -> None:
    """A node that starts up gives no answer at first: nothing is lost by that."""
    done, client = operate(seed, is_write=False, dropped=8)
    assert done.value == "there" and done.returned != NEVER_RETURNED
    assert client.told["NO ANSWER"] > 1 and client.done == [done]


def test_a_write_without_an_answer_may_be_left_alone() -> None:
    found = [operate(seed, is_write=True, dropped=3)[0] for seed in range(6)]
    left = [done for done in found if done.returned == NEVER_RETURNED]
    assert left and len(left) < len(found)
    assert all(done.value == "c/1" for done in found)


def test_what_is_read_in_vain_is_no_part_of_the_history() -> None:
    done, client = operate(0, is_write=False, dropped=10**6, seconds=0.2)
    assert done.returned == NEVER_RETURNED and not client.done
