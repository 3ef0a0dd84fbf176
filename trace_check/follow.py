"""Live logs: read as they grow, judged line by line, until somebody says stop.

The order is the one in which lines arrive, each send before its receipts as far as both are there; no verdict
depends on it. What would need a second reading of the logs is an error here.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from trace_check.adapters import formats_of
from trace_check.adapters.format import Parser
from trace_check.check import report_of
from trace_check.errors import InputError
from trace_check.event import Event, Item, Place
from trace_check.explain import Acknowledgements
from trace_check.files import STDIN, named_files
from trace_check.judge import Judge
from trace_check.lanes import Feed, OutOfOrder
from trace_check.order import Merge
from trace_check.passes import Passed, declare
from trace_check.reader import Gathered, Source
from trace_check.report import Report
from trace_check.rules import Finding
from trace_check.track import LateDeclaration


class Tail:
    """Iterates over what a growing file holds so far; after its end it goes on where lines were added."""

    def __init__(self, source: Source, asked_format: str, gathered: Gathered) -> None:
        self.source, self.ended = source, False
        self._asked, self._gathered = asked_format, gathered
        self._parser: Parser | None = None
        self._ready: deque[Event] = deque()
        self._arrived: queue.SimpleQueue[bytes] | None = None
        if source.path == STDIN:
            self._arrived = queue.SimpleQueue()
            threading.Thread(target=self._listen, daemon=True).start()
        else:
            self._stream = source.path.open("rb")

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        while not self._ready:
            line = self._line()
            if line is None:
                raise StopIteration
            self._read(line)
        return self._ready.popleft()

    def _listen(self) -> None:
        for line in sys.stdin.buffer:
            if self._arrived is not None:
                self._arrived.put(line)
        self.ended = True

    def _line(self) -> bytes | None:
        """The next complete line, None if it is not there yet."""
        if self._arrived is not None:
            try:
                return self._arrived.get_nowait()
            except queue.Empty:
                return None
        start = self._stream.tell()
        if self.source.path.stat().st_size < start:
            mend = "start again with the logs as they are now"
            raise InputError("became shorter while it was followed", mend=mend, path=self.source.path)
        line = self._stream.readline()
        if line.endswith(b"\n"):
            return line
        self._stream.seek(start)
        return None

    def _read(self, line: bytes) -> None:
        """Parses one line. Raises: InputError with its place."""
        source = self.source
        source.lines += 1
        if line.isspace():
            return
        place = Place(str(source.path), source.lines)
        if self._parser is None:
            (source.format,) = formats_of([[line]], self._asked)
            if source.format is None or source.format.join or source.format.records:
                mend = (
                    "follow logs that are one JSON event a line, and validate others when they are complete"
                )
                raise InputError(
                    "not a log that can be followed", mend=mend, path=place.path, line=place.line
                )
            self._parser = source.format.parser()
        items: tuple[Item, ...] = self._parser.parse(line.rstrip(b"\r\n"), place)
        events = list(self._gathered.events(iter((items,))))
        source.count += len(events)
        self._ready.extend(events)


class Follower:
    """Judges growing logs: `poll` takes in what was added, `report` tells what all lines so far show."""

    def __init__(self, paths: Sequence[Path], format: str = "auto", strict: bool = False) -> None:
        self._strict = strict
        self._gathered = Gathered()
        self._logs = [Source(path, None) for path, _ in named_files(paths)]
        for log in self._logs:
            if log.path != STDIN and not log.path.is_file():
                raise InputError("no such file", mend="follow files that are there", path=log.path)
        self._tails = [Tail(log, format, self._gathered) for log in self._logs]
        self._merge = Merge([Feed(tail) for tail in self._tails])
        self._judge = Judge()
        self._acknowledgements = Acknowledgements()
        self._merge.on_read = partial(declare, self._judge, self._merge, self._gathered.configs)
        self._told: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        """True if nothing can be added any more."""
        return all(tail.ended for tail in self._tails)

    def poll(self) -> list[tuple[str, Finding]]:
        """Takes in what was added; rule and finding of what is wrong with it.

        Raises: InputError for a broken line, and for what only a second reading could judge.
        """
        try:
            self._take_in()
        except OutOfOrder:
            mend = "validate the logs when they are complete"
            raise InputError("a node's lines are not in order: they cannot be followed", mend=mend) from None
        except LateDeclaration:
            mend = "declare durable, lease_ms and clock_error_ms in the first lines"
            raise InputError("a declaration came after lines that it concerns", mend=mend) from None
        fresh = []
        for name, findings in self._judge.findings():
            fresh += [(name, finding) for finding in findings[self._told.get(name, 0) :]]
            self._told[name] = len(findings)
        return fresh

    def _take_in(self) -> None:
        self._merge.prime()
        for event, lane in self._merge:
            self._judge.see(event, lane)
            self._acknowledgements.see(event)

    def report(self) -> Report:
        """The report on all lines so far; nothing is taken in after it."""
        gaps = [gap for lane in self._merge.lanes.values() if (gap := lane.gap()) is not None]
        passed = Passed(self._judge, self._merge, self._gathered, self._acknowledgements, gaps)
        return report_of(passed, self._logs, self._strict)
