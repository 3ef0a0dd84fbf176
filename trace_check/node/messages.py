"""The messages between nodes, and the entries they carry: the kinds and fields of the spec.

`sentAt` is the sender's own clock when it sent the request; the answer carries it back, so that a lease
counts from there. Source: Raft (2014), figures 2 and 13; thesis, section 9.6 (PreVote) and 3.10 (transfer).
"""

from __future__ import annotations

import msgspec


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A log entry: the term it was appended in, and the write: who asks (`request`), key and value.

    An entry without `request` changes nothing; each leader appends one to begin its term.
    """

    term: int
    request: str = ""
    key: str = ""
    value: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """What entries up to `lastIndex` did: values by key, and (index, term) of remembered requests."""

    lastIndex: int = 0
    lastTerm: int = 0
    values: dict[str, str] = {}
    remembered: dict[str, tuple[int, int]] = {}


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    source: str
    dest: str
    term: int
    mid: str = ""


class RequestVoteRequest(_Message, frozen=True, kw_only=True, tag=True):
    """`prevote`: asks whether a vote would be given in `term`, which the sender has not taken yet."""

    lastLogIndex: int
    lastLogTerm: int
    prevote: bool = False


class RequestVoteResponse(_Message, frozen=True, kw_only=True, tag=True):
    """`term` is the receiver's own; that of a granted pre-vote is the one asked about."""

    granted: bool
    prevote: bool = False
    re: str = ""


class AppendEntriesRequest(_Message, frozen=True, kw_only=True, tag=True):
    prevLogIndex: int
    prevLogTerm: int
    entries: tuple[Entry, ...]
    commitIndex: int
    sentAt: float


class AppendEntriesResponse(_Message, frozen=True, kw_only=True, tag=True):
    """`index`: the log agrees with the leader's up to here; in a rejection, where the leader may try next."""

    success: bool
    index: int
    sentAt: float
    re: str = ""


class InstallSnapshotRequest(_Message, frozen=True, kw_only=True, tag=True):
    snapshot: Snapshot
    sentAt: float


class InstallSnapshotResponse(_Message, frozen=True, kw_only=True, tag=True):
    """`index`: the last index of the snapshot that was taken; 0 in a rejection."""

    index: int
    sentAt: float
    re: str = ""


Request = RequestVoteRequest | AppendEntriesRequest | InstallSnapshotRequest
Response = RequestVoteResponse | AppendEntriesResponse | InstallSnapshotResponse
Message = Request | Response
