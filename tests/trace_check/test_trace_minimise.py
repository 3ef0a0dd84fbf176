"""The smallest witness of a rejection: same rule, no line to spare, the evidence untouched."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracelogs import Line, at, config, line, write
from typer.testing import CliRunner

from pymodel.errors import UsageError
from trace_check import Verdict, sample, validate
from trace_check.cli import app
from trace_check.event import Place
from trace_check.minimise import Witness, delta_debugged, minimise

RUN = CliRunner()
BROKEN = sample("double_vote")
FORGOT = [at("n1", "follower", 2), at("n2", "follower", 2), at("n1", "follower", 1)]


def places(witness: Witness) -> list[str]:
    return [f"{Path(place.path).name}:{place.line}" for place in witness.kept]


def roots(files: Sequence[Path]) -> str:
    why = validate(files).explanation
    return why.rule if why else ""


def without_line(file: Path, number: int, folder: Path) -> Path:
    """A copy of a file without one of its lines."""
    lines = file.read_text().splitlines(keepends=True)
    copy = folder / file.name
    copy.write_text("".join(lines[:number] + lines[number + 1 :]))
    return copy


def test_two_lines_show_two_leaders_and_none_can_be_spared(tmp_path: Path) -> None:
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in BROKEN]
    witness = minimise(BROKEN, tmp_path / "out")
    assert witness.rule == "ElectionSafety"
    assert places(witness) == ["n2.ndjson:6", "n3.ndjson:6"]
    assert witness.lines == 74
    assert roots(witness.files) == "ElectionSafety"
    for file in witness.files:
        rest = [other for other in witness.files if other != file]
        assert validate(rest).verdict is not Verdict.REJECTED
    originals = {path.name: path.read_text().splitlines() for path in BROKEN}
    assert all(file.read_text() == originals[file.name][5] + "\n" for file in witness.files)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in BROKEN] == before


def test_causes_are_kept_where_that_is_asked(tmp_path: Path) -> None:
    witness = minimise(BROKEN, tmp_path / "out", keep_causes=True)
    assert places(witness) == ["n1.ndjson:3", "n1.ndjson:7", "n2.ndjson:6", "n3.ndjson:6"]
    why, whole = validate(witness.files).explanation, validate(BROKEN).explanation
    assert why
    assert whole
    assert [cause.fact.text for cause in why.causes] == [cause.fact.text for cause in whole.causes]


def test_a_declaration_stays_only_where_the_rule_needs_it(tmp_path: Path) -> None:
    """A commit index beyond the log is one line, whoever the members are."""
    lines = [config("n1", "n2"), at("n1", commit=1, last=[1, 1]), at("n2", commit=4, last=[2, 1])]
    assert places(minimise([write(tmp_path / "a.ndjson", lines)], tmp_path / "out")) == ["a.ndjson:3"]


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (FORGOT, "TermMonotonic"),
        ([at("n1", term=1, vote="n2"), at("n1", term=1), at("n1", term=1, vote="n3")], "VoteStable"),
        ([at("n1", commit=3), at("n2", commit=1), at("n1", commit=2)], "CommitMonotonic"),
        ([at("n1", "leader", 1, last=[5, 1]), at("n1", "leader", 1, last=[4, 1])], "LeaderAppendOnly"),
    ],
)
def test_each_witness_is_minimal(lines: list[Line], rule: str, tmp_path: Path) -> None:
    noise = [line("n3", "state", state={"term": number}) for number in range(20)]
    source = write(tmp_path / "all.ndjson", [*noise[:10], *lines, *noise[10:]])
    witness = minimise([source], tmp_path / "out")
    assert (witness.rule, len(witness.kept)) == (rule, 2)
    (file,) = witness.files
    for number in range(len(witness.kept)):
        assert roots([without_line(file, number, tmp_path)]) != rule


def test_packed_logs_and_equal_names(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder, part in zip(folders, (FORGOT[:1], FORGOT[1:]), strict=True):
        folder.mkdir()
        numbered = [
            {**item, "seq": number} for number, item in enumerate(part, start=folders.index(folder) * 9)
        ]
        text = "".join(json.dumps(item) + "\n" for item in numbered)
        (folder / "log.ndjson.gz").write_bytes(gzip.compress(text.encode()))
    witness = minimise([folder / "log.ndjson.gz" for folder in folders], tmp_path / "out")
    assert {str(file.relative_to(tmp_path / "out")) for file in witness.files} == {
        "log.ndjson",
        "1/log.ndjson",
    }
    assert roots(witness.files) == "TermMonotonic"


def test_what_cannot_be_minimised_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to minimise: the logs are accepted"):
        minimise(sample("failover"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="is not an empty folder"):
        minimise(BROKEN, BROKEN[0].parent)


def test_command(tmp_path: Path) -> None:
    run = RUN.invoke(app, ["minimise", "-o", str(tmp_path / "out"), *map(str, BROKEN)])
    assert run.exit_code == 0
    first, *rows, last = run.output.splitlines()
    assert first.startswith("ElectionSafety: 2 of 74 lines are enough (")
    assert [row.split()[0] for row in rows] == ["n2.ndjson:6", "n3.ndjson:6"]
    assert last == f"copied to {tmp_path / 'out' / 'n2.ndjson'}, {tmp_path / 'out' / 'n3.ndjson'}"


def test_validate_can_do_it_too(tmp_path: Path) -> None:
    run = RUN.invoke(app, ["validate", "--minimise", str(tmp_path / "out"), *map(str, BROKEN)])
    assert run.exit_code == 1
    assert run.stdout.startswith("REJECTED")
    assert "2 of 74 lines are enough" in run.stderr
    shutil.rmtree(tmp_path / "out")
    good = RUN.invoke(app, ["validate", "--minimise", str(tmp_path / "out"), *map(str, sample("failover"))])
    assert (good.exit_code, good.stderr) == (0, "")
    assert not (tmp_path / "out").exists()


@given(st.integers(1, 24), st.data())
def test_delta_debugging_leaves_nothing_to_spare(size: int, data: st.DataObject) -> None:
    """Sets that contain one of some cores are rejected; the naive twin tries each line of the result."""
    lines = [Place("a", number) for number in range(size)]
    core = st.frozensets(st.sampled_from(lines), min_size=1, max_size=5)
    cores = data.draw(st.lists(core, min_size=1, max_size=3))

    def rejected(kept: Sequence[Place]) -> bool:
        return any(one <= set(kept) for one in cores)

    left = delta_debugged(lines, rejected)
    assert rejected(left)
    assert not any(rejected([other for other in left if other != one]) for one in left)
    assert left == sorted(left)
