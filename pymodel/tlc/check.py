"""Checks a spec with TLC: the same result type as the search of pymodel.engine.

Decides what TLC may be asked (liveness is neither combined with symmetry or a view, nor with several
workers of TLC 2.15, which miss violations) and gathers the counts; the verdict is pymodel.tlc.outcome's.
TLC stops at the first violation, so `also_violated` stays empty, and `witness` too: TLC names none.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pymodel.cfg import Cfg, read_cfg
from pymodel.engine.result import DEADLOCK, CheckResult, Graph, Verdict
from pymodel.errors import CfgError, UsageError
from pymodel.tlc.dot import read_dot
from pymodel.tlc.locate import Toolchain, locate
from pymodel.tlc.module import Module, is_action_property, is_liveness, read_modules
from pymodel.tlc.outcome import judge
from pymodel.tlc.parse import WARNING, Progress, collision, tool_name, totals
from pymodel.tlc.parse import coverage as coverage_of
from pymodel.tlc.run import Options, run_tlc

_LAST_UNSOUND_MINOR = 15


def tlc_check(
    spec: Path,
    cfg: Path,
    *,
    workers: int = 1,
    check_deadlock: bool = True,
    coverage: bool = False,
    timeout_s: float | None = None,
    toolchain: Toolchain | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> CheckResult:
    """TLC's answer for module `spec` under `cfg`. A deadlock is looked for if both the argument and the
    cfg allow it. `seconds` holds "total", the process from start to end. An initial state that violates
    something ends the run before TLC prints any count: all counts are then 0, depth 1.
    Raises SpecError, CfgError, ToolError, UsageError; a violation, a timeout or a failed evaluation is
    a result."""
    options = Options(workers, check_deadlock, coverage, timeout_s=timeout_s)
    return _check(spec, read_cfg(cfg), options, toolchain or locate(), progress)


def tlc_graph(
    spec: Path, cfg: Path, *, timeout_s: float | None = None, toolchain: Toolchain | None = None
) -> tuple[CheckResult, Graph]:
    """The answer and the graph of the states within the constraint, with one worker. The graph is the
    part searched if something was violated, and empty if TLC did not get to write it (ERROR,
    UNDETERMINED). Raises as tlc_check does."""
    with tempfile.TemporaryDirectory(prefix="termfence-dot-") as folder:
        dump = Path(folder).resolve() / "graph.dot"
        options = Options(dump=dump, timeout_s=timeout_s)
        result = _check(spec, read_cfg(cfg), options, toolchain or locate(), None)
        if result.verdict in (Verdict.ERROR, Verdict.UNDETERMINED):
            return result, Graph((), (), frozenset())
        return result, read_dot(dump, _variables(read_modules(spec)))


def _check(
    spec: Path,
    cfg: Cfg,
    options: Options,
    toolchain: Toolchain,
    on_progress: Callable[[Progress], None] | None,
) -> CheckResult:
    modules = read_modules(spec)
    _refuse_unsound(cfg, modules)
    options, warnings = _sound_workers(cfg, modules, options, toolchain)
    options = replace(options, check_deadlock=options.check_deadlock and cfg.check_deadlock)
    run = run_tlc(spec, cfg.path, toolchain, options, on_progress)
    outcome = judge(run, cfg, modules, _variables(modules))
    reached = totals(run.messages)
    verdict, detail = outcome.verdict, outcome.detail
    if verdict is Verdict.OK and reached.generated == 0:
        verdict, detail = Verdict.UNDETERMINED, "no initial state: nothing was checked"
    warnings += _unknown_constants(cfg, modules)
    warnings += [" ".join(m.text.split()) for m in run.messages if m.severity == WARNING]
    return CheckResult(
        tool=tool_name(run.messages),
        cfg=cfg.name,
        verdict=verdict,
        distinct=reached.distinct,
        generated=reached.generated,
        depth=reached.depth or (1 if outcome.counterexample else 0),
        checked=(*cfg.invariants, *cfg.properties, *((DEADLOCK,) if options.check_deadlock else ())),
        properties=cfg.properties,
        complete=verdict is Verdict.OK,
        violated=outcome.violated,
        counterexample=outcome.counterexample,
        coverage=coverage_of(run.messages),
        seconds={"total": run.seconds},
        workers=options.workers,
        symmetry=cfg.symmetry is not None,
        collision=collision(run.messages),
        detail=detail,
        warnings=tuple(warnings),
    )


def _refuse_unsound(cfg: Cfg, modules: Sequence[Module]) -> None:
    """Raises CfgError where TLC would search a reduced graph for liveness and could miss a violation."""
    reduction = "SYMMETRY" if cfg.symmetry else "VIEW" if cfg.view else None
    liveness = next((name for name in cfg.properties if is_liveness(modules, name)), None)
    if reduction and liveness:
        raise CfgError(
            f"{reduction} together with the liveness property {liveness}: a violation could be missed",
            mend=f"check {liveness} in a cfg of its own without {reduction}",
            path=cfg.path,
            line=cfg.lines.get(liveness),
        )


def _sound_workers(
    cfg: Cfg, modules: Sequence[Module], options: Options, toolchain: Toolchain
) -> tuple[Options, list[str]]:
    """One worker for temporal PROPERTIES under TLC 2.15 or older, with a note; otherwise as asked."""
    if options.workers < 1:
        raise UsageError(f"{options.workers} workers", mend="ask for at least one worker")
    version = re.fullmatch(r"2\.(\d+)", toolchain.jar_version)
    temporal = [name for name in cfg.properties if not is_action_property(modules, name)]
    if options.workers == 1 or not temporal or not version or int(version[1]) > _LAST_UNSOUND_MINOR:
        return options, []
    who = f"TLC {toolchain.jar_version}"
    note = f"one worker instead of {options.workers}: {who} can miss that {temporal[0]} is violated"
    return replace(options, workers=1), [note]


def _unknown_constants(cfg: Cfg, modules: Sequence[Module]) -> list[str]:
    """A note for each constant that the spec does not declare: TLC takes it without a word."""
    known = {name for module in modules for name in module.constants}
    known |= {definition.name for module in modules for definition in module.definitions}
    return [
        f"{cfg.path}:{cfg.lines[name]}: the spec declares no constant {name}"
        for name in cfg.constants
        if name not in known
    ]


def _variables(modules: Sequence[Module]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for module in modules for name in module.variables))
