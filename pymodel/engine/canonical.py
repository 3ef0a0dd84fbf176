"""The text of `canonicalise`, which names one state of all that permuting a sort makes equal.

Each member gets a key that does not depend on how members are named: a hash of its own fields, of sums
over its rows and columns, and of the messages that name it. Only the permutations that sort the members by
key are tried, and the least state they make is taken; all of them only where all keys are equal. Two
states that a permutation makes equal have the same keys, so they end as the same one.
"""

from __future__ import annotations

from itertools import permutations

from pymodel.engine.contract import Range
from pymodel.engine.layout import FieldSlot, Layout, Slot


def canonicaliser(layout: Layout, sort: str, size: int) -> str:
    """The state at t becomes the one that stands for all that permuting `sort` makes of it."""
    arrangements = list(permutations(range(size)))
    placed = ", ".join(str(member) for order in arrangements for member in order)
    moved = ", ".join(str(order.index(x)) for order in arrangements for x in range(size))
    body = [line for slot in layout.slots.values() for line in _permute_slot(slot, sort)]
    message = [line for slot in layout.fields.values() for line in _permute_field(slot, sort)]
    return f"""ARRANGEMENTS = ({placed},)
PERMUTATIONS = ({moved},)


{_key_functions(layout, sort, size)}


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


def _is_sorted(b, order):
    for k in range({size - 1}):
        if b[KEYS + ARRANGEMENTS[order + k]] > b[KEYS + ARRANGEMENTS[order + k + 1]]:
            return 0
    return 1


def _is_less(b, u, best):
    for k in range(W):
        if b[u + k] != b[best + k]:
            return b[u + k] < b[best + k]
    return 0


def canonicalise(b, t):
    for x in range({size}):
        b[KEYS + x] = _key(b, t, x)
    best = SCRATCH
    u = SCRATCH + W
    found = 0
    for p in range({len(arrangements)}):
        if _is_sorted(b, p * {size}):
            _permute(b, t, u, p * {size})
            if found == 0 or _is_less(b, u, best):
                found = 1
                for k in range(W):
                    b[best + k] = b[u + k]
    for k in range(W):
        b[t + k] = b[best + k]"""


def _key_functions(layout: Layout, sort: str, size: int) -> str:
    """`_key(b, t, x)`: a number for member x of the state at t, whatever the members are called."""
    lines = [line for slot in layout.slots.values() for line in _key_of_slot(slot, sort, size)]
    named: list[str] = []
    neutral = -1
    for number, slot in enumerate(layout.fields.values(), start=1):
        axis, values = slot.field.axis, slot.field.values
        if values.sort == sort or (axis is not None and axis.sort == sort):
            neutral &= ~(((1 << slot.field.size * slot.bits) - 1) << slot.shift)
        if values.sort == sort and axis is None:
            named += [
                f"r = (m >> {slot.shift}) & {slot.mask}",
                f"if (({slot.kinds} >> (m & TAG)) & 1) and r == x - ({values.low}):",
                f"    total += _mix({number}, m & NEUTRAL)",
            ]
    return f"""NEUTRAL = {neutral}


def _mix(h, v):
    h = (h ^ v) * 0x5851F42D4C957F2D
    return h ^ ((h >> 31) & 0x1FFFFFFFF)


def _key(b, t, x):
    h = 1
{_indent(lines, 1)}
    total = 0
    for slot in range(CAPACITY):
        m = b[t + MESSAGES + slot]
        if m == 0:
            break
{_indent(named or ["pass"], 2)}
    return _mix(h, total)"""


def _key_of_slot(slot: Slot, sort: str, size: int) -> list[str]:
    """Lines that mix what one part says of member x into h: its own elements in order, where one axis is
    of the sort; sums over the row and the column, where two are. Other parts add nothing."""
    axes = slot.part.axes
    mine = [number for number, axis in enumerate(axes) if axis.sort == sort]
    if len(mine) == 2 and len(axes) == 2:
        return [
            *_summed(slot, sort, f"x * {size} + y"),
            *_summed(slot, sort, f"y * {size} + x"),
        ]
    if len(mine) != 1:
        return []
    lines, pad, element = [], "", "0"
    for number, axis in enumerate(axes):
        if number in mine:
            element = f"({element}) * {axis.size} + x"
        else:
            lines.append(f"{pad}for x{number} in range({axis.size}):")
            pad += "    "
            element = f"({element}) * {axis.size} + x{number}"
    return [*lines, *(pad + line for line in [*_read_neutral(slot, sort, element), "h = _mix(h, v)"])]


def _summed(slot: Slot, sort: str, element: str) -> list[str]:
    """Lines that mix a sum over all y of one element each; that of x itself counts apart."""
    size = slot.part.axes[0].size
    body = [*_read_neutral(slot, sort, element), "total += _mix(2 if x == y else 1, v)"]
    return ["total = 0", f"for y in range({size}):", *("    " + line for line in body), "h = _mix(h, total)"]


def _read_neutral(slot: Slot, sort: str, element: str) -> list[str]:
    """Lines that read an element into v; a member shows only as none, x itself or another."""
    place = f"{slot.word} + e // {slot.per_word}"
    shift = f"({slot.shift} + e % {slot.per_word} * {slot.bits})"
    lines = [f"e = {element}", f"v = (b[t + {place}] >> {shift}) & {slot.mask}"]
    if slot.part.values.sort == sort:
        lines.append(f"v = v + ({slot.part.values.low})")
        lines.append("v = 0 if v < 0 else (1 if v == x else 2)")
    return lines


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
