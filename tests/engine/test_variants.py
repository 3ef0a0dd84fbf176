"""Swaps compiled together: what each finds is what it finds alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymodel.cfg import Cfg, read_cfg
from pymodel.cfg_edit import changed
from pymodel.check import Task, prepare_cfg
from pymodel.engine.explain import counterexample
from pymodel.engine.goal import Plan
from pymodel.engine.search import Search, compile_search
from pymodel.engine.variants import alternatives
from pymodel.errors import LayoutError
from pymodel.specfiles import find_cfg

SWAPS = (
    {"IsQuorum": "True1"},
    {"HintAfterStepDown": "SenderHint"},
    {"DropMessage": "False1"},
    {"AcceptsWrites": "True1", "OutcomeAtAppend": "OkAtAppend"},
)


def tiny(**swaps: str) -> Task:
    """The cfg `tiny` with few properties, so that it compiles soon."""
    checked = ("ElectionSafety", "OkIsChosen", "QuorumAckSound")
    cfg: Cfg = replace(read_cfg(find_cfg("tiny")), invariants=checked, properties=("VoteStable",))
    return prepare_cfg(changed(cfg, swaps=dict(swaps)))


def facts(search: Search) -> tuple[object, ...]:
    search.run()
    found = [(v.name, v.depth, v.parent, v.ordinal) for v in search.violations]
    shown = [counterexample(search, violation) for violation in search.violations]
    return search.count, search.depth, search.counts.tolist(), search.complete, found, shown


def test_each_variant_finds_what_it_finds_alone() -> None:
    tasks = [tiny(), *(tiny(**swaps) for swaps in SWAPS)]
    base = tasks[0]
    code = compile_search(base.instance, base.goal, variants=[task.instance for task in tasks[1:]])
    seen = set()
    for number, task in enumerate(tasks):
        together = Search(task.instance, task.goal, compiled=replace(code, variant=number))
        alone = Search(task.instance, task.goal)
        result = facts(together)
        assert result == facts(alone)
        seen.add(str(result))
    assert len(seen) == len(tasks)


def test_the_search_goes_on_until_the_named_property_fails() -> None:
    task = tiny(OutcomeAtAppend="OkAtAppend")
    code = compile_search(task.instance, task.goal)

    def run(plan: Plan) -> Search:
        search = Search(task.instance, task.goal, plan, compiled=code)
        search.run()
        return search

    first = run(Plan())
    assert "OkIsChosen" in first.found and "ElectionSafety" not in first.found
    one = run(Plan(keep_going=True, until=("OkIsChosen",)))
    assert (one.count, one.complete) == (first.count, False)
    none = run(Plan(keep_going=True, until=("ElectionSafety",)))
    assert none.complete and none.count > first.count


def test_a_variant_of_another_layout_is_refused() -> None:
    other = prepare_cfg(read_cfg(find_cfg("small")))
    with pytest.raises(LayoutError, match="one state layout"):
        alternatives(tiny().instance, [other.instance])


def test_a_constant_in_the_base_is_refused() -> None:
    with pytest.raises(LayoutError, match="AcceptsWrites is a constant in the base"):
        alternatives(tiny(AcceptsWrites="False1").instance, [tiny(AcceptsWrites="True1").instance])
