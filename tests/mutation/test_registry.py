"""The registry of holes: what it refuses, and the cfg that a hole stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.cfg import read_cfg
from pymodel.cfg_edit import cfg_text, changed
from pymodel.check import prepare_cfg
from pymodel.errors import CfgError
from pymodel.mutate.registry import Hole, Registry, applying, choices, hole_cfg, read_registry, rung_cfg
from pymodel.mutate.run import write_cfgs
from pymodel.specfiles import find_cfg, shipped_cfgs

REGISTRY = read_registry()
RUNG = '[[rung]]\nname = "r"\nabout = "a"\nbase = "log"\n'
HOLE = '[[hole]]\nname = "h"\ntopic = "T"\ntempting = "t"\nstory = "s"\nrung = "r"\n'


def read(folder: Path, text: str) -> Registry:
    path = folder / "holes.toml"
    path.write_text(text, "utf-8")
    return read_registry(path)


def test_a_small_registry_is_read(tmp_path: Path) -> None:
    registry = read(tmp_path, RUNG + HOLE + 'violates = "TypeOK"\nset = { MaxTerm = 1, Snapshots = true }\n')
    (hole,) = registry.hole
    assert hole.title == "MaxTerm = 1, Snapshots = TRUE"
    cfg = hole_cfg(registry, hole)
    assert (cfg.name, cfg.constants["MaxTerm"], cfg.constants["Snapshots"]) == ("h", 1, True)
    assert (cfg.invariants, cfg.properties, cfg.check_deadlock) == (("TypeOK",), (), False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rung", "not a registry of holes"),
        (RUNG + 'colour = "red"\n' + HOLE, "unknown field `colour`"),
        (RUNG + RUNG + HOLE, "r is given twice"),
        (RUNG + HOLE + 'violates = "TypeOk"\n', "h: no property 'TypeOk'"),
        (RUNG + HOLE, "h expects nothing, or two things"),
        (RUNG + HOLE + 'violates = "TypeOK"\ncontrol = "c"\n', "h expects nothing, or two things"),
        (RUNG + HOLE + 'violates = "TypeOK"\ncfg = "log"\n', "h needs a rung or a cfg, not both"),
        (RUNG + HOLE.replace('"r"', '"q"') + 'violates = "TypeOK"\n', "h: no rung of the name 'q'"),
    ],
)
def test_what_is_no_registry_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CfgError, match=message.replace("[", r"\[")) as error:
        read(
            tmp_path,
            text if "[[hole]]" in text or text == "[[rung" else text + HOLE + 'violates = "TypeOK"\n',
        )
    assert error.value.path == tmp_path / "holes.toml"


def test_a_registry_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CfgError, match="cannot be read: No such file"):
        read_registry(tmp_path / "none.toml")


def test_a_control_checks_all_that_applies() -> None:
    control = next(hole for hole in REGISTRY.hole if hole.control and hole.rung == "log")
    cfg = hole_cfg(REGISTRY, control)
    assert {"LeaderCompleteness", "TypeOK"} <= set(cfg.invariants) and "ClientOutcome" in cfg.properties
    assert not {"QuorumAckSound", "AuditFaithful"} & set(cfg.invariants)
    audited = next(rung for rung in REGISTRY.rung if rung.name == "audit")
    assert "AuditFaithful" in applying(REGISTRY, rung_cfg(audited))[0]


@pytest.mark.parametrize("hole", REGISTRY.hole, ids=lambda hole: hole.name)
def test_the_cfg_of_a_hole_reads_back_as_it_is(hole: Hole, tmp_path: Path) -> None:
    (path,) = write_cfgs(REGISTRY, [hole], tmp_path / "new")
    meant, read_back = hole_cfg(REGISTRY, hole), read_cfg(path)
    for part in ("constants", "orders", "swaps", "invariants", "properties", "symmetry", "specification"):
        assert getattr(read_back, part) == getattr(meant, part), part
    assert read_back.check_deadlock == meant.check_deadlock
    head = path.read_text("utf-8").partition("\n")[0]
    assert head.startswith(f"\\* {hole.violates}: " if hole.violates else "\\* Safe: ")
    prepare_cfg(read_back)


@pytest.mark.parametrize("name", shipped_cfgs())
def test_a_cfg_written_out_is_the_same_cfg(name: str, tmp_path: Path) -> None:
    cfg = read_cfg(find_cfg(name))
    path = tmp_path / f"{name}.cfg"
    path.write_text(cfg_text(cfg, "a\ncomment"), "utf-8")
    again = read_cfg(path)
    for part in ("constants", "orders", "texts", "swaps", "invariants", "properties", "constraints", "view"):
        assert getattr(again, part) == getattr(cfg, part), part
    assert path.read_text("utf-8").startswith("\\* a comment\n")


def test_a_changed_cfg_has_the_new_values_and_swaps() -> None:
    cfg = read_cfg(find_cfg("mutant_vote_cleared"))
    other = changed(cfg, choices({"Server": "{a, b}", "MaxTerm": 3}), {"VoteAfterStepDown": None})
    assert (other.orders["Server"], other.texts["Server"], other.constants["MaxTerm"]) == (
        ("a", "b"),
        "{a, b}",
        3,
    )
    assert not other.swaps and cfg.swaps and "MaxTerm" not in other.lines
