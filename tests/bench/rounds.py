"""The order of the measurements: both tools in turn, round after round, on the same cfgs.

Within a round a cfg is searched by pymodel without a cache (cold) and again with it (warm), then by TLC, so
that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from pymodel.errors import CfgError
from tests.bench.processes import Tools
from tests.bench.records import COLD, PYMODEL, TLC, WARM, Run

WITHOUT_TLC = ("bench_100m", "bench_1g")
"""TLC would need hours to days for them; it runs only if it is asked for alone."""
IDLE = {"MaxTerm": 0, "MaxMessages": 0}


@dataclass(frozen=True)
class Plan:
    """What to measure. `tools` are of PYMODEL and TLC, `modes` and `starts` pymodel's."""

    cfgs: tuple[Path, ...]
    workers: tuple[int, ...]
    tools: tuple[str, ...]
    modes: tuple[str, ...]
    starts: tuple[str, ...]
    rounds: int


def idle_text(cfg: Path) -> str:
    """The cfg with bounds that leave hardly a state: what is left of a run is starting up."""
    text = cfg.read_text("utf-8")
    for name, value in IDLE.items():
        text, count = re.subn(rf"^(\s*{name} = )\d+$", rf"\g<1>{value}", text, flags=re.MULTILINE)
        if count != 1:
            raise CfgError(f"no line `{name} = ...`", mend="give it a line of its own", path=cfg)
    return text


def measure(plan: Plan, tools: Tools, tell: Callable[[Run], None]) -> None:
    """Make all runs of the plan, in their order; `tell` gets each as soon as it is there."""
    with tempfile.TemporaryDirectory(prefix="termfence-bench-") as folder:
        for round_ in range(1, plan.rounds + 1):
            for cfg in plan.cfgs:
                for run in _one_round(plan, tools, cfg, round_, Path(folder)):
                    tell(run)


def _one_round(plan: Plan, tools: Tools, cfg: Path, round_: int, folder: Path) -> Iterator[Run]:
    idle = folder / f"{cfg.stem}_idle.cfg"
    idle.write_text(idle_text(cfg), "utf-8")
    for workers in plan.workers:
        if PYMODEL in plan.tools:
            yield from _pymodel(plan, tools, cfg, idle, workers, round_)
        if TLC in plan.tools:
            yield _tlc(plan, tools, cfg, idle, workers, round_)


def _pymodel(plan: Plan, tools: Tools, cfg: Path, idle: Path, workers: int, round_: int) -> Iterator[Run]:
    """pymodel in each mode, each with a cache of its own that starts empty."""
    for mode in plan.modes:
        asked = Run(tool=PYMODEL, cfg=cfg.stem, workers=workers, mode=mode, round=round_)
        with tempfile.TemporaryDirectory(prefix="termfence-bench-cache-") as folder:
            cache = Path(folder)
            tools.pymodel(asked, idle, cache)
            base = tools.pymodel(asked, idle, cache).peak_bytes
            if COLD in plan.starts:
                yield replace(tools.pymodel(asked, cfg, cache), start=COLD, idle_bytes=base)
            else:
                tools.pymodel(asked, cfg, cache, states=1)
            if WARM in plan.starts:
                yield replace(tools.pymodel(asked, cfg, cache), start=WARM, idle_bytes=base)


def _tlc(plan: Plan, tools: Tools, cfg: Path, idle: Path, workers: int, round_: int) -> Run:
    asked = Run(tool=TLC, cfg=cfg.stem, workers=workers, round=round_)
    if cfg.stem in WITHOUT_TLC and PYMODEL in plan.tools:
        return replace(asked, skipped="too large for TLC")
    base, run = tools.tlc(asked, idle), tools.tlc(asked, cfg)
    if run.skipped:
        return run
    return replace(run, search_s=max(run.wall_s - base.wall_s, 0.0), idle_bytes=base.peak_bytes)
