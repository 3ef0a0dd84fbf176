"""A lasso found in the graph, taken again by the interpreter: each step, the loop, fairness, the property.

What does not hold up raises LayoutError: then compiled and interpreted model disagree, and the finding
must not be reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pymodel.engine.contract import Liveness, Shape
from pymodel.engine.explain import shown_step
from pymodel.engine.fairness import Demands
from pymodel.engine.instance import Instance, Record, Successor
from pymodel.engine.result import Counterexample, Step
from pymodel.errors import LayoutError
from pymodel.values import format_value


@dataclass(frozen=True)
class Claim:
    """A liveness property, for one member of the domain it ranges over (none: `member` is empty)."""

    name: str
    liveness: Liveness
    member: tuple[int, ...] = ()

    def p(self, instance: Instance, state: Record) -> bool:
        return bool(instance.namespace[self.liveness.p.__name__](state, *self.member))

    def q(self, instance: Instance, state: Record) -> bool:
        return self.liveness.q is not None and bool(
            instance.namespace[self.liveness.q.__name__](state, *self.member)
        )


def counterexample(
    instance: Instance,
    demands: Demands,
    constraints: tuple[str, ...],
    claim: Claim,
    states: Sequence[Record],
    loop: int,
) -> Counterexample:
    """The behaviour through `states` and from the last of them back to states[loop], forever (the last
    itself: it stutters). Raises LayoutError where the model does not take it, where it is not fair, or
    where it does not violate `claim`."""
    if states[0].key() != instance.initial().key():
        raise _disagree("the lasso does not start in the initial state")
    for number, state in enumerate(states, 1):
        if not all(instance.holds(name, state) for name in constraints):
            raise _disagree(f"state {number} of the lasso is outside the constraint")
    steps = [Step("Init", {}, instance.model.present(states[0], instance.bound))]
    marks = []
    stuttering = loop == len(states) - 1
    for before, after in pairwise([*states, *([] if stuttering else [states[loop]])]):
        step, mark = _step(instance, demands, before, after)
        steps.append(shown_step(instance, step))
        marks.append(mark)
    closing = None if stuttering else steps.pop()
    _confirm_fair(instance, demands, states[loop:], marks[loop:])
    if not _violates(instance, claim, states, loop):
        raise _disagree(f"the lasso does not violate {claim.name}")
    return Counterexample(claim.name, tuple(steps), _witness(instance, claim), loop, closing)


def _step(instance: Instance, demands: Demands, before: Record, after: Record) -> tuple[Successor, int]:
    """The first step from one state to the other, and the conditions that any such step counts for."""
    wanted = after.key()
    steps = [step for step in instance.successors(before) if step.state.key() == wanted]
    if not steps or before.key() == wanted:
        raise _disagree("no step of the interpreted model is the one in the lasso")
    mark = 0
    for step in steps:
        mark |= demands.mask(step)
    return steps[0], mark


def _confirm_fair(instance: Instance, demands: Demands, loop: Sequence[Record], marks: Sequence[int]) -> None:
    enabled = [_enabled(instance, demands, state) for state in loop]
    for bit, condition in enumerate(demands.conditions):
        able = [bool(mask >> bit & 1) for mask in enabled]
        owing = any(able) if condition.strong else all(able)
        if owing and not any(mark >> bit & 1 for mark in marks):
            raise _disagree(f"the loop is not fair to {condition.members}")


def _enabled(instance: Instance, demands: Demands, state: Record) -> int:
    key, mask = state.key(), 0
    for step in instance.successors(state):
        if step.state.key() != key:
            mask |= demands.mask(step)
    return mask


def _violates(instance: Instance, claim: Claim, states: Sequence[Record], loop: int) -> bool:
    p = [claim.p(instance, state) for state in states]
    match claim.liveness.shape:
        case Shape.INFINITELY_OFTEN:
            return not any(p[loop:])
        case Shape.EVENTUALLY_ALWAYS:
            return not all(p[loop:])
        case Shape.LEADS_TO:
            q = [claim.q(instance, state) for state in states]
            return any(p[k] and not any(q[min(k, loop) :]) for k in range(len(states)))


def _witness(instance: Instance, claim: Claim) -> tuple[str, ...]:
    if not claim.member:
        return ()
    variable = claim.liveness.p.__code__.co_varnames[1]
    labels = instance.bound.labels.get(claim.liveness.over)
    value = labels[claim.member[0]] if labels else claim.member[0]
    return (f"{variable} = {format_value(value)}",)


def _disagree(message: str) -> LayoutError:
    return LayoutError(f"{message}: the two twins disagree")
