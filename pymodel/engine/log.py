"""An append-only file of numbers, whose length and checksum are known at every moment.

What a kill leaves half written lies beyond the recorded length, and is cut off when the file is opened
again.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pymodel.errors import CheckpointError

CHUNK_BYTES = 1 << 24


class Log:
    """The file at `path` of numbers of one kind, from its recorded length on; anew if that is 0."""

    def __init__(self, path: Path, kind: DTypeLike, *, size: int = 0, crc: int = 0) -> None:
        self.path = path
        self.kind = np.dtype(kind)
        self.size = size
        self.crc = crc
        self.file = path.open("r+b" if size else "w+b")
        self.file.truncate(size)
        self.file.seek(size)

    @property
    def count(self) -> int:
        return self.size // self.kind.itemsize

    def append(self, numbers: NDArray[Any]) -> None:
        data = np.ascontiguousarray(numbers, self.kind).data.cast("B")
        self.file.write(data)
        self.crc = zlib.crc32(data, self.crc)
        self.size += len(data)

    def read(self, first: int, count: int) -> NDArray[Any]:
        """`count` numbers from number `first` on, as far as there are so many."""
        self.file.flush()
        count = max(0, min(count, self.count - first))
        return np.fromfile(self.path, self.kind, count, offset=first * self.kind.itemsize)

    def flush(self, durable: bool = False) -> None:
        """Hand everything to the system, or to the disk if `durable`."""
        self.file.flush()
        if durable:
            os.fsync(self.file.fileno())

    def close(self) -> None:
        """Let go of the file. What a full disk then refuses lies beyond any recorded length."""
        with suppress(OSError):
            self.file.close()

    def remove(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)

    def facts(self) -> dict[str, int]:
        return {"bytes": self.size, "crc": self.crc}


def reopen(path: Path, kind: DTypeLike, facts: dict[str, int]) -> Log:
    """The log at `path` as `facts` recorded it. Raises CheckpointError if it is no longer so."""
    size, crc = facts["bytes"], 0
    mend = "the search cannot be taken up again from here: start it anew in another folder"
    try:
        with path.open("rb") as file:
            left = size
            while left:
                data = file.read(min(left, CHUNK_BYTES))
                if not data:
                    raise CheckpointError(
                        f"cut off: {size - left:,} of {size:,} bytes are there", mend=mend, path=path
                    )
                crc = zlib.crc32(data, crc)
                left -= len(data)
    except OSError as error:
        raise CheckpointError(f"cannot be read: {error.strerror}", mend=mend, path=path) from error
    if crc != facts["crc"]:
        raise CheckpointError("damaged: its checksum is another", mend=mend, path=path)
    return Log(path, kind, size=size, crc=crc)
