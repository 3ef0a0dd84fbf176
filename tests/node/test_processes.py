"""Real processes: the five pass criteria, faults and their logs. Each test starts a cluster of its own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from pymodel.errors import UsageError
from trace_check.node.campaign import Campaign, run_campaign
from trace_check.node.criteria import CRITERIA
from trace_check.node.nemesis import FAULTS, check_faults
from trace_check.node.processes import ClusterOptions
from trace_check.rules.base import Outcome

OPTIONS = ClusterOptions(election_timeout_ms=1000, heartbeat_ms=100, lease_ms=800)
RUNS = int(os.environ.get("TERMFENCE_RUNS", "1"))
"""Runs with faults; 200 of them are an hour."""


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_pass_criterion_holds(number: int, tmp_path: Path) -> None:
    seen = asyncio.run(CRITERIA[number](OPTIONS, tmp_path))
    assert seen.passed, seen.lines
    assert seen.number == number and seen.lines


@pytest.mark.slow
def test_a_criterion_fails_without_its_guard(tmp_path: Path) -> None:
    options = ClusterOptions(
        election_timeout_ms=1000, heartbeat_ms=100, lease_ms=800, bug="append_request_unfenced"
    )
    seen = asyncio.run(CRITERIA[1](options, tmp_path))
    assert not seen.passed and any("GRANTED" in line for line in seen.lines)


def what_went_wrong(campaign: Campaign) -> tuple[object, ...]:
    report = campaign.report
    broken = [rule for rule in report.rules if rule.outcome is Outcome.FAIL]
    return (report.verdict, broken, report.reasons, campaign.unlinearizable, campaign.lost, campaign.faults)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, RUNS + 1))
def test_nothing_is_lost_whatever_breaks(seed: int, tmp_path: Path) -> None:
    """Criterion 5."""
    campaign = asyncio.run(run_campaign(OPTIONS, tmp_path, seed=seed, seconds=6 if RUNS == 1 else 10))
    assert campaign.ok, what_went_wrong(campaign)
    assert campaign.confirmed > 0 and campaign.faults


def test_faults_are_known_by_name() -> None:
    assert check_faults(("kill", "full disk")) == ("kill", "full disk")
    with pytest.raises(UsageError, match="'storm' is unknown"):
        check_faults(("kill", "storm"))
    assert len(FAULTS) == len(set(FAULTS))
