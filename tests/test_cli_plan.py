"""Options that say how to search: what they mean, what they refuse, and that they reach the search."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pymodel.cli import app
from pymodel.cli_plan import make_plan, size_bytes, worker_count
from pymodel.errors import UsageError


def checked(*options: str) -> dict[str, object]:
    answer = CliRunner().invoke(app, ["check", "tiny", "--format", "json", *options])
    assert answer.exit_code == 0, answer.output
    result: dict[str, object] = json.loads(answer.stdout)
    return result


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000000", 10**6), ("512M", 512 << 20), ("8G", 8 << 30), ("1.5GiB", 3 << 29), ("2kb", 2048)],
)
def test_sizes(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1G", "8 giga", "G", "1e9"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="not a size") as caught:
        size_bytes(text)
    assert "512M" in str(caught.value)


def test_workers() -> None:
    assert worker_count("3") == 3
    assert 1 <= worker_count("auto") <= (os.cpu_count() or 1)


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "257", ""])
def test_what_is_no_number_of_threads(text: str) -> None:
    with pytest.raises(UsageError, match="not a number of threads"):
        worker_count(text)


def test_a_search_is_recovered_in_its_own_folder(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert make_plan("1", False, 0, None, None, here, here, False).recover == here
    with pytest.raises(UsageError, match="goes on in its own folder"):
        make_plan("1", False, 0, None, None, there, here, False)


def test_each_option_reaches_the_search(tmp_path: Path) -> None:
    plain = checked()
    assert plain["collision"] != "exact"
    assert checked("--exact")["collision"] == "exact"
    assert checked("--workers", "3")["workers"] == 3
    counts = ("distinct", "generated", "depth", "coverage")
    for options in (
        ("--fp", "7"),
        ("--memory", "300M"),
        ("--spill", str(tmp_path / "spill")),
        ("--checkpoint", str(tmp_path / "kept")),
        ("--continue",),
    ):
        other = checked(*options)
        assert [other[name] for name in counts] == [plain[name] for name in counts], options
    assert not (tmp_path / "kept").exists(), "a search that came to its end needs no checkpoint"


def test_a_limit_keeps_the_checkpoint_and_says_how_to_go_on(tmp_path: Path) -> None:
    kept = str(tmp_path / "kept")
    first = CliRunner().invoke(app, ["check", "small", "--checkpoint", kept, "--max-states", "500"])
    assert first.exit_code == 3
    assert f"to go on: --recover {kept}" in " ".join(first.stdout.split())
    again = CliRunner().invoke(app, ["check", "small", "--checkpoint", kept])
    assert again.exit_code == 2
    assert "there is a checkpoint already" in again.output
    last = CliRunner().invoke(app, ["check", "small", "--recover", kept, "--format", "json"])
    assert last.exit_code == 0
    assert json.loads(last.stdout)["distinct"] == 67_346
