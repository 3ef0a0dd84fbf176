"""The messages that TLC prints under -tool, and the plain facts in them (version, counts, states).

Decides how the text is cut up; what the facts mean for a verdict is decided by pymodel.tlc.outcome.
Source: the message codes of tlc2.output.EC, each seen in the output of TLC 2.15.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pymodel.engine.result import Coverage
from pymodel.errors import ToolError
from pymodel.tlc.values import parse_state
from pymodel.values import Value

_START = re.compile(r"@!@!@STARTMSG (\d+):(\d+) @!@!@\s*\Z")
_END = re.compile(r"@!@!@ENDMSG (\d+) @!@!@\s*\Z")
_VERSION = re.compile(r"Version (\d+(?:\.\d+)*)")
_PROGRESS = re.compile(r"Progress\((-?[\d,.]+)\) at [^:]*:\d\d:\d\d: (.*)", re.DOTALL)
_COUNTS = re.compile(
    r"([\d,.]+) states generated.*?([\d,.]+) distinct states? found.*?([\d,.]+) states? left"
)
_STATE = re.compile(r"\s*(\d+): <(.*?)>[ \t]*\n(.*)", re.DOTALL)
_LOCATION = re.compile(r"\s+line \d+, col \d+ to line \d+, col \d+ of module \w+\s*\Z")
_COVERAGE = re.compile(r"<(\w+)[^>]*>: (\d+):(\d+)")
_ESTIMATE = re.compile(r"(calculated|based on the actual fingerprints)[^=]*val = (\S+)")

VERSION, STATISTICS, PROGRESS, SUCCESS, DEPTH = 2262, 2199, 2200, 2193, 2194
STATE, STUTTERING, BACK_TO_STATE = 2217, 2218, 2122
COVERAGE_START, COVERAGE_NEXT = 2201, 2772
ERROR, BUG, WARNING = 1, 2, 3


@dataclass(frozen=True)
class Message:
    """One message; `severity` 0 is information, 1 an error, 2 a fault of TLC, 3 a warning, 4 a state."""

    code: int
    severity: int
    text: str


@dataclass(frozen=True)
class Progress:
    """How far TLC is: counts of states, levels of the search, states still to expand."""

    distinct: int
    generated: int
    depth: int
    queue: int


@dataclass(frozen=True)
class TraceState:
    """One state of a printed trace. `action` is as TLC names it, "Init" for an initial state;
    `arguments` is the text between its parentheses (newer jars), None where none is printed."""

    number: int
    action: str
    arguments: str | None
    state: dict[str, Value]


class MessageReader:
    """Cuts a stream of lines into messages. A message may hold another: the inner one comes out on its
    own, and its text stays part of the outer one too. `loose` gathers the lines outside any message."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.loose: list[str] = []
        self._open: list[tuple[int, int, list[str]]] = []

    def feed(self, line: str) -> tuple[Message, ...]:
        """Takes one line in; returns the message it completes, if any."""
        line = line.rstrip("\r\n")
        at = line.find("@!@!@STARTMSG ")
        if at >= 0 and (start := _START.match(line, at)):
            if at:
                self._keep(line[:at])
            self._open.append((int(start[1]), int(start[2]), []))
            return ()
        if self._open and (end := _END.match(line)) and int(end[1]) == self._open[-1][0]:
            code, severity, lines = self._open.pop()
            for text in lines:
                if self._open:
                    self._open[-1][2].append(text)
            self.messages.append(Message(code, severity, "\n".join(lines)))
            return (self.messages[-1],)
        self._keep(line)
        return ()

    def _keep(self, line: str) -> None:
        (self._open[-1][2] if self._open else self.loose).append(line)

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun and not ended: TLC was cut off."""
        return bool(self._open)


def read_messages(text: str) -> MessageReader:
    """The reader after all of `text`, for output that was recorded."""
    reader = MessageReader()
    for line in text.splitlines():
        reader.feed(line)
    return reader


def tool_name(messages: Iterable[Message]) -> str:
    """ "TLC 2.15"; a jar whose version is its build time gives the date alone, "TLC 2026.05.26"."""
    for message in messages:
        if message.code == VERSION and (version := _VERSION.search(message.text)):
            return "TLC " + ".".join(version[1].split(".")[:3])
    return "TLC (version not printed)"


def progress(message: Message) -> Progress | None:
    """The counts of a progress message; None if it is another message."""
    found = _PROGRESS.match(message.text) if message.code == PROGRESS else None
    counts = _counts(found[2]) if found else None
    if not found or not counts:
        return None
    generated, distinct, queue = counts
    return Progress(distinct, generated, _number(found[1]), queue)


def totals(messages: Sequence[Message]) -> Progress:
    """The last counts printed (2199), depth from 2194 or else from the last progress; 0 where unknown."""
    last = Progress(0, 0, 0, 0)
    depth = 0
    for message in messages:
        if reached := progress(message):
            last = reached
        elif message.code == STATISTICS and (counts := _counts(message.text)):
            last = Progress(counts[1], counts[0], last.depth, counts[2])
        elif message.code == DEPTH and (stated := re.search(r"search is ([\d,.]+?)\.?\s*\Z", message.text)):
            depth = _number(stated[1])
    return Progress(last.distinct, last.generated, depth or last.depth, last.queue)


def _counts(text: str) -> tuple[int, int, int] | None:
    found = _COUNTS.search(text)
    return (_number(found[1]), _number(found[2]), _number(found[3])) if found else None


def _number(text: str) -> int:
    return int(re.sub(r"[,.]", "", text))


def collision(messages: Iterable[Message]) -> str:
    """The odds that two states shared a fingerprint, as TLC estimates them; empty if it did not."""
    for message in messages:
        if message.code == SUCCESS:
            return ", ".join(
                f"{value} ({'calculated' if kind == 'calculated' else 'from the fingerprints'})"
                for kind, value in _ESTIMATE.findall(message.text)
            )
    return ""


def coverage(messages: Iterable[Message]) -> tuple[Coverage, ...]:
    """Per action of the last coverage report, in the spec's order; disjuncts of one action are summed."""
    counts: dict[str, tuple[int, int]] = {}
    for message in messages:
        if message.code == COVERAGE_START:
            counts = {}
        elif message.code == COVERAGE_NEXT and (found := _COVERAGE.search(message.text)):
            distinct, generated = counts.get(found[1], (0, 0))
            counts[found[1]] = (distinct + int(found[2]), generated + int(found[3]))
    return tuple(Coverage(name, generated, distinct) for name, (distinct, generated) in counts.items())


def trace(messages: Iterable[Message], variables: Sequence[str] = ()) -> tuple[TraceState, ...]:
    """The first trace printed, its states in the order of `variables`. Raises ToolError on unknown text."""
    states: list[TraceState] = []
    for message in messages:
        if message.code != STATE:
            continue
        found = _STATE.match(message.text)
        if not found:
            raise ToolError(f"TLC printed a state that cannot be read: {message.text[:120]!r}")
        if states and int(found[1]) <= states[-1].number:
            break
        name, arguments = action_label(found[2])
        name = "Init" if not states else name
        states.append(TraceState(int(found[1]), name, arguments, parse_state(found[3], variables)))
    return tuple(states)


def action_label(label: str) -> tuple[str, str | None]:
    """The action's name and the text of its arguments: "Timeout(s1) line 3, ..." is ("Timeout", "s1")."""
    name, bracket, rest = _LOCATION.sub("", label).strip().partition("(")
    return name, rest.rstrip().removesuffix(")") if bracket else None
