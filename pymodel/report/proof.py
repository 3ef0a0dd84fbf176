"""A proof as text for people and as JSON for programs: the theorems, the conditions, what is trusted.

Takes plain data, so that it needs neither Z3 nor the proof itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from pymodel.engine.result import Counterexample
from pymodel.report.pretty import printable
from pymodel.report.text import render_behaviour
from pymodel.values import Fn

SLOWEST = 5


@dataclass(frozen=True)
class ProofRow:
    """One line of the table: some conditions with a name in common. `failed` names those not proved, with
    why."""

    name: str
    conditions: int
    seconds: float
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProofData:
    """What a report says of one system. `order` is that of the sorts, empty where they have a cycle, which
    `cycle` spells out. `slowest` are the conditions that took longest, with their seconds."""

    system: str
    about: str
    seed: int
    dropped: str
    theorems: tuple[ProofRow, ...]
    actions: tuple[ProofRow, ...]
    conditions: int
    seconds: float
    slowest: tuple[tuple[str, float], ...]
    order: tuple[str, ...]
    cycle: str
    assumptions: tuple[str, ...]
    solver: str
    reason: str = ""

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(name for row in self.actions for name in row.failed)

    @property
    def proved(self) -> bool:
        return not self.failed and not self.cycle


def headline(data: ProofData) -> str:
    """`PROVED: log, 1,454 conditions, seed 0`, or NOT PROVED with how many failed."""
    without = f" without {data.dropped}" if data.dropped else ""
    if data.proved:
        return f"PROVED: {data.system}{without}, {data.conditions:,} conditions, seed {data.seed}"
    failed = (
        f"{len(data.failed)} of {data.conditions:,} conditions" if data.failed else "the sorts have a cycle"
    )
    return f"NOT PROVED: {data.system}{without}, {failed}, seed {data.seed}"


def render_proof(data: ProofData, counterexamples: Sequence[Counterexample] = ()) -> str:
    """All but the headline; ends with a newline."""
    lines = [
        f"  {data.about}: any number of servers, terms and steps",
        f"  {data.seconds:.1f} s, {data.solver}",
    ]
    if data.dropped and data.reason:
        lines.append(f"  {data.reason}")
    if data.order:
        lines.append(f"  decidable: sorts in the order {' > '.join(data.order)}")
    if data.cycle:
        lines.append(f"  not known to be decidable: {data.cycle}")
    if data.theorems:
        lines += ["", *_table("theorem", data.theorems)]
    lines += ["", *_table("the invariant and theorems under", data.actions)]
    lines += [f"  failed: {printable(name)}" for name in data.failed]
    if data.slowest and not data.dropped:
        lines += ["", "slowest"]
        lines += [f"  {name}  {seconds:.1f} s" for name, seconds in data.slowest]
    for found in counterexamples:
        title = f"Counterexample to induction for {found.violated}{_servers(found)}"
        lines += ["", render_behaviour(found, title, f"{found.violated} is false after it").rstrip("\n")]
    lines += ["", "trusted", *(f"  {item}" for item in (*data.assumptions, TRUSTED))]
    return "\n".join(lines) + "\n"


def _servers(found: Counterexample) -> str:
    """How many servers it has, as far as its states show it."""
    terms = found.steps[0].state.get("currentTerm")
    if not isinstance(terms, Fn):
        return ""
    return ", one server" if len(terms) == 1 else f", {len(terms)} servers"


TRUSTED = "Z3, and that the spec is what the proof's actions say: tested on the model's own steps, not proved"


def _table(title: str, rows: Sequence[ProofRow]) -> list[str]:
    width = max(len(title), *(len(row.name) + 2 for row in rows))
    lines = [f"{title:<{width}}  conditions  seconds"]
    for row in rows:
        verdict = f"  {len(row.failed)} FAILED" if row.failed else ""
        lines.append(f"{'  ' + row.name:<{width}}  {row.conditions:>10,}  {row.seconds:>7.1f}{verdict}")
    return lines


def proof_json(items: Sequence[tuple[ProofData, Sequence[Counterexample]]]) -> str:
    """All systems as one JSON document."""
    return json.dumps({"proofs": [_json(data, found) for data, found in items]}, indent=2)


def _json(data: ProofData, found: Sequence[Counterexample]) -> Mapping[str, object]:
    examples = [
        {
            "goal": cex.violated,
            "witness": list(cex.witness),
            "text": render_behaviour(cex, cex.violated, f"{cex.violated} is false after it"),
        }
        for cex in found
    ]
    return {
        **asdict(data),
        "failed": list(data.failed),
        "proved": data.proved,
        "trusted": [*data.assumptions, TRUSTED],
        "counterexamples": examples,
    }
