"""A model bound to one cfg, run by the Python interpreter: for debugging, replay and explanations.

The model's functions are rebound, not rewritten: each becomes a function over the same code whose
globals are this cfg's constants, messages and, where the cfg swaps one, the replacement. Nothing is
patched, so instances of several cfgs live side by side.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from types import FunctionType
from typing import Any

from pymodel.engine.contract import (
    Action,
    Axis,
    Bound,
    Constant,
    Function,
    MessageKind,
    Model,
    Parameter,
    Part,
)
from pymodel.engine.layout import Layout, make_layout
from pymodel.engine.swaps import resolve_swaps
from pymodel.errors import LayoutError
from pymodel.values import Value


class Cells:
    """The array of one part. Reads and writes out of its declared bounds raise LayoutError."""

    __slots__ = ("cells", "key", "part")

    def __init__(self, key: str, part: Part, cells: list[int] | None = None) -> None:
        self.key = key
        self.part = part
        self.cells = [part.default] * part.size if cells is None else cells

    def _offset(self, index: int | tuple[int, ...]) -> int:
        indexes = index if isinstance(index, tuple) else (index,)
        offset = 0
        for value, axis in zip(indexes, self.part.axes, strict=True):
            check_index(self.key, value, axis)
            offset = offset * axis.size + value - axis.low
        return offset

    def __getitem__(self, index: int | tuple[int, ...]) -> int:
        return self.cells[self._offset(index)]

    def __setitem__(self, index: int | tuple[int, ...], value: int) -> None:
        check_range(self.key, value, self.part.values.low, self.part.values.high)
        self.cells[self._offset(index)] = value


OVERFLOW_MEND = "the model reached what its layout has no room for: raise the bound in the cfg, or report it"


def check_range(key: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise LayoutError(f"{key} overflows: {value} is outside {low}..{high}", mend=OVERFLOW_MEND)


class Slots(tuple[int, ...]):
    """The values of an array field, indexed as its axis is."""

    key: str
    axis: Axis

    @classmethod
    def of(cls, key: str, axis: Axis, values: Iterable[int]) -> Slots:
        slots = cls(values)
        slots.key, slots.axis = key, axis
        if len(slots) != axis.size:
            raise LayoutError(f"{key} has {len(slots)} values for {axis.low}..{axis.high}")
        return slots

    def __getitem__(self, k: Any) -> Any:
        check_index(self.key, k, self.axis)
        return super().__getitem__(k - self.axis.low)


def check_index(key: str, value: int, axis: Axis) -> None:
    if not axis.low <= value <= axis.high:
        raise LayoutError(f"{key} has no index {value}: {axis.low}..{axis.high}", mend=OVERFLOW_MEND)


def absent(name: str) -> str:
    return f"messages.{name} is used with a message that has no such field"


class Fields:
    """What a message can do beside being a tuple of its kind and its fields' values."""

    type: Kind

    def _replace(self, **values: Any) -> Any:
        present = {field.name: getattr(self, field.name) for field in self.type.kind.fields}
        return self.type(**present | values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise LayoutError(absent(name))


class Kind:
    """A kind of message: called with its fields it makes one; compared with `m.type` it tells the kind."""

    def __init__(self, kind: MessageKind) -> None:
        self.__name__ = kind.name
        self.kind = kind
        make_tuple: Any = namedtuple
        fields = make_tuple(kind.name, ("type", *(field.name for field in kind.fields)))
        self._tuple: Any = type(kind.name, (Fields, fields), {})

    def __call__(self, **values: Any) -> Any:
        cells: list[Any] = []
        for field in self.kind.fields:
            if field.name not in values:
                raise LayoutError(f"{self.__name__} lacks its field {field.name}")
            value, key = values.pop(field.name), f"messages.{field.name}"
            for item in value if field.axis else (value,):
                check_range(key, item, field.values.low, field.values.high)
            cells.append(Slots.of(key, field.axis, value) if field.axis else value)
        if values:
            raise LayoutError(absent(min(values)))
        return self._tuple(self, *cells)


class Group:
    """The named parts of one variable: `s.log.term[i, k]`; a part without axes is a plain attribute."""

    def __init__(self, name: str, parts: tuple[Part, ...], cells: dict[str, Cells] | None = None) -> None:
        made = {part.name: Cells(f"{name}.{part.name}", part) for part in parts} if cells is None else cells
        object.__setattr__(self, "cells", made)

    def __getattr__(self, name: str) -> Any:
        cells = self.__dict__["cells"][name]
        return cells if cells.part.axes else cells.cells[0]

    def __setattr__(self, name: str, value: int) -> None:
        cells = self.__dict__["cells"][name]
        check_range(cells.key, value, cells.part.values.low, cells.part.values.high)
        cells.cells[0] = value


class Messages:
    """The messages in flight: a set of at most `capacity`, iterated in one fixed order."""

    __slots__ = ("capacity", "items")

    def __init__(self, capacity: int, items: frozenset[Any] = frozenset()) -> None:
        self.capacity = capacity
        self.items = items

    def add(self, message: Any) -> None:
        self.items |= {message}
        if len(self.items) > self.capacity:
            raise LayoutError(f"messages overflows: more than {self.capacity} in flight", mend=OVERFLOW_MEND)

    def discard(self, message: Any) -> None:
        self.items -= {message}

    def clear(self) -> None:
        self.items = frozenset()

    def __contains__(self, message: object) -> bool:
        return message in self.items

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(self.items, key=lambda m: (m.type.__name__, m[1:])))

    def __len__(self) -> int:
        return len(self.items)


