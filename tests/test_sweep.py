"""`pymodel sweep`: what NAME=VALUES means, what a cell's cfg is, and what the table and the plot show."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from cli_stub import run, stub

from pymodel.cfg import Cfg, read_cfg, read_choices
from pymodel.check import check, prepare_cfg
from pymodel.engine.goal import Limits
from pymodel.engine.result import Cell, CheckResult, Counterexample, Step, Sweep, Verdict
from pymodel.errors import CfgError, UsageError
from pymodel.raft.model import RAFT
from pymodel.report.sweep import render_sweep
from pymodel.report.sweep_plot import sweep_svg
from pymodel.specfiles import find_cfg
from pymodel.sweep import cell_cfg, read_axis, sweep

TINY = find_cfg("tiny")


# Values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1..4", [1, 2, 3, 4]),
        ("0,2,3", [0, 2, 3]),
        ("0..1, 7", [0, 1, 7]),
        ("TRUE,FALSE", [True, False]),
        ('None,"SendTime"', ["None", "SendTime"]),
        ('{},{loss},{"loss", "restart"}', [frozenset(), frozenset({"loss"}), frozenset({"loss", "restart"})]),
        ("-,True2", [None, "True2"]),
        ("-1", [-1]),
    ],
)
def test_values_are_those_of_a_cfg_with_ranges_and_commas(text: str, values: list[object]) -> None:
    assert [choice.value for choice in read_choices(text)] == values


def test_a_set_keeps_the_order_in_which_it_was_written() -> None:
    assert read_choices("{s2, s1}")[0].order == ("s2", "s1")
    assert read_choices("7")[0].order == ()


@pytest.mark.parametrize("text", ["1..", "{a", "1,,2", "a b", "1..x", "{a, a}"])
def test_broken_values_are_refused(text: str) -> None:
    with pytest.raises(CfgError):
        read_choices(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("LeaseTicks", "is not of the form NAME=VALUES\n.*LeaseTicks=1"),
        ("LeaseTicks=", "is not of the form NAME=VALUES"),
        ("=3", "is not of the form NAME=VALUES"),
        ("LeaseTick=3", "has no constant LeaseTick, nor the model a guard\n.*did you mean LeaseTicks"),
        ("Xyz=3", "constants: Server, Write"),
        ("LeaseTicks=1..", "'LeaseTicks=1..': did not expect.*\n.*write NAME=VALUES"),
        ("LeaseTicks=3..1", "has no values\n.*from low to high"),
        ("LeaseTicks=1,2,1", "has a value twice"),
        ("LeaseTicks=1,-", "constant LeaseTicks needs a value, not -"),
        ("AcceptsWrites=1", "AcceptsWrites is an operator, and 1 is none"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_the_mend(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_axis(text, read_cfg(TINY), RAFT)


# Cells


def changed(*given: str) -> list[Cfg]:
    """The cfg of `tiny` with each value of each of `given` in turn, all others as they were."""
    cfg = read_cfg(TINY)
    axes = [read_axis(text, cfg, RAFT) for text in given]
    return [cell_cfg(cfg, [axis], [choice]) for axis in axes for choice in axis.choices]


def test_a_cell_changes_its_constant_alone() -> None:
    (cfg,) = changed("LeaseTicks=7")
    original = read_cfg(TINY)
    assert cfg.constants == {**original.constants, "LeaseTicks": 7}
    assert (cfg.swaps, cfg.invariants, cfg.orders) == (original.swaps, original.invariants, original.orders)
    assert "LeaseTicks" in original.lines
    assert cfg.lines == {name: line for name, line in original.lines.items() if name != "LeaseTicks"}


def test_a_set_of_servers_names_them_in_its_order() -> None:
    (cfg,) = changed("Server={b, a, c}")
    assert prepare_cfg(cfg).instance.bound.labels["Server"] == ("b", "a", "c")


def test_an_operator_is_swapped_or_left() -> None:
    none, swapped = changed("AcceptsWrites=-,True1")
    assert (none.swaps, swapped.swaps) == ({}, {"AcceptsWrites": "True1"})
    mutant = read_cfg(find_cfg("mutant_write_unfenced"))
    axis = read_axis("AcceptsWrites=-", mutant, RAFT)
    assert cell_cfg(mutant, [axis], axis.choices).swaps == {}


def test_a_swap_in_one_module_gives_way_to_the_one_that_is_swept(tmp_path: Path) -> None:
    path = tmp_path / "one.cfg"
    text = TINY.read_text("utf-8").replace("CONSTRAINT", "AcceptsWrites <- [Other] True1\nCONSTRAINT")
    path.write_text(text, "utf-8")
    found = sweep(path, ["AcceptsWrites=-,True1"])
    assert [cell.refused for cell in found.cells] == ["", ""]


def test_cells_are_the_checks_of_all_combinations() -> None:
    found = sweep(TINY, ["LeaseTicks=1,2", "HasQuorumContact=-,True1", "MaxTerm=1"])
    assert found.names == ("LeaseTicks", "HasQuorumContact", "MaxTerm")
    assert found.choices == (("1", "2"), ("-", "True1"), ("1",))
    values = [("1", "-", "1"), ("1", "True1", "1"), ("2", "-", "1"), ("2", "True1", "1")]
    assert [cell.values for cell in found.cells] == values
    violated = [cell.result.violated for cell in found.cells if cell.result]
    assert violated == [None, "ClientOutcome", "LeaseImpliesPromise", "ClientOutcome"]
    base = check(TINY)
    assert found.cells[0].result is not None
    assert (found.cells[0].result.distinct, found.cells[0].result.depth) == (base.distinct, base.depth)
    assert found.decided


def test_the_lease_frontier_without_skew() -> None:
    """A lease is safe up to ElectionTicks - 2 * ClockSkew; two servers are enough to see it."""
    found = sweep(TINY, ["ElectionTicks=0..2", "LeaseTicks=0..2"])
    safe = {cell.values for cell in found.cells if cell.result and cell.result.ok}
    assert safe == {(str(e), str(lease)) for e in range(3) for lease in range(3) if lease <= e}


def test_a_refused_cell_stays_with_its_reason_and_an_undetermined_one_too() -> None:
    found = sweep(TINY, ["LeasePolicy=SendTime,Later", "MaxTerm=0,1"], limits=Limits(max_states=100))
    assert not found.decided
    good, large, *refused = found.cells
    assert good.result is not None and good.result.ok
    assert large.result is not None and large.result.verdict is Verdict.UNDETERMINED
    assert [(cell.result, cell.refused) for cell in refused] == [(None, "LeasePolicy 'Later' is unknown")] * 2
    assert not sweep(TINY, ["LeasePolicy=Later"]).decided


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="LeaseTicks is given twice"):
        sweep(TINY, ["LeaseTicks=1", "LeaseTicks=2"])


def test_progress_says_which_cell() -> None:
    seen: list[str] = []
    sweep(TINY, ["MaxTerm=0,1"], progress=lambda label, _: seen.append(label))
    assert list(dict.fromkeys(seen)) == ["tiny 1/2, MaxTerm = 0", "tiny 2/2, MaxTerm = 1"]


# Reports


def cell(verdict: Verdict | None, *values: str, distinct: int = 1000, length: int = 0) -> Cell:
    if verdict is None:
        return Cell(values, None, "no <such> value")
    steps = (Step("Init", {}, {"x": 1}),) * length
    return Cell(
        values,
        CheckResult(
            "pymodel",
            "demo",
            verdict,
            distinct,
            5,
            7,
            violated="Mutex" if length else None,
            counterexample=Counterexample("Mutex", steps) if length else None,
            seconds={"total": 1.25},
            detail="ended by a limit" if verdict is Verdict.UNDETERMINED else "",
        ),
    )


GRID = Sweep(
    "demo",
    ("A", "B"),
    (("1", "2"), ("x", "y")),
    (
        cell(Verdict.OK, "1", "x"),
        cell(Verdict.INVARIANT, "1", "y", length=4),
        cell(Verdict.UNDETERMINED, "2", "x"),
        cell(None, "2", "y"),
    ),
)


def test_the_table_has_a_line_for_each_cell() -> None:
    assert render_sweep(GRID) == (
        "SWEEP: demo, 4 cells: 1 safe, 1 violated, 1 undetermined, 1 refused\n"
        "  A  B  outcome       violated  length  distinct  depth  seconds  note\n"
        "  1  x  safe                               1,000      7     1.25\n"
        "  1  y  violated      Mutex          4     1,000      7     1.25\n"
        "  2  x  undetermined                       1,000      7     1.25  ended by a limit\n"
        "  2  y  refused                                                   no <such> value\n"
    )


def drawn(svg: str) -> tuple[list[str], list[str], list[str]]:
    """The texts of a plot, the classes of its boxes and of its dots."""
    root = ET.fromstring(svg)
    name = "{http://www.w3.org/2000/svg}"
    texts = [str(item.text) for item in root.iter(f"{name}text")]
    boxes = [item.attrib["class"] for item in root.iter(f"{name}rect") if item.attrib["class"] != "ground"]
    return texts, boxes, [item.attrib["class"] for item in root.iter(f"{name}circle")]


def test_two_names_make_a_map_that_says_what_its_colours_mean() -> None:
    texts, boxes, dots = drawn(sweep_svg(GRID))
    assert boxes == ["good", "bad", "unknown", "none"]
    assert dots == []
    for word in ("A", "B", "x", "y", "safe", "1,000 states", "Mutex", "after 4 states", "undetermined"):
        assert word in texts
    assert "no <such> value" in texts
    assert "A = 1, B = y: Mutex, after 4 states, 7 deep" in sweep_svg(GRID)


def test_a_third_name_makes_a_map_for_each_of_its_values() -> None:
    cells = tuple(replace(each, values=(value, *each.values)) for value in "pq" for each in GRID.cells)
    texts, boxes, _ = drawn(sweep_svg(Sweep("demo", ("C", "A", "B"), (("p", "q"), *GRID.choices), cells)))
    assert boxes == ["good", "bad", "unknown", "none"] * 2
    assert [text for text in texts if text.startswith("C = ")] == ["C = p", "C = q"]


def test_one_name_makes_a_line_on_a_logarithmic_axis() -> None:
    counts = (10, 1000, 100)
    cells = [cell(Verdict.OK, str(k), distinct=count) for k, count in enumerate(counts)]
    found = Sweep("demo", ("A",), (("0", "1", "2", "3"),), (*cells, cell(None, "3")))
    svg = sweep_svg(found)
    texts, boxes, dots = drawn(svg)
    assert (boxes, dots) == ([], ["good", "good", "good", "none"])
    assert {"1", "10", "100", "1,000", "distinct states", "A", "safe", "refused"} <= set(texts)
    heights = [float(y) for y in re.findall(r'<circle class="\w+" cx="[\d.]+" cy="([\d.]+)"', svg)]
    ten, thousand, hundred, ground = heights
    steps = [ten - hundred, hundred - thousand, ground - ten]
    assert steps == pytest.approx([280 / 3] * 3, abs=0.2)
    assert svg.count('class="line"') == 2


def test_more_names_than_a_plot_can_show_are_refused() -> None:
    with pytest.raises(UsageError, match="4 names are swept, and a plot shows at most 3"):
        sweep_svg(Sweep("demo", ("A", "B", "C", "D"), (("1",),) * 4, ()))


# The command


def test_the_command_prints_the_table_and_exits_0_whatever_the_verdicts(tmp_path: Path) -> None:
    svg = tmp_path / "plot.svg"
    answer = run("sweep", TINY, "LeaseTicks=1,2", "--svg", svg)
    assert answer.exit_code == 0
    assert answer.stdout.startswith("SWEEP: tiny, 2 cells: 1 safe, 1 violated\n")
    assert "  2           violated  LeaseImpliesPromise      12" in answer.stdout
    assert answer.stderr == f"wrote {svg}\n"
    assert "LeaseImpliesPromise" in svg.read_text("utf-8")


def test_an_undecided_cell_exits_3(monkeypatch: pytest.MonkeyPatch) -> None:
    called = stub(monkeypatch, "pymodel.sweep.sweep", GRID)
    assert run("sweep", TINY, "A=1,2", "B=x,y", "--timeout", 2, "--max-states", 9).exit_code == 3
    assert called.arguments == (TINY, ["A=1,2", "B=x,y"])
    assert called.options["limits"] == Limits(9, 2)


def test_json_and_csv_hold_every_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, "pymodel.sweep.sweep", GRID)
    data = json.loads(run("sweep", TINY, "A=1", "--format", "json").stdout)
    assert (data["cfg"], data["names"], data["decided"]) == ("demo", ["A", "B"], False)
    assert data["cells"][1] == {
        "values": {"A": "1", "B": "y"},
        "outcome": "violated",
        "violated": "Mutex",
        "length": 4,
        "distinct": 1000,
        "depth": 7,
        "seconds": 1.25,
        "note": None,
    }
    assert (data["cells"][3]["distinct"], data["cells"][3]["note"]) == (None, "no <such> value")
    head, *rows = csv.reader(run("sweep", TINY, "A=1", "--format", "csv").stdout.splitlines())
    assert head[:4] == ["A", "B", "outcome", "violated"]
    assert rows[1] == ["1", "y", "violated", "Mutex", "4", "1000", "7", "1.25", ""]
    assert rows[3] == ["2", "y", "refused", "", "", "", "", "", "no <such> value"]


@pytest.mark.parametrize("line", ["LeaseTick=1", "LeaseTicks=", "LeaseTicks=2..1"])
def test_what_cannot_be_swept_exits_2(line: str) -> None:
    answer = run("sweep", TINY, line)
    assert answer.exit_code == 2
    assert answer.stderr.startswith("error: ")
    assert "mend: " in answer.stderr


def test_nothing_to_sweep_is_a_wrong_command_line() -> None:
    assert run("sweep", TINY).exit_code == 2
