"""Between an interpreted state and the packed words of the compiled search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymodel.engine.instance import Cells, Group, Instance, Record
from pymodel.engine.layout import Layout, Slot


def pack(instance: Instance, state: Record) -> list[int]:
    """The words of `state`; equal states give equal words."""
    layout = instance.layout
    words = [0] * layout.words
    for key, slot in layout.slots.items():
        for element, value in enumerate(_cells(state, key).cells):
            word, shift = _place(slot, element)
            words[word] |= (value - slot.part.values.low) << shift
    packed = sorted((pack_message(layout, m) for m in state.in_flight()), reverse=True)
    words[layout.base_words : layout.base_words + len(packed)] = packed
    return words


def unpack(instance: Instance, words: Sequence[int]) -> Record:
    """The state that `words` stand for."""
    layout = instance.layout
    state = instance.blank()
    for key, slot in layout.slots.items():
        cells = _cells(state, key).cells
        for element in range(slot.part.size):
            word, shift = _place(slot, element)
            cells[element] = ((int(words[word]) >> shift) & slot.mask) + slot.part.values.low
    for word in words[layout.base_words :]:
        if word:
            state.__dict__["messages"].add(_unpack_message(instance, int(word)))
    return state


def pack_message(layout: Layout, message: Any) -> int:
    word = layout.kind_code(message.type.__name__)
    for field in message.type.kind.fields:
        slot = layout.fields[field.name]
        value = getattr(message, field.name)
        for element, item in enumerate(value if field.axis else (value,)):
            word |= (item - field.values.low) << (slot.shift + element * slot.bits)
    return word


def _unpack_message(instance: Instance, word: int) -> Any:
    layout = instance.layout
    kind = instance.bound.schema.kinds[(word & ((1 << layout.tag_bits) - 1)) - 1]
    values: dict[str, Any] = {}
    for field in kind.fields:
        slot = layout.fields[field.name]
        cells = [
            ((word >> (slot.shift + element * slot.bits)) & slot.mask) + field.values.low
            for element in range(field.size)
        ]
        values[field.name] = cells if field.axis else cells[0]
    return instance.kinds[kind.name](**values)


def _place(slot: Slot, element: int) -> tuple[int, int]:
    return slot.word + element // slot.per_word, slot.shift + (element % slot.per_word) * slot.bits


def _cells(state: Record, key: str) -> Cells:
    name, _, part = key.partition(".")
    value = state.__dict__[name]
    found: Cells = value.__dict__["cells"][part] if isinstance(value, Group) else value
    return found
