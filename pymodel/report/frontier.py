"""The safe-lease frontier as text, as a page in Markdown and as a map in SVG, from its cells alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from markupsafe import Markup

from pymodel.report.sweep_plot import Box, Drawing, Text
from pymodel.report.templates import render

WIDTH, HEIGHT, GAP, MARGIN, HEAD = 116.0, 44.0, 3.0, 24.0, 104.0
TONES = {True: "good", False: "bad", None: "unknown"}
WORDS = {True: "safe", False: "unsafe", None: "undecided"}
FORMULA = "LeaseTicks <= ElectionTicks - 2 * ClockSkew"
COMMAND = "pymodel frontier --json docs/frontier.json --markdown docs/FRONTIER.md --svg docs/frontier.svg"
PAGE = """# The safe-lease frontier

How long may a lease be? {headline}

![The frontier: a map of safe and unsafe cells for each skew](frontier.svg)

Each cell is `spec/frontier.cfg` with other ticks: three servers, two terms, elections and leases, one
message in flight, clocks that never differ by more than ClockSkew ticks. A safe cell was searched to the
end: no state has a valid lease beside a leader of a higher term (LeaseExclusion). An unsafe one has a
shortest counterexample, told in its row; `pymodel frontier --write DIR` writes its cfg and its ITF trace, and
`pymodel check` and `pymodel tlc` take the cfg. The claim that is held against them is
`{formula}`: a promise is made at or after the sending that the lease
counts from, and meanwhile two clocks drift apart by at most twice the skew. The line in the map is where the
claim draws the frontier.

Table, page and map are made by

    {command}

| ClockSkew | ElectionTicks | LeaseTicks | found | formula | searched | states | shortest counterexample |
|---|---|---|---|---|---|---|---|
{rows}

## Clocks that run at different rates

A bound on the difference of two clocks holds only if something sets them right. Where they only run at rates
between 1 - rho and 1 + rho of the true one, the claim is
`{rates_formula}`. `spec/rates/LeaseRates.tla` is a model of that alone:
a leader, the voter that its lease counts on, messages that age, and clocks that advance by Slow to Fast in a
unit of time. For each pair of rates and each ElectionTime the longest lease that the formula
calls safe was searched to the end, and the next longer one until LeaseExclusion failed: {rates_headline}.

