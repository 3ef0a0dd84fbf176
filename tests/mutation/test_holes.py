"""Every hole dies of the property that the registry names; every guard and every property has one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from pymodel.cfg import read_cfg
from pymodel.engine.contract import Constant
from pymodel.manifest import read_manifest
from pymodel.mutate.ladder import Climb
from pymodel.mutate.registry import Hole, hole_cfg, read_registry
from pymodel.mutate.row import Fate, Row
from pymodel.mutate.run import ask_tlc, run_holes
from pymodel.raft.model import RAFT
from pymodel.raft.mutants import MUTANTS
from pymodel.report.holes import holes_json
from pymodel.report.holes_page import holes_page
from pymodel.specfiles import find_cfg, manifest_cfgs
from pymodel.tlc.locate import Toolchain

DOCS = Path(__file__).parents[2] / "docs"
REGISTRY = read_registry()
MANIFEST = read_manifest()
STORED = {row.name: row for row in msgspec.json.decode((DOCS / "holes.json").read_bytes(), type=list[Row])}
SLOW = {
    "snapshots",
    "acks_snapshots",
    "lease",
    "lease_read",
    "read_index",
    "read_index_overtaken",
    "transfer",
}


def bounds_of(hole: Hole) -> str:
    return hole.rung or hole.cfg


def of_shipped_cfg(hole: Hole) -> bool:
    """Whether it is a shipped cfg as it is, which tests/parity searches."""
    if not hole.cfg or hole.set:
        return False
    return hole_cfg(REGISTRY, hole).swaps == read_cfg(find_cfg(hole.cfg)).swaps


def cases() -> Iterable[object]:
    searched = sorted((hole for hole in REGISTRY.hole if not of_shipped_cfg(hole)), key=bounds_of)
    for bounds, holes in groupby(searched, key=bounds_of):
        marks = [pytest.mark.slow] if bounds in SLOW else []
        yield pytest.param(list(holes), id=bounds, marks=marks)


@pytest.mark.parametrize("holes", list(cases()))
def test_a_hole_dies_as_the_registry_and_the_page_say(holes: list[Hole]) -> None:
    for row in run_holes(REGISTRY, holes):
        assert row.good, row
        stored = STORED[row.name]
        assert (row.killed_by, row.states, row.first, row.change, row.bounds) == (
            stored.killed_by,
            stored.states,
            stored.first,
            stored.change,
            stored.bounds,
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", ("hint_is_sender", "entry_of_next_term", "redirected_and_appended"))
def test_tlc_finds_the_same(name: str, toolchain: Toolchain) -> None:
    (hole,) = (hole for hole in REGISTRY.hole if hole.name == name)
    answer = ask_tlc(hole_cfg(REGISTRY, hole), STORED[name], hole, toolchain)
    assert answer.agrees, answer
    assert (answer.violated, answer.states) == (hole.violates, hole.length)


@pytest.mark.parametrize("hole", [h for h in REGISTRY.hole if of_shipped_cfg(h)], ids=lambda hole: hole.name)
def test_a_hole_of_a_shipped_cfg_is_what_tlc_found(hole: Hole) -> None:
    record = MANIFEST[hole.cfg]
    assert (record.violated or "", record.length) == (hole.violates, hole.length)


@pytest.mark.slow
@pytest.mark.parametrize("rung", [rung for rung in REGISTRY.rung if rung.ladder], ids=str)
def test_with_every_guard_in_place_a_rung_is_safe(rung: object) -> None:
    climb = Climb(REGISTRY, ())
    found = climb.base(rung)  # type: ignore[arg-type]
    assert found.complete and found.cex is None


def test_the_page_is_the_one_of_the_rows_on_record() -> None:
    assert list(STORED) == [hole.name for hole in REGISTRY.hole]
    rows = list(STORED.values())
    assert (DOCS / "HOLES.md").read_text("utf-8") == holes_page(rows)
    assert (DOCS / "holes.json").read_text("utf-8") == holes_json(rows) + "\n"
    assert all(row.good for row in rows)


@pytest.mark.parametrize("hole", REGISTRY.hole, ids=lambda hole: hole.name)
def test_what_is_on_record_is_what_the_registry_says(hole: Hole) -> None:
    row = STORED[hole.name]
    assert (row.topic, row.change, row.tempting, row.story, row.source) == (
        hole.topic,
        hole.title,
        hole.tempting,
        hole.story,
        hole.source,
    )
    if hole.control:
        assert (row.fate, row.note, row.killed_by) == (Fate.safe, hole.control, "")
    else:
        assert (row.fate, row.killed_by, row.states) == (Fate.killed, hole.violates, hole.length)


def killed_first() -> set[str]:
    """The properties that some hole kills before any other, or at once with others."""
    found = set()
    for row in STORED.values():
        if row.fate is Fate.killed and all(f"({row.states})" in other for other in row.first):
            found |= {row.killed_by, *(other.split(" ")[0] for other in row.first)}
    return found


def test_every_property_is_the_first_to_fall_of_some_hole() -> None:
    claims = {
        *RAFT.invariants,
        *RAFT.properties,
        *RAFT.liveness,
        *RAFT.anti_invariants,
        *RAFT.anti_properties,
    }
    assert claims - killed_first() == set()


def test_every_guard_has_a_hole_that_does_harm() -> None:
    """Or it is on record why no swap of it does."""
    harmful = {guard for hole in REGISTRY.hole if hole.violates for guard in hole.swaps}
    reasons = {guard for hole in REGISTRY.hole if hole.control for guard in hole.swaps}
    reasons |= {item.swap.split(" ")[0] for item in REGISTRY.explained if item.reason}
    assert set(RAFT.guards) - harmful - reasons == set()


def test_every_named_mutant_is_put_to_use() -> None:
    used = {mutant for hole in REGISTRY.hole for mutant in hole_cfg(REGISTRY, hole).swaps.values()}
    assert {name for name, mutant in MUTANTS.items() if not isinstance(mutant, Constant)} <= used


def test_every_shipped_mutant_is_a_hole() -> None:
    """Its swap and its property at least; the registry may search it in smaller bounds."""
    holes = {(*sorted(hole_cfg(REGISTRY, h).swaps.items()), h.violates) for h in REGISTRY.hole}
    for name in manifest_cfgs():
        if name.startswith("mutant_"):
            hole = Hole(
                name=name, topic="", tempting="", story="", cfg=name, violates=str(MANIFEST[name].violated)
            )
            assert (*sorted(hole_cfg(REGISTRY, hole).swaps.items()), hole.violates) in holes


def told_by_the_docs() -> set[tuple[str, str, int]]:
    """(property, swap or mutant cfg, states) for each that the tables of docs/PROPERTIES.md tell."""
    found = set()
    for line in (DOCS / "PROPERTIES.md").read_text("utf-8").splitlines():
        name = line.strip("| ").split(" ")[0]
        if name in (*RAFT.invariants, *RAFT.properties):
            for killer, states in re.findall(r"(\w+ <- \w+|mutant_\w+)`?(?: under a lease)? \((\d+)", line):
                found.add((name, killer, int(states)))
    return found


def test_what_the_properties_page_tells_is_a_hole_or_a_shipped_cfg() -> None:
    found = {(row.killed_by, row.change, row.states) for row in STORED.values()}
    for row in STORED.values():
        found |= {
            (name, row.change, int(re.sub(r"\D", "", rest))) for name, rest in map(str.split, row.first)
        }
    shipped = {(record.violated, name, record.length) for name, record in MANIFEST.items()}
    told = told_by_the_docs()
    assert len(told) > 20
    assert told - found - shipped == set()


def test_what_is_told_of_unexpected_bounds_is_what_was_found() -> None:
    """The last table of docs/DIVERGENCE.md: each hole with its property and its number of states."""
    text = (DOCS / "DIVERGENCE.md").read_text("utf-8").partition("## How large a hole has to be")[2]
    told = re.findall(r"^\| (\w+) \| [^|]+ \| (\w+) \((\d+)\)([^|]*) \|", text, flags=re.MULTILINE)
    assert len(told) > 20 and len({name for name, *_ in told}) == len(told)
    for name, killer, states, bounds in told:
        row = STORED[name]
        assert (killer, int(states)) == (row.killed_by, row.states)
        for words, number in {
            "two servers": "2 servers",
            "one term": "term 1",
            "three terms": "term 3",
        }.items():
            assert words not in bounds or number in row.bounds, (name, row.bounds)
        assert "two messages" not in bounds or "2 messages" in row.bounds
