"""From a violation to a counterexample that a person can follow, by re-execution in the interpreter."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from pymodel.engine.contract import Function
from pymodel.engine.goal import DEADLOCK, Goal, Violation
from pymodel.engine.instance import Instance, Record, Successor
from pymodel.engine.pack import unpack
from pymodel.engine.result import Counterexample, Step
from pymodel.engine.search import Search
from pymodel.engine.symmetry import canonical_words
from pymodel.errors import LayoutError
from pymodel.values import Value, format_value


def counterexample(search: Search, violation: Violation) -> Counterexample:
    """The shortest behaviour that ends in `violation`, each step taken by the model itself."""
    return retraced(
        search.instance, search.goal, search.path(violation), violation.name, beyond=violation.ordinal >= 0
    )


def retraced(
    instance: Instance, goal: Goal, rows: Sequence[Sequence[int]], name: str, *, beyond: bool
) -> Counterexample:
    """The behaviour through the packed states `rows`, each step taken by the model itself, to a violation
    of `name`: in the last of them, or `beyond` it by one more step."""
    state = instance.initial()
    steps = [Step("Init", {}, instance.model.present(state, instance.bound))]
    for row in rows[1:]:
        step = _step_to(instance, goal, state, row)
        steps.append(shown_step(instance, step))
        state = step.state
    before = state
    if beyond:
        step = _violating_step(instance, state, name, goal.invariants)
        steps.append(shown_step(instance, step))
        before, state = state, step.state
    return Counterexample(name, tuple(steps), _witness_of(instance, goal, name, before, state))


def shown_step(instance: Instance, step: Successor) -> Step:
    """The step in the cfg's names."""
    params = {
        param.name: instance.label(param, value)
        for param, value in zip(step.action.params, step.params, strict=True)
    }
    return Step(step.action.name, params, instance.model.present(step.state, instance.bound))


def _step_to(instance: Instance, goal: Goal, state: Record, row: Sequence[int]) -> Successor:
    """The first step out of `state` that leads to the packed state `row`, up to symmetry."""
    wanted = canonical_words(instance, unpack(instance, row), goal.symmetry)
    for step in instance.successors(state):
        if canonical_words(instance, step.state, goal.symmetry) == wanted:
            return step
    raise LayoutError("no step of the interpreted model leads to a state found: the two twins disagree")


def _violating_step(instance: Instance, state: Record, name: str, invariants: tuple[str, ...]) -> Successor:
    for step in instance.successors(state):
        states = (step.state,) if name in invariants else (state, step.state)
        if not instance.holds(name, *states):
            return step
    raise LayoutError(f"no step of the interpreted model violates {name}: the two twins disagree")


def _witness_of(instance: Instance, goal: Goal, name: str, before: Record, after: Record) -> tuple[str, ...]:
    if name == DEADLOCK:
        return ()
    states = (after,) if name in goal.invariants else (before, after)
    return witness(instance, name, *states)


def witness(instance: Instance, name: str, *states: Record) -> tuple[str, ...]:
    """Which bound variables make the property false: "i = s1", "k = 2", in the order they were bound.

    A property returns where its first claim fails, so its local variables at that return are the
    witness; they are read from the frame, which keeps the properties free of bookkeeping. Likewise
    a predicate that is never to hold, where it does.
    """
    negated = instance.model.negated(name)
    function: Function = instance.namespace[negated or name]
    seen: dict[str, Any] = {}

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is function.__code__:
            seen.update(frame.f_locals)

    previous = sys.getprofile()
    sys.setprofile(watch)
    try:
        true = bool(function(*states))
    finally:
        sys.setprofile(previous)
    if true != bool(negated):
        return ()
    bound = {key: value for key, value in seen.items() if key not in ("s", "t")}
    return tuple(f"{key} = {format_value(_labelled(instance, key, value))}" for key, value in bound.items())


def _labelled(instance: Instance, name: str, value: Any) -> Value:
    if isinstance(value, tuple):
        return instance.model.present_message(value, instance.bound)
    sort = instance.model.binders.get(name)
    if sort is not None and value >= 0:
        return instance.bound.labels[sort][int(value)]
    number: int = value
    return number
