"""Where everything in a sequence diagram goes, in pixels: the drawing that the SVG template prints.

Widths are estimated from a fixed-pitch font (`CHAR` per character), so text is clipped, with the full
text as the tooltip, rather than measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from pymodel.report.pretty import fit
from pymodel.report.sequence import Arrow, Fate, Note, Row, Sequence

CHAR = 6.7
LINE = 16
PAD = 8
GAP = 52
GUTTER = 268
GUTTER_CHARS = 34
HEAD = 42
ROW_SPACE = 16
LANE_MIN = 132
MARGIN = 14
STUB = 26
CHARS = {1: 60, 2: 44, 3: 38}
CHARS_MIN = 34
TONES = 4


@dataclass(frozen=True)
class Text:
    """A line of text with its baseline; `full` is the uncut text, for the tooltip."""

    x: float
    y: float
    text: str
    style: str
    full: str


@dataclass(frozen=True)
class Rect:
    """A rectangle; `style` is its class."""

    x: float
    y: float
    width: float
    height: float
    style: str = ""
    title: str = ""


@dataclass(frozen=True)
class Mark:
    """A small sign: an SVG path and its class."""

    d: str
    style: str


@dataclass(frozen=True)
class Line:
    """A message's way (an SVG path and its class), its tooltip, and the sign at its end."""

    d: str
    style: str
    title: str
    end: Mark


@dataclass(frozen=True)
class RowDrawing:
    """A step: its background, the texts beside it, its boxes and their lines. The last has style `last`."""

    number: int
    style: str
    back: Rect
    badge: Text
    gutter: tuple[Text, ...]
    boxes: tuple[Rect, ...]
    lines: tuple[Text, ...]


@dataclass(frozen=True)
class Lane:
    """A column from `left` to `right`, its name above and its last state below."""

    left: float
    right: float
    head: Text
    foot: Text

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class LegendItem:
    """A sign and what it means."""

    mark: Mark
    text: Text


@dataclass(frozen=True)
class Drawing:
    """A finished diagram; `top` and `bottom` bound the rows."""

    width: float
    height: float
    top: float
    bottom: float
    lanes: tuple[Lane, ...]
    bands: tuple[Rect, ...]
    arrows: tuple[Line, ...]
    rows: tuple[RowDrawing, ...]
    legend: tuple[LegendItem, ...]


def draw(sequence: Sequence) -> Drawing:
    """The drawing of `sequence`, from (0, 0); lanes are as wide as their longest line, up to a limit."""
    chars = CHARS.get(len(sequence.lanes), CHARS_MIN)
    heights = [_row_height(row) for row in sequence.rows]
    tops = list(accumulate(heights, initial=float(HEAD)))
    bottom = tops[-1]
    lanes = _lanes(sequence, chars, bottom)
    width = lanes[-1].right + MARGIN
    rows = tuple(
        _draw_row(row, top, height, width, lanes, chars, row is sequence.rows[-1])
        for row, top, height in zip(sequence.rows, tops, heights, strict=False)
    )
    bands = tuple(
        Rect(
            lane.left - PAD,
            tops[band.first],
            lane.right - lane.left + 2 * PAD,
            tops[band.last + 1] - tops[band.first],
            _tone(band.tone),
            band.mode,
        )
        for band in sequence.bands
        if band.tone > 0 and (lane := lanes[band.lane])
    )
    centres = [row.back.y + row.back.height / 2 for row in rows]
    arrows = tuple(_draw_arrow(arrow, lanes, tops, centres) for arrow in sequence.arrows)
    legend = _legend(sequence, bottom + HEAD + 10)
    height = bottom + HEAD + (28 if legend else 0)
    return Drawing(width, height, HEAD, bottom, lanes, bands, arrows, rows, legend)


def _row_height(row: Row) -> float:
    lines = max((len(node.notes) for node in row.nodes), default=1)
    gutter = 1 + bool(row.params) + len(row.shared)
    return max(lines * LINE + 2 * PAD, gutter * LINE + PAD) + ROW_SPACE


def _lanes(sequence: Sequence, chars: int, bottom: float) -> tuple[Lane, ...]:
    summaries = sequence.summaries or ("",) * len(sequence.lanes)
    left = float(GUTTER + PAD)
    lanes: list[Lane] = []
    for index, (name, summary) in enumerate(zip(sequence.lanes, summaries, strict=True)):
        nodes = [node for row in sequence.rows for node in row.nodes if node.lane == index]
        longest = max((len(fit(note.pieces, chars)) for node in nodes for note in node.notes), default=0)
        text = f"{name}: {summary}" if summary else name
        width = max(LANE_MIN, max(longest, len(text)) * CHAR + 2 * PAD)
        middle = left + width / 2
        head = Text(middle, HEAD - 16, name, "lane-name", name)
        foot = Text(middle, bottom + 24, text, "lane-state", text)
        lanes.append(Lane(left, left + width, head, foot))
        left += width + GAP
    return tuple(lanes)


