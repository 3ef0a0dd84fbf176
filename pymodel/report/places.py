"""Where in the files of a spec the names of a result stand, for reports that point at lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A line (from 1) of a file. `owner` is the module that it belongs to, empty for a cfg."""

    path: Path
    line: int
    owner: str = ""


@dataclass(frozen=True)
class Places:
    """`defined` has the line of each operator's definition, `listed` the line at which the cfg names
    something; `cfg` is the cfg itself. Addresses are relative to `base`, an absolute path."""

    base: Path
    cfg: Place
    defined: Mapping[str, Place]
    listed: Mapping[str, Place]

    def of(self, name: str) -> tuple[Place, ...]:
        """All places of `name`, the best first and at least the cfg: its definition, then its line in
        the cfg; but a file below `base` before one outside, which whoever reads the report may not have."""
        found = [place for place in (self.defined.get(name), self.listed.get(name, self.cfg)) if place]
        return tuple(sorted(found, key=lambda place: not place.path.is_relative_to(self.base)))
