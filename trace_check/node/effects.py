"""What one step asks of the world around it, in this order: store, log, send, answer.

A shell that stores durably before it does anything else keeps the promises that the step made. Nothing here
does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trace_check.node.messages import Entry, Message, Snapshot

OK = "OK"
ACCEPTED = "ACCEPTED"
REDIRECT = "REDIRECT"
ERROR = "ERROR"
UNKNOWN = "UNKNOWN"

NO_QUORUM = "NO_QUORUM"
LEASE_EXPIRED = "LEASE_EXPIRED"
NOT_READY = "NOT_READY"


class HardState(NamedTuple):
    """The durable term and vote; "" is a vote for nobody."""

    term: int
    vote: str


class Appended(NamedTuple):
    """Entries at `first` and behind; what was there is gone."""

    first: int
    entries: tuple[Entry, ...]


class Saved(NamedTuple):
    """A snapshot; entries behind it stay if `retain`, else the log is empty."""

    snapshot: Snapshot
    retain: bool


Write = HardState | Appended | Saved
"""One durable write. All writes of a step are stored together or not at all."""


class Answer(NamedTuple):
    """What client request `request` is told.

    `status`: OK (committed, or the value read), ACCEPTED (appended; another answer follows), REDIRECT
    (nothing was appended; `hint` leads, or "" if unknown), ERROR (nothing was appended; `error` says why),
    UNKNOWN (appended, and the node leads no more: it may or may not commit).
    """

    request: str
    status: str
    hint: str = ""
    error: str = ""
    value: str | None = None
    entry: tuple[int, int] | None = None


@dataclass
class Effects:
    """The effects of one step; each list in its order. `records` are lines of the native log schema."""

    writes: list[Write] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
