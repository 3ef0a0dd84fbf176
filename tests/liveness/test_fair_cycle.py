"""Fair cycles in random graphs, held to a search through all sets of nodes that a walk could cover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymodel.engine import kernel_graph
from pymodel.engine.fair_cycle import fair_components, shortest_lasso, way_to
from pymodel.engine.fairness import Condition, Demands
from pymodel.engine.graph import StateGraph

CONDITIONS = 3


@dataclass(frozen=True)
class Drawn:
    """A graph: the mask of each arc (source, target), what each node enables, and which nodes count."""

    arcs: dict[tuple[int, int], int]
    enabled: tuple[int, ...]
    alive: tuple[bool, ...]
    goal: tuple[bool, ...] | None
    demands: Demands

    @property
    def nodes(self) -> range:
        return range(len(self.enabled))

    def graph(self) -> StateGraph:
        ordered = sorted(self.arcs)
        offsets = np.array([sum(a < v for a, _ in ordered) for v in range(len(self.enabled) + 1)], np.int64)
        targets = np.array([target for _, target in ordered], np.int32)
        marks = np.array([self.arcs[arc] for arc in ordered], np.int64)
        enabled = np.array(self.enabled, np.int64)
        return StateGraph(offsets, targets, marks, enabled, np.zeros(len(enabled), np.int64))

    def flags(self, which: tuple[bool, ...] | None) -> np.ndarray | None:
        return None if which is None else np.array(which, np.bool_)


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    n = draw(st.integers(1, 6))
    masks = st.integers(0, (1 << CONDITIONS) - 1)
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    arcs = draw(st.dictionaries(st.sampled_from(pairs), masks, max_size=14)) if pairs else {}
    enabled = []
    for node in range(n):
        beyond = draw(masks)  # what successors outside the constraint add
        taken = [mask for (source, _), mask in arcs.items() if source == node]
        enabled.append(int(np.bitwise_or.reduce([beyond, *taken])))
    flags = st.tuples(*[st.booleans()] * n)
    strong = draw(st.lists(st.booleans(), max_size=CONDITIONS))
    return Drawn(
        arcs,
        tuple(enabled),
        draw(st.one_of(st.just((True,) * n), flags)),
        draw(st.one_of(st.none(), flags)),
        Demands(tuple(Condition(kind, ()) for kind in strong)),
    )


def is_fair(case: Drawn, nodes: set[int], masks: list[int]) -> bool:
    """Whether a loop through `nodes` that takes arcs of `masks` is fair and meets the goal."""
    if case.goal is not None and not any(case.goal[node] for node in nodes):
        return False
    for bit, condition in enumerate(case.demands.conditions):
        able = [bool(case.enabled[node] >> bit & 1) for node in nodes]
        owing = any(able) if condition.strong else all(able)
        if owing and not any(mask >> bit & 1 for mask in masks):
            return False
    return True


def coverable(case: Drawn) -> Iterator[set[int]]:
    """Every set of alive nodes of which a fair walk can cover just all."""
    alive = [node for node in case.nodes if case.alive[node]]
    for chosen in chain.from_iterable(combinations(alive, size) for size in range(1, len(alive) + 1)):
        nodes = set(chosen)
        inner = {arc: mask for arc, mask in case.arcs.items() if nodes.issuperset(arc)}
        whole = nx.DiGraph(list(inner))
        whole.add_nodes_from(nodes)
        if nx.is_strongly_connected(whole) and is_fair(case, nodes, list(inner.values())):
            yield nodes


@settings(max_examples=400)
@given(case=drawn())
def test_the_fair_components_are_those_that_a_fair_walk_can_cover(case: Drawn) -> None:
    alive = case.flags(case.alive)
    assert alive is not None
    component = fair_components(case.graph(), case.demands, alive, case.flags(case.goal))
    covered: set[int] = set().union(*coverable(case))
    assert set(np.flatnonzero(component >= 0).tolist()) == covered


@settings(max_examples=400)
@given(case=drawn())
def test_a_lasso_is_a_shortest_way_to_a_closed_fair_walk(case: Drawn) -> None:
    graph, alive, goal = case.graph(), case.flags(case.alive), case.flags(case.goal)
    assert alive is not None
    component = fair_components(graph, case.demands, alive, goal)
    start = np.zeros(1, np.int32)
    everywhere = np.ones(graph.count, np.bool_)
    distance, previous = graph.spread(everywhere, start, start)
    lengths = nx.single_source_shortest_path_length(_whole(case), 0)
    assert {node: int(distance[node]) for node in case.nodes if distance[node] >= 0} == lengths
    found = shortest_lasso(graph, case.demands, component, distance, goal)
    reachable = [nodes for nodes in coverable(case) if nodes & lengths.keys()]
    assert (found is None) == (not reachable)
    if found is None:
        return
    entry, walk = found
    way = way_to(entry, previous)
    assert way[0] == 0 and len(way) == lengths[entry] + 1
    assert all(arc in case.arcs for arc in pairwise(way))
    loop = [entry, *walk]
    assert loop[-1] == entry and all(case.alive[node] for node in loop)
    assert all(arc in case.arcs for arc in pairwise(loop))
    assert is_fair(case, set(loop), [case.arcs[arc] for arc in pairwise(loop)])
    nearest = min(lengths[node] for nodes in reachable for node in nodes if node in lengths)
    assert not walk or lengths[entry] == nearest


def _whole(case: Drawn) -> nx.DiGraph:
    whole = nx.DiGraph(list(case.arcs))
    whole.add_nodes_from(case.nodes)
    return whole


@settings(max_examples=100)
@given(case=drawn())
def test_the_compiled_components_are_those_of_the_text_run_as_python(case: Drawn) -> None:
    graph, alive = case.graph(), case.flags(case.alive)
    assert alive is not None
    n = graph.count
    component = np.full(n, -1, np.int32)
    working = [np.zeros(n, np.int32) for _ in range(4)]
    inside = alive.astype(np.int32)
    found = kernel_graph.components(
        graph.offsets, graph.targets, inside, n, component, *working, np.zeros(n, np.int64)
    )
    compiled, count = graph.components(alive)
    assert (component.tolist(), found) == (compiled.tolist(), count)
    kept = [node for node in case.nodes if case.alive[node]]
    expected = {frozenset(part) for part in nx.strongly_connected_components(_whole(case).subgraph(kept))}
    parts = {frozenset(np.flatnonzero(compiled == k).tolist()) for k in range(count)}
    assert parts == expected


def test_sources_at_different_depths_keep_them_and_share_the_rest() -> None:
    """0 and 1 are sources at depths 0 and 3; 4 is nearer to 1 along its way, and 0 gets there first."""
    arcs = {(0, 2): 0, (2, 3): 0, (3, 4): 0, (1, 4): 0, (4, 5): 0}
    case = Drawn(arcs, (0,) * 6, (True,) * 6, None, Demands())
    sources, depths = np.array([0, 1], np.int32), np.array([0, 3], np.int32)
    distance, previous = case.graph().spread(np.ones(6, np.bool_), sources, depths)
    assert distance.tolist() == [0, 3, 1, 2, 3, 4]
    assert previous.tolist() == [-1, -1, 0, 2, 3, 4]


@pytest.mark.parametrize("shorter", [True, False])
def test_of_stuttering_and_a_loop_the_shorter_lasso_is_taken(shorter: bool) -> None:
    """0 to 1 and back is a fair loop at depth 0; behind it 0 to 2, where the condition is not enabled."""
    arcs = {(0, 1): 1, (1, 0): 0, (0, 2): 0} if shorter else {(0, 1): 1, (1, 0): 0, (0, 3): 0, (3, 2): 0}
    case = Drawn(arcs, (1, 1, 0, 1), (True,) * 4, None, Demands((Condition(False, ()),)))
    graph, start = case.graph(), np.zeros(1, np.int32)
    distance, _ = graph.spread(np.ones(4, np.bool_), start, start)
    component = fair_components(graph, case.demands, np.ones(4, np.bool_))
    assert shortest_lasso(graph, case.demands, component, distance) == ((2, []) if shorter else (0, [1, 0]))
