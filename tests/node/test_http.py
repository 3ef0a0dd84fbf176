"""A node's shell and HTTP interface in this process: a cluster of one, and one that finds no peers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from trace_check.check import validate
from trace_check.node.config import NodeConfig
from trace_check.node.effects import Appended, Write
from trace_check.node.http_api import make_app
from trace_check.node.processes import free_ports
from trace_check.node.shell import Shell, ShellConfig
from trace_check.node.storage import StorageError
from trace_check.verdict import Verdict


class World:
    """A running shell behind its HTTP interface, and a client of it."""

    def __init__(self, shell: Shell, url: str, session: aiohttp.ClientSession) -> None:
        self.shell, self.url, self.session = shell, url, session

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, self.url + path, allow_redirects=False, **options) as answer:
            return answer.status, await answer.json()

    async def until_leader(self) -> None:
        async with asyncio.timeout(30):
            while self.shell.core.node.role != "leader":
                await asyncio.sleep(0.01)


def with_node(
    folder: Path, do: Callable[[World], Awaitable[None]], nodes: tuple[str, ...] = ("n1",), **more: Any
) -> None:
    async def run() -> None:
        ports = free_ports(len(nodes) + 1)
        addresses = {node: ("127.0.0.1", port) for node, port in zip(nodes, ports, strict=False)}
        node = NodeConfig("n1", nodes, election_timeout_ms=60, heartbeat_ms=20, lease_ms=40)
        shell = Shell(ShellConfig(node, addresses, folder, folder / "n1.ndjson", **more))
        url = f"http://127.0.0.1:{ports[-1]}"
        runner = web.AppRunner(make_app(shell, {"n1": url, "n2": "http://elsewhere:1"}), shutdown_timeout=0.1)
        await shell.start()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", ports[-1]).start()
        try:
            async with aiohttp.ClientSession() as session:
                await do(World(shell, url, session))
        finally:
            await shell.stop()
            await runner.cleanup()

    asyncio.run(run())


def test_writes_reads_status_transitions_and_metrics(tmp_path: Path) -> None:
    async def do(world: World) -> None:
        await world.until_leader()
        status, body = await world.ask("PUT", "/kv/x", data="seven", headers={"X-Request-Id": "r1"})
        assert (status, body["status"], body["request"]) == (200, "OK", "r1")
        again = await world.ask("PUT", "/kv/x", data="seven", headers={"X-Request-Id": "r1"})
        assert again[1]["entry"] == body["entry"], "done once"
        assert (await world.ask("PUT", "/kv/y?wait=0", data="1"))[0] == 202
        assert (await world.ask("GET", "/kv/x"))[1]["value"] == "seven"
        assert (await world.ask("GET", "/kv/nothing"))[1]["value"] is None
        _, status_body = await world.ask("GET", "/status")
        assert (status_body["role"], status_body["leader"], status_body["lease"]) == ("leader", "n1", True)
        assert status_body["answers"]["OK"] >= 4
        _, transitions = await world.ask("GET", "/transitions")
        assert [(line["old_role"], line["new_role"], line["reason"]) for line in transitions] == [
            ("follower", "candidate", "election_timeout"),
            ("candidate", "leader", "won_election"),
        ]
        assert all(line["ts"] > 0 for line in transitions)
        async with world.session.get(world.url + "/metrics") as answer:
            text = await answer.text()
        assert "raft_is_leader 1.0" in text and 'raft_answers{status="OK"}' in text

    with_node(tmp_path, do)
    report = validate([tmp_path / "n1.ndjson"])
    assert report.verdict is Verdict.ACCEPTED, report.reasons


def test_what_was_written_outlives_a_restart(tmp_path: Path) -> None:
    async def write(world: World) -> None:
        await world.until_leader()
        assert (await world.ask("PUT", "/kv/x", data="1"))[0] == 200

    async def read(world: World) -> None:
        await world.until_leader()
        assert (await world.ask("GET", "/kv/x"))[1]["value"] == "1"
        assert world.shell.core.node.currentTerm == 2

    with_node(tmp_path, write)
    with_node(tmp_path, read)
    assert validate([tmp_path / "n1.ndjson"]).verdict is Verdict.ACCEPTED
    events = [json.loads(line).get("event") for line in (tmp_path / "n1.ndjson").read_text().splitlines()]
    assert events.count("init") == 2 and events[-1] == "stop"


def test_a_line_has_the_time_of_the_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that is stopped while it stores accepted the write before, under the lease of that time."""
    stored_at: list[float] = []

    async def do(world: World) -> None:
        await world.until_leader()
        apply, shell = world.shell.store.apply, world.shell

        def slowly(writes: Any) -> None:
            if any(isinstance(write, Appended) for write in writes):
                stored_at.append(shell.clock_ms() / 1000)
                time.sleep(0.05)
            apply(writes)

        monkeypatch.setattr(shell.store, "apply", slowly)
        assert (await world.ask("PUT", "/kv/x", data="1", headers={"X-Request-Id": "r"}))[0] == 200

    with_node(tmp_path, do)
    lines = map(json.loads, (tmp_path / "n1.ndjson").read_text().splitlines())
    (mono,) = (line["mono"] for line in lines if line.get("event") == "append" and line.get("op") == "r")
    assert len(stored_at) == 1 and mono <= stored_at[0]


