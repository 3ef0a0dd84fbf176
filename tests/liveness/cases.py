"""Cfgs for the specs of this folder, as text, and both checkers on one of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pymodel.check import check
from pymodel.engine.contract import Model
from pymodel.engine.result import CheckResult
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain

SPECS = Path(__file__).parent / "specs"


@dataclass(frozen=True)
class Walk:
    """A digraph of Digraph.tla. Arcs are pairs as the two-digit numbers that the spec takes."""

    a: tuple[int, ...] = ()
    b: tuple[int, ...] = ()
    p: tuple[int, ...] = ()
    q: tuple[int, ...] = ()
    nodes: int = 5
    inside: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)

    def cfg(self, folder: Path, specification: str, *properties: str, invariants: str = "") -> Path:
        constants = {
            "Node": range(self.nodes),
            "ArcsA": self.a,
            "ArcsB": self.b,
            "SetP": self.p,
            "SetQ": self.q,
            "Inside": self.inside,
        }
        lines = [f"{name} = {_set(values)}" for name, values in constants.items()]
        path = folder / "walk.cfg"
        text = ["SPECIFICATION " + specification, "CONSTANTS", *lines, "CONSTRAINT Constraint"]
        text += ["PROPERTIES", *properties] if properties else []
        text += ["INVARIANT " + invariants] if invariants else []
        path.write_text("\n".join([*text, "CHECK_DEADLOCK FALSE", ""]), encoding="utf-8")
        return path


def lock_cfg(folder: Path, specification: str, *properties: str, more: str = "", processes: int = 2) -> Path:
    members = ", ".join(f"p{k}" for k in range(1, processes + 1))
    lines = ["SPECIFICATION " + specification, f"CONSTANT Proc = {{{members}}}", more, "PROPERTIES"]
    path = folder / "lock.cfg"
    path.write_text("\n".join([*lines, *properties, ""]), encoding="utf-8")
    return path


def asked(toolchain: Toolchain, spec: str, path: Path) -> CheckResult:
    """What TLC says, with one worker."""
    return tlc_check(SPECS / f"{spec}.tla", path, toolchain=toolchain, timeout_s=120)


def agreed(toolchain: Toolchain, spec: str, path: Path, model: Model) -> CheckResult:
    """pymodel's result for the cfg at `path`, after TLC's was found to be the same."""
    ours, tlc = check(path, model=model), asked(toolchain, spec, path)
    assert (ours.verdict, ours.violated, ours.distinct) == (tlc.verdict, tlc.violated, tlc.distinct)
    assert (ours.counterexample is None) == (tlc.counterexample is None)
    if tlc.counterexample is not None and ours.counterexample is not None:
        assert (ours.counterexample.loop is None) == (tlc.counterexample.loop is None)
    return ours


def shape(result: CheckResult) -> tuple[list[int], int | None]:
    """The nodes of a walk's lasso, and the index of the one it goes back to."""
    cex = result.counterexample
    assert cex is not None
    return [int(step.state["x"]) for step in cex.steps], cex.loop


def _set(values: Collection[int]) -> str:
    return "{" + ", ".join(map(str, values)) + "}"
