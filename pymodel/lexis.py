"""Where comments and strings are in TLA+ text (modules and cfg files alike).

Block comments nest, a line comment runs to the end of its line, and neither starts inside a string.
Nothing else is decided here. Source: Specifying Systems, section 15.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pymodel.errors import FenceError

_MARK = re.compile(r'\\\*[^\n]*|\(\*|"(?:[^"\\\n]|\\.)*"')
_EDGE = re.compile(r"\(\*|\*\)")
_NOT_NEWLINE = re.compile(r"[^\n]")


class Kind(Enum):
    """What a span of text is."""

    LINE_COMMENT = "line comment"
    BLOCK_COMMENT = "block comment"
    STRING = "string"


@dataclass(frozen=True)
class Span:
    """`text[start:end]` is a `kind`, delimiters included."""

    kind: Kind
    start: int
    end: int


def scan(text: str, *, error: type[FenceError], path: Path | None = None) -> tuple[Span, ...]:
    """Every comment and string of `text`, in order. Raises `error` for a block comment never closed."""
    spans: list[Span] = []
    at = 0
    while found := _MARK.search(text, at):
        start, at = found.span()
        if found[0] == "(*":
            at = _block_end(text, start, error, path)
            spans.append(Span(Kind.BLOCK_COMMENT, start, at))
        elif found[0].startswith("\\*"):
            spans.append(Span(Kind.LINE_COMMENT, start, at))
        else:
            spans.append(Span(Kind.STRING, start, at))
    return tuple(spans)


def _block_end(text: str, start: int, error: type[FenceError], path: Path | None) -> int:
    depth = 0
    for edge in _EDGE.finditer(text, start):
        depth += 1 if edge[0] == "(*" else -1
        if depth == 0:
            return edge.end()
    raise error("this comment is never closed", mend="close it with *)", path=path, line=line_of(text, start))


def blank(text: str, spans: tuple[Span, ...], kinds: frozenset[Kind]) -> str:
    """`text` with each span of `kinds` turned into spaces; length, lines and columns stay."""
    pieces: list[str] = []
    at = 0
    for span in spans:
        if span.kind in kinds:
            pieces += (text[at : span.start], spaces(text[span.start : span.end]))
            at = span.end
    return "".join(pieces) + text[at:]


COMMENTS = frozenset({Kind.LINE_COMMENT, Kind.BLOCK_COMMENT})
COMMENTS_AND_STRINGS = COMMENTS | {Kind.STRING}


def spaces(text: str) -> str:
    """As many spaces as `text` has characters, its line ends kept."""
    return _NOT_NEWLINE.sub(" ", text)


def line_of(text: str, offset: int) -> int:
    """The line, from 1, of the character at `offset`."""
    return text.count("\n", 0, offset) + 1
