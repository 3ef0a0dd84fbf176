"""When memory does not suffice the search ends without a verdict: no crash, and no wrong count."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pymodel.check import check
from pymodel.engine import memory, rounds, table
from pymodel.engine import search as search_module
from pymodel.engine.goal import Plan
from pymodel.engine.level import Block
from pymodel.engine.result import Verdict
from pymodel.errors import LayoutError
from pymodel.specfiles import find_cfg

GIB = 1 << 30


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches get no more than 700 kB, and small rounds."""
    monkeypatch.setattr(search_module, "LEAST_BUDGET_BYTES", 700_000)
    monkeypatch.setattr(search_module, "ROUND_ROWS", 1 << 10)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("exact", [False, True], ids=["hashes", "exact"])
def test_a_full_memory_ends_the_search_undecided(little: None, exact: bool, workers: int) -> None:
    result = check(find_cfg("small"), plan=Plan(exact=exact, workers=workers, memory_bytes=1))
    assert result.verdict is Verdict.UNDETERMINED
    assert 1_000 < result.distinct < 67_346
    assert f"full with {result.distinct:,} states" in result.detail
    assert "--spill DIR" in result.detail
    assert ("without --exact" in result.detail) == exact


def test_a_violation_found_before_memory_ran_out_is_reported(little: None) -> None:
    result = check(find_cfg("mutant_vote_cleared"), plan=Plan(memory_bytes=1))
    assert result.violated == "ElectionSafety"


def test_an_allocation_that_fails_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    joined = Block.joined

    def refused(blocks: list[Block]) -> Block:
        if sum(block.count for block in blocks) > 2_000:
            raise MemoryError
        return joined(blocks)

    monkeypatch.setattr(rounds.Block, "joined", refused)
    result = check(find_cfg("small"))
    assert result.verdict is Verdict.UNDETERMINED
    assert "the system, which gave no more memory" in result.detail
    assert 0 < result.distinct < 67_346


def test_threads_that_cannot_be_started_are_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refused)
    result = check(find_cfg("election_lease"), plan=Plan(workers=2))
    assert result.verdict is Verdict.UNDETERMINED
    assert "no more threads" in result.detail


def test_a_table_takes_less_than_it_wants_where_it_has_to(monkeypatch: pytest.MonkeyPatch) -> None:
    zeros, asked = table.mmap.mmap, []

    def limited(where: int, size: int, **options: int) -> object:
        asked.append(size)
        if size > GIB:
            raise OSError("refused")
        return zeros(where, size, **options)

    monkeypatch.setattr(table.mmap, "mmap", limited)
    result = check(find_cfg("tiny"), plan=Plan(memory_bytes=8 * GIB))
    assert result.distinct == 598
    assert asked == sorted(asked, reverse=True)
    assert len(asked) > 3


def test_a_table_that_gets_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(table.mmap, "mmap", refused)
    with pytest.raises(LayoutError, match="not even"):
        check(find_cfg("tiny"))


def test_the_budget_is_most_of_what_is_free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    info, group = tmp_path / "meminfo", tmp_path / "group"
    info.write_text("MemTotal:       9 kB\nMemAvailable:   10485760 kB\n", "ascii")
    monkeypatch.setattr(memory, "MEMINFO", info)
    monkeypatch.setattr(memory, "CGROUP", group)
    monkeypatch.setattr(memory, "held_bytes", lambda: GIB)
    monkeypatch.setattr(memory, "free_addresses", lambda: None)
    assert memory.default_budget() == 10 * GIB, "nine tenths of 10 GiB, and what is held"
    group.mkdir()
    (group / "memory.max").write_text("max\n", "ascii")
    (group / "memory.current").write_text("0\n", "ascii")
    assert memory.default_budget() == 10 * GIB
    (group / "memory.max").write_text(f"{4 * GIB}\n", "ascii")
    (group / "memory.current").write_text(f"{3 * GIB}\n", "ascii")
    assert memory.default_budget() == int(2 * GIB * memory.MEMORY_SHARE_MAX)
    monkeypatch.setattr(memory, "free_addresses", lambda: 1000)
    assert memory.default_budget() == int((1000 + GIB) * memory.MEMORY_SHARE_MAX) < 2 * GIB
    info.unlink()
    monkeypatch.setattr(memory, "free_addresses", lambda: None)
    (group / "memory.max").unlink()
    assert memory.default_budget() == memory.UNKNOWN_BYTES


def test_what_this_process_holds_is_known() -> None:
    block = np.ones(30 << 20, np.int8)
    assert 30 << 20 < memory.held_bytes() <= memory.peak_bytes()
    assert block.sum() == len(block)


LIMITED = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
from pymodel.cli import main
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("mib", [450, 600, 800, 1500])
def test_scarce_addresses_end_in_the_right_verdict_or_in_none(mib: int) -> None:
    """As under `ulimit -v`: right counts, or undetermined with exit 3, and never a traceback."""
    check(find_cfg("small"), plan=Plan(exact=True))  # its machine code is in the cache then
    command = [sys.executable, "-c", LIMITED, str(mib << 20), "check", "small", "--format", "json", "--exact"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in answer.stderr
    if answer.returncode == 0:
        assert json.loads(answer.stdout)["distinct"] == 67_346
    else:
        assert answer.returncode == 3, answer.stderr
