"""Paths to bytes: which files a command line names, and their lines, whatever packs them.

Plain, gzip and zstd files, folders, patterns and standard input. Lines are read in blocks, so that memory
does not grow with a file. No file is ever written; standard input is kept in a temporary file, for a second
reading.
"""

from __future__ import annotations

import glob
import gzip
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, cast

import zstandard

from trace_check.errors import InputError

STDIN = Path("-")

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_BLOCK_BYTES = 1 << 16
_LINE_BYTES_MAX = 1 << 24
_BINARY_PROBE_BYTES = 8192
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def named_files(paths: Sequence[Path]) -> list[tuple[Path, bool]]:
    """The files that `paths` name, and whether a file was named itself and not by its folder.

    A folder stands for the files below it, hidden ones left out; a pattern for what it matches.
    Raises: InputError for no path, a path without a file, and a file that is named twice.
    """
    if not paths:
        raise InputError("no log was named", mend="name at least one file")
    files = [named for path in paths for named in _expanded(path)]
    seen: set[Path] = set()
    for path, _ in files:
        if path.resolve() in seen:
            raise InputError("the file is named twice", mend="name each log once", path=path)
        seen.add(path.resolve())
    return files


def _expanded(path: Path) -> list[tuple[Path, bool]]:
    if path == STDIN:
        return [(path, True)]
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if file.is_file() and not _hidden(file, path))
        if not inside:
            raise InputError("the folder has no file", mend="name a folder with logs", path=path)
        return [(file, False) for file in inside]
    if not path.exists() and glob.has_magic(str(path)):
        matched = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
        if not matched:
            raise InputError("no file matches this pattern", mend="check the pattern", path=path)
        return [named for match in matched for named in _expanded(Path(match))]
    return [(path, True)]


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def head_of(path: Path) -> bytes:
    """The first bytes of a file, without a byte order mark. Raises: as `split_lines`."""
    with opened(path) as stream:
        return _block(stream, path).removeprefix(_BYTE_ORDER_MARK)


def is_binary(path: Path) -> bool:
    """True for a file whose first bytes are no text. Raises: as `split_lines`."""
    return b"\0" in head_of(path)[:_BINARY_PROBE_BYTES]


def line_blocks(path: Path) -> Iterator[tuple[list[bytes], bool]]:
    """The lines without their ends, many at a time, and whether they had one (only the last may lack it).

    Raises: InputError for a file that cannot be read, packed data that is damaged, and a line beyond 16 MiB.
    """
    with opened(path) as stream:
        rest, first, number = b"", True, 0
        while block := _block(stream, path):
            if first:
                block, first = block.removeprefix(_BYTE_ORDER_MARK), False
            lines = (rest + block).split(b"\n") if b"\n" in block else [rest + block]
            rest = lines.pop()
            number += len(lines)
            if len(rest) > _LINE_BYTES_MAX:
                message = f"a line of more than {_LINE_BYTES_MAX >> 20} MiB"
                mend = "name a JSON Lines log: one event a line"
                raise InputError(message, mend=mend, path=path, line=number + 1)
            yield lines, True
        if rest:
            yield [rest], False


def split_lines(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Each line, as `line_blocks` has them. Raises: as it."""
    for lines, complete in line_blocks(path):
        for line in lines:
            yield line, complete


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked. Raises: InputError for a file that cannot be opened."""
    try:
        raw: IO[bytes] = _kept_stdin().open("rb") if path == STDIN else path.open("rb")
    except IsADirectoryError:
        mend = f"name its files, for example {path}/*.ndjson"
        raise InputError("is a directory", mend=mend, path=path) from None
    except FileNotFoundError:
        raise InputError("no such file", mend="check the path", path=path) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise InputError(message, mend="check the file", path=path) from None
    with raw:
        magic = raw.read(4) if raw.seekable() else b""
        if magic:
            raw.seek(0)
        if magic.startswith(_GZIP_MAGIC):
            with gzip.open(raw) as unpacked:
                yield cast(IO[bytes], unpacked)
        elif magic == _ZSTD_MAGIC:
            yield cast(IO[bytes], _Unzstd(raw))
        else:
            yield raw


class _Unzstd:
    """The content of a zstd file. The library's own reader takes a cut file for a whole one."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._inside = False
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """More of the content, that of some `size` bytes of the file, or all. Raises: ZstdError."""
        parts: list[bytes] = []
        while size < 0 or not any(parts):
            packed = self._left or self._raw.read(_BLOCK_BYTES if size < 0 else size)
            self._left = b""
            if not packed:
                if self._inside:
                    raise zstandard.ZstdError("the file ends within a frame")
                break
            parts.append(self._frame.decompress(packed))
            self._inside = not self._frame.eof
            if self._frame.eof:
                self._left = self._frame.unused_data
                self._frame = zstandard.ZstdDecompressor().decompressobj()
        return b"".join(parts)


def _block(stream: IO[bytes], path: Path) -> bytes:
    """The next bytes, empty at the end. Raises: InputError for what cannot be read or unpacked."""
    with readable(path):
        return stream.read(_BLOCK_BYTES)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what reading and unpacking raise into an InputError that names the file."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        packing = "zstd" if isinstance(error, zstandard.ZstdError) else "gzip"
        mend = "copy the file again, or decompress what is left of it and check that"
        raise InputError(f"damaged {packing} data: {error}", mend=mend, path=path) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise InputError(message, mend="check the file", path=path) from None


@cache
def _kept_stdin() -> Path:
    """A temporary file with all of standard input; it goes when the program ends."""
    kept = tempfile.NamedTemporaryFile(prefix="trace-check-", delete=True)  # noqa: SIM115
    _KEPT.append(kept)
    shutil.copyfileobj(sys.stdin.buffer, kept)
    kept.flush()
    return Path(kept.name)


_KEPT: list[IO[bytes]] = []
