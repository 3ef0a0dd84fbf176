"""etcd-raft's own trace (built `with_tla`): NDJSON, one trace event a line, all nodes in one file or several.

A receive line shows the node before handling (`pre`), every other line the node as it is. The `log` field
is the last index, without its term. `InitState` is written before a restarted node has loaded its durable
state: of that line only the role and the log are taken. Vote "0" is nobody. Lines of an ordinary log between
the trace lines are counted and skipped. Source: etcd-io/raft, state_trace.go (field and event names).
"""

from __future__ import annotations

from typing import Any

import msgspec

from trace_check.adapters.format import is_word_of
from trace_check.adapters.wire import Count, bad_line, decoder_of, role_of
from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    CANDIDATE,
    FOLLOWER,
    LEADER,
    NOBODY,
    REQUEST_VOTE,
    SNAPSHOT,
    VOTE_RESPONSE,
    Config,
    Event,
    Item,
    Message,
    NodeState,
    Place,
    Skipped,
    Unmapped,
    change_of,
)

NAME = "etcd-raft"

_KINDS = {
    "InitState": "init",
    "BecomeFollower": "role",
    "BecomeCandidate": "role",
    "BecomeLeader": "role",
    "Commit": "commit",
    "Replicate": "state",
    "ChangeConf": "state",
    "ApplyConfChange": "state",
    "Ready": "state",
    "SendAppendEntriesRequest": "send",
    "SendAppendEntriesResponse": "send",
    "SendRequestVoteRequest": "send",
    "SendRequestVoteResponse": "send",
    "SendSnapshot": "send",
    "ReceiveAppendEntriesRequest": "recv",
    "ReceiveAppendEntriesResponse": "recv",
    "ReceiveRequestVoteRequest": "recv",
    "ReceiveRequestVoteResponse": "recv",
    "ReceiveSnapshot": "recv",
}

_NEW_ROLE = {"BecomeFollower": FOLLOWER, "BecomeCandidate": CANDIDATE, "BecomeLeader": LEADER}

_TYPES = {
    "MsgApp": APPEND,
    "MsgHeartbeat": APPEND,
    "MsgAppResp": APPEND_RESPONSE,
    "MsgHeartbeatResp": APPEND_RESPONSE,
    "MsgVote": REQUEST_VOTE,
    "MsgVoteResp": VOTE_RESPONSE,
    "MsgSnap": SNAPSHOT,
}


class EtcdState(msgspec.Struct):
    """The hard state."""

    term: Count
    vote: str
    commit: Count


class EtcdMessage(msgspec.Struct):
    """A raftpb.Message; `entries` is their number, for a snapshot its last index."""

    type: str
    src: str = msgspec.field(name="from")
    dst: str = msgspec.field(name="to")
    term: Count = 0
    entries: Count = 0
    log_term: Count = msgspec.field(default=0, name="logTerm")
    index: Count = 0
    commit: Count = 0
    reject: bool = False


class EtcdEvent(msgspec.Struct):
    """The trace event; `log` is the last index, `conf` the incoming and outgoing voters."""

    name: str
    nid: str
    state: EtcdState
    role: str
    log: Count
    conf: list[list[str] | None] = []
    msg: EtcdMessage | None = None


class EtcdLine(msgspec.Struct):
    """A line of the trace logger, around the event."""

    event: EtcdEvent | None = None
    ts: float | str | None = None


_decode = decoder_of(EtcdLine)
_decode_bare = decoder_of(EtcdEvent)


def certainty(line: dict[str, Any]) -> int:
    """2 if the line can only be this format, 0 if it is not."""
    event = line.get("event", line)
    return 2 if isinstance(event, dict) and "nid" in event and is_word_of(event.get("name"), _KINDS) else 0


class Parser:
    """Reads one file; counts the incarnations of its nodes by their InitState lines."""

    def __init__(self) -> None:
        self._starts: dict[str, int] = {}
        self._voters: set[str] = set()

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for what is broken."""
        if b'"event"' in line or b'"level"' in line:
            wire = _decode(line, place)
            if wire.event is None:
                return (Skipped(place),)
            return self._items(wire.event, wire.ts, place)
        return self._items(_decode_bare(line, place), None, place)

    def _items(self, wire: EtcdEvent, ts: float | str | None, place: Place) -> tuple[Item, ...]:
        if wire.name not in _KINDS:
            return (Unmapped(place, f"unknown event {wire.name!r}"),)
        if wire.msg is not None and wire.msg.type not in _TYPES:
            return (Unmapped(place, f"unknown message type {wire.msg.type!r}"),)
        if isinstance(ts, str):
            raise bad_line(place, f"not a time: {ts!r}", "log seconds since 1970, as the trace logger does")
        if wire.name == "InitState":
            self._starts[wire.nid] = self._starts.get(wire.nid, 0) + 1
        event = self._event(wire, ts, place)
        voters = {name for group in wire.conf for name in group or ()}
        if voters <= self._voters:
            return (event,)
        self._voters |= voters
        return (Config(place=place, nodes=tuple(sorted(voters))), event)

    def _event(self, wire: EtcdEvent, ts: float | None, place: Place) -> Event:
        kind = _KINDS[wire.name]
        state = _state(wire, place)
        starts = self._starts.get(wire.nid, 0)
        return Event(
            kind=kind,
            node=wire.nid,
            path=place.path,
            line=place.line,
            inc=f"start {starts}" if starts else "",
            ts=ts,
            msg=None if wire.msg is None else _message(wire.msg),
            pre=state if kind == "recv" else None,
            state=None if kind == "recv" else state,
            change=change_of(
                new_role=_NEW_ROLE.get(wire.name), new_term=wire.state.term if kind == "role" else None
            ),
            one_at_a_time=True,
            voters=tuple(tuple(group) for group in wire.conf if group),
        )


def _state(wire: EtcdEvent, place: Place) -> NodeState:
    role = role_of(wire.role, place)
    if wire.name == "InitState":
        return NodeState(role=role, last=(wire.log, None))
    vote = NOBODY if wire.state.vote == "0" else wire.state.vote
    return NodeState(
        role=role, term=wire.state.term, vote=vote, commit=wire.state.commit, last=(wire.log, None)
    )


def _message(msg: EtcdMessage) -> Message:
    kind = _TYPES[msg.type]
    heartbeat = msg.type == "MsgHeartbeat"
    if kind == SNAPSHOT:
        prev = None
    elif kind in (APPEND, REQUEST_VOTE) and not heartbeat:
        prev = (msg.index, msg.log_term)
    else:
        prev = None
    answered = kind == APPEND_RESPONSE and msg.type != "MsgHeartbeatResp"
    return Message(
        type=kind,
        raw_type=msg.type,
        src=msg.src,
        dst=msg.dst,
        term=msg.term or None,
        ok=not msg.reject if kind in (APPEND_RESPONSE, VOTE_RESPONSE) else None,
        prev=prev,
        commit=msg.commit if kind == APPEND and not heartbeat else None,
        index=msg.index if answered else msg.entries if kind == SNAPSHOT else None,
        size=msg.entries if kind == APPEND else None,
        at_match=heartbeat,
    )
