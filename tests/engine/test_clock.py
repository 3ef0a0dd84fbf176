"""When a search has to end, and what it says of the time that is left."""

from __future__ import annotations

import pytest

from pymodel.engine import clock as clock_module
from pymodel.engine.clock import Clock
from pymodel.engine.goal import Limits


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock reads; it starts at 100."""
    reading = [100.0]
    monkeypatch.setattr(clock_module.time, "perf_counter", lambda: reading[0])
    return reading


def test_limits(now: list[float]) -> None:
    clock = Clock(Limits(max_states=10, timeout_s=5.0))
    assert clock.limit(10) == ""
    assert clock.limit(11) == "the limit of 10 states"
    now[0] = 105.0
    assert clock.limit(1) == "the limit of 5 s"
    assert Clock(Limits()).limit(1 << 40) == ""


def test_seconds_go_on_from_those_before_but_limits_do_not(now: list[float]) -> None:
    clock = Clock(Limits(timeout_s=5.0))
    clock.before_s = 60.0
    now[0] = 102.0
    assert clock.seconds == 62.0
    assert clock.limit(1) == ""


def test_time_to_a_limit(now: list[float]) -> None:
    clock = Clock(Limits(max_states=1000, timeout_s=60.0))
    clock.count_before = 100
    assert clock.left_s(100, 5, [1]) == 60.0, "no rate yet"
    now[0] = 110.0
    assert clock.left_s(300, 5, [1]) == (1000 - 300) / 20
    assert clock.left_s(2000, 5, [1]) == 0.0


def test_time_to_the_end_is_told_once_the_levels_shrink(now: list[float]) -> None:
    clock = Clock(Limits())
    now[0] = 110.0
    assert clock.left_s(1000, 50, [10, 20, 40, 30, 20]) is None, "two levels are not enough"
    assert clock.left_s(1000, 50, [80, 40, 20, 20]) is None
    halves = [400, 200, 100, 50]
    to_come = 50.0  # 25 + 12.5 + ...
    assert clock.left_s(1000, 50, halves) == (50 + to_come) / 100
    assert Clock(Limits()).left_s(1000, 50, halves) is None, "no rate yet"