def test_both_clocks_are_read_at_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was stopped between two readings reads again."""
    node = NodeConfig("n1", ("n1",), election_timeout_ms=60, heartbeat_ms=20, lease_ms=40)
    shell = Shell(ShellConfig(node, {"n1": ("127.0.0.1", 1)}, tmp_path, tmp_path / "n1.ndjson"))
    readings = iter([100.0, 900.0, 901.0, 901.5])
    monkeypatch.setattr(shell, "clock_ms", lambda: next(readings))
    walls = iter([5.0, 6.0])
    monkeypatch.setattr(shell, "_wall_s", lambda: next(walls))
    assert shell._clocks() == (901.0, 6.0)
    shell.log.close()
    shell.store.close()


def test_a_node_that_could_not_store_takes_no_other_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second request finds in the core what is not on the disk: an answer would promise it."""
    tried: list[object] = []

    async def do(world: World) -> None:
        await world.until_leader()
        apply = world.shell.store.apply

        def full_once(writes: list[Write]) -> None:
            tried.append(writes)
            if len(tried) == 1:
                raise StorageError("the disk is full")
            apply(writes)

        monkeypatch.setattr(world.shell.store, "apply", full_once)
        asked = [world.shell.put("same", "x", "1") for _ in range(2)]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in told)

    with_node(tmp_path, do)
    assert len(tried) == 1
    last = json.loads((tmp_path / "n1.ndjson").read_text().splitlines()[-1])
    assert (last["event"], last["reason"]) == ("stop", "storage: the disk is full")


def test_a_node_without_a_quorum_redirects_nowhere(tmp_path: Path) -> None:
    async def do(world: World) -> None:
        status, body = await world.ask("PUT", "/kv/x", data="1")
        assert (status, body["status"]) == (503, "REDIRECT") and "hint" not in body
        world.shell.core.node.leaderHint = "n2"
        async with world.session.put(world.url + "/kv/x?wait=0", data="1", allow_redirects=False) as answer:
            assert answer.status == 307 and answer.headers["Location"] == "http://elsewhere:1/kv/x?wait=0"

    with_node(tmp_path, do, ("n1", "n2", "n3"))


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/kv/x", {"data": b"\xff\xfe"}, 400),
        ("/kv/" + "k" * 2000, {"data": "1"}, 400),
        ("/kv/x", {"data": "1", "headers": {"X-Request-Id": "r" * 2000}}, 400),
    ],
    ids=["no text", "long key", "long id"],
)
def test_requests_that_cannot_be_taken(
    tmp_path: Path, path: str, options: dict[str, Any], status: int
) -> None:
    async def do(world: World) -> None:
        await world.until_leader()
        assert (await world.ask("PUT", path, **options))[0] == status

    with_node(tmp_path, do)


def test_a_body_that_is_too_large_stops_nothing(tmp_path: Path) -> None:
    async def do(world: World) -> None:
        await world.until_leader()
        async with world.session.put(world.url + "/kv/x", data="x" * 2_000_000) as answer:
            assert answer.status == 413
        assert (await world.ask("PUT", "/kv/x", data="1"))[0] == 200

    with_node(tmp_path, do)


def test_a_node_that_cannot_store_stops_before_it_answers(tmp_path: Path) -> None:
    async def do(world: World) -> None:
        await world.until_leader()
        pages = world.shell.store._db.execute("PRAGMA page_count").fetchone()[0]
        world.shell.store._db.execute(f"PRAGMA max_page_count={pages}")
        asked = asyncio.create_task(world.shell.put("w", "x", "y" * 100_000))
        await asyncio.wait_for(world.shell.stopped.wait(), 20)
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert world.shell.failure is not None

    with_node(tmp_path, do)
    last = json.loads((tmp_path / "n1.ndjson").read_text().splitlines()[-1])
    assert last["event"] == "stop" and "full" in last["reason"]
