"""Searches of a toy that end early, and go on from a checkpoint."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pymodel.engine.goal import Goal, Limits, Plan
from pymodel.engine.instance import Instance
from pymodel.engine.search import Search

from .toys import counters, instance, two_phase
from .twins import everything

ROOT = Path(__file__).parent.parent.parent
WHOLE = Goal(check_deadlock=False)
TWO_PHASE = instance(two_phase(4))
FAILING = instance(two_phase(4), {"AllPrepared": "SomePrepared"})
LATE = instance(counters(deadline=1))
STATES = 1568

SEARCHES: dict[str, tuple[Instance, Goal, bool]] = {
    "to the end": (TWO_PHASE, WHOLE, False),
    "to a violation": (FAILING, everything(FAILING, check_deadlock=False), False),
    "on from violations": (LATE, everything(LATE), True),
}

posix = pytest.mark.skipif(os.name == "nt", reason="needs signals")


def cut_off(bound: Instance, goal: Goal, plan: Plan, limits: Limits) -> bool:
    """Whether a limit ended the search."""
    with Search(bound, goal, plan, about="toy") as search:
        search.run(limits)
        return bool(search.ended_by)


def stopped(folder: Path, limits: Limits | None = None) -> None:
    """A checkpoint in `folder` of a search of TWO_PHASE that did not end."""
    assert cut_off(TWO_PHASE, WHOLE, Plan(checkpoint=folder), limits or Limits(max_states=700))


def gone_on(folder: Path, goal: Goal = WHOLE, **options: Any) -> Search:
    search = Search(TWO_PHASE, goal, Plan(recover=folder, **options), about="toy")
    with search:
        search.run()
    return search
