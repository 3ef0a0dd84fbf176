"""spec/holes.toml: the known holes, and the bounds in which each is searched.

Decides what a hole is: one or more operators swapped, or constants changed, in the bounds of a rung or of a
shipped cfg; with the property that must die of it, after how many states, or the reason why none does. A rung
takes its constants from a shipped cfg, so that what the spec adds to those is there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from pymodel.cfg import Cfg, Choice, read_cfg, read_choices
from pymodel.cfg_edit import changed
from pymodel.engine.goal import DEADLOCK
from pymodel.errors import CfgError
from pymodel.raft.model import RAFT
from pymodel.specfiles import find_cfg, spec_folder

NAME = "holes.toml"
STATE_CLAIMS = (*RAFT.invariants, *RAFT.anti_invariants)
STEP_CLAIMS = (*RAFT.properties, *RAFT.anti_properties)
Setting = int | bool | str


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds to search in: the constants of the shipped cfg `base` but for those of `set`, whose values are
    text as a cfg has it. `about` says what can happen there. An unlisted swap is searched to the end there if
    `ladder`; in the others only for a violation, within a limit, after that."""

    name: str
    about: str
    base: str
    set: dict[str, Setting] = {}
    symmetry: bool = False
    ladder: bool = True


class Hole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One hole. `swaps` maps a guard to what stands in for it; it lies in the bounds of `rung` or of the
    shipped `cfg`, but for the constants of `set`, which are a part of the hole, and for smaller `bounds`.

    `violates` must be violated, by a shortest behaviour of `length` states (0: a lasso). A `control` must not
    break anything, and says why. `tempting` is what speaks for the change, `story` what comes of it, `source`
    who makes the claim or the mistake.
    """

    name: str
    topic: str
    tempting: str
    story: str
    swaps: dict[str, str] = {}
    rung: str = ""
    cfg: str = ""
    set: dict[str, Setting] = {}
    bounds: dict[str, Setting] = {}
    violates: str = ""
    length: int = 0
    control: str = ""
    source: str = ""

    @property
    def title(self) -> str:
        """`Guard <- Mutant`, all swaps and settings; that nothing is changed if so."""
        parts = [f"{guard} <- {mutant}" for guard, mutant in self.swaps.items()]
        parts += [f"{name} = {setting_text(value)}" for name, value in self.set.items()]
        return ", ".join(parts) or "nothing is swapped"


class Redundant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a swap that the systematic run tries breaks nothing."""

    swap: str
    reason: str


class Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`needs` maps a property to the constants without which it is false, or means nothing, and to what each
    must hold. `explained` are swaps that survive, each with its reason."""

    rung: tuple[Rung, ...]
    hole: tuple[Hole, ...]
    needs: dict[str, dict[str, str]] = {}
    explained: tuple[Redundant, ...] = ()

    def rung_named(self, name: str) -> Rung | None:
        return next((rung for rung in self.rung if rung.name == name), None)


def read_registry(path: Path | None = None) -> Registry:
    """The registry at `path`, or the shipped one. Raises CfgError for what is not of this form."""
    path = path or spec_folder() / NAME
    try:
        registry = msgspec.toml.decode(path.read_bytes(), type=Registry)
    except OSError as error:
        raise CfgError(f"cannot be read: {error.strerror}", path=path) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise CfgError(f"not a registry of holes: {error}", mend="see spec/README.md", path=path) from error
    _refuse_unsound(registry, path)
    return registry


def _refuse_unsound(registry: Registry, path: Path) -> None:
    """Raises CfgError for a name twice, for an unknown rung, and for a hole that expects nothing."""
    names = [*(rung.name for rung in registry.rung), *(hole.name for hole in registry.hole)]
    for name in names:
        if names.count(name) > 1:
            raise CfgError(f"{name} is given twice", mend="names of rungs and holes are unique", path=path)
    known = (*STATE_CLAIMS, *STEP_CLAIMS, *RAFT.liveness, DEADLOCK)
    for hole in registry.hole:
        if bool(hole.rung) == bool(hole.cfg):
            raise CfgError(f"{hole.name} needs a rung or a cfg, not both", path=path)
        if hole.rung and registry.rung_named(hole.rung) is None:
            raise CfgError(f"{hole.name}: no rung of the name {hole.rung!r}", path=path)
        if bool(hole.violates) == bool(hole.control):
            mend = "name the property that dies, or say why it is a control"
            raise CfgError(f"{hole.name} expects nothing, or two things", mend=mend, path=path)
        if hole.violates and hole.violates not in known:
            raise CfgError(f"{hole.name}: no property {hole.violates!r}", mend=", ".join(known), path=path)


def rung_cfg(rung: Rung) -> Cfg:
    """The cfg of a rung, without swaps and properties."""
    cfg = changed(read_cfg(find_cfg(rung.base)), choices(rung.set))
    symmetry = next(iter(RAFT.symmetries)) if rung.symmetry else None
    return replace(
        cfg, name=rung.name, symmetry=symmetry, view=None, specification=RAFT.specification,
        invariants=(), properties=(), swaps={},
    )  # fmt: skip


def hole_cfg(registry: Registry, hole: Hole) -> Cfg:
    """The cfg of a hole: it checks TypeOK and the property that must die; that of a control all that apply.
    One of a shipped cfg in which liveness dies is that cfg, which says itself what it checks."""
    rung = registry.rung_named(hole.rung)
    base = read_cfg(find_cfg(hole.cfg)) if rung is None else rung_cfg(rung)
    swaps: Mapping[str, str | None] = hole.swaps
    cfg = replace(changed(base, choices(hole.bounds | hole.set), swaps), name=hole.name)
    if hole.violates in RAFT.liveness:
        return cfg
    if hole.control:
        invariants, properties = applying(registry, cfg)
        return replace(cfg, invariants=invariants, properties=properties)
    invariants = tuple(dict.fromkeys(("TypeOK", *(n for n in STATE_CLAIMS if n == hole.violates))))
    properties = tuple(n for n in STEP_CLAIMS if n == hole.violates)
    deadlock = hole.violates == DEADLOCK
    return replace(cfg, invariants=invariants, properties=properties, check_deadlock=deadlock)


def applying(registry: Registry, cfg: Cfg) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The invariants and the action properties that mean something under the constants of `cfg`."""
    unmet = {
        name
        for name, needs in registry.needs.items()
        if not all(_holds(cfg.constants.get(constant), value) for constant, value in needs.items())
    }
    return (
        tuple(name for name in RAFT.invariants if name not in unmet),
        tuple(name for name in RAFT.properties if name not in unmet),
    )


def _holds(value: object, wanted: str) -> bool:
    return wanted in value if isinstance(value, frozenset) else value == wanted


def choices(settings: Mapping[str, Setting]) -> dict[str, Choice]:
    """The values of constants from their text. Raises CfgError."""
    found = {}
    for name, value in settings.items():
        (found[name],) = read_choices(setting_text(value))
    return found


def setting_text(value: Setting) -> str:
    return str(value).upper() if isinstance(value, bool) else str(value)
