"""The text of `canonicalise`, which names one state of all that permuting a sort makes equal.

Each member gets a key that does not depend on how members are named, made of its own fields. The members
are sorted by key; where keys are equal, every order of those members is tried, and the least state is taken.
Two states that a permutation makes equal have the same keys, so they end as the same one.

All of it is swaps of two neighbouring members, of which each is a few shifts of whole words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from pymodel.engine.contract import Range
from pymodel.engine.layout import WORD_BITS, FieldSlot, Layout, Slot


def canonicaliser(layout: Layout, sort: str, size: int) -> str:
    """The state at t becomes the one that stands for all that permuting `sort` makes of it."""
    members = range(size)
    walks = [_walk(ties, size) for ties in range(1 << max(0, size - 1))]
    starts = [sum(map(len, walks[:ties])) for ties in range(len(walks) + 1)]
    swaps = [_swap_function(layout, sort, k) for k in members[:-1]]
    keys = [line for x in members for line in _key(layout, sort, x)]
    bubble = [line for last in reversed(members) for k in range(last) for line in _sorted(k)]
    tied = [line for k in members[:-1] for line in (f"if key{k} == key{k + 1}:", f"    ties |= {1 << k}")]
    chosen = [line for k in members[:-1] for line in (f"if k == {k}:", f"    _swap_{k}(b, t)")]
    return "\n\n\n".join(
        [
            f"WALKS = {_table(step for walk in walks for step in walk)}\nWALK_AT = {_table(starts)}",
            *swaps,
            f"def _swap(b, t, k):\n{_indent(chosen or ['pass'], 1)}",
            _HELPERS,
            f"""def canonicalise(b, t):
{_indent([*keys, *bubble], 1)}
    ties = 0
{_indent(tied or ["pass"], 1)}
    if ties == 0:
        return
    _copy(b, SCRATCH, t)
    for step in range(WALK_AT[ties], WALK_AT[ties + 1]):
        _swap(b, t, WALKS[step])
        if _is_less(b, t, SCRATCH):
            _copy(b, SCRATCH, t)
    _copy(b, t, SCRATCH)""",
        ]
    )


_HELPERS = """def _mix(h, v):
    h = (h ^ v) * 0x5851F42D4C957F2D
    return h ^ ((h >> 31) & 0x1FFFFFFFF)


def _is_less(b, u, best):
    for k in range(W):
        if b[u + k] != b[best + k]:
            return b[u + k] < b[best + k]
    return 0


def _copy(b, target, source):
    for k in range(W):
        b[target + k] = b[source + k]"""


def _table(numbers: Iterable[int]) -> str:
    return f"({''.join(f'{number}, ' for number in numbers) or '0,'})"


def _indent(lines: list[str], depth: int) -> str:
    return "\n".join("    " * depth + line for line in lines)


# Orders of members


def _walk(ties: int, size: int) -> list[int]:
    """Swaps of neighbours, by the lower one, that go once through every order that `ties` leaves open: its
    bit k says that members k and k + 1 may change places."""
    steps: list[int] = []
    first = 0
    while first < size:
        last = first
        while last < size - 1 and ties >> last & 1:
            last += 1
        group = [first + k for k in _transpositions(last - first + 1)]
        there_and_back = (steps, steps[::-1])
        steps = [
            *steps,
            *(s for turn, k in enumerate(group, start=1) for s in (k, *there_and_back[turn % 2])),
        ]
        first = last + 1
    return steps


def _transpositions(size: int) -> list[int]:
    """Swaps of neighbours that go once through every order of `size` members (Steinhaus, Johnson, Trotter):
    the last member wanders through the others, who make a step of their own at each end."""
    if size < 2:
        return []
    found: list[int] = []
    for turn, step in enumerate([*_transpositions(size - 1), -1]):
        leftwards = turn % 2 == 0
        found += range(size - 2, -1, -1) if leftwards else range(size - 1)
        if step >= 0:
            found.append(step + 1 if leftwards else step)
    return found


def _sorted(k: int) -> list[str]:
    """Lines that put members k and k + 1 in the order of their keys."""
    return [
        f"if key{k} > key{k + 1}:",
        f"    held = key{k}",
        f"    key{k} = key{k + 1}",
        f"    key{k + 1} = held",
        f"    _swap_{k}(b, t)",
    ]


# The key of a member


def _key(layout: Layout, sort: str, x: int) -> list[str]:
    """Lines that make key<x> of what the parts with one axis of the sort say of member x. As many of them as
    fit share a word; further words are mixed in."""
    words: list[list[str]] = [[]]
    used = 0
    for slot in layout.slots.values():
        for element in _own(slot, sort, x):
            text, bits = _neutral(slot, sort, element, x)
            if used + bits > WORD_BITS:
                words.append([])
                used = 0
            words[-1].append(f"{text} << {used}")
            used += bits
    lines = [f"key{x} = {' | '.join(words[0]) or 0}"]
    return lines + [f"key{x} = _mix(key{x}, {' | '.join(word)})" for word in words[1:]]


def _own(slot: Slot, sort: str, x: int) -> Iterator[int]:
    """The elements that belong to member x alone."""
    axes = slot.part.axes
    if slot.part.size and sum(axis.sort == sort for axis in axes) == 1:
        for index in product(*([x] if axis.sort == sort else range(axis.size) for axis in axes)):
            yield _number(slot, index)


def _neutral(slot: Slot, sort: str, element: int, x: int) -> tuple[str, int]:
    """The element's value and its bits; a member shows only as none, x itself or another."""
    word, shift = _place(slot, element)
    value = f"(b[t + {word}] >> {shift} & {slot.mask})"
    if slot.part.values.sort != sort:
        return value, slot.bits
    low = slot.part.values.low
    return f"(0 if {value} < {-low} else 1 if {value} == {x - low} else 2)", 2


