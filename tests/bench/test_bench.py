"""The benchmark's own arithmetic and the twin it measures against. Nothing here asserts a time."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pymodel.check import prepare
from pymodel.engine.naive import explore
from pymodel.engine.search import Goal, Search
from pymodel.errors import CfgError, ToolError, UsageError
from pymodel.specfiles import BENCH, find_cfg, shipped_cfgs
from tests.bench import rounds, toy_model, yardstick
from tests.bench.__main__ import _numbers
from tests.bench.markdown import BEGIN, END, markdown, placed, text
from tests.bench.plot import name, plot_svg, rates_of, short
from tests.bench.processes import Process, Tools, answer, has_option, run_of, run_process
from tests.bench.records import (
    COLD,
    DEFAULT,
    EXACT,
    PYMODEL,
    TLC,
    WARM,
    Machine,
    Naive,
    Results,
    Run,
    Twins,
    read_results,
    write_results,
)
from tests.bench.rounds import Plan, idle_text, measure
from tests.bench.table import HEAD, NONE, cells, differences, lines, wrong, yardstick_cells

HERE = Machine(
    processor="P", cores=2, memory_bytes=2**34, system="S", python="3", llvmlite="0", pymodel="0.1.0"
)
OURS = Run(
    tool=PYMODEL,
    cfg="c",
    workers=1,
    start=WARM,
    verdict="OK",
    distinct=1000,
    generated=5000,
    depth=9,
    wall_s=2.0,
    search_s=0.5,
    peak_bytes=300_000,
    idle_bytes=100_000,
)
THEIRS = Run(
    tool=TLC,
    cfg="c",
    workers=1,
    verdict="OK",
    distinct=1000,
    depth=9,
    wall_s=120.0,
    search_s=100.0,
    version="TLC 2.15",
)
TWINS = Twins(
    round=1,
    distinct=8,
    generated=9,
    depth=2,
    pymodel_s=2.0,
    c_s=1.5,
    c_distinct=8,
    c_generated=9,
    c_depth=2,
    compiler="cc 1",
)
SLOW = Naive(cfg="tiny", counts=(4, 5, 2), naive_counts=(4, 5, 2), naive_s=3.0, pymodel_s=0.5)


def results(*runs: Run) -> Results:
    return Results(machine=HERE, rounds=2, runs=list(runs), twins=[TWINS], naive=[SLOW])


# Figures


def test_a_line_has_the_least_of_the_rounds_and_the_ratios_of_those() -> None:
    cold = replace(OURS, start=COLD, wall_s=8.0, search_s=0.9)
    slower = [replace(OURS, round=2, wall_s=9.0, search_s=9.0), replace(THEIRS, round=2, wall_s=999.0)]
    (line,) = lines([OURS, cold, THEIRS, *slower])
    assert (line.search_s, line.warm_s, line.cold_s) == (0.5, 2.0, 8.0)
    assert (line.rate, line.tlc_rate) == (2000.0, 10.0)
    assert line.ratios == (200.0, 60.0, 15.0)
    assert (line.distinct, line.depth, line.equal, line.skipped) == (1000, 9, True, "")


def test_bytes_per_state_are_those_beyond_an_idle_run() -> None:
    assert OURS.bytes_per_state == 200.0
    assert replace(OURS, idle_bytes=400_000).bytes_per_state == 0.0
    (line,) = lines([replace(OURS, start=COLD, peak_bytes=900_000), OURS])
    assert (line.bytes_per_state, line.peak_bytes) == (200.0, 300_000)


def test_each_number_of_workers_is_compared_with_as_many_of_tlc() -> None:
    two = [replace(OURS, workers=2, search_s=0.25), replace(THEIRS, workers=2, search_s=60.0)]
    found = {line.workers: line.ratios[0] for line in lines([OURS, THEIRS, *two])}
    assert found == {1: 200.0, 2: 240.0}


def test_exact_mode_has_a_line_of_its_own() -> None:
    found = lines([OURS, replace(OURS, mode=EXACT, search_s=1.0), THEIRS])
    assert [(line.mode, line.ratios[0]) for line in found] == [(DEFAULT, 200.0), (EXACT, 100.0)]


def test_what_was_not_measured_is_a_dash_and_says_why() -> None:
    (line,) = lines([replace(OURS, verdict="", distinct=0, skipped="this pymodel has no --exact")])
    shown = dict(zip(HEAD, cells(line), strict=True))
    assert (shown["search s"], shown["search x"], shown["distinct"]) == (NONE, NONE, NONE)
    assert line.skipped == "this pymodel has no --exact"
    assert "Not measured: c, 1 worker, default: this pymodel has no --exact" in text(
        results(replace(OURS, verdict="", skipped="this pymodel has no --exact"))
    )


def test_an_undetermined_run_is_no_measurement() -> None:
    (line,) = lines([OURS, replace(THEIRS, verdict="UNDETERMINED", distinct=3)])
    assert line.tlc_search_s is None and line.equal
    assert line.skipped == "TLC: UNDETERMINED"


def test_a_cfg_that_only_tlc_searched_has_a_line() -> None:
    (line,) = lines([THEIRS])
    assert (line.tlc_search_s, line.search_s, line.mode) == (100.0, None, NONE)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(THEIRS, distinct=999), "c: distinct 1,000 (pymodel, 1 workers, default) and 999 (TLC, 1"),
        (replace(THEIRS, depth=8), "c: depth 9 (pymodel, 1 workers, default) and 8 (TLC, 1"),
        (replace(OURS, workers=2, depth=8), "c: depth 9"),
        (replace(THEIRS, verdict="INVARIANT"), "c: TLC, 1 workers, default: INVARIANT"),
    ],
    ids=["distinct", "depth", "workers", "verdict"],
)
def test_runs_that_differ_are_told(other: Run, said: str) -> None:
    (found,) = differences([OURS, other])
    assert found.startswith(said)
    assert wrong(results(OURS, other)) == [found]
    assert not lines([OURS, other])[0].equal


def test_levels_of_tlc_with_two_workers_are_not_held_against_it() -> None:
    assert differences([OURS, replace(THEIRS, workers=2, depth=11)]) == []
    assert differences([OURS, replace(THEIRS, workers=2, distinct=11)]) != []


def test_what_two_at_once_gain_is_compared_to_one_program_of_c() -> None:
    found = results(OURS)
    assert [row[3] for row in yardstick_cells(found)] == ["100%", "75%"]
    found.twins = [replace(TWINS, c_pair_s=2.0, pymodel_pair_s=1.2), replace(TWINS, c_pair_s=2.5)]
    assert [row[1:] for row in yardstick_cells(found)] == [
        ("1.500", "5", "100%"),
        ("2.000", "4", "75%"),
        ("2.000", "8", "150%"),
        ("1.200", "7", "125%"),
    ]


def test_a_yardstick_that_counts_otherwise_is_wrong() -> None:
    found = results(OURS)
    assert wrong(found) == []
    found.twins = [replace(TWINS, c_distinct=7)]
    found.naive = [replace(SLOW, naive_counts=(4, 6, 2))]
    assert [line.partition(":")[0] for line in wrong(found)] == [
        "the C twin counts otherwise",
        "the naive search counts otherwise",
    ]


# Pages


def test_the_page_has_all_tables_and_what_they_depend_on() -> None:
    page = markdown(results(OURS, replace(OURS, start=COLD, wall_s=8.0), THEIRS))
    assert (
        "P, 2 cores, 16 GiB, S; termfence 0.1.0, Python 3, llvmlite 0, TLC 2.15; least of 2 rounds." in page
    )
    rows = [re.split(r" *\| *", line.strip("| ")) for line in page.splitlines() if line.startswith("| c ")]
    assert [dict(zip(HEAD, row, strict=True))["cold x"] for row in rows] == ["15"]
    assert "| pymodel | 2.000 | 4 | 75% |" in page
    assert "| tiny | 4 | 3.00 | 0.500 | 6 | equal |" in page


def test_only_the_results_of_a_page_are_replaced() -> None:
    page = f"# Title\n\n{BEGIN}\n1 G states\n{END}\n\nEnd.\n"
    new = placed(page, results(OURS))
    assert new.startswith(f"# Title\n\n{BEGIN}\nP, 2 cores") and new.endswith(f"{END}\n\nEnd.\n")
    assert "1 G states" not in new
    assert placed(new, results(OURS)) == new


def test_results_read_back(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(path, results(OURS, THEIRS))
    assert read_results(path) == results(OURS, THEIRS)
    path.write_text('{"runs": []}', "utf-8")
    with pytest.raises(UsageError, match="no results of a benchmark"):
        read_results(path)


def test_the_plot_has_a_mark_for_each_rate_and_each_series_once_in_the_legend() -> None:
    two = [replace(OURS, workers=2, search_s=0.25), replace(OURS, cfg="d", distinct=50_000)]
    drawn = plot_svg(lines([OURS, *two, THEIRS]), "Rates & more")
    assert drawn.startswith("<svg ") and "Rates &amp; more" in drawn
    assert re.findall(r"<title>([^<]*)</title>", drawn) == [
        "c, pymodel, 1 worker: 2,000 states/s",
        "c, TLC, 1 worker: 10 states/s",
        "c, pymodel, 2 workers: 4,000 states/s",
        "d, pymodel, 1 worker: 100,000 states/s",
    ]
    assert re.findall(r'class="key"[^>]*>([^<]*)<', drawn) == [
        "TLC, 1 worker",
        "pymodel, 1 worker",
        "pymodel, 2 workers",
    ]
    assert re.findall(r'class="tick"[^>]*>([^<]*)<', drawn) == ["10", "100", "1 k", "10 k", "100 k"]


def test_a_higher_rate_stands_higher() -> None:
    places = re.findall(
        r'<circle [^>]*cy="([\d.]+)" r="5.5"/>\n<text class="label"',
        plot_svg(lines([OURS, replace(OURS, cfg="d", distinct=10_000)]), ""),
    )
    assert float(places[0]) > float(places[1])


def test_a_plot_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing was measured"):
        plot_svg(lines([replace(OURS, verdict="", skipped="no")]), "")


@pytest.mark.parametrize(
    ("value", "shown"), [(7.0, "7"), (4400.0, "4.4 k"), (1.5e6, "1.5 M"), (1.2e9, "1.2 G")]
)
def test_rates_are_short(value: float, shown: str) -> None:
    assert short(value) == shown


def test_a_series_is_named_after_tool_workers_and_mode() -> None:
    assert [name((PYMODEL, 2, EXACT)), name((TLC, 1, NONE))] == [
        "pymodel, 2 workers, exact",
        "TLC, 1 worker",
    ]
    assert rates_of(lines([OURS])) == {("c", (PYMODEL, 1, DEFAULT)): 2000.0}


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
