"""A counterexample to liveness is a real behaviour: steps, loop, fairness and the claim itself, and what is
told of it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from pymodel.check import check, prepare
from pymodel.engine import liveness as engine
from pymodel.engine.fair_cycle import Path as Lasso
from pymodel.engine.goal import Limits, Plan
from pymodel.engine.instance import Instance
from pymodel.engine.lasso import Claim, counterexample
from pymodel.engine.liveness import LivenessCheck
from pymodel.engine.pack import unpack
from pymodel.engine.result import CheckResult, Verdict
from pymodel.engine.rowset import RowSet
from pymodel.engine.search import Search
from pymodel.errors import LayoutError
from pymodel.report.data import check_json
from pymodel.report.dot import counterexample_dot
from pymodel.report.html import render_html
from pymodel.report.svg import counterexample_svg
from pymodel.report.text import render_check

from .cases import Walk, lock_cfg, shape
from .models import DIGRAPH, LOCK

# 1 to 6 are one component: two loops that meet in 1. A is a step of the farther one.
EIGHT = Walk(a=(56,), b=(1, 12, 23, 31, 14, 45, 61), p=(0,), nodes=7)


def walked(walk: Walk, folder: Path, specification: str, *names: str) -> CheckResult:
    return check(walk.cfg(folder, specification, *names), model=DIGRAPH)


def test_a_lasso_is_a_loop_and_not_a_component(tmp_path: Path) -> None:
    """Fairness to B alone is met by the near loop, to A by the far one; no more is walked than that."""
    near = walked(EIGHT, tmp_path, "Spec", "Settles")
    assert shape(near) == ([0, 1], 1)
    far = walked(EIGHT, tmp_path, "StrongMixed", "Settles")
    nodes, loop = shape(far)
    assert (nodes, loop) == ([0, 1, 4, 5, 6], 1)
    assert far.counterexample is not None and far.counterexample.closing is not None
    assert far.counterexample.closing.action == "B"
    assert far.counterexample.closing.state == {"x": 1}


def test_each_step_of_a_lasso_is_one_of_the_model(tmp_path: Path) -> None:
    result = check(lock_cfg(tmp_path, "WeakSpec", "NoStarvation", processes=3), model=LOCK)
    cex = result.counterexample
    assert cex is not None and cex.loop is not None and cex.closing is not None
    words = {"Ask": ("idle", "waiting"), "Enter": ("waiting", "inside"), "Leave": ("inside", "idle")}
    for before, step in pairwise([*cex.steps, cex.closing]):
        changed = dict(before.state["pc"]) | {step.params["i"]: words[step.action][1]}
        assert before.state["pc"][step.params["i"]] == words[step.action][0]
        assert dict(step.state["pc"]) == changed
    assert cex.closing.state == cex.steps[cex.loop].state
    assert cex.witness == ("i = p1",)
    assert all(step.state["pc"]["p1"] == "waiting" for step in cex.steps[cex.loop :])


def test_the_stem_to_a_loop_is_a_shortest_one(tmp_path: Path) -> None:
    """3 starts it, past no Q; 4 is nearer by way of Q in 1."""
    walk = Walk(a=(1, 14, 2, 23, 35, 54, 45), p=(3,), q=(1,), nodes=6)
    assert shape(walked(walk, tmp_path, "WeakA", "Leads")) == ([0, 2, 3, 5, 4], 3)


def test_all_properties_that_fail_are_named(tmp_path: Path) -> None:
    walk = Walk(a=(1, 12, 20), p=(1,), q=(3,))
    result = walked(walk, tmp_path, "WeakA", "Settles", "Recurs", "Leads")
    assert (result.violated, result.also_violated) == ("Settles", ("Leads",))
    assert '<p class="also">Also violated: <code>Leads</code>' in render_html(result)


def test_an_unsafe_model_is_not_asked_for_liveness(tmp_path: Path) -> None:
    path = Walk(a=(1, 13), p=(4,)).cfg(tmp_path, "WeakA", "Recurs", invariants="NotThree")
    result = check(path, model=DIGRAPH)
    assert (result.verdict, result.violated) == (Verdict.INVARIANT, "NotThree")
    assert "liveness" not in result.seconds


def test_a_deadlock_is_told_before_liveness_if_it_is_asked_for(tmp_path: Path) -> None:
    path = Walk(a=(1,), p=(1,)).cfg(tmp_path, "WeakA", "Recurs")
    assert check(path, model=DIGRAPH).ok
    assert check(path, model=DIGRAPH, check_deadlock=True).verdict is Verdict.DEADLOCK


@pytest.mark.parametrize("limits", [Limits(max_states=1), Limits(timeout_s=0)])
def test_a_search_that_did_not_end_decides_no_liveness(limits: Limits, tmp_path: Path) -> None:
    path = Walk(a=(1, 12, 20), p=(3,)).cfg(tmp_path, "WeakA", "Recurs")
    result = check(path, model=DIGRAPH, limits=limits)
    assert (result.verdict, result.violated) == (Verdict.UNDETERMINED, None)


@pytest.mark.parametrize("where", ["collecting", "between two properties"])
def test_time_that_ends_after_the_search_is_undetermined(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = prepare(Walk(a=(1,), p=(1,)).cfg(tmp_path, "WeakA", "Recurs"), model=DIGRAPH)
    search = Search(task.instance, task.goal, Plan(keep_rows=True))
    search.run()
    liveness = LivenessCheck(task.instance, task.liveness, task.specification, ("Constraint",))
    clock = iter([0.0, 9.0] if where == "between two properties" else [9.0])
    monkeypatch.setattr(engine.time, "monotonic", lambda: next(clock))
    assert not liveness.run(RowSet(search).words, search.count, deadline=1.0)
    assert not liveness.violated


def test_time_over_and_memory_gone_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Walk(a=(1,), p=(1,)).cfg(tmp_path, "WeakA", "Recurs")

    def full(*arguments: object) -> bool:
        raise MemoryError

    monkeypatch.setattr(LivenessCheck, "run", lambda *arguments: False)
    late = check(path, model=DIGRAPH, limits=Limits(timeout_s=60))
    assert (late.verdict, late.detail) == (
        Verdict.UNDETERMINED,
        "ended by the limit of 60 s, before liveness was decided",
    )
    monkeypatch.setattr(LivenessCheck, "run", full)
    assert "the memory of this machine" in check(path, model=DIGRAPH).detail


@pytest.mark.parametrize(
    ("walk", "warning"),
    [
        (Walk(a=(1,), b=(12,), p=(0,), q=(0,), inside=(0, 1)), "no fair behaviour stays within"),
        (Walk(a=(1, 10), p=(3,), q=(0,)), "Leads was checked of nothing"),
        (Walk(a=(1, 10), p=(1,), q=(0,)), ""),
    ],
)
def test_what_holds_of_nothing_is_told(walk: Walk, warning: str, tmp_path: Path) -> None:
    result = walked(walk, tmp_path, "WeakBoth", "Leads")
    assert result.ok
    assert len(result.warnings) == bool(warning) and all(warning in text for text in result.warnings)


@pytest.mark.parametrize(
    ("nodes", "loop", "complaint"),
    [
        ((1, 2, 3, 1), 0, "does not start in the initial state"),
        ((0, 1, 4, 2), 3, "no step of the interpreted model"),
        ((0, 1, 4, 5), 1, "no step of the interpreted model"),
        ((0, 1, 4, 5), 3, "the loop is not fair"),
        ((0, 1), 1, "the loop is not fair"),
        ((0, 1, 4, 5, 6), 1, ""),
    ],
)
def test_a_lasso_that_is_none_is_not_reported(
    nodes: tuple[int, ...], loop: int, complaint: str, tmp_path: Path
) -> None:
    """As the compiled part would have it if it disagreed with the model."""
    _confirm(EIGHT, "StrongBoth", "Settles", nodes, loop, complaint, tmp_path)


@pytest.mark.parametrize(("specification", "fair"), [("WeakA", True), ("StrongA", False)])
def test_a_loop_that_enables_now_and_then_is_fair_weakly_alone(
    specification: str, fair: bool, tmp_path: Path
) -> None:
    walk = Walk(a=(10,), b=(1, 12, 21), p=(0,))
    complaint = "" if fair else "the loop is not fair"
    _confirm(walk, specification, "Settles", (0, 1, 2), 1, complaint, tmp_path)


@pytest.mark.parametrize(
    ("name", "nodes", "loop", "complaint"),
    [
        ("Recurs", (0, 1), 0, "does not violate Recurs"),
        ("Settles", (0, 1, 2, 3), 3, ""),
        ("Settles", (0,), 0, "does not violate Settles"),
        ("Leads", (0, 1, 2), 2, "does not violate Leads"),
        ("Leads", (0, 1), 1, ""),
        ("Leads", (0, 1, 2, 3), 3, "outside the constraint"),
    ],
)
def test_a_lasso_that_violates_nothing_is_not_reported(
    name: str, nodes: tuple[int, ...], loop: int, complaint: str, tmp_path: Path
) -> None:
    inside = (0, 1, 2) if complaint.startswith("outside") else (0, 1, 2, 3)
    walk = Walk(a=(1, 10, 12, 23), p=(0,), q=(2,), inside=inside)
    _confirm(walk, "Spec", name, nodes, loop, complaint, tmp_path)


def _confirm(
    walk: Walk,
    specification: str,
    name: str,
    nodes: tuple[int, ...],
    loop: int,
    complaint: str,
    folder: Path,
) -> None:
    task = prepare(walk.cfg(folder, specification, name), model=DIGRAPH)
    liveness = LivenessCheck(task.instance, task.liveness, specification, ("Constraint",))
    states = [_at(task.instance, node) for node in nodes]
    claim = Claim(name, DIGRAPH.liveness[name])
    if not complaint:
        cex = counterexample(task.instance, liveness.demands, ("Constraint",), claim, states, loop)
        assert (cex.length, cex.loop) == (len(nodes), loop)
        return
    with pytest.raises(LayoutError, match=complaint):
        counterexample(task.instance, liveness.demands, ("Constraint",), claim, states, loop)


def _at(instance: Instance, node: int) -> object:
    state = instance.initial()
    state.walk.x = node
    return state


def test_a_finding_is_confirmed_before_it_is_reported(tmp_path: Path) -> None:
    """The rows of a wrong path come to the interpreter, which refuses them."""
    task = prepare(EIGHT.cfg(tmp_path, "StrongMixed", "Settles"), model=DIGRAPH)
    search = Search(task.instance, task.goal, Plan(keep_rows=True))
    search.run()
    liveness = LivenessCheck(task.instance, task.liveness, "StrongMixed", ("Constraint",))
    assert liveness.run(RowSet(search).words, search.count)
    claim, path = liveness.found["Settles"]
    assert [unpack(task.instance, RowSet(search).row(row).tolist()).walk.x for row in path.rows] == [
        0,
        1,
        4,
        5,
        6,
    ]
    liveness.found["Settles"] = (claim, Lasso(path.rows, path.loop + 1))
    with pytest.raises(LayoutError, match="twins disagree"):
        liveness.counterexample("Settles")


def test_every_report_says_where_the_loop_begins(tmp_path: Path) -> None:
    result = check(lock_cfg(tmp_path, "WeakSpec", "NoStarvation"), model=LOCK)
    assert result.counterexample is not None
    said = "back to state 2, forever: Leave(i = p2)"
    text = render_check(result)
    assert f"\n   {said}\n" in text
    assert "Why: the behaviour that goes on so forever violates NoStarvation, with\n     i = p1" in text
    assert "before the search stopped" not in text
    data = json.loads(check_json(result))["counterexample"]
    assert (data["loop"], data["closing"]["action"], data["closing"]["params"]) == (1, "Leave", {"i": "p2"})
    assert data["closing"]["state"] == data["steps"][1]["state"]
    page = render_html(result)
    assert f'<p class="loop"><a href="#state-2">{said}</a></p>' in page
    assert said in counterexample_svg(result.counterexample)
    assert "s4 -> s2" in counterexample_dot(result.counterexample)


def test_every_report_says_that_the_last_state_stays(tmp_path: Path) -> None:
    result = check(lock_cfg(tmp_path, "Spec", "NoStarvation"), model=LOCK)
    assert result.counterexample is not None
    said = "stuttering: state 2 stays forever"
    assert f"\n   {said}\n" in render_check(result)
    data = json.loads(check_json(result))["counterexample"]
    assert (data["loop"], data["closing"]) == (1, None)
    assert said in render_html(result)
    assert said in counterexample_svg(result.counterexample)
    assert "s2 -> s2" in counterexample_dot(result.counterexample)
    plain = replace(result.counterexample, loop=None)
    assert "stays forever" not in render_check(replace(result, counterexample=plain))
