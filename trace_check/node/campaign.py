"""A run of a real cluster that breaks: start, load, faults, mend, read back, stop, and judge the logs.

Three judges: the logs by the rules of trace_check, the history of the clients by linearizability, and a last
read of every key. Source: the method of Jepsen.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from trace_check.check import validate
from trace_check.node.linearizable import NEVER_RETURNED, unlinearizable_keys
from trace_check.node.load import LoadClient
from trace_check.node.nemesis import FAULTS, Nemesis
from trace_check.node.processes import START_SECONDS_MAX, ClusterOptions, Processes
from trace_check.report import Report
from trace_check.verdict import Verdict

CLIENTS, KEYS = 4, 4


@dataclass(frozen=True)
class Campaign:
    """What came of one run. `lost`: keys whose last read did not come, or fits no order with the rest."""

    seed: int
    seconds: float
    faults: tuple[tuple[float, str, str], ...]
    told: dict[str, int]
    confirmed: int
    unknown: int
    unlinearizable: tuple[str, ...]
    lost: tuple[str, ...]
    report: Report

    @property
    def ok(self) -> bool:
        """True if all judges agree that nothing went wrong."""
        return self.report.verdict is Verdict.ACCEPTED and not self.unlinearizable and not self.lost


async def run_campaign(
    options: ClusterOptions,
    folder: Path,
    *,
    seed: int,
    seconds: float,
    faults: tuple[str, ...] = FAULTS,
    strict: bool = False,
) -> Campaign:
    """One run in `folder`, which holds a folder for each node afterwards, with its log.

    Raises: ToolError if the nodes do not start or end.
    """
    rng = random.Random(seed)
    async with Processes(options, folder, rng) as cluster, aiohttp.ClientSession() as session:
        urls = {name: node.url for name, node in cluster.nodes.items()}
        for name in cluster.nodes:
            await cluster.start(name)
        await leader_of(urls, session)
        clients = [LoadClient(f"c{k}", urls, session, KEYS, rng.randrange(2**32)) for k in range(CLIENTS)]
        nemesis = Nemesis(cluster, lambda: leader_of(urls, session, 0.2), rng)
        until = time.monotonic() + seconds
        loads = [asyncio.create_task(client.run(until)) for client in clients]
        await nemesis.run(until, faults)
        await asyncio.gather(*loads)
        lost = await _read_back(urls, session, clients[0])
        for name in cluster.nodes:
            await cluster.stop(name)
        logs = [node.log for node in cluster.nodes.values()]
    history = [operation for client in clients for operation in client.done]
    return Campaign(
        seed,
        seconds,
        tuple(nemesis.happened),
        dict(sum((client.told for client in clients), Counter())),
        confirmed=sum(operation.returned != NEVER_RETURNED for operation in history),
        unknown=sum(operation.returned == NEVER_RETURNED for operation in history),
        unlinearizable=tuple(unlinearizable_keys(history)),
        lost=lost,
        report=validate(logs, strict=strict),
    )


async def _read_back(
    urls: dict[str, str], session: aiohttp.ClientSession, client: LoadClient
) -> tuple[str, ...]:
    """Reads every key once more, now that all is whole; the keys that nobody can read any more."""
    await leader_of(urls, session)
    lost = []
    for key in [f"k{number}" for number in range(KEYS)]:
        until = time.monotonic() + START_SECONDS_MAX
        operation = await client.operate(f"last/{key}", key, is_write=False, until=until)
        if operation.returned == NEVER_RETURNED:
            lost.append(key)
    return tuple(lost)


async def leader_of(
    urls: dict[str, str], session: aiohttp.ClientSession, patience_s: float = START_SECONDS_MAX
) -> str | None:
    """The node that leads with a valid lease, None if there is none within the given seconds."""
    until = time.monotonic() + patience_s
    while True:
        for name, url in urls.items():
            status = await status_of(url, session)
            if status is not None and status["role"] == "leader" and status["lease"]:
                return name
        if time.monotonic() >= until:
            return None
        await asyncio.sleep(0.05)


async def status_of(url: str, session: aiohttp.ClientSession) -> dict[str, object] | None:
    """What a node says of itself, None if it says nothing."""
    try:
        async with session.get(f"{url}/status", timeout=aiohttp.ClientTimeout(total=0.5)) as response:
            status: dict[str, object] = await response.json()
            return status
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