def _number(slot: Slot, index: Iterable[int]) -> int:
    number = 0
    for position, axis in zip(index, slot.part.axes, strict=True):
        number = number * axis.size + position
    return number


def _place(slot: Slot, element: int) -> tuple[int, int]:
    """The word and the bit of an element."""
    return slot.word + element // slot.per_word, slot.shift + element % slot.per_word * slot.bits


# Two members change places


def _swap_function(layout: Layout, sort: str, k: int) -> str:
    """`_swap_<k>(b, t)`: members k and k + 1 of the state at t change places, everywhere they occur."""
    lines = [line for axis in range(_axes_max(layout, sort)) for line in _exchanges(layout, sort, axis, k)]
    for slot in layout.slots.values():
        if slot.part.values.sort == sort:
            for element in range(slot.part.size):
                word, shift = _place(slot, element)
                lines += _renamed(f"b[t + {word}]", shift, slot.mask, slot.part.values, k)
    fields = [line for slot in layout.fields.values() for line in _field(layout, slot, sort, k)]
    return f"def _swap_{k}(b, t):\n{_indent([*lines, *_messages(fields)] or ['pass'], 1)}"


def _axes_max(layout: Layout, sort: str) -> int:
    return max(
        (sum(axis.sort == sort for axis in slot.part.axes) for slot in layout.slots.values()), default=0
    )


def _exchanges(layout: Layout, sort: str, axis: int, k: int) -> list[str]:
    """Lines that exchange all elements of k and k + 1 along each part's axis number `axis` of the sort: those
    of one word that lie equally far apart in one go."""
    masks: dict[tuple[int, int, int], int] = {}
    for slot in layout.slots.values():
        mine = [number for number, a in enumerate(slot.part.axes) if a.sort == sort][axis : axis + 1]
        ranges = [[k] if n in mine else range(a.size) for n, a in enumerate(slot.part.axes)]
        for index in product(*ranges) if mine and slot.part.size else ():
            other = [k + 1 if n in mine else position for n, position in enumerate(index)]
            word, shift = _place(slot, _number(slot, index))
            there, its_shift = _place(slot, _number(slot, other))
            key = (word, there, its_shift - shift)
            masks[key] = masks.get(key, 0) | slot.mask << shift
    lines = []
    for (word, there, apart), mask in masks.items():
        back, forth = (">>", "<<") if apart >= 0 else ("<<", ">>")
        lines += [
            f"x = (b[t + {there}] {back} {abs(apart)} ^ b[t + {word}]) & {mask}",
            f"b[t + {word}] ^= x",
            f"b[t + {there}] ^= x {forth} {abs(apart)}",
        ]
    return lines


def _renamed(place: str, shift: int, mask: int, values: Range, k: int) -> list[str]:
    """Lines that turn a value k into k + 1 and the other way round. It is stored less the range's low."""
    one, other = k - values.low, k + 1 - values.low
    return [
        f"x = {place} >> {shift} & {mask}",
        f"if x == {one} or x == {other}:",
        f"    {place} ^= {(one ^ other) << shift}",
    ]


def _field(layout: Layout, slot: FieldSlot, sort: str, k: int) -> list[str]:
    """Lines that do the same in one field of message m, if m has it."""
    axis, values = slot.field.axis, slot.field.values
    lines: list[str] = []
    if axis is not None and axis.sort == sort:
        mask = slot.mask << (slot.shift + k * slot.bits)
        lines += [f"x = (m >> {slot.bits} ^ m) & {mask}", f"m ^= x | x << {slot.bits}"]
    if values.sort == sort:
        for element in range(slot.field.size):
            lines += _renamed("m", slot.shift + element * slot.bits, slot.mask, values, k)
    if not lines or slot.kinds == layout.all_kinds:
        return lines
    return [f"if {slot.kinds} >> (m & TAG) & 1:", *("    " + line for line in lines)]


def _messages(fields: list[str]) -> list[str]:
    """Lines that change each message by `fields` and keep them in descending order."""
    if not fields:
        return []
    return [
        "for slot in range(CAPACITY):",
        "    m = b[t + MESSAGES + slot]",
        "    if m == 0:",
        "        break",
        *("    " + line for line in fields),
        "    at = t + MESSAGES + slot",
        "    while at > t + MESSAGES and b[at - 1] < m:",
        "        b[at] = b[at - 1]",
        "        at -= 1",
        "    b[at] = m",
    ]
