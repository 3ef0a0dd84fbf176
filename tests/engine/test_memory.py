"""When memory does not suffice the search ends without a verdict: no crash, and no wrong count."""

from __future__ import annotations

import numpy as np
import pytest

from pymodel.check import check
from pymodel.engine import search
from pymodel.engine.result import Verdict
from pymodel.specfiles import find_cfg


def test_the_system_is_asked_before_the_arrays_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def only_once(size_bytes: int) -> bool:
        asked.append(size_bytes)
        return len(asked) == 1

    monkeypatch.setattr(search, "FIRST_ROOM", 1 << 10)
    monkeypatch.setattr(search, "available", only_once)
    result = check(find_cfg("small"))
    assert result.verdict is Verdict.UNDETERMINED
    assert "memory" in result.detail and f"{result.distinct:,} states" in result.detail
    assert 100 < result.distinct < 67_346
    assert asked == sorted(asked) and len(asked) == 2


def test_an_allocation_that_fails_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = np.zeros

    def limited(count: int, kind: type) -> object:
        if count > 200_000:
            raise MemoryError
        return zeros(count, kind)

    monkeypatch.setattr(search, "FIRST_ROOM", 1 << 10)
    monkeypatch.setattr(search.np, "zeros", limited)
    assert check(find_cfg("small")).verdict is Verdict.UNDETERMINED


def test_a_violation_found_before_memory_ran_out_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def at_first(size_bytes: int) -> bool:
        sizes.append(size_bytes)
        return len(sizes) < 4

    monkeypatch.setattr(search, "FIRST_ROOM", 1 << 10)
    monkeypatch.setattr(search, "available", at_first)
    assert check(find_cfg("mutant_vote_cleared")).violated == "ElectionSafety"


def test_more_than_the_machine_has_is_not_available() -> None:
    assert search.available(1 << 20)
    assert not search.available(1 << 60) or not search.Path("/proc/meminfo").exists()
