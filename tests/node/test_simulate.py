"""Simulated clusters: repeatable by seed, linearizable whatever breaks, and their logs accepted."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trace_check.check import validate
from trace_check.node.bugs import BUGS, guards_with
from trace_check.node.guards import Guards
from trace_check.node.linearizable import unlinearizable_keys
from trace_check.node.scenario import Faults, Scenario
from trace_check.node.simulate import Simulation
from trace_check.verdict import Verdict

ROUGH = Scenario(
    config={
        "election_timeout_ms": 150.0,
        "heartbeat_ms": 40.0,
        "lease_ms": 130.0,
        "prevote": False,
        "snapshot_after": 20,
    },
    faults=Faults(
        delay_ms=15,
        slow=0.08,
        loss=0.05,
        duplicate=0.1,
        cut_every_ms=800,
        cut_ms=500,
        crash_every_ms=600,
        down_ms=120,
    ),
    think_ms=15,
    patience_ms=150,
)


def logs_of(scenario: Scenario, seed: int, until_ms: float) -> tuple[Simulation, dict[str, list[Any]]]:
    lines: dict[str, list[Any]] = defaultdict(list)
    simulation = Simulation(scenario, seed, lambda node, line: lines[node].append(line))
    for node in scenario.names:
        lines[node].insert(0, simulation.config_line())
    simulation.run(until_ms)
    return simulation, lines


def stored(lines: dict[str, list[Any]], folder: Path) -> list[Path]:
    paths = []
    for node, records in lines.items():
        path = folder / f"{node}.ndjson"
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        paths.append(path)
    return paths


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = logs_of(ROUGH, 7, 1500)[1], logs_of(ROUGH, 7, 1500)[1]
    assert first == second
    assert logs_of(ROUGH, 8, 1500)[1] != first


def test_what_happens_in_a_run() -> None:
    simulation, lines = logs_of(ROUGH, 3, 6000)
    happened = {record["event"] for records in lines.values() for record in records if "event" in record}
    assert happened >= {"init", "role", "append", "truncate", "commit", "snapshot", "lease_renew", "read"}
    assert simulation.crashes and simulation.cuts
    kinds = {record["msg"]["type"] for records in lines.values() for record in records if "msg" in record}
    assert kinds >= {"append", "append_response", "request_vote", "vote_response", "snapshot"}
    assert sum(operation.returned < 6000 for operation in simulation.history()) > 100


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), nodes=st.sampled_from([1, 2, 3, 5]), prevote=st.booleans())
def test_whatever_breaks_the_log_is_accepted_and_the_history_linearizable(
    tmp_path_factory: pytest.TempPathFactory, seed: int, nodes: int, prevote: bool
) -> None:
    scenario = Scenario(
        nodes=nodes,
        config={**ROUGH.config, "prevote": prevote},
        faults=ROUGH.faults,
        think_ms=15,
        patience_ms=150,
    )
    simulation, lines = logs_of(scenario, seed, 2000)
    assert unlinearizable_keys(simulation.history()) == []
    report = validate(stored(lines, tmp_path_factory.mktemp("run")))
    assert report.verdict is Verdict.ACCEPTED, report.explanation or report.reasons


def test_an_answer_before_the_commit_shows_in_the_history() -> None:
    scenario = Scenario(
        bug="ok_at_append", config=ROUGH.config, faults=ROUGH.faults, think_ms=15, patience_ms=150
    )
    found = False
    for seed in range(5):
        simulation = Simulation(scenario, seed)
        simulation.run(4000)
        found = found or unlinearizable_keys(simulation.history()) != []
    assert found


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_replaces_guards_that_exist(bug: str) -> None:
    twin = guards_with(bug)
    assert all(name in vars(Guards) for name in BUGS[bug])
    assert all(getattr(type(twin), name) is not vars(Guards)[name] for name in BUGS[bug])
