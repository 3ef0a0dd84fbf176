"""A counterexample to induction over few servers with real majorities, where a condition fails.

It shows that the proof breaks, not that a bad state can be reached: the state before satisfies the whole
invariant and nothing more is known of it. Z3 finds it over finitely many elements; the proof's own formulas,
run as Python, then confirm it and compute the state after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import z3

from pymodel.errors import ToolError
from pymodel.proof.evaluate import compile_updates, evaluator, number, plain_name, updated, witnesses
from pymodel.proof.ground import Ground, Grounder, conjunction, negation
from pymodel.proof.induction import Goal
from pymodel.proof.structure import Number, Row, Structure
from pymodel.proof.system import Action, System

SIZES = {"Node": 3, "Term": 3, "Index": 3, "Value": 2, "Round": 2, "Quorum": 3}
"""How many elements of each sort. The quorums are the three majorities of two servers."""
SINGLE = {**SIZES, "Node": 1, "Quorum": 1}
"""A cluster of one, whose only server is a quorum."""
TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Counterexample:
    """A step from a state of the invariant to one where `goal` fails, or a state if there is no action.

    `parameters` are those of the action, `witness` the values at which the goal is false.
    """

    goal: str
    action: str
    parameters: Mapping[str, Number]
    before: Structure
    after: Structure
    witness: Mapping[str, Number]


class Finder:
    """Looks for counterexamples of one system, or of it less a guard: the invariant is the same."""

    def __init__(self, system: System, sizes: Mapping[str, int] = SIZES) -> None:
        self.system = system
        self._grounder = Grounder(system, sizes)
        self._sizes = sizes
        self._z3 = z3.Solver()
        self._z3.set("timeout", int(TIMEOUT_S * 1000))
        before = system.before
        numeric = (system.axioms[name] for name in ("clocks", "LeaseTicks") if name in system.axioms)
        claims = (claim(before) for claim in system.invariant.values())
        for formula in (*numeric, system.shape(before), *claims):
            self._z3.add(self._grounder.ground(formula))
        self._add_side()

    def fits(self, system: System) -> bool:
        """Whether it can look into `system`: one with the same axioms, which it then takes for its own."""
        same = system.axioms.keys() == self.system.axioms.keys() and system.name == self.system.name
        self.system = system if same else self.system
        return same

    def _add_side(self) -> None:
        self._z3.add(*self._grounder.side)
        self._grounder.side.clear()

    def find(self, goal: Goal) -> Counterexample | None:
        """A counterexample to the goal, or None if there is none of this size or none is found in time.

        Raises ToolError where Z3's model does not show what Z3 says it does.
        """
        scopes = self._z3.num_scopes()
        known = dict(self._grounder.atoms)
        self._z3.push()
        try:
            formulas = [self._grounder.ground(formula) for formula in goal.assumed]
            formulas.append(z3.Not(self._grounder.ground(goal.claim)))
            self._z3.add(*formulas)
            self._add_side()
            if self._z3.check() != z3.sat:
                return None
            return self._confirmed(goal, self._smallest())
        finally:
            self._z3.pop(self._z3.num_scopes() - scopes)
            self._grounder.atoms = known

    def _smallest(self) -> Any:
        """A model in which as many relations as possible are empty, ghosts and messages first."""
        model = self._z3.model()
        for symbol in sorted(self.system.symbols.values(), key=lambda symbol: not symbol.ghost):
            if symbol.rigid or not symbol.is_relation or symbol.name in self.system.total:
                continue
            atoms = [atom for key, atom in self._grounder.atoms.items() if key[0] == symbol.name]
            if not atoms:
                continue
            empty = conjunction(negation(atom) for atom in atoms)
            self._z3.push()
            self._z3.add(empty)
            if z3.is_true(model.eval(empty, model_completion=True)):
                continue
            if self._z3.check() == z3.sat:
                model = self._z3.model()
            else:
                self._z3.pop()
        return model

    def _confirmed(self, goal: Goal, model: Any) -> Counterexample:
        """The model as a step, computed and confirmed by the proof's formulas."""
        system, condition = self.system, goal.condition
        before = self._structure(model)
        action = system.action(condition.action) if condition.action else NO_ACTION
        values = tuple(
            _value(model, self._grounder.atoms[key])
            if (key := ("parameter", parameter.decl().name())) in self._grounder.atoms
            else _unused(parameter)
            for parameter in action.parameters
        )
        compiled = compile_updates(system.symbols, action.updates, action.parameters)
        after = updated(before, system.symbols, compiled, values)
        for formula in (*(claim(system.before) for claim in system.invariant.values()), *goal.assumed):
            if not evaluator(formula, action.parameters)(before, *values):
                raise ToolError(f"Z3's model of {condition.name} does not satisfy what it has to")
        witness = witnesses(goal.claim, action.parameters)(before, *values)
        if witness is None:
            raise ToolError(f"Z3's model of {condition.name} does not refute it")
        names = [plain_name(parameter) for parameter in action.parameters]
        shown = dict(zip(names, values, strict=True))
        return Counterexample(condition.goal, condition.action, shown, before, after, witness)

    def _structure(self, model: Any) -> Structure:
        sorts = {
            str(s) for symbol in self.system.symbols.values() for s in (*symbol.arguments, symbol.result)
        }
        structure = Structure({name: range(size) for name, size in self._sizes.items() if name in sorts}, {})
        for name, symbol in self.system.symbols.items():
            rows = structure.rows(symbol.arguments)
            at = {row: _value(model, self._grounder.atom(name, _elements(row))) for row in rows}
            if not symbol.arguments:
                structure.values[name] = at[()]
            elif symbol.is_relation:
                structure.values[name] = {row for row, holds in at.items() if holds}
            else:
                structure.values[name] = at
        return structure


NO_ACTION = Action("", (), (), (), {}, {})


def _value(model: Any, ground: Ground) -> Number:
    """What a ground term is in a model; the first element, if the model leaves it open."""
    if isinstance(ground, dict):
        return next((k for k, case in ground.items() if z3.is_true(model.eval(case))), 0)
    if isinstance(ground, int):
        return ground
    return number(model.eval(ground, model_completion=True))


def _elements(row: Row) -> tuple[int, ...]:
    return tuple(int(item) for item in row)


def _unused(parameter: Any) -> Number:
    """A value for a parameter that no guard mentions."""
    return False if parameter.sort() == z3.BoolSort() else 0
