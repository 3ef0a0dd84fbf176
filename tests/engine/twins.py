"""The compiled search held to the interpreted one."""

from __future__ import annotations

from typing import Any

from pymodel.engine.explain import counterexample
from pymodel.engine.goal import Goal, Plan
from pymodel.engine.instance import Instance
from pymodel.engine.naive import Exploration, explore
from pymodel.engine.pack import pack
from pymodel.engine.rowset import RowSet
from pymodel.engine.search import Search


def run(instance: Instance, goal: Goal, plan: Plan | None = None) -> Search:
    search = Search(instance, goal, plan or Plan(keep_rows=True))
    search.run()
    return search


def told(search: Search) -> dict[str, Any]:
    """All that a search tells, but for its time: equal however it went about it."""
    return {
        "count": search.count,
        "generated": search.generated,
        "depth": search.depth,
        "complete": search.complete,
        "ended_by": search.ended_by,
        "generated_by": search.generated_by.tolist(),
        "fresh_by": search.fresh_by.tolist(),
        "degrees": search.degrees.tolist(),
        "violations": search.violations,
        "counterexamples": [counterexample(search, violation) for violation in search.violations],
    }


def everything(instance: Instance, *, symmetry: str = "", check_deadlock: bool = True) -> Goal:
    """A goal with all properties and constraints of the model."""
    model = instance.model
    return Goal(
        tuple(model.invariants), tuple(model.properties), tuple(model.constraints), symmetry, check_deadlock
    )


def naive(instance: Instance, goal: Goal) -> Exploration:
    return explore(
        instance,
        invariants=goal.invariants,
        properties=goal.properties,
        constraints=goal.constraints,
        check_deadlock=goal.check_deadlock,
    )


def agreed(instance: Instance, goal: Goal) -> tuple[Search, Exploration]:
    """Both searches of `goal` (which has no symmetry), after all that they count was found equal."""
    search, slow = run(instance, goal), naive(instance, goal)
    assert (search.count, search.generated, search.depth) == (slow.distinct, slow.generated, slow.depth)
    by_action = {
        action.name: int(count)
        for action, count in zip(instance.model.actions, search.generated_by, strict=True)
        if count
    }
    assert by_action == slow.by_action
    assert {violation.name for violation in search.violations} == set(slow.violations)
    for violation in search.violations:
        assert counterexample(search, violation).length == len(slow.violations[violation.name])
    if not slow.violations:
        assert edges_of(search) == words_of(instance, slow)
    return search, slow


def edges_of(search: Search) -> set[tuple[tuple[int, ...], str, tuple[int, ...]]]:
    """The labelled edges of a complete search between packed states."""
    actions = [action.name for action in search.instance.model.actions]
    found = RowSet(search)
    rows = [tuple(found.row(k).tolist()) for k in range(search.count)]
    return {(rows[a], actions[k], rows[b]) for a, k, b in found.edges(1_000_000).tolist()}


def words_of(instance: Instance, slow: Exploration) -> set[tuple[tuple[int, ...], str, tuple[int, ...]]]:
    rows = [tuple(pack(instance, state)) for state in slow.states]
    return {(rows[a], action, rows[b]) for a, action, b in slow.edges}
