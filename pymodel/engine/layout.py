"""Where each part of a state lies in its packed words.

A state is `words` signed 64-bit integers: first the variables, packed into bit fields, then one word
for each message slot. A field never straddles two words. The sign bit stays clear, so that shifts and
comparisons need no care. Equal states are equal words: unused slots hold their default, and messages
lie in descending order with the empty slots (0) last.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymodel.engine.contract import MessageField, MessageKind, Part, Schema
from pymodel.errors import LayoutError

WORD_BITS = 63


@dataclass(frozen=True)
class Slot:
    """The place of one part: element e lies in word `word + e // per_word` at bit
    `shift + (e % per_word) * bits`; `key` is "variable" or "variable.part", `code` > 0 its error code."""

    key: str
    code: int
    part: Part
    word: int
    shift: int
    per_word: int

    @property
    def bits(self) -> int:
        return self.part.values.bits

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1


@dataclass(frozen=True)
class FieldSlot:
    """The place of a message field within its word: element e at bit `shift + e * bits`."""

    field: MessageField
    code: int
    shift: int

    @property
    def bits(self) -> int:
        return self.field.values.bits

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1


@dataclass(frozen=True)
class Layout:
    """`slots` by key, `fields` by message field name; a message's kind code (from 1) lies in its low
    `tag_bits`. `names[code]` tells what overflowed."""

    schema: Schema
    slots: dict[str, Slot]
    fields: dict[str, FieldSlot]
    tag_bits: int
    base_words: int
    words: int
    names: tuple[str, ...]

    def kind_code(self, name: str) -> int:
        return 1 + [kind.name for kind in self.schema.kinds].index(name)

    @property
    def messages_code(self) -> int:
        return len(self.names) - 1


def make_layout(schema: Schema) -> Layout:
    """The layout of `schema`. Raises LayoutError when a message does not fit one word."""
    keyed = [
        (variable.name + ("." + part.name if part.name else ""), part)
        for variable in schema.variables
        for part in variable.parts
    ]
    names = ["", *(key for key, _ in keyed)]
    slots, base_words = _place_parts(keyed)
    tag_bits = max(1, len(schema.kinds).bit_length())
    fields = _place_fields(schema.kinds, tag_bits, first_code=len(names))
    names += [f"messages.{name}" for name in fields]
    names.append("messages")
    return Layout(schema, slots, fields, tag_bits, base_words, base_words + schema.capacity, tuple(names))


def _place_parts(keyed: list[tuple[str, Part]]) -> tuple[dict[str, Slot], int]:
    """First fit, largest first; an array longer than a word takes whole words of its own."""
    free: list[int] = []
    found: dict[str, Slot] = {}
    codes = {key: code for code, (key, _) in enumerate(keyed, start=1)}
    for key, part in sorted(keyed, key=lambda item: -item[1].size * item[1].values.bits):
        bits = part.values.bits
        total = part.size * bits
        if total > WORD_BITS:
            per_word = WORD_BITS // bits
            found[key] = Slot(key, codes[key], part, len(free), 0, per_word)
            full, rest = divmod(part.size, per_word)
            free += [WORD_BITS] * full + ([rest * bits] if rest else [])
            continue
        word = next((k for k, used in enumerate(free) if used + total <= WORD_BITS), len(free))
        if word == len(free):
            free.append(0)
        found[key] = Slot(key, codes[key], part, word, free[word], max(1, part.size))
        free[word] += total
    return {key: found[key] for key, _ in keyed}, len(free)


def _place_fields(kinds: tuple[MessageKind, ...], tag_bits: int, first_code: int) -> dict[str, FieldSlot]:
    """A field has one place in all kinds; fields that never meet in a kind may share their bits."""
    together: dict[str, set[str]] = {}
    fields: dict[str, MessageField] = {}
    for kind in kinds:
        for item in kind.fields:
            if fields.setdefault(item.name, item) != item:
                raise LayoutError(f"message field {item.name} is declared in two ways")
            together.setdefault(item.name, set()).update(other.name for other in kind.fields)
    placed: dict[str, FieldSlot] = {}
    for name in sorted(fields, key=lambda n: (-len(together[n]), -fields[n].size * fields[n].values.bits)):
        width = fields[name].size * fields[name].values.bits
        taken = sorted(
            (slot.shift, slot.shift + other.size * other.values.bits)
            for other_name, slot in placed.items()
            if other_name in together[name]
            for other in [slot.field]
        )
        shift = tag_bits
        for start, end in taken:
            if shift + width <= start:
                break
            shift = max(shift, end)
        if shift + width > WORD_BITS:
            raise LayoutError(
                f"a message needs more than {WORD_BITS} bits: field {name} ends at bit {shift + width}",
                mend="lower MaxLogLen, MaxTerm, the number of servers or the number of writes",
            )
        placed[name] = FieldSlot(fields[name], 0, shift)
    return {
        name: FieldSlot(placed[name].field, first_code + k, placed[name].shift)
        for k, name in enumerate(fields)
    }
