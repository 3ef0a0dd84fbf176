"""The commands around a node: what they refuse, what they print, how they exit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pymodel.errors import UsageError
from trace_check.cli import app

run = CliRunner().invoke

PEERS = ["--peer", "n1=127.0.0.1:1", "--http", "n1=127.0.0.1:2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "n2", *PEERS], "must name n2"),
        (["--name", "n1", *PEERS, "--lease-ms", "990"], "could outlast a promise"),
        (["--name", "n1", "--peer", "n1", "--http", "n1=127.0.0.1:2"], "no address"),
        (["--name", "n1", "--peer", "n1=10.9.9.9:1", "--http", "n1=127.0.0.1:2"], "no shared secret"),
        (["--name", "n1", "--peer", "n1=127.0.0.1:1", "--http", "n2=127.0.0.1:2"], "no HTTP interface"),
    ],
    ids=["stranger", "long lease", "address", "open peers", "no interface"],
)
def test_a_node_that_cannot_start_says_why(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run(app, ["node", *arguments, "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert message in result.output or message in str(result.exception)


def test_a_simulated_run_is_told_and_its_logs_stay(tmp_path: Path) -> None:
    arguments = ["cluster", "--simulated", "--seconds", "1.5", "--seed", "4", "--folder", str(tmp_path)]
    result = run(app, arguments)
    assert result.exit_code == 0, result.output
    assert "logs: accepted" in result.output and "1 runs, 1 well" in result.output
    assert sorted(path.name for path in (tmp_path / "4").iterdir()) == ["n1.ndjson", "n2.ndjson", "n3.ndjson"]
    assert run(app, arguments).output == result.output, "the same seed, the same run"


def test_a_bug_is_told_and_exits_1() -> None:
    result = run(
        app, ["cluster", "--simulated", "--seconds", "2", "--bug", "vote_not_persisted", "--runs", "2"]
    )
    assert result.exit_code == 1
    assert "VoteStable" in result.output and "not well: seeds [1, 2]" in result.output


@pytest.mark.parametrize("arguments", [["--bug", "none"], ["--fault", "storm"]])
def test_unknown_names_are_refused(arguments: list[str]) -> None:
    result = run(app, ["cluster", *arguments])
    assert isinstance(result.exception, UsageError) or result.exit_code == 2
