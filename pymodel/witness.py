"""Whether a cfg lets things happen: for each witness the shortest behaviour that reaches it.

A witness is sought as TLC would: as a violation of its negation, within the cfg's constraint and up to its
symmetry, with nothing else checked. One that no reachable state satisfies is a failure of the cfg or of the
model, not of the search.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pymodel.check import Task, check_task, prepare
from pymodel.engine.contract import NEVER
from pymodel.engine.goal import Goal, Limits, Progress
from pymodel.engine.result import CheckResult
from pymodel.errors import UsageError


@dataclass(frozen=True)
class Sought:
    """What came of witness `name`: a counterexample to its negation, if it was reached."""

    name: str
    result: CheckResult


def seek(
    path: Path,
    names: Sequence[str] = (),
    *,
    limits: Limits | None = None,
    progress: Callable[[str, Progress], None] | None = None,
) -> tuple[Sought, ...]:
    """The witnesses `names` (all if there are none) of the cfg at `path`, in the order asked for.

    The limits are those of each search; `progress` is told which witness it is of. Raises UsageError for an
    unknown name, otherwise as pymodel.check.check does.
    """
    task = prepare(path)
    known = tuple(task.instance.model.witnesses)
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            mend = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            raise UsageError(f"no witness of the name {name!r}", mend=mend)
    return tuple(
        Sought(name, _reach(task, name, limits, partial(progress, name) if progress else None))
        for name in names or known
    )


def _reach(
    task: Task, name: str, limits: Limits | None, progress: Callable[[Progress], None] | None
) -> CheckResult:
    goal = Goal((NEVER + name,), (), task.goal.constraints, task.goal.symmetry, check_deadlock=False)
    return check_task(replace(task, goal=goal), limits=limits, progress=progress)
