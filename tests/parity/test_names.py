"""The two twins use one set of names, in one order."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.parity import Row, names_rows
from pymodel.specfiles import spec_folder

ROWS = names_rows()


@pytest.mark.parametrize("row", ROWS, ids=[row.what for row in ROWS])
def test_names_and_their_order_are_the_same(row: Row) -> None:
    assert row.equal, row


def test_every_kind_of_name_is_compared() -> None:
    assert [row.what for row in ROWS] == [
        "constants",
        "variables",
        "guards",
        "actions",
        "state invariants",
        "action properties",
        "anti-properties",
        "witnesses",
        "negated witnesses",
        "fair specifications",
        "liveness properties",
        "constraints",
        "symmetries",
        "views",
        "mutants",
    ]


@pytest.mark.parametrize(
    ("what", "old", "new"),
    [
        ("guards", "HigherTerm(i, m) ==", "HighestTerm(i, m) =="),
        ("variables", "  skew, ", "  lead, "),
        ("actions", r"  \/ DropMessage", r"  \/ LoseMessage"),
        ("state invariants", "LogMatching ==", "LogsMatch =="),
        ("action properties", "VoteStable ==", "StableVote =="),
        ("anti-properties", "OneLeaderRole ==", "OnlyLeaderRole =="),
        ("witnesses", "TwoLead ==", "BothLead =="),
        ("fair specifications", "ClockSpec ==", "TickSpec =="),
        ("liveness properties", "LeaseEnds ==", "LeaseExpires =="),
        ("constants", "  ClockSkew, ", "  MaxSkew, "),
    ],
)
def test_a_renamed_operator_is_found(tmp_path: Path, what: str, old: str, new: str) -> None:
    for path in spec_folder().glob("*.tla"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    spec = next(path for path in tmp_path.glob("*.tla") if old in path.read_text("utf-8"))
    text = spec.read_text("utf-8")
    spec.write_text(text.replace(old, new), "utf-8")
    assert [row.what for row in names_rows(tmp_path) if not row.equal] == [what]


def test_another_order_is_found(tmp_path: Path) -> None:
    for path in spec_folder().glob("*.tla"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    spec = tmp_path / "RaftFencing.tla"
    text = spec.read_text("utf-8")
    first, second = r"  \/ \E i \in Server : TakeSnapshot(i)", r"  \/ \E i \in Server : AdvanceCommitIndex(i)"
    assert first in text and second in text
    text = text.replace(first, "@").replace(second, first).replace("@", second)
    spec.write_text(text, "utf-8")
    rows = [row for row in names_rows(tmp_path) if not row.equal]
    assert [(row.what, row.ours) for row in rows] == [("actions", "in another order")]
