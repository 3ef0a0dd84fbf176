"""Every guard does something: with another operator in its place a property falls, or the graph changes.

A case names the property, and how many states the shortest behaviour has that breaks it. The controls
show that the property holds at the same bounds with the guard in place, so that the guard is the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pymodel.raft.model import RAFT

STATES_MAX = 300_000


@dataclass(frozen=True)
class Bounds:
    """The constants of a cfg. Servers are s1, s2, ..., writes w1, w2, ...; `ticks` is both timeouts."""

    servers: int = 3
    writes: int = 0
    ticks: int = 0
    snapshots: bool = False
    faults: tuple[str, ...] = ("loss", "restart")
    history: tuple[str, ...] = ()
    max_term: int = 2
    max_messages: int = 1

    def cfg(self, swap: str, property_name: str) -> str:
        """The text of a cfg that checks that property alone, within these bounds."""
        kind = "INVARIANT" if property_name in RAFT.invariants else "PROPERTY"
        return f"""SPECIFICATION Spec
CONSTANTS
  Server = {_names("s", self.servers)}
  Write = {_names("w", self.writes)}
  Nil = Nil
  ElectionTicks = {self.ticks}
  LeaseTicks = {self.ticks}
  ClockSkew = 0
  LeasePolicy = "{"SendTime" if self.ticks else "None"}"
  Snapshots = {str(self.snapshots).upper()}
  Faults = {_strings(self.faults)}
  History = {_strings(self.history)}
  MaxTerm = {self.max_term}
  MaxLogLen = {self.writes}
  MaxMessages = {self.max_messages}
  {swap}
CONSTRAINT StateConstraint
{kind if property_name else ""} {property_name}
"""


def _names(letter: str, count: int) -> str:
    return "{" + ", ".join(f"{letter}{k}" for k in range(1, count + 1)) + "}"


def _strings(values: tuple[str, ...]) -> str:
    return "{" + ", ".join(f'"{value}"' for value in values) + "}"


LEASE = Bounds(ticks=1)
LOG = Bounds(writes=1, faults=("loss",))
TWO_WRITES = replace(LOG, writes=2)
ACKS = Bounds(servers=2, writes=1, history=("acks",), max_term=3, max_messages=2)
ACKS_SNAPSHOTS = replace(ACKS, snapshots=True)
SNAPSHOTS = Bounds(writes=2, snapshots=True, faults=(), history=("acks",), max_term=1, max_messages=2)
CONTACT = Bounds(servers=2, writes=1, ticks=1, faults=("loss",))
NO_LOG = Bounds()
