"""What a model hands to the engine: declared state, message kinds, actions and properties.

A model is ordinary Python. An action is `(s, t, *params) -> bool`: `s` is the state before, `t`
arrives as its copy and leaves as the state after; False means "not enabled, t untouched". A state
property takes `s`, an action property `(s, t)`. Functions name constants, guards and messages as
plain globals; `pymodel.engine.instance` binds those to one cfg for the interpreter, and
`pymodel.engine.generate` to machine code. Both read the same source.

The subset of Python that compiles: integers and booleans; local variables; `if`, `while`, `for ... in`
a domain, `range`, a tuple or `s.messages`, `break`, `continue`; `+ - *`, `& | ^`, comparisons, `and`,
`or`, `not`, `in`; calls of the model's own functions (but its actions, and not recursive), `min`,
`max`, `len`. A step writes `t` and its locals, never `s`; states are always called s and t.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pymodel.values import State, Value

Function = Callable[..., Any]

NEVER = "Never"


@dataclass(frozen=True)
class Axis:
    """An index range `low..high`, inclusive. `sort` names the permutable domain it ranges over, if any;
    its members are numbered from 0."""

    low: int
    high: int
    sort: str = ""

    @property
    def size(self) -> int:
        return max(0, self.high - self.low + 1)


@dataclass(frozen=True)
class Range:
    """The values `low..high`, inclusive. `sort` as in Axis: a value >= 0 is then a member of it."""

    low: int
    high: int
    sort: str = ""

    @property
    def bits(self) -> int:
        return max(1, (self.high - self.low).bit_length())


@dataclass(frozen=True)
class Part:
    """One packed array: `s.<variable>[...]`, or `s.<variable>.<name>[...]` if `name` is not empty. Only a
    part with a name may have no axes; it is read as `s.<variable>.<name>`.

    `default` is the value of an unused slot and of the state before Init runs.
    """

    name: str
    axes: tuple[Axis, ...]
    values: Range
    default: int = 0

    @property
    def size(self) -> int:
        total = 1
        for axis in self.axes:
            total *= axis.size
        return total


@dataclass(frozen=True)
class Variable:
    """A variable of the spec: one unnamed part or several named ones."""

    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class MessageField:
    """A field of a message: a value, or one value for each index of `axis`."""

    name: str
    values: Range
    axis: Axis | None = None

    @property
    def size(self) -> int:
        return 1 if self.axis is None else self.axis.size


@dataclass(frozen=True)
class MessageKind:
    """A kind of message. Fields of one name have one meaning and one range in every kind."""

    name: str
    fields: tuple[MessageField, ...]


@dataclass(frozen=True)
class Schema:
    """The state of one cfg: variables in the spec's order; `messages` is the variable of that name,
    a set of at most `capacity` messages."""

    variables: tuple[Variable, ...]
    kinds: tuple[MessageKind, ...]
    capacity: int


@dataclass(frozen=True)
class Parameter:
    """An action's parameter: it ranges over a domain (by name, e.g. "Server"), over fixed integers,
    or over the messages in flight of the given kinds (all kinds if the tuple is empty)."""

    name: str
    domain: str = ""
    values: tuple[int, ...] = ()
    kinds: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Action:
    """A step of the model. `params` are the function's arguments after `s` and `t`, in order. `feature` is
    the member of the constant Features without which it never happens, "" if it needs none."""

    function: Function
    params: tuple[Parameter, ...]
    feature: str = ""

    @property
    def name(self) -> str:
        return self.function.__name__


@dataclass(frozen=True)
class Constant:
    """A stand-in for any guard with `arity` arguments beside the state: it is always `value`."""

    value: bool
    arity: int


@dataclass(frozen=True)
class Steps:
    """Some steps of an action. `at[k]` names what must equal the k-th bound variable of the condition: a
    parameter ("i"), or a field of a message parameter ("m.dest"). Empty: all steps of the action."""

    action: str
    at: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fairness:
    """Weak or strong fairness of a union of steps. With `over`, one condition for each choice of a member
    from each domain (by name, or as integers): `\\A i \\in Server : WF_vars(Timeout(i))` is
    `Fairness((Steps("Timeout", ("i",)),), over=("Server",))`."""

    steps: tuple[Steps, ...]
    over: tuple[str | tuple[int, ...], ...] = ()
    strong: bool = False


class Shape(StrEnum):
    """What a liveness property claims of P, or of P and Q."""

    INFINITELY_OFTEN = "[]<>P"
    EVENTUALLY_ALWAYS = "<>[]P"
    LEADS_TO = "P ~> Q"


@dataclass(frozen=True)
class Liveness:
    """A property of infinite behaviours. `p` and `q` (LEADS_TO only) take `s`, and with `over`, the name of
    a domain, also a member of it, for each of which the property claims its shape. They are among the
    model's functions."""

    shape: Shape
    p: Function
    q: Function | None = None
    over: str = ""


@dataclass(frozen=True)
class Bound:
    """Constants of one cfg, resolved for the model's functions.

    `names` maps every constant and domain a function may use to an int, bool, str, frozenset of str
    or range; `labels` maps a sort to the cfg's names of its members, in order.
    """

    names: Mapping[str, Any]
    labels: Mapping[str, tuple[str, ...]]
    schema: Schema


@dataclass(frozen=True)
class Model:
    """A transition system written once.

    `bind` turns a cfg's constants into a `Bound` (raises CfgError). `functions` holds every function
    by name that actions and properties call, guards included; a cfg may swap any of them for another
    of the same arity. `present` turns an interpreted state into TLA+ values, `present_message` one
    message. `binders` maps a local name of a property to the sort it ranges over, for witnesses.
    `witnesses` are predicates of a state that some behaviour is to reach; each, X, is also known by its
    negation, the invariant NeverX.
    `anti_invariants` and `anti_properties` are claims that are false of the system, of a state and of a step:
    a cfg may check one to see it fail.
    `specification` demands no fairness; `fair` has further specifications by name, each with its demands.
    """

    name: str
    module: str
    bind: Callable[[Mapping[str, Value], Callable[[str], tuple[Value, ...]]], Bound]
    init: Function
    actions: tuple[Action, ...]
    functions: Mapping[str, Function | Constant]
    invariants: Mapping[str, Function]
    properties: Mapping[str, Function]
    constraints: Mapping[str, Function]
    symmetries: Mapping[str, str]
    present: Callable[[Any, Bound], State]
    present_message: Callable[[Any, Bound], Value]
    guards: tuple[str, ...] = ()
    views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    binders: Mapping[str, str] = field(default_factory=dict)
    witnesses: Mapping[str, Function] = field(default_factory=dict)
    anti_invariants: Mapping[str, Function] = field(default_factory=dict)
    anti_properties: Mapping[str, Function] = field(default_factory=dict)
    specification: str = "Spec"
    fair: Mapping[str, tuple[Fairness, ...]] = field(default_factory=dict)
    liveness: Mapping[str, Liveness] = field(default_factory=dict)

    @property
    def negations(self) -> tuple[str, ...]:
        """The invariants that say of a witness that it is never reached, in the witnesses' order."""
        return tuple(NEVER + name for name in self.witnesses)

    def negated(self, invariant: str) -> str:
        """The witness that `invariant` is the negation of; empty if it is an invariant of its own."""
        name = invariant.removeprefix(NEVER)
        return name if name != invariant and name in self.witnesses else ""
