"""A simulated cluster on which a story is played: who campaigns when, which messages get through, who writes.

Nothing breaks by chance here, and nobody bends a rule: election timers run out within their bounds, messages
are only delayed or lost. The seed decides how fast each clock goes and how long messages take.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trace_check.node.effects import ACCEPTED, OK, Answer
from trace_check.node.linearizable import Operation
from trace_check.node.messages import Message
from trace_check.node.scenario import Faults, Scenario
from trace_check.node.simulate import Simulation
from trace_check.node.state import LEADER, Node

PATIENCE = 0.9
"""Each election timer runs this part of a timeout longer than it must, unless a story makes it run out."""

CALM = Faults(
    delay_ms=0.3, loss=0.0, duplicate=0.0, slow=0.0, cut_every_ms=0.0, crash_every_ms=0.0, clock_offset_ms=0.0
)
"""Messages take a third of a millisecond, wall clocks agree, nothing else happens."""

LONG_MS = 2000.0


class _Patient(random.Random):
    """Decides for each election timer that it runs as long as PATIENCE says."""

    def random(self) -> float:
        return PATIENCE


class Stage(Simulation):
    """A cluster in the hands of a story. `held` are the messages that wait, in the order of their arrival."""

    def __init__(
        self, scenario: Scenario, seed: int, write: Callable[[str, dict[str, Any]], None] | None = None
    ) -> None:
        self.held: list[Message] = []
        self._holds: Callable[[Message], bool] = lambda _: False
        self._open: dict[str, Operation] = {}
        self._done: list[Operation] = []
        super().__init__(replace(scenario, clients=0, faults=CALM), seed, write)

    # Time

    def wait(self, ms: float) -> None:
        """Lets so much true time pass."""
        self.run(self.now + ms)

    def until(self, happened: Callable[[], bool], ms: float = LONG_MS) -> bool:
        """Goes on until something has happened, or so much true time has passed; whether it has."""
        end = self.now + ms
        while not happened() and self._events and self._events[0][0] <= end:
            self.run(self._events[0][0])
        return happened()

    # Nodes

    def node(self, name: str) -> Node:
        """The state of a node that runs. Raises: LookupError for one that is down."""
        core = self.servers[name].core
        if core is None:
            raise LookupError(f"{name} is down")
        return core.node

    def campaign(self, name: str) -> None:
        """Lets the election timer of `name` run out as soon as it may."""
        node, server = self.node(name), self.servers[name]
        node.electionAt -= node.config.election_timeout_ms * PATIENCE
        self._plan_wake(name, server)
        term = node.currentTerm
        self.until(lambda: self.node(name).currentTerm > term)

    def elect(self, name: str) -> bool:
        """`name` campaigns; whether it leads soon after."""
        self.campaign(name)
        return self.until(lambda: self.leads(name), ms=10.0)

    def clock_goes(self, name: str, share: float) -> None:
        """The clock of `name` goes too fast by this share of what is allowed, or too slow: -1 to 1.

        To be said before it has run.
        """
        server, drift = self.servers[name], self.node(name).config.clock_drift_max
        server.rate = 1 + share * drift

    def leads(self, name: str) -> bool:
        return self.node(name).role == LEADER

    def has(self, name: str, index: int) -> bool:
        """Whether the log of `name` reaches up to `index`."""
        return self.node(name).log.LastIndex >= index

    def committed(self, name: str) -> int:
        return self.node(name).commitIndex

    def restart(self, name: str) -> None:
        """`name` stops and starts at once."""
        self._stop(name)
        self._boot(name)

    def _boot(self, name: str) -> None:
        if self.servers[name].core is None:
            super()._boot(name)

    def timer_of(self, name: str) -> random.Random:
        return _Patient()

    # The network

    def cut_off(self, *names: str) -> None:
        """Nothing passes between `names` and the rest; every other way is open."""
        rest = [name for name in self.servers if name not in names]
        self.close(*((a, b) for a in names for b in rest), *((b, a) for a in names for b in rest))

    def close(self, *ways: tuple[str, str]) -> None:
        """Nothing passes on these ways, each from one to another; every other way is open."""
        self.cut = frozenset(ways)

    def hold(self, holds: Callable[[Message], bool]) -> None:
        """Messages of this kind wait when they arrive; those that wait already go on waiting."""
        self._holds = holds

    def release(self, wanted: Callable[[Message], bool] = lambda _: True) -> None:
        """What waits and is wanted arrives now; the rest goes on waiting."""
        released = [m for m in self.held if wanted(m)]
        self.held = [m for m in self.held if not wanted(m)]
        for m in released:
            super()._deliver(m)

    def drop(self) -> None:
        """What waits is lost, and nothing is held any more."""
        self.held = []
        self.hold(lambda _: False)

    def _deliver(self, m: Message) -> None:
        if self._holds(m):
            self.held.append(m)
        else:
            super()._deliver(m)

    # Clients

    def put(self, name: str, key: str, value: str) -> None:
        """A client asks `name` to write; `value` names the request too."""
        self._open[value] = Operation(value, key, True, value, self.now)
        self.step(name, lambda core, now: core.put(now, value, key, value))

    def get(self, name: str, key: str) -> None:
        """A client asks `name` to read."""
        request = f"read {len(self._open) + len(self._done)}"
        self._open[request] = Operation(request, key, False, None, self.now)
        self.step(name, lambda core, now: core.get(now, request, key))

    def _answer(self, answer: Answer) -> None:
        operation = self._open.get(answer.request)
        if operation is None or answer.status == ACCEPTED:
            return
        del self._open[answer.request]
        if answer.status == OK:
            value = operation.value if operation.is_write else answer.value
            self._done.append(replace(operation, value=value, returned=self.now))
        elif operation.is_write and answer.status == "UNKNOWN":
            self._done.append(operation)

    def history(self) -> list[Operation]:
        """What clients were told, and writes of which nobody knows."""
        return [*self._done, *(operation for operation in self._open.values() if operation.is_write)]
