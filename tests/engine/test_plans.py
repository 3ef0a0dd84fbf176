"""However a search goes about it, it finds the same: threads, rounds, exactness, seeds, symmetry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pymodel.cfg import read_cfg
from pymodel.check import Task, check_task, prepare, prepare_cfg
from pymodel.engine import rounds
from pymodel.engine import search as search_module
from pymodel.engine.contract import Model
from pymodel.engine.explain import counterexample
from pymodel.engine.goal import DEADLOCK, Goal, Plan
from pymodel.engine.instance import Instance
from pymodel.engine.pack import unpack
from pymodel.engine.result import CheckResult, Counterexample, Verdict
from pymodel.engine.store import Store
from pymodel.engine.table import Table
from pymodel.manifest import read_manifest
from pymodel.specfiles import find_cfg, manifest_cfgs

from .toys import counters, instance, tokens, two_phase
from .twins import everything, run, told

MANIFEST = read_manifest()
LARGE_STATES = 5_000

TOYS = {
    "counters": counters(flip=True),
    "counters that fail": counters(flip=True, deadline=1),
    "tokens": tokens(),
    "tokens that fail": tokens(deadline=0),
    "two-phase": two_phase(4),
}
PLANS = {
    "two threads": Plan(workers=2),
    "three threads": Plan(workers=3),
    "exact": Plan(exact=True),
    "exact, two threads": Plan(exact=True, workers=2),
    "other hashes": Plan(seed=12345),
    "other hashes, exact": Plan(seed=7, exact=True),
    "all rows kept": Plan(keep_rows=True),
}


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds, chunks and buffers so small that threads share even a toy's levels."""
    monkeypatch.setattr(search_module, "ROUND_ROWS", 23)
    monkeypatch.setattr(rounds, "CHUNK_ROWS", 3)
    monkeypatch.setattr(rounds, "RECORDS", 1)


def goals(bound: Instance) -> list[Goal]:
    """To the first violation, and the whole graph within the constraints."""
    whole = Goal(constraints=tuple(bound.model.constraints), check_deadlock=False)
    return [everything(bound), whole]


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("model", TOYS.values(), ids=TOYS)
@pytest.mark.parametrize("keep_going", [False, True], ids=["", "going on"])
def test_each_plan_tells_the_same(model: Model, plan: Plan, keep_going: bool, few_rows: None) -> None:
    bound = instance(model)
    for goal in goals(bound):
        wanted = told(run(bound, goal, Plan(keep_going=keep_going)))
        assert told(run(bound, goal, replace(plan, keep_going=keep_going))) == wanted


@pytest.mark.parametrize("rows", [1, 5, 64, 1 << 16])
@pytest.mark.parametrize("workers", [1, 3])
def test_rounds_of_any_size_tell_the_same(rows: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The violation is in a level of several rounds: the first of them is reported, whoever finds it."""
    bound = instance(two_phase(4), {"AllPrepared": "SomePrepared"})
    goal = everything(bound, check_deadlock=False)
    wanted = told(run(bound, goal, Plan()))
    assert [v.name for v in wanted["violations"]] == ["Consistent"]
    monkeypatch.setattr(search_module, "ROUND_ROWS", rows)
    monkeypatch.setattr(rounds, "CHUNK_ROWS", max(1, rows // 4))
    for records in (1, 1000):
        monkeypatch.setattr(rounds, "RECORDS", records)
        assert told(run(bound, goal, Plan(workers=workers))) == wanted


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rooms", [0, 1, 2])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_thread_that_may_not_enter_any_more_tells_the_same(
    share: float, rooms: int, workers: int, few_rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the records of a round the first are entered as they are written, as long as there is room."""
    bound = instance(two_phase(4))
    goal = everything(bound)
    wanted = told(run(bound, goal, Plan()))
    asked = []

    def has_room(self: object, more: int) -> bool:
        asked.append(more)
        return len(asked) % 3 < rooms

    monkeypatch.setattr(Store if workers == 1 else Table, "fits" if workers == 1 else "has_room", has_room)
    monkeypatch.setattr(rounds, "LEADING_SHARE", share)
    assert told(run(bound, goal, Plan(workers=workers))) == wanted
    assert asked


def test_the_first_of_many_violations_in_a_level_is_reported(few_rows: None) -> None:
    """Its parent has the lowest number of all that violate, in whichever thread it was expanded."""
    bound = instance(two_phase(4), {"AllPrepared": "SomePrepared"})
    violation = run(bound, everything(bound, check_deadlock=False), Plan(workers=3)).violations[0]
    search = run(bound, Goal(check_deadlock=False), Plan(keep_rows=True))
    assert search.store is not None
    steps = search.store.journal
    number, last = violation.parent, violation.depth - 1
    for earlier in range(number):
        path = search.replay(steps.ordinals_to(last, earlier))
        state = unpack(bound, path[-1])
        assert all(bound.holds("Consistent", step.state) for step in bound.successors(state))
    state = unpack(bound, search.replay(steps.ordinals_to(last, number))[-1])
    assert not all(bound.holds("Consistent", step.state) for step in bound.successors(state))


# Going on after a violation


def alone(goal: Goal, name: str) -> Goal:
    """The same goal for one of its properties alone."""
    return replace(
        goal,
        invariants=tuple(n for n in goal.invariants if n == name),
        properties=tuple(n for n in goal.properties if n == name),
        check_deadlock=name == DEADLOCK,
    )


def behaviours(bound: Instance, goal: Goal, plan: Plan) -> dict[str, Counterexample]:
    search = run(bound, goal, plan)
    return {v.name: counterexample(search, v) for v in search.violations}


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (counters(deadline=1), ("Close", "NeverAllAt", DEADLOCK)),
        (counters(flip=True, deadline=1), ("Close", "NeverAllAt", "OnlyUp")),
        (tokens(deadline=0), ("NoVector", DEADLOCK)),
    ],
    ids=["counters", "counters again and again", "tokens"],
)
def test_going_on_shows_each_property_as_a_search_for_it_alone(
    model: Model, names: tuple[str, ...], few_rows: None
) -> None:
    bound = instance(model)
    goal = everything(bound)
    found = behaviours(bound, goal, Plan(keep_going=True, workers=2))
    assert set(names) <= set(found)
    for name in goal.names:
        only = behaviours(bound, alone(goal, name), Plan())
        assert only == {key: cex for key, cex in found.items() if key == name}


