"""`pymodel prove`: the unbounded proof, discharged by Z3."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from pymodel.errors import ToolError, UsageError
from pymodel.terminal import ProgressLine, toned

if TYPE_CHECKING:
    from pymodel.engine.result import Counterexample
    from pymodel.report.proof import ProofData

UNPROVED = 21


class ProofFormat(StrEnum):
    """How a proof is written to stdout."""

    text = "text"
    json = "json"


class ProofSystem(StrEnum):
    """Which of the two proofs."""

    log = "log"
    lease = "lease"


def prove_command(
    system: Annotated[ProofSystem | None, typer.Option(help="Only this one; default: both.")] = None,
    drop: Annotated[
        str | None,
        typer.Option(
            metavar="ACTION.GUARD", help="Without this guard, and a counterexample for each failure."
        ),
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="List the guards, and what each is for.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of Z3: what holds must not depend on it.")] = 0,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="For each condition.")] = 60.0,
    format: Annotated[ProofFormat, typer.Option("--format", help="What to print.")] = ProofFormat.text,
) -> None:
    """Prove the fencing and lease theorems for any number of servers. Exit 0 if everything is, else 21."""
    if find_spec("z3") is None:
        raise ToolError("the proof needs Z3", mend="pip install 'termfence[proof]'")
    from pymodel.proof.prover import guard_table, run
    from pymodel.report.proof import headline, proof_json, render_proof
    from pymodel.terminal import columns

    wanted = [system.value] if system else [item.value for item in ProofSystem]
    if names:
        typer.echo("\n".join(columns([row for name in wanted for row in guard_table(name)])))
        return
    if drop and system is None:
        wanted = _having(drop, wanted)
    items: list[tuple[ProofData, tuple[Counterexample, ...]]] = []
    with ProgressLine(format is ProofFormat.json) as progress:
        for name in wanted:
            items.append(run(name, seed=seed, dropped=drop or "", timeout_s=timeout, progress=progress))
            if format is ProofFormat.text:
                progress.clear()
                data, found = items[-1]
                typer.echo(toned(headline(data), "good" if data.proved else "bad"))
                typer.echo(render_proof(data, found))
    if format is ProofFormat.json:
        typer.echo(proof_json(items))
    raise typer.Exit(0 if all(data.proved for data, _ in items) else UNPROVED)


def _having(drop: str, wanted: list[str]) -> list[str]:
    """The systems that have the guard, of those wanted. Raises UsageError if none has."""
    from pymodel.proof.prover import guard_table

    having = [name for name in wanted if any(row[1] == drop for row in guard_table(name))]
    if not having:
        raise UsageError(f"no proof has a guard {drop}", mend="`pymodel prove --list` names them all")
    return having
