"""The replay's bounds: how much it tries at one line, and that it counts nothing which it has not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trace_check import Verdict, validate
from trace_check.replay import ReplayOutcome, frontier
from trace_check.tiers import Tier


def big_batch(tmp_path: Path) -> Path:
    """A leader, first seen as such, that sends all of its forty entries to one who has none."""
    leads = {"role": "leader", "term": 4, "vote": "n1", "commit": 0, "last_index": 40}
    follows = {**leads, "role": "follower", "term": 5, "vote": None}
    entries = [[index, 1] for index in range(1, 41)]
    sent = {"type": "append", "term": 4, "prev": [0, 0], "entries": entries, "commit": 0}
    later = {"type": "append", "term": 5, "prev": [40, 1], "entries": [], "commit": 0}
    lines: list[dict[str, Any]] = [
        {"v": 1, "kind": "config", "nodes": ["n1", "n2", "n3"]},
        {"seq": 1, "event": "state", "state": leads},
        {"seq": 2, "event": "send", "to": "n2", "mid": "1", "msg": sent, "state": leads},
        {"seq": 3, "event": "recv", "from": "n2", "mid": "2", "msg": later, "pre": leads, "state": follows},
    ]
    path = tmp_path / "leader.ndjson"
    path.write_text("".join(json.dumps({"node": "n1", "inc": "a", **line}) + "\n" for line in lines))
    return path


def test_entries_of_unknown_terms_are_compared_one_after_the_other(tmp_path: Path) -> None:
    result = validate([big_batch(tmp_path)], tier=Tier.both).replay
    assert result is not None and (result.outcome, result.refused) == (ReplayOutcome.REPLAYED, 0)


def test_too_many_cases_to_try_are_inconclusive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontier, "CASES_MAX", 8)
    report = validate([big_batch(tmp_path)], tier=Tier.both)
    assert report.verdict is Verdict.INCONCLUSIVE
    told = "Replay: more than 8 cases of what is not logged would have to be tried at "
    assert any(reason.startswith(told) and reason.endswith("leader.ndjson:3") for reason in report.reasons)


def test_a_replay_that_reads_no_line_changes_no_count(tmp_path: Path) -> None:
    path = tmp_path / "alone.ndjson"
    lines = [{"node": "n1", "event": "state", "ts": number, "state": {"term": 1}} for number in range(500)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = validate([path], tier=Tier.both)
    assert report.replay is not None and report.replay.outcome is ReplayOutcome.NOT_REPLAYABLE
    assert (report.files[0].lines, report.files[0].events) == (500, 500)
