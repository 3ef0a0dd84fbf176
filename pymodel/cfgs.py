r"""What each shipped cfg is for, as its own first line says in a `\*` comment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pymodel.specfiles import find_cfg, shipped_cfgs

_COMMENT = r"\*"


@dataclass(frozen=True)
class Shipped:
    """A cfg that comes with the package."""

    name: str
    purpose: str


def shipped() -> tuple[Shipped, ...]:
    """Every shipped cfg, sorted by name."""
    return tuple(Shipped(name, purpose(find_cfg(name))) for name in shipped_cfgs())


def purpose(cfg: Path) -> str:
    """The text of the comment that opens the file; empty if it opens with something else."""
    first = cfg.read_text(encoding="utf-8").partition("\n")[0].strip()
    return first.removeprefix(_COMMENT).strip() if first.startswith(_COMMENT) else ""
