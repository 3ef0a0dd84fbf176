"""`pymodel mutate` and `pymodel frontier`: what they print, write and exit with. Searches are stand-ins."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from cli_stub import run

from pymodel.mutate import frontier, ladder
from pymodel.mutate import run as mutate_run
from pymodel.mutate.registry import Hole, Registry
from pymodel.mutate.row import Fate, Row, TlcAnswer
from pymodel.report.holes_page import holes_page

KILLED = Row("vote_cleared", "Elections", "A <- B", "2 servers", Fate.killed, "VoteStable", 8, 528, 0.25)
SAFE = Row("kept", "Controls", "C <- D", "2 servers", Fate.safe, distinct=99, note="it knows more")
OPEN = Row("big", "Leases", "E <- F", "3 servers", Fate.undetermined, note="ended by the limit of 3 states")
WRONG = msgspec.structs.replace(KILLED, tlc=TlcAnswer("INVARIANT", "ElectionSafety", 13, 2.0, False))


def stand_in(monkeypatch: pytest.MonkeyPatch, rows: Sequence[Row]) -> list[list[str]]:
    """Every run of holes gives `rows`; the names that were asked for."""
    asked: list[list[str]] = []

    def run_holes(registry: Registry, holes: Sequence[Hole], **_: object) -> list[Row]:
        asked.append([hole.name for hole in holes])
        return list(rows)

    monkeypatch.setattr(mutate_run, "run_holes", run_holes)
    return asked


@pytest.mark.parametrize(
    ("rows", "code", "head"),
    [
        ([KILLED, SAFE], 0, "HOLES: all 2 as expected: 1 killed, 1 safe"),
        ([KILLED, OPEN], 3, "HOLES: 1 of 2 not as expected (big): 1 killed, 1 UNDETERMINED"),
        ([WRONG], 1, "HOLES: 1 of 1 not as expected (vote_cleared): 1 killed"),
    ],
)
def test_the_exit_code_says_whether_all_came_out_as_they_must(
    monkeypatch: pytest.MonkeyPatch, rows: list[Row], code: int, head: str
) -> None:
    stand_in(monkeypatch, rows)
    result = run("mutate")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (code, head)


def test_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(
        monkeypatch, [msgspec.structs.replace(KILLED, line="s1 leads term 1", first=("TypeOK (8)",)), SAFE]
    )
    assert run("mutate").stdout == (
        "HOLES: all 2 as expected: 1 killed, 1 safe\n"
        "  hole          swap    killed by                    states  searched  seconds\n"
        "  vote_cleared  A <- B  VoteStable, also TypeOK (8)       8       528     0.25\n"
        "        s1 leads term 1\n"
        "  kept          C <- D  safe                                       99     0.00\n"
        "        it knows more\n"
    )


def test_names_and_topics_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stand_in(monkeypatch, [KILLED])
    assert run("mutate", "vote_cleared", "Durability").exit_code == 0
    assert (
        "vote_cleared" in asked[0] and "term_not_persisted" in asked[0] and "lease_too_long" not in asked[0]
    )
    assert "did you mean vote_cleared?" in run("mutate", "vote_clear").stderr


def test_it_is_written_for_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, [KILLED, WRONG])
    assert json.loads(run("mutate", "--format", "json").stdout)[0]["killed_by"] == "VoteStable"
    suite = ET.fromstring(run("mutate", "--format", "junit").stdout)
    assert suite.attrib["tests"] == "2" and len(suite.findall(".//failure")) == 1
    files = tmp_path / "rows.json", tmp_path / "page.md"
    run("mutate", "--json", str(files[0]), "--markdown", str(files[1]))
    assert msgspec.json.decode(files[0].read_bytes(), type=list[Row]) == [KILLED, WRONG]
    assert files[1].read_text("utf-8") == holes_page([KILLED, WRONG])
    assert "| DIFFERENT: ElectionSafety (13) |" in files[1].read_text("utf-8")


def test_it_lists_and_writes_cfgs(tmp_path: Path) -> None:
    assert "vote_cleared  VoteAfterStepDown <- VoteForgotten" in run("mutate", "--list").stdout
    assert run("mutate", "vote_cleared", "--write", str(tmp_path / "new")).exit_code == 0
    assert "VoteAfterStepDown <- VoteForgotten" in (tmp_path / "new" / "vote_cleared.cfg").read_text("utf-8")


def test_a_swap_of_ones_own_and_all_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    monkeypatch.setattr(ladder, "try_swaps", lambda registry, swaps, **_: tried.append(swaps) or KILLED)
    monkeypatch.setattr(ladder, "try_all", lambda registry, **_: [KILLED, OPEN])
    assert run("mutate", "--swap", "A <- B", "--swap", "C <- D").exit_code == 0
    assert tried == [{"A": "B", "C": "D"}]
    assert run("mutate", "--all-guards").exit_code == 3

    def telling(registry: Registry, *, made: Callable[[Row], None], **_: object) -> list[Row]:
        made(KILLED)
        made(OPEN)
        return [KILLED, OPEN]

    monkeypatch.setattr(ladder, "try_all", telling)
    told = run("mutate", "--all-guards").stderr.splitlines()
    assert told == ["A <- B: killed by VoteStable", "E <- F: UNDETERMINED"]
    assert run("mutate", "--swap", "A").exit_code == 2


def test_the_frontier_writes_what_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cells = [
        frontier.Cell(0, 1, 1, True, 9, 0, 0.1, ""),
        frontier.Cell(0, 1, 2, False, 7, 18, 0.1, "s1 leads"),
    ]
    found = [(cell, None) for cell in cells]
    monkeypatch.setattr(frontier, "frontier", lambda *_: found)
    monkeypatch.setattr(frontier, "rates", lambda *_: [frontier.Rate(2, 3, 3, 2, True, 5, 0)])
    names = [tmp_path / name for name in ("f.json", "f.md", "f.svg")]
    options = [*zip(("--json", "--markdown", "--svg"), map(str, names), strict=True)]
    result = run("frontier", *(word for option in options for word in option))
    assert result.exit_code == 0
    assert result.stdout.startswith("FRONTIER: 2 cells: 1 safe, 1 unsafe; the formula holds in all 2.\n")
    assert all(name.read_text("utf-8") for name in names)
    assert ET.fromstring(names[2].read_text("utf-8")).tag.endswith("svg")
    monkeypatch.setattr(frontier, "rates", lambda *_: [frontier.Rate(2, 3, 3, 3, True, 5, 0)])
    assert run("frontier").exit_code == 1
    monkeypatch.setattr(frontier, "rates", lambda *_: [frontier.Rate(2, 3, 3, 3, None, 5, 0)])
    assert run("frontier").exit_code == 3
