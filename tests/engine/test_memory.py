"""When memory does not suffice a search ends without a verdict: no crash, and no wrong count."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pymodel.check import check
from pymodel.engine import memory, native, rounds, table, threads
from pymodel.engine import search as search_module
from pymodel.engine.goal import Goal, Plan, Progress
from pymodel.engine.result import Verdict
from pymodel.engine.search import Search
from pymodel.engine.store import Store
from pymodel.specfiles import find_cfg

from .toys import instance, two_phase
from .twins import run

ROOT = Path(__file__).parent.parent.parent
WHOLE = Goal(check_deadlock=False)
STATES = 8832
posix = pytest.mark.skipif(os.name == "nt", reason="needs the limits of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs limits that the system keeps to")
MIB = 1 << 20


# The limit of addresses: `ulimit -v`


def limited(limit_mib: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`pymodel check` in a process that may map so much."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit_mib * MIB, limit_mib * MIB))

    command = [sys.executable, "-m", "pymodel", "check", *arguments, "--format", "json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=limit)


@linux
@pytest.mark.parametrize(
    ("limit_mib", "arguments"),
    [
        (300, "small"),
        (340, "small --workers 2"),
        (400, "small --workers 2 --exact"),
        (380, "bench_1m --workers 2"),
        (600, "bench_1m --workers 3"),
    ],
)
def test_a_limit_of_addresses_leads_to_no_crash_and_no_wrong_verdict(limit_mib: int, arguments: str) -> None:
    answer = limited(limit_mib, *arguments.split())
    assert "Traceback" not in answer.stderr
    assert answer.returncode in (Verdict.OK.value, Verdict.UNDETERMINED.value)
    if not answer.stdout:
        assert answer.stderr == "undetermined: the system gave no more memory\n"
        return
    result = json.loads(answer.stdout)
    whole = (67_346, 37) if arguments.startswith("small") else (1_668_770, 48)
    if answer.returncode == 0:
        assert (result["distinct"], result["depth"]) == whole
    else:
        assert result["verdict"] == "UNDETERMINED"
        assert 0 <= result["distinct"] < whole[0]
        assert result["detail"].startswith("ended by the ")


@linux
def test_the_extremes_of_the_limit() -> None:
    assert limited(1000, "small", "--workers", "1").returncode == 0
    none = limited(200, "small")
    assert (none.returncode, none.stdout) == (Verdict.UNDETERMINED.value, "")
    assert none.stderr == "undetermined: the system gave no more memory\n"


@posix
def test_the_compiler_is_not_started_where_it_would_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "free_addresses", lambda: native.COMPILER_BYTES - 1)
    with pytest.raises(MemoryError, match="the compiler needs"):
        Search(instance(two_phase(2)), WHOLE)
    monkeypatch.setattr(native, "free_addresses", lambda: native.COMPILER_BYTES)
    assert run(instance(two_phase(2)), WHOLE, Plan()).complete


# What the search may use


class Told:
    """Stands for the files and limits of a system."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(memory, "STATM", folder / "status")
        monkeypatch.setattr(memory, "MEMINFO", folder / "meminfo")
        monkeypatch.setattr(memory, "CGROUP", folder)
        self.limit(None)
        self.write(
            "status", "Name: python\nVmPeak:  900 kB\nVmSize:  800 kB\nVmHWM:  300 kB\nVmRSS:  200 kB\n"
        )
        self.write("meminfo", "MemTotal: 9000 kB\nMemAvailable:    5000 kB\n")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "ascii")

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def limit(self, size_bytes: int | None) -> None:
        import resource

        limit = resource.RLIM_INFINITY if size_bytes is None else size_bytes
        self.monkeypatch.setattr(resource, "getrlimit", lambda kind: (limit, resource.RLIM_INFINITY))


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    if os.name == "nt":
        pytest.skip("needs the limits of POSIX")
    return Told(tmp_path, monkeypatch)


KIB = 1024


def test_the_budget_is_most_of_what_is_free_and_what_is_held(system: Told) -> None:
    assert memory.default_budget() == int(0.9 * 5000 * KIB) + 200 * KIB
    system.remove("meminfo")
    assert memory.default_budget() == memory.UNKNOWN_BYTES


