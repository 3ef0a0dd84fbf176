"""A generated module run as plain Python: the same text that is compiled, with lists as arrays."""

from __future__ import annotations

from typing import Any

from pymodel.engine.generate import buffer_words
from pymodel.engine.instance import Instance, Record
from pymodel.engine.pack import pack


class Module:
    """The functions of a generated text; `buffer` is its work buffer."""

    def __init__(self, instance: Instance, text: str) -> None:
        self.instance = instance
        self.namespace: dict[str, Any] = {
            "Array": None,
            "Array32": None,
            "Before": None,
            "After": None,
            "prefetch": lambda *_: 0,
        }
        exec(compile(text, "<generated>", "exec"), self.namespace)
        self.width: int = self.namespace["W"]
        self.buffer = [0] * buffer_words(instance)

    def at(self, place: int) -> list[int]:
        return self.buffer[place : place + self.width]

    def load(self, state: Record) -> None:
        self.buffer[1 : 1 + self.width] = pack(self.instance, state)

    def successors(self, state: Record) -> list[tuple[str, list[int]]]:
        """The action and the words of each step out of `state`."""
        self.load(state)
        acts = [0] * self.namespace["MAX_SUCCESSORS"]
        count = self.namespace["successors"](self.buffer, acts)
        names = [action.name for action in self.instance.model.actions]
        out: int = self.namespace["OUT"]
        return [(names[acts[k]], self.at(out + k * self.width)) for k in range(count)]

    def violated(self, checker: str, *states: Record) -> int:
        """The bits of `check_state` or `check_step` for the given states."""
        places = [1, self.namespace["OUT"]][: len(states)]
        for place, state in zip(places, states, strict=True):
            self.buffer[place : place + self.width] = pack(self.instance, state)
        bits: int = self.namespace[checker](self.buffer, *places)
        return bits
