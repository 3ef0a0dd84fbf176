"""The model's own actions, run on one node without bounds: what the checker checks is what the log must do.

The functions are those of pymodel.raft, rebound as pymodel.engine.instance does, to state whose integers
are as wide as a log needs. History and client outcomes are not kept: no action reads the one, and logs name
no write. Time is free: a node's clock may tick whenever a step needs it, and leases, which are the rules'
to judge by the log's own clocks, neither keep a write out nor end a term unasked.
"""

from __future__ import annotations

import builtins
from collections import namedtuple
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from pymodel.cfg import read_cfg
from pymodel.engine.contract import Constant as FixedGuard
from pymodel.engine.contract import MessageKind, Part
from pymodel.engine.swaps import resolve_swaps
from pymodel.raft.model import RAFT
from pymodel.specfiles import spec_folder
from pymodel.values import Value
from trace_check.replay.free import TooFree
from trace_check.replay.local import NO_TERMS, Constant, Local, Log

SWAPS = {"HasQuorumContact": "True1"}
_CONSTANTS: dict[str, Value] = {
    "ElectionTicks": 1,
    "LeaseTicks": 1,
    "ClockSkew": 0,
    "LeasePolicy": "SendTime",
    "Snapshots": True,
    "Faults": frozenset({"loss", "restart"}),
    "History": frozenset(),
}
ENTRIES_MAX = 200_000
"""Logs are taken entry by entry in snapshots and commits: more than this at once is no log that was kept."""
_NOT_KEPT = ("client", "reads", "elections", "commits", "acks", "audit", "skew")


class Indexed(tuple[Any, ...]):
    """The values of a message's array field, indexed from 1; `beyond` its end."""

    beyond: int

    @classmethod
    def of(cls, values: Any, beyond: int) -> Indexed:
        made = cls(values)
        made.beyond = beyond
        return made

    def __getitem__(self, k: Any) -> Any:
        return super().__getitem__(k - 1) if k <= len(self) else self.beyond


class Machine:
    """The model's actions for `servers`. `run` takes one step of one node."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        constants: dict[str, Value] = {
            **read_cfg(spec_folder() / "small.cfg").constants,
            **_CONSTANTS,
            "Server": frozenset(servers),
            "Write": frozenset(),
        }
        bound = RAFT.bind(constants, lambda name: servers if name == "Server" else ())
        self.servers = servers
        self.kinds = {kind.name: _fast_kind(kind) for kind in bound.schema.kinds}
        self.names: dict[str, Any] = {"__builtins__": builtins, **bound.names, **self.kinds}
        for name, source in resolve_swaps(RAFT, SWAPS).items():
            self.names[name] = _rebound(source, self.names)
        self.names["RecordCommits"] = lambda *_: None
        self.parts = {
            variable.name: variable.parts[0]
            for variable in bound.schema.variables
            if variable.parts and variable.name not in ("log", *_NOT_KEPT)
        }
        self._after = _After(self.parts)

    def __getattr__(self, name: str) -> Any:
        """A name of the model: a role, a constant, Nil."""
        return self.names[name]

    def blank(self, i: int) -> Local:
        """Node i as Init has it."""
        variables: dict[str, Any] = {
            name: dict.fromkeys(_keys(part, i), part.default) for name, part in self.parts.items()
        }
        variables["log"] = Log({i: 0}, NO_TERMS)
        variables |= {name: Constant() for name in _NOT_KEPT}
        variables["owed"] = {}
        for j in range(len(self.servers)):
            variables["ackAge"][i, j] = self.names["LeaseTicks"]
        return Local(variables)

    def run(self, action: str, local: Local, *params: Any) -> tuple[Local, tuple[Any, ...]] | None:
        """The node after a step and the messages that it sends, None if the action is not enabled.

        Raises: Undetermined, TooFree.
        """
        after = self._after
        after.before = local
        try:
            enabled = self.names[action](local, after, *params) is not False
        except BaseException:
            after.clear()
            raise
        if enabled:
            return after.taken()
        after.clear()
        return None

    def request_of_term(self, i: int, term: Any) -> Any:
        """A message to server i of this term, which says no more."""
        kind = self.kinds["RequestVoteRequest"]
        return kind(**{**dict.fromkeys(kind._fields, 0), "source": i, "dest": i, "term": term})

    def snapshot_spans(self, indexes: int) -> None:
        """Snapshots in what follows hold up to `indexes` entries. Raises: TooFree if that cannot be."""
        if indexes > ENTRIES_MAX:
            raise TooFree
        self.names["LogIndex"] = range(1, indexes + 1)


def _rebound(source: Any, names: dict[str, Any]) -> Callable[..., Any]:
    if isinstance(source, FixedGuard):
        value = source.value
        return lambda *_: value
    return FunctionType(source.__code__, names, source.__name__)


def _keys(part: Part, i: int) -> Iterator[Any]:
    """The indexes of a part that belong to server i, its first axis."""
    if len(part.axes) == 1:
        yield i
    else:
        yield from ((i, k) for k in range(part.axes[1].low, part.axes[1].high + 1))


def _fast_kind(kind: MessageKind) -> Any:
    """A kind of message as a named tuple of its fields, which carries itself as `type`."""
    arrays = {field.name: field.values.low for field in kind.fields if field.axis}
    make_tuple: Any = namedtuple
    fields = [field.name for field in kind.fields]
    made: Any = type(kind.name, (make_tuple(kind.name, fields),), {"__slots__": ()})
    made.type = made
    if not arrays:
        return made

    class WithArrays(made):  # type: ignore[misc]
        __slots__ = ()

        def __new__(cls, *ordered: Any, **values: Any) -> Any:
            if ordered:
                return super().__new__(cls, *ordered)
            for name, beyond in arrays.items():
                values[name] = Indexed.of(values[name], beyond)
            return tuple.__new__(cls, [values[name] for name in fields])

    WithArrays.__name__ = kind.name
    WithArrays.type = WithArrays
    return WithArrays


class _Cells(dict[Any, Any]):
    """What a step writes to one variable; what it reads back is the value before it."""

    __slots__ = ("after", "name")

    def __init__(self, name: str, after: _After) -> None:
        super().__init__()
        self.name = name
        self.after = after

    def __missing__(self, key: Any) -> Any:
        return getattr(self.after.before, self.name)[key]


class _Sent:
    """`t.messages`: what a step sends. What it takes from the network is the replay's to know."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def add(self, message: Any) -> None:
        self.items.append(message)

    def discard(self, message: Any) -> None:
        pass