def test_the_budget_stays_within_the_control_group(system: Told) -> None:
    system.write("memory.max", f"{3000 * KIB}\n")
    system.write("memory.current", f"{1000 * KIB}\n")
    assert memory.default_budget() == int(0.9 * (3000 - 1000 + 200) * KIB), "others in it hold 800 kB"
    system.write("memory.current", f"{4000 * KIB}\n")
    assert memory.default_budget() == 0
    for free in ("max", "9999999999"):
        system.write("memory.max", f"{free}\n")
        assert memory.default_budget() == int(0.9 * 5000 * KIB) + 200 * KIB
    system.write("memory.max", "no number\n")
    assert memory.default_budget() == int(0.9 * 5000 * KIB) + 200 * KIB
    system.write("memory.max", "1024\n")
    system.remove("memory.current")
    assert memory.default_budget() == int(0.9 * 5000 * KIB) + 200 * KIB


def test_the_budget_stays_within_the_limit_of_addresses(system: Told) -> None:
    assert memory.free_addresses() is None
    system.limit(2800 * KIB)
    assert memory.free_addresses() == 2000 * KIB
    assert memory.default_budget() == int(0.9 * (2000 + 200) * KIB), "600 kB are mapped and not held"
    system.limit(500 * KIB)
    assert memory.free_addresses() == 1, "none are left, but there is a limit"


def test_held_and_peak_come_from_the_system(system: Told) -> None:
    assert (memory.held_bytes(), memory.peak_bytes()) == (200 * KIB, 300 * KIB)
    system.remove("status")
    assert memory.peak_bytes() > 10 * MIB, "of the process, as its own resource usage has it"
    assert memory.held_bytes() == memory.peak_bytes()


