"""A log for TLC: its lines as spec/TraceRaft.tla takes them.

Decides what TLC is told of a line, and which logs are none for it: too long, or with a changing membership.
Indexes are counted from the first that any line mentions, so that a log may begin anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trace_check.event import APPEND, APPEND_RESPONSE, NOBODY, VOTE_RESPONSE, Message
from trace_check.load import Log
from trace_check.replay.steps import (
    APPENDED,
    CANDIDATE_ROLE,
    COMMITTED,
    FOLLOWER_ROLE,
    FORGET,
    GAP,
    KINDS,
    LEADER_ROLE,
    NIL,
    RECEIVE,
    RESTART,
    ROLE,
    SEND,
    START,
    Reader,
    Step,
    View,
    durable_nodes,
)
from trace_check.replay.survey import Survey

LINES_MAX = 1_000
INDEXES_MAX = 1_000
_ROLES = {FOLLOWER_ROLE: "Follower", CANDIDATE_ROLE: "Candidate", LEADER_ROLE: "Leader"}


@dataclass(frozen=True)
class Trace:
    """A log for TLC. `known[k - 1]` is the term of index k, as the log tells it or else guessed; `exact`:
    nothing that is claimed rests on a guess. `terms` and `indexes` are all that the lines mention."""

    servers: tuple[str, ...]
    lines: list[dict[str, Any]]
    known: list[int]
    exact: bool
    votes_logged: bool
    acks_logged: bool
    terms: set[int]
    indexes: set[int]


def unfit(log: Log, survey: Survey) -> str | None:
    """Why TLC cannot be asked about the log, in words; None if it can."""
    if survey.events > LINES_MAX:
        return f"{survey.events} events are too many for TLC: at most {LINES_MAX}"
    thin = survey.too_thin(log.configs)
    if thin:
        return thin
    servers = set(survey.servers(log.configs))
    members = {config.nodes for config in log.configs if config.nodes and config.node is None}
    voters = {frozenset(group) for event in log.events for group in event.voters}
    if len(members) > 1 or any(group != servers for group in voters):
        return "the membership changes, and in the spec it is fixed"
    return None


def trace_of(log: Log, survey: Survey, left: frozenset[int] = frozenset()) -> Trace:
    """The log as TLC takes it. `left` are the indexes of events at which it leaves the spec.

    Raises: ValueError if it mentions more indexes than TLC can hold.
    """
    servers = survey.servers(log.configs)
    reader = Reader(servers, durable_nodes(log.configs))
    maker = _Maker(reader, survey, servers, left)
    for number, event in enumerate(log.events):
        maker.add(reader.step(number, event))
    if maker.span > INDEXES_MAX:
        raise ValueError(f"{maker.span} log indexes are too many for TLC: at most {INDEXES_MAX}")
    known, exact = maker.history()
    return Trace(
        servers,
        maker.shifted(),
        known,
        exact,
        len(servers) == 1 or survey.heard(VOTE_RESPONSE),
        len(servers) == 1 or survey.heard(APPEND_RESPONSE),
        maker.terms | {0},
        {index - maker.base for index in maker.indexes} | {0},
    )


class _Maker:
    """Turns steps into lines, and gathers what they mention."""

    def __init__(
        self, reader: Reader, survey: Survey, servers: tuple[str, ...], left: frozenset[int]
    ) -> None:
        self.reader = reader
        self.survey = survey
        self.servers = servers
        self.left = left
        self.terms: set[int] = set()
        self.indexes: set[int] = set()
        self.lines: list[dict[str, Any]] = []
        self._evidence: dict[int, set[int]] = {}
        self._taken_up: list[View] = []
        self._keys: dict[Any, int] = {}
        self._sent: set[Any] = set()

    @property
    def base(self) -> int:
        """What is taken off each index."""
        return max(min(self.indexes, default=0) - 1, 0)

    @property
    def span(self) -> int:
        """How many indexes there are above it."""
        return max(max(self.indexes, default=0) - self.base, 0)

    def add(self, step: Step) -> None:
        """Takes in the next step."""
        left = step.index in self.left
        self._mention(step)
        pre, post, start = step.pre, step.post, step.post.with_(step.pre)
        if step.kind == SEND:
            pre = post = _sender(step)
        if left:
            self.reader.mid_run.add(step.node)
            start = post.with_(start)
        elif step.begins is not None:
            start = step.taken_up
        if step.starts:
            start = start._replace(role=FOLLOWER_ROLE)
        if left or step.begins in (START, FORGET, GAP):
            self._taken_up.append(start)
        line: dict[str, Any] = {
            "node": self.servers[step.node],
            "kind": step.kind,
            "begins": "on" if step.begins is None else "restart" if step.begins == RESTART else "taken up",
            "left": left,
            "prompt": step.prompt,
            "open": _is_open(step),
            "start": start,
            "crash": step.post._replace(role=None, commit=None),
            "pre": pre,
            "post": post,
            "entry": () if step.entry is None else step.entry,
        }
        if step.kind in (SEND, RECEIVE) and step.msg is not None:
            line |= self._message(step, step.msg)
        self.lines.append(line)
        if step.kind == SEND and not left:
            self._sent.add(step.key)

    def _message(self, step: Step, msg: Message) -> dict[str, Any]:
        known = step.key in self._sent
        hidden = not known and not (
            step.by_id and self.survey.complete and step.src not in self.reader.mid_run
        )
        return {
            "src": self.servers[step.src],
            "dst": self.servers[step.dst],
            "key": self._keys.setdefault(step.key, len(self._keys) + 1),
            "foreign": step.kind == RECEIVE and hidden,
            "msg": _Told(msg, step.size),
        }

    def _mention(self, step: Step) -> None:
        for view in (step.pre, step.post):
            self._note(view.last_index, view.last_term)
            self._note(view.commit, None)
            self._note(None, view.term)
        if step.entry is not None:
            self._note(*step.entry)
        msg = step.msg
        if msg is None:
            return
        for index, term in (*(msg.entries or ()), *([msg.prev] if msg.prev is not None else [])):
            self._note(index, term)
        self._note(msg.index, None)
        self._note(msg.commit, None)
        self._note(None, msg.term)

    def _note(self, index: int | None, term: int | None) -> None:
        if index is not None:
            self.indexes.add(index)
        if term is not None:
            self.terms.add(term)
        if index and term is not None:
            self._evidence.setdefault(index, set()).add(term)

    def history(self) -> tuple[list[int], bool]:
        """The term of each index, and whether each that a node begins with is told, and as one."""
        base, above = self.base, max(self.terms, default=0)
        known = [0] * self.span
        for place in reversed(range(self.span)):
            told = [term for term in self._evidence.get(base + place + 1, ()) if term <= above]
            known[place] = above = max(told, default=above)
        exact = all(self._is_told(view) for view in self._taken_up)
        return known, exact

    def _is_told(self, view: View) -> bool:
        if view.last_index is None or (view.last_index > 0 and view.last_term is None):
            return False
        before = range(self.base + 1, view.last_index)
        return all(len(self._evidence.get(index, ())) == 1 for index in before) and view.commit is not None

    def shifted(self) -> list[dict[str, Any]]:
        """The lines in TLA+ terms, their indexes counted from the first that is mentioned."""
        return [
            {name: _shifted(value, self.base, self.servers) for name, value in line.items()}
            for line in self.lines
        ]


@dataclass(frozen=True)
class _Told:
    """A message as its line tells it."""

    msg: Message
    size: int | None

    def record(self, base: int) -> dict[str, Any]:
        """What is told, by the names of spec/TraceRaft.tla."""
        msg = self.msg
        told: dict[str, Any] = {"term": msg.term, "ok": msg.ok, "size": self.size}
        told["prev"] = None if msg.prev is None else (msg.prev[0] - base, msg.prev[1])
        told["commit"] = None if msg.commit is None else msg.commit - base
        told["index"] = None if msg.index is None else msg.index - base
        told["entries"] = None if msg.entries is None else tuple((i - base, t) for i, t in msg.entries)
        told["at_match"] = True if msg.at_match else None
        return {"type": KINDS[msg.type], **_only_told(told)}


def _sender(step: Step) -> View:
    """The node as it has to be to send what the line shows: an append tells its leader's commit index too."""
    view = step.sender
    if step.msg is not None and step.msg.type == APPEND and view.commit is None:
        view = view._replace(commit=step.msg.commit)
    return view.with_(step.pre)


def _is_open(step: Step) -> bool:
    """Whether the line records something that its view does not tell."""
    if step.kind == ROLE:
        return step.post.role is None or step.post.term is None
    if step.kind == APPENDED:
        return step.post.last_index is None and step.entry is not None
    return step.kind == COMMITTED and step.post.commit is None and step.entry is not None


def _only_told(fields: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in fields.items() if value is not None}
    return {"told": frozenset(told), **told}


def _shifted(value: Any, base: int, servers: tuple[str, ...]) -> Any:
    """A field of a line in TLA+ terms."""
    if isinstance(value, View):
        vote = None if value.vote is None else NOBODY if value.vote == NIL else servers[value.vote]
        last = None if value.last_index is None else value.last_index - base
        fields = {
            "role": None if value.role is None else _ROLES[value.role],
            "term": value.term,
            "vote": vote,
            "commit": None if value.commit is None else max(value.commit - base, 0),
            "last": last,
            "lastTerm": value.last_term if last else None,
        }
        return _only_told(fields)
    if isinstance(value, _Told):
        return value.record(base)
    if isinstance(value, tuple) and value:
        return (value[0] - base, value[1])
    return value
