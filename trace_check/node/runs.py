"""One run of a cluster, real or simulated, and how it is told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from trace_check.check import validate
from trace_check.node.bugs import rough_with
from trace_check.node.campaign import run_campaign
from trace_check.node.linearizable import NEVER_RETURNED, unlinearizable_keys
from trace_check.node.processes import ClusterOptions
from trace_check.node.scenario import Scenario
from trace_check.node.simulate import Simulation
from trace_check.report import Report, render_text
from trace_check.verdict import Verdict


@dataclass(frozen=True)
class RunOutcome:
    """Whether a run went well, and what to tell of it."""

    ok: bool
    lines: tuple[str, ...]
    report: Report


def real_run(
    options: ClusterOptions, seed: int, seconds: float, faults: tuple[str, ...], folder: Path
) -> RunOutcome:
    """A run of real processes in `folder`. Raises: ToolError if they do not start or end."""
    campaign = asyncio.run(run_campaign(options, folder, seed=seed, seconds=seconds, faults=faults))
    counts = ", ".join(f"{count} {status}" for status, count in sorted(campaign.told.items()))
    lines = [
        f"seed {seed}: {options.nodes} nodes, {seconds:g} s",
        *(f"  {at:5.1f} s  {fault}: {nodes}" for at, fault, nodes in campaign.faults),
        f"  answers: {counts}",
    ]
    problems = _problems(campaign.unlinearizable, campaign.lost)
    return _outcome(lines, campaign.confirmed, campaign.unknown, problems, campaign.report)


def simulated_run(nodes: int, bug: str, seed: int, until_ms: float, folder: Path) -> RunOutcome:
    """A run under virtual time, its logs in `folder`; the same seed gives the same one."""
    simulation, paths = simulate_into(rough_with(bug, nodes=nodes), seed, until_ms, folder)
    history = simulation.history()
    confirmed = sum(operation.returned != NEVER_RETURNED for operation in history)
    lines = [
        f"seed {seed}: {nodes} nodes, {until_ms / 1000:g} s of virtual time, {simulation.steps} steps",
        f"  {simulation.crashes} crashes, {simulation.cuts} cuts of the network",
    ]
    problems = _problems(tuple(unlinearizable_keys(history)), ())
    return _outcome(lines, confirmed, len(history) - confirmed, problems, validate(paths))


def simulate_into(
    scenario: Scenario, seed: int, until_ms: float, folder: Path
) -> tuple[Simulation, list[Path]]:
    """Runs a simulation, with the log of each node in a file of `folder`."""
    log = Lines()
    simulation = Simulation(scenario, seed, log.write)
    simulation.run(until_ms)
    return simulation, log.save(simulation, folder)


class Lines:
    """The log lines of a simulated cluster, by node."""

    def __init__(self) -> None:
        self._lines: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def write(self, node: str, line: dict[str, Any]) -> None:
        self._lines[node].append(line)

    def save(self, simulation: Simulation, folder: Path) -> list[Path]:
        """A file for each node in `folder`, with what the cluster declares of itself at its head."""
        paths = []
        for node in simulation.scenario.names:
            path = folder / f"{node}.ndjson"
            lines = [simulation.config_line(), *self._lines[node]]
            path.write_bytes(msgspec.json.Encoder().encode_lines(lines))
            paths.append(path)
        return paths


def _problems(unlinearizable: tuple[str, ...], lost: tuple[str, ...]) -> list[str]:
    found = []
    if unlinearizable:
        found.append(f"  what clients saw fits no order: {', '.join(unlinearizable)}")
    if lost:
        found.append(f"  nobody can read: {', '.join(lost)}")
    return found


def _outcome(
    lines: list[str], confirmed: int, unknown: int, problems: list[str], report: Report
) -> RunOutcome:
    accepted = report.verdict is Verdict.ACCEPTED
    verdict = [f"  logs: {report.verdict.value}, {report.events} events"]
    if not accepted:
        verdict.extend(f"    {line}" for line in render_text(report).splitlines())
    lines = [
        *lines,
        f"  operations: {confirmed} confirmed, {unknown} of unknown outcome",
        *problems,
        *verdict,
    ]
    return RunOutcome(accepted and not problems, tuple(lines), report)
