"""What a replay found, as data: how far it came, how wide, and where the log left the model.

A refusal is no contradiction by itself: it says that no behaviour of the model explains the log up to this
line, so that what is proven of the model says nothing about it. Tier 1 decides what is unsafe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from trace_check.track import Seen


class ReplayOutcome(Enum):
    """What became of a replay."""

    REPLAYED = "replayed"
    DIVERGED = "diverged"
    CAPPED = "too many possible states"
    NOT_REPLAYABLE = "not replayable"


@dataclass(frozen=True)
class Candidate:
    """An action that could have explained a line, and what refused it.

    `refused_by`: a guard's conjunct as the model writes it, with its values, or the field in which the state
    after it differs from the log ("enabled except commit: model 18, log 19").
    """

    action: str
    refused_by: str


@dataclass(frozen=True)
class Refusal:
    """A line that no step of the model explains. `text` is its headline, `model` the node as the model has it
    before the line, field by field; `candidates` are the steps that were tried."""

    seen: Seen
    text: str
    candidates: tuple[Candidate, ...]
    model: Mapping[str, str]


@dataclass(frozen=True)
class WalkStep:
    """A line of the walk that `--explain` prints, and the node after it; `states` are possible."""

    seen: Seen
    text: str
    model: Mapping[str, str]
    states: int


@dataclass(frozen=True)
class ReplayResult:
    """The answer of Tier 2.

    `events` were in the log, `replayed` of them were explained, `unobserved` hold nothing that the model
    has. `width_max` is the largest number of states that the log left possible, `width_cap` where it ends.
    `actions` counts the model's steps, `relaxed` those beyond it (docs/TRACES.md lists them). `refusals`
    keeps the first ones, `refused` counts all: after one, its node is taken up as the log has it. `reasons`
    say what could not be replayed, or was granted. `walk` has the last lines before the first refusal, or
    before the end. `complete`: the log shows all that nodes do, so that a refusal is no gap in it.
    """

    outcome: ReplayOutcome
    events: int
    replayed: int
    unobserved: int = 0
    width_max: int = 1
    width_cap: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    reasons: tuple[str, ...] = ()
    actions: Mapping[str, int] = field(default_factory=dict)
    relaxed: Mapping[str, int] = field(default_factory=dict)
    walk: tuple[WalkStep, ...] = ()
    complete: bool = False
