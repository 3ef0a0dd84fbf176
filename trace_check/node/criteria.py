"""The five pass criteria of the fencing lesson, each shown on running processes.

Each function starts a cluster, does what the criterion speaks of, and returns what it saw; `passed` says
whether the criterion holds. docs/NODE.md lists them beside the properties of the spec.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from trace_check.node.campaign import leader_of, run_campaign, status_of
from trace_check.node.messages import (
    AppendEntriesRequest,
    InstallSnapshotRequest,
    Message,
    Request,
    RequestVoteRequest,
    Snapshot,
)
from trace_check.node.processes import ClusterOptions, Processes
from trace_check.node.transport import Transport

ANSWER_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Seen:
    """What one criterion came to: whether it holds, and what was seen, line by line."""

    number: int
    claim: str
    passed: bool
    lines: tuple[str, ...]


@dataclass
class Running:
    """A cluster that runs, and how to ask it."""

    cluster: Processes
    session: aiohttp.ClientSession

    @property
    def urls(self) -> dict[str, str]:
        return {name: node.url for name, node in self.cluster.nodes.items()}

    async def leader(self, among: set[str] | None = None) -> str:
        """The node that leads with a lease. Raises: TimeoutError if none does in time."""
        urls = {name: url for name, url in self.urls.items() if among is None or name in among}
        found = await leader_of(urls, self.session)
        if found is None:
            raise TimeoutError("no leader was elected")
        return found

    async def put(self, node: str, key: str, value: str) -> tuple[str, str]:
        """(status, error or hint) of a write at one node; redirects are not followed."""
        async with self.session.put(
            f"{self.urls[node]}/kv/{key}",
            data=value,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX),
        ) as response:
            body = await response.json()
        return str(body["status"]), str(body.get("error") or body.get("hint") or "")


@asynccontextmanager
async def running(
    options: ClusterOptions, folder: Path, *, only: int | None = None
) -> AsyncIterator[Running]:
    """A cluster of which the first `only` nodes run (all by default), with its leader elected."""
    async with (
        Processes(options, folder, random.Random(1)) as cluster,
        aiohttp.ClientSession() as session,
    ):
        for name in list(cluster.nodes)[:only]:
            await cluster.start(name)
        world = Running(cluster, session)
        await world.leader()
        yield world


async def stale_requests(options: ClusterOptions, folder: Path) -> Seen:
    """1: any request of a lower term is answered with the error and the current term, by every handler.

    The last node of the cluster is played by this function: it sends each kind of request, one term too old,
    to each of the others, and listens for what they answer.
    """
    claim = "every request of a lower term is refused with the current term"
    lines, passed = [], True
    async with running(options, folder, only=options.nodes - 1) as world:
        me = options.names[-1]
        inbox: asyncio.Queue[Message] = asyncio.Queue()
        others = {name: world.cluster.nodes[name].listen for name in options.names[:-1]}
        played = Transport(me, world.cluster.nodes[me].listen, others, inbox.put_nowait)
        await played.start()
        try:
            for node in others:
                for m in await _stale_requests_to(world, me, node):
                    answer = await _answer_to(played, inbox, m)
                    good = _refuses(answer) and answer.term == m.term + 1
                    passed = passed and good
                    kind = type(m).__name__ + (" (pre-vote)" if getattr(m, "prevote", False) else "")
                    outcome = "refused" if _refuses(answer) else "GRANTED"
                    lines.append(f"{node}: {kind} of term {m.term}: {outcome}, term {answer.term}")
        finally:
            await played.stop()
    return Seen(1, claim, passed, tuple(lines))


async def _stale_requests_to(world: Running, me: str, node: str) -> list[Request]:
    status = await status_of(world.urls[node], world.session)
    term = int(str((status or {}).get("term", 0))) - 1
    common: dict[str, Any] = {"source": me, "dest": node, "term": term}
    return [
        RequestVoteRequest(**common, mid=f"{node}/vote", lastLogIndex=10**6, lastLogTerm=10**6),
        RequestVoteRequest(**common, mid=f"{node}/pre", lastLogIndex=10**6, lastLogTerm=10**6, prevote=True),
        AppendEntriesRequest(
            **common, mid=f"{node}/append", prevLogIndex=0, prevLogTerm=0, entries=(), commitIndex=0, sentAt=0
        ),
        InstallSnapshotRequest(**common, mid=f"{node}/snapshot", snapshot=Snapshot(10**6, term), sentAt=0),
    ]


async def _answer_to(played: Transport, inbox: asyncio.Queue[Message], m: Request) -> Message:
    """The answer that names the request. Raises: TimeoutError if none comes."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        played.send(m)
        while True:
            answer = await inbox.get()
            if getattr(answer, "re", "") == m.mid:
                return answer


def _refuses(answer: Message) -> bool:
    flags = [getattr(answer, field) for field in ("granted", "success") if hasattr(answer, field)]
    return not any(flags) if flags else getattr(answer, "index", 0) == 0


