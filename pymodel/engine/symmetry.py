"""Permutations of a sort, by the interpreter: what the compiled `canonicalise` must leave as one state."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product
from typing import Any

from pymodel.engine.contract import Axis, Range
from pymodel.engine.instance import Cells, Group, Instance, Messages, Record
from pymodel.engine.pack import pack


def canonical_words(instance: Instance, state: Record, sort: str) -> list[int]:
    """The least packed words of all that permuting `sort` makes of `state`; its own if sort is ""."""
    if not sort:
        return pack(instance, state)
    orders = permutations(range(len(instance.bound.labels[sort])))
    return min(pack(instance, permute(instance, state, sort, order)) for order in orders)


def permute(instance: Instance, state: Record, sort: str, order: Sequence[int]) -> Record:
    """`state` with member k of `sort` renamed to order[k], in indexes, values and messages alike."""
    result = instance.blank()
    for name, value in state.__dict__.items():
        target = result.__dict__[name]
        match value:
            case Cells():
                _permute_cells(value, target, sort, order)
            case Group():
                for part, cells in value.__dict__["cells"].items():
                    _permute_cells(cells, target.__dict__["cells"][part], sort, order)
            case Messages():
                for message in value:
                    target.add(_permute_message(message, sort, order))
    return result


def _permute_cells(source: Cells, target: Cells, sort: str, order: Sequence[int]) -> None:
    axes = source.part.axes
    for index in product(*(range(axis.low, axis.high + 1) for axis in axes)):
        mapped = tuple(_mapped(axis, k, sort, order) for axis, k in zip(axes, index, strict=True))
        target[mapped] = _renamed(source[index], source.part.values, sort, order)


def _mapped(axis: Axis, k: int, sort: str, order: Sequence[int]) -> int:
    return order[k] if axis.sort == sort else k


def _permute_message(message: Any, sort: str, order: Sequence[int]) -> Any:
    fields: dict[str, Any] = {}
    for field in message.type.kind.fields:
        value = getattr(message, field.name)
        if field.axis is None:
            fields[field.name] = _renamed(value, field.values, sort, order)
        else:
            cells = [_renamed(item, field.values, sort, order) for item in value]
            moved = range(len(cells)) if field.axis.sort != sort else order
            fields[field.name] = [cell for _, cell in sorted(zip(moved, cells, strict=True))]
    return message.type(**fields)


def _renamed(value: int, values: Range, sort: str, order: Sequence[int]) -> int:
    return order[value] if values.sort == sort and value >= 0 else value
