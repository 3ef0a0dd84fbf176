"""The runs as figures: for each cfg, number of workers and mode the least of its rounds, and their ratios.

A ratio is how many times pymodel is faster than TLC with as many workers, each at its least. Counts are
equal if every finished run of a cfg found as many distinct states and levels; TLC's levels count only with
one worker, with more they depend on who came first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.records import COLD, PYMODEL, TLC, WARM, Results, Run

HEAD = (
    "cfg",
    "distinct",
    "depth",
    "workers",
    "mode",
    "search s",
    "states/s",
    "TLC s",
    "TLC states/s",
    "search x",
    "warm x",
    "cold x",
    "B/state",
    "peak MiB",
    "counts",
)
NONE = "-"


@dataclass(frozen=True)
class Line:
    """One line of the table. A figure that was not measured is None."""

    cfg: str
    workers: int
    mode: str
    distinct: int
    depth: int
    search_s: float | None
    warm_s: float | None
    cold_s: float | None
    tlc_search_s: float | None
    tlc_wall_s: float | None
    bytes_per_state: float | None
    peak_bytes: int | None
    equal: bool
    skipped: str = ""

    @property
    def rate(self) -> float | None:
        return ratio(self.distinct, self.search_s)

    @property
    def tlc_rate(self) -> float | None:
        return ratio(self.distinct, self.tlc_search_s)

    @property
    def ratios(self) -> tuple[float | None, float | None, float | None]:
        """How many times faster than TLC: the search alone, the process with a cache, and without."""
        return (
            ratio(self.tlc_search_s, self.search_s),
            ratio(self.tlc_wall_s, self.warm_s),
            ratio(self.tlc_wall_s, self.cold_s),
        )


def ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above and below else None


def lines(runs: Sequence[Run]) -> list[Line]:
    """A line for each cfg, number of workers and mode of pymodel, in the order of their first runs; for a
    cfg that only TLC searched, a line without pymodel's figures."""
    keys = list(dict.fromkeys((run.cfg, run.workers, run.mode) for run in runs if run.tool == PYMODEL))
    known = {key[:2] for key in keys}
    for run in runs:
        if run.tool == TLC and (run.cfg, run.workers) not in known:
            known.add((run.cfg, run.workers))
            keys.append((run.cfg, run.workers, NONE))
    return [_line(runs, *key) for key in keys]


def _line(runs: Sequence[Run], cfg: str, workers: int, mode: str) -> Line:
    of_cfg = [run for run in runs if run.cfg == cfg]
    ours = [r for r in of_cfg if r.tool == PYMODEL and (r.workers, r.mode) == (workers, mode)]
    theirs = [r for r in of_cfg if r.tool == TLC and r.workers == workers]
    done, tlc = [r for r in ours if r.done], [r for r in theirs if r.done]
    warm = [r for r in done if r.start == WARM] or done
    counted = next((r for r in (*done, *tlc)), None)
    peak = min(warm, key=lambda run: run.peak_bytes, default=None)
    return Line(
        cfg=cfg,
        workers=workers,
        mode=mode,
        distinct=counted.distinct if counted else 0,
        depth=counted.depth if counted else 0,
        search_s=least(run.search_s for run in done),
        warm_s=least(run.wall_s for run in done if run.start == WARM),
        cold_s=least(run.wall_s for run in done if run.start == COLD),
        tlc_search_s=least(run.search_s for run in tlc),
        tlc_wall_s=least(run.wall_s for run in tlc),
        bytes_per_state=peak.bytes_per_state if peak else None,
        peak_bytes=peak.peak_bytes if peak else None,
        equal=not differences(of_cfg),
        skipped="; ".join(dict.fromkeys(_why_not(run) for run in (*ours, *theirs) if not run.done)),
    )


def _why_not(run: Run) -> str:
    return run.skipped or f"{run.tool}: {run.verdict}"


def least(values: Iterable[float]) -> float | None:
    return min(values, default=None)


def differences(runs: Iterable[Run]) -> list[str]:
    """What is not as it must be: a violated cfg, or runs of one cfg that counted differently."""
    found: list[str] = []
    seen: dict[tuple[str, str], tuple[int, str]] = {}
    for run in runs:
        who = f"{run.tool}, {run.workers} workers, {run.mode}"
        if run.skipped or run.verdict == "UNDETERMINED":
            continue
        if not run.done:
            found.append(f"{run.cfg}: {who}: {run.verdict}")
            continue
        counts = {"distinct": run.distinct}
        if run.tool != TLC or run.workers == 1:
            counts["depth"] = run.depth
        for what, count in counts.items():
            before, first = seen.setdefault((run.cfg, what), (count, who))
            if before != count:
                found.append(f"{run.cfg}: {what} {before:,} ({first}) and {count:,} ({who})")
    return list(dict.fromkeys(found))


def wrong(results: Results) -> list[str]:
    """Every difference in the results, yardstick and naive search included."""
    found = differences(results.runs)
    found += [f"the C twin counts otherwise: {twins}" for twins in results.twins if not twins.equal]
    found += [f"the naive search counts otherwise: {naive}" for naive in results.naive if not naive.equal]
    return found


def cells(line: Line) -> tuple[str, ...]:
    """The line as text, below HEAD."""
    return (
        line.cfg,
        f"{line.distinct:,}" if line.distinct else NONE,
        str(line.depth) if line.depth else NONE,
        str(line.workers),
        line.mode,
        number(line.search_s, ".2f"),
        number(line.rate, ",.0f"),
        number(line.tlc_search_s, ",.1f"),
        number(line.tlc_rate, ",.0f"),
        *(number(value, ".1f" if value and value < 10 else ",.0f") for value in line.ratios),
        number(line.bytes_per_state, ".0f"),
        number(line.peak_bytes and line.peak_bytes / 2**20, ",.0f"),
        "equal" if line.equal else "DIFFERENT",
    )


def number(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)


def yardstick_cells(results: Results) -> list[tuple[str, ...]]:
    """The least of the rounds with the C twin: what was searched, by whom, in what time, compared to C. Two
    programs side by side did the task twice: what they gain over one is what the machine gives to two."""
    if not results.twins:
        return []
    first = results.twins[0]
    c_s = min(twins.c_s for twins in results.twins)
    rows = [
        (f"hand-written C ({first.compiler})", 1, c_s),
        ("pymodel", 1, least(twins.pymodel_s for twins in results.twins)),
        ("hand-written C, two at once", 2, least(t.c_pair_s for t in results.twins if t.c_pair_s)),
        ("pymodel, 2 workers", 1, least(t.pymodel_pair_s for t in results.twins if t.pymodel_pair_s)),
    ]
    return [
        (who, f"{seconds:.3f}", f"{times * first.distinct / seconds:,.0f}", f"{times * c_s / seconds:.0%}")
        for who, times, seconds in rows
        if seconds is not None
    ]


YARDSTICK_HEAD = ("search", "seconds", "states/s", "speed")


def naive_cells(results: Results) -> list[tuple[str, ...]]:
    return [
        (
            naive.cfg,
            f"{naive.counts[0]:,}",
            f"{naive.naive_s:.2f}",
            f"{naive.pymodel_s:.3f}",
            f"{naive.naive_s / naive.pymodel_s:,.0f}",
            "equal" if naive.equal else "DIFFERENT",
        )
        for naive in results.naive
    ]


NAIVE_HEAD = ("model", "distinct", "plain Python s", "pymodel s", "x", "counts")
