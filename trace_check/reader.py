"""Files to items: opens each log (plain or gzip), finds its format, and parses it line by line.

Decides what a torn last line, an empty file and an unreadable file mean. A line that cannot be parsed ends
the reading: nothing is skipped in silence, and no file is ever written.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trace_check.adapters import FORMATS, Format, formats_of
from trace_check.errors import InputError, InvalidJson
from trace_check.event import Config, Event, Item, Place, Unmapped

_GZIP_MAGIC = b"\x1f\x8b"
_BINARY_PROBE_BYTES = 8192


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
    contents = [_lines(path) for path in paths]
    formats = formats_of([lines for lines, _ in contents], asked_format)
    result = Input()
    for path, (lines, complete), form in zip(paths, contents, formats, strict=True):
        _parse_file(result, path, lines, complete, form)
    return result


def _lines(path: Path) -> tuple[list[bytes], bool]:
    """The lines of a file without their ends, and whether the last one is complete."""
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
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if b"\0" in lines[0][:_BINARY_PROBE_BYTES]:
        raise InputError("is a binary file", mend="name a JSON Lines log", path=path)
    ends_in_newline = lines[-1] == b""
    return (lines[:-1] if ends_in_newline else lines), ends_in_newline


def _parse_file(result: Input, path: Path, lines: list[bytes], complete: bool, form: Format | None) -> None:
    """Adds the items of one file to `result`. Raises: InputError with the place of a broken line."""
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    torn: Place | None = None
    skipped, events_before = 0, len(result.events)
    if form is None and numbered:
        _require_one_torn_line(path, numbered, complete)
        torn = Place(str(path), numbered[0][0])
    elif form is not None:
        parser = form.parser()
        for number, line in numbered:
            place = Place(str(path), number)
            try:
                items = parser.parse(line, place)
            except InvalidJson:
                if complete or number != len(lines):
                    raise
                torn = place
                break
            skipped += sum(not _keep(result, item) for item in items)
    result.files.append(
        SourceFile(
            path=str(path),
            format="" if form is None else form.name,
            lines=len(lines),
            events=len(result.events) - events_before,
            skipped=skipped,
            torn=torn,
        )
    )


def _keep(result: Input, item: Item) -> bool:
    """Files `item` under its kind in `result`; False for a line that is no part of the stream."""
    match item:
        case Event():
            result.events.append(item)
        case Config():
            result.configs.append(item)
        case Unmapped():
            result.unmapped.append(item)
        case _:
            return False
    return True


def _require_one_torn_line(path: Path, numbered: list[tuple[int, bytes]], complete: bool) -> None:
    """Raises: InputError unless the file holds nothing but one torn line."""
    if len(numbered) == 1 and not complete:
        return
    known = ", ".join(sorted(FORMATS))
    mend = f"leave the file out, or name its format with --format ({known}); docs/TRACES.md shows each"
    message = "no line of this file is an event of a known log format"
    raise InputError(message, mend=mend, path=path, line=numbered[0][0])
