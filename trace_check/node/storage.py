"""Term, vote, log and snapshot of a node in SQLite: each step's writes are one transaction, or not at all.

WAL journal with synchronous=FULL: when `apply` has returned, the writes outlive a power cut. Source:
https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from pymodel.errors import FenceError
from trace_check.node.effects import Appended, HardState, Saved, Write
from trace_check.node.messages import Entry, Snapshot

_TABLES = """
CREATE TABLE IF NOT EXISTS hard (id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER, vote TEXT);
CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), data BLOB);
CREATE TABLE IF NOT EXISTS entries (
    idx INTEGER PRIMARY KEY, term INTEGER, request TEXT, key TEXT, value TEXT
);
"""


class StorageError(FenceError):
    """What a node has promised can no longer be stored: it has to stop."""


def _nothing(point: str) -> None:
    """Stands where a test ends the process."""


class Store:
    """The database of one node, in the file `path`."""

    def __init__(self, path: Path, *, pages_max: int = 0, at: Callable[[str], None] = _nothing) -> None:
        """`pages_max` bounds the file, as a full disk does. `at` is told each point of a write, for tests.

        Raises: StorageError if the file cannot be opened or is no such database.
        """
        self.path, self._at = path, at
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_TABLES)
            if pages_max:
                self._db.execute(f"PRAGMA max_page_count={int(pages_max)}")
        except sqlite3.Error as error:
            raise self._failed("open", error) from error

    def load(self) -> tuple[HardState | None, Snapshot | None, list[Entry]]:
        """What is stored: term and vote, snapshot, the entries behind it. Raises: StorageError."""
        try:
            hard = self._db.execute("SELECT term, vote FROM hard").fetchone()
            data = self._db.execute("SELECT data FROM snapshot").fetchone()
            rows = self._db.execute(
                "SELECT idx, term, request, key, value FROM entries ORDER BY idx"
            ).fetchall()
            snapshot = None if data is None else msgspec.msgpack.decode(data[0], type=Snapshot)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise self._failed("read", error) from error
        first = 1 if snapshot is None else snapshot.lastIndex + 1
        if [row[0] for row in rows] != list(range(first, first + len(rows))):
            raise StorageError("the log has a gap", path=self.path, mend="restore the node from its peers")
        return None if hard is None else HardState(*hard), snapshot, [Entry(*row[1:]) for row in rows]

    def apply(self, writes: Iterable[Write]) -> None:
        """Stores all writes, or none. Raises: StorageError if they could not be stored."""
        writes = list(writes)
        if not writes:
            return
        try:
            self._at("begin")
            self._db.execute("BEGIN IMMEDIATE")
            for write in writes:
                self._write(write)
                self._at(type(write).__name__)
            self._at("commit")
            self._db.execute("COMMIT")
            self._at("committed")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise self._failed("write", error) from error

    def _write(self, write: Write) -> None:
        run = self._db.execute
        if isinstance(write, HardState):
            run("INSERT OR REPLACE INTO hard VALUES (1, ?, ?)", write)
        elif isinstance(write, Appended):
            run("DELETE FROM entries WHERE idx >= ?", (write.first,))
            rows = [
                (write.first + k, entry.term, entry.request, entry.key, entry.value)
                for k, entry in enumerate(write.entries)
            ]
            self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", rows)
        else:
            self._save(write)

    def _save(self, saved: Saved) -> None:
        data = msgspec.msgpack.encode(saved.snapshot)
        self._db.execute("INSERT OR REPLACE INTO snapshot VALUES (1, ?)", (data,))
        bound = (saved.snapshot.lastIndex,) if saved.retain else (float("inf"),)
        self._db.execute("DELETE FROM entries WHERE idx <= ?", bound)

    def close(self) -> None:
        self._db.close()

    def _failed(self, what: str, error: Exception) -> StorageError:
        mend = "free the disk or restore the file, then start the node again"
        return StorageError(f"cannot {what} the database: {error}", path=self.path, mend=mend)
