"""Files to items: opens each log (plain or gzip), finds its format, and parses it line by line.

Decides what a torn last line, an empty file and an unreadable file mean. A line that cannot be parsed ends
the reading: nothing is skipped in silence, and no file is ever written.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trace_check.adapters import FORMATS, formats_of
from trace_check.adapters.format import Format, Join
from trace_check.errors import InputError, InvalidJson
from trace_check.event import Config, Event, Item, Note, Place, Skipped, Unmapped

_GZIP_MAGIC = b"\x1f\x8b"
_BINARY_PROBE_BYTES = 8192
_SAMPLE_BYTES = 1 << 18


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
class Input:
    """Everything read, in the order of the files and lines."""

    files: list[SourceFile] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    configs: list[Config] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(paths: Sequence[Path], asked_format: str = "auto") -> Input:
    """All items of `paths`.

    Raises: InputError for a file that cannot be read, is no log, or holds a broken line; UsageError for an
    unknown format.
    """
    if not paths:
        raise InputError("no log was named", mend="name at least one file")
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise InputError("the file is named twice", mend="name each log once", path=path)
        seen.add(path.resolve())
    contents = [_content(path) for path in paths]
    formats = formats_of([content[:_SAMPLE_BYTES].split(b"\n") for content in contents], asked_format)
    files = [_File(path, content, form) for path, content, form in zip(paths, contents, formats, strict=True)]
    result = Input()
    for item in _joined(files):
        _keep(result, item)
    result.files = [file.source() for file in files]
    return result


def _joined(files: Sequence[_File]) -> Iterator[Item]:
    """All items, file by file; those of files that are read together as the one stream that they make."""
    together: dict[Join, list[_File]] = {}
    for file in files:
        join = None if file.form is None else file.form.join
        if join is None:
            yield from file.items()
        else:
            together.setdefault(join, []).append(file)
    for join, group in together.items():
        yield from join([file.items() for file in group])


def _content(path: Path) -> bytes:
    """The bytes of a file, decompressed, without a byte order mark."""
    try:
        data = path.read_bytes()
        if data.startswith(_GZIP_MAGIC):
            data = gzip.decompress(data)
    except IsADirectoryError:
        mend = f"name its files, for example {path}/*.ndjson"
        raise InputError("is a directory", mend=mend, path=path) from None
    except FileNotFoundError:
        raise InputError("no such file", mend="check the path", path=path) from None
    except (EOFError, zlib.error) as error:
        mend = "copy the file again, or decompress what is left of it and check that"
        raise InputError(f"damaged gzip data: {error}", mend=mend, path=path) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise InputError(message, mend="check the file", path=path) from None
    return data.removeprefix(b"\xef\xbb\xbf")


def lines_of(path: Path) -> list[bytes]:
    """The lines of a text file without ends, none of a binary one. Raises: InputError as `read` does."""
    content = _content(path)
    return [] if b"\0" in content[:_BINARY_PROBE_BYTES] else content.split(b"\n")


class _File:
    """One file as it is read: its records, and the counts that the report tells."""

    def __init__(self, path: Path, content: bytes, form: Format | None) -> None:
        self.path, self.form = path, form
        self.torn: Place | None = None
        self.events = self.skipped = 0
        if form is not None and form.records is not None:
            self.records, self.complete = list(form.records(io.BytesIO(content))), False
            return
        lines = content.split(b"\n")
        if b"\0" in lines[0][:_BINARY_PROBE_BYTES]:
            raise InputError("is a binary file", mend="name a JSON Lines log", path=path)
        self.complete = lines[-1] == b""
        self.records = lines[:-1] if self.complete else lines

    def items(self) -> Iterator[Item]:
        """The items in their order. Raises: InputError with the place of a broken record."""
        numbered = [(number, line) for number, line in enumerate(self.records, start=1) if line.strip()]
        if self.form is None:
            if numbered:
                _require_one_torn_line(self.path, numbered, self.complete)
                self.torn = Place(str(self.path), numbered[0][0])
            return
        parser = self.form.parser()
        for number, record in numbered:
            place = Place(str(self.path), number)
            try:
                items = parser.parse(record, place)
            except InvalidJson:
                if self.complete or number != len(self.records):
                    raise
                self.torn = place
                return
            for item in items:
                self.events += isinstance(item, Event)
                self.skipped += isinstance(item, Skipped)
                yield item

    def source(self) -> SourceFile:
        """What was read, after the last item."""
        return SourceFile(
            path=str(self.path),
            format="" if self.form is None else self.form.name,
            lines=len(self.records),
            events=self.events,
            skipped=self.skipped,
            torn=self.torn,
        )


def _keep(result: Input, item: Item) -> None:
    """Files `item` under its kind in `result`."""
    match item:
        case Event():
            result.events.append(item)
        case Config():
            result.configs.append(item)
        case Unmapped():
            result.unmapped.append(item)
        case Note():
            result.notes.append(item.text)


def _require_one_torn_line(path: Path, numbered: list[tuple[int, bytes]], complete: bool) -> None:
    """Raises: InputError unless the file holds nothing but one torn line."""
    if len(numbered) == 1 and not complete:
        return
    known = ", ".join(sorted(FORMATS))
    mend = f"leave the file out, or name its format with --format ({known}); docs/TRACES.md shows each"
    message = "no line of this file is an event of a known log format"
    raise InputError(message, mend=mend, path=path, line=numbered[0][0])
