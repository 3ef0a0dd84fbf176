"""Files to items: finds each log's format, and parses it line by line, as far as it is asked to.

Decides what a torn last line, an empty file and an unreadable file mean. A line that cannot be parsed ends
the reading: nothing is skipped in silence, and no file is ever written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from trace_check.adapters import FORMATS, formats_of
from trace_check.adapters.format import Format, Join, RunParser
from trace_check.errors import InputError, InvalidJson
from trace_check.event import Config, Event, Item, Note, Place, Skipped, Unmapped
from trace_check.files import head_of, line_blocks, named_files, opened, readable, split_lines

Run = list[Event] | tuple[Item, ...]
"""What some lines hold, one after the other: a list has events alone."""

_BINARY_PROBE_BYTES = 8192
_UNMAPPED_KEPT = 3
_RUN_LINES = 64
"""How many lines are parsed at once: as many as the order reads ahead."""


@dataclass(frozen=True)
class SourceFile:
    """What was read of one file: its format ("" if it is empty), lines, events, and where it was torn."""

    path: str
    format: str
    lines: int
    events: int
    skipped: int
    torn: Place | None


@dataclass
class Gathered:
    """What the lines of all files say beside their events: declarations, and lines without a meaning.

    `unmapped` holds the first ones, `unmapped_count` counts all.
    """

    configs: list[Config] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)
    unmapped_count: int = 0
    notes: list[str] = field(default_factory=list)

    def events(self, runs: Iterator[Run]) -> Iterator[Event]:
        """The events of `runs`; keeps what else they hold."""
        return chain.from_iterable(map(self._sift, runs))

    def _sift(self, run: Run) -> list[Event]:
        if isinstance(run, list):
            return run
        events = []
        for item in run:
            if isinstance(item, Event):
                events.append(item)
            elif isinstance(item, Config):
                self.configs.append(item)
            elif isinstance(item, Unmapped):
                self.unmapped_count += 1
                if len(self.unmapped) < _UNMAPPED_KEPT:
                    self.unmapped.append(item)
            elif isinstance(item, Note):
                self.notes.append(item.text)
        return events


@dataclass
class Source:
    """One log file. `items` reads it, from its start each time; the counts tell how far."""

    path: Path
    format: Format | None
    lines: int = 0
    count: int = 0
    skipped: int = 0
    torn: Place | None = None

    def items(self) -> Iterator[Item]:
        """The items in the order of the lines. Raises: as `runs`."""
        return chain.from_iterable(self.runs())

    def runs(self) -> Iterator[Run]:
        """The items in the order of the lines, some at a time.

        Raises: InputError with the place of a broken line, or of a file that is none of a log.
        """
        self.lines = self.count = self.skipped = 0
        self.torn = None
        if self.format is None:
            self._require_one_torn_line()
            return
        parser = self.format.parser()
        run = parser.run if isinstance(parser, RunParser) else None
        name = str(self.path)
        for records, complete in self._records():
            done = 0
            while done < len(records):
                if run is not None and complete:
                    events = run(records[done : done + _RUN_LINES], name, self.lines + 1)
                    done += len(events)
                    self.lines += len(events)
                    self.count += len(events)
                    if events:
                        yield events
                        continue
                record = records[done]
                done += 1
                self.lines += 1
                if not record or record.isspace():
                    continue
                try:
                    items = parser.parse(record, Place(name, self.lines))
                except InvalidJson:
                    if complete:
                        raise
                    self.torn = Place(name, self.lines)
                    return
                for item in items:
                    if item.__class__ is Event:
                        self.count += 1
                    elif item.__class__ is Skipped:
                        self.skipped += 1
                yield items

    def _records(self) -> Iterator[tuple[Sequence[bytes], bool]]:
        """The records of the file, some at a time, and whether they are complete."""
        if self.format is None or self.format.records is None:
            yield from line_blocks(self.path)
            return
        before: bytes | None = None
        with opened(self.path) as stream, readable(self.path):
            for record in self.format.records(stream):
                if before is not None:
                    yield (before,), True
                before = record
        if before is not None:
            yield (before,), False

    def _require_one_torn_line(self) -> None:
        """Raises: InputError unless the file holds nothing, or nothing but one torn line."""
        for number, (line, complete) in enumerate(split_lines(self.path), start=1):
            self.lines = number
            if not line or line.isspace():
                continue
            if complete or self.torn is not None:
                raise _no_log(self.path, self.torn.line if self.torn else number)
            self.torn = Place(str(self.path), number)

    def summary(self) -> SourceFile:
        """What was read so far."""
        name = "" if self.format is None else self.format.name
        return SourceFile(str(self.path), name, self.lines, self.count, self.skipped, self.torn)


def sources(paths: Sequence[Path], asked_format: str = "auto") -> tuple[list[Source], list[str]]:
    """The logs that `paths` name, and notes on the files of folders that are left out.

    Raises: InputError for a file that cannot be read or is no log; UsageError for an unknown format.
    """
    named = named_files(paths)
    heads = [head_of(path) for path, _ in named]
    formats = formats_of([head.split(b"\n") for head in heads], asked_format)
    found, notes = [], []
    for (path, alone), head, form in zip(named, heads, formats, strict=True):
        binary = b"\0" in head.split(b"\n", 1)[0][:_BINARY_PROBE_BYTES]
        if binary and alone and (form is None or form.records is None):
            raise InputError("is a binary file", mend="name a JSON Lines log", path=path)
        if not alone and (form is None or (binary and form.records is None)) and head.strip():
            notes.append(f"{path} is no log of a known format: left out")
        else:
            found.append(Source(path, form))
    if not found:
        raise _no_log(named[0][0], 1)
    return found, notes


def streams_of(logs: Sequence[Source]) -> list[Iterator[Run]]:
    """The items of each log, those of logs that are read together as the one stream that they make."""
    alone: list[Iterator[Run]] = []
    together: dict[Join, list[Iterator[Item]]] = {}
    for source in logs:
        join = None if source.format is None else source.format.join
        if join is None:
            alone.append(source.runs())
        else:
            together.setdefault(join, []).append(source.items())
    return [*alone, *(((item,) for item in join(group)) for join, group in together.items())]


def _no_log(path: Path, line: int) -> InputError:
    known = ", ".join(sorted(FORMATS))
    mend = f"leave the file out, or name its format with --log-format ({known}); docs/TRACES.md shows each"
    message = "no line of this file is an event of a known log format"
    return InputError(message, mend=mend, path=path, line=line)


@dataclass
class Input:
    """A whole log in memory, in the order of the files and lines."""

    files: list[SourceFile]
    events: list[Event]
    configs: list[Config]
    unmapped: list[Unmapped]
    notes: list[str]


def read(paths: Sequence[Path], asked_format: str = "auto") -> Input:
    """All items of `paths`, in memory. Raises: as `sources` and `Source.items`."""
    logs, _ = sources(paths, asked_format)
    gathered = Gathered()
    events = list(gathered.events(chain.from_iterable(streams_of(logs))))
    return Input([log.summary() for log in logs], events, gathered.configs, gathered.unmapped, gathered.notes)
