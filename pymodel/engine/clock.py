"""When a search has to give up, and how long it may still take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from pymodel.engine.goal import Limits, Progress

FALLING_LEVELS = 4  # so many levels in a row have to shrink before the time to the end is told


class Clock:
    """Started when it is made; `before_s` are the seconds of the search that this one goes on from."""

    def __init__(self, limits: Limits, tell: Callable[[Progress], None] | None = None) -> None:
        self.limits = limits
        self.tell = tell
        self.began = time.perf_counter()
        self.before_s = 0.0
        self.count_before = 0

    @property
    def seconds(self) -> float:
        return self.before_s + time.perf_counter() - self.began

    def limit(self, count: int) -> str:
        """The limit that `count` states or the time has reached, if any."""
        most, timeout_s = self.limits.max_states, self.limits.timeout_s
        if most is not None and count > most:
            return f"the limit of {most} states"
        if timeout_s is not None and time.perf_counter() - self.began >= timeout_s:
            return f"the limit of {timeout_s:g} s"
        return ""

    def left_s(self, count: int, queue: int, sizes: Sequence[int]) -> float | None:
        """Seconds to the first limit, or to the end where the finished levels' sizes foretell it."""
        passed = time.perf_counter() - self.began
        rate = (count - self.count_before) / passed if passed > 0 else 0.0
        known = []
        if self.limits.timeout_s is not None:
            known.append(max(0.0, self.limits.timeout_s - passed))
        if self.limits.max_states is not None and rate > 0:
            known.append(max(0.0, (self.limits.max_states - count) / rate))
        to_come = _to_come(sizes)
        if to_come is not None and rate > 0:
            known.append((queue + to_come) / rate)
        return min(known, default=None)


def _to_come(sizes: Sequence[int]) -> float | None:
    """About how many states the levels after the last finished one will have, if the last ones shrink
    ever faster; None if they do not."""
    last = sizes[-FALLING_LEVELS:]
    if len(last) < FALLING_LEVELS or not all(a > b > 0 for a, b in pairwise(last)):
        return None
    ratio = last[-1] / last[-2]
    return last[-1] * ratio / (1 - ratio)
