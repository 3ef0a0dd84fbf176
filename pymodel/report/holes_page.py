"""The page of holes: tables and stories in Markdown, from rows alone, which a file may keep."""

from __future__ import annotations

from collections.abc import Sequence

from pymodel.report.holes import RowLike, killer, summary, tlc_text

HEAD = """# Holes

What each guard is for: one operator swapped, the property that dies of it, and how. {summary}. The holes are
listed in `spec/holes.toml`; this page is written by

    pymodel mutate{tlc} --json docs/holes.json --markdown docs/HOLES.md

and a hole of your own is tried by `pymodel mutate --swap 'Guard <- Mutant'`. States count those of a shortest
counterexample; *searched* is how many distinct states were seen until the level that shows it was complete.
All properties that apply to the bounds were checked at once: *also* names those that fail no later.
With `--tlc` TLC is asked too, about the named property alone{asked}.
"""
ASKED = ": *same* means the same property after as many states"


def holes_page(rows: Sequence[RowLike]) -> str:
    """The page; ends with a newline."""
    asked = any(row.tlc for row in rows)
    parts = [HEAD.format(summary=summary(rows), asked=ASKED if asked else "", tlc=" --tlc" if asked else "")]
    for topic in dict.fromkeys(row.topic for row in rows):
        of_topic = [row for row in rows if row.topic == topic]
        parts += [f"## {topic}\n", _table(of_topic, asked), *(_story(row) for row in of_topic)]
    return "\n".join(parts)


def _table(rows: Sequence[RowLike], asked: bool) -> str:
    heads = ("Hole", "Swap", "Killed by", "States", "Searched", "Seconds", *(["TLC"] if asked else []))
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row in rows:
        states = "" if not row.killed_by else str(row.states) if row.states else "lasso"
        cells = [f"[{row.name}](#{row.name})", f"`{row.change}`", killer(row), states]
        cells += [f"{row.distinct:,}", f"{row.seconds:.2f}", *([tlc_text(row)] if asked else [])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _story(row: RowLike) -> str:
    lines = [f'<a id="{row.name}"></a>**{row.name}** ({row.bounds}). *"{row.tempting}"* {row.story}']
    lines += [row.source] if row.source else []
    lines += [f"Why it is safe: {row.note}"] if row.note and not row.killed_by else []
    text = " ".join(lines) + "\n"
    if row.line:
        ends = f"; then {row.killed_by} is false" + (f" with {', '.join(row.why)}" if row.why else "")
        text += f"\n> {row.line}{ends}.\n"
    return text
