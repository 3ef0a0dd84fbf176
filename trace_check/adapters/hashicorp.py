"""hashicorp/raft as Consul, Nomad, Vault and others log it, releases 0.x to 1.7.

Decides what its lines prove. Roles are logged, terms only by candidates: a leader leads the term of its own
candidature, since any other term would have made it a follower first. The term of a follower is not known.
Lines of other goroutines (replication, observers, statistics) may be late: of them only what cannot mislead
is taken. A log names its node at most by its address; until that is found it goes by the name of its file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import PurePath
from typing import Any

import msgspec

from trace_check.adapters.format import is_word_of
from trace_check.adapters.hclog import HcLine, address_in, line_of
from trace_check.adapters.merge import Ahead, in_time
from trace_check.adapters.rename import renamed
from trace_check.adapters.times import seconds_of_text
from trace_check.errors import InputError
from trace_check.event import (
    CANDIDATE,
    FOLLOWER,
    LEADER,
    VOTE_RESPONSE,
    Client,
    Config,
    Event,
    Item,
    Message,
    NodeState,
    Place,
    Skipped,
    change_of,
)

NAME = "hashicorp"

_SERVERS = re.compile(r"ID:(?P<id>\S*) Address:(?P<address>[^\s}]*)")
_ROLES = {
    "entering follower state": FOLLOWER,
    "entering candidate state": CANDIDATE,
    "entering leader state": LEADER,
}
_REASONS = {
    "heartbeat timeout reached, starting election": "heartbeat timeout",
    "Election timeout reached, restarting election": "election timeout",
    "newer term discovered, fallback to follower": "higher term",
    "lost leadership because received a requestVote with a newer term": "higher term",
    "peer has newer term, stopping replication": "higher term",
    "failed to contact quorum of nodes, stepping down": "quorum is not active",
}
_QUORUM_LOST = "failed to contact quorum of nodes, stepping down"
_KNOWN = frozenset(
    {
        *_ROLES,
        *_REASONS,
        *("vote granted", "voting for self", "election won", "duplicate requestVote for same term"),
        *("clearing log suffix", "initial configuration", "rejecting vote request"),
    }
)
_HCLOG_KEYS = frozenset({"@level", "@message", "@timestamp"})


def certainty(line: dict[str, Any]) -> int:
    """2 for a line that only this logger or this raft writes, 0 for any other."""
    if line.keys() >= _HCLOG_KEYS and not {"event", "pre"} & line.keys():
        return 2
    return 2 if "level" in line and is_word_of(line.get("msg"), _KNOWN) else 0


def text_certainty(text: str) -> int:
    """2 for a line of text that only this raft writes, 0 for any other."""
    try:
        line = line_of(text.encode(), Place("", 0))
    except InputError:
        return 0
    return 2 if line is not None and (line.msg in _KNOWN or line.msg.startswith("rejecting vote")) else 0


@dataclass
class _Node:
    """What is known of the node of a log, or of one label in it. `term` is the highest that the one goroutine
    that owns the raft state has shown, `candidature` the term for which the node is asking."""

    name: str
    begun: bool = False
    role: str | None = None
    term: int = 0
    candidature: int | None = None
    address: str = ""
    reason: str | None = None
    members: set[str] = field(default_factory=set)


class Parser:
    """Reads one log, of one node or of several behind labels."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for JSON that is broken."""
        wire = line_of(line, place)
        if wire is None:
            return (Skipped(place),)
        name = wire.label or PurePath(place.path).name.split(".")[0]
        node = self._nodes.setdefault(name, _Node(name))
        known = self._address(wire, node, place)
        servers = self._servers(wire, node, place)
        fields = self._fields(wire, node, place)
        if fields is None:
            return (*known, *servers) or (Skipped(place),)
        ts = seconds_of_text(wire.ts, place)
        event = Event(node=name, path=place.path, line=place.line, ts=ts, **fields)
        return (*known, *servers, event)

    @staticmethod
    def _address(wire: HcLine, node: _Node, place: Place) -> tuple[Item, ...]:
        """The node's address, where a line gives it for the first time."""
        if node.address:
            return ()
        if wire.msg in _ROLES:
            own = wire.fields.get("node") or wire.fields.get("follower")
            if own is None and wire.msg == "entering leader state":
                own = wire.fields.get("leader")
            node.address = address_in(own or "")
        elif wire.msg == "vote granted" and wire.fields.get("tally") == "1":
            node.address = wire.fields.get("from", "")
        elif wire.msg in ("voting for self", "pre-voting for self"):
            node.address = wire.fields.get("id", "")
        elif wire.msg == "accepted connection":
            node.address = wire.fields.get("local-address", "")
        return (Config(place=place, names=((node.name, node.address),)),) if node.address else ()

    @staticmethod
    def _servers(wire: HcLine, node: _Node, place: Place) -> tuple[Item, ...]:
        """Members, and the addresses of their ids; that a node which had begun starts with nothing."""
        if wire.msg == "initial configuration" and node.begun and wire.fields.get("servers") == "[]":
            return (Config(place=place, node=node.name, durable=False),)
        pairs = _SERVERS.findall(wire.fields.get("servers", ""))
        pairs = [(server, address) for server, address in pairs if address not in node.members]
        if not pairs:
            return ()
        node.members.update(address for _, address in pairs)
        names = tuple((server, address) for server, address in pairs if server != address)
        return (Config(place=place, nodes=tuple(address for _, address in pairs), names=names),)

    def _fields(self, wire: HcLine, node: _Node, place: Place) -> dict[str, Any] | None:
        """The fields of the event that a line is, None for a line that is none."""
        term = _number(wire.fields.get("term"))
        if wire.msg in _ROLES:
            return self._role(_ROLES[wire.msg], term, node)
        if wire.msg in _REASONS:
            node.reason = _REASONS[wire.msg]
            return {"kind": "lease_expire", "reason": node.reason} if wire.msg == _QUORUM_LOST else None
        if wire.msg == "initial configuration":
            return self._start(node)
        if wire.msg == "election won" and term is not None:
            node.candidature = term
            return None
        if wire.msg == "stats":
            return self._statistics(wire.fields, node)
        return _of_main(wire, term, node) or _of_client(wire)

    @staticmethod
    def _start(node: _Node) -> dict[str, Any]:
        node.begun = False
        node.role = node.candidature = node.reason = None
        return {"kind": "init"}

    @staticmethod
    def _role(role: str, term: int | None, node: _Node) -> dict[str, Any]:
        if role == CANDIDATE:
            node.candidature = term
        elif role == LEADER:
            term = node.candidature if node.role == CANDIDATE else None
        else:
            term = None
        node.role, reason, node.reason, node.begun = role, node.reason, None, True
        node.term = max(node.term, term or 0)
        state = NodeState(role=role, term=term)
        change = change_of(new_role=role, new_term=term)
        return {"kind": "role", "change": change, "state": state, "reason": reason}

    @staticmethod
    def _statistics(fields: dict[str, str], node: _Node) -> dict[str, Any] | None:
        """Statistics are read by another goroutine, field after field: a term below the known one is late,
        role and log end need not belong to it, and only the commit index follows its own order."""
        term, commit = _number(fields.get("term")), _number(fields.get("commit_index"))
        if term is None and commit is None:
            return None
        current = term if term is not None and term >= node.term else None
        node.term = current or node.term
        return {"kind": "state", "state": NodeState(term=current, commit=commit)}


