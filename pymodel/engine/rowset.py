"""Every state of a finished search by number, and the edges between them: for graphs and liveness."""

from __future__ import annotations

import numpy as np

from pymodel.engine.native import Words
from pymodel.engine.search import Search
from pymodel.engine.store import Store
from pymodel.errors import LayoutError


class RowSet:
    """States and edges of a search that kept its rows, after its run; row 0 is the initial state, and rows
    are in the order in which they were found. Raises LayoutError for any other search."""

    def __init__(self, search: Search) -> None:
        if search.store is None or not search.plan.keep_rows:
            raise LayoutError("the search did not keep its rows")
        self.search = search
        self.store: Store = search.store
        self.stored = self.store.rows()
        self.count = search.count
        self.width = search.instance.layout.words
        self.words: Words = np.zeros(self.count * self.width, np.int64)
        worker = search.workers[0]
        search.native.call("unpack_rows", worker.buffer, self.stored, self.count, self.words)

    def row(self, number: int) -> Words:
        """The packed words of a state, as pymodel.engine.pack knows them."""
        return self.words[number * self.width : (number + 1) * self.width]

    def path(self, number: int) -> list[int]:
        """The rows from the initial state to row `number`, first to last."""
        ends = np.cumsum(self.store.journal.sizes)
        path = []
        level = int(np.searchsorted(ends, number, side="right"))
        while True:
            path.append(number)
            if level == 0:
                return path[::-1]
            first = int(ends[level - 1])
            parent, _ = self.store.journal.origin(level, number - first)
            level -= 1
            number = parent + (int(ends[level - 1]) if level else 0)

    def edges(self, room: int) -> Words:
        """All edges within the constraint: rows of (row, action number, row), as often as they are made.

        Raises LayoutError when there are more than `room`, or when the search was not complete.
        """
        if not self.search.complete:
            raise LayoutError("the search did not end, so not all edges are known")
        search, table = self.search, self.store.table
        numbers: Words = np.zeros(table.size * len(table.fill), np.int64)
        place = (table.words, table.size)
        search.native.call("number", self.stored, self.count, search.plan.seed, *place, numbers)
        worker = search.workers[0]
        space = room + len(worker.acts) + 1
        edges: Words = np.zeros(3 * space, np.int64)
        written = search.native.call(
            "collect_edges",
            worker.buffer,
            self.stored,
            *place,
            numbers,
            worker.acts,
            self.count,
            edges,
            space,
            worker.totals,
            0,
        )
        if int(worker.totals[0]) < self.count or written > room:
            raise LayoutError(f"the graph has more than {room} edges", mend="lower the bounds in the cfg")
        return edges.reshape(-1, 3)[:written]
