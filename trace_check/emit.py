"""Native log lines from Python programs: for the standard library's logging, for structlog, or bare.

A program says what happened; this adds when, where, in which incarnation, and counts. It checks nothing and
never raises for a field: a log is evidence, and the validator says which lines it does not understand.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

VERSION = 1
_FIELDS = "raft"


class Emitter:
    """The lines of one incarnation of one node, in the order in which they are made, from any thread.

    `inc` tells this run of the node from every other one; by default the process and its start.
    """

    def __init__(self, node: str, inc: str | None = None) -> None:
        self.node = node
        self.inc = inc or f"{os.getpid()}-{time.time_ns() // 1_000_000}"
        self._seq = self._sent = 0
        self._lock = threading.Lock()

    def line(self, event: str, fields: Mapping[str, Any], ts: float | None = None) -> str:
        """One line without its end. `event` "config" makes a declaration, which is of no node.

        A name that ends in an underscore stands for itself without it, as in `from_`. What JSON cannot hold
        is written as text.
        """
        plain = {name.removesuffix("_"): value for name, value in fields.items()}
        if event == "config":
            head: dict[str, Any] = {"v": VERSION, "kind": "config"}
        else:
            with self._lock:
                self._seq += 1
                seq = self._seq
            head = {"ts": time.time() if ts is None else ts, "node": self.node, "inc": self.inc, "seq": seq}
            head["event"] = event
        return msgspec.json.encode({**head, **plain}, enc_hook=str).decode()

    def mid(self) -> str:
        """A new message id, to travel with the message and to be logged on both ends."""
        with self._lock:
            self._sent += 1
            return f"{self.node}/{self.inc}/{self._sent}"


def state(
    role: str, term: int, vote: str | None, commit: int, last: Sequence[int] | None = None
) -> dict[str, Any]:
    """A node's state as the schema has it. `vote` None: nobody; `last`: index and term of the last entry."""
    known = {"role": role, "term": term, "vote": vote, "commit": commit}
    return known if last is None else {**known, "last": list(last)}


def raft(**fields: Any) -> dict[str, dict[str, Any]]:
    """The fields of an event as `extra` of a call of a logger: `log.info("recv", extra=raft(from_="n2"))`."""
    return {_FIELDS: fields}


class Formatter(logging.Formatter):
    """Writes records that carry `raft(...)` as native lines; the message is the event's name.

    Handlers call it under their lock, so that `seq` is the order of the lines in the file.
    """

    def __init__(self, emitter: Emitter) -> None:
        super().__init__()
        self.emitter = emitter

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        return self.emitter.line(record.getMessage(), getattr(record, _FIELDS, {}), record.created)


def handler(path: Path | str, emitter: Emitter) -> logging.Handler:
    """A handler that appends native lines to a file, and leaves all other records alone."""
    made = logging.FileHandler(path, encoding="utf-8")
    made.setFormatter(Formatter(emitter))
    made.addFilter(lambda record: hasattr(record, _FIELDS))
    return made


class Renderer:
    """The last processor of a structlog logger: `log.info("recv", from_="n2")` makes a native line."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter

    def __call__(self, logger: object, method: str, event_dict: MutableMapping[str, Any]) -> str:
        """The line of one event."""
        fields = dict(event_dict)
        return self.emitter.line(str(fields.pop("event")), fields)