def _of_main(wire: HcLine, term: int | None, node: _Node) -> dict[str, Any] | None:
    """Votes and truncations."""
    peer = address_in(wire.fields.get("from", wire.fields.get("candidate", "")))
    if wire.msg == "vote granted" and term is not None:
        node.term = max(node.term, term)
        msg = Message(type=VOTE_RESPONSE, raw_type=wire.msg, src=peer, dst=node.name, term=term, ok=True)
        return {"kind": "recv", "msg": msg, "pre": NodeState(term=term)}
    if wire.msg == "voting for self" and term is not None:
        node.term = max(node.term, term)
        return {"kind": "vote", "state": NodeState(term=term, vote=node.name)}
    if wire.msg == "duplicate requestVote for same term" and term is not None:
        node.term = max(node.term, term)
        return {"kind": "state", "state": NodeState(term=term), "reason": "vote asked for again"}
    if wire.msg.startswith("rejecting vote request"):
        msg = Message(type=VOTE_RESPONSE, raw_type=wire.msg, src=node.name, dst=peer, ok=False)
        return {"kind": "send", "msg": msg, "reason": wire.msg}
    if wire.msg == "clearing log suffix":
        return {"kind": "truncate", "reason": f"from {wire.fields.get('from')} to {wire.fields.get('to')}"}
    return None


def _of_client(wire: HcLine) -> dict[str, Any] | None:
    """Lines that an application writes about its own operations: `client_ok` and `client_fail`."""
    if wire.msg not in ("client_ok", "client_fail"):
        return None
    error = wire.fields.get("error") if wire.msg == "client_fail" else None
    key, value = wire.fields.get("key"), wire.fields.get("value")
    client = Client(None, "apply", is_write=True, key=key, value=value, error=error)
    return {"kind": wire.msg, "client": client}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and text.isascii() else None


def join(streams: Sequence[Iterator[Item]]) -> Iterator[Item]:
    """The items of all logs in the order of time, under the nodes' addresses, with `seq` and `inc`.

    Where the address of one log is not found, addresses that belong to no log are left out of messages: they
    may be that node's.
    """
    logs = [Ahead(stream) for stream in streams]
    names: dict[str, str] = {}
    for item in chain.from_iterable(log.head for log in logs):
        if isinstance(item, Config):
            names.update(item.names)
    names = {name: names.get(address, address) for name, address in names.items()}
    own = {item.node for log in logs for item in log.head if isinstance(item, Event)}
    complete = all(name in names for name in own)
    shown = {names.get(name, name) for name in own}
    placed = _Placed()
    for _, item in in_time([log.items() for log in logs]):
        new = renamed(item, names)
        if isinstance(new, Event):
            yield placed.event(new if complete else _without_strangers(new, shown))
        else:
            yield new


def _without_strangers(event: Event, known: set[str]) -> Event:
    msg = event.msg
    if msg is None:
        return event
    src, dst = (name if name in known else "" for name in (msg.src, msg.dst))
    return msgspec.structs.replace(event, msg=msgspec.structs.replace(msg, src=src, dst=dst))


class _Placed:
    """Counts each node's events and starts over all of its logs."""

    def __init__(self) -> None:
        self._seq: dict[str, int] = {}
        self._starts: dict[str, int] = {}
        self._begun: set[str] = set()

    def event(self, event: Event) -> Event:
        """The event with its place among those of its node."""
        node = event.node
        if event.kind == "init" and node in self._begun:
            self._starts[node] = self._starts.get(node, 1) + 1
        self._begun.add(node)
        self._seq[node] = self._seq.get(node, 0) + 1
        inc = f"start {self._starts.get(node, 1)}"
        return msgspec.structs.replace(event, seq=self._seq[node], inc=inc)
