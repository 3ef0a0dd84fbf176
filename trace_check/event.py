"""The sole currency past the adapters: what one log line says, in one vocabulary.

Everything is optional but the node and the place: a log is a partial observation, and a field that
is None was not logged. It decides nothing about order or truth. Source: the log schema, version 1
(docs/TRACES.md).
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

NOBODY = ""
"""A vote that is known to be given to nobody; None means that the vote was not logged."""

FOLLOWER = "follower"
PRECANDIDATE = "precandidate"
CANDIDATE = "candidate"
LEADER = "leader"
LEARNER = "learner"

APPEND = "append"
APPEND_RESPONSE = "append_response"
REQUEST_VOTE = "request_vote"
VOTE_RESPONSE = "vote_response"
PREVOTE = "prevote"
PREVOTE_RESPONSE = "prevote_response"
SNAPSHOT = "snapshot"
SNAPSHOT_RESPONSE = "snapshot_response"
OTHER = "other"

ANSWER_TO = {APPEND: APPEND_RESPONSE, SNAPSHOT: SNAPSHOT_RESPONSE, REQUEST_VOTE: VOTE_RESPONSE}
"""The fenced requests and the type of their answers. A pre-vote is no request of its term."""

KINDS = frozenset(
    {
        *("init", "role", "term", "vote", "append", "truncate", "commit", "send", "recv", "state", "stop"),
        *("lease_renew", "lease_expire", "client_invoke", "client_ok", "client_fail", "read", "snapshot"),
    }
)

Entry = tuple[int, int]
"""Index and term of a log entry."""


class Place(msgspec.Struct, frozen=True, order=True, gc=False):
    """Where a line is: the file as it was named, and the line, from 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class NodeState(msgspec.Struct, frozen=True, gc=False):
    """A partial view of one node. `last` is (index, term) of its last log entry, the term possibly None."""

    role: str | None = None
    term: int | None = None
    vote: str | None = None
    commit: int | None = None
    last: tuple[int, int | None] | None = None


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message between two nodes.

    `ok`: the vote was granted, or the append or snapshot taken. `prev`: the entry before `entries`, for a
    vote request the candidate's last entry, for a snapshot the last entry it holds. `index`: what a
    response acknowledges, or the last entry of a snapshot. `commit`: the sender's commit index. `size`: how
    many entries an append has, where only that is logged. `at_match`: an append that stands on the last entry
    that its receiver is known to hold. `answers`: the `mid` of the answered request.
    """

    type: str
    raw_type: str
    src: str
    dst: str
    term: int | None = None
    ok: bool | None = None
    prev: Entry | None = None
    entries: tuple[Entry, ...] | None = None
    commit: int | None = None
    index: int | None = None
    answers: str | None = None
    size: int | None = None
    at_match: bool = False


class Client(msgspec.Struct, frozen=True, gc=False):
    """A client operation: its id, its name ("put", "get"), and for an answer what came of it.

    `is_write` is what `writes` says of the name. `entry` is the log entry of an acknowledged write, `term`
    the term that an answer names, `hint` the node that it sends the client to, where logged.
    """

    op: str | None
    f: str
    is_write: bool
    key: str | None = None
    value: str | None = None
    error: str | None = None
    entry: Entry | None = None
    term: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        target = "" if self.key is None else f" {self.key}"
        return f"{self.f}{target}" + ("" if self.value is None else f"={self.value}")


@lru_cache(256)
def writes(operation: str) -> bool:
    """True for an operation that may change something: its name does not begin as that of a read."""
    return not operation.lower().startswith(("get", "read", "range", "scan"))


class Change(msgspec.Struct, frozen=True, gc=False):
    """What a record says of a change of role or term; one of them at least is there."""

    old_role: str | None = None
    new_role: str | None = None
    old_term: int | None = None
    new_term: int | None = None


def change_of(
    old_role: str | None = None,
    new_role: str | None = None,
    old_term: int | None = None,
    new_term: int | None = None,
) -> Change | None:
    """The change that these say, None if they say nothing."""
    if old_role is None and new_role is None and old_term is None and new_term is None:
        return None
    return Change(old_role, new_role, old_term, new_term)


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of a node's log.

    `path` and `line` are its place. `pre` is the node before the event and `state` after it. `inc` is the
    incarnation (process or boot id), "" where the log has none. `ts` is wall-clock time in seconds, `mono` a
    monotonic clock of the node's host. `entries`: appended ones; `entry`: the committed, the last kept
    (truncate) or the last included (snapshot) one. `one_at_a_time`: the node handles one message at a time:
    an answer follows its request. `by_client`: a line of a client's own history: `ts` is the client's clock,
    and `node` acted at some moment between invocation and answer. `voters`: the voters as the node has them,
    two sets while they change.
    """

    kind: str
    node: str
    path: str
    line: int
    inc: str = ""
    seq: int | None = None
    ts: float | None = None
    mono: float | None = None
    mid: str | None = None
    msg: Message | None = None
    pre: NodeState | None = None
    state: NodeState | None = None
    change: Change | None = None
    reason: str | None = None
    entries: tuple[Entry, ...] | None = None
    entry: Entry | None = None
    client: Client | None = None
    one_at_a_time: bool = False
    by_client: bool = False
    voters: tuple[tuple[str, ...], ...] = ()

    @property
    def place(self) -> Place:
        return Place(self.path, self.line)

    @property
    def old_role(self) -> str | None:
        return None if self.change is None else self.change.old_role

    @property
    def new_role(self) -> str | None:
        return None if self.change is None else self.change.new_role

    @property
    def old_term(self) -> int | None:
        return None if self.change is None else self.change.old_term

    @property
    def new_term(self) -> int | None:
        return None if self.change is None else self.change.new_term


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What a log declares about its cluster.

    `nodes`: its members; `durable`: term, vote and log survive a restart, of `node` alone where it is given;
    `clock_error_ms` bounds the error between two nodes' wall clocks; `lease_ms` is how long a leader may go
    without quorum contact, `election_timeout_ms` how long a follower waits at least for its leader; `names`:
    (id, name) of members that the log calls by an id and that are shown by their name.
    """

    place: Place
    nodes: tuple[str, ...] = ()
    durable: bool | None = None
    node: str | None = None
    clock_error_ms: float | None = None
    lease_ms: float | None = None
    election_timeout_ms: float | None = None
    names: tuple[tuple[str, str], ...] = ()


class Unmapped(msgspec.Struct, frozen=True):
    """A well-formed line whose meaning the adapter does not know: it makes the verdict Inconclusive."""

    place: Place
    what: str


class Skipped(msgspec.Struct, frozen=True):
    """A well-formed line that is no part of the claimed stream (an ordinary log line between trace lines)."""

    place: Place


class Note(msgspec.Struct, frozen=True):
    """Something about the reading itself that the report has to tell."""

    text: str


Item = Event | Config | Unmapped | Skipped | Note
