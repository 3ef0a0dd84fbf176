"""A whole state as tables: functions over one domain share a table, everything else is a line.

Nothing is hidden: every variable is in exactly one table row or one single.
"""

from __future__ import annotations

from dataclasses import dataclass

from pymodel.report.diff import function_domains
from pymodel.report.pretty import compact
from pymodel.values import Fn, State, Value


@dataclass(frozen=True)
class Cell:
    """A value in words, and whether it differs from the state before."""

    text: str
    changed: bool = False


@dataclass(frozen=True)
class Row:
    """A variable that is a function: its values in the order of the table's columns."""

    variable: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """All variables that are functions over `columns`; at least two of them."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Single:
    """A variable that shares its domain with no other."""

    variable: str
    cell: Cell


@dataclass(frozen=True)
class StateView:
    """A state ready to print, tables first; both parts in the spec's order."""

    tables: tuple[Table, ...]
    singles: tuple[Single, ...]


def view_state(state: State, before: State | None = None) -> StateView:
    """`state` as tables and singles; cells that differ from `before` are marked as changed."""
    domains = function_domains((state,))
    groups: dict[frozenset[Value], list[str]] = {}
    for name, value in state.items():
        if isinstance(value, Fn) and frozenset(value) in domains:
            groups.setdefault(frozenset(value), []).append(name)
    shared = [names for names in groups.values() if len(names) > 1]
    tabled = {name for names in shared for name in names}
    singles = tuple(
        Single(name, Cell(compact(value), before is not None and before.get(name) != value))
        for name, value in state.items()
        if name not in tabled
    )
    return StateView(tuple(_table(names, state, before) for names in shared), singles)


def _table(names: list[str], state: State, before: State | None) -> Table:
    functions = {name: value for name in names if isinstance(value := state[name], Fn)}
    columns = tuple(functions[names[0]])
    rows = tuple(
        Row(name, tuple(_cell(function, key, before, name) for key in columns))
        for name, function in functions.items()
    )
    return Table(tuple(map(compact, columns)), rows)


def _cell(function: Fn, key: Value, before: State | None, variable: str) -> Cell:
    old = before.get(variable) if before is not None else function
    return Cell(compact(function[key]), not isinstance(old, Fn) or old.get(key) != function[key])
