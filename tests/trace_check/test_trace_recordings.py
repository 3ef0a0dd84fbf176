"""Whole recordings against what their driver and status samples saw: leaders, step-downs, commits,
operations.

The recordings are not part of the repository; cut copies of some are in tests/logs, with tests of their own.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from pathlib import Path
from typing import Any

import pytest

from trace_check import Verdict, validate
from trace_check.event import Event
from trace_check.reader import Input, read

DATA = Path(__file__).parents[3] / "shared" / "data"
ETCD = sorted(path.parent for path in DATA.glob("etcd-3*/*/driver.jsonl"))
HASHICORP = sorted(path.parent for path in DATA.glob("hashicorp*/*/driver.jsonl"))
PYSYNCOBJ = sorted(path.parent for path in DATA.glob("pysyncobj/*/driver.jsonl"))

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the shared recordings are not beside this checkout"
)

IDS = {"5036596159764539079": "n2", "5827101679848182724": "n3", "10682853467239572369": "n1"}
TICKS_S = 0.15


def named(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def leaders(source: Input) -> dict[int, str]:
    """The leader of each term, by the logs of the leaders themselves."""
    return {
        event.new_term: event.node
        for event in source.events
        if event.new_role == "leader" and event.new_term is not None
    }


def changes(source: Input, node: str) -> list[Event]:
    return [event for event in source.events if event.kind == "role" and event.node == node]


def test_there_are_recordings() -> None:
    assert (len(ETCD) >= 4, len(HASHICORP) >= 1, len(PYSYNCOBJ) >= 3) == (True, True, True)


@pytest.mark.parametrize("folder", [*ETCD, *HASHICORP, *PYSYNCOBJ], ids=named)
def test_verdicts(folder: Path) -> None:
    report = validate([folder])
    expected = Verdict.REJECTED if "0.3.14" in folder.name else Verdict.ACCEPTED
    assert (report.verdict, len(report.nodes)) == (expected, 3)
    if expected is Verdict.REJECTED:
        assert report.explanation is not None
        assert report.explanation.rule == "ElectionSafety"


@pytest.mark.parametrize("folder", ETCD, ids=named)
def test_etcd_status_samples_agree(folder: Path) -> None:
    """Term and leader of a sample are read one after the other: around a change they may be of two terms."""
    source = read([folder])
    led, commits = leaders(source), dict[str, int]()
    for event in source.events:
        if event.state is not None and event.state.commit is not None:
            commits[event.node] = max(commits.get(event.node, 0), event.state.commit)
    samples = [sample for sample in lines(folder / "status.jsonl") if sample.get("leader") in IDS]
    torn = [sample for sample in samples if led[int(sample["raft_term"])] != IDS[sample["leader"]]]
    assert len(torn) <= len(led)
    assert len(samples) > 10
    assert all(IDS[sample["leader"]] in led.values() for sample in torn)
    final = {IDS[sample["id"]]: int(sample["raft_index"]) for sample in samples}
    assert commits.keys() == {"n1", "n2", "n3"}
    assert all(commits[node] >= index for node, index in final.items())


@pytest.mark.parametrize("folder", ETCD, ids=named)
def test_etcd_leaders_are_those_that_the_driver_saw(folder: Path) -> None:
    source = read([folder])
    starts = [(event.ts or 0.0, event.node) for event in source.events if event.new_role == "leader"]
    seen = [entry for entry in lines(folder / "driver.jsonl") if "leader" in entry]
    assert seen
    for entry in seen:
        at = bisect_right(starts, (entry["ts"], "~"))
        assert starts[at - 1][1] == f"n{entry['leader']}", entry


@pytest.mark.parametrize("folder", ETCD, ids=named)
def test_etcd_deposed_leaders_step_down_when_they_can(folder: Path) -> None:
    """After SIGCONT at once, cut off or without a quorum within two election timeouts of a second."""
    source = read([folder])
    driver, leader, checked = lines(folder / "driver.jsonl"), 0, 0
    for entry in driver:
        leader = entry.get("leader", leader)
        woken = entry.get("sig") == "SIGCONT"
        if not woken and entry.get("act") != "isolate":
            continue
        limit = TICKS_S if woken else 2.0 + TICKS_S
        role = next(
            event for event in changes(source, f"n{entry['node']}") if (event.ts or 0) > entry["ts"] - 0.001
        )
        assert role.new_role == "follower"
        assert role.reason in ("higher term", "quorum is not active")
        assert (role.ts or 0) - entry["ts"] < limit, entry
        checked += 1
    assert checked or folder.name == "lose_quorum"


@pytest.mark.parametrize("folder", ETCD, ids=named)
def test_etcd_segments_say_what_their_decoded_copies_say(folder: Path) -> None:
    def facts(source: Input) -> list[tuple[object, ...]]:
        return [(e.node, e.kind, e.state, e.entry, e.entries, e.seq) for e in source.events]

    for number in (1, 2, 3):
        segments = read(sorted((folder / f"wal{number}").glob("*.wal")))
        decoded = read([folder / f"wal_node{number}.jsonl"])
        names = {name: shown for config in segments.configs for name, shown in config.names}
        shown = [(names.get(str(fact[0]), fact[0]), *fact[1:2], *fact[3:]) for fact in facts(decoded)]
        assert [(fact[0], fact[1], *fact[3:]) for fact in facts(segments)] == shown
        assert len(shown) > 50


@pytest.mark.parametrize("folder", ETCD, ids=named)
def test_etcd_client_histories_are_complete(folder: Path) -> None:
    operations = lines(folder / "clients.jsonl")
    events = [event for event in read([folder]).events if event.by_client]
    kinds = [event.kind for event in events]
    assert kinds.count("client_invoke") == len(operations)
    assert kinds.count("client_ok") == sum(item["ok"] is True for item in operations)
    assert kinds.count("client_fail") == sum(item["ok"] is False for item in operations)
    assert {event.node for event in events} <= {"n1", "n2", "n3"}


@pytest.mark.parametrize("folder", HASHICORP, ids=named)
def test_hashicorp_leaders_terms_and_operations(folder: Path) -> None:
    source = read([folder])
    led = leaders(source)
    assert len({event.new_term for event in source.events if event.new_role == "leader"}) == len(led)
    starts = [(event.ts or 0.0, event.node) for event in source.events if event.new_role == "leader"]
    for entry in lines(folder / "driver.jsonl"):
        if "leader" in entry:
            node = starts[bisect_right(starts, (entry["ts"], "~")) - 1][1]
            assert node.endswith(str(entry["leader"])), entry
    stats = [line for path in folder.glob("node*.log") for line in lines(path) if line["@message"] == "stats"]
    of_leaders = {int(line["term"]) for line in stats if line["state"] == "Leader"}
    assert of_leaders <= led.keys()
    written = sum(path.read_text().count('"client_ok"') for path in folder.glob("node*.log"))
    assert sum(event.kind == "client_ok" for event in source.events) == written > 0
