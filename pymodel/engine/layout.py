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
    """The place of a message field within its word: element e at bit `shift + e * bits`.

    `kinds` has the bit of each kind's code that has the field; `absent_code` is the error of reading it
    of another kind.
    """

    field: MessageField
    code: int
    absent_code: int
    kinds: int
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
    `tag_bits`. `complaints[code]` says what an error code stands for."""

    schema: Schema
    slots: dict[str, Slot]
    fields: dict[str, FieldSlot]
    tag_bits: int
    base_words: int
    words: int
    complaints: tuple[str, ...]

    def kind_code(self, name: str) -> int:
        return 1 + [kind.name for kind in self.schema.kinds].index(name)

    @property
    def all_kinds(self) -> int:
        """The bits of all kinds' codes, as in FieldSlot.kinds."""
        return sum(1 << self.kind_code(kind.name) for kind in self.schema.kinds)

    @property
    def messages_code(self) -> int:
        return len(self.complaints) - 1


def make_layout(schema: Schema) -> Layout:
    """The layout of `schema`. Raises LayoutError for one that cannot be laid out, such as one of which a
    message does not fit one word."""
    keyed = [
        (variable.name + ("." + part.name if part.name else ""), part)
        for variable in schema.variables
        for part in variable.parts
    ]
    _refuse_unfit(schema, keyed)
    slots, base_words = _place_parts(keyed)
    tag_bits = max(1, len(schema.kinds).bit_length())
    fields = _place_fields(schema.kinds, tag_bits, first_code=1 + len(keyed))
    outgrown = [*(key for key, _ in keyed), *(f"messages.{name}" for name in fields)]
    complaints = (
        "",
        *(f"{key} outgrows the layout of this cfg" for key in outgrown),
        *(f"messages.{name} is used with a message that has no such field" for name in fields),
        f"messages outgrows the layout of this cfg: more than {schema.capacity} are in flight",
    )
    return Layout(schema, slots, fields, tag_bits, base_words, base_words + schema.capacity, complaints)


def _refuse_unfit(schema: Schema, keyed: list[tuple[str, Part]]) -> None:
    for key, part in keyed:
        if not part.axes and "." not in key:
            raise LayoutError(f"{key} has no axes", mend=f"name its part, such as {key}.value")
        if any(axis.sort and axis.low != 0 for axis in part.axes):
            raise LayoutError(f"{key} has an axis over members that does not start at 0")
        if part.values.bits > WORD_BITS:
            raise LayoutError(f"{key} needs {part.values.bits} bits", mend=f"at most {WORD_BITS} fit")
        if not part.values.low <= part.default <= part.values.high and part.size:
            raise LayoutError(f"{key} starts at {part.default}, outside its own values")
    if schema.kinds and schema.capacity < 1:
        raise LayoutError("there are kinds of messages, but no room for one", mend="raise the capacity")


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
    members: dict[str, int] = {}
    for code, kind in enumerate(kinds, start=1):
        for item in kind.fields:
            if fields.setdefault(item.name, item) != item:
                raise LayoutError(f"message field {item.name} is declared in two ways")
            together.setdefault(item.name, set()).update(other.name for other in kind.fields)
            members[item.name] = members.get(item.name, 0) | 1 << code
    places: dict[str, tuple[int, int]] = {}
    for name in sorted(fields, key=lambda n: (-len(together[n]), -_width(fields[n]))):
        taken = sorted(place for other, place in places.items() if other in together[name])
        shift = _first_gap(taken, tag_bits, _width(fields[name]))
        end = shift + _width(fields[name])
        if end > WORD_BITS:
            raise LayoutError(
                f"a message needs more than {WORD_BITS} bits: field {name} ends at bit {end}",
                mend="lower the bounds in the cfg, or the number of its members",
            )
        places[name] = (shift, end)
    return {
        name: FieldSlot(field, first_code + k, first_code + len(fields) + k, members[name], places[name][0])
        for k, (name, field) in enumerate(fields.items())
    }


def _width(field: MessageField) -> int:
    return field.size * field.values.bits


def _first_gap(taken: list[tuple[int, int]], start: int, width: int) -> int:
    """The first bit from `start` on where `width` bits miss all of `taken`, sorted (first bit, end) pairs."""
    for first, end in taken:
        if start + width <= first:
            break
        start = max(start, end)
    return start
