"""Where the spec files are: in the checkout's spec/, or in the installed package."""

from __future__ import annotations

import difflib
from pathlib import Path

from pymodel.errors import CfgError

PACKAGED = Path(__file__).parent / "_spec"
CHECKOUT = Path(__file__).parent.parent / "spec"
BENCH = "bench_"
"""How the cfgs of the benchmark begin."""


def spec_folder() -> Path:
    """The folder of the shipped .tla and .cfg files."""
    return PACKAGED if PACKAGED.is_dir() else CHECKOUT


def shipped_cfgs() -> tuple[str, ...]:
    """The short names of the shipped cfgs, sorted."""
    return tuple(sorted(path.stem for path in spec_folder().glob("*.cfg")))


def manifest_cfgs() -> tuple[str, ...]:
    """The shipped cfgs but those of the benchmark, for which TLC needs minutes to days."""
    return tuple(name for name in shipped_cfgs() if not name.startswith(BENCH))


def find_cfg(name: str) -> Path:
    """The cfg at path `name`, or the shipped one of that short name. Raises CfgError."""
    path = Path(name)
    if path.suffix == ".cfg" or path.is_file():
        if path.is_file():
            return path.resolve()
        raise CfgError("no such file", path=path)
    shipped = spec_folder() / f"{name}.cfg"
    if shipped.is_file():
        return shipped
    close = difflib.get_close_matches(name, shipped_cfgs(), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else f"shipped: {', '.join(shipped_cfgs())}."
    raise CfgError(f"no cfg of the name {name!r}", mend=f"{hint} A path ends in .cfg")


def find_module(cfg: Path, module: str) -> Path:
    """The root .tla module for `cfg`: `module` beside it if it is there, else the shipped one."""
    beside = cfg.parent / f"{module}.tla"
    return beside if beside.is_file() else spec_folder() / f"{module}.tla"
