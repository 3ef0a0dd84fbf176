"""Simulated clusters: repeatable by seed, linearizable whatever breaks, and their logs accepted."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trace_check.check import validate
from trace_check.node.bugs import BUGS, guards_with
from trace_check.node.guards import Guards
from trace_check.node.linearizable import unlinearizable_keys
from trace_check.node.runs import simulate_into
from trace_check.node.scenario import Scenario, rough
from trace_check.node.simulate import Simulation
from trace_check.rules import RULES
from trace_check.verdict import Verdict

ROUGH = rough()


def logs_of(scenario: Scenario, seed: int, until_ms: float) -> tuple[Simulation, dict[str, list[Any]]]:
    lines: dict[str, list[Any]] = defaultdict(list)
    simulation = Simulation(scenario, seed, lambda node, line: lines[node].append(line))
    simulation.run(until_ms)
    return simulation, lines


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
    scenario = rough(nodes=nodes, config={**ROUGH.config, "prevote": prevote})
    simulation, paths = simulate_into(scenario, seed, 2000, tmp_path_factory.mktemp("run"))
    assert unlinearizable_keys(simulation.history()) == []
    report = validate(paths)
    assert report.verdict is Verdict.ACCEPTED, report.explanation or report.reasons


def test_an_answer_before_the_commit_shows_in_the_history() -> None:
    scenario = rough(bug="ok_at_append")
    found = False
    for seed in range(5):
        simulation = Simulation(scenario, seed)
        simulation.run(4000)
        found = found or unlinearizable_keys(simulation.history()) != []
    assert found


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_replaces_guards_that_exist(bug: str) -> None:
    twin, replaced = guards_with(bug), BUGS[bug].guards
    assert replaced and all(name in vars(Guards) for name in replaced)
    assert all(getattr(type(twin), name) is not vars(Guards)[name] for name in replaced)
    assert BUGS[bug].rule in {rule.name for rule in RULES}
