"""Clients of a running cluster: each does one operation at a time, and keeps what it was told, and when."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping

import aiohttp

from trace_check.node.linearizable import Operation

PATIENCE_SECONDS = 1.5
THINK_SECONDS = 0.02


class LoadClient:
    """One client. `done`: its operations, unknown ones as not returned; `told`: answers by their kind."""

    def __init__(
        self, name: str, urls: Mapping[str, str], session: aiohttp.ClientSession, keys: int, seed: int
    ) -> None:
        self.name, self._urls, self._session, self._keys = name, urls, session, keys
        self._rng = random.Random(seed)
        self._target = self._rng.choice(list(urls))
        self.done: list[Operation] = []
        self.told: Counter[str] = Counter()

    async def run(self, until: float) -> None:
        """Goes on until the given moment of time.monotonic()."""
        number = 0
        while time.monotonic() < until:
            number += 1
            key = f"k{self._rng.randrange(self._keys)}"
            await self.operate(f"{self.name}/{number}", key, is_write=self._rng.random() < 0.6, until=until)
            await asyncio.sleep(self._rng.expovariate(1 / THINK_SECONDS))

    async def operate(self, name: str, key: str, *, is_write: bool, until: float) -> Operation:
        """One operation, repeated under its name until its outcome is known or patience ends.

        A write that nobody may have taken is left alone half of the time, so that histories hold such ones.
        A read goes on until the given moment: one without a value says nothing.
        """
        called = time.monotonic()
        value = name if is_write else None
        unknown = False
        while True:
            status, answer = await self._ask(name, key, value)
            self.told[status] += 1
            if status == "OK":
                got = value if is_write else answer
                return self._keep(Operation(name, key, is_write, got, called, time.monotonic()))
            unknown = unknown or status in ("UNKNOWN", "NO ANSWER")
            left_alone = is_write and unknown and self._rng.random() < 0.5
            if left_alone or time.monotonic() >= until:
                operation = Operation(name, key, is_write, value, called)
                return self._keep(operation) if unknown and is_write else operation
            await asyncio.sleep(self._rng.expovariate(1 / THINK_SECONDS))

    def _keep(self, operation: Operation) -> Operation:
        self.done.append(operation)
        return operation

    async def _ask(self, name: str, key: str, value: str | None) -> tuple[str, str | None]:
        """(status, value read) of one request to the node that seems to lead."""
        url = f"{self._urls[self._target]}/kv/{key}"
        method = "GET" if value is None else "PUT"
        try:
            async with self._session.request(
                method,
                url,
                data=value,
                headers={"X-Request-Id": name},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
            ) as response:
                body = await response.json()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            self._target = self._rng.choice(list(self._urls))
            return "NO ANSWER", None
        status = str(body["status"])
        if status != "OK":
            self._target = body.get("hint") or self._rng.choice(list(self._urls))
        return status, body.get("value")
