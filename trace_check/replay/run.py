"""A whole replay: from ordered events to a result, past each line that leaves the model.

A log that shows no receipt of appends or of vote requests is not replayed: nothing it shows could be told
from what its nodes heard. What it does not show of answers is granted, and said.
"""

from __future__ import annotations

from collections.abc import Sequence

from trace_check.event import APPEND, APPEND_RESPONSE, REQUEST_VOTE, VOTE_RESPONSE, Config, Event
from trace_check.replay.free import TooFree
from trace_check.replay.frontier import Replay, TooWide
from trace_check.replay.machine import Machine
from trace_check.replay.moves import Moves
from trace_check.replay.refusal import refusal_of
from trace_check.replay.result import Refusal, ReplayOutcome, ReplayResult
from trace_check.replay.steps import CANDIDATE_ROLE, Step, Trace, trace_of

WIDTH_CAP = 512
REFUSALS_KEPT = 20


def replay(events: Sequence[Event], configs: Sequence[Config], *, width_cap: int = WIDTH_CAP) -> ReplayResult:
    """What the model says of `events`, which are in causal order: whether each is a step of it."""
    trace = trace_of(events, configs)
    thin = _too_thin(trace)
    if thin:
        return ReplayResult(ReplayOutcome.NOT_REPLAYABLE, len(events), 0, reasons=tuple(thin))
    moves = Moves(Machine(trace.servers))
    return _Run(trace, moves, width_cap).result()


def _too_thin(trace: Trace) -> list[str]:
    """Why the log cannot be replayed, in words; empty if it can."""
    if not trace.steps:
        return ["there is no event"]
    heard = {kind for _, kind in trace.receipts}
    if len(trace.servers) > 1 and not heard & {APPEND, REQUEST_VOTE}:
        return ["no line shows a node receiving an append or a vote request: what it did cannot be derived"]
    reasons = []
    campaigns = any(CANDIDATE_ROLE in (step.pre.role, step.post.role) for step in trace.steps)
    if campaigns and REQUEST_VOTE not in heard and len(trace.servers) > 1:
        reasons.append("there are candidates, but no line shows a node receiving a vote request")
    if APPEND not in heard and any(kind == APPEND for _, kind in trace.sends):
        reasons.append("appends are sent, but no line shows a node receiving one")
    return reasons


class _Run:
    """One replay under way."""

    def __init__(self, trace: Trace, moves: Moves, width_cap: int) -> None:
        self.trace = trace
        self.moves = moves
        self.replay = Replay(trace, moves, width_cap)
        self.refusals: list[Refusal] = []
        self.refused = self.replayed = 0
        self.reasons: list[str] = []
        self._grant_unlogged()

    def _grant_unlogged(self) -> None:
        heard = {kind for _, kind in self.trace.receipts}
        if VOTE_RESPONSE not in heard and len(self.trace.servers) > 1:
            self.moves.free_votes = True
        if APPEND_RESPONSE not in heard and len(self.trace.servers) > 1:
            self.moves.free_acks = True

    def result(self) -> ReplayResult:
        """Replays all steps."""
        outcome = self._all_steps()
        return ReplayResult(
            outcome=outcome,
            events=len(self.trace.steps),
            replayed=self.replayed,
            unobserved=self.trace.unobserved,
            width_max=self.replay.width_max,
            width_cap=self.replay.width_cap,
            refused=self.refused,
            refusals=tuple(self.refusals),
            reasons=tuple(self.reasons),
            actions=dict(self.moves.actions),
            relaxed=dict(self.moves.relaxed),
        )

    def _all_steps(self) -> ReplayOutcome:
        for step in self.trace.steps:
            try:
                taken = self.replay.take(step)
            except TooWide:
                self.reasons.append(f"more than {self.replay.width_cap} states are possible at {step.seen.place}")
                return ReplayOutcome.CAPPED
            except TooFree:
                self.reasons.append(f"too little is known of {step.seen.node} at {step.seen.place}")
                return ReplayOutcome.CAPPED
            if taken:
                self.replayed += 1
            else:
                self._refuse(step)
        return ReplayOutcome.DIVERGED if self.refused else ReplayOutcome.REPLAYED

    def _refuse(self, step: Step) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS_KEPT:
            self.refusals.append(refusal_of(self.replay, step))
        self.replay.adopt(step)
