"""The text of a generated module runs as plain Python too, and steps as the model itself does."""

from __future__ import annotations

import numpy as np
import pytest

from pymodel.check import prepare
from pymodel.engine.contract import Model
from pymodel.engine.generate import buffer_words, max_successors, module_text
from pymodel.engine.goal import Goal
from pymodel.engine.instance import Instance, Record
from pymodel.engine.native import Native
from pymodel.engine.pack import pack, unpack
from pymodel.engine.rowset import RowSet
from pymodel.specfiles import find_cfg

from .interpreted import Module
from .toys import counters, instance, tokens, two_phase
from .twins import everything, naive, run


def text_of(bound: Instance, goal: Goal) -> str:
    return module_text(
        bound, invariants=goal.invariants, properties=goal.properties, constraints=goal.constraints
    )


def model_steps(bound: Instance, state: Record) -> list[tuple[str, list[int]]]:
    return [(step.action.name, pack(bound, step.state)) for step in bound.successors(state)]


class Compiled:
    """`successors` of the compiled module, called on its own."""

    def __init__(self, bound: Instance, text: str) -> None:
        self.bound = bound
        self.native = Native(text, ("successors",))
        self.buffer = np.zeros(buffer_words(bound), np.int64)
        self.acts = np.zeros(max_successors(bound), np.int64)
        self.out = Module(bound, text).namespace["OUT"]

    def successors(self, state: Record) -> list[tuple[str, list[int]]]:
        width = self.bound.layout.words
        self.buffer[1 : 1 + width] = pack(self.bound, state)
        count = self.native.call("successors", self.buffer, self.acts)
        names = [action.name for action in self.bound.model.actions]
        rows = self.buffer[self.out : self.out + width * len(self.acts)].reshape(-1, width)
        return [(names[self.acts[k]], rows[k].tolist()) for k in range(count)]


def hold_together(bound: Instance, goal: Goal, states: list[Record]) -> None:
    """Equal steps and equal verdicts of every state, three ways. The order of messages, and so that of
    steps, is each one's own."""
    text = text_of(bound, goal)
    plain, compiled = Module(bound, text), Compiled(bound, text)
    for state in states:
        wanted = sorted(model_steps(bound, state))
        assert sorted(plain.successors(state)) == wanted
        assert sorted(compiled.successors(state)) == wanted
        failed = sum(1 << k for k, name in enumerate(goal.invariants) if not bound.holds(name, state))
        assert plain.violated("check_state", state) == failed
        for step in bound.successors(state):
            broken = [not bound.holds(name, state, step.state) for name in goal.properties]
            assert plain.violated("check_step", state, step.state) == sum(
                b << k for k, b in enumerate(broken)
            )


@pytest.mark.parametrize(
    "model", [counters(flip=True, deadline=1), tokens(), two_phase(2)], ids=lambda m: m.init.__name__
)
def test_toys_step_the_same_three_ways(model: Model) -> None:
    bound = instance(model)
    inside = Goal(constraints=tuple(model.constraints), check_deadlock=False)
    states = naive(bound, inside).states[:150]
    hold_together(bound, everything(bound), states)


@pytest.mark.parametrize("name", ["small", "snapshot"])
def test_raft_steps_the_same_three_ways(name: str) -> None:
    """Some states from all over the graph, and of each action that it has."""
    task = prepare(find_cfg(name))
    bound = task.instance
    search = run(bound, Goal(constraints=task.goal.constraints, check_deadlock=False))
    found = RowSet(search)
    rows = set(range(0, search.count, search.count // 40))
    sources, actions, _ = found.edges(3_000_000).T
    for number in np.unique(actions):
        rows |= set(np.random.default_rng(0).choice(sources[actions == number], 2).tolist())
    states = [unpack(bound, found.row(row).tolist()) for row in sorted(rows)]
    hold_together(bound, task.goal, states)


def test_the_text_holds_all_that_its_result_depends_on() -> None:
    """Another constant, swap, property, constraint or symmetry makes another text: the cache hangs on it."""
    bound = instance(two_phase(3))
    texts = {
        module_text(bound),
        module_text(bound, invariants=("Consistent",)),
        module_text(bound, constraints=("Consistent",)),
        module_text(bound, symmetry="Nodes"),
        module_text(instance(two_phase(2))),
        module_text(instance(two_phase(3), {"AllPrepared": "SomePrepared"})),
        module_text(instance(two_phase(3), {"TMAbort": "False0"})),
    }
    assert len(texts) == 7
    assert module_text(bound) == module_text(instance(two_phase(3)))


def test_what_a_constant_switches_off_is_not_in_the_text() -> None:
    on, off = (module_text(instance(counters(flip=flip))) for flip in (True, False))
    tail = [text[text.index("def Reset") : text.index("def successors")] for text in (on, off)]
    assert [text.count("return False") for text in tail] == [1, 2]
    assert "Flip" not in on + off
