"""A client of a simulated cluster: follows redirects, repeats what nobody answered, keeps its history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trace_check.node.effects import ACCEPTED, ERROR, OK, REDIRECT, Answer
from trace_check.node.linearizable import Operation

if TYPE_CHECKING:
    from trace_check.node.simulate import Simulation


class Client:
    """One client: one operation at a time, each write with a value of its own."""

    def __init__(self, world: Simulation, name: str) -> None:
        self.world, self.name = world, name
        self.request = ""
        self.count = 0
        self.done: list[Operation] = []
        self.target = ""
        self.tries = 0
        self._open: Operation | None = None

    def begin(self) -> None:
        pause = self.world.rng.expovariate(1 / self.world.scenario.think_ms)
        self.world.at(self.world.now + pause, self._next)

    def operations(self) -> Iterator[Operation]:
        """What was answered, and writes of which nobody knows."""
        yield from self.done
        if self._open is not None and self._open.is_write:
            yield self._open

    def _next(self) -> None:
        rng = self.world.rng
        self.count += 1
        name = f"{self.name}/{self.count}"
        is_write = rng.random() < 0.6
        key = f"k{rng.randrange(self.world.scenario.keys)}"
        self._open = Operation(name, key, is_write, name if is_write else None, self.world.now)
        self.request, self.tries = name, 0
        self._ask(self.target or rng.choice(self.world.scenario.names))

    def _ask(self, node: str) -> None:
        operation = self._open
        if operation is None:
            return
        self.tries += 1
        request, tries = self.request, self.tries
        self.world.at(
            self.world.now + self.world.scenario.patience_ms, lambda: self._lose_patience(request, tries)
        )
        if operation.is_write:
            self.world.step(
                node, lambda core, now: core.put(now, request, operation.key, str(operation.value))
            )
        else:
            self.world.step(node, lambda core, now: core.get(now, request, operation.key))

    def hear(self, answer: Answer) -> None:
        """An answer to the open operation. Nobody knows of a write what came of it after UNKNOWN."""
        operation = self._open
        if operation is None or answer.status == ACCEPTED:
            return
        if answer.status == OK:
            value = operation.value if operation.is_write else answer.value
            self._finish(operation, value)
        elif answer.status in (REDIRECT, ERROR):
            self.target = answer.hint
            self._try_again()
        elif self.world.rng.random() < 0.5:
            self._try_again()
        else:
            self._give_up(operation)

    def _finish(self, operation: Operation, value: str | None) -> None:
        self.done.append(
            Operation(
                operation.name,
                operation.key,
                operation.is_write,
                value,
                operation.called,
                self.world.now,
            )
        )
        self._open, self.request = None, ""
        self.begin()

    def _give_up(self, operation: Operation) -> None:
        if operation.is_write:
            self.done.append(operation)
        self._open, self.request, self.target = None, "", ""
        self.begin()

    def _lose_patience(self, request: str, tries: int) -> None:
        if self._open is None or request != self.request or tries != self.tries:
            return
        self.target = ""
        if self.world.rng.random() < 0.5:
            self._try_again()
        else:
            self._give_up(self._open)

    def _try_again(self) -> None:
        rng = self.world.rng
        request, tries = self.request, self.tries
        pause = rng.expovariate(1 / self.world.scenario.think_ms)
        node = self.target or rng.choice(self.world.scenario.names)
        self.world.at(self.world.now + pause, lambda: self._repeat(request, tries, node))

    def _repeat(self, request: str, tries: int, node: str) -> None:
        if self.request == request and self.tries == tries:
            self._ask(node)
