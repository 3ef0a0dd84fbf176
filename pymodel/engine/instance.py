"""A model bound to one cfg, run by the Python interpreter: for debugging, replay and explanations.

The model's functions are rebound, not rewritten: each becomes a function over the same code whose
globals are this cfg's constants, messages and, where the cfg swaps one, the replacement. Nothing is
patched, so instances of several cfgs live side by side.
"""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from types import FunctionType
from typing import Any

from pymodel.engine.contract import Action, Bound, Constant, Function, MessageKind, Model, Parameter, Part
from pymodel.engine.layout import Layout, make_layout
from pymodel.errors import CfgError, LayoutError
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
            if not axis.low <= value <= axis.high:
                raise LayoutError(f"{self.key}[{index}] is outside {axis.low}..{axis.high}", mend=OVERFLOW_MEND)
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
    """The values of an array field, indexed from 1 as its axis is."""

    def __getitem__(self, k: Any) -> Any:
        return super().__getitem__(k - 1)


class Kind:
    """A kind of message: called with its fields it makes one; compared with `m.type` it tells the kind."""

    def __init__(self, kind: MessageKind) -> None:
        self.__name__ = kind.name
        self.kind = kind
        self._tuple: Any = namedtuple(kind.name, ("type", *(field.name for field in kind.fields)))

    def __call__(self, **values: Any) -> Any:
        cells: list[Any] = []
        for field in self.kind.fields:
            value = values.pop(field.name)
            for item in value if field.axis else (value,):
                check_range(f"{self.__name__}.{field.name}", item, field.values.low, field.values.high)
            cells.append(Slots(value) if field.axis else value)
        if values:
            raise TypeError(f"{self.__name__} has no field {', '.join(values)}")
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

    def holds(self, name: str, *states: Record) -> bool:
        """Whether the state invariant or action property `name` holds of the state or step."""
        return bool(self.namespace[name](*states))

    def label(self, param: Parameter, value: Any) -> Value:
        """A parameter's value in the cfg's names."""
        if param.kinds is not None:
            return self.model.present_message(value, self.bound)
        return self.bound.labels[param.domain][value] if param.domain in self.bound.labels else int(value)


def resolve_swaps(model: Model, swaps: Mapping[str, str]) -> dict[str, Function | Constant]:
    """The model's functions with each swapped one replaced. Raises CfgError."""
    known = {**model.functions}
    result = {**known}
    for name, other in swaps.items():
        if name not in known or isinstance(known[name], Constant):
            raise CfgError(
                f"{name} is not an operator of the model that can be swapped",
                mend=f"swap a guard ({', '.join(model.guards)}) or an action",
            )
        if other not in known:
            raise CfgError(
                f"{other} has no twin in the Python model",
                mend=f"write a function {other} beside its TLA+ operator's twin in pymodel/raft/mutants.py",
            )
        if name in model.guards:
            _check_arity(name, known[name], other, known[other])
        if name in _calls(known[other]):
            raise CfgError(f"{other} calls {name}, which it replaces", mend="write its text out instead")
        result[name] = known[other]
    return result


def _arity(source: Function | Constant) -> int:
    return source.arity if isinstance(source, Constant) else source.__code__.co_argcount - 1


def _check_arity(name: str, guard: Function | Constant, other: str, swap: Function | Constant) -> None:
    if _arity(guard) != _arity(swap):
        raise CfgError(
            f"{name} has {_arity(guard)} parameters and {other} has {_arity(swap)}",
            mend="swap operators of equal arity",
        )


def _calls(source: Function | Constant) -> tuple[str, ...]:
    return () if isinstance(source, Constant) else inspect.unwrap(source).__code__.co_names


