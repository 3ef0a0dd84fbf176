"""Guards that no property misses: with another operator in their place the graph changes, and is still safe.

The others, each with the property that falls without it, are the holes of spec/holes.toml: tests/mutation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pymodel.check import check
from pymodel.engine.result import CheckResult, Verdict
from pymodel.raft.model import RAFT

DOCS = Path(__file__).parents[2] / "docs"
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
    symmetry: bool = False

    def cfg(self, *properties: str, swap: str = "") -> str:
        """The text of a cfg that checks those invariants and action properties."""
        return f"""SPECIFICATION Spec
CONSTANTS
  Server = {_set(f"s{k + 1}" for k in range(self.servers))}
  Write = {_set(f"w{k + 1}" for k in range(self.writes))}
  Read = {{}}
  Nil = Nil
  ElectionTicks = {self.ticks}
  LeaseTicks = {self.ticks}
  ClockSkew = 0
  LeasePolicy = "{"SendTime" if self.ticks else "None"}"
  Snapshots = {str(self.snapshots).upper()}
  Features = {{}}
  Faults = {_set(f'"{fault}"' for fault in self.faults)}
  History = {_set(f'"{kept}"' for kept in self.history)}
  MaxTerm = {self.max_term}
  MaxLogLen = {self.writes}
  MaxMessages = {self.max_messages}
  {swap}
CONSTRAINT StateConstraint
{"SYMMETRY ServerSymmetry" if self.symmetry else ""}
INVARIANTS {" ".join(name for name in properties if name in RAFT.invariants)}
PROPERTIES {" ".join(name for name in properties if name in RAFT.properties)}
"""


def _set(members: Iterable[str]) -> str:
    return "{" + ", ".join(members) + "}"


NO_LOG = Bounds()
RESTARTS = Bounds(servers=2, writes=1, max_term=1)

# No property misses this one: without it nobody learns of a term, so less happens, and all of it is safe.
COUNTED = "HigherTerm <- False2"
# Nor this one: whoever keeps the commit index over a restart knows more, and nothing that is false.
KEPT = "CommitAfterRestart <- CommitKept"


def searched(folder: Path, text: str) -> CheckResult:
    cfg = folder / "swap.cfg"
    cfg.write_text(text, "utf-8")
    return check(cfg)


def test_higher_term_is_noticed_in_the_states_that_are_reached(tmp_path: Path) -> None:
    properties = ("ElectionSafety", "LegalTransition", "NoAckToStale")
    with_it, without = (searched(tmp_path, NO_LOG.cfg(*properties, swap=swap)) for swap in ("", COUNTED))
    assert (with_it.verdict, with_it.distinct) == (Verdict.OK, 30_662)
    assert (without.verdict, without.distinct) == (Verdict.OK, 4_049)
    assert [item.generated for item in without.coverage if item.action == "UpdateTerm"] == [0]


def test_a_commit_index_kept_over_a_restart_harms_nothing(tmp_path: Path) -> None:
    properties = ("StateMachineSafety", "CommittedPrefixStable", "LeaderCompleteness")
    with_it, without = (searched(tmp_path, RESTARTS.cfg(*properties, swap=swap)) for swap in ("", KEPT))
    assert (with_it.verdict, without.verdict) == (Verdict.OK, Verdict.OK)
    assert with_it.distinct != without.distinct
