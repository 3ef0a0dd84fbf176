"""Evaluating only what a change can change finds what evaluating everything does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pymodel.cfg import read_cfg
from pymodel.check import prepare
from pymodel.engine import kernel
from pymodel.engine.contract import Axis, Model, Part, Range, Schema, Variable
from pymodel.engine.generate import module_text
from pymodel.engine.goal import Goal, Limits, Plan
from pymodel.engine.instance import Instance
from pymodel.engine.layout import make_layout
from pymodel.engine.native import Native
from pymodel.engine.reads import MESSAGES, Reads, changed_test, reads_of
from pymodel.engine.rowset import RowSet
from pymodel.engine.search import Search
from pymodel.raft.model import RAFT
from pymodel.specfiles import find_cfg, shipped_cfgs

from . import both_checks
from .toys import counters, instance, tokens
from .twins import everything

ROWS_MAX = 150_000


def judged(bound: Instance, goal: Goal) -> tuple[int, int, int, int]:
    """Successors judged differently, violated invariants and properties as bits, all successors; over the
    states that a search without properties reaches."""
    search = Search(
        bound, replace(goal, invariants=(), properties=(), check_deadlock=False), Plan(keep_rows=True)
    )
    search.run(Limits(max_states=ROWS_MAX))
    text = module_text(
        bound,
        invariants=goal.invariants,
        properties=goal.properties,
        constraints=goal.constraints,
        loops=(kernel, both_checks),
    )
    native = Native(text, both_checks.ENTRIES)
    worker = search.workers[0]
    seen = np.zeros(3, np.int64)
    wrong = native.call("differing", worker.buffer, RowSet(search).words, worker.acts, search.count, seen)
    return wrong, int(seen[0]), int(seen[1]), int(seen[2])


MUTANTS = [
    name
    for name in shipped_cfgs()
    if name.startswith("mutant_") and not set(read_cfg(find_cfg(name)).properties) & set(RAFT.liveness)
]


# Bounds so small that their whole graph has fewer than a thousand successors.
SMALL = {"mutant_pre_vote_takes_term", "mutant_vote_request_swallowed"}


@pytest.mark.parametrize("name", MUTANTS)
def test_each_mutant_is_judged_alike(name: str) -> None:
    task = prepare(find_cfg(name))
    wrong, states, steps, met = judged(task.instance, task.goal)
    assert states | steps != 0 and met > (50 if name in SMALL else 1_000)
    assert wrong == 0


def test_the_whole_list_of_properties_is_judged_alike() -> None:
    task = prepare(find_cfg("small"))
    wrong, states, steps, met = judged(task.instance, task.goal)
    assert (wrong, states, steps) == (0, 0, 0) and met > 100_000


@pytest.mark.parametrize(
    ("model", "states", "steps"),
    [(counters(flip=True, deadline=0), 0b11, 0b1), (tokens(deadline=0), 0b10, 0)],
    ids=["counters", "tokens"],
)
def test_toys_are_judged_alike(model: Model, states: int, steps: int) -> None:
    bound = instance(model)
    wrong, met_states, met_steps, _ = judged(bound, everything(bound))
    assert wrong == 0
    assert met_states & states == states and met_steps & steps == steps


def test_a_read_is_found_through_calls_under_the_name_that_the_state_has_there() -> None:
    noted = {
        "Top": Reads({("s", "x"), ("t", "y")}, {("Inner", "s", "t"), ("Top", "s", "s")}),
        "Inner": Reads({("s", "z"), ("s", MESSAGES)}, set()),
    }
    assert reads_of(noted, "Top", "s") == {"x"}
    assert reads_of(noted, "Top", "t") == {"y", "z", MESSAGES}


def test_an_array_over_several_words_is_watched_in_all_of_them() -> None:
    wide = Variable("wide", (Part("", (Axis(0, 39),), Range(0, 3)),))
    one = Variable("one", (Part("", (Axis(0, 0),), Range(0, 7)),))
    layout = make_layout(Schema((wide, one), (), 0))
    per_word = layout.slots["wide"].per_word
    assert per_word < 40
    first, rest = (1 << 2 * per_word) - 1, (1 << 2 * (40 - per_word)) - 1
    assert changed_test(layout, frozenset({"wide"})) == f"_d0 & {first} | _d1 & {rest}"
    assert changed_test(layout, frozenset({"one"})) == f"_d1 & {7 << layout.slots['one'].shift}"
    assert changed_test(layout, frozenset({MESSAGES})) == "_messages"
    assert changed_test(layout, frozenset()) == "0"
