"""The safe-lease frontier: what is on record is what the formula says, and what the search says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pymodel.cfg_edit import cfg_text
from pymodel.check import check
from pymodel.mutate.frontier import (
    ELECTION_TICKS,
    LEASE_TICKS,
    RATES,
    SKEWS,
    Cell,
    Rate,
    cell_text,
    rate_cfg,
)
from pymodel.report.frontier import frontier_json, frontier_page, frontier_svg, render_frontier
from pymodel.specfiles import spec_folder
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain

DOCS = Path(__file__).parents[2] / "docs"


class Stored(msgspec.Struct):
    cells: list[Cell]
    rates: list[Rate]


STORED = msgspec.json.decode((DOCS / "frontier.json").read_bytes(), type=Stored)
CELLS = {(cell.clock_skew, cell.election_ticks, cell.lease_ticks): cell for cell in STORED.cells}


def test_the_formula_holds_in_every_cell() -> None:
    assert list(CELLS) == [(s, e, n) for s in SKEWS for e in ELECTION_TICKS for n in LEASE_TICKS]
    assert all(cell.safe is not None and cell.agrees for cell in STORED.cells)
    assert all((cell.states > 0) == (cell.safe is False) == bool(cell.line) for cell in STORED.cells)
    assert {cell.safe for cell in STORED.cells} == {True, False}


@pytest.mark.parametrize("place", [(0, 1, 1), (0, 1, 2), (1, 3, 1)], ids=str)
def test_a_cell_comes_out_as_it_is_on_record(place: tuple[int, int, int], tmp_path: Path) -> None:
    path = tmp_path / "cell.cfg"
    path.write_text(cell_text(*place, "a cell"), "utf-8")
    result, cell = check(path), CELLS[place]
    assert (result.ok, result.distinct) == (cell.safe, cell.distinct)
    assert (result.counterexample.length if result.counterexample else 0) == cell.states


def test_rates_hold_the_formula_at_its_edge() -> None:
    assert len(STORED.rates) >= 12 and all(rate.agrees and rate.safe is not None for rate in STORED.rates)
    edges = {(rate.slow, rate.fast, rate.election_time): [] for rate in STORED.rates}
    for rate in STORED.rates:
        edges[rate.slow, rate.fast, rate.election_time].append((rate.lease_time, rate.safe))
    for (slow, fast, election), found in edges.items():
        longest = election * slow // fast
        assert found == [(longest, True), (longest + 1, False)]


@pytest.mark.parametrize("lease", [2, 3])
def test_tlc_and_the_search_agree_on_rates(lease: int, tmp_path: Path, toolchain: Toolchain) -> None:
    path = tmp_path / "rates.cfg"
    path.write_text(cfg_text(rate_cfg(2, 3, 3, lease)), "utf-8")
    ours = check(path, model=RATES)
    theirs = tlc_check(spec_folder() / "rates" / "LeaseRates.tla", path, toolchain=toolchain)
    assert ours.ok is (lease == 2)
    assert (ours.verdict, ours.violated) == (theirs.verdict, theirs.violated)
    if ours.ok:
        assert (ours.distinct, ours.depth) == (theirs.distinct, theirs.depth)
    else:
        assert ours.counterexample and theirs.counterexample
        assert ours.counterexample.length == theirs.counterexample.length


def test_the_page_and_the_map_are_those_of_the_cells_on_record() -> None:
    assert (DOCS / "frontier.json").read_text("utf-8") == frontier_json(STORED.cells, STORED.rates)
    assert (DOCS / "FRONTIER.md").read_text("utf-8") == frontier_page(STORED.cells, STORED.rates)
    assert (DOCS / "frontier.svg").read_text("utf-8") == frontier_svg(STORED.cells)


def cell(lease: int, safe: bool | None, skew: int = 0) -> Cell:
    return Cell(skew, 2, lease, safe, 1234, 0 if safe else 17, 0.5, "" if safe else "s1 leads")


def test_the_map_in_letters() -> None:
    rates = [Rate(2, 3, 3, 2, True, 10, 0), Rate(2, 3, 3, 3, True, 10, 0)]
    assert render_frontier([cell(1, True), cell(2, False), cell(3, None)], rates) == (
        "FRONTIER: 3 cells: 1 safe, 1 unsafe, 1 undecided; in 1 of them the formula is wrong.\n"
        "  claimed: LeaseTicks <= ElectionTicks - 2 * ClockSkew\n"
        "  ClockSkew = 0\n"
        "    ElectionTicks  LeaseTicks 1  LeaseTicks 2  LeaseTicks 3\n"
        "                2  safe          unsafe (17) !  undecided (17)\n"
        "  clock rates: the formula holds in 1 of 2 cells "
        "(LeaseTime <= ElectionTime * (1 - rho) / (1 + rho))\n"
    )
