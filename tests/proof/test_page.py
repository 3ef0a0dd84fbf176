"""docs/PROOF.md says what is proved: its names are the proof's, its scenarios the model checker's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pymodel.check import check
from pymodel.engine.result import CheckResult
from pymodel.proof.lease import LEASE
from pymodel.proof.link import Link
from pymodel.proof.link_log import LogProjection
from pymodel.proof.log import LOG
from pymodel.proof.mutants import LEASE_MUTANTS, LOG_MUTANTS
from pymodel.report.text import render_check
from pymodel.specfiles import find_cfg, spec_folder
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain
from pymodel.values import Fn, Value
from tests.proof.linked import Linked
from tests.raft.cluster import cluster

PAGE = (Path(__file__).parents[2] / "docs" / "PROOF.md").read_text(encoding="utf-8")
SCENARIOS = {"anti_stale_leader_never_commits": 1, "anti_deposed_write_never_commits": 2}
"""The cfgs of the false claims, and the term whose leader commits at the end."""


def test_each_theorem_carries_a_step_and_each_name_is_a_theorem() -> None:
    theorems = {*LOG.theorems, *LOG.step_theorems, *LEASE.theorems, *LEASE.step_theorems}
    named = set(re.findall(r"\*\*(\w+)\*\*", PAGE))
    assert named == theorems
    conjuncts = {*LOG.invariant, *LEASE.invariant}
    assert set(re.findall(r"(?<!\*)\*([a-z]+_[a-z_]+)\*(?!\*)", PAGE)) <= conjuncts


def test_the_table_of_guards_is_on_record() -> None:
    rows = re.findall(r"^\| ([A-Z][\w/]*\.\w+)( \(lease\))? \| ([^|]+) \|", PAGE, re.M)
    assert len(rows) > 8
    for guard, lease, fails in rows:
        known = (LEASE_MUTANTS if lease else LOG_MUTANTS)[guard].fails
        assert {name.strip().partition(":")[0] for name in fails.split(",")} <= set(known)


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> tuple[str, CheckResult]:
    return request.param, check(find_cfg(request.param))


def test_the_scenarios_on_the_page_are_the_model_checkers(scenario: tuple[str, CheckResult]) -> None:
    name, result = scenario
    excerpt = PAGE.split(f"$ pymodel check {name}\n")[1].split("```")[0]
    printed = {line.strip() for line in render_check(result).splitlines()}
    lines = [line.strip() for line in excerpt.splitlines() if line.strip() not in ("", "...")]
    assert len(lines) > 10 and set(lines) <= printed, set(lines) - printed


def test_the_scenarios_are_behaviours_of_the_proof(scenario: tuple[str, CheckResult]) -> None:
    """Each of their states satisfies the whole invariant."""
    cfg, result = scenario
    play = linked()
    assert result.counterexample is not None
    for step in result.counterexample.steps[1:]:
        wanted: dict[str, Value] = {}
        for name, value in step.params.items():
            wanted |= (
                {str(key): item for key, item in value.items()} if isinstance(value, Fn) else {name: value}
            )
        play.take(step.action, **wanted)
    assert [term for term in (1, 2) if play.committed(term)] == [SCENARIOS[cfg]]


def linked() -> Linked:
    instance = cluster(3, 2, Faults=frozenset(), History=frozenset(), MaxTerm=2, MaxLogLen=2)
    return Linked(instance, Link(LogProjection(instance.bound)))


@pytest.fixture
def stale() -> Linked:
    """s1, of term 1, appended a write; s2 holds and acknowledged it, and has won term 2 since."""
    play = linked()
    play.elect("s1", "s2").write("s1", "w1")
    play.take("AppendEntries", i="s1", j="s2", n=1).take("HandleAppendEntriesRequest", dest="s2")
    play.elect("s2", "s3")
    return play


def test_the_invariant_admits_a_stale_leader_that_commits(stale: Linked) -> None:
    """What it commits is old: StaleCommitIsOld."""
    stale.take("HandleAppendEntriesResponse", dest="s1", term=1).take("AdvanceCommitIndex", i="s1")
    assert (2,) in stale.rows("won") and stale.committed(1) == 1
    assert (2, 1, 1, 0) in stale.rows("electionLog")


def test_the_invariant_admits_that_a_deposed_leaders_write_is_committed(stale: Linked) -> None:
    """By its successor, with an entry of its own behind it."""
    stale.write("s2", "w2")
    stale.take("AppendEntries", i="s2", j="s3", n=1)  # refused: the log of s3 is empty
    stale.take("HandleAppendEntriesRequest", dest="s3").take("HandleAppendEntriesResponse", dest="s2")
    stale.replicate("s2", "s3").replicate("s2", "s3").take("AdvanceCommitIndex", i="s2")
    assert stale.committed(1) == 0 and stale.committed(2) == 2
    assert (2, 1, 1, 0) in stale.rows("leaderLog")


@pytest.mark.slow
def test_tlc_finds_the_invariant_to_hold_on_small_bounds(tmp_path: Path, toolchain: Toolchain) -> None:
    for path in (*spec_folder().glob("*.tla"), *(spec_folder() / "proof").iterdir()):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    module, cfg = tmp_path / "ProofInvariants.tla", tmp_path / "ProofInvariants.cfg"
    result = tlc_check(module, cfg, check_deadlock=False, toolchain=toolchain)
    assert result.ok, (result.violated, result.detail)
    assert result.distinct == 6_435
    wrong = cfg.read_text("utf-8").replace("CONSTRAINT", "  CandidateLogUpToDate <- True2\nCONSTRAINT")
    cfg.write_text(wrong, "utf-8")
    assert not tlc_check(module, cfg, check_deadlock=False, toolchain=toolchain).ok