class _LogAfter:
    """`t.log`: the length and the terms that a step writes."""

    write = Constant(0)

    def __init__(self) -> None:
        self.length: dict[int, Any] = {}
        self.term: dict[tuple[int, int], Any] = {}


class _History:
    """A variable with named parts that is not kept."""

    def __getattr__(self, name: str) -> Constant:
        return Constant()


class _After:
    """`t`, the state after a step: holds what was written, until it is taken."""

    before: Local

    def __init__(self, parts: dict[str, Part]) -> None:
        self.cells = {name: _Cells(name, self) for name in parts}
        self.__dict__.update(self.cells)
        self.log = _LogAfter()
        self.messages = _Sent()
        for name in _NOT_KEPT:
            setattr(self, name, _History() if name in ("commits", "audit") else Constant())

    def taken(self) -> tuple[Local, tuple[Any, ...]]:
        """The node after the step, and the messages sent; nothing is written any more then."""
        before = self.before
        changed: dict[str, Any] = {}
        for name, written in self.cells.items():
            if written:
                changed[name] = {**before.__dict__[name], **written}
                written.clear()
        if self.log.length or self.log.term:
            changed["log"] = _log_after(before.log, self.log)
            self.log.length, self.log.term = {}, {}
        sent = tuple(self.messages.items)
        if sent:
            self.messages.items = []
        return (Local({**before.__dict__, **changed}) if changed else before), sent

    def clear(self) -> None:
        """Forgets what a step has written that is not taken."""
        for written in self.cells.values():
            if written:
                written.clear()
        if self.log.length or self.log.term:
            self.log.length, self.log.term = {}, {}
        if self.messages.items:
            self.messages.items = []


def _log_after(before: Log, written: _LogAfter) -> Log:
    """The log with what was written: a new length, and terms up to it."""
    length = {**before.length, **written.length}
    (last,) = length.values()
    terms = before.term
    for (_, k), term in sorted(written.term.items(), key=lambda item: item[0]):
        if k <= last:
            terms = terms.put(k, term)
    return Log(length, terms.cut(last))
