"""etcd's server log: JSON lines (zap), its console form, and the text of releases up to 3.4 (capnslog).

Decides what of a server log is evidence: the sentences of its raft (etcd_texts.py), starts and stops, the
members' names and the election timeout. All other lines are ordinary ones, skipped and counted. The log tells
roles, terms, votes, refusals and conflicts; commit indexes and entries are in the write-ahead log
(etcd_wal.py), which is joined with it where it is at hand (etcd_join.py).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from trace_check.adapters.etcd_texts import STEP_DOWN_REASONS, Sentence, sentence_of
from trace_check.adapters.times import milliseconds_of, seconds_of_text
from trace_check.adapters.wire import decoder_of
from trace_check.errors import InputError
from trace_check.event import Config, Event, Item, NodeState, Place, Skipped, change_of

NAME = "etcd"

_OLD_TEXT = re.compile(
    r"(?P<ts>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,9}) (?P<level>[A-Z]) \| (?P<package>[\w/.-]+): (?P<msg>.*)"
)
_CONSOLE = re.compile(r"(?P<ts>\d{4}-\d\d-\d\dT\S{1,40})\t(?P<level>[a-z]+)\t(?P<rest>.*)")
_LOGRUS = re.compile(r'time="(?P<ts>[^"]{1,40})" level=\w+ msg="(?P<msg>[^"]*)"')
_GO_LOGGER = re.compile(
    r"raft(?P<ts>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) (?:\S+:\d+: )?[A-Z]+: (?P<msg>.*)"
)
_CALLERS = re.compile(
    r"(?:raft|rafthttp|etcdserver|etcdmain|embed|membership|wal|snap|mvcc|v3rpc|lease|auth|grpclog)/\w+\.go:\d+"
)
_NAME_ATTRIBUTE = re.compile(r"Name:([^ }]+)")
_STARTS = ("starting an etcd server", "configuring peer listeners")
_PUBLISHED = "published local member to cluster through raft"


class EtcdLine(msgspec.Struct):
    """The fields of a line that are used, of any release."""

    ts: float | str | None = None
    msg: str | None = None
    caller: str | None = None
    logger: str | None = None
    member: str | None = msgspec.field(default=None, name="local-member-id")
    attributes: str | None = msgspec.field(default=None, name="local-member-attributes")
    member_name: str | None = msgspec.field(default=None, name="name")
    election_timeout: str | None = msgspec.field(default=None, name="election-timeout")


_decode = decoder_of(EtcdLine)


def certainty(line: dict[str, Any]) -> int:
    """2 if the line can only be of an etcd server, 0 if it is not."""
    msg, caller = line.get("msg"), line.get("caller", "")
    if not isinstance(msg, str) or "level" not in line or "event" in line or not isinstance(caller, str):
        return 0
    return 2 if _CALLERS.match(caller) or sentence_of(msg) is not None else 0


def text_certainty(text: str) -> int:
    """2 for a line that only etcd's raft writes, in its text or console log or behind a prefix."""
    try:
        line = _wire(text.encode(), Place("", 0)) if text.endswith("}") else _line_of_text(text)
    except InputError:
        return 0
    return 2 if line is not None and line.msg is not None and sentence_of(line.msg) is not None else 0


def _wire(line: bytes, place: Place) -> EtcdLine | None:
    """The fields of a line, None for one that is no log line of etcd. Raises: InputError for broken JSON."""
    start = line.find(b'{"')
    if start == 0 or (start > 0 and b'"msg":' in line and b"\t" not in line[:start]):
        return _decode(line[start:], place)
    return _line_of_text(line.decode(errors="replace"))


