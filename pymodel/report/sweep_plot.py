"""A sweep as SVG text. Decides where everything stands; the template only prints it.

One swept name gives a line of distinct states on a logarithmic axis, two a map of cells, three a map for each
value of the first. Colour never speaks alone: each mark says in words how its cell came out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from pymodel.engine.result import Cell, Sweep
from pymodel.errors import UsageError
from pymodel.report.pretty import printable
from pymodel.report.sweep import length_of, outcome
from pymodel.report.templates import render

CELL_WIDTH, CELL_HEIGHT, GAP = 176.0, 50.0, 3.0
MARGIN, HEAD, TITLE = 24.0, 44.0, 34.0
CHARACTER = 6.7  # of the 11 px monospaced text
WIDTH_MAX = 1400.0
PLOT_HEIGHT, STEP_WIDTH = 280.0, 120.0
NAMES_MAX = 3
TONES = {"safe": "good", "violated": "bad", "undetermined": "unknown", "refused": "none"}


@dataclass(frozen=True)
class Text:
    """Words at a baseline; `style` is a class of the style sheet."""

    x: float
    y: float
    text: str
    style: str


@dataclass(frozen=True)
class Box:
    """A cell of a map."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True)
class Dot:
    """A point of the line."""

    x: float
    y: float
    tone: str
    title: str


@dataclass(frozen=True)
class Drawing:
    """All marks, and the size they need."""

    width: float
    height: float
    texts: tuple[Text, ...]
    boxes: tuple[Box, ...] = ()
    dots: tuple[Dot, ...] = ()
    rules: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def sweep_svg(sweep: Sweep) -> str:
    """A self-contained SVG document. Raises UsageError for more swept names than it can show."""
    if len(sweep.names) > NAMES_MAX:
        raise UsageError(
            f"{len(sweep.names)} names are swept, and a plot shows at most {NAMES_MAX}",
            mend="sweep fewer at a time, or take --format csv",
        )
    drawing = _line(sweep) if len(sweep.names) == 1 else _maps(sweep)
    label = f"Sweep of {printable(sweep.cfg)} over {', '.join(sweep.names)}"
    return render("sweep.svg.j2", drawing=drawing, label=label, style=Markup(render("sweep.style.j2")))


def _title(sweep: Sweep, cell: Cell) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in zip(sweep.names, cell.values, strict=True))
    return f"{values}: {', '.join(_words(cell))}" + (f", {cell.result.depth} deep" if cell.result else "")


def _words(cell: Cell) -> tuple[str, str]:
    """How a cell came out, in two lines."""
    if cell.result is None:
        return "refused", cell.refused
    length = length_of(cell)
    head = cell.result.violated if length is not None and cell.result.violated else outcome(cell)
    return head, f"{cell.result.distinct:,} states" if length is None else f"after {length:,} states"


def _cut(text: str, width: float) -> str:
    room = int(width / CHARACTER)
    return text if len(text) <= room else text[: room - 1] + "…"