@pytest.mark.parametrize(
    ("wanted", "expected"), [(None, 70 * MIB), (50 * MIB, 20 * MIB), (31 * MIB, 4 * MIB), (1, 4 * MIB)]
)
def test_the_store_gets_what_the_process_does_not_hold_yet(
    wanted: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But 4 MiB at least."""
    monkeypatch.setattr(search_module, "held_bytes", lambda: 30 * MIB)
    monkeypatch.setattr(search_module, "default_budget", lambda: 100 * MIB)
    search = run(instance(two_phase(2)), WHOLE, Plan(memory_bytes=wanted))
    assert search.store is not None
    assert search.store.budget_bytes == expected


@pytest.mark.parametrize("exact", [False, True])
def test_the_store_keeps_within_its_budget(exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = 150_000
    monkeypatch.setattr(search_module, "LEAST_BUDGET_BYTES", budget)
    monkeypatch.setattr(search_module, "ROUND_ROWS", 32)
    monkeypatch.setattr(table, "FIRST_SLOTS", 64)
    used: list[int] = []

    def look(_: Progress) -> None:
        assert search.store is not None
        used.append(search.store.held_bytes + search.store.table.used_bytes)

    search = Search(instance(two_phase(6)), WHOLE, Plan(memory_bytes=1, exact=exact))
    search.run(None, look)
    assert search.ended_by.startswith("the memory that it may use, full")
    assert 0.7 * budget < max(used) <= 1.2 * budget, "what one round adds is beyond it"


def test_too_little_memory_is_undetermined_and_enough_is_not() -> None:
    short = check(find_cfg("bench_1m"), plan=Plan(memory_bytes=1))
    assert short.verdict is Verdict.UNDETERMINED
    assert f"full with {short.distinct:,} states" in short.detail
    assert check(find_cfg("small"), plan=Plan(memory_bytes=1 << 30)).ok


# What the system refuses


def limited_mmap(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """No more than `most` bytes can be mapped at once; the sizes that were asked for."""
    asked: list[int] = []
    real = mmap.mmap

    def mapped(number: int, size: int, **options: Any) -> mmap.mmap:
        asked.append(size)
        if size > most:
            raise OSError(12, "Cannot allocate memory")
        return real(number, size, **options)

    monkeypatch.setattr(table.mmap, "mmap", mapped)
    return asked


@posix
def test_a_table_that_is_refused_is_reserved_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = limited_mmap(monkeypatch, 4 * MIB)
    search = run(instance(two_phase(5)), WHOLE, Plan(memory_bytes=1 << 34))
    assert (search.count, search.complete) == (STATES, True)
    assert asked == sorted(asked, reverse=True)
    assert asked[-2] > 4 * MIB >= asked[-1] > 2 * MIB
    assert search.store is not None
    assert len(search.store.table.words) * 8 == asked[-1]


@posix
def test_no_table_at_all_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    limited_mmap(monkeypatch, 1000)
    search = run(instance(two_phase(5)), WHOLE, Plan())
    assert search.ended_by == "the system, which gave no more memory after 0 states"
    assert (search.complete, search.count, search.violations) == (False, 0, ())
    assert check(find_cfg("tiny")).verdict is Verdict.UNDETERMINED


def test_where_addresses_are_scarce_the_table_takes_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "free_addresses", lambda: 32 * MIB)
    search = run(instance(two_phase(2)), WHOLE, Plan(memory_bytes=1 << 34))
    assert search.store is not None
    assert len(search.store.table.words) * 8 == 16 * MIB


def test_large_pages_are_a_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(advice: int) -> None:
        raise OSError(22, "Invalid argument")

    asked: list[int] = []
    monkeypatch.setattr(table.mmap, "MADV_HUGEPAGE", 14, raising=False)
    table._large_pages(SimpleNamespace(madvise=refuse))  # type: ignore[arg-type]
    table._large_pages(SimpleNamespace(madvise=asked.append))  # type: ignore[arg-type]
    assert asked == [14]


def test_threads_that_are_refused_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(rounds, "CHUNK_ROWS", 10)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        search = run(instance(two_phase(5)), WHOLE, Plan(workers=2))
    assert (search.complete, search.ended_by) == (False, "the system, which started no more threads")
    assert search.count == 0


def test_a_thread_that_is_refused_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, []

    def once(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", once)
        search = run(instance(two_phase(2)), WHOLE, Plan(workers=2))
    assert (search.complete, search.ended_by) == (False, "the system, which started no more threads")
    assert not started[0].is_alive()


def test_all_threads_are_there_before_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = []
    make = search_module.Store

    def counted(*arguments: Any, **options: Any) -> Store:
        running.append(threading.active_count())
        return make(*arguments, **options)

    monkeypatch.setattr(search_module, "Store", counted)
    before = threading.active_count()
    assert run(instance(two_phase(2)), WHOLE, Plan(workers=3)).complete
    assert running == [before + 3]


def test_no_thread_is_started_without_room_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "free_addresses", lambda: 2 * threads.THREAD_BYTES)
    assert run(instance(two_phase(2)), WHOLE, Plan(workers=2)).complete
    search = run(instance(two_phase(2)), WHOLE, Plan(workers=3))
    assert search.ended_by == "the system, which gave no more memory after 0 states"


def test_a_fault_of_another_kind_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(rounds.Rounds, "_collect", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        run(instance(two_phase(2)), WHOLE, Plan())


@pytest.mark.parametrize("workers", [1, 2])
def test_an_allocation_that_fails_in_a_round_ends_the_search(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states that had been counted until then are reported, and no more."""
    empty = np.empty

    def refusing(size: int, kind: type) -> np.ndarray[Any, Any]:
        if size > 1000:
            raise MemoryError
        return empty(size, kind)

    monkeypatch.setattr(rounds, "CHUNK_ROWS", 10)
    monkeypatch.setattr(rounds, "RECORDS", 1)
    bound = instance(two_phase(6))
    full = run(bound, WHOLE, Plan())
    monkeypatch.setattr(search_module.np, "empty", refusing)
    search = run(bound, WHOLE, Plan(workers=workers))
    assert not search.complete
    assert search.ended_by == f"the system, which gave no more memory after {search.count:,} states"
    assert full.store is not None
    assert search.count in np.cumsum(full.store.journal.sizes)
