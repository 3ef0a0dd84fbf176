"""What came of one hole, as plain data: made by run.py and ladder.py, kept in a file, read by reports."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Fate(StrEnum):
    """What became of a swap."""

    killed = "killed"
    """The property that must die of it did."""
    safe = "safe"
    """A control: all states searched, nothing violated."""
    starved = "starved"
    """Nothing is violated, but something that has to be able to happen cannot any more."""
    explained = "explained"
    """Nothing breaks, for a reason that is on record."""
    survived = "SURVIVED"
    """Nothing is violated, and nobody says why that is right."""
    other = "OTHER PROPERTY"
    """Killed, but not as expected."""
    broken = "BROKEN"
    """A control that breaks something."""
    undetermined = "UNDETERMINED"
    """A limit ended the search."""


GOOD = frozenset({Fate.killed, Fate.safe, Fate.starved, Fate.explained})


class TlcAnswer(msgspec.Struct, frozen=True):
    """TLC on the same cfg. `agrees` is None if it did not finish."""

    verdict: str
    violated: str
    states: int
    seconds: float
    agrees: bool | None


class Row(msgspec.Struct, frozen=True):
    """A hole and its fate. `states` counts those of the shortest counterexample (0: none, or a lasso),
    `distinct` those that were searched. `first` names what else was violated, no later. `line` tells
    the counterexample in one line, `why` its witness."""

    name: str
    topic: str
    change: str
    bounds: str
    fate: Fate
    killed_by: str = ""
    states: int = 0
    distinct: int = 0
    seconds: float = 0.0
    first: tuple[str, ...] = ()
    line: str = ""
    why: tuple[str, ...] = ()
    note: str = ""
    tempting: str = ""
    story: str = ""
    source: str = ""
    tlc: TlcAnswer | None = None

    @property
    def good(self) -> bool:
        """Whether it came out as it must, with TLC too where it was asked."""
        return self.fate in GOOD and not (self.tlc and self.tlc.agrees is False)
