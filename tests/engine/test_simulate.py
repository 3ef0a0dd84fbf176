"""Random walks: they are behaviours of the model, check what the search checks, and can be repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pymodel.engine import kernel_walk, simulate
from pymodel.engine.contract import Model
from pymodel.engine.generate import max_successors, module_text
from pymodel.engine.goal import DEADLOCK, Goal
from pymodel.engine.instance import Instance
from pymodel.engine.pack import pack
from pymodel.engine.simulate import DEPTH_MAX, Plan, Simulation
from pymodel.errors import LayoutError, UsageError

from .interpreted import Module
from .toys import counters, instance, tokens, two_phase
from .twins import everything, naive

TOYS: list[Model] = [counters(flip=True), tokens(), two_phase(3)]


def free(bound: Instance) -> Goal:
    """Nothing to check: the walks go on."""
    return Goal(constraints=tuple(bound.model.constraints), check_deadlock=False)


def walked(bound: Instance, goal: Goal, plan: Plan) -> Simulation:
    simulation = Simulation(bound, goal)
    simulation.run(plan)
    return simulation


def told(simulation: Simulation) -> dict[str, Any]:
    """All that a result is made of."""
    return {
        "walks": simulation.walks,
        "steps": simulation.steps,
        "deepest": simulation.deepest,
        "ended early": simulation.ended_early,
        "violated": simulation.violated,
        "walk": simulation.walk,
        "generated": simulation.generated_by.tolist(),
        "taken": simulation.taken_by.tolist(),
    }


class Slow:
    """The generated text run as Python; after `walk` what walks first..last-1 left in its arrays."""

    def __init__(self, bound: Instance, goal: Goal) -> None:
        self.bound, self.goal = bound, goal
        text = module_text(
            bound,
            invariants=goal.invariants,
            properties=goal.properties,
            constraints=goal.constraints,
            loops=(kernel_walk,),
        )
        self.module = Module(bound, text)

    def walk(self, plan: Plan, first: int, last: int) -> list[list[int]]:
        """The packed states of the last walk."""
        actions, width, room = len(self.bound.model.actions), self.module.width, plan.depth + 1
        self.generated, self.taken, self.totals = [0] * actions, [0] * actions, [0] * 5
        path = [0] * (room * width)
        self.module.namespace["walks"](
            self.module.buffer,
            [0] * max_successors(self.bound),
            [0] * (max_successors(self.bound) + 1),
            self.generated,
            self.taken,
            [0] * (2 * len(self.goal.names)),
            self.totals,
            path,
            room,
            plan.seed,
            first,
            last,
            plan.depth,
            int(plan.by_action),
            int(self.goal.check_deadlock),
            [0],
        )
        return [path[k * width : (k + 1) * width] for k in range(self.totals[4] + 1)]


@pytest.mark.parametrize("by_action", [True, False])
@pytest.mark.parametrize("model", TOYS, ids=lambda m: m.init.__name__)
def test_machine_code_walks_as_python_does(model: Model, by_action: bool) -> None:
    bound = instance(model)
    plan = Plan(depth=30, walks=20, seed=2**63 - 1, by_action=by_action)
    slow = Slow(bound, free(bound))
    slow.walk(plan, 0, 20)
    fast = walked(bound, free(bound), plan)
    assert [fast.walks, fast.steps, fast.deepest, fast.ended_early] == slow.totals[:4]
    assert fast.generated_by.tolist() == slow.generated
    assert fast.taken_by.tolist() == slow.taken
    assert sum(slow.taken) == fast.steps > 20


@pytest.mark.parametrize("model", TOYS, ids=lambda m: m.init.__name__)
def test_a_walk_is_a_behaviour_within_the_constraint(model: Model) -> None:
    bound = instance(model)
    constraints = tuple(model.constraints)
    slow = Slow(bound, free(bound))
    for number in range(5):
        rows = slow.walk(Plan(depth=25, seed=1, walks=9), number, number + 1)
        state = bound.initial()
        assert rows[0] == pack(bound, state)
        for row in rows[1:]:
            inside = [
                step.state
                for step in bound.successors(state)
                if all(bound.holds(name, step.state) for name in constraints)
            ]
            state = next(after for after in inside if pack(bound, after) == row)


def test_every_action_or_every_step_has_the_same_chance() -> None:
    """Out of the first state lead one TMAbort, two RMPrepare and two RMChooseToAbort."""
    bound = instance(two_phase(2))
    shares = {}
    for by_action in (True, False):
        plan = Plan(depth=1, walks=6000, seed=5, by_action=by_action)
        simulation = walked(bound, free(bound), plan)
        taken = zip(bound.model.actions, simulation.taken_by.tolist(), strict=True)
        shares[by_action] = {action.name: count / 6000 for action, count in taken if count}
    equal = {"TMAbort": 1 / 3, "RMPrepare": 1 / 3, "RMChooseToAbort": 1 / 3}
    assert shares[True] == pytest.approx(equal, abs=0.03)
    weighted = {"TMAbort": 1 / 5, "RMPrepare": 2 / 5, "RMChooseToAbort": 2 / 5}
    assert shares[False] == pytest.approx(weighted, abs=0.03)


def test_random_numbers_are_spread_and_within_their_bits() -> None:
    mix = Module(instance(counters()), module_text(instance(counters()), loops=(kernel_walk,))).namespace[
        "mix"
    ]
    drawn = [mix(k) for k in range(4000)]
    assert len(set(drawn)) == 4000
    assert all(0 <= number < 2**63 for number in drawn)
    for modulus in (2, 3, 7):
        counts = [sum(number % modulus == rest for number in drawn) for rest in range(modulus)]
        assert counts == [pytest.approx(4000 / modulus, rel=0.1)] * modulus


def test_enough_walks_see_every_state() -> None:
    bound = instance(two_phase(2))
    states = {tuple(pack(bound, state)) for state in naive(bound, free(bound)).states}
    slow, plan = Slow(bound, free(bound)), Plan(depth=12, walks=1)
    seen = {tuple(row) for number in range(3000) for row in slow.walk(plan, number, number + 1)}
    assert len(states) == 56
    assert seen == states


def test_an_invariant_is_found_violated_with_its_behaviour() -> None:
    bound = instance(tokens())
    goal = everything(bound)
    plan = Plan(depth=50, walks=500, seed=3)
    simulation = walked(bound, goal, plan)
    assert simulation.violated[0] == "NoVector"
    found = simulation.counterexample(plan)
    assert found.violated == "NoVector"
    shortest = naive(bound, goal).violations["NoVector"]
    assert found.length >= len(shortest)
    assert any(m["type"] == "Vector" for m in found.steps[-1].state["messages"])
    assert not any(m["type"] == "Vector" for step in found.steps[:-1] for m in step.state["messages"])


def test_an_action_property_is_found_violated_by_the_step_alone() -> None:
    bound = instance(counters(nodes=2, top=1, flip=True))
    goal = Goal(properties=("OnlyUp",))
    plan = Plan(depth=10, walks=1)
    found = walked(bound, goal, plan).counterexample(plan)
    assert [step.action for step in found.steps] == ["Init", "Advance", "Advance", "Reset"]
    assert found.witness[:1] == ("i = n0",)


def test_an_initial_state_can_be_the_violation() -> None:
    bound = instance(counters(deadline=0))
    plan = Plan(depth=10, walks=7)
    simulation = walked(bound, Goal(("NeverAllAt",)), plan)
    assert (simulation.walk, simulation.walks, simulation.steps) == (0, 1, 0)
    assert simulation.counterexample(plan).length == 1


def test_a_deadlock_is_found_if_it_is_looked_for() -> None:
    bound = instance(counters(nodes=2, top=1))
    plan = Plan(depth=10, walks=7)
    simulation = walked(bound, Goal(), plan)
    assert simulation.violated == (DEADLOCK,)
    assert simulation.counterexample(plan).length == 3
    allowed = walked(bound, Goal(check_deadlock=False), plan)
    assert (allowed.violated, allowed.walks, allowed.ended_early) == ((), 7, 7)
    assert (allowed.steps, allowed.deepest) == (14, 2)


def test_a_walk_ends_at_its_depth() -> None:
    bound = instance(counters(nodes=2, top=1, flip=True))
    simulation = walked(bound, free(bound), Plan(depth=5, walks=3))
    assert (simulation.steps, simulation.deepest, simulation.ended_early) == (15, 5, 0)


def test_what_lies_outside_the_constraint_is_checked_and_not_entered() -> None:
    """SumWithin allows a sum of 2; NeverAllAt is false where all three are at 1."""
    bound = instance(counters(limit=2, deadline=1))
    inside = Goal(("NeverAllAt",), constraints=("SumWithin",), check_deadlock=False)
    plan = Plan(depth=10, walks=50)
    simulation = walked(bound, inside, plan)
    assert simulation.violated == ("NeverAllAt",)
    assert simulation.counterexample(plan).length == 4
    unchecked = walked(bound, free(bound), plan)
    assert (unchecked.deepest, unchecked.ended_early) == (2, 50)


def test_an_initial_state_outside_the_constraint_is_left_alone() -> None:
    bound = instance(counters(deadline=0))
    simulation = walked(bound, Goal(constraints=("NeverAllAt",)), Plan(depth=10, walks=3))
    assert (simulation.walks, simulation.steps, simulation.violated) == (3, 0, ())


def rare() -> tuple[Instance, Goal, Plan]:
    """A violation that takes some walks to meet."""
    goal = Goal(("Close",), check_deadlock=False)
    return instance(counters(nodes=5, top=6, deadline=2)), goal, Plan(depth=6, walks=400, seed=0)


@pytest.mark.parametrize("violated", [True, False])
def test_the_result_is_the_same_for_any_number_of_workers(
    violated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound, goal, plan = rare()
    wanted = goal if violated else free(bound)
    results = [told(walked(bound, wanted, plan))]
    monkeypatch.setattr(simulate, "BATCH_STEPS", 20)
    results += [told(walked(bound, wanted, replace(plan, workers=workers))) for workers in (1, 2, 3)]
    assert results[1:] == results[:1] * 3
    assert bool(results[0]["violated"]) == violated


def test_the_violating_walk_is_the_first_one_and_can_be_walked_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bound, goal, plan = rare()
    monkeypatch.setattr(simulate, "BATCH_STEPS", 20)
    simulation = walked(bound, goal, replace(plan, workers=2))
    number = simulation.walk
    assert number is not None and number > 3
    alone = [walked(bound, goal, replace(plan, walks=None, only=k)) for k in range(number + 1)]
    assert [bool(each.violated) for each in alone] == [False] * number + [True]
    assert simulation.walks == number + 1
    assert sum(each.steps for each in alone) == simulation.steps
    again = replace(plan, walks=None, only=number)
    assert alone[-1].walk == number
    assert alone[-1].counterexample(again) == simulation.counterexample(plan)


def test_another_seed_walks_elsewhere_and_the_same_one_does_not() -> None:
    bound = instance(tokens())
    plan = Plan(depth=40, walks=30)
    first, again, other = (told(walked(bound, free(bound), replace(plan, seed=seed))) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_a_time_limit_ends_walks_and_cuts_a_long_one() -> None:
    bound = instance(counters(nodes=2, top=1, flip=True))
    many = walked(bound, free(bound), Plan(depth=50, timeout_s=0.05, workers=2))
    assert many.ended_by == "the limit of 0.05 s"
    assert many.walks > 0
    long = walked(bound, free(bound), Plan(depth=DEPTH_MAX, timeout_s=0.05))
    assert (long.walks, long.ended_by) == (0, "the limit of 0.05 s")
    assert long.steps > 0


def test_progress_is_told() -> None:
    bound = instance(counters(nodes=2, top=1, flip=True))
    seen = []
    Simulation(bound, free(bound)).run(Plan(depth=1000, walks=100), seen.append)
    assert [report.walks for report in seen] == sorted({report.walks for report in seen})
    assert (seen[-1].walks, seen[-1].steps) == (100, 100_000)


def test_symmetry_does_not_matter() -> None:
    bound = instance(two_phase(3))
    plan = Plan(depth=20, walks=20)
    assert told(walked(bound, replace(free(bound), symmetry="Nodes"), plan)) == told(
        walked(bound, free(bound), plan)
    )


def test_an_outgrown_bound_is_an_error() -> None:
    bound = instance(tokens(capacity=1))
    with pytest.raises(LayoutError, match="messages"):
        walked(bound, Goal(check_deadlock=False), Plan(depth=50, walks=50))


def test_there_is_no_counterexample_without_a_violation() -> None:
    bound = instance(two_phase(2))
    plan = Plan(depth=5, walks=5)
    with pytest.raises(UsageError, match="no walk met a violation"):
        walked(bound, free(bound), plan).counterexample(plan)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"walks": 0}, r"walks 0\n.*1\.\."),
        ({"depth": 0, "walks": 1}, r"depth 0\n"),
        ({"seed": -1, "walks": 1}, r"seed -1\n.*0\.\.9223372036854775807"),
        ({"seed": 2**63, "walks": 1}, "seed 9223372036854775808\n"),
        ({"only": -1}, "walk -1\n"),
        ({"workers": 0, "walks": 1}, "workers 0\n"),
        ({}, "without an end"),
        ({"walks": 1, "only": 1}, "both a number of walks and a single one"),
    ],
)
def test_what_cannot_be_walked_is_refused(given: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Plan(**{"depth": 10, **given})
