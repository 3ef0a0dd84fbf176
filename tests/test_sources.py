"""Where names stand in the shipped files: the line of the report is the line of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.report.places import Place, Places
from pymodel.report.sarif_parts import address
from pymodel.sources import find_places
from pymodel.specfiles import find_cfg, spec_folder

SPEC = spec_folder().resolve()


@pytest.fixture(scope="module")
def places() -> Places:
    return find_places(find_cfg("tiny"), SPEC / "MC.tla", SPEC.parent)


def line(place: Place) -> str:
    return place.path.read_text(encoding="utf-8").splitlines()[place.line - 1]


@pytest.mark.parametrize("name", ["ElectionSafety", "VoteStable", "TypeOK"])
def test_a_property_is_at_its_definition_and_where_the_cfg_lists_it(name: str, places: Places) -> None:
    definition, listed = places.of(name)
    assert line(definition).startswith(f"{name} ==")
    assert (definition.path.name, definition.owner) == ("Properties.tla", "Properties")
    assert line(listed).split() == [name]
    assert listed.path.name == "tiny.cfg"


def test_an_action_is_at_its_definition(places: Places) -> None:
    assert line(places.of("Timeout")[0]).startswith("Timeout(i) ==")
    assert line(places.of("Init")[0]).startswith("Init ==")


def test_an_operator_of_an_extending_module_is_in_its_own_file(places: Places) -> None:
    (place, _) = places.of("StateConstraint")
    assert (place.path.name, place.owner) == ("MC.tla", "MC")


def test_a_deadlock_is_at_the_next_state_relation(places: Places) -> None:
    assert line(places.of("deadlock")[0]).startswith("Next ==")


def test_the_next_state_relation_is_the_one_that_the_cfg_names(tmp_path: Path) -> None:
    cfg, module = tmp_path / "toy.cfg", tmp_path / "Toy.tla"
    cfg.write_text("INIT Start\nNEXT Move\n", encoding="utf-8")
    text = "---- MODULE Toy ----\nVARIABLE x\nStart == x = 0\nMove == x' = x\nNext == x' = 1\n====\n"
    module.write_text(text, encoding="utf-8")
    deadlock = find_places(cfg, module, tmp_path).of("deadlock")[0]
    assert (deadlock.path, deadlock.line) == (module, 4)


def test_what_is_nowhere_is_at_the_cfg(places: Places) -> None:
    (place,) = places.of("Unheard")
    assert (place.path.name, place.line, place.owner) == ("tiny.cfg", 1, "")


def test_addresses_are_relative_to_the_base(places: Places, tmp_path: Path) -> None:
    place = places.of("Next")[0]
    assert address(place.path, places.base) == (f"{SPEC.name}/RaftFencing.tla", True)
    elsewhere = find_places(find_cfg("tiny"), SPEC / "MC.tla", tmp_path)
    assert address(place.path, elsewhere.base) == ((SPEC / "RaftFencing.tla").as_uri(), False)
