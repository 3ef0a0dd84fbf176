"""Tier 2: each line of a log must be a step of the model that is model-checked."""

from __future__ import annotations

from trace_check.replay.result import Candidate, Refusal, ReplayOutcome, ReplayResult, WalkStep

__all__ = ["Candidate", "Refusal", "ReplayOutcome", "ReplayResult", "WalkStep"]
