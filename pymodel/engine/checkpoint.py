"""What a search needs to be taken up again, in a folder: three append-only logs and the last level.

Logs grow all along; `checkpoint.json` says how much of them counts, and is replaced in one step at the end
of a level. A kill at any moment leaves the folder as of the last such end. What is read back is compared
with recorded lengths and checksums, and with the identity of model, cfg and options, before it is used.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from pymodel.engine.level import Journal, Level
from pymodel.engine.log import Log, reopen
from pymodel.errors import CheckpointError

FORMAT = 1
STATE = "checkpoint.json"
DURABLE_SECONDS = 30.0
LOGS = {"keys": np.int64, "parents": np.uint32, "ordinals": np.uint16}


class Saved(msgspec.Struct, forbid_unknown_fields=True):
    """Where a search stood at the end of a level. `counts`, `fresh` and `found` are the search's own."""

    format: int
    identity: str
    about: str
    depth: int
    sizes: list[int]
    counts: list[int]
    fresh: list[int]
    found: list[tuple[str, int, int, int]]
    seconds: float
    level: dict[str, int]
    logs: dict[str, dict[str, int]]


@dataclass
class Checkpoint:
    """The folder of a running search. `saved` is what it goes on from, if anything."""

    folder: Path
    identity: str
    about: str
    saved: Saved | None = None
    logs: dict[str, Log] = field(default_factory=dict)
    lock: IO[bytes] | None = None
    durable_at: float = 0.0

    def open_new(self) -> None:
        """Start in an empty or new folder. Raises CheckpointError where a checkpoint would be lost."""
        self._prepare()
        if (self.folder / STATE).exists():
            raise CheckpointError(
                "there is a checkpoint already",
                mend=f"go on from it with --recover {self.folder}, or give another folder",
                path=self.folder,
            )
        self.logs = {name: Log(self._log(name), kind) for name, kind in LOGS.items()}

    def open_saved(self) -> bool:
        """Take up what the folder holds; False, with the folder ready for a new search, if its search was
        killed before the first level ended. Raises CheckpointError for what is damaged or foreign."""
        if not self.folder.is_dir():
            raise CheckpointError("no such folder", mend="give the folder of --checkpoint", path=self.folder)
        if not (self.folder / STATE).exists():
            self.open_new()
            return False
        self._prepare()
        self.saved = self._read()
        self.logs = {
            name: reopen(self._log(name), kind, self.saved.logs[name]) for name, kind in LOGS.items()
        }
        return True

    def level_log(self, depth: int) -> Log:
        """The file for the rows of the level after `depth` expanded ones: the saved one, or a new one."""
        path = self.folder / f"level-{depth}.bin"
        if self.saved is not None and self.saved.depth == depth:
            return reopen(path, np.int64, self.saved.level)
        return Log(path, np.int64)

    def journal(self) -> Journal:
        return Journal(
            (self.logs["parents"], self.logs["ordinals"]), list(self.saved.sizes) if self.saved else []
        )

    def save(self, level: Level, **standing: Any) -> None:
        """Make the end of a level the point to go on from; `standing` are the fields of Saved that the
        search knows."""
        if level.log is None:
            raise ValueError("a level without a file cannot be saved")
        now = time.monotonic()
        durable = now - self.durable_at > DURABLE_SECONDS
        for log in [level.log, *self.logs.values()]:
            log.flush(durable)
        saved = Saved(
            format=FORMAT,
            identity=self.identity,
            about=self.about,
            level=level.log.facts(),
            logs={name: log.facts() for name, log in self.logs.items()},
            **standing,
        )
        waiting = self.folder / f"{STATE}.new"
        with waiting.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(saved), indent=1))
            file.flush()
            if durable:
                os.fsync(file.fileno())
                self.durable_at = now
        waiting.replace(self.folder / STATE)
        self.saved = None

    def remove(self) -> None:
        """Delete what this search wrote; the folder too, if nothing else is in it."""
        (self.folder / STATE).unlink(missing_ok=True)
        for log in self.logs.values():
            log.remove()
        for rest in self.folder.glob("level-*.bin"):
            rest.unlink()
        self.close()
        (self.folder / "lock").unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def close(self) -> None:
        for log in self.logs.values():
            log.close()
        if self.lock is not None:
            self.lock.close()
            self.lock = None

    def _prepare(self) -> None:
        """Make the folder and lock it. Raises CheckpointError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.lock = (self.folder / "lock").open("wb")
        except OSError as error:
            raise CheckpointError(
                f"cannot be written: {error.strerror}", mend="give another folder", path=self.folder
            ) from error
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CheckpointError(
                "another search is using it",
                mend="wait for its end, or give another folder",
                path=self.folder,
            ) from None

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.bin"

    def _read(self) -> Saved:
        path = self.folder / STATE
        try:
            saved = msgspec.json.decode(path.read_bytes(), type=Saved)
            if saved.format != FORMAT:
                raise msgspec.ValidationError(f"its format is {saved.format}, not {FORMAT}")
        except (msgspec.DecodeError, OSError) as error:
            raise CheckpointError(
                f"no checkpoint of this version: {error}",
                mend="start the search anew in another folder",
                path=path,
            ) from error
        if saved.identity != self.identity:
            raise CheckpointError(
                f"made by another search: {saved.about}, not {self.about}",
                mend="recover with the same model, cfg and options, or start anew in another folder",
                path=path,
            )
        return saved
