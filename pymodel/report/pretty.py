"""Values as a person reads them: one line, one fixed order, shorter than TLA+ and with nothing left out.

A function or record is `[s1: 1, s2: 0]`. A message, that is a record with the fields `type`, `source`
and `dest`, is `RequestVoteRequest s1->s2 term 1`, its other fields in their own order. Sets are sorted
by value, numbers as numbers. For text that TLA+ tools read back use `pymodel.values.format_value`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from pymodel.values import Fn, Value

MESSAGE_FIELDS = ("type", "source", "dest")


def is_message(value: object) -> TypeGuard[Fn]:
    """True for a record that says what it is, who sent it and to whom."""
    return isinstance(value, Fn) and all(name in value for name in MESSAGE_FIELDS)


def printable(text: str) -> str:
    """`text` without control characters: each is replaced by its backslash escape."""
    return text if text.isprintable() else "".join(map(_printable_char, text))


def _printable_char(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def compact(value: Value) -> str:
    """`value` in one line. Raises TypeError for what is not a TLA+ value."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case str():
            return printable(value)
        case frozenset():
            return "{" + ", ".join(map(compact, in_order(value))) + "}"
        case tuple():
            return "<<" + ", ".join(map(compact, value)) + ">>"
        case Fn() if is_message(value):
            return " ".join((message_head(value), *message_fields(value)))
        case Fn():
            return "[" + ", ".join(f"{compact(key)}: {compact(item)}" for key, item in value.items()) + "]"
    raise TypeError(f"not a TLA+ value: {value!r}")


def message_head(message: Fn) -> str:
    """`RequestVoteRequest s1->s2`: the type and the two ends of a message."""
    kind, source, dest = (compact(message[name]) for name in MESSAGE_FIELDS)
    return f"{kind} {source}->{dest}"


def message_fields(message: Fn) -> tuple[str, ...]:
    """`term 1`, ...: the fields of a message that its head does not name, in the record's order."""
    return tuple(
        f"{compact(key)} {compact(item)}" for key, item in message.items() if key not in MESSAGE_FIELDS
    )


def in_order(values: frozenset[Value]) -> list[Value]:
    """The elements sorted by kind, then by value: the same order in every run."""
    return sorted(values, key=_order)


def _order(value: Value) -> tuple[int, object]:
    match value:
        case bool() | int():
            return (0, int(value))
        case str():
            return (1, value)
        case tuple():
            return (2, [_order(item) for item in value])
        case frozenset():
            return (3, sorted(_order(item) for item in value))
        case Fn():
            return (4, [(_order(key), _order(item)) for key, item in value.items()])
    raise TypeError(f"not a TLA+ value: {value!r}")


def fit(pieces: Sequence[str], width: int) -> str:
    """As many whole `pieces` as fit in `width` characters, or the start of the first; a cut shows as `…`."""
    whole = " ".join(pieces)
    if len(whole) <= width:
        return whole
    kept = [" ".join((*pieces[:count], "…")) for count in range(len(pieces) - 1, 0, -1)]
    return next((text for text in kept if len(text) <= width), pieces[0][: width - 1].rstrip() + "…")
