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

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 920, 420, 74, 220, 52, 70
TONES = 4
Series = tuple[str, int, str]
"""Tool, workers and mode."""


@dataclass(frozen=True)
class Mark:
    """A measured rate. `shape` is disc (pymodel) or square (TLC); the label stands at `label_y`."""

    x: float
    y: float
    label_y: float
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
    axes = Axes(rates_of(lines))
    sizes = {line.cfg: line.distinct for line in lines if line.distinct}
    middles = {cfg: axes.middle(cfg) for cfg in axes.cfgs}
    names = HEIGHT - BOTTOM + 20
    return Plot(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
        ticks=tuple(Text(LEFT - 8, axes.height(10.0**k), short(10.0**k)) for k in axes.decades),
        columns=tuple(
            (Text(x, names, cfg), Text(x, names + 16, f"{short(sizes[cfg])} states"))
            for cfg, x in middles.items()
        ),
        marks=tuple(axes.mark(cfg, who) for cfg, who in axes.rates),
        keys=tuple(
            axes.shaped(WIDTH - RIGHT + 22, TOP + 12 + 22 * k, 0, who, name(who), name(who))
            for k, who in enumerate(axes.series)
        ),
    )


def rates_of(lines: Sequence[Line]) -> dict[tuple[str, Series], float]:
    """States a second by cfg and series, TLC's once for each number of workers. Raises UsageError if there
    are none."""
    found: dict[tuple[str, Series], float] = {}
    for line in lines:
        if line.rate is not None:
            found[line.cfg, (PYMODEL, line.workers, line.mode)] = line.rate
        if line.tlc_rate is not None:
            found[line.cfg, (TLC, line.workers, NONE)] = line.tlc_rate
    if not found:
        raise UsageError("nothing was measured that could be drawn", mend="run the benchmark to its end")
    return found


class Axes:
    """Where a rate stands: the cfgs side by side, in each the series side by side, the decades above each
    other."""

    def __init__(self, rates: dict[tuple[str, Series], float]) -> None:
        self.rates = rates
        self.cfgs = list(dict.fromkeys(cfg for cfg, _ in rates))
        self.series = sorted({who for _, who in rates})
        low = math.floor(math.log10(min(rates.values())))
        high = max(low + 1, math.ceil(math.log10(max(rates.values()))))
        self.decades = range(low, high + 1)
        self.step = (WIDTH - LEFT - RIGHT) / len(self.cfgs)

    def middle(self, cfg: str) -> float:
        return LEFT + self.step * (self.cfgs.index(cfg) + 0.5)

    def height(self, rate: float) -> float:
        share = (math.log10(rate) - self.decades[0]) / (self.decades[-1] - self.decades[0])
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def mark(self, cfg: str, who: Series) -> Mark:
        """The mark of a rate. Its label stands below if a neighbour of the same tool is higher."""
        rate, place = self.rates[cfg, who], self.series.index(who)
        spread = min(26.0, 0.8 * self.step / len(self.series))
        x = self.middle(cfg) + (place - (len(self.series) - 1) / 2) * spread
        near = [other for other in self.series[max(0, place - 1) : place + 2] if other[0] == who[0]]
        below = any(self.rates.get((cfg, other), 0) > rate for other in near)
        title = f"{cfg}, {name(who)}: {rate:,.0f} states/s"
        return self.shaped(x, self.height(rate), 18 if below else -10, who, short(rate), title)

    def shaped(self, x: float, y: float, aside: float, who: Series, label: str, title: str) -> Mark:
        own = [other for other in self.series if other[0] == who[0]]
        shape = "disc" if who[0] == PYMODEL else "square"
        return Mark(x, y, y + aside, shape, own.index(who) % TONES + 1, label, title)


def name(who: Series) -> str:
    tool, workers, mode = who
    extra = "" if mode in (NONE, DEFAULT) else f", {mode}"
    return f"{tool}, {workers} worker{'s' if workers > 1 else ''}{extra}"


def short(value: float) -> str:
    """A figure as short as a mark's label: 4.4 k, 1.6 M."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.{2 if value < 10 * size else 3}g}{unit}"
    return f"{value:.3g}"