def _maps(sweep: Sweep) -> Drawing:
    """A map for two names; for three one for each value of the first, side by side while there is room."""
    *outer, rows, columns = (
        (name, choices) for name, choices in zip(sweep.names, sweep.choices, strict=True)
    )
    frames = [f"{name} = {value}" for name, choices in outer for value in choices] or [""]
    size = len(rows[1]) * len(columns[1])
    left = max(len(text) for text in (rows[0], *rows[1])) * CHARACTER + 14
    width = left + len(columns[1]) * CELL_WIDTH + MARGIN
    height = TITLE * bool(outer) + HEAD + len(rows[1]) * CELL_HEIGHT + MARGIN
    beside = max(1, int((WIDTH_MAX - MARGIN) / width))
    texts, boxes = [Text(MARGIN, MARGIN + 8, sweep.cfg, "head")], []
    for number, frame in enumerate(frames):
        x = MARGIN + number % beside * width
        y = MARGIN + TITLE / 2 + number // beside * height
        if frame:
            texts.append(Text(x + left, y + TITLE - 12, frame, "frame"))
            y += TITLE
        cells = sweep.cells[number * size : (number + 1) * size]
        marks = _map(sweep, cells, rows, columns, x + left, y + HEAD)
        texts += marks[0]
        boxes += marks[1]
    across = min(beside, len(frames))
    down = -(-len(frames) // beside)
    return Drawing(
        2 * MARGIN + across * width, MARGIN + TITLE / 2 + down * height, tuple(texts), tuple(boxes)
    )


def _map(
    sweep: Sweep,
    cells: tuple[Cell, ...],
    rows: tuple[str, tuple[str, ...]],
    columns: tuple[str, tuple[str, ...]],
    x: float,
    y: float,
) -> tuple[list[Text], list[Box]]:
    """The cells with their upper left corner at (x, y), the heads above and to the left."""
    texts = [Text(x, y - 26, columns[0], "axis"), Text(x - 10, y - 8, rows[0], "axis end")]
    for number, value in enumerate(columns[1]):
        texts.append(Text(x + (number + 0.5) * CELL_WIDTH, y - 8, _cut(value, CELL_WIDTH), "tick middle"))
    boxes = []
    for line, value in enumerate(rows[1]):
        top = y + line * CELL_HEIGHT
        texts.append(Text(x - 10, top + CELL_HEIGHT / 2 + 4, value, "tick end"))
        for column in range(len(columns[1])):
            cell = cells[line * len(columns[1]) + column]
            tone, left = TONES[outcome(cell)], x + column * CELL_WIDTH
            boxes.append(Box(left, top, CELL_WIDTH - GAP, CELL_HEIGHT - GAP, tone, _title(sweep, cell)))
            middle = left + (CELL_WIDTH - GAP) / 2
            for place, words, style in zip((20, 36), _words(cell), ("word", "small"), strict=True):
                texts.append(
                    Text(middle, top + place, _cut(words, CELL_WIDTH - GAP - 8), f"{style} middle {tone}")
                )
    return texts, boxes


def _line(sweep: Sweep) -> Drawing:
    """Distinct states over the values, in the order given; a cell that was refused stands on the ground."""
    counts = [cell.result.distinct if cell.result else 0 for cell in sweep.cells]
    top = max(1, math.ceil(math.log10(max(2, *counts, 2))))
    left, floor = MARGIN + 90, MARGIN + TITLE + 16 + PLOT_HEIGHT

    def height_of(count: int) -> float:
        return floor - math.log10(max(1, count)) / top * PLOT_HEIGHT

    texts = [
        Text(MARGIN, MARGIN + 8, sweep.cfg, "head"),
        Text(MARGIN, MARGIN + TITLE - 6, "distinct states", "axis"),
        Text(left, floor + 42, sweep.names[0], "axis"),
    ]
    rules = []
    right = left + len(counts) * STEP_WIDTH
    for power in range(top + 1):
        y = height_of(10**power)
        rules.append(f"M{left:.1f} {y:.1f}H{right:.1f}")
        texts.append(Text(left - 8, y + 4, f"{10**power:,}", "tick end"))
    dots = []
    for number, cell in enumerate(sweep.cells):
        x, y = left + (number + 0.5) * STEP_WIDTH, height_of(counts[number])
        tone = TONES[outcome(cell)]
        dots.append(Dot(x, y, tone, _title(sweep, cell)))
        texts.append(Text(x, floor + 20, _cut(cell.values[0], STEP_WIDTH), "tick middle"))
        words = _words(cell)[0]
        above = -24 if y > MARGIN + TITLE + 56 else 22
        texts.append(Text(x, y + above, _cut(words, STEP_WIDTH - 6), f"word middle {tone}"))
        if cell.result:
            texts.append(Text(x, y + above + 13, f"{counts[number]:,}", "small middle"))
    drawn = [dot for dot, cell in zip(dots, sweep.cells, strict=True) if cell.result]
    lines = [f"M{a.x:.1f} {a.y:.1f}L{b.x:.1f} {b.y:.1f}" for a, b in pairwise(drawn)]
    return Drawing(
        right + MARGIN, floor + 42 + MARGIN, tuple(texts), (), tuple(dots), tuple(rules), tuple(lines)
    )