def _line_of_text(text: str) -> EtcdLine | None:
    """The fields of a line that is no JSON, None for one that is no log line of etcd."""
    for pattern in (_OLD_TEXT, _GO_LOGGER, _LOGRUS):
        old = pattern.search(text)
        if old is not None:
            return _as_later_releases(EtcdLine(ts=old["ts"], msg=old["msg"]))
    console = _CONSOLE.search(text)
    if console is None:
        return None
    columns = console["rest"].split("\t")
    fields = columns[-1] if columns[-1].startswith("{") else "{}"
    msg = next(
        (column for column in columns if sentence_of(column) is not None), columns[min(1, len(columns) - 1)]
    )
    try:
        line = msgspec.json.decode(fields, type=EtcdLine)
    except (msgspec.DecodeError, RecursionError):
        line = EtcdLine()
    line.ts, line.msg = console["ts"], msg
    return line


def _as_later_releases(line: EtcdLine) -> EtcdLine:
    """A line of the old text log with the fields that the JSON log has for the same."""
    msg = line.msg or ""
    if msg.startswith("etcd Version: "):
        line.msg = _STARTS[0]
    elif msg.startswith("election = "):
        line.msg, line.election_timeout = _STARTS[0], msg.removeprefix("election = ")
    elif msg.startswith("published {Name:"):
        line.msg, line.attributes = _PUBLISHED, msg
    return line


class Parser:
    """Reads one server log, of one node or of several."""

    def __init__(self) -> None:
        self._me = ""
        self._mixed = self._starting = False
        self._reasons: dict[str, str] = {}
        self._members: set[str] = set()

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for JSON that is broken."""
        wire = _wire(line, place)
        if wire is None or wire.msg is None:
            return (Skipped(place),)
        sentence = sentence_of(wire.msg)
        if sentence is None:
            return self._server_line(wire, place) or (Skipped(place),)
        if sentence.me and sentence.me != self._me:
            self._mixed, self._me = bool(self._me), sentence.me
        if not sentence.kind:
            return self._voters(sentence.members, place)
        self._starting = self._starting and sentence.kind != "init"
        node = sentence.me or self._only
        if not node or (self._starting and sentence.kind == "role"):
            return (Skipped(place),)
        return (self._event(sentence, node, wire, place),)

    @property
    def _only(self) -> str:
        """The node whose log it is; "" where that is not known, or there are several."""
        return "" if self._mixed else self._me

    def _server_line(self, wire: EtcdLine, place: Place) -> tuple[Item, ...]:
        """What a line beside raft's own says: a start, a stop, a name.

        A starting server sets its role before raft says with which state it starts. That line says the same
        again, and comes too early to tell which start it belongs to: it is passed over.
        """
        if wire.msg in _STARTS:
            self._starting = not self._mixed
            timeout = milliseconds_of(wire.election_timeout)
            return () if timeout is None else (Config(place=place, election_timeout_ms=timeout),)
        member = wire.member or self._only
        if wire.msg == _PUBLISHED and member and wire.attributes:
            name = _NAME_ATTRIBUTE.search(wire.attributes)
            return () if name is None else (Config(place=place, names=((member, name[1]),)),)
        if wire.msg == "closed etcd server" and self._only:
            return (self._event(Sentence(self._only, "stop"), self._only, wire, place),)
        return ()

    def _voters(self, members: tuple[str, ...], place: Place) -> tuple[Item, ...]:
        if set(members) <= self._members:
            return (Skipped(place),)
        self._members.update(members)
        return (Config(place=place, nodes=members),)

    def _event(self, sentence: Sentence, node: str, wire: EtcdLine, place: Place) -> Event:
        fields = dict(sentence.fields)
        if sentence.kind == "role":
            fields["reason"] = self._reasons.pop(node, None)
            role, term = fields.pop("new_role"), fields.pop("new_term")
            fields["state"] = NodeState(role=role, term=term)
            fields["change"] = change_of(new_role=role, new_term=term)
        elif fields.get("reason") in STEP_DOWN_REASONS:
            self._reasons[node] = fields["reason"]
        else:
            self._reasons.pop(node, None)
        return Event(
            kind=sentence.kind,
            node=node,
            path=place.path,
            line=place.line,
            ts=seconds_of_text(wire.ts, place),
            one_at_a_time=True,
            **fields,
        )
