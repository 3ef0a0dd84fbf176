"""Every guard does something: with another operator in its place a property falls, or the graph changes.

A case names the property and how many states the shortest behaviour has that breaks it. The controls
show that the property holds within the same bounds with the guard in place, so that the guard is the
reason. What the shipped mutant cfgs swap is pinned by tests/parity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pymodel.cfg import read_cfg
from pymodel.check import check
from pymodel.engine.contract import Constant
from pymodel.engine.goal import Limits
from pymodel.engine.result import CheckResult, Verdict
from pymodel.manifest import read_manifest
from pymodel.mutate.registry import read_registry
from pymodel.raft.model import RAFT
from pymodel.raft.mutants import MUTANTS
from pymodel.specfiles import find_cfg, shipped_cfgs

from .test_features import HOLES, SAFE_WITHOUT
from .test_policies import SPOILT

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


@dataclass(frozen=True)
class Case:
    """`swap` makes the properties `broken` false, all at the earliest in the last of `length` states."""

    swap: str
    broken: str
    length: int
    bounds: Bounds
    states_max: int = STATES_MAX

    @property
    def guard(self) -> str:
        return self.swap.split()[0]

    @property
    def properties(self) -> tuple[str, ...]:
        return tuple(self.broken.split())


NO_LOG = Bounds()
LEASE = Bounds(ticks=1)
AUDITED = replace(LEASE, history=("audit",))
LOG = Bounds(writes=1, faults=("loss",))
RESTARTS = replace(LOG, servers=2, faults=("loss", "restart"))
TWO_WRITES = replace(LOG, writes=2, symmetry=True)
CONTACT = Bounds(servers=2, writes=1, ticks=1, faults=("loss",))
ACKS = Bounds(servers=2, writes=1, history=("acks",), max_term=3, max_messages=2)
ACKS_SNAPSHOTS = replace(ACKS, snapshots=True)
ONE_TERM = Bounds(writes=2, faults=(), max_term=1, max_messages=2, symmetry=True)
FIRST_TERM = replace(NO_LOG, max_term=1)
ONE_TERM_SNAPSHOTS = replace(ONE_TERM, snapshots=True, faults=("restart",))

CASES = (
    Case("IsQuorum <- True1", "ElectionSafety", 5, NO_LOG),
    Case("IsQuorum <- HalfIsQuorum", "ElectionSafety", 5, replace(NO_LOG, servers=2)),
    Case("VoteAvailable <- True2", "VoteStable", 5, NO_LOG),
    Case("CandidateLogUpToDate <- True2", "LeaderCompleteness", 19, LOG),
    Case("ElectionTimeoutElapsed <- True1", "LeaseExclusion", 17, LEASE),
    Case("WithholdsVote <- False1", "LeaseExclusion", 18, LEASE),
    Case("VoteAfterStepDown <- VoteForgotten", "VoteStable", 9, LEASE),
    Case("TermAfterRestart <- TermForgotten", "TermMonotonic", 3, NO_LOG),
    Case("TermAfterRestart <- TermForgotten", "AuditFaithful", 4, AUDITED),
    Case("VoteAfterRestart <- VoteForgotten", "VoteStable", 3, NO_LOG),
    Case("ElapsedAfterRestart <- PromiseForgotten", "LeaseImpliesPromise", 12, LEASE),
    Case("LogMatches <- True2", "MatchIndexSound", 18, ACKS),
    Case("EntryConflicts <- True3", "MatchIndexSound", 17, ONE_TERM),
    Case("EntryConflicts <- False3", "MatchIndexSound", 19, TWO_WRITES),
    Case("FollowerCommit <- LeaderCommit", "StateMachineSafety", 15, LOG),
    Case("AckAgeAtElection <- FreshAckAge", "LeaseImpliesPromise", 8, LEASE),
    Case("LeaseValid <- True1", "LeaseExclusion", 8, LEASE),
    Case("HasQuorumContact <- True1", "ClientOutcome", 9, CONTACT),
    Case("OutcomeAtAppend <- OkAtAppend", "OkIsChosen", 8, LOG),
    Case("OutcomeAtStepDown <- RedirectAtStepDown", "ClientOutcome", 9, RESTARTS),
    Case("OutcomeAtStepDown <- RedirectAtStepDown", "DefiniteFailNeverCommits", 22, TWO_WRITES),
    Case("CurrentAppendEntriesResponse <- True2", "QuorumAckSound", 18, ACKS),
    Case("StaleInstallSnapshotRequest <- False2", "NoAckToStale StaleFrame", 26, ACKS_SNAPSHOTS),
    Case("CurrentInstallSnapshotResponse <- True2", "QuorumAckSound", 33, ACKS_SNAPSHOTS, 500_000),
    Case("MayCampaign <- True1", "LegalTransition", 8, FIRST_TERM),
    Case("AsksForVote <- True2", "TypeOK", 3, FIRST_TERM),
    Case("AnswerTerm <- TermOfRequest", "NoAckToStale", 6, NO_LOG),
    Case("HintAfterStepDown <- SenderHint", "RedirectSound", 4, FIRST_TERM),
    Case("CommitAfterRestart <- WholeLogCommitted", "StateMachineSafety", 9, RESTARTS),
    Case("TermOfNewEntry <- TermAhead", "TermBounds", 8, LOG),
    Case("TermOfNewEntry <- FirstTerm", "LogMatching", 15, TWO_WRITES),
    Case("AppendsAfter <- AfterCommitted", "LeaderAppendOnly ClientOutcome", 9, ONE_TERM),
    Case("CommitQuorum <- SelfCountedTwice", "CommittedOnQuorum", 9, LOG),
    Case("AgeAfterRejection <- RejectionRenews", "LeaseImpliesPromise", 24, replace(LOG, ticks=1)),
)
SLOW_CASES = (
    Case("RetainsSuffix <- False2", "MatchIndexSound", 24, ONE_TERM_SNAPSHOTS, 2_000_000),
    Case("RetainsSuffix <- False2", "CommittedOnQuorum", 25, ONE_TERM_SNAPSHOTS, 2_000_000),
)
ALL_CASES = (*CASES, *SLOW_CASES)
BOUNDS = tuple(dict.fromkeys(case.bounds for case in ALL_CASES))

MANIFEST = read_manifest()
SHIPPED = {name: read_cfg(find_cfg(name)).swaps for name in shipped_cfgs()}
# No property misses this one: without it nobody learns of a term, so less happens, and all of it is safe.
COUNTED = "HigherTerm <- False2"
# Nor this one: whoever keeps the commit index over a restart knows more, and nothing that is false.
KEPT = "CommitAfterRestart <- CommitKept"


def searched(folder: Path, text: str, states_max: int | None = None) -> CheckResult:
    cfg = folder / "swap.cfg"
    cfg.write_text(text, "utf-8")
    return check(cfg, limits=Limits(max_states=states_max))


def broken_as_pinned(folder: Path, case: Case) -> None:
    result = searched(folder, case.bounds.cfg(*case.properties, swap=case.swap), case.states_max)
    assert result.counterexample is not None, f"{result.verdict} with {result.distinct} states"
    assert {result.violated, *result.also_violated} == set(case.properties)
    assert result.counterexample.length == case.length


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.swap}: {case.broken}")
def test_a_swap_breaks_the_property(tmp_path: Path, case: Case) -> None:
    broken_as_pinned(tmp_path, case)


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW_CASES, ids=lambda case: f"{case.swap}: {case.broken}")
def test_a_swap_breaks_the_property_deep_down(tmp_path: Path, case: Case) -> None:
    broken_as_pinned(tmp_path, case)


@pytest.mark.slow
@pytest.mark.parametrize("bounds", BOUNDS, ids=lambda bounds: str(BOUNDS.index(bounds)))
def test_with_the_guard_in_place_the_property_holds(tmp_path: Path, bounds: Bounds) -> None:
    properties = dict.fromkeys(
        name for case in ALL_CASES if case.bounds == bounds for name in case.properties
    )
    result = searched(tmp_path, bounds.cfg(*properties))
    assert result.verdict is Verdict.OK


def test_higher_term_is_noticed_in_the_states_that_are_reached(tmp_path: Path) -> None:
    properties = ("ElectionSafety", "LegalTransition", "NoAckToStale")
    with_it, without = (searched(tmp_path, NO_LOG.cfg(*properties, swap=swap)) for swap in ("", COUNTED))
    assert (with_it.verdict, with_it.distinct) == (Verdict.OK, 30_662)
    assert (without.verdict, without.distinct) == (Verdict.OK, 4_049)
    assert [item.generated for item in without.coverage if item.action == "UpdateTerm"] == [0]


def test_a_commit_index_kept_over_a_restart_harms_nothing(tmp_path: Path) -> None:
    bounds = replace(RESTARTS, max_term=1)
    properties = ("StateMachineSafety", "CommittedPrefixStable", "LeaderCompleteness")
    with_it, without = (searched(tmp_path, bounds.cfg(*properties, swap=swap)) for swap in ("", KEPT))
    assert (with_it.verdict, without.verdict) == (Verdict.OK, Verdict.OK)
    assert with_it.distinct != without.distinct


def test_every_guard_is_covered() -> None:
    elsewhere = {swap.split()[0] for swap, _ in SPOILT} | {"SampleHasQuorum"}
    elsewhere |= {swap.split()[0] for holes in HOLES for swap in holes.swaps}
    elsewhere |= SAFE_WITHOUT.keys()
    pinned = {guard for name, swaps in SHIPPED.items() if name.startswith("mutant_") for guard in swaps}
    covered = {case.guard for case in ALL_CASES} | {COUNTED.split()[0]} | pinned | elsewhere
    assert covered == set(RAFT.guards)


def test_every_mutant_is_put_to_use() -> None:
    used = {case.swap.split()[-1] for case in ALL_CASES} | {COUNTED.split()[-1], KEPT.split()[-1]}
    used |= {swap.split()[-1] for swap, _ in SPOILT}
    used |= {mutant for hole in read_registry().hole for mutant in hole.swaps.values()}
    used |= {swap.split()[-1] for holes in HOLES for swap in holes.swaps}
    used |= {mutant for swaps in SHIPPED.values() for mutant in swaps.values()}
    assert {name for name, mutant in MUTANTS.items() if not isinstance(mutant, Constant)} <= used


def told_by_the_docs() -> set[tuple[str, str, int]]:
    """(property, swap or mutant cfg, states) for each that the tables of docs/PROPERTIES.md tell."""
    found = set()
    for line in (DOCS / "PROPERTIES.md").read_text("utf-8").splitlines():
        name = line.strip("| ").split(" ")[0]
        if name in (*RAFT.invariants, *RAFT.properties):
            for killer, states in re.findall(r"(\w+ <- \w+|mutant_\w+)`?(?: under a lease)? \((\d+)", line):
                found.add((name, killer, int(states)))
    return found


def test_what_the_docs_tell_is_found_here_or_by_the_shipped_cfgs() -> None:
    found = {(name, case.swap, case.length) for case in ALL_CASES for name in case.properties}
    found |= {(name, swap, length) for holes in HOLES for swap, (name, length) in holes.swaps.items()}
    shipped = {(record.violated, name, record.length) for name, record in MANIFEST.items()}
    told = told_by_the_docs()
    assert len(told) > 20
    assert told <= found | shipped
