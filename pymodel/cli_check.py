"""`pymodel check` and `pymodel tlc`: one cfg checked, with a verdict as the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pymodel.cli_common import (
    CfgName,
    Format,
    HtmlFile,
    JarFile,
    JavaFile,
    OutputFormat,
    Timeout,
    print_result,
    write_result,
)
from pymodel.cli_plan import (
    CheckpointFolder,
    Exact,
    HashSeed,
    KeepGoing,
    Memory,
    RecoverFolder,
    Spill,
    Workers,
    make_plan,
)
from pymodel.terminal import ProgressLine, reached_line, searching_line

if TYPE_CHECKING:
    from pymodel.engine.result import CheckResult

FailOnNeverFired = Annotated[
    bool, typer.Option("--fail-on-never-fired", help="Exit 4 if it holds, but an action never fired.")
]
AllowNeverFired = Annotated[
    list[str] | None, typer.Option(metavar="ACTION[,ACTION]...", help="The same, but for these actions.")
]


def check_command(
    cfg: CfgName,
    check_deadlock: Annotated[
        bool | None, typer.Option("--check-deadlock/--no-check-deadlock", help="Overrides the cfg.")
    ] = None,
    max_states: Annotated[int | None, typer.Option(min=1, help="Give up after so many states.")] = None,
    timeout: Timeout = None,
    format: OutputFormat = Format.text,
    html: HtmlFile = None,
    svg: Annotated[Path | None, typer.Option(help="Draw the counterexample, a lane per server.")] = None,
    dot: Annotated[Path | None, typer.Option(help="Write the counterexample for Graphviz.")] = None,
    itf: Annotated[Path | None, typer.Option(help="Write the counterexample as an ITF trace.")] = None,
    fail_on_never_fired: FailOnNeverFired = False,
    allow_never_fired: AllowNeverFired = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="The verdict in one line, no progress.")
    ] = False,
    workers: Workers = "auto",
    exact: Exact = False,
    fp: HashSeed = 0,
    memory: Memory = None,
    spill: Spill = None,
    checkpoint: CheckpointFolder = None,
    recover: RecoverFolder = None,
    keep_going: KeepGoing = False,
) -> None:
    """Search a cfg with the Python model. Exit 0: holds, 10-13: violated, as TLC, 3: undetermined.

    With --simulate it walks at random instead: see `pymodel simulate --help`.
    """
    from pymodel.check import check
    from pymodel.coverage import allowed_actions, coverage_error, never_fired
    from pymodel.engine.goal import Limits
    from pymodel.raft.model import RAFT
    from pymodel.specfiles import find_cfg

    path = find_cfg(cfg)
    allowed = allowed_actions(allow_never_fired or (), [action.name for action in RAFT.actions])
    limits = Limits(max_states, timeout)
    plan = make_plan(workers, exact, fp, memory, spill, checkpoint, recover, keep_going)
    with ProgressLine(quiet) as progress:
        result = check(
            path,
            check_deadlock=check_deadlock,
            limits=limits,
            plan=plan,
            progress=lambda p: progress(searching_line(path.stem, p)),
        )
    gaps = never_fired(result, allowed) if result.ok and (fail_on_never_fired or allow_never_fired) else None
    print_result(result, format, path, quiet, gaps)
    write_result(result, html, svg, dot, itf)
    _note_needless(result, allowed)
    if gaps:
        raise coverage_error(gaps)
    raise typer.Exit(result.verdict.value)


def _note_needless(result: CheckResult, allowed: frozenset[str]) -> None:
    from pymodel.coverage import needlessly_allowed

    if needless := needlessly_allowed(result, allowed):
        typer.echo(f"note: --allow-never-fired names what fired: {', '.join(needless)}", err=True)


def tlc_command(
    cfg: CfgName,
    jar: JarFile = None,
    java: JavaFile = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads of TLC.")] = 1,
    timeout: Timeout = None,
    no_check_deadlock: Annotated[bool, typer.Option("--no-check-deadlock", help="Allow deadlocks.")] = False,
    format: OutputFormat = Format.text,
) -> None:
    """Check the TLA+ spec with TLC on the same cfg, reported alike. Exit codes as for `check`."""
    from pymodel.raft.model import RAFT
    from pymodel.specfiles import find_cfg, find_module
    from pymodel.tlc.check import tlc_check
    from pymodel.tlc.locate import locate

    path = find_cfg(cfg)
    toolchain = locate(jar, java)
    with ProgressLine() as progress:
        progress(f"{path.stem}: TLC")
        result = tlc_check(
            find_module(path, RAFT.module),
            path,
            workers=workers,
            check_deadlock=not no_check_deadlock,
            timeout_s=timeout,
            toolchain=toolchain,
            progress=lambda p: progress(reached_line(path.stem, p)),
        )
    print_result(result, format, path)
    raise typer.Exit(result.verdict.value)
