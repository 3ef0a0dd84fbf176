"""The state graph of a complete search as arrays, with what liveness asks of its states and edges.

Holds no property: which subgraph is looked at, and what a cycle in it means, is fair_cycle.py's.
Source of the arrays: kernel_collect.py (one compiled pass), kernel_graph.py.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pymodel.engine import kernel, kernel_collect, kernel_graph
from pymodel.engine.fairness import Demands
from pymodel.engine.generate import buffer_words, driver, loop_text, max_successors, module_text
from pymodel.engine.instance import Instance
from pymodel.engine.native import Native, Words
from pymodel.errors import LayoutError

PREDICATES_MAX = 62  # those that hold in a state are bits of one word
CHUNK_EDGES = 1 << 20

Halves = NDArray[np.int32]
Flags = NDArray[np.bool_]
Call = tuple[str, tuple[int, ...]]
"""A predicate: a function of the model and, beside the state, its arguments."""


class StateGraph:
    """Nodes are the rows of a search. Edge e of node v, offsets[v] <= e < offsets[v + 1], leads to
    targets[e] and is a step of the conditions in marks[e]; `enabled` and `bits` have a mask for each node,
    of conditions and of predicates. No edge leads from a node to itself."""

    def __init__(self, offsets: Words, targets: Halves, marks: Words, enabled: Words, bits: Words) -> None:
        self.offsets = offsets
        self.targets = targets
        self.marks = marks
        self.enabled = enabled
        self.bits = bits
        self.count = len(enabled)
        self.native = _loops()

    def components(self, alive: Flags) -> tuple[Halves, int]:
        """The component of each node in the subgraph `alive`, -1 outside, and how many there are."""
        n = self.count
        component = np.full(n, -1, np.int32)
        working = [np.zeros(n, np.int32) for _ in range(4)]
        inside = alive.astype(np.int32)
        found = self.native.call(
            "components", self.offsets, self.targets, inside, n, component, *working, np.zeros(n, np.int64)
        )
        return component, found

    def summarise(self, component: Halves, found: int) -> tuple[Words, Words, Words]:
        """Per component: the conditions that an edge within it takes, a node enables, all nodes enable."""
        taken, some = np.zeros(found, np.int64), np.zeros(found, np.int64)
        every = np.full(found, -1, np.int64)
        arrays = (self.offsets, self.targets, self.marks, self.enabled, component)
        self.native.call("summarise", *arrays, self.count, taken, some, every)
        return taken, some, every

    def spread(self, alive: Flags, sources: Halves, depths: Halves) -> tuple[Halves, Halves]:
        """Distances (-1: unreached) and predecessors (-1: none) within `alive`, from `sources`, whose own
        distances are `depths`, in rising order."""
        distance, previous = np.full(self.count, -1, np.int32), np.full(self.count, -1, np.int32)
        distance[sources] = depths
        queue = np.zeros(self.count, np.int32)
        inside = alive.astype(np.int32)
        arrays = (self.offsets, self.targets, inside, sources, len(sources), distance, previous, queue)
        self.native.call("spread", *arrays)
        return distance, previous

    def nearest(self, inside: Flags, distance: Halves, weak: int, strong: int) -> list[tuple[int, int, int]]:
        """Where each condition of `weak` and `strong` is met next within `inside`: (distance, node, -1), or
        (distance to its end, source, target) for an edge."""
        best, sources, ends = np.full(63, -1, np.int64), np.zeros(63, np.int64), np.zeros(63, np.int64)
        arrays = (self.offsets, self.targets, self.marks, self.enabled, inside.astype(np.int32))
        self.native.call("nearest", *arrays, self.count, distance, weak, strong, best, sources, ends)
        return [(int(best[k]), int(sources[k]), int(ends[k])) for k in np.flatnonzero(best >= 0)]

    def mark(self, source: int, target: int) -> int:
        """The conditions that the edge from `source` to `target` is a step of."""
        first, last = int(self.offsets[source]), int(self.offsets[source + 1])
        place = first + int(np.flatnonzero(self.targets[first:last] == target)[0])
        return int(self.marks[place])


@cache
def _loops() -> Native:
    return Native(loop_text(kernel_graph), kernel_graph.ENTRIES)


class Collector:
    """Makes the StateGraph of a search's rows: `wanted` demands, predicates and constraints are compiled
    when it is made, `run` may then be called once."""

    def __init__(
        self, instance: Instance, demands: Demands, predicates: Sequence[Call], constraints: tuple[str, ...]
    ) -> None:
        if len(predicates) > PREDICATES_MAX:
            raise LayoutError(
                f"the liveness properties have {len(predicates)} predicates, more than {PREDICATES_MAX}",
                mend="check some in another cfg",
            )
        self.instance = instance
        text = module_text(
            instance,
            constraints=constraints,
            functions=tuple(dict.fromkeys(name for name, _ in predicates)),
            texts=(
                driver(
                    instance,
                    "labelled(b, s, acts: Array, _n, labels: Array)",
                    lambda action: demands.note(instance, action),
                ),
                _state_bits(predicates),
            ),
            loops=(kernel, kernel_collect),
        )
        self.native = Native(text, kernel_collect.ENTRIES)

    def run(self, rows: Words, count: int, deadline: float = float("inf")) -> StateGraph | None:
        """The graph of the first `count` of `rows`, or None if time.monotonic() passed `deadline`.

        Raises LayoutError where a step outgrows the layout or leads to a state that is none of the rows,
        and MemoryError.
        """
        working = [np.zeros(max_successors(self.instance), np.int64) for _ in range(2)]
        buffer = np.zeros(buffer_words(self.instance), np.int64)
        slots = 1 << (2 * count).bit_length()
        index, status = np.zeros(slots, np.int32), np.zeros(2, np.int64)
        self.native.call("enter_rows", buffer, rows, index, slots, count)
        offsets = np.zeros(count + 1, np.int64)
        enabled, bits = np.zeros(count, np.int64), np.zeros(count, np.int64)
        room = max(CHUNK_EDGES, max_successors(self.instance))
        targets, marks = np.zeros(room, np.int32), np.zeros(room, np.int64)
        chunks: list[tuple[Halves, Words]] = []
        first = 0
        while first < count:
            if time.monotonic() > deadline:
                return None
            tables = (buffer, rows, index, slots, *working, offsets, enabled, bits, targets, marks)
            written = self.native.call("collect_graph", *tables, room, first, count, status)
            first = int(status[0])
            self._raise_for(int(status[1]), buffer, first)
            chunks.append((targets[:written].copy(), marks[:written].copy()))
        return StateGraph(
            offsets,
            np.concatenate([targets[:0], *(chunk[0] for chunk in chunks)]),
            np.concatenate([marks[:0], *(chunk[1] for chunk in chunks)]),
            enabled,
            bits,
        )

    def _raise_for(self, status: int, buffer: Words, row: int) -> None:
        if status == kernel_collect.OUTGROWN:
            raise LayoutError(self.instance.layout.complaints[int(buffer[0])])
        if status == kernel_collect.UNKNOWN_ROW:
            raise LayoutError(f"a successor of row {row} is not among the rows of the search")


def _state_bits(predicates: Sequence[Call]) -> str:
    """The text of the function that has bit k set if predicate k holds."""
    lines = ["def state_bits(b, s):", "    bits = 0"]
    for k, (name, arguments) in enumerate(predicates):
        lines += [
            f"    if {name}({', '.join(['b', 's', *map(str, arguments)])}):",
            f"        bits |= {1 << k}",
        ]
    return "\n".join([*lines, "    return bits"])
