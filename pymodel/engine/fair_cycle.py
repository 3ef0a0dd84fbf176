"""Fair cycles in a subgraph, and a shortest way to one: the core of the three liveness checks.

A cycle is fair if for each weak condition it has a state that does not enable it or a step of it, and
for each strong condition it enables it nowhere or has a step of it. That is asked of a cycle, never of
the component alone: where a strong condition is enabled and not met within a component, the states that
enable it are taken out and the rest is taken apart again.
Source: Lichtenstein and Pnueli, "Checking that finite state concurrent programs satisfy their linear
specification" (1985).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pymodel.engine.fairness import Demands
from pymodel.engine.graph import Flags, Halves, StateGraph


@dataclass(frozen=True)
class Path:
    """A behaviour as rows: `rows` from the initial state on, then from the last of them to rows[loop].
    A loop to the last row itself is stuttering."""

    rows: tuple[int, ...]
    loop: int


def fair_components(graph: StateGraph, demands: Demands, alive: Flags, goal: Flags | None = None) -> Halves:
    """For each node the number of a component of `alive` in which a walk through all of it is fair and
    meets `goal`; -1 for nodes on no such walk. The components are disjoint and numbered in no order."""
    weak, strong = demands.weak, demands.strong
    result = np.full(graph.count, -1, np.int32)
    numbered = 0
    while alive.any():
        component, found = graph.components(alive)
        taken, some, every = graph.summarise(component, found)
        hopeless = (every & ~taken & weak) != 0
        if goal is not None:
            hopeless |= ~np.isin(np.arange(found), component[alive & goal])
        owing = some & ~taken & strong
        of_alive = component[alive]
        fair = np.zeros(graph.count, np.bool_)
        fair[alive] = (~hopeless & (owing == 0))[of_alive]
        result[fair] = component[fair] + numbered
        numbered += found
        again = np.zeros(graph.count, np.bool_)
        again[alive] = (
            ~hopeless[of_alive] & (owing[of_alive] != 0) & (graph.enabled[alive] & owing[of_alive] == 0)
        )
        alive = again
    return result


def shortest_lasso(
    graph: StateGraph, demands: Demands, component: Halves, distance: Halves, goal: Flags | None = None
) -> tuple[int, list[int]] | None:
    """Where the nearest fair loop is entered, and the nodes of the loop behind that one, which ends it;
    none for stuttering. None if no fair component has a `distance` (-1: unreached).

    The loop is closed and fair by itself. Of stuttering and the loop that is entered first the one that
    makes the shorter lasso is taken.
    """
    within = np.flatnonzero((component >= 0) & (distance >= 0))
    if not len(within):
        return None
    entry = int(within[np.argmin(distance[within])])
    resting = graph.enabled[within] & (demands.weak | demands.strong) == 0
    if goal is not None:
        resting &= goal[within]
    still = within[resting]
    walk = _closed_walk(graph, demands, component == component[entry], entry, goal)
    if len(still):
        quiet = int(still[np.argmin(distance[still])])
        if distance[quiet] <= distance[entry] + max(0, len(walk) - 1):
            return quiet, []
    return entry, walk


def way_to(node: int, previous: Halves) -> list[int]:
    """The nodes from the source that reached `node` up to it."""
    path = [node]
    while previous[path[-1]] >= 0:
        path.append(int(previous[path[-1]]))
    return path[::-1]


class _Owed:
    """What a walk still has to do to be fair and to meet the goal."""

    def __init__(self, graph: StateGraph, demands: Demands, inside: Flags, goal: Flags | None) -> None:
        self.graph = graph
        self.inside = inside
        self.goal = goal
        self.weak = demands.weak
        self.strong = demands.strong & int(np.bitwise_or.reduce(graph.enabled[inside]))
        self.wants_goal = goal is not None

    def __bool__(self) -> bool:
        return bool(self.weak or self.strong or self.wants_goal)

    def visit(self, node: int) -> None:
        self.weak &= int(self.graph.enabled[node])
        if self.goal is not None and self.goal[node]:
            self.wants_goal = False

    def step(self, source: int, target: int) -> None:
        mark = self.graph.mark(source, target)
        self.weak &= ~mark
        self.strong &= ~mark
        self.visit(target)

    def farthest(self, distance: Halves) -> tuple[int, int]:
        """Of the places where each thing owed is met next, the farthest, since much is met on the way: a
        node and -1, or the ends of an edge."""
        places = self.graph.nearest(self.inside, distance, self.weak, self.strong)
        if self.wants_goal and self.goal is not None:
            there = np.flatnonzero(self.inside & self.goal)
            node = int(there[np.argmin(distance[there])])
            places.append((int(distance[node]), node, -1))
        _, node, target = max(places)
        return node, target


def _closed_walk(
    graph: StateGraph, demands: Demands, inside: Flags, entry: int, goal: Flags | None
) -> list[int]:
    """The nodes behind `entry` of a walk within its component that is fair, meets `goal` and ends at
    `entry`."""
    owed = _Owed(graph, demands, inside, goal)
    owed.visit(entry)
    walk = [entry]
    while owed:
        distance, previous = _from(graph, inside, walk[-1])
        node, target = owed.farthest(distance)
        way = way_to(node, previous)[1:] + ([target] if target >= 0 else [])
        for following in way:
            owed.step(walk[-1], following)
            walk.append(following)
    if walk[-1] != entry:
        _, previous = _from(graph, inside, walk[-1])
        walk += way_to(entry, previous)[1:]
    return walk[1:]


def _from(graph: StateGraph, inside: Flags, node: int) -> tuple[Halves, Halves]:
    return graph.spread(inside, np.array([node], np.int32), np.zeros(1, np.int32))
