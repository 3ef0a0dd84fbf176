"""What a function reads of its states, and so which changes of a state can change its result.

Noted while the function is translated, so that a branch which the cfg decides counts for nothing. An
array counts as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pymodel.engine.layout import Layout, Slot

MESSAGES = "messages"


@dataclass
class Reads:
    """What one function reads: `keys` holds (state, slot key or MESSAGES), `calls` (callee, its name of a
    state, the name of that state here)."""

    keys: set[tuple[str, str]] = field(default_factory=set)
    calls: set[tuple[str, str, str]] = field(default_factory=set)


def reads_of(noted: Mapping[str, Reads], function: str, state: str) -> frozenset[str]:
    """The keys that `function` and all it calls read of its state `state`."""
    found: set[str] = set()
    waiting, seen = [(function, state)], {(function, state)}
    while waiting:
        name, here = waiting.pop()
        reads = noted.get(name, Reads())
        found |= {key for of, key in reads.keys if of == here}
        for callee, inner, outer in reads.calls:
            if outer == here and (callee, inner) not in seen:
                seen.add((callee, inner))
                waiting.append((callee, inner))
    return frozenset(found)


def changed_test(layout: Layout, keys: frozenset[str]) -> str:
    """An expression that is not 0 if anything of `keys` differs between two states, where `_d0`, `_d1`, ...
    are the differing bits of their words and `_messages` those of all their messages."""
    masks = [0] * layout.base_words
    for key in keys - {MESSAGES}:
        for word, mask in _masks(layout.slots[key]):
            masks[word] |= mask
    terms = [f"_d{word} & {mask}" for word, mask in enumerate(masks) if mask]
    return " | ".join([*terms, *(["_messages"] if MESSAGES in keys else [])]) or "0"


def _masks(slot: Slot) -> list[tuple[int, int]]:
    """The words that hold the slot, and its bits in each."""
    found = []
    rest, word, shift = slot.part.size, slot.word, slot.shift
    while rest > 0:
        here = min(rest, slot.per_word)
        found.append((word, ((1 << here * slot.bits) - 1) << shift))
        rest, word = rest - here, word + 1
    return found
