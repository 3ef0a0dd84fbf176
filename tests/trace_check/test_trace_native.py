"""Native lines: the decoder of plain lines reads what the one that knows every alias reads.

And which appends and states a rule is shown.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from trace_check.adapters.native import Parser
from trace_check.adapters.plain import Names, plain_event
from trace_check.event import APPEND, KINDS, Event, Message, NodeState, Place
from trace_check.judge import Judge
from trace_check.lanes import Feed, Lane
from trace_check.rules.base import Rule
from trace_check.track import NodeView

PLACE = Place("n1.ndjson", 7)
HEAD: dict[str, Any] = {"v": 1, "ts": 12.5, "node": "n1", "inc": "a", "seq": 3}
STATE = {"role": "leader", "term": 3, "vote": "n1", "commit": 4, "last": [5, 3]}
APPENDED = {"type": "append", "term": 3, "prev": [4, 3], "entries": [[5, 3]], "commit": 4}
WRITE = {"op": "w1", "f": "put", "key": "x", "value": 7}

PLAIN: list[dict[str, Any]] = [
    {"event": "send", "to": "n2", "mid": "m1", "msg": APPENDED},
    {
        "event": "recv",
        "from": "n2",
        "mono": 1.0,
        "msg": {"type": "append_response", "success": False, "re": "m"},
    },
    {
        "event": "recv",
        "from": "n2",
        "msg": {"type": "vote", "last": [4, 3], "term": 4},
        "pre": STATE,
        "state": STATE,
    },
    {"event": "send", "to": "n2", "msg": {"type": "vote_response", "granted": True, "index": 2}},
    {
        "event": "role",
        "old_role": "candidate",
        "new_role": "leader",
        "old_term": 3,
        "new_term": 3,
        "reason": "won",
    },
    {"event": "term", "new_term": 4, "state": {"vote": None}},
    {"event": "vote", "state": {"vote": "n2", "role": "follower"}},
    {"event": "append", "entries": [[5, 3], [6, 3]], "state": STATE},
    {"event": "append", "op": "w1", "entries": [[5, 3]]},
    {"event": "truncate", "entry": [4, 3]},
    {"event": "commit", "entry": [5, 3], "state": STATE},
    {"event": "snapshot", "entry": [5, 3]},
    {"event": "state", "state": {}},
    {"event": "lease_renew"},
    {"event": "lease_expire"},
    {"event": "stop"},
    {"event": "client_invoke", **WRITE, "state": STATE},
    {"event": "client_ok", **WRITE, "entry": [5, 3]},
    {"event": "client_fail", **WRITE, "error": "redirect", "hint": "n2"},
    {"event": "client_fail", **WRITE, "error": "redirect", "to": "n3"},
    {"event": "read", "op": "r1", "key": 4},
    {"event": "state", "ts": "2026-03-04T05:06:07.123456789+02:00"},
    {"event": "state", "ts": "2026-03-04 05:06:07", "inc": 0},
    {
        "event": "send",
        "to": 0,
        "mid": 3,
        "msg": {**APPENDED, "re": 4},
        "pre": {"vote": 0},
        "state": {"vote": 2},
    },
    {"event": "recv", "from": "", "to": "n1", "msg": APPENDED},
    {"event": "client_fail", **WRITE, "error": "redirect", "to": 3},
]
NOT_PLAIN: list[dict[str, Any]] = [
    {"event": "state", "state": {"role": "primary"}},
    {"event": "state", "state": {"role": "leader", "last_index": 4}},
    {"event": "state", "timestamp": 4.5},
    {"event": "state", "time": "2026-03-04T05:06:07Z", "ts": None},
    {"event": "append", "op": "w1", "entries": []},
    {"event": "role", "old_term": 0, "new_term": 1, "new_role": "candidate"},
    {"event": "append", "msg": APPENDED},
    {"event": "send", "to": "n2", "msg": APPENDED, "op": "w1"},
    {"event": "send", "to": "n2", "msg": APPENDED, "entry": [5, 3]},
    {"event": "send", "to": "n2", "msg": APPENDED, "entries": [[5, 3]]},
    {"event": "send", "to": "n2", "msg": APPENDED, "old_role": "leader"},
    {"event": "send", "to": "n2", "msg": APPENDED, "new_role": "leader"},
    {"event": "send", "to": "n2", "msg": APPENDED, "old_term": 2},
    {"event": "send", "to": "n2", "msg": APPENDED, "new_term": 2},
    {"event": "send", "to": "n2", "msg": APPENDED, "reason": "won"},
    {"event": "recv", "msg": {**APPENDED, "from": "n2", "reject": True}},
    {"event": "send", "to": "n2", "msg": {"type": "vote_response", "prevote": True, "granted": True}},
    {"event": "client_ok", "op": 4, "value": 1.5, "key": ["x"]},
]


def read(line: dict[str, Any]) -> tuple[object, ...]:
    return Parser().parse(json.dumps(line).encode(), PLACE)


@pytest.mark.parametrize("fields", PLAIN + NOT_PLAIN, ids=lambda fields: fields["event"])
def test_a_plain_line_says_the_same_under_an_alias(fields: dict[str, Any]) -> None:
    """With `nid` for `node` a line is not plain."""
    aliased = {key: value for key, value in HEAD.items() if key != "node"} | {"nid": "n1"}
    (event,) = read({**HEAD, **fields})
    assert isinstance(event, Event)
    assert (event,) == read({**aliased, **fields})


@pytest.mark.parametrize("plain", [True, False])
def test_what_is_plain_is_read_as_such(plain: bool) -> None:
    for fields in PLAIN if plain else NOT_PLAIN:
        written = json.dumps({**HEAD, **fields}).encode()
        assert (plain_event(written, PLACE.path, PLACE.line, Names()) is not None) == plain, fields


def test_names_are_forgotten_where_there_are_too_many() -> None:
    names = Names()
    for number in range(10_000):
        assert names[number] == names[str(number)] == str(number)
    assert len(names) < 5_000


def test_every_kind_but_the_start_of_a_node_is_plain() -> None:
    assert {line["event"] for line in PLAIN} == KINDS - {"init"}


class _Heads(Rule):
    """Sees what it is shown of appends."""

    name = property = summary = "Heads"
    sends = receipts = frozenset({APPEND})
    seen: ClassVar[list[tuple[str, str, str]]] = []

    def see(self, event: Event, view: NodeView) -> None:
        if event.mid is not None:
            self.seen.append((type(self).__name__, event.kind, event.mid))

    def coverage(self) -> tuple[bool, str]:
        return True, ""


class _Entries(_Heads):
    reads_entries = True


def test_a_rule_sees_new_entries_only_if_it_reads_them() -> None:
    def append(kind: str, mid: str, src: str, term: int, last: int) -> Event:
        msg = Message(APPEND, APPEND, src, "n9", term, prev=(last, 1), entries=())
        return Event(kind, "n1", PLACE.path, PLACE.line, inc="a", mid=mid, msg=msg)

    _Heads.seen.clear()
    judge = Judge([_Heads, _Entries])
    lane = Lane("n1", 0, Feed(iter(())), past=[0])
    for event in (
        append("send", "first", "n1", 1, 4),
        append("send", "equal", "n1", 1, 4),
        append("send", "entries", "n1", 1, 5),
        append("send", "term", "n1", 2, 5),
        append("recv", "sender", "n2", 2, 5),
        append("recv", "received", "n2", 2, 6),
        append("send", "again", "n1", 2, 6),
        Event("state", "n1", PLACE.path, PLACE.line, inc="a", state=NodeState(term=3)),
        append("send", "older than its node", "n1", 2, 6),
    ):
        judge.see(event, lane)
    shown = {name: [mid for who, _, mid in _Heads.seen if who == name] for name in ("_Heads", "_Entries")}
    assert shown == {
        "_Heads": ["first", "term", "sender", "again", "older than its node"],
        "_Entries": ["first", "entries", "term", "sender", "received", "again", "older than its node"],
    }


class _States(Rule):
    """Notes which state each of its methods is shown, by the commit index and the incarnation."""

    name = property = summary = "States"
    seen: ClassVar[dict[str, list[str]]] = {}

    def see_standing(self, state: NodeState, event: Event, view: NodeView) -> None:
        self._note("standing", event)

    def see_log(self, state: NodeState, event: Event, view: NodeView) -> None:
        self._note("log", event)

    def see_commit(self, state: NodeState, event: Event, view: NodeView) -> None:
        self._note("commit", event)

    def see_reign(self, state: NodeState, event: Event, view: NodeView) -> None:
        self._note("reign", event)

    def _note(self, method: str, event: Event) -> None:
        self.seen.setdefault(method, []).append(event.mid or "")

    def coverage(self) -> tuple[bool, str]:
        return True, ""


def test_a_rule_sees_what_differs_in_a_state() -> None:
    def shown(mid: str, kind: str = "state", inc: str = "a", **fields: Any) -> Event:
        return Event(kind, "n1", PLACE.path, PLACE.line, inc=inc, mid=mid, state=NodeState(**fields))

    _States.seen.clear()
    judge = Judge([_States])
    lane = Lane("n1", 0, Feed(iter(())), past=[0])
    for event in (
        shown("first", role="follower", term=1, commit=0, last=(0, 0)),
        shown("equal", role="follower", term=1, commit=0, last=(0, 0)),
        shown("end", role="follower", term=1, commit=0, last=(1, 1)),
        shown("commit", role="follower", term=1, commit=1, last=(1, 1)),
        shown("vote", role="follower", term=1, vote="n2", commit=1, last=(1, 1)),
        shown("won", role="leader", term=2, vote="n1", last=(1, 1)),
        shown("own entry", role="leader", term=2, vote="n1", last=(2, 2)),
        shown("within a step", kind="vote", role="leader", term=3, vote="n1", last=(2, 2)),
        shown("unnamed", inc="", role="follower", term=3, commit=1),
        shown("named", inc="a", role="follower", term=3, commit=1, last=(2, 2)),
        shown("restarted", inc="b", role="follower", term=3, commit=1, last=(2, 2)),
    ):
        judge.see(event, lane)
    everything = ["first", "end", "commit", "vote", "won", "own entry", "within a step", "unnamed", "named"]
    assert _States.seen == {
        "standing": ["first", "vote", "won", "within a step", "unnamed", "restarted"],
        "log": [*everything, "restarted"],
        "commit": ["first", "commit", "vote", "unnamed", "named", "restarted"],
        "reign": ["won", "own entry"],
    }
    assert [judge.tally.states, judge.tally.commits, judge.tally.unnamed_commits] == [10, 6, 1]
    judge.results()
    assert [judge.tally.states, judge.tally.commits, judge.tally.unnamed_commits] == [11, 7, 1]
