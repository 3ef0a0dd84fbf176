"""One cfg checked by pymodel: from the file to a CheckResult or a Graph."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pymodel.cfg import Cfg, read_cfg
from pymodel.engine.contract import Model
from pymodel.engine.explain import counterexample
from pymodel.engine.goal import DEADLOCK, Goal, Limits, Plan, Progress
from pymodel.engine.instance import Instance
from pymodel.engine.liveness import LivenessCheck
from pymodel.engine.memory import peak_bytes
from pymodel.engine.native import Words
from pymodel.engine.pack import unpack
from pymodel.engine.result import CheckResult, Coverage, Graph, OutDegree, Verdict
from pymodel.engine.rowset import RowSet
from pymodel.engine.search import Search
from pymodel.engine.variants import Compiled
from pymodel.errors import CfgError, UsageError
from pymodel.raft.model import RAFT

GRAPH_EDGES_MAX = 200_000


@dataclass(frozen=True)
class Task:
    """A cfg bound to a model: ready to search. `liveness` names what is checked after it, on the whole
    graph, under the fairness of `specification`."""

    cfg: Cfg
    instance: Instance
    goal: Goal
    liveness: tuple[str, ...] = ()
    specification: str = ""


def prepare(path: Path, *, model: Model = RAFT, check_deadlock: bool | None = None) -> Task:
    """Read the cfg at `path` and bind the model to it. Raises CfgError with file and line.

    `check_deadlock` overrides the cfg's CHECK_DEADLOCK.
    """
    return prepare_cfg(read_cfg(path), model=model, check_deadlock=check_deadlock)


def prepare_cfg(cfg: Cfg, *, model: Model = RAFT, check_deadlock: bool | None = None) -> Task:
    """The same for a cfg that was read before, and perhaps changed since."""
    _refuse_unsupported(cfg, model)
    try:
        bound = model.bind(cfg.constants, cfg.ordered)
        instance = Instance(model, bound, cfg.swaps)
    except CfgError as error:
        raise _placed(error, cfg) from error
    goal = Goal(
        invariants=cfg.invariants,
        properties=tuple(name for name in cfg.properties if name not in model.liveness),
        constraints=cfg.constraints,
        symmetry=model.symmetries[cfg.symmetry] if cfg.symmetry else "",
        view=cfg.view or "",
        check_deadlock=cfg.check_deadlock if check_deadlock is None else check_deadlock,
    )
    liveness = tuple(name for name in cfg.properties if name in model.liveness)
    return Task(cfg, instance, goal, liveness, cfg.specification or "")


def _placed(error: CfgError, cfg: Cfg) -> CfgError:
    """`error` with the cfg's path, and the line of the first word of its message that the cfg mentions."""
    words = (word.strip(",:;") for word in error.message.split())
    line = next((cfg.lines[word] for word in words if word in cfg.lines), None)
    return CfgError(error.message, mend=error.mend, path=error.path or cfg.path, line=error.line or line)


def _refuse_unsupported(cfg: Cfg, model: Model) -> None:
    """Raise CfgError for whatever in the cfg pymodel would otherwise have to ignore."""
    _known(cfg, "specification", (cfg.specification,), (model.specification, *model.fair))
    _known(cfg, "INIT", (cfg.init,), ("Init",))
    _known(cfg, "NEXT", (cfg.next,), ("Next",))
    _known(cfg, "invariant", cfg.invariants, (*model.invariants, *model.negations, *model.anti_invariants))
    _known(cfg, "property", cfg.properties, (*model.properties, *model.liveness, *model.anti_properties))
    _known(cfg, "constraint", cfg.constraints, model.constraints)
    _known(cfg, "symmetry", (cfg.symmetry,), model.symmetries)
    _refuse_reduction(cfg, model)
    _known(cfg, "view", (cfg.view,), model.views)
    statements = {
        "ACTION_CONSTRAINT": cfg.action_constraints,
        "POSTCONDITION": cfg.postcondition,
    }
    for statement, value in statements.items():
        if value:
            raise CfgError(
                f"pymodel does not support {statement}", mend="take it out, or run TLC", path=cfg.path
            )

    for name, module in cfg.swap_modules.items():
        if module != model.name:
            raise CfgError(
                f"{name} is swapped in module {module} alone; the model is that of {model.name}",
                mend=f"write `{name} <- {cfg.swaps[name]}`",
                path=cfg.path,
                line=cfg.lines.get(name),
            )


