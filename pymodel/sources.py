"""Finds the lines of a cfg and its spec at which the names of a result stand."""

from __future__ import annotations

from pathlib import Path

from pymodel.cfg import read_cfg
from pymodel.engine.result import DEADLOCK
from pymodel.report.places import Place, Places
from pymodel.tlc.module import read_modules


def find_places(cfg: Path, module: Path, base: Path) -> Places:
    """The places of every operator of `module` and the modules it extends, and of every name in `cfg`.

    A deadlock is placed at the next-state relation. Addresses are to be relative to the folder `base`.
    Raises CfgError, SpecError.
    """
    read = read_cfg(cfg)
    path = cfg.resolve()
    defined = {
        definition.name: Place(found.path.resolve(), definition.line, found.name)
        for found in read_modules(module)
        for definition in found.definitions
    }
    relation = read.next or "Next"
    if relation in defined:
        defined[DEADLOCK] = defined[relation]
    listed = {name: Place(path, line) for name, line in read.lines.items()}
    return Places(base.resolve(), Place(path, 1), defined, listed)
