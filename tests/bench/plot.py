"""The table as a picture: distinct states a second on a logarithmic axis, a column of marks for each cfg.

Only what was measured is drawn. Colours and the light or dark ground are those of the reports.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined

from pymodel.errors import UsageError
from tests.bench.records import DEFAULT, PYMODEL, TLC
from tests.bench.table import NONE, Line

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 400, 74, 178, 46, 66
TONES = 4


@dataclass(frozen=True)
class Mark:
    """A measured rate. `shape` is disc (pymodel) or square (TLC)."""

    x: float
    y: float
    shape: str
    tone: int
    label: str
    title: str


@dataclass(frozen=True)
class Text:
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Plot:
    """All that the template draws. `keys` are the legend."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    ticks: tuple[Text, ...]
    columns: tuple[tuple[Text, Text], ...]
    marks: tuple[Mark, ...]
    keys: tuple[Mark, ...]


def plot_svg(lines: Sequence[Line], caption: str) -> str:
    """A self-contained SVG document. Raises UsageError if there is no rate to draw."""
    environment = Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(Path(__file__).parent), PackageLoader("pymodel.report", "templates")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("bench.svg.j2").render(plot=plot_of(lines), caption=caption)


def plot_of(lines: Sequence[Line]) -> Plot:
    """The positions of all parts."""
    rates = rates_of(lines)
    if not rates:
        raise UsageError("nothing was measured that could be drawn", mend="run the benchmark to its end")
    low = math.floor(math.log10(min(rate for _, _, rate in rates)))
    high = max(low + 1, math.ceil(math.log10(max(rate for _, _, rate in rates))))
    cfgs = list(dict.fromkeys(cfg for cfg, _, _ in rates))
    series = sorted({who for _, who, _ in rates})
    step = (WIDTH - LEFT - RIGHT) / len(cfgs)
    spread = min(26.0, 0.8 * step / len(series))
    sizes = {line.cfg: line.distinct for line in lines if line.distinct}

    def height(rate: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(rate) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def mark(cfg: str, who: tuple[str, int, str], rate: float) -> Mark:
        aside = (series.index(who) - (len(series) - 1) / 2) * spread
        x = LEFT + step * (cfgs.index(cfg) + 0.5) + aside
        return _mark(x, height(rate), who, series, short(rate), f"{cfg}, {name(who)}: {rate:,.0f} states/s")

    return Plot(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
        ticks=tuple(Text(LEFT - 8, height(10.0**k), short(10.0**k)) for k in range(low, high + 1)),
        columns=tuple(
            (Text(x, HEIGHT - BOTTOM + 20, cfg), Text(x, HEIGHT - BOTTOM + 36, f"{short(sizes[cfg])} states"))
            for k, cfg in enumerate(cfgs)
            for x in [LEFT + step * (k + 0.5)]
        ),
        marks=tuple(mark(*rate) for rate in rates),
        keys=tuple(
            _mark(WIDTH - RIGHT + 22, TOP + 12 + 22 * k, who, series, name(who), name(who))
            for k, who in enumerate(series)
        ),
    )


def rates_of(lines: Sequence[Line]) -> list[tuple[str, tuple[str, int, str], float]]:
    """(cfg, (tool, workers, mode), states a second) of every line, TLC's once for each number of workers."""
    found: dict[tuple[str, tuple[str, int, str]], float] = {}
    for line in lines:
        if line.rate is not None:
            found[line.cfg, (PYMODEL, line.workers, line.mode)] = line.rate
        if line.tlc_rate is not None:
            found[line.cfg, (TLC, line.workers, NONE)] = line.tlc_rate
    return [(cfg, who, rate) for (cfg, who), rate in found.items()]


def _mark(
    x: float, y: float, who: tuple[str, int, str], series: list[tuple[str, int, str]], label: str, title: str
) -> Mark:
    own = [other for other in series if other[0] == who[0]]
    return Mark(x, y, "disc" if who[0] == PYMODEL else "square", own.index(who) % TONES + 1, label, title)


def name(who: tuple[str, int, str]) -> str:
    tool, workers, mode = who
    extra = "" if mode in (NONE, DEFAULT) else f", {mode}"
    return f"{tool}, {workers} worker{'s' if workers > 1 else ''}{extra}"


def short(value: float) -> str:
    """A figure as short as a mark's label: 4.4 k, 1.6 M."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
