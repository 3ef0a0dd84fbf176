"""Symmetry: one state for each orbit, the verdict and its length unchanged."""

from __future__ import annotations

from itertools import permutations
from math import factorial, prod
from pathlib import Path

import numpy as np
import pytest

from pymodel.check import prepare
from pymodel.engine.canonical import _walk
from pymodel.engine.contract import Model
from pymodel.engine.explain import counterexample
from pymodel.engine.generate import buffer_words, module_text
from pymodel.engine.goal import Goal, Limits, Plan
from pymodel.engine.instance import Instance, Record
from pymodel.engine.native import Native
from pymodel.engine.pack import pack, unpack
from pymodel.engine.rowset import RowSet
from pymodel.engine.search import Search
from pymodel.engine.symmetry import canonical_words, permute
from pymodel.specfiles import find_cfg

from .toys import instance, tokens, two_phase
from .twins import everything, naive, run


def orbits(bound: Instance, states: list[Record]) -> int:
    """How many of the states differ by more than a permutation of the nodes."""
    orders = list(permutations(range(len(bound.bound.labels["Nodes"]))))
    return len(
        {frozenset(permute(bound, state, "Nodes", order).key() for order in orders) for state in states}
    )


@pytest.mark.parametrize("nodes", [1, 2, 3, 4])
def test_one_state_of_each_orbit_is_kept(nodes: int) -> None:
    bound = instance(two_phase(nodes))
    goal = Goal(symmetry="Nodes", check_deadlock=False)
    search, slow = run(bound, goal), naive(bound, goal)
    assert search.count == orbits(bound, slow.states)
    assert search.depth == slow.depth
    assert search.complete


def canonicalised(bound: Instance, native: Native, state: Record) -> tuple[int, ...]:
    width = bound.layout.words
    buffer = np.zeros(buffer_words(bound), np.int64)
    buffer[1 : 1 + width] = pack(bound, state)
    native.call("canonicalise", buffer, 1)
    assert buffer[0] == 0
    return tuple(buffer[1 : 1 + width].tolist())


@pytest.mark.parametrize("model", [tokens(), two_phase(3)], ids=["tokens", "two-phase"])
def test_one_state_stands_for_each_orbit_and_is_of_it(model: Model) -> None:
    """The toys have scalars of a sort, Nil among them, arrays over it, and fields that share bits."""
    bound = instance(model)
    states = naive(bound, Goal(constraints=tuple(model.constraints), check_deadlock=False)).states
    native = Native(module_text(bound, symmetry="Nodes"), ("canonicalise",))
    for state in states:
        orbit = [permute(bound, state, "Nodes", order) for order in permutations(range(3))]
        (found,) = {canonicalised(bound, native, member) for member in orbit}
        assert found in {tuple(pack(bound, member)) for member in orbit}


@pytest.mark.parametrize("history", ['{"acks", "audit"}', "{}"])
def test_one_state_of_the_protocol_stands_for_each_orbit(tmp_path: Path, history: str) -> None:
    """Pairs of servers, members as values, several words, parts that share one, parts without elements."""
    text = find_cfg("bench_symmetry").read_text("utf-8").replace("MaxTerm = 2", "MaxTerm = 1")
    assert '{"acks", "audit"}' in text
    cfg = tmp_path / "one_term.cfg"
    cfg.write_text(text.replace('{"acks", "audit"}', history), "utf-8")
    task = prepare(cfg)
    bound = task.instance
    goal = Goal(constraints=task.goal.constraints, check_deadlock=False)
    search = Search(bound, goal, Plan(keep_rows=True))
    search.run(Limits(max_states=5_000))
    states = RowSet(search)
    native = Native(module_text(bound, symmetry="Server"), ("canonicalise",))
    for row in range(0, search.count, search.count // 150):
        state = unpack(bound, states.row(row).tolist())
        orbit = [permute(bound, state, "Server", order) for order in permutations(range(3))]
        (found,) = {canonicalised(bound, native, member) for member in orbit}
        assert found in {tuple(pack(bound, member)) for member in orbit}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_a_walk_goes_once_through_every_order_that_is_open(size: int) -> None:
    for ties in range(1 << (size - 1)):
        groups = [0]
        for k in range(size - 1):
            groups.append(groups[-1] + (not ties >> k & 1))
        order = list(range(size))
        seen = [tuple(order)]
        for k in _walk(ties, size):
            order[k], order[k + 1] = order[k + 1], order[k]
            seen.append(tuple(order))
        assert len(set(seen)) == len(seen) == prod(factorial(groups.count(group)) for group in set(groups))
        assert all([groups[member] for member in found] == groups for found in seen)


def test_the_interpreter_takes_the_least_of_an_orbit() -> None:
    bound = instance(tokens())
    for state in naive(bound, Goal(constraints=("FewMessages",), check_deadlock=False)).states:
        orbit = [permute(bound, state, "Nodes", order) for order in permutations(range(3))]
        assert canonical_words(bound, state, "Nodes") == min(pack(bound, member) for member in orbit)
        assert canonical_words(bound, state, "") == pack(bound, state)


def test_a_permutation_renames_indexes_values_and_messages() -> None:
    bound = instance(tokens())
    state = bound.blank()
    state.held[0] = 1
    vector, reply = bound.kinds["Vector"], bound.kinds["Reply"]
    state.messages.add(vector(holds=[1, 0, 0], about=0))
    state.messages.add(reply(to=2, good=1, last=-1))
    moved = permute(bound, state, "Nodes", (1, 2, 0))
    assert moved.held.cells == [0, 1, 0]
    assert moved.messages.items == {vector(holds=[0, 1, 0], about=1), reply(to=0, good=1, last=-1)}


@pytest.mark.parametrize("swap", ["SomePrepared", "True0"])
def test_a_violation_has_the_same_name_and_length(swap: str) -> None:
    bound = instance(two_phase(3), {"AllPrepared": swap})
    plain = run(bound, everything(bound, check_deadlock=False))
    reduced = run(bound, everything(bound, symmetry="Nodes", check_deadlock=False))
    assert [v.name for v in reduced.violations] == [v.name for v in plain.violations] == ["Consistent"]
    lengths = {counterexample(search, search.violations[0]).length for search in (plain, reduced)}
    assert len(lengths) == 1
    assert reduced.count < plain.count
