"""Compiled loops over a directed graph: strongly connected components and shortest distances.

In the integer Python of machine.py; they know no model, so that one piece of machine code serves every
cfg. Node v has the edges offsets[v]..offsets[v + 1] - 1 of `targets`. `alive` holds 1 for the nodes of
the subgraph that is looked at and 0 for all others. A lone node is a component of its own: in a state
graph it stands for stuttering.
Source: Tarjan, "Depth-first search and linear graph algorithms" (1972), with an explicit stack.
"""

from __future__ import annotations

from typing import Any

# mypy: disable-error-code="no-any-return"

Array = Any
Array32 = Any

ENTRIES = ("components", "summarise", "spread", "nearest")


# == Compiled ==
def components(
    offsets: Array,
    targets: Array32,
    alive: Array32,
    count: int,
    component: Array32,
    order: Array32,
    low: Array32,
    open_nodes: Array32,
    calls: Array32,
    at: Array,
) -> int:
    """Number the components of the subgraph from 0 in `component` (-1 at first); returns how many.

    `order` and `low` are zeros at first; `open_nodes`, `calls` and `at` are working space.
    """
    found = 0
    clock = 0
    opened = 0
    for root in range(count):
        depth = 0
        if alive[root] != 0 and order[root] == 0:
            calls[0] = root
            depth = 1
        while depth > 0:
            v = calls[depth - 1]
            if order[v] == 0:
                clock += 1
                order[v] = clock
                low[v] = clock
                at[v] = offsets[v]
                open_nodes[opened] = v
                opened += 1
            if at[v] < offsets[v + 1]:
                w = targets[at[v]]
                at[v] += 1
                if alive[w] != 0:
                    if order[w] == 0:
                        calls[depth] = w
                        depth += 1
                    elif component[w] < 0:
                        low[v] = min(low[v], order[w])
            else:
                depth -= 1
                if depth > 0:
                    u = calls[depth - 1]
                    low[u] = min(low[u], low[v])
                if low[v] == order[v]:
                    while component[v] < 0:
                        opened -= 1
                        component[open_nodes[opened]] = found
                    found += 1
    return found


def summarise(
    offsets: Array,
    targets: Array32,
    marks: Array,
    enabled: Array,
    component: Array32,
    count: int,
    taken: Array,
    some: Array,
    every: Array,
) -> int:
    """For each component: the bits that an edge within it has in `marks` (to taken, zeros at first), that
    a node has in `enabled` (to some, zeros), and that all nodes have (to every, -1 at first)."""
    for v in range(count):
        c = component[v]
        if c >= 0:
            some[c] |= enabled[v]
            every[c] &= enabled[v]
            for edge in range(offsets[v], offsets[v + 1]):
                if component[targets[edge]] == c:
                    taken[c] |= marks[edge]
    return count


def spread(
    offsets: Array,
    targets: Array32,
    alive: Array32,
    sources: Array32,
    source_count: int,
    distance: Array32,
    previous: Array32,
    queue: Array32,
) -> int:
    """Distances from `sources` within the subgraph, and the node before on a shortest path; returns how
    many other nodes were reached.

    `distance` is -1 at first but for the sources, where it may differ, if never by more than an edge
    from one to the other can explain; they are in its order. `previous` stays as it is at sources.
    """
    head = 0
    tail = 0
    source = 0
    while source < source_count or head < tail:
        waits = source < source_count
        if waits and (head == tail or distance[sources[source]] <= distance[queue[head]]):
            v = sources[source]
            source += 1
        else:
            v = queue[head]
            head += 1
        for edge in range(offsets[v], offsets[v + 1]):
            w = targets[edge]
            if alive[w] != 0 and distance[w] < 0:
                distance[w] = distance[v] + 1
                previous[w] = v
                queue[tail] = w
                tail += 1
    return tail


def offer(
    met: int, far: int, source: int, target: int, best: Array, sources: Array, targets_met: Array
) -> int:
    """Enter a place `far` away for each bit of `met` for which none is known that is nearer."""
    bit = 0
    while met != 0:
        if met & 1 and (best[bit] < 0 or far < best[bit]):
            best[bit] = far
            sources[bit] = source
            targets_met[bit] = target
        met = met >> 1
        bit += 1
    return bit


def nearest(
    offsets: Array,
    targets: Array32,
    marks: Array,
    enabled: Array,
    alive: Array32,
    count: int,
    distance: Array32,
    weak: int,
    strong: int,
    best: Array,
    sources: Array,
    targets_met: Array,
) -> int:
    """For each bit of `weak` and `strong` the least distance to where it is met (to best, -1 at first): the
    end of an edge within `alive` that has it in `marks`, or for `weak` also a node without it in `enabled`
    (its target is then -1)."""
    for v in range(count):
        if alive[v] != 0:
            offer(weak & ~enabled[v], distance[v], v, 0 - 1, best, sources, targets_met)
            for edge in range(offsets[v], offsets[v + 1]):
                if alive[targets[edge]] != 0:
                    met = marks[edge] & (weak | strong)
                    offer(met, distance[v] + 1, v, targets[edge], best, sources, targets_met)
    return count
