"""The `pymodel` command, with its neighbours cli_*.py the only part of pymodel that prints or exits.

Reads the command line, calls the part that does the work, and writes what it returns. A verdict's exit
code is its value; a FenceError ends with its own; Ctrl-C with 130; a wrong command line with 2. Each
command imports what it needs only when it runs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pymodel import __version__
from pymodel.cli_check import check_command, tlc_command
from pymodel.cli_common import CfgName, Commands, HtmlFile, JarFile, JavaFile, write_file
from pymodel.cli_frontier import frontier_command
from pymodel.cli_mutate import mutate_command
from pymodel.cli_prove import prove_command
from pymodel.cli_simulate import simulate_command
from pymodel.cli_sweep import sweep_command
from pymodel.cli_witness import witness_command
from pymodel.errors import UsageError
from pymodel.terminal import ProgressLine, bold, columns, toned

COMPARED = ("small", "election_lease", "log", "snapshot")
OPTIONAL = ("Graphviz", "Z3")
"""What `doctor` may miss without a failing exit: only drawings of graphs, and the proof, need it."""

app = typer.Typer(
    name="pymodel",
    help="Check stale-leader fencing in Raft: a TLA+ spec with TLC, its Python twin with a compiled search.",
    epilog="CFG is a path to a .cfg file or the short name of a shipped one; `pymodel cfgs` lists them.",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
        write_file(html, render_html(tour.mutant))
    raise typer.Exit(0 if tour.good else 1)


app.command("check")(check_command)
app.command("tlc")(tlc_command)
app.command("simulate")(simulate_command)
app.command("witness")(witness_command)
app.command("sweep")(sweep_command)
app.command("mutate")(mutate_command)
app.command("frontier")(frontier_command)
app.command("prove")(prove_command)


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
        text = (
            render_graph(out.suffix, found, lambda: check(path)) if out else graph_summary(path.stem, found)
        )
    if out:
        write_file(out, text)
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


def main() -> None:
    """Runs the command line."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's, each with memory of its own; none is used
    app()
