"""The text of `canonicalise`: the compiled twin of symmetry.py, by trying every permutation of a sort."""

from __future__ import annotations

from itertools import permutations

from pymodel.engine.contract import Range
from pymodel.engine.layout import FieldSlot, Layout, Slot


def canonicaliser(layout: Layout, sort: str, size: int) -> str:
    """The state at t becomes the least, as a sequence of words, of all that a permutation makes of it."""
    orders = list(permutations(range(size)))[1:]
    table = ", ".join(str(i) for order in orders for i in order)
    body = [line for slot in layout.slots.values() for line in _permute_slot(slot, sort)]
    message = [line for slot in layout.fields.values() for line in _permute_field(slot, sort)]
    return f"""PERMUTATIONS = ({table or 0},)


def _permute(b, t, u, order):
    for k in range(W):
        b[u + k] = 0
{_indent(body, 1)}
    for slot in range(CAPACITY):
        m = b[t + MESSAGES + slot]
        if m == 0:
            break
{_indent(message, 2)}
        _messages_add(b, u, m)


def canonicalise(b, t):
    best = SCRATCH
    u = SCRATCH + W
    for k in range(W):
        b[best + k] = b[t + k]
    for p in range({len(orders)}):
        _permute(b, t, u, p * {size})
        for k in range(W):
            if b[u + k] != b[best + k]:
                if b[u + k] < b[best + k]:
                    for rest in range(k, W):
                        b[best + rest] = b[u + rest]
                break
    for k in range(W):
        b[t + k] = b[best + k]"""


def _indent(lines: list[str], depth: int) -> str:
    return "\n".join("    " * depth + line for line in lines)


def _permute_slot(slot: Slot, sort: str) -> list[str]:
    """Lines that copy one part from t to u with indexes and values mapped by `order`."""
    lines: list[str] = []
    pad, source, target = "", "0", "0"
    for number, axis in enumerate(slot.part.axes):
        x = f"x{number}"
        lines.append(f"{pad}for {x} in range({axis.size}):")
        pad += "    "
        source = f"({source}) * {axis.size} + {x}"
        target = f"({target}) * {axis.size} + " + (f"PERMUTATIONS[order + {x}]" if axis.sort == sort else x)
    place = f"{slot.word} + e // {slot.per_word}"
    shift = f"({slot.shift} + e % {slot.per_word} * {slot.bits})"
    body = [
        f"e = {source}",
        f"v = (b[t + {place}] >> {shift}) & {slot.mask}",
        *_permute_value(slot.part.values, sort),
        f"e = {target}",
        f"b[u + {place}] |= v << {shift}",
    ]
    return lines + [pad + line for line in body]


def _permute_field(slot: FieldSlot, sort: str) -> list[str]:
    """Lines that map one field of message m by `order`, if m has it."""
    axis, values = slot.field.axis, slot.field.values
    moved = axis is not None and axis.sort == sort
    if not moved and values.sort != sort:
        return []
    return [
        f"if ({slot.kinds} >> (m & TAG)) & 1:",
        f"    r = m & ~({(1 << slot.field.size * slot.bits) - 1} << {slot.shift})",
        f"    for x in range({slot.field.size}):",
        f"        v = (m >> ({slot.shift} + x * {slot.bits})) & {slot.mask}",
        *("        " + line for line in _permute_value(values, sort)),
        f"        r |= v << ({slot.shift} + {'PERMUTATIONS[order + x]' if moved else 'x'} * {slot.bits})",
        "    m = r",
    ]


def _permute_value(values: Range, sort: str) -> list[str]:
    """Lines that map the stored value v, which counts from the range's low, if it is a member."""
    if values.sort != sort:
        return []
    return [
        f"if v + ({values.low}) >= 0:",
        f"    v = PERMUTATIONS[order + v + ({values.low})] - ({values.low})",
    ]
