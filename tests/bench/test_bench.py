"""The benchmark's own arithmetic, its tables, plot and page. Nothing here asserts a time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from pymodel.errors import UsageError
from tests.bench.markdown import BEGIN, END, markdown, placed, text
from tests.bench.plot import name, plot_svg, rates_of, short
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
