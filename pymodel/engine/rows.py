"""Stored rows: a state's words squeezed into the fewest 64-bit words.

The words of a Layout leave their upper bits unused, most of all those of the messages. A stored row lays
the used bits of all words end to end, behind one bit that is always set, so that no row is all zeros in
its first word.
"""

from __future__ import annotations

from pymodel.engine.layout import Layout

ROW_BITS = 64


def used_bits(layout: Layout) -> list[int]:
    """For each word of `layout`, how many of its low bits can be other than 0."""
    bits = [0] * layout.base_words
    for slot in layout.slots.values():
        for element in range(slot.part.size):
            word = slot.word + element // slot.per_word
            bits[word] = max(bits[word], slot.shift + (element % slot.per_word + 1) * slot.bits)
    ends = [slot.shift + slot.field.size * slot.bits for slot in layout.fields.values()]
    return bits + [max([layout.tag_bits, *ends])] * layout.schema.capacity


def row_words(layout: Layout) -> int:
    """The number of 64-bit words of a stored row."""
    return -(-(1 + sum(used_bits(layout))) // ROW_BITS)


def row_functions(layout: Layout) -> str:
    """The texts of `pack_row(b, t, rows, at)`, which stores the state at t, and `unpack_row`, its inverse."""
    first = ["    rows[at] = 1"]
    first += [f"    rows[at + {word}] = 0" for word in range(1, row_words(layout))]
    packing, unpacking = [], []
    place = 1
    for number, bits in enumerate(used_bits(layout)):
        packing += _pack_word(number, bits, place)
        unpacking += _unpack_word(number, bits, place)
        place += bits
    return "\n".join(
        [
            "def pack_row(b, t, rows: Array, at):",
            *first,
            *packing,
            "",
            "",
            "def unpack_row(b, t, rows: Array, at):",
            *unpacking,
        ]
    )


def _pack_word(number: int, bits: int, place: int) -> list[str]:
    word, shift = divmod(place, ROW_BITS)
    if not bits:
        return []
    lines = [f"    rows[at + {word}] |= b[t + {number}] << {shift}"]
    if shift + bits > ROW_BITS:
        lines.append(f"    rows[at + {word + 1}] |= b[t + {number}] >> {ROW_BITS - shift}")
    return lines


def _unpack_word(number: int, bits: int, place: int) -> list[str]:
    word, shift = divmod(place, ROW_BITS)
    if not bits:
        return [f"    b[t + {number}] = 0"]
    mask = (1 << bits) - 1
    if shift + bits <= ROW_BITS:
        return [f"    b[t + {number}] = (rows[at + {word}] >> {shift}) & {mask}"]
    low = ROW_BITS - shift
    return [
        f"    b[t + {number}] = ((rows[at + {word}] >> {shift}) & {(1 << low) - 1})"
        f" | ((rows[at + {word + 1}] << {low}) & {mask})"
    ]
