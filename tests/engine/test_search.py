"""The compiled search against the interpreted one and against published numbers; growth and limits."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pymodel.engine import rounds, table
from pymodel.engine import search as search_module
from pymodel.engine.contract import Action, Axis, Model, Range, Schema
from pymodel.engine.goal import DEADLOCK, Goal, Limits, Plan, Progress
from pymodel.engine.rowset import RowSet
from pymodel.engine.search import Search
from pymodel.errors import LayoutError

from .toys import NODE, SumWithin, array, counters, instance, make, tokens, two_phase
from .twins import agreed, everything, run

# ruff: noqa: SIM110 -- the models are in the subset that compiles

Nodes = range(0)


@pytest.mark.parametrize(
    ("model", "distinct", "generated", "depth"),
    [
        (counters(), 18, 31, 7),
        (counters(flip=True), 313, 543, 122),
        (tokens(), 57, 115, 8),
        (two_phase(3), 288, 1146, 11),
    ],
    ids=["counters", "counters again and again", "tokens", "two-phase"],
)
def test_whole_graph(model: Model, distinct: int, generated: int, depth: int) -> None:
    """288 and 1146 are what TLC counts for TwoPhase.tla with three resource managers."""
    goal = Goal(constraints=tuple(model.constraints), check_deadlock=False)
    search, _ = agreed(instance(model), goal)
    assert (search.count, search.generated, search.depth) == (distinct, generated, depth)
    assert search.complete


def test_two_phase_with_five_managers_has_as_many_states_as_published() -> None:
    assert run(instance(two_phase(5)), Goal(check_deadlock=False)).count == 8832


def test_fresh_states_are_those_that_an_action_found_first() -> None:
    search = run(instance(two_phase(3)), Goal(check_deadlock=False))
    assert int(search.fresh_by.sum()) == search.count - 1
    assert all(fresh <= total for fresh, total in zip(search.fresh_by, search.generated_by, strict=True))


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (counters(flip=True), ("OnlyUp",)),
        (counters(deadline=1), ("Close", "NeverAllAt")),
        (counters(deadline=0), ("NeverAllAt",)),
        (counters(), (DEADLOCK,)),
        (tokens(deadline=0), ("NoVector",)),
    ],
    ids=[
        "action property",
        "two at one level",
        "at the first state",
        "deadlock",
        "invariant before property",
    ],
)
def test_all_that_fails_at_the_first_level_is_named(model: Model, names: tuple[str, ...]) -> None:
    bound = instance(model)
    search, _ = agreed(bound, everything(bound))
    found = tuple(violation.name for violation in search.violations)
    assert found == names
    assert not search.complete


def test_deadlock_is_found_only_when_it_is_looked_for() -> None:
    bound = instance(counters())
    assert [v.name for v in agreed(bound, Goal())[0].violations] == [DEADLOCK]
    search, _ = agreed(bound, Goal(check_deadlock=False))
    assert search.complete
    assert search.violations == ()


def test_a_successor_outside_the_constraint_is_checked_but_not_counted() -> None:
    bound = instance(counters(limit=2))
    inside = Goal(constraints=("SumWithin",), check_deadlock=False)
    search, slow = agreed(bound, inside)
    assert max(sum(state.x.cells) for state in slow.states) == 2
    assert search.count == 1 + 3 + 3, "no counter overtakes its successor by two"
    strict = instance(counters(limit=2, deadline=2))
    violated, _ = agreed(strict, Goal(("NeverAllAt",), (), ("SumWithin",), check_deadlock=False))
    assert violated.complete, "sum 6 is four steps beyond the constraint"
    edge = Goal(("SumWithin",), (), ("SumWithin",), check_deadlock=False)
    assert [v.name for v in agreed(bound, edge)[0].violations] == ["SumWithin"]


def Start(t: Any) -> None:
    for i in Nodes:
        t.x[i] = 3


def Stay(s: Any, t: Any, i: int) -> bool:
    return s.x[i] == 3


def Low(s: Any) -> bool:
    for i in Nodes:
        if s.x[i] > 2:
            return False
    return True


def Nothing(s: Any, t: Any) -> bool:
    return True


def started(top: int) -> Model:
    """Two counters that start at 3; the sum of them is 6."""
    steps = counters().bind({}, lambda name: ()).schema.variables[1]
    return make(
        init=Start,
        actions=(Action(Stay, (NODE,)),),
        schema=Schema((array("x", (Axis(0, 1),), Range(0, 3)), steps), (), 0),
        names={"Nodes": range(2), "Limit": top},
        invariants=(Low,),
        properties=(Nothing,),
        constraints=(SumWithin,),
    )


def test_an_initial_state_that_violates_ends_the_search() -> None:
    search, slow = agreed(instance(started(6)), Goal(("Low",), ("Nothing",)))
    assert (search.count, search.depth) == (1, 0)
    assert len(slow.violations["Low"]) == 1


def test_an_initial_state_outside_the_constraint_leaves_nothing_to_search() -> None:
    search, _ = agreed(instance(started(5)), Goal(constraints=("SumWithin",)))
    assert (search.count, search.generated, search.depth, search.complete) == (0, 1, 0, True)


def test_an_initial_state_outside_the_constraint_is_still_checked() -> None:
    search, _ = agreed(instance(started(5)), Goal(("Low",), (), ("SumWithin",)))
    assert [v.name for v in search.violations] == ["Low"]


def test_a_self_loop_is_no_deadlock_and_no_new_state() -> None:
    search, slow = agreed(instance(started(6)), Goal())
    assert (search.count, search.generated) == (1, 3)
    assert slow.edges == {(0, "Stay", 0)}


def found_rows(search: Search) -> list[list[int]]:
    assert search.store is not None
    return search.store.rows().reshape(-1, search.row_width).tolist()


def test_growth_and_rounds_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From room for a few keys, in rounds and chunks of a few rows, to the same rows in the same order."""
    bound = instance(two_phase(4))
    large = run(bound, Goal(check_deadlock=False))
    monkeypatch.setattr(table, "FIRST_SLOTS", 4)
    monkeypatch.setattr(search_module, "ROUND_ROWS", 50)
    monkeypatch.setattr(rounds, "CHUNK_ROWS", 7)
    monkeypatch.setattr(rounds, "RECORDS", 1)
    for workers in (1, 3):
        small = run(bound, Goal(check_deadlock=False), Plan(keep_rows=True, workers=workers))
        assert small.store is not None
        assert small.store.table.size > 4
        assert found_rows(small) == found_rows(large)
        assert small.counts.tolist() == large.counts.tolist()
        assert small.fresh_by.tolist() == large.fresh_by.tolist()


