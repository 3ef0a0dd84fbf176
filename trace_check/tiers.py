"""Which tiers a check has, and what the replay's result means beside the rules' results.

A line that is no step of the model contradicts no other line: what is proven of the model says nothing about
the node that wrote it. It is a deviation, unless nothing but the replay was asked for. Where more states are
possible than can be followed, the trace is not accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from trace_check.passes import Passed, replayed
from trace_check.reader import Source
from trace_check.replay import ReplayOutcome, ReplayResult
from trace_check.replay.run import replay
from trace_check.replay.survey import Survey
from trace_check.rules import Finding, Kind, Outcome, RuleResult

REPLAY = "Replay"
SPEC = "Spec"
SUMMARY = "each line is a step of the model"
EVENTS_MAX = 200_000
"""Longer logs are replayed if that is asked for."""


class Tier(StrEnum):
    """Which checks to make: the rules, the replay, both, or both as long as the log is not too long."""

    auto = "auto"
    rules = "1"
    replay = "2"
    both = "both"


def replay_of(logs: Sequence[Source], passed: Passed, survey: Survey, walk: bool) -> ReplayResult:
    """The replay of logs that a pass with `survey` as its watcher has read. Raises: as reading them does."""
    configs = passed.gathered.configs
    return replayed(logs, passed, lambda events: replay(events, survey, configs, walk=walk))


def wanted(tier: Tier, survey: Survey) -> bool:
    """Whether the log is to be replayed."""
    return tier in (Tier.replay, Tier.both) or (tier is Tier.auto and survey.events <= EVENTS_MAX)


def rule_result(result: ReplayResult) -> RuleResult:
    """The replay as one more line of the rules' table."""
    findings = tuple(Finding(refusal.text, refusal.seen) for refusal in result.refusals)
    outcome = {
        ReplayOutcome.REPLAYED: Outcome.PASS,
        ReplayOutcome.DIVERGED: Outcome.DEVIATION,
    }.get(result.outcome, Outcome.NOT_CHECKABLE)
    return RuleResult(REPLAY, SPEC, Kind.CONFORMANCE, outcome, coverage_of(result), result.refused, findings)


def coverage_of(result: ReplayResult) -> str:
    """How much of the log was replayed, in words."""
    if result.outcome is ReplayOutcome.NOT_REPLAYABLE:
        return result.reasons[0]
    text = f"{result.replayed} of {result.events} events are steps of the model"
    width = "1 state" if result.width_max == 1 else f"up to {result.width_max} states"
    return "; ".join([text, f"{width} of a node at once", *result.reasons])


def doubts_of(result: ReplayResult, asked: bool) -> list[str]:
    """Why the trace cannot be accepted, as far as the replay knows. `asked`: nothing but it was asked for."""
    if result.outcome is ReplayOutcome.CAPPED or (asked and result.outcome is ReplayOutcome.NOT_REPLAYABLE):
        return [f"{REPLAY}: {result.reasons[0]}"]
    if result.refused and asked:
        first = result.refusals[0]
        return [f"{REPLAY}: {first.seen.place} is no step of the model: {first.text}"]
    return []