async def deposed_leader(options: ClusterOptions, folder: Path) -> Seen:
    """2: writes to a deposed leader get REDIRECT or ERROR; nothing of them is appended."""
    claim = "a deposed leader answers writes with REDIRECT or ERROR"
    lines: list[str] = []
    async with running(options, folder) as world:
        old = await world.leader()
        world.cluster.cut({old})
        new = await world.leader(set(options.names) - {old})
        lines.append(f"{old} was cut off, {new} was elected")
        told = [await world.put(old, "x", "while cut off")]
        world.cluster.heal()
        until = time.monotonic() + ANSWER_SECONDS_MAX
        while told[-1] != ("REDIRECT", new) and time.monotonic() < until:
            await asyncio.sleep(0.05)
            told.append(await world.put(old, "x", "after"))
        lines.extend(
            f"{old} told a writer {status} {detail}".rstrip() for status, detail in dict.fromkeys(told)
        )
    passed = told[-1] == ("REDIRECT", new) and all(status in ("REDIRECT", "ERROR") for status, _ in told)
    return Seen(2, claim, passed, tuple(lines))


async def transitions_logged(options: ClusterOptions, folder: Path) -> Seen:
    """3: every role transition is in the log with time, roles, terms and reason; it ends in the role held."""
    claim = "every role transition is in the log with all of its fields"
    fields = ("ts", "old_role", "new_role", "old_term", "new_term", "reason")
    lines, passed = [], True
    async with running(options, folder) as world:
        old = await world.leader()
        world.cluster.cut({old})
        await world.leader(set(options.names) - {old})
        world.cluster.heal()
        await _until_follower(world, old)
        for name, node in world.cluster.nodes.items():
            status = await status_of(world.urls[name], world.session) or {}
            records = [
                record
                for line in node.log.read_bytes().splitlines()
                for record in (msgspec.json.decode(line),)
                if record.get("event") == "role"
            ]
            role = "follower"
            for record in records:
                passed = passed and all(field in record for field in fields) and record["old_role"] == role
                role = record["new_role"]
                lines.append(
                    f"{name}: {record['old_role']} -> {role}, term {record['old_term']} -> "
                    f"{record['new_term']}, {record['reason']}"
                )
            passed = passed and role == status.get("role")
    return Seen(3, claim, passed, tuple(lines))


async def _until_follower(world: Running, name: str) -> None:
    """Raises: TimeoutError if the node goes on to lead."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        while ((await status_of(world.urls[name], world.session)) or {}).get("role") != "follower":
            await asyncio.sleep(0.02)


async def cut_off_leader(options: ClusterOptions, folder: Path) -> Seen:
    """4: a leader that is cut off stops accepting writes within one election timeout."""
    claim = "a leader that is cut off stops accepting writes within one election timeout"
    async with running(options, folder) as world:
        old = await world.leader()
        rate = world.cluster.nodes[old].clock_rate
        begun = time.monotonic()
        world.cluster.cut({old})
        last = begun
        number = 0
        while time.monotonic() < begun + 4 * options.election_timeout_ms / 1000:
            number += 1
            asked = time.monotonic()
            async with world.session.put(
                f"{world.urls[old]}/kv/x?wait=0", data=str(number), allow_redirects=False
            ) as response:
                accepted = (await response.json())["status"] == "ACCEPTED"
            if accepted:
                last = asked
            await asyncio.sleep(0.005)
    took_ms = (last - begun) * 1000 * rate
    lines = (
        f"the last write was accepted {took_ms:.0f} ms after the cut, on the leader's clock",
        f"lease {options.lease_ms:.0f} ms, election timeout {options.election_timeout_ms:.0f} ms",
    )
    return Seen(4, claim, took_ms <= options.election_timeout_ms, lines)


async def nothing_lost(options: ClusterOptions, folder: Path, seconds: float = 10.0, seed: int = 1) -> Seen:
    """5: nothing that a client saw as OK is lost, whatever breaks."""
    claim = "nothing that a client saw as OK is lost"
    campaign = await run_campaign(options, folder, seed=seed, seconds=seconds)
    lines = (
        f"{campaign.confirmed} operations confirmed, {campaign.unknown} of unknown outcome",
        *(f"{at:.1f} s: {fault}: {nodes}" for at, fault, nodes in campaign.faults),
        f"keys that fit no order: {', '.join(campaign.unlinearizable) or 'none'}",
        f"keys that nobody can read: {', '.join(campaign.lost) or 'none'}",
        f"logs: {campaign.report.verdict.value}",
    )
    return Seen(5, claim, campaign.ok, lines)


CRITERIA: dict[int, Callable[[ClusterOptions, Path], Coroutine[Any, Any, Seen]]] = {
    1: stale_requests,
    2: deposed_leader,
    3: transitions_logged,
    4: cut_off_leader,
    5: nothing_lost,
}