class Record:
    """A state: one attribute for each variable, see Cells, Group and Messages."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)

    def copy(self) -> Record:
        return Record({name: _copy(value) for name, value in self.__dict__.items()})

    def in_flight(self) -> frozenset[Any]:
        """The messages, none if the model has no variable of that name."""
        messages = self.__dict__.get("messages")
        return frozenset() if messages is None else messages.items

    def key(self) -> tuple[Any, ...]:
        """A hashable that two states share only if they are equal."""
        return tuple(_key(value) for value in self.__dict__.values())


def _copy(value: Any) -> Any:
    match value:
        case Cells():
            return Cells(value.key, value.part, value.cells.copy())
        case Group():
            cells = value.__dict__["cells"]
            return Group("", (), {name: _copy(item) for name, item in cells.items()})
        case _:
            return Messages(value.capacity, value.items)


def _key(value: Any) -> Any:
    match value:
        case Cells():
            return tuple(value.cells)
        case Group():
            return tuple(tuple(item.cells) for item in value.__dict__["cells"].values())
        case _:
            return value.items


@dataclass(frozen=True)
class Successor:
    """A step out of a state: the action, its parameters as the model's integers or messages, the state."""

    action: Action
    params: tuple[Any, ...]
    state: Record


class Instance:
    """`model` under one cfg's constants and swaps.

    Raises CfgError for a swap of an unknown operator, of an unknown replacement or of another arity.
    """

    def __init__(self, model: Model, bound: Bound, swaps: Mapping[str, str]) -> None:
        self.model = model
        self.bound = bound
        self.swaps = dict(swaps)
        self.layout: Layout = make_layout(bound.schema)
        self.sources = resolve_swaps(model, swaps)
        self.kinds = {kind.name: Kind(kind) for kind in bound.schema.kinds}
        self.namespace: dict[str, Any] = {"__builtins__": __builtins__, **bound.names, **self.kinds}
        for name, source in self.sources.items():
            self.namespace[name] = self._rebind(source)
        self._init = self._rebind(model.init)

    def _rebind(self, source: Function | Constant) -> Function:
        if isinstance(source, Constant):
            value = source.value
            return lambda *_: value
        return FunctionType(source.__code__, self.namespace, source.__name__)

    def initial(self) -> Record:
        state = self.blank()
        self._init(state)
        return state

    def blank(self) -> Record:
        """Every part at its default, no message."""
        fields: dict[str, Any] = {}
        for variable in self.bound.schema.variables:
            if not variable.parts:
                fields[variable.name] = Messages(self.bound.schema.capacity)
            elif variable.parts[0].name:
                fields[variable.name] = Group(variable.name, variable.parts)
            else:
                fields[variable.name] = Cells(variable.name, variable.parts[0])
        return Record(fields)

    def successors(self, state: Record) -> Iterator[Successor]:
        """Every step out of `state`, in the model's order of actions and parameters."""
        for action in self.model.actions:
            function = self.namespace[action.name]
            for params in product(*(self.candidates(param, state) for param in action.params)):
                after = state.copy()
                if function(state, after, *params):
                    yield Successor(action, params, after)

    def candidates(self, param: Parameter, state: Record) -> list[Any]:
        if param.kinds is not None:
            messages: Any = state.__dict__["messages"]
            return [m for m in messages if not param.kinds or m.type.__name__ in param.kinds]
        return list(param.values) if param.values else list(self.bound.names[param.domain])

    def expected(self, action: Action) -> bool:
        """Whether the action can happen at all: not if it needs a feature that the cfg leaves out."""
        return not action.feature or action.feature in self.bound.names["Features"]

    def holds(self, name: str, *states: Record) -> bool:
        """Whether the state invariant or action property `name` holds of the state or step."""
        witness = self.model.negated(name)
        return not self.namespace[witness](*states) if witness else bool(self.namespace[name](*states))

    def label(self, param: Parameter, value: Any) -> Value:
        """A parameter's value in the cfg's names."""
        if param.kinds is not None:
            return self.model.present_message(value, self.bound)
        return self.bound.labels[param.domain][value] if param.domain in self.bound.labels else int(value)
