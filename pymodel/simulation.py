"""One cfg walked at random by pymodel: from the file to a CheckResult."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pymodel.check import Task, checked, prepare, verdict_of
from pymodel.engine.memory import peak_bytes
from pymodel.engine.result import CheckResult, Coverage, Walks
from pymodel.engine.simulate import Plan, Simulation, Walked

SYMMETRY_NOTE = "SYMMETRY has no effect on random walks"


def simulate(
    path: Path,
    plan: Plan,
    *,
    check_deadlock: bool | None = None,
    progress: Callable[[Walked], None] | None = None,
) -> CheckResult:
    """Walk the cfg at `path` as planned. Without a violation the verdict is Undetermined, however many
    walks there were. Raises as pymodel.check.check does."""
    began = time.perf_counter()
    task = prepare(path, check_deadlock=check_deadlock)
    simulation = Simulation(task.instance, task.goal)
    before = time.perf_counter()
    simulation.run(plan, progress)
    walked = time.perf_counter() - before
    seconds = {"compile": simulation.compile_seconds, "search": walked}
    return _result(task, simulation, plan, seconds, began)


def _result(
    task: Task, simulation: Simulation, plan: Plan, seconds: dict[str, float], began: float
) -> CheckResult:
    violated = simulation.violated
    trace = simulation.counterexample(plan) if violated else None
    notes = (simulation.native.note, SYMMETRY_NOTE if task.goal.symmetry else "")
    return CheckResult(
        tool="pymodel",
        cfg=task.cfg.name,
        verdict=verdict_of(task.goal, violated[0] if violated else None, complete=False),
        distinct=0,
        generated=simulation.generated,
        depth=max(simulation.deepest + 1, trace.length if trace else 0),
        checked=checked(task.goal),
        properties=task.goal.properties,
        violated=violated[0] if violated else None,
        also_violated=violated[1:],
        counterexample=trace,
        coverage=tuple(
            Coverage(action.name, int(simulation.generated_by[k]), int(simulation.taken_by[k]))
            for k, action in enumerate(task.instance.model.actions)
            if task.instance.expected(action)
        ),
        seconds={**seconds, "total": time.perf_counter() - began},
        workers=plan.workers,
        collision="none: walks store no states",
        memory_bytes=peak_bytes(),
        walks=Walks(
            seed=plan.seed,
            depth=plan.depth,
            count=simulation.walks,
            steps=simulation.steps,
            by_action=plan.by_action,
            ended_early=simulation.ended_early,
            violating=simulation.walk,
        ),
        detail=f"ended by {simulation.ended_by}" if simulation.ended_by and not violated else "",
        warnings=tuple(note for note in notes if note),
    )