| Slow | Fast | rho | ElectionTime | LeaseTime | found | formula | searched | states |
|---|---|---|---|---|---|---|---|---|
{rates}
"""
RATES_FORMULA = "LeaseTime <= ElectionTime * (1 - rho) / (1 + rho)"


class CellLike(Protocol):
    """What pymodel.mutate.frontier.Cell offers."""

    @property
    def clock_skew(self) -> int: ...
    @property
    def election_ticks(self) -> int: ...
    @property
    def lease_ticks(self) -> int: ...
    @property
    def safe(self) -> bool | None: ...
    @property
    def distinct(self) -> int: ...
    @property
    def states(self) -> int: ...
    @property
    def line(self) -> str: ...
    @property
    def claimed(self) -> bool: ...
    @property
    def agrees(self) -> bool: ...


class RateLike(Protocol):
    """What pymodel.mutate.frontier.Rate offers."""

    @property
    def slow(self) -> int: ...
    @property
    def fast(self) -> int: ...
    @property
    def election_time(self) -> int: ...
    @property
    def lease_time(self) -> int: ...
    @property
    def safe(self) -> bool | None: ...
    @property
    def distinct(self) -> int: ...
    @property
    def states(self) -> int: ...
    @property
    def claimed(self) -> bool: ...
    @property
    def agrees(self) -> bool: ...


def headline(cells: Sequence[CellLike]) -> str:
    """How many cells came out how, and whether the formula says the same."""
    counts = ", ".join(
        f"{sum(cell.safe is safe for cell in cells)} {word}"
        for safe, word in WORDS.items()
        if any(cell.safe is safe for cell in cells)
    )
    wrong = sum(not cell.agrees for cell in cells)
    decided = sum(cell.safe is not None for cell in cells)
    agreement = f"in {wrong} of them the formula is wrong" if wrong else f"the formula holds in all {decided}"
    return f"{len(cells)} cells: {counts}; {agreement}."


def rates_headline(rates: Sequence[RateLike]) -> str:
    """In how many cells of rates the formula holds."""
    right = sum(rate.agrees and rate.safe is not None for rate in rates)
    return f"the formula holds in {right} of {len(rates)} cells"


def render_frontier(cells: Sequence[CellLike], rates: Sequence[RateLike]) -> str:
    """The headline and a map in letters for each skew, a line for the rates; ends with a newline."""
    lines = [f"FRONTIER: {headline(cells)}", f"  claimed: {FORMULA}"]
    for skew in dict.fromkeys(cell.clock_skew for cell in cells):
        of_skew = [cell for cell in cells if cell.clock_skew == skew]
        leases = list(dict.fromkeys(cell.lease_ticks for cell in of_skew))
        lines.append(f"  ClockSkew = {skew}")
        lines.append(
            "    ElectionTicks  " + "  ".join(f"{f'LeaseTicks {lease}':<12}" for lease in leases).rstrip()
        )
        for election in dict.fromkeys(cell.election_ticks for cell in of_skew):
            row = [cell for cell in of_skew if cell.election_ticks == election]
            lines.append(f"    {election:>13}  " + "  ".join(f"{_word(cell):<12}" for cell in row).rstrip())
    lines.append(f"  clock rates: {rates_headline(rates)} ({RATES_FORMULA})")
    return "\n".join(lines) + "\n"


def _word(cell: CellLike) -> str:
    text = WORDS[cell.safe] + (f" ({cell.states})" if cell.states else "")
    return text + ("" if cell.agrees else " !")


def frontier_json(cells: Sequence[CellLike], rates: Sequence[RateLike]) -> str:
    """`cells` and `rates`, each a list with an object for each cell."""
    data = {"cells": list(cells), "rates": list(rates)}
    return msgspec.json.format(msgspec.json.encode(data), indent=1).decode() + "\n"


def frontier_page(cells: Sequence[CellLike], rates: Sequence[RateLike]) -> str:
    """The page; ends with a newline."""
    rows = [
        f"| {cell.clock_skew} | {cell.election_ticks} | {cell.lease_ticks} | {WORDS[cell.safe]} "
        f"| {WORDS[cell.claimed]} | {cell.distinct:,} | {cell.states or ''} | {cell.line} |"
        for cell in cells
    ]
    of_rates = [_rate_row(rate) for rate in rates]
    return PAGE.format(
        headline=headline(cells),
        formula=FORMULA,
        command=COMMAND,
        rows="\n".join(rows),
        rates="\n".join(of_rates),
        rates_formula=RATES_FORMULA,
        rates_headline=rates_headline(rates),
    )


def _rate_row(rate: RateLike) -> str:
    rho = f"{rate.fast - rate.slow}/{rate.fast + rate.slow}"
    cells = (rate.slow, rate.fast, rho, rate.election_time, rate.lease_time, WORDS[rate.safe])
    rest = (WORDS[rate.claimed], f"{rate.distinct:,}", rate.states or "")
    return f"| {' | '.join(map(str, (*cells, *rest)))} |"


def frontier_svg(cells: Sequence[CellLike]) -> str:
    """A self-contained SVG document: a map for each skew, with the line that the formula draws."""
    skews = list(dict.fromkeys(cell.clock_skew for cell in cells))
    leases = sorted({cell.lease_ticks for cell in cells})
    elections = sorted({cell.election_ticks for cell in cells})
    left, pitch = 52.0, len(leases) * WIDTH + 64.0
    texts = [Text(MARGIN, 34, "How long may a leader lease be?", "head")]
    texts.append(Text(MARGIN, 54, f"{headline(cells)} Formula: {FORMULA}", "axis"))
    boxes: list[Box] = []
    lines: list[str] = []
    for number, skew in enumerate(skews):
        x, of_skew = MARGIN + left + number * pitch, [cell for cell in cells if cell.clock_skew == skew]
        texts.append(Text(x, HEAD - 24, f"ClockSkew = {skew}", "frame"))
        texts.append(Text(x - 10, HEAD - 6, "election", "tick end"))
        texts += [
            Text(x + (k + 0.5) * WIDTH, HEAD - 6, f"lease {lease}", "tick middle")
            for k, lease in enumerate(leases)
        ]
        texts += [
            Text(x - 10, HEAD + (k + 0.5) * HEIGHT + 4, str(election), "tick end")
            for k, election in enumerate(elections)
        ]

        def corner(cell: CellLike, x: float = x) -> tuple[float, float]:
            return x + leases.index(cell.lease_ticks) * WIDTH, HEAD + elections.index(
                cell.election_ticks
            ) * HEIGHT

        for cell in of_skew:
            marks = _cell(cell, *corner(cell))
            boxes.append(marks[0])
            texts += marks[1]
        lines.append(_boundary(of_skew, corner))
    size = MARGIN + left + len(skews) * pitch, HEAD + len(elections) * HEIGHT + MARGIN
    drawing = Drawing(*size, tuple(texts), tuple(boxes), lines=tuple(filter(None, lines)))
    style = Markup(render("sweep.style.j2"))
    return render("sweep.svg.j2", drawing=drawing, label="The safe-lease frontier", style=style)


def _cell(cell: CellLike, x: float, y: float) -> tuple[Box, list[Text]]:
    tone = TONES[cell.safe]
    title = (
        f"ElectionTicks = {cell.election_ticks}, LeaseTicks = {cell.lease_ticks}, "
        f"ClockSkew = {cell.clock_skew}: {_word(cell)}, {cell.distinct:,} states searched"
    )
    below = f"after {cell.states} states" if cell.states else f"{cell.distinct:,} states"
    middle = x + (WIDTH - GAP) / 2
    texts = [
        Text(middle, y + 18, WORDS[cell.safe], f"word middle {tone}"),
        Text(middle, y + 33, below, f"small middle {tone}"),
    ]
    return Box(x, y, WIDTH - GAP, HEIGHT - GAP, tone, title), texts


def _boundary(cells: Sequence[CellLike], corner: Callable[[CellLike], tuple[float, float]]) -> str:
    """The edges between cells that the formula tells apart, as a path."""
    claimed = {(cell.election_ticks, cell.lease_ticks): cell.claimed for cell in cells}
    edges = []
    for cell in cells:
        x, y = (place - GAP / 2 for place in corner(cell))
        if not cell.claimed:
            if claimed.get((cell.election_ticks, cell.lease_ticks - 1), True) and cell.lease_ticks >= 1:
                edges.append(f"M{x:.1f} {y:.1f}v{HEIGHT:.1f}")
            if claimed.get((cell.election_ticks + 1, cell.lease_ticks), False):
                edges.append(f"M{x:.1f} {y + HEIGHT:.1f}h{WIDTH:.1f}")
    return "".join(edges)
