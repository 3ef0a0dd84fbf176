"""TLA+ values as plain hashable Python data: the currency between TLC, the model and the reports.

=================  ==========================================
TLA+               here
=================  ==========================================
integer, boolean   `int`, `bool`
string             `str`
model value        `str` (its name; a spec that holds both "a" and a is not supported)
set                `frozenset`
sequence, tuple    `tuple`
record, function   `Fn`, a hashable mapping (a function over 1..n is a sequence, as in TLA+)
=================  ==========================================

`State` maps each variable's name to its value, in the spec's order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

Value: TypeAlias = "int | bool | str | frozenset[Value] | tuple[Value, ...] | Fn"
State: TypeAlias = Mapping[str, "Value"]


class Fn(Mapping["Value", "Value"]):
    """A finite function or record. Immutable and hashable; equal whatever the order of its domain."""

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Mapping[Value, Value]) -> None:
        self._items = dict(items)
        self._hash: int | None = None

    def __getitem__(self, key: Value) -> Value:
        return self._items[key]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._items.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fn) and self._items == other._items

    def __repr__(self) -> str:
        return format_value(self)


def format_value(value: Value) -> str:
    """`value` as TLA+ text, in one line. Sets are sorted by their text; a function keeps its own order."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case str():
            return value
        case frozenset():
            return "{" + ", ".join(sorted(format_value(v) for v in value)) + "}"
        case tuple():
            return "<<" + ", ".join(format_value(v) for v in value) + ">>"
        case Fn():
            return _format_fn(value)
    raise TypeError(f"not a TLA+ value: {value!r}")


def _format_fn(value: Fn) -> str:
    fields = [(key, format_value(item)) for key, item in value.items()]
    inner = ", ".join(
        f"{key if isinstance(key, str) else format_value(key)} |-> {text}" for key, text in fields
    )
    return f"[{inner}]"


def freeze(state: State) -> tuple[tuple[str, Value], ...]:
    """`state` as a hashable key, independent of the order of its variables."""
    return tuple(sorted(state.items()))