def _refuse_reduction(cfg: Cfg, model: Model) -> None:
    """Raise CfgError where liveness would be checked on a reduced graph and a violation could be missed."""
    reduction = "SYMMETRY" if cfg.symmetry else "VIEW" if cfg.view else ""
    name = next((name for name in cfg.properties if name in model.liveness), None)
    if reduction and name:
        raise CfgError(
            f"{reduction} together with the liveness property {name}: a violation could be missed",
            mend=f"check {name} in a cfg of its own without {reduction}",
            path=cfg.path,
            line=cfg.lines.get(name),
        )


def _known(cfg: Cfg, what: str, names: tuple[str | None, ...], known: Collection[str]) -> None:
    for name in names:
        if name is not None and name not in known:
            raise CfgError(
                f"{what} {name} is not in the Python model",
                mend=f"known: {', '.join(known)}",
                path=cfg.path,
                line=cfg.lines.get(name),
            )


def check(
    path: Path,
    *,
    model: Model = RAFT,
    check_deadlock: bool | None = None,
    limits: Limits | None = None,
    plan: Plan | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> CheckResult:
    """Search the cfg at `path` to the end, to a violation or to a limit (Undetermined).

    Raises CfgError for a cfg it cannot take, LayoutError when a bound is outgrown, CheckpointError for a
    checkpoint that cannot be used.
    """
    task = prepare(path, model=model, check_deadlock=check_deadlock)
    return check_task(task, limits=limits, plan=plan, progress=progress)


def check_task(
    task: Task,
    *,
    limits: Limits | None = None,
    plan: Plan | None = None,
    progress: Callable[[Progress], None] | None = None,
    compiled: Compiled | None = None,
) -> CheckResult:
    """The same for what was prepared before, and perhaps given another goal, or compiled already."""
    began = time.perf_counter()
    plan = plan or Plan()
    if task.liveness:
        plan = replace(plan, keep_rows=True)
    with Search(task.instance, task.goal, plan, task.cfg.name, compiled) as search:
        search.run(limits, progress)
        result = _result(task, search, began)
        if not task.liveness or not result.ok:
            return result
        return _with_liveness(task, search, result, began, limits or Limits())


def _with_liveness(
    task: Task, search: Search, result: CheckResult, began: float, limits: Limits
) -> CheckResult:
    """The result of a search without violation, and of liveness on the graph that it found."""
    before = time.perf_counter()
    deadline = float("inf")
    if limits.timeout_s is not None:
        deadline = time.monotonic() + limits.timeout_s - search.seconds
    ended_by = ""
    liveness = LivenessCheck(task.instance, task.liveness, task.specification, task.goal.constraints)
    try:
        if not liveness.run(RowSet(search).words, search.count, deadline):
            ended_by = f"the limit of {limits.timeout_s:g} s, before liveness was decided"
    except MemoryError:
        ended_by = "the memory of this machine, before liveness was decided"
    trace = liveness.counterexample(liveness.violated[0]) if liveness.violated else None
    after = time.perf_counter()
    seconds = {**result.seconds, "liveness": after - before, "total": after - began}
    if ended_by and trace is None:
        detail = f"ended by {ended_by}"
        return replace(result, verdict=Verdict.UNDETERMINED, complete=False, detail=detail, seconds=seconds)
    return replace(
        result,
        verdict=Verdict.PROPERTY if trace else Verdict.OK,
        violated=trace.violated if trace else None,
        also_violated=liveness.violated[1:],
        counterexample=trace,
        seconds=seconds,
        warnings=(*result.warnings, *liveness.warnings),
    )


def _result(task: Task, search: Search, began: float) -> CheckResult:
    violations = search.violations
    shown = violations if search.plan.keep_going else violations[:1]
    traces = [counterexample(search, violation) for violation in shown]
    trace = traces[0] if traces else None
    seconds = {"compile": search.compile_seconds, "search": search.seconds}
    return CheckResult(
        tool="pymodel",
        cfg=task.cfg.name,
        verdict=verdict_of(task.goal, violations[0].name if violations else None, search.complete),
        distinct=search.count,
        generated=search.generated,
        depth=max(search.depth, trace.length if trace else 0),
        checked=(*checked(task.goal), *task.liveness),
        properties=(*task.goal.properties, *task.liveness),
        complete=search.complete,
        violated=violations[0].name if violations else None,
        also_violated=tuple(v.name for v in violations[1:] if v.depth == violations[0].depth),
        counterexample=trace,
        coverage=tuple(
            Coverage(action.name, int(search.generated_by[k]), int(search.fresh_by[k]))
            for k, action in enumerate(task.instance.model.actions)
            if task.instance.expected(action)
        ),
        seconds={**seconds, "total": time.perf_counter() - began},
        workers=search.plan.workers,
        symmetry=bool(task.goal.symmetry),
        collision=_collision(search),
        continued=tuple(traces[1:]) if search.plan.keep_going else (),
        out_degree=_out_degree(search.degrees),
        memory_bytes=peak_bytes(),
        detail=_detail(search),
        warnings=tuple(note for note in (search.native.note, search.note) if note),
    )


def _detail(search: Search) -> str:
    """What ended the search early, and how to go on."""
    if not search.ended_by:
        return ""
    lines = [f"ended by {search.ended_by}"]
    if search.checkpoint:
        lines.append(f"to go on: --recover {search.checkpoint.folder}")
    return "\n".join(lines)


def _collision(search: Search) -> str:
    """How likely it is that two states had one hash, as TLC estimates it, or "exact"."""
    if search.exact:
        return "exact"
    odds = search.count * max(0, search.generated - search.count) / 2**64
    return f"{odds:.1e}"


def _out_degree(degrees: Words) -> OutDegree | None:
    """From how many states had 0, 1, ... successors."""
    total = int(degrees.sum())
    if not total:
        return None
    had = np.flatnonzero(degrees)
    return OutDegree(
        least=int(had[0]),
        mean=float(degrees @ np.arange(len(degrees))) / total,
        p95=int(np.searchsorted(np.cumsum(degrees), 0.95 * total)),
        most=int(had[-1]),
    )


def checked(goal: Goal) -> tuple[str, ...]:
    """The names of all that is looked for."""
    return tuple(name for name in goal.names if name != DEADLOCK or goal.check_deadlock)


def verdict_of(goal: Goal, violated: str | None, complete: bool) -> Verdict:
    """The verdict where `violated` is what was found first, after all states were seen if `complete`."""
    if violated == DEADLOCK:
        return Verdict.DEADLOCK
    if violated is not None:
        return Verdict.INVARIANT if violated in goal.invariants else Verdict.PROPERTY
    return Verdict.OK if complete else Verdict.UNDETERMINED


def graph(path: Path, *, model: Model = RAFT, max_edges: int = GRAPH_EDGES_MAX) -> Graph:
    """The whole labelled graph of the cfg at `path`, properties not checked.

    Raises UsageError when it has more than `max_edges` edges or the cfg reduces it by symmetry.
    """
    found = graph_within(path, max_edges, model=model)
    if found is None:
        raise UsageError(f"the graph has more than {max_edges:,} edges", mend="lower the bounds in the cfg")
    return found


def graph_within(path: Path, max_edges: int | None, *, model: Model = RAFT) -> Graph | None:
    """The graph as above, or None if it has more than `max_edges` edges (None: no such limit)."""
    task = prepare(path, model=model)
    for statement, value in (("SYMMETRY", task.goal.symmetry), ("VIEW", task.goal.view)):
        if value:
            raise UsageError(
                f"a graph under {statement} has representatives for states", mend=f"take {statement} out"
            )
    goal = Goal(constraints=task.goal.constraints, check_deadlock=False)
    search = Search(task.instance, goal, Plan(keep_rows=True))
    search.run(Limits(max_states=max_edges))
    if not search.complete:
        return None
    found = RowSet(search)
    edges = np.unique(found.edges(search.generated), axis=0)
    if max_edges is not None and len(edges) > max_edges:
        return None
    instance = task.instance
    states = tuple(
        instance.model.present(unpack(instance, found.row(row).tolist()), instance.bound)
        for row in range(search.count)
    )
    actions = [action.name for action in instance.model.actions]
    labelled = frozenset((int(a), actions[int(k)], int(b)) for a, k, b in edges)
    return Graph(states, (0,) if states else (), labelled)