def test_going_on_searches_the_whole_graph() -> None:
    bound = instance(counters(flip=True, deadline=1))
    whole = run(bound, Goal(constraints=("SumWithin",), check_deadlock=False), Plan())
    search = run(bound, everything(bound), Plan(keep_going=True))
    assert len(search.violations) == 3
    assert search.complete
    assert (search.count, search.generated, search.depth) == (whole.count, whole.generated, whole.depth)
    lengths = [violation.length for violation in search.violations]
    assert lengths == sorted(lengths)


def test_going_on_collects_what_is_violated_in_a_mutant() -> None:
    task = prepare(find_cfg("mutant_vote_cleared"))
    model = task.instance.model
    wide = replace(task.goal, invariants=tuple(model.invariants), properties=tuple(model.properties))
    result = check_task(replace(task, goal=wide), plan=Plan(keep_going=True))
    assert result.counterexample is not None
    found = {cex.violated: cex.length for cex in (result.counterexample, *result.continued)}
    assert found == {
        "QuorumAckSound": 1,
        "AuditFaithful": 1,
        "VoteStable": 8,
        "LeaseImpliesPromise": 10,
        "ElectionSafety": MANIFEST["mutant_vote_cleared"].length,
    }
    assert (result.violated, result.also_violated) == ("QuorumAckSound", ("AuditFaithful",))
    assert result.complete
    assert result.distinct > MANIFEST["mutant_vote_cleared"].distinct
    for name in ("VoteStable", "LeaseImpliesPromise"):
        only = check_task(replace(task, goal=alone(wide, name)))
        assert (only.violated, only.counterexample.length) == (name, found[name])  # type: ignore[union-attr]


# Every shipped cfg


def answer(result: CheckResult) -> tuple[object, ...]:
    cex = result.counterexample
    return (result.verdict, result.violated, cex, result.distinct, result.depth, result.coverage)


def slow_if_large(names: Sequence[str]) -> list[object]:
    """The names as parameters; those of larger graphs are slow."""
    large = {name for name in names if MANIFEST[name].distinct > LARGE_STATES}
    return [pytest.param(name, marks=pytest.mark.slow) if name in large else name for name in names]


@pytest.mark.parametrize("name", slow_if_large(manifest_cfgs()))
def test_each_cfg_has_one_answer(name: str) -> None:
    """Threads, exactness and hashes do not show; the answer is that of the manifest."""
    task = prepare(find_cfg(name))
    one = check_task(task, plan=Plan(workers=1))
    record = MANIFEST[name]
    length = one.counterexample.length if one.counterexample and record.length else 0
    assert (one.verdict.name, one.violated, length) == (record.verdict, record.violated, record.length)
    if one.ok:
        assert (one.distinct, one.depth) == (record.distinct, record.depth)
    for plan in (Plan(workers=2, seed=3), Plan(workers=2, exact=True)):
        other = check_task(task, plan=plan)
        assert answer(other) == answer(one)
        assert other.collision == "exact" or not plan.exact


def with_symmetry(name: str) -> Task:
    cfg = prepare(find_cfg(name)).cfg
    return prepare_cfg(replace(cfg, symmetry="ServerSymmetry"))


WITHOUT_SYMMETRY = [
    name
    for name in manifest_cfgs()
    if not prepare(find_cfg(name)).liveness and not read_cfg(find_cfg(name)).symmetry
]


@pytest.mark.parametrize("name", slow_if_large(WITHOUT_SYMMETRY))
def test_symmetry_changes_neither_verdict_nor_length(name: str) -> None:
    record = MANIFEST[name]
    task = with_symmetry(name)
    one = check_task(task, plan=Plan(workers=1))
    length = one.counterexample.length if one.counterexample else 0
    assert (one.verdict.name, one.violated, length) == (record.verdict, record.violated, record.length)
    if one.verdict is Verdict.OK:
        assert one.depth == record.depth
        assert record.distinct / 6 <= one.distinct < record.distinct
    assert answer(check_task(task, plan=Plan(workers=2, seed=3))) == answer(one)


def test_symmetry_and_whole_states_go_together() -> None:
    task = with_symmetry("mutant_vote_cleared")
    assert answer(check_task(task, plan=Plan(exact=True))) == answer(check_task(task))