def _draw_row(
    row: Row, top: float, height: float, width: float, lanes: tuple[Lane, ...], chars: int, last: bool
) -> RowDrawing:
    first = top + ROW_SPACE / 2 + PAD + 12
    beside = [(row.action, "action"), *([(row.params, "params")] if row.params else [])]
    beside += [(" ".join(note.pieces), "change") for note in row.shared]
    gutter = tuple(
        _text(46, first + index * LINE, (text,), style, GUTTER_CHARS)
        for index, (text, style) in enumerate(beside)
    )
    boxes = tuple(
        Rect(lane.left, top + ROW_SPACE / 2, lane.right - lane.left, len(node.notes) * LINE + 2 * PAD)
        for node in row.nodes
        if (lane := lanes[node.lane])
    )
    lines = tuple(
        _note_text(note, lanes[node.lane].left + PAD, first + index * LINE, chars)
        for node in row.nodes
        for index, note in enumerate(node.notes)
    )
    badge = Text(24, first, str(row.number), "badge", f"state {row.number}")
    style = "last" if last else ""
    return RowDrawing(row.number, style, Rect(4, top, width - 8, height), badge, gutter, boxes, lines)


def _note_text(note: Note, x: float, y: float, chars: int) -> Text:
    return _text(x, y, note.pieces, f"note {note.kind.value}", chars)


def _text(x: float, y: float, pieces: tuple[str, ...], style: str, chars: int) -> Text:
    return Text(x, y, fit(pieces, chars), style, " ".join(pieces))


def _draw_arrow(arrow: Arrow, lanes: tuple[Lane, ...], tops: list[float], centres: list[float]) -> Line:
    source, target = lanes[arrow.lane], lanes[arrow.to_lane]
    right = arrow.to_lane >= arrow.lane
    x1 = source.right if right else source.left
    x2 = target.left if right else target.right
    if arrow.lane == arrow.to_lane:
        x2 = x1
    reach = GAP * 0.75 * (1 if right else -1)
    y1 = _note_y(tops[arrow.row], arrow.note)
    title = f"{arrow.text} ({_FATES[arrow.fate]})"
    match arrow.fate:
        case Fate.IN_FLIGHT:
            end = x1 + (STUB if right else -STUB)
            return Line(f"M{x1:.1f} {y1:.1f}H{end:.1f}", "flight", title, _dot(end, y1))
        case Fate.LOST:
            x2, y2 = x2 - (1 if right else -1) * 2 * PAD, centres[arrow.to_row]
            return Line(_curve(x1, y1, x2, y2, reach), "lost", title, _cross(x2, y2))
        case Fate.DELIVERED:
            y2 = _note_y(tops[arrow.to_row], arrow.to_note)
            enter = -reach if arrow.lane == arrow.to_lane else reach
            return Line(_curve(x1, y1, x2, y2, reach, enter), "delivered", title, _head(x2, y2, enter > 0))


_FATES = {Fate.DELIVERED: "delivered", Fate.LOST: "lost or discarded", Fate.IN_FLIGHT: "still in flight"}


def _note_y(top: float, note: int) -> float:
    return top + ROW_SPACE / 2 + PAD + note * LINE + 8


def _curve(x1: float, y1: float, x2: float, y2: float, leave: float, enter: float | None = None) -> str:
    """A cubic that leaves and enters horizontally, so that it keeps to the gaps between the lanes."""
    enter = leave if enter is None else enter
    return f"M{x1:.1f} {y1:.1f}C{x1 + leave:.1f} {y1:.1f} {x2 - enter:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"


def _head(x: float, y: float, right: bool) -> Mark:
    back = -8 if right else 8
    return Mark(f"M{x:.1f} {y:.1f}l{back} -4v8z", "head")


def _cross(x: float, y: float) -> Mark:
    return Mark(f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8", "cross")


def _dot(x: float, y: float) -> Mark:
    return Mark(f"M{x - 3.5:.1f} {y:.1f}a3.5 3.5 0 1 1 7 0a3.5 3.5 0 1 1 -7 0z", "dot")


def _swatch(x: float, y: float, style: str) -> Mark:
    return Mark(f"M{x - 7:.1f} {y - 6:.1f}h14v12h-14z", f"swatch {style}")


def _tone(tone: int) -> str:
    return f"tone{(tone - 1) % TONES + 1}"


def _legend(sequence: Sequence, y: float) -> tuple[LegendItem, ...]:
    """What the shades and the signs mean; only those that occur."""
    modes = {band.tone: band.mode for band in sequence.bands if band.tone > 0}
    fates = {arrow.fate for arrow in sequence.arrows}
    shown = [fate for fate in _SIGNS if fate in fates]
    texts = [*(mode for _, mode in sorted(modes.items())), *(_FATES[fate] for fate in shown)]
    starts = list(accumulate((len(text) * CHAR + 44 for text in texts), initial=GUTTER + 2 * PAD))
    marks = [_swatch(x, y, _tone(tone)) for x, tone in zip(starts, sorted(modes), strict=False)]
    marks += [_SIGNS[fate](x, y) for x, fate in zip(starts[len(modes) :], shown, strict=False)]
    return tuple(
        LegendItem(mark, Text(x + 14, y + 4, text, "meaning", text))
        for mark, x, text in zip(marks, starts, texts, strict=False)
    )


_SIGNS = {Fate.LOST: _cross, Fate.IN_FLIGHT: _dot}