def test_runs_are_equal_to_the_last_row() -> None:
    bound = instance(tokens())
    goal = Goal(constraints=("FewMessages",))
    first, second = run(bound, goal), run(bound, goal)
    assert found_rows(first) == found_rows(second)
    assert first.violations == second.violations


def test_a_limit_of_states_ends_the_search_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "ROUND_ROWS", 16)
    search = Search(instance(two_phase(4)), Goal(check_deadlock=False))
    search.run(Limits(max_states=100))
    assert not search.complete
    assert search.ended_by == "the limit of 100 states"
    assert 100 <= search.count < 400


def test_a_limit_that_the_whole_graph_just_meets_is_no_end() -> None:
    search = Search(instance(two_phase(3)), Goal(check_deadlock=False))
    search.run(Limits(max_states=288))
    assert search.complete
    assert search.ended_by == ""


def test_a_limit_of_time_ends_the_search_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "ROUND_ROWS", 16)
    search = Search(instance(two_phase(3)), Goal(check_deadlock=False))
    search.run(Limits(timeout_s=0.0))
    assert not search.complete
    assert search.ended_by == "the limit of 0 s"


def test_a_violation_counts_more_than_a_limit() -> None:
    search = Search(instance(counters(deadline=0)), Goal(("Close",)))
    search.run(Limits(max_states=1, timeout_s=0.0))
    assert [v.name for v in search.violations] == ["Close"]
    assert search.ended_by == ""


def test_progress_tells_each_level_and_ends_with_the_result() -> None:
    seen: list[Progress] = []
    search = Search(instance(two_phase(3)), Goal(check_deadlock=False))
    search.run(None, seen.append)
    assert [p.depth for p in seen] == list(range(1, search.depth + 1))
    last = seen[-1]
    assert (last.distinct, last.generated, last.queue) == (search.count, search.generated, 0)


def test_edges_beyond_the_room_are_refused() -> None:
    search = run(instance(two_phase(3)), Goal(check_deadlock=False))
    assert len(RowSet(search).edges(1145)) == 1145
    with pytest.raises(LayoutError, match="more than 1144 edges"):
        RowSet(search).edges(1144)


def test_edges_of_a_search_without_an_end_are_refused() -> None:
    search = run(instance(counters()), Goal())
    with pytest.raises(LayoutError, match="did not end"):
        RowSet(search).edges(1000)


def test_more_properties_than_a_result_has_bits_are_refused() -> None:
    with pytest.raises(LayoutError, match="more than 62"):
        Search(instance(counters()), Goal(("Close",) * 63))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("share", [0.0, 0.9])
def test_a_shard_that_fills_while_rows_are_expanded_is_told(
    workers: int, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it would be with hashes that crowd one shard, here for want of growth."""
    monkeypatch.setattr(table.Table, "_room", lambda *_: math.inf)
    monkeypatch.setattr(table, "FIRST_SLOTS", 8)
    monkeypatch.setattr(rounds, "CHUNK_ROWS", 16)
    monkeypatch.setattr(rounds, "LEADING_SHARE", share)
    with pytest.raises(LayoutError, match="a shard of the table of states is full"):
        run(instance(two_phase(5)), Goal(check_deadlock=False), Plan(workers=workers))
