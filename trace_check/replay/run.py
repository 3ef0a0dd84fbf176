"""A whole replay: from ordered events to a result, past each line that leaves the model.

A log that shows no receipt of appends or of vote requests is not replayed: nothing it shows could be told
from what its nodes heard. What it does not show of answers is granted, and said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from trace_check.event import APPEND_RESPONSE, VOTE_RESPONSE, Config, Event
from trace_check.replay.free import TooFree
from trace_check.replay.frontier import Replay, TooWide
from trace_check.replay.machine import Machine
from trace_check.replay.moves import Moves
from trace_check.replay.refusal import refusal_of, walked
from trace_check.replay.result import Refusal, ReplayOutcome, ReplayResult, WalkStep
from trace_check.replay.steps import Reader, Step, durable_nodes
from trace_check.replay.survey import Survey

WIDTH_CAP = 512
REFUSALS_KEPT = 20
WALK_KEPT = 8


def replay(
    events: Iterable[Event],
    survey: Survey,
    configs: Sequence[Config],
    *,
    width_cap: int = WIDTH_CAP,
    walk: bool = False,
) -> ReplayResult:
    """What the model says of `events`, which are in causal order: whether each is a step of it.

    `survey` has seen them before. With `walk` the last lines before the first refusal are kept, or the last.
    Raises what iterating over the events does.
    """
    thin = survey.too_thin(configs)
    if thin:
        return ReplayResult(ReplayOutcome.NOT_REPLAYABLE, survey.events, 0, reasons=(thin,))
    return _Run(survey, configs, width_cap, walk).result(events)


class _Run:
    """One replay under way."""

    def __init__(self, survey: Survey, configs: Sequence[Config], width_cap: int, walk: bool) -> None:
        servers = survey.servers(configs)
        self.moves = Moves(Machine(servers))
        self.reader = Reader(servers, durable_nodes(configs))
        self.reader.mid_run |= {i for i, name in enumerate(servers) if name not in survey.nodes}
        self.replay = Replay(survey, self.reader, self.moves, width_cap)
        self.survey = survey
        self.refusals: list[Refusal] = []
        self.refused = self.replayed = 0
        self.reasons: list[str] = []
        self.walk: deque[WalkStep] | None = deque(maxlen=WALK_KEPT) if walk else None
        memberships = {config.nodes for config in configs if config.nodes and config.node is None}
        self._grant_unlogged(len(servers), len(memberships) > 1)

    def _grant_unlogged(self, servers: int, changing: bool) -> None:
        if servers > 1 and not self.survey.heard(VOTE_RESPONSE):
            self.moves.free_votes = True
        if servers > 1 and not self.survey.heard(APPEND_RESPONSE):
            self.moves.free_acks = True
        self.moves.free_quorum = changing

    def result(self, events: Iterable[Event]) -> ReplayResult:
        """Replays all events."""
        outcome = self._all(events)
        return ReplayResult(
            outcome=outcome,
            events=self.survey.events,
            replayed=self.replayed,
            unobserved=self.reader.unobserved,
            width_max=self.replay.width_max,
            width_cap=self.replay.width_cap,
            refused=self.refused,
            refusals=tuple(self.refusals),
            reasons=(*self.reasons, *self.moves.granted),
            actions=dict(self.moves.actions),
            relaxed=dict(self.moves.relaxed),
            walk=tuple(self.walk or ()),
            complete=self.survey.complete and self.survey.nodes.issuperset(self.moves.machine.servers),
        )

    def _all(self, events: Iterable[Event]) -> ReplayOutcome:
        for index, event in enumerate(events):
            step = self.reader.step(index, event)
            try:
                taken = self.replay.take(step)
            except TooWide as wide:
                self.reasons.append(f"{wide} at {event.place}")
                return ReplayOutcome.CAPPED
            except TooFree:
                self.reasons.append(f"too little is known of {event.node} at {event.place}")
                return ReplayOutcome.NOT_REPLAYABLE
            if taken:
                self.replayed += 1
            else:
                self._refuse(step)
            if self.walk is not None and not self.refused:
                self.walk.append(walked(self.replay, step))
        if self.refused:
            return ReplayOutcome.DIVERGED
        if self.reader.unobserved == self.replayed:
            self.reasons.append("no line shows anything that the model has")
            return ReplayOutcome.NOT_REPLAYABLE
        return ReplayOutcome.REPLAYED

    def _refuse(self, step: Step) -> None:
        self.refused += 1
        if len(self.refusals) < REFUSALS_KEPT:
            self.refusals.append(refusal_of(self.replay, step))
        self.replay.adopt(step)
