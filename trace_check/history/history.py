"""The whole history of a log, collected event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trace_check.event import Config, Event, Place
from trace_check.history.clients import Clients
from trace_check.history.contact import Contact
from trace_check.history.elections import Elections
from trace_check.history.fencing import Fencing
from trace_check.history.roles import Roles
from trace_check.places import natural


@dataclass(frozen=True)
class Restart:
    """A later incarnation of a node: its first line, and the node's term before and after where both show."""

    node: str
    inc: str
    place: Place
    ts: float | None
    term_before: int | None
    term_after: int | None


@dataclass
class History:
    """What all events of a log tell together. `start` and `end`: the earliest and the latest wall clock."""

    roles: Roles = field(default_factory=Roles)
    elections: Elections = field(default_factory=Elections)
    fencing: Fencing = field(default_factory=Fencing)
    clients: Clients = field(default_factory=Clients)
    contact: Contact = field(default_factory=Contact)
    restarts: list[Restart] = field(default_factory=list)
    events: int = 0
    start: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        self._incs: dict[str, str] = {}
        self._terms: dict[str, int] = {}

    def see(self, event: Event) -> None:
        """Takes in one event, in causal order."""
        index = self.events
        self.events += 1
        if event.ts is not None:
            self.start = event.ts if self.start is None else min(self.start, event.ts)
            self.end = event.ts if self.end is None else max(self.end, event.ts)
        self._restart(event)
        ended = self.roles.see(event, index)
        leads = self.roles.leads(event.node)
        self.contact.see(event, ended, leads)
        self.elections.see(event)
        self.fencing.see(event)
        self.clients.see(event, leads)

    def _restart(self, event: Event) -> None:
        shown = [s.term for s in (event.pre, event.state) if s is not None and s.term is not None]
        known = self._incs.get(event.node)
        if event.inc and known and event.inc != known:
            before, after = self._terms.get(event.node), shown[0] if shown else None
            self.restarts.append(Restart(event.node, event.inc, event.place, event.ts, before, after))
        if event.inc:
            self._incs[event.node] = event.inc
        if shown:
            self._terms[event.node] = shown[-1]


def members_of(configs: Sequence[Config], nodes: list[str]) -> list[str]:
    """The cluster's members: the most that are declared together, else the nodes that log."""
    declared = max((config.nodes for config in configs), key=len, default=())
    return sorted(declared, key=natural) if len(declared) >= len(nodes) else nodes
