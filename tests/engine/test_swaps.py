"""Swaps that mean something are made; those that TLC would read otherwise are refused."""

from __future__ import annotations

from typing import Any

import pytest

from pymodel.engine.contract import Constant, Model
from pymodel.engine.goal import Goal
from pymodel.errors import CfgError

from .toys import instance, make, two_phase
from .twins import agreed


def Two(s: Any, i: int) -> bool:
    return Inner(s, i)


def Inner(s: Any, i: int) -> bool:
    return i == 0


def Loop(s: Any, i: int) -> bool:
    return Middle(s, i)


def Middle(s: Any, i: int) -> bool:
    return Inner(s, i)


def Number(s: Any, i: int) -> int:
    return i


def Untold(s, i):  # type: ignore[no-untyped-def]
    return i == 1


def Use(s: Any, t: Any, i: int) -> bool:
    if not Two(s, i):
        return False
    t.rm[i] = 1
    return True


def UseNothing(s: Any, t: Any) -> bool:
    return False


def UseAll(s: Any, t: Any, i: int) -> bool:
    t.rm[i] = 2
    return True


def model() -> Model:
    base = two_phase(2)
    action = type(base.actions[0])(Use, base.actions[0].params)
    functions = (Two, Inner, Loop, Middle, Number, Untold, UseNothing, UseAll)
    constants = {f"{value}{arity}": Constant(value, arity) for value in (True, False) for arity in (0, 1, 2)}
    return make(
        init=base.init,
        actions=(action,),
        schema=base.bind({}, lambda name: ()).schema,
        names=base.bind({}, lambda name: ()).names,
        labels={"Nodes": ("n0", "n1")},
        helpers={**{function.__name__: function for function in functions}, **constants},
        guards=("Two", "Inner"),
    )


def reached(swaps: dict[str, str]) -> set[tuple[int, ...]]:
    """The values of rm that are reached, by both searches."""
    _, slow = agreed(instance(model(), swaps), Goal(check_deadlock=False))
    return {tuple(state.rm.cells) for state in slow.states}


@pytest.mark.parametrize(
    ("swaps", "states"),
    [
        ({}, {(0, 0), (1, 0)}),
        ({"Two": "True1"}, {(0, 0), (1, 0), (0, 1), (1, 1)}),
        ({"Two": "False1"}, {(0, 0)}),
        ({"Inner": "True1"}, {(0, 0), (1, 0), (0, 1), (1, 1)}),
        ({"Two": "Untold"}, {(0, 0), (0, 1)}),
        ({"Use": "False1"}, {(0, 0)}),
        ({"Use": "UseAll"}, {(0, 0), (2, 0), (0, 2), (2, 2)}),
        ({"Two": "Loop", "Use": "UseAll"}, {(0, 0), (2, 0), (0, 2), (2, 2)}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_swap_runs_the_other_function(swaps: dict[str, str], states: set[tuple[int, ...]]) -> None:
    assert reached(swaps) == states


@pytest.mark.parametrize(
    ("swaps", "message", "mend"),
    [
        ({"Unknown": "True1"}, "Unknown is not an operator of the model", "swap a guard (Two, Inner)"),
        ({"Number": "True1"}, "Number is not an operator", "swap a guard"),
        ({"True1": "Two"}, "True1 is not an operator", "swap a guard"),
        ({"Two": "Unknown"}, "Unknown has no twin in the Python model", "write a function Unknown"),
        ({"Two": "True2"}, "Two has 1 parameters and True2 has 2", "equal arity"),
        ({"Use": "UseNothing"}, "Use has 1 parameters and UseNothing has 0", "equal arity"),
        ({"Use": "True1"}, "Use is an action, and True1 does not say what it changes", "False"),
        ({"Two": "Number"}, "Two gives bool and Number gives int", "whose values mean the same"),
        ({"Inner": "Two"}, "Two calls Inner, which it replaces", "write its text out"),
        ({"Inner": "Loop"}, "Loop calls Inner, which it replaces", "write its text out"),
    ],
    ids=str,
)
def test_a_swap_without_sense_is_refused(swaps: dict[str, str], message: str, mend: str) -> None:
    with pytest.raises(CfgError) as caught:
        instance(model(), swaps)
    assert message in caught.value.message
    assert mend in caught.value.mend


def test_instances_of_several_cfgs_live_side_by_side() -> None:
    plain, swapped = instance(model()), instance(model(), {"Two": "True1"})
    counts = [len(list(bound.successors(bound.initial()))) for bound in (plain, swapped, plain)]
    assert counts == [1, 2, 1]
