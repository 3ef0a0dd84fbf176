"""The `pymodel` command: the only part of pymodel that prints or exits.

Reads the command line, calls the part that does the work, and writes what it returns. A verdict's exit
code is its value; a FenceError ends with its own; Ctrl-C with 130; a wrong command line with 2. Each
command imports what it needs only when it runs.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pymodel import __version__
from pymodel.errors import FenceError, UsageError
from pymodel.terminal import ProgressLine, bold, columns, reached_line, toned

if TYPE_CHECKING:
    from pymodel.engine.result import CheckResult

COMPARED = ("small", "election_lease", "log", "snapshot")
INTERRUPTED = 130
OPTIONAL = ("Graphviz",)
"""What `doctor` may miss without a failing exit: only drawings of graphs need it."""


class Commands(TyperGroup):
    """Turns the errors a user can cause, and Ctrl-C, into a note on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        if "NO_COLOR" in os.environ:
            ctx.color = False
        try:
            return super().invoke(ctx)
        except FenceError as error:
            typer.echo(f"{typer.style('error:', fg='red', bold=True)} {error}", err=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("\ninterrupted: nothing was decided", err=True)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="pymodel",
    help="Check stale-leader fencing in Raft: a TLA+ spec with TLC, its Python twin with a compiled search.",
    epilog="CFG is a path to a .cfg file or the short name of a shipped one; `pymodel cfgs` lists them.",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    """How a result is written to stdout."""

    text = "text"
    json = "json"


CfgName = Annotated[str, typer.Argument(metavar="CFG", help="A path, or the short name of a shipped cfg.")]
JarFile = Annotated[Path | None, typer.Option("--jar", help="The tla2tools.jar to use.")]
JavaFile = Annotated[Path | None, typer.Option("--java", help="The java executable to use.")]
Timeout = Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="Give up after so long.")]
OutputFormat = Annotated[Format, typer.Option("--format", help="What to print.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write one self-contained page.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"termfence {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command: the callback has acted on them before."""


@app.command("tour")
def tour_command(html: HtmlFile = None) -> None:
    """The main job in about a minute. Exit 0 only if everything came out as it must."""
    from pymodel.report.html import render_html
    from pymodel.tour import INTRO, Heading, Tour

    typer.echo("\n".join(INTRO))
    with ProgressLine() as progress:
        tour = Tour(progress)
        for event in tour.events():
            progress.clear()
            typer.echo(f"\n{bold(event.text)}" if isinstance(event, Heading) else f"   {event.text}")
    typer.echo(bold("\nSummary"))
    rows = columns([(mark.what, mark.result) for mark in tour.marks])
    for mark, row in zip(tour.marks, rows, strict=True):
        typer.echo(f"   {toned('ok    ', 'good') if mark.good else toned('FAILED', 'bad')}  {row}")
    typer.echo(bold("\nNext"))
    typer.echo("\n".join(f"   {row}" for row in columns(tour.next)))
    if html and tour.mutant:
        _write(html, render_html(tour.mutant))
    raise typer.Exit(0 if tour.good else 1)


@app.command("check")
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
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="The verdict in one line, no progress.")
    ] = False,
) -> None:
    """Search a cfg with the Python model. Exit 0: holds, 10-13: violated, as TLC, 3: undetermined."""
    from pymodel.check import check
    from pymodel.engine.goal import Limits
    from pymodel.specfiles import find_cfg

    path = find_cfg(cfg)
    limits = Limits(max_states, timeout)
    with ProgressLine(quiet) as progress:
        result = check(
            path,
            check_deadlock=check_deadlock,
            limits=limits,
            progress=lambda p: progress(reached_line(path.stem, p, p.seconds)),
        )
    _print_result(result, format, quiet)
    _write_result(result, html, svg, dot)
    raise typer.Exit(result.verdict.value)


@app.command("tlc")
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
    _print_result(result, format)
    raise typer.Exit(result.verdict.value)


@app.command("compare")
def compare_command(
    cfgs: Annotated[
        list[str] | None, typer.Argument(metavar="[CFG]...", help=f"Default: names, {', '.join(COMPARED)}.")
    ] = None,
    jar: JarFile = None,
    java: JavaFile = None,
    graph: Annotated[
        bool | None, typer.Option("--graph/--no-graph", help="The whole graph; default: if it is not large.")
    ] = None,
) -> None:
    """Compare the Python model with the TLA+ spec as TLC sees it. Exit 0 if all is equal, else 1."""
    from pymodel.parity import compare, names_rows
    from pymodel.report.comparison import render_comparison, render_rows
    from pymodel.specfiles import find_cfg
    from pymodel.tlc.locate import locate

    paths = [find_cfg(name) for name in cfgs or COMPARED]
    toolchain = locate(jar, java)
    names = () if cfgs else names_rows()
    if names:
        typer.echo("\n".join(["names", *render_rows(names, ("pymodel", "TLA+"))]))
    equal = all(row.equal for row in names)
    with ProgressLine() as progress:
        for path in paths:
            progress(f"{path.stem}: pymodel and TLC")
            comparison = compare(path, toolchain=toolchain, graph=graph, progress=progress)
            progress.clear()
            typer.echo(render_comparison(comparison))
            equal = equal and comparison.equal
    raise typer.Exit(0 if equal else 1)


@app.command("graph")
def graph_command(
    cfg: CfgName,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write FILE.svg, .dot, .json or .html.")
    ] = None,
) -> None:
    """Print the size of a small cfg's whole state graph, or write the graph with --out."""
    from pymodel.check import check, graph
    from pymodel.report.graph_text import GRAPH_SUFFIXES, graph_summary, render_graph
    from pymodel.specfiles import find_cfg

    path = find_cfg(cfg)
    if out and out.suffix not in GRAPH_SUFFIXES:
        mend = f"end the name in {', '.join(GRAPH_SUFFIXES)}"
        raise UsageError(f"the suffix {out.suffix!r} names no known format", mend=mend, path=out)
    with ProgressLine() as progress:
        progress(f"{path.stem}: graph")
        found = graph(path)
        text = render_graph(out.suffix, found, check(path)) if out else graph_summary(path.stem, found)
    if out:
        _write(out, text)
    else:
        typer.echo(text)


@app.command("doctor")
def doctor_command() -> None:
    """Say what is installed, what is missing and how to mend it. Exit 1 if the tour cannot run in full."""
    from pymodel.doctor import Status, diagnose

    findings = diagnose()
    tones = {Status.OK: "good", Status.WARNING: "unknown", Status.MISSING: "bad"}
    rows = columns([(finding.name, finding.detail) for finding in findings])
    for finding, row in zip(findings, rows, strict=True):
        typer.echo(f"{toned(f'{finding.status.value:<7}', tones[finding.status])}  {row}")
        if finding.mend:
            typer.echo(f"         mend: {finding.mend}")
    lacking = [f for f in findings if f.status is Status.MISSING and f.name not in OPTIONAL]
    raise typer.Exit(1 if lacking else 0)


@app.command("cfgs")
def cfgs_command() -> None:
    """List the shipped cfgs and what each is for."""
    from pymodel.cfgs import shipped

    typer.echo("\n".join(columns([(cfg.name, cfg.purpose) for cfg in shipped()])))


@app.command("manifest")
def manifest_command(
    write: Annotated[bool, typer.Option("--write", help="Write spec/manifest.json anew.")] = False,
) -> None:
    """Run TLC on every shipped cfg and compare with spec/manifest.json. Exit 1 where they differ."""
    from pymodel.manifest import measure, read_manifest, write_manifest

    with ProgressLine() as progress:
        records = measure(progress=progress)
    if write:
        typer.echo(f"wrote {write_manifest(records)}", err=True)
    known = read_manifest()
    rows = [
        (name, record.verdict, record.violated or "", f"{record.distinct:,}", str(record.depth), mark)
        for name, record in records.items()
        for mark in ["" if known.get(name) == record else "DIFFERENT"]
    ]
    typer.echo("\n".join(columns(rows)))
    raise typer.Exit(1 if any(row[-1] for row in rows) else 0)


def _print_result(result: CheckResult, format: Format, quiet: bool = False) -> None:
    from pymodel.report.data import check_json
    from pymodel.report.facts import verdict_tone
    from pymodel.report.text import render_check

    if format is Format.json:
        typer.echo(check_json(result))
        return
    head, _, rest = render_check(result).partition("\n")
    typer.echo(toned(head, verdict_tone(result)))
    if not quiet:
        typer.echo(rest, nl=False)


def _write_result(result: CheckResult, html: Path | None, svg: Path | None, dot: Path | None) -> None:
    from pymodel.report.dot import counterexample_dot
    from pymodel.report.html import render_html
    from pymodel.report.svg import counterexample_svg

    if html:
        _write(html, render_html(result))
    for path, draw in ((svg, counterexample_svg), (dot, counterexample_dot)):
        if path and result.counterexample:
            _write(path, draw(result.counterexample))
        elif path:
            typer.echo(f"no counterexample to draw: {path} is not written", err=True)


def _write(path: Path, text: str) -> None:
    """Writes a result and says so on stderr. Raises UsageError where that is not possible."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise UsageError(f"cannot be written: {reason}", mend="give another path", path=path) from problem
    typer.echo(f"wrote {path}", err=True)


def main() -> None:
    """Runs the command line."""
    app()
