"""One node of the model's state, without bounds: what its actions read and write, and nothing of the others.

Every action but Tick touches one server, so that a state is a tuple of nodes and a step replaces one. A
node's variables are dicts with the model's own indexes (`s.role[i]`, `s.matchIndex[i, j]`), replaced as a
whole when one is written. Its log is a list of runs of one term: terms never fall along a log, so it is as
short as the elections were few, however long the log.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import index
from typing import Any

from trace_check.replay.free import unknown

JOINED = ("owed", "matchIndex", "nextIndex", "ackAge", "electionElapsed", "leaderHint")
"""Variables in which two states may differ and be joined to one."""

BEFORE_LOG = 0
"""The term of the index before a log."""


class FreeTerms:
    """Terms that the log does not tell, each a free value in `low..high`, the same at each asking."""

    __slots__ = ("_made", "high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high
        self._made: dict[int, Any] = {}

    def at(self, k: int) -> Any:
        """The term at index `k`."""
        made = self._made.get(k)
        if made is None:
            made = self._made[k] = unknown(self.low, self.high)
        return made

    def index_of(self, variable: Any) -> int | None:
        """The index whose term is this free value."""
        return next((k for k, made in self._made.items() if made is variable), None)


class Terms:
    """The terms of a log, `s.log.term[i, k]`: `values[n]` from index `starts[n]` on. Never written."""

    __slots__ = ("starts", "values")

    def __init__(self, starts: list[int], values: list[Any]) -> None:
        self.starts = starts
        self.values = values

    def __getitem__(self, key: tuple[int, int]) -> Any:
        k = index(key[1])
        starts = self.starts
        value = self.values[-1] if k >= starts[-1] else self.values[bisect_right(starts, k) - 1]
        return value.at(k) if type(value) is FreeTerms else value

    def cut(self, length: int) -> Terms:
        """The terms up to index `length`."""
        if self.starts[-1] <= length:
            return self
        kept = bisect_right(self.starts, length)
        return Terms(self.starts[:kept], self.values[:kept])

    def put(self, k: int, term: Any) -> Terms:
        """The terms up to `k - 1`, and `term` at `k`."""
        kept = self.cut(k - 1)
        last = kept.values[-1]
        if last is term or (type(last) is int and type(term) is int and last == term):
            return kept
        return Terms([*kept.starts, k], [*kept.values, term])

    def replaced(self, variable: Any, value: Any) -> Terms:
        """The terms with `value` wherever the free value `variable` stands."""
        starts: list[int] = []
        values: list[Any] = []
        for number, (start, old) in enumerate(zip(self.starts, self.values, strict=True)):
            k = old.index_of(variable) if type(old) is FreeTerms else None
            if k is None or k < start or (number + 1 < len(self.starts) and k >= self.starts[number + 1]):
                starts.append(start)
                values.append(value if old is variable else old)
                continue
            if start < k:
                starts.append(start)
                values.append(old)
            starts += [k, k + 1]
            values += [value, old]
            if number + 1 < len(self.starts) and k + 1 == self.starts[number + 1]:
                del starts[-1], values[-1]
        return Terms(starts, values)


NO_TERMS = Terms([0], [BEFORE_LOG])


class Constant:
    """Stands for a variable that the replay does not keep: each read gives `value`, each write is lost."""

    __slots__ = ("value",)

    def __init__(self, value: Any = 0) -> None:
        self.value = value

    def __getitem__(self, key: Any) -> Any:
        return self.value

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


class Log:
    """`s.log` of one node: `length[i]`, `term[i, k]`, `write[i, k]`; which write it is is not kept."""

    __slots__ = ("length", "term")

    write = Constant(0)

    def __init__(self, length: dict[int, Any], term: Terms) -> None:
        self.length = length
        self.term = term


class Local:
    """The variables of one node as attributes, by the model's names, and `owed`: the answers it may give, by
    their `marks`.

    Never written: a step makes another.
    """

    __slots__ = ("__dict__", "_key")

    log: Log
    owed: dict[Any, Any]
    currentTerm: dict[int, Any]
    role: dict[int, Any]
    votedFor: dict[int, Any]
    votesGranted: dict[tuple[int, int], Any]
    commitIndex: dict[int, Any]
    snapshotIndex: dict[int, Any]
    matchIndex: dict[tuple[int, int], Any]
    nextIndex: dict[tuple[int, int], Any]
    electionElapsed: dict[int, Any]

    def __init__(self, variables: dict[str, Any]) -> None:
        self.__dict__ = variables
        self._key: tuple[Any, ...] | None = None

    def having(self, **changed: Any) -> Local:
        """The node with these variables instead."""
        return Local({**self.__dict__, **changed})

    def with_cell(self, name: str, key: Any, value: Any) -> Local:
        """The node with one cell of the variable `name` changed."""
        cells = {**self.__dict__[name], key: value}
        return Local({**self.__dict__, name: cells})

    def replaced(self, variable: Any, value: Any) -> Local:
        """The node with `value` wherever the free value `variable` stands."""
        changed: dict[str, Any] = {}
        for name, cells in self.__dict__.items():
            if name == "log":
                length = _replaced_cells(cells.length, variable, value)
                changed[name] = Log(length, cells.term.replaced(variable, value))
            elif name == "owed":
                answers = [message_with(m, variable, value) for m in cells.values()]
                changed[name] = {marks(answer): answer for answer in answers}
            elif isinstance(cells, dict):
                changed[name] = _replaced_cells(cells, variable, value)
            else:
                changed[name] = cells
        return Local(changed)

    def key(self) -> tuple[Any, ...]:
        """A hashable that two states of a node share only if they differ in no more than `joined` joins."""
        if self._key is None:
            found: list[Any] = []
            for name, cells in self.__dict__.items():
                if name == "log":
                    found += cells.length.values()
                    found += cells.term.starts
                    found += cells.term.values
                elif name not in JOINED and isinstance(cells, dict):
                    found += cells.values()
            self._key = marks(found)
        return self._key

    def joined(self, other: Local) -> Local:
        """One state that can do whatever either can, of two with the same key.

        Its clock ran the less, and it owes the answers of both. What it knows of its peers is free between
        the two; whom it would redirect clients to is not kept.
        """
        mine, theirs = self.__dict__, other.__dict__
        return self.having(
            owed=self.owed if self.owed.keys() == other.owed.keys() else {**self.owed, **other.owed},
            matchIndex=_cells_joined(mine["matchIndex"], theirs["matchIndex"], _between),
            nextIndex=_cells_joined(mine["nextIndex"], theirs["nextIndex"], _between),
            electionElapsed=_cells_joined(mine["electionElapsed"], theirs["electionElapsed"], min),
        )


def _cells_joined(
    one: dict[Any, Any], other: dict[Any, Any], join: Callable[[Any, Any], Any]
) -> dict[Any, Any]:
    return {key: cell if cell is other[key] else join(cell, other[key]) for key, cell in one.items()}


def _between(one: Any, other: Any) -> Any:
    """A value that may be any from the lower to the higher of the two."""
    bounds = [value if isinstance(value, int) else (value.low, value.high) for value in (one, other)]
    flat = [b for bound in bounds for b in (bound if isinstance(bound, tuple) else (bound,))]
    return unknown(min(flat), max(flat))


def marks(values: Iterable[Any]) -> tuple[Any, ...]:
    """The values as a key: a free value is equal to itself alone, and compared without being split."""
    return tuple(value if type(value) is int else _mark(value) for value in values)


def _mark(value: Any) -> Any:
    return (type(value).__name__, marks(value)) if isinstance(value, tuple) else f"free {id(value)}"


def _replaced_cells(cells: dict[Any, Any], variable: Any, value: Any) -> dict[Any, Any]:
    return {key: value if cell is variable else cell for key, cell in cells.items()}


def message_with(message: Any, variable: Any, value: Any) -> Any:
    """The message with `value` wherever the free value `variable` stands."""
    if not any(field is variable for field in message):
        return message
    return type(message)(*(value if field is variable else field for field in message))
