"""Client operations by node: asked, acknowledged, refused and why; and how far each node committed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from trace_check.event import Event
from trace_check.places import natural


@dataclass
class Operations:
    """Writes and reads that came to one node, with the reasons of refusals as the log words them, and
    the nodes that clients were sent on to."""

    node: str
    writes_asked: int = 0
    writes_acknowledged: int = 0
    writes_refused: int = 0
    reads: int = 0
    reads_refused: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    redirects: Counter[str] = field(default_factory=Counter)
    acknowledged_by_term: Counter[int] = field(default_factory=Counter)


@dataclass
class Commits:
    """The highest commit index of one node, how often it went up, and its last log index."""

    node: str
    index: int | None = None
    advances: int = 0
    last: int | None = None


class Clients:
    """Collects client operations and commits, event by event in causal order."""

    def __init__(self) -> None:
        self.operations: dict[str, Operations] = {}
        self.commits: dict[str, Commits] = {}

    def see(self, event: Event, leads: int | None) -> None:
        """Takes in one event; `leads` is the term that its node leads then, as far as the log shows."""
        if event.client is not None:
            self._operation(event, leads)
        known = self.commits.setdefault(event.node, Commits(event.node))
        for state in (event.pre, event.state):
            if state is not None:
                known.last = state.last[0] if state.last is not None else known.last
                self._commit(known, state.commit)
        if event.kind == "commit" and event.entry is not None:
            self._commit(known, event.entry[0])

    @staticmethod
    def _commit(known: Commits, index: int | None) -> None:
        if index is not None and (known.index is None or index > known.index):
            known.advances += known.index is not None
            known.index = index

    def _operation(self, event: Event, leads: int | None) -> None:
        client = event.client
        if client is None:
            return
        known = self.operations.setdefault(event.node, Operations(event.node))
        refused = event.kind == "client_fail" or client.error not in (None, "", "0")
        if refused:
            known.refusals[client.error or "without a reason"] += 1
            if client.hint:
                known.redirects[client.hint] += 1
        if not client.is_write:
            known.reads += event.kind in ("client_ok", "read")
            known.reads_refused += refused
            return
        known.writes_asked += event.kind == "client_invoke"
        known.writes_refused += refused
        if event.kind == "client_ok" and not refused:
            known.writes_acknowledged += 1
            term = client.entry[1] if client.entry else client.term
            if term is None:
                term = leads if event.state is None else event.state.term
            if term is not None:
                known.acknowledged_by_term[term] += 1

    def all_operations(self) -> list[Operations]:
        """By node; only nodes that clients came to."""
        return [self.operations[node] for node in sorted(self.operations, key=natural)]

    def all_commits(self) -> list[Commits]:
        """By node; only nodes whose commit index is known."""
        return [
            self.commits[node]
            for node in sorted(self.commits, key=natural)
            if self.commits[node].index is not None
        ]
