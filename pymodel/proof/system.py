"""What a proof consists of: symbols, axioms, actions with labelled guards, an invariant, theorems.

A state is seen through a `View`: `s.currentTerm(n, t)` is an atom. An action says how its view after the
step reads, in terms of the one before: `updates["log"](n, i, e, v)` is the formula that `t.log(n, i, e, v)`
stands for. A goal about the state after is therefore built from formulas about the state before (its
weakest precondition), and what an action leaves alone costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import z3

from pymodel.proof.logic import Body, Formula, Language, Sort


@dataclass(frozen=True)
class Symbol:
    """A relation or function of the state (a constant, if it takes nothing). `result` is Bool for a
    relation. `ghost`: history that no guard reads. `rigid`: the same in every state. `fields` names the
    arguments where a row reads as a record: messages, and logs' entries."""

    name: str
    arguments: tuple[Sort, ...]
    result: Sort
    ghost: bool = False
    rigid: bool = False
    fields: tuple[str, ...] = ()

    @property
    def declaration(self) -> Any:
        return z3.Function(self.name, *self.arguments, self.result)

    @property
    def is_relation(self) -> bool:
        return bool(self.result == z3.BoolSort())


def nowhere(symbol: Symbol) -> Formula:
    """A relation holds of nothing."""
    variables = [z3.FreshConst(sort) for sort in symbol.arguments]
    return z3.ForAll(variables, z3.Not(symbol.declaration(*variables)))


class View:
    """A state: an attribute for each symbol, called with its arguments."""

    def __init__(self, symbols: Mapping[str, Symbol], updates: Mapping[str, Body] | None = None) -> None:
        self._symbols = symbols
        self._updates = dict(updates or {})

    def __getattr__(self, name: str) -> Body:
        if name.startswith("_") or name not in self._symbols:
            raise AttributeError(name)
        reading: Body = self._updates.get(name) or self._symbols[name].declaration
        return reading


@dataclass(frozen=True)
class Guard:
    """A condition of an action. A mutant of the proof drops it."""

    label: str
    formula: Formula


@dataclass(frozen=True)
class Step:
    """An action at its parameters. `reads` bind parameters to what the state holds and are no guards."""

    reads: tuple[Formula, ...] = ()
    guards: Mapping[str, Formula] = field(default_factory=dict)
    updates: Mapping[str, Body] = field(default_factory=dict)
    lemmas: Mapping[str, Formula] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """A transition for any value of its parameters. `name` is the spec's, or `Name/branch`."""

    name: str
    parameters: tuple[Formula, ...]
    reads: tuple[Formula, ...]
    guards: tuple[Guard, ...]
    updates: Mapping[str, Body]
    lemmas: Mapping[str, Formula]

    @property
    def of(self) -> str:
        """The spec's action."""
        return self.name.partition("/")[0]


Claim = Callable[[View], Formula]
StepClaim = Callable[[View, View], Formula]


@dataclass(frozen=True)
class System:
    """A transition system and what is proved of it.

    `invariant` is the conjunction proved inductive; `theorems` follow from it in each state,
    `step_theorems` of each step between states in which it holds. `axioms` are about rigid symbols;
    `total` names relations that give each node exactly one row; `shape` is what real states satisfy beside.
    `from_instances`: what is proved of a theorem where it rests on chosen instances of one before it.
    `assumptions` say, in words, what the axioms and guards take for granted of the world.
    """

    name: str
    about: str
    language: Language
    symbols: Mapping[str, Symbol]
    axioms: Mapping[str, Formula]
    initial: Claim
    actions: tuple[Action, ...]
    invariant: Mapping[str, Claim]
    theorems: Mapping[str, Claim]
    step_theorems: Mapping[str, StepClaim]
    total: frozenset[str]
    shape: Claim
    assumptions: tuple[str, ...]
    from_instances: Mapping[str, Claim] = field(default_factory=dict)

    @property
    def before(self) -> View:
        return View(self.symbols)

    def after(self, action: Action) -> View:
        return View(self.symbols, action.updates)

    def action(self, name: str) -> Action:
        """The action of that name. Raises KeyError if there is none."""
        return {action.name: action for action in self.actions}[name]


def make_action(
    language: Language, view: View, function: Callable[..., Step], name: str | None = None
) -> Action:
    """The action that `function(s, *parameters)` describes, at fresh constants of its parameters' sorts."""
    parameters = language.fresh(function, skip=1)
    step = function(view, *parameters)
    guards = tuple(Guard(label, formula) for label, formula in step.guards.items())
    return Action(name or function.__name__, parameters, step.reads, guards, step.updates, step.lemmas)
