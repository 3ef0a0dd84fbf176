"""A finite structure, and a counterexample over one, as the values and behaviours that reports print.

Servers are n1, n2, ..., writes w1, ..., quorums sets of servers; terms and indexes are numbers. A relation
that gives each server one row is a function, one over a server and something is a set for each server, and a
log is a sequence. `past` follows from currentTerm and is left out, as are symbols that never change.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pymodel.engine.result import Counterexample as Behaviour
from pymodel.engine.result import Step
from pymodel.proof.counterexample import Counterexample
from pymodel.proof.structure import Number, Row, Structure, majorities
from pymodel.proof.system import Symbol, System
from pymodel.values import Fn, Value

HIDDEN = ("past",)
ENTRY = ("Index", "Term", "Value")
_PREFIX = {"Node": "n", "Value": "w", "Round": "r"}


def label(sort: str, value: Number) -> Value:
    """An element of a sort, or a number, as it is written."""
    if sort == "Quorum":
        return frozenset(label("Node", n) for n in majorities(3)[int(value)])
    if sort in _PREFIX:
        return f"{_PREFIX[sort]}{int(value) + 1}"
    if isinstance(value, Fraction) and value.denominator != 1:
        return str(value)
    return value if isinstance(value, bool) else int(value)


def present(system: System, structure: Structure) -> dict[str, Value]:
    """Every symbol that can change, in the system's order."""
    return dict(_present(system, structure))


def _present(system: System, structure: Structure) -> Iterator[tuple[str, Value]]:
    nodes = list(structure.domains["Node"])
    for name, symbol in system.symbols.items():
        if symbol.rigid or name in HIDDEN:
            continue
        value = structure.values[name]
        sorts = tuple(str(sort) for sort in symbol.arguments)
        if isinstance(value, dict):
            yield name, Fn({_row(sorts, row): label(str(symbol.result), item) for row, item in value.items()})
        elif not isinstance(value, set):
            yield name, label(str(symbol.result), value)
        elif name in system.total:
            yield name, Fn({label("Node", row[0]): _row(sorts[1:], row[1:]) for row in sorted(value)})
        elif sorts[-3:] == ENTRY and len(sorts) > 3 and not symbol.fields:
            yield name, _logs(sorts[:-3], value, nodes)
        elif sorts[0] == "Node" and len(sorts) == 2:
            sets = {n: frozenset(label(sorts[1], row[1]) for row in value if row[0] == n) for n in nodes}
            yield name, Fn({label("Node", n): sets[n] for n in nodes})
        else:
            yield name, frozenset(_element(symbol, sorts, row) for row in value)


def _row(sorts: tuple[str, ...], row: Row) -> Value:
    values = tuple(label(sort, item) for sort, item in zip(sorts, row, strict=True))
    return values[0] if len(values) == 1 else values


def _element(symbol: Symbol, sorts: tuple[str, ...], row: Row) -> Value:
    if not symbol.fields:
        return _row(sorts, row)
    values = (label(sort, item) for sort, item in zip(sorts, row, strict=True))
    return Fn(dict(zip(symbol.fields, values, strict=True)))


def _logs(sorts: tuple[str, ...], rows: set[Row], nodes: list[int]) -> Value:
    """A log for each owner, all servers or those terms that have one: index, term and write of each entry."""
    owners = [(n,) for n in nodes] if sorts == ("Node",) else sorted({row[:-3] for row in rows})
    return Fn({_row(sorts, owner): tuple(_entries(rows, owner)) for owner in owners})


def _entries(rows: set[Row], owner: Row) -> Iterator[Value]:
    for index, term, value in sorted(row[-3:] for row in rows if row[:-3] == owner):
        yield Fn({"index": int(index), "term": int(term), "write": label("Value", value)})


def _holds_something(value: Value) -> bool:
    """Whether a relation has a row; any other symbol always says something."""
    if isinstance(value, Fn):
        return any(_holds_something(item) for item in value.values())
    return bool(value) if isinstance(value, (frozenset, tuple)) else True


def behaviour(system: System, found: Counterexample) -> Behaviour:
    """The counterexample as a behaviour of two states, or one if a theorem fails of a state. Relations that
    are empty in both are left out."""
    states = [present(system, structure) for structure in (found.before, found.after)]
    shown = [name for name in states[0] if any(_holds_something(state[name]) for state in states)]
    before, after = ({name: state[name] for name in shown} for state in states)
    steps = [Step("a state of the invariant", {}, before)]
    if found.action:
        sorts = {name: str(system.language.sort_of(name)) for name in found.parameters}
        params = {name: label(sorts[name], value) for name, value in found.parameters.items()}
        steps.append(Step(found.action, params, after))
    witness = tuple(
        f"{name} = {label(str(system.language.sort_of(name)), value)}"
        for name, value in found.witness.items()
    )
    return Behaviour(found.goal, tuple(steps), witness)
