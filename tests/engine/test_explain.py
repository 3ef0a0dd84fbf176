"""Counterexamples: steps of the model itself, as few as possible, and the witness of the false claim."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import pytest

from pymodel.engine.explain import counterexample, witness
from pymodel.engine.goal import DEADLOCK, Goal
from pymodel.engine.instance import Instance, Record
from pymodel.engine.result import Counterexample
from pymodel.engine.search import Search
from pymodel.errors import LayoutError

from .toys import counters, instance, tokens, two_phase
from .twins import naive, run


def replay(bound: Instance, trace: Counterexample) -> list[Record]:
    """The states of `trace`, each found among the model's own successors of the one before."""
    states = [bound.initial()]
    assert (trace.steps[0].action, dict(trace.steps[0].params)) == ("Init", {})
    assert trace.steps[0].state == bound.model.present(states[0], bound.bound)
    for step in trace.steps[1:]:
        fitting = [
            taken.state
            for taken in bound.successors(states[-1])
            if taken.action.name == step.action
            and bound.model.present(taken.state, bound.bound) == step.state
            and {
                param.name: bound.label(param, value)
                for param, value in zip(taken.action.params, taken.params, strict=True)
            }
            == step.params
        ]
        assert fitting, f"{step.action} with {step.params} is no step of the model"
        states.append(fitting[0])
    return states


def explained(bound: Instance, goal: Goal) -> Counterexample:
    """The first counterexample, after it was found to be real and as short as the interpreter's."""
    search = run(bound, goal)
    trace = counterexample(search, search.violations[0])
    states = replay(bound, trace)
    slow = naive(bound, goal).violations
    assert trace.length == len(slow[trace.violated]) == min(map(len, slow.values()))
    if trace.violated in goal.invariants:
        assert not bound.holds(trace.violated, states[-1])
        assert all(bound.holds(trace.violated, state) for state in states[:-1])
    elif trace.violated in goal.properties:
        assert not bound.holds(trace.violated, *states[-2:])
        assert all(bound.holds(trace.violated, *step) for step in pairwise(states[:-1]))
    else:
        assert not list(bound.successors(states[-1]))
    return trace


def test_an_invariant() -> None:
    trace = explained(instance(counters(deadline=1)), Goal(("Close",)))
    assert trace.violated == "Close"
    assert trace.length == 4
    assert [step.params for step in trace.steps[1:]] == [{"i": "n0"}, {"i": "n1"}, {"i": "n0"}]
    assert trace.witness == ("i = n0", "j = n2")


def test_an_action_property() -> None:
    trace = explained(instance(counters(flip=True)), Goal((), ("OnlyUp",)))
    assert trace.length == 8
    assert trace.steps[-1].action == "Reset"
    assert trace.witness == ("i = n0", "before = 2", "after = 0")


def test_a_deadlock() -> None:
    trace = explained(instance(counters()), Goal())
    assert (trace.violated, trace.length, trace.witness) == (DEADLOCK, 7, ())


def test_a_violation_in_the_initial_state() -> None:
    trace = explained(instance(counters(deadline=0)), Goal(("NeverAllAt",)))
    assert [step.action for step in trace.steps] == ["Init"]
    assert trace.witness == ("i = n2",)


def test_a_violation_beyond_the_constraint() -> None:
    trace = explained(
        instance(counters(limit=2)), Goal(("SumWithin",), (), ("SumWithin",), check_deadlock=False)
    )
    assert trace.length == 4
    assert trace.witness[0] == "total = 3"


def test_messages_as_parameters_and_witnesses_are_shown_by_the_model() -> None:
    bound = instance(tokens())
    trace = explained(bound, Goal(("NoVector",), (), ("FewMessages",)))
    tell = trace.steps[-1]
    assert tell.action == "Tell"
    assert str(tell.params["m"]) == "[type |-> Reply, to |-> 0, good |-> 0, last |-> 0]"
    assert trace.witness == ("m = [type |-> Vector, holds |-> <<1, 0, 0>>, about |-> 0]",)


@pytest.mark.parametrize("swap", ["SomePrepared", "True0"])
def test_under_symmetry_the_steps_are_those_of_one_run(swap: str) -> None:
    """Rows are representatives, so the run is found by following them up to renaming."""
    bound = instance(two_phase(3), {"AllPrepared": swap})
    trace = explained(bound, Goal(("Consistent",), symmetry="Nodes", check_deadlock=False))
    assert trace.violated == "Consistent"
    assert len(trace.witness) == 2


def test_all_violations_of_a_level_can_be_explained() -> None:
    bound = instance(counters(deadline=1))
    search = run(bound, Goal(("Close", "NeverAllAt"), check_deadlock=False))
    traces = [counterexample(search, violation) for violation in search.violations]
    assert [trace.violated for trace in traces] == ["Close", "NeverAllAt"]
    assert [bound.holds(trace.violated, replay(bound, trace)[-1]) for trace in traces] == [False, False]


def test_no_witness_of_a_property_that_holds() -> None:
    bound = instance(counters())
    assert witness(bound, "Close", bound.initial()) == ()


def test_looking_for_a_witness_leaves_the_profiler_alone() -> None:
    bound = instance(counters(deadline=0))
    seen: list[str] = []

    def watch(frame: Any, event: str, argument: Any) -> None:
        seen.append(event)

    sys.setprofile(watch)
    try:
        found = witness(bound, "NeverAllAt", bound.initial())
        assert sys.getprofile() is watch
    finally:
        sys.setprofile(None)
    assert found == ("i = n2",)


def test_twins_that_disagree_are_reported_and_not_explained_away() -> None:
    """The rows of one cfg re-executed by the model of another."""
    search: Search = run(instance(counters(deadline=1)), Goal(("Close",)))
    search.instance = instance(counters(deadline=1, top=0))
    with pytest.raises(LayoutError, match="the two twins disagree"):
        counterexample(search, search.violations[0])
