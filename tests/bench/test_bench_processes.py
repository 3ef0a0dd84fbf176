"""What the benchmark runs: processes and their peaks, options, the twins that it measures against."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pymodel.check import prepare
from pymodel.engine.naive import explore
from pymodel.engine.search import Goal, Search
from pymodel.errors import CfgError, ToolError, UsageError
from pymodel.specfiles import BENCH, find_cfg, shipped_cfgs
from tests.bench import rounds, toy_model, yardstick
from tests.bench.__main__ import _numbers
from tests.bench.processes import Process, Tools, answer, has_option, run_of, run_process
from tests.bench.records import (
    COLD,
    DEFAULT,
    EXACT,
    PYMODEL,
    TLC,
    WARM,
    Run,
)
from tests.bench.rounds import Plan, idle_text, measure

# Processes


def test_a_process_is_measured(tmp_path: Path) -> None:
    code = "import sys; x = bytearray(50_000_000); print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = run_process([sys.executable, "-c", code], {}, None)
    assert (done.status, done.output, done.errors) == (3, "out\n", "err\n")
    assert done.peak_bytes > 50_000_000 and done.wall_s > 0


def test_a_process_that_does_not_end_is_killed() -> None:
    done = run_process([sys.executable, "-c", "import time; time.sleep(60)"], {}, 0.2)
    assert done.status < 0


def test_an_option_is_known_only_whole() -> None:
    assert has_option("--max-states")
    assert not has_option("--max") and not has_option("--no-such-thing")


def test_a_tool_without_an_answer_is_an_error_in_its_own_words() -> None:
    with pytest.raises(ToolError, match="no answer from pymodel check: error: no such cfg"):
        answer(Process(151, "", "error: no such cfg", 1.0, 1), ["python", "-m", "pymodel", "check"])


def found(**more: Any) -> dict[str, Any]:
    seconds = {"total": 5.0, "search": 3.0, "compile": 1.0}
    counts = {"distinct": 7, "generated": 9, "depth": 2, "verdict": "OK", "workers": 1}
    return {"tool": "t", "collision": "exact", "seconds": seconds, "warnings": [], **counts, **more}


def test_the_process_is_timed_for_pymodel_and_java_for_tlc() -> None:
    process = Process(0, "", "", 6.0, 1234)
    ours = run_of(process, found(), Run(tool=PYMODEL, cfg="c", workers=1))
    assert (ours.wall_s, ours.search_s, ours.compile_s, ours.peak_bytes) == (6.0, 3.0, 1.0, 1234)
    theirs = run_of(process, found(seconds={"total": 5.0}), Run(tool=TLC, cfg="c", workers=1))
    assert (theirs.wall_s, theirs.search_s) == (5.0, 5.0)


@dataclass(frozen=True)
class Recorder(Tools):
    """Tools that only write down how they were called, and always take `takes` workers."""

    takes: int = 1
    calls: list[tuple[list[str], dict[str, str]]] = field(default_factory=list)

    def _run(self, command: list[str], more: dict[str, str]) -> Process:
        self.calls.append((command[3:], more))
        return Process(0, json.dumps(found(workers=self.takes)), "", 6.0, 500 + len(self.calls))


def recorder(*options: str) -> Recorder:
    return Recorder(None, None, frozenset(options), 60.0)


def plan(cfg: Path, **more: Any) -> Plan:
    given = {"workers": (1,), "tools": (PYMODEL, TLC), "modes": (DEFAULT,), "starts": (COLD, WARM)}
    return Plan(**{"cfgs": (cfg,), "rounds": 1, **given, **more})


def made(plan: Plan, tools: Tools) -> list[Run]:
    runs: list[Run] = []
    measure(plan, tools, runs.append)
    return runs


def test_a_round_is_pymodel_cold_then_warm_then_tlc() -> None:
    tools = recorder("--workers")
    runs = made(plan(find_cfg("tiny"), rounds=2), tools)
    one = [(PYMODEL, COLD), (PYMODEL, WARM), (TLC, COLD)]
    assert [(run.tool, run.start, run.round) for run in runs] == [(*who, r) for r in (1, 2) for who in one]
    calls = tools.calls[:6]
    names = [(command[0], Path(command[1]).stem) for command, _ in calls]
    assert names == [
        ("check", "tiny_idle"),
        ("check", "tiny_idle"),
        ("check", "tiny"),
        ("check", "tiny"),
        ("tlc", "tiny_idle"),
        ("tlc", "tiny"),
    ]
    caches = [more.get("TERMFENCE_CACHE") for _, more in calls]
    assert caches[0] == caches[3] and caches[0] is not None
    assert tools.calls[6][1]["TERMFENCE_CACHE"] != caches[0]
    assert runs[0].idle_bytes == 502 and runs[0].peak_bytes == 503


def test_tlc_without_its_start_is_its_search() -> None:
    tools = recorder()
    (run,) = made(plan(find_cfg("tiny"), tools=(TLC,)), tools)
    assert (run.wall_s, run.search_s) == (5.0, 0.0)


def test_options_that_pymodel_lacks_are_skipped_and_said() -> None:
    runs = made(
        plan(find_cfg("tiny"), tools=(PYMODEL,), workers=(1, 2), modes=(DEFAULT, EXACT), starts=(WARM,)),
        recorder(),
    )
    assert [(run.workers, run.mode, run.skipped) for run in runs] == [
        (1, DEFAULT, ""),
        (1, EXACT, "this pymodel has no --exact"),
        (2, DEFAULT, "this pymodel has no --workers"),
        (2, EXACT, "this pymodel has no --workers"),
    ]


def test_without_cold_runs_the_cache_is_filled_by_a_run_that_ends_at_once() -> None:
    tools = recorder("--workers", "--exact")
    runs = made(plan(find_cfg("tiny"), tools=(PYMODEL,), modes=(EXACT,), starts=(WARM,)), tools)
    assert [run.start for run in runs] == [WARM]
    last = [command for command, _ in tools.calls[-2:]]
    assert "--max-states=1" in last[0] and "--max-states=1" not in last[1]
    assert "--exact" in last[1] and "--workers=1" in last[1]


def test_tlc_that_takes_fewer_workers_is_skipped() -> None:
    tools = recorder("--workers")
    (run,) = made(plan(find_cfg("tiny"), tools=(TLC,), workers=(2,)), tools)
    assert run.skipped == "t would not take 2 workers"


def test_the_largest_cfgs_are_without_tlc_unless_it_runs_alone() -> None:
    cfg = find_cfg(rounds.WITHOUT_TLC[0])
    both = made(plan(cfg), recorder())
    assert [run.skipped for run in both] == ["", "", "too large for TLC"]
    (alone,) = made(plan(cfg, tools=(TLC,)), recorder())
    assert alone.skipped == ""


@pytest.mark.parametrize("cfg", [name for name in shipped_cfgs() if name.startswith(BENCH)])
def test_every_cfg_of_the_benchmark_has_an_idle_twin(cfg: str, tmp_path: Path) -> None:
    path = tmp_path / "idle.cfg"
    path.write_text(idle_text(find_cfg(cfg)), "utf-8")
    task = prepare(path)
    assert 0 < explore(task.instance, constraints=task.goal.constraints).distinct < 200


def test_a_cfg_without_a_bound_has_no_idle_twin(tmp_path: Path) -> None:
    path = tmp_path / "other.cfg"
    path.write_text(find_cfg("tiny").read_text("utf-8").replace("MaxTerm = ", "MaxTerm\n = "), "utf-8")
    with pytest.raises(CfgError, match="no line `MaxTerm"):
        idle_text(path)


@pytest.mark.parametrize("listed", ["", "0", "1,x", "-1"])
def test_numbers_of_workers_are_at_least_one(listed: str) -> None:
    assert _numbers("1,2") == (1, 2)
    with pytest.raises(UsageError, match="--workers"):
        _numbers(listed)


# The yardstick


def test_the_toy_is_searched_alike_by_both() -> None:
    toy = toy_model.lease_model(max_term=1, capacity=1)
    counts, _ = yardstick.searched(toy)
    slow = explore(toy, invariants=tuple(toy.model.invariants))
    assert counts == (slow.distinct, slow.generated, slow.depth) == (1912, 6104, 22)


def test_the_toy_needs_its_lease_to_be_shorter_than_the_promise() -> None:
    """With no promise beyond the lease the invariant falls: it is not empty."""
    toy = toy_model.lease_model(election=1, lease=3, capacity=3)
    search = Search(toy, Goal(invariants=tuple(toy.model.invariants)))
    search.run()
    assert [violation.name for violation in search.violations] == ["LeaseExcludes"]


def test_the_c_twin_counts_what_pymodel_counts(tmp_path: Path) -> None:
    compiler = yardstick.find_compiler()
    if compiler is None:
        pytest.skip("no C compiler")
    program = yardstick.build(compiler, tmp_path)
    for count in (1, 2):
        answer = yardstick.side_by_side(program, count)
        counts, seconds = yardstick.searched(toy_model.lease_model(), workers=count)
        assert (answer["distinct"], answer["generated"], answer["depth"]) == counts
        assert answer["seconds"] > 0 < seconds
    assert yardstick.compiler_name(compiler).endswith("-O3 -march=native")


def test_a_twin_that_does_not_compile_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = yardstick.find_compiler()
    if compiler is None:
        pytest.skip("no C compiler")
    broken = tmp_path / "broken.c"
    broken.write_text("int main(void) { return nothing; }\n", "utf-8")
    monkeypatch.setattr(yardstick, "SOURCE", broken)
    with pytest.raises(ToolError, match="the C twin does not compile"):
        yardstick.build(compiler, tmp_path)
