"""`pymodel witness`: can what should happen happen."""

from __future__ import annotations

from typing import Annotated

import typer

from pymodel.cli_common import CfgName, Format, OutputFormat, Timeout
from pymodel.terminal import ProgressLine, reached_line, toned

UNREACHABLE = 20
UNDETERMINED = 3


def witness_command(
    cfg: CfgName,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Show how these are reached; default: all."),
    ] = None,
    max_states: Annotated[int | None, typer.Option(min=1, help="Give up each after so many states.")] = None,
    timeout: Timeout = None,
    format: OutputFormat = Format.text,
) -> None:
    """Show the shortest way to each witness. Exit 0: all reached, 20: one cannot be, 3: undetermined."""
    from pymodel.engine.goal import Limits
    from pymodel.engine.result import Verdict
    from pymodel.report.witness import render_witness, render_witnesses, witnesses_json
    from pymodel.specfiles import find_cfg
    from pymodel.witness import seek

    path = find_cfg(cfg)
    with ProgressLine() as progress:
        sought = seek(
            path,
            names or (),
            limits=Limits(max_states, timeout),
            progress=lambda name, p: progress(reached_line(f"{path.stem}, {name}", p, p.seconds)),
        )
    verdicts = {item.result.verdict for item in sought}
    code = UNDETERMINED if Verdict.UNDETERMINED in verdicts else 0
    code = UNREACHABLE if Verdict.OK in verdicts else code
    if format is Format.json:
        typer.echo(witnesses_json(sought))
    else:
        head, _, table = render_witnesses(path.stem, sought).partition("\n")
        typer.echo(toned(head, {0: "good", UNREACHABLE: "bad", UNDETERMINED: "unknown"}[code]))
        typer.echo(table, nl=False)
        for item in sought if names else ():
            typer.echo("\n" + render_witness(item), nl=False)
    raise typer.Exit(code)
