"""What etcd's raft writes in words: each known text to the fields of an event.

The same sentences are found in every release from 3.2 to 3.6, whatever is around them. They are all written
by the one goroutine that owns the raft state, so that their order in a log is the order in which things
happened. Source: the format strings of etcd-io/raft (raft.go, node.go, log.go).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    CANDIDATE,
    FOLLOWER,
    LEADER,
    NOBODY,
    OTHER,
    PRECANDIDATE,
    PREVOTE,
    PREVOTE_RESPONSE,
    REQUEST_VOTE,
    SNAPSHOT,
    VOTE_RESPONSE,
    Message,
    NodeState,
)

MESSAGES = {
    "MsgApp": APPEND,
    "MsgHeartbeat": APPEND,
    "MsgAppResp": APPEND_RESPONSE,
    "MsgHeartbeatResp": APPEND_RESPONSE,
    "MsgVote": REQUEST_VOTE,
    "MsgVoteResp": VOTE_RESPONSE,
    "MsgPreVote": PREVOTE,
    "MsgPreVoteResp": PREVOTE_RESPONSE,
    "MsgSnap": SNAPSHOT,
}

_ROLES = {
    "follower": FOLLOWER,
    "pre-candidate": PRECANDIDATE,
    "candidate": CANDIDATE,
    "leader": LEADER,
}

QUORUM_LOST = "quorum is not active"
_HIGHER_TERM = "higher term"

STEP_DOWN_REASONS = (QUORUM_LOST, _HIGHER_TERM)
"""Reasons for which the role changes in the same step: that line comes next."""


@dataclass(frozen=True)
class Sentence:
    """A text that is understood: the id of the node that wrote it ("" where the text has none), the kind of
    event ("" for none) and its fields; the ids of the voters and learners where it lists them."""

    me: str
    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    members: tuple[str, ...] = ()


Match = re.Match[str]


def _state(**known: Any) -> NodeState:
    return NodeState(**known)


def _vote(text: str) -> str:
    return NOBODY if text == "0" else text


def _message(kind: str, src: str, dst: str, **known: Any) -> Message:
    return Message(type=MESSAGES.get(kind, OTHER), raw_type=kind, src=src, dst=dst, **known)


def _new_raft(m: Match) -> Sentence:
    state = _state(
        role=FOLLOWER, term=int(m["term"]), commit=int(m["commit"]), last=(int(m["last"]), int(m["lterm"]))
    )
    return Sentence(m["me"], "init", {"state": state})


def _became(m: Match) -> Sentence:
    role, term = _ROLES[m["role"]], int(m["term"])
    return Sentence(m["me"], "role", {"new_role": role, "new_term": term})


def _asked_for_votes(m: Match) -> Sentence:
    last, term = (int(m["index"]), int(m["lterm"])), int(m["term"])
    sent = term if m["type"] == "MsgVote" else None
    msg = _message(m["type"], m["me"], m["peer"], term=sent, prev=last)
    return Sentence(m["me"], "send", {"msg": msg, "state": _state(term=term, last=last)})


def _got_answer(m: Match) -> Sentence:
    term = int(m["term"])
    sent = term if m["type"] == "MsgVoteResp" else None
    msg = _message(m["type"], m["peer"], m["me"], term=sent, ok=m["no"] is None)
    return Sentence(m["me"], "recv", {"msg": msg, "pre": _state(term=term)})


def _withheld(m: Match) -> Sentence:
    msg = _message(m["type"], m["peer"], m["me"], prev=(int(m["pindex"]), int(m["pterm"])))
    return Sentence(m["me"], "recv", {"msg": msg, "pre": _own(m), "reason": "lease is not expired"})


def _own(m: Match) -> NodeState:
    last = (int(m["index"]), int(m["lterm"]))
    return _state(term=int(m["term"]), vote=_vote(m["vote"]), last=last)


def _answered(m: Match) -> Sentence:
    """A vote cast or refused; the line shows the vote as it was before."""
    granted, own = m["verb"] == "cast", _own(m)
    real = m["type"] == "MsgVote"
    sent = own.term if real else None
    msg = _message(f"{m['type']}Resp", m["me"], m["peer"], term=sent, ok=granted)
    fields: dict[str, Any] = {"msg": msg, "pre": own}
    if granted and real:
        fields["state"] = _state(term=own.term, vote=m["peer"])
    return Sentence(m["me"], "send", fields)


def _other_term(m: Match) -> Sentence:
    """A message of a higher or a lower term; a pre-vote names the term of an election that may never be."""
    sent = None if m["type"].startswith("MsgPreVote") else int(m["pterm"])
    msg = _message(m["type"], m["peer"], m["me"], term=sent)
    reason = "ignored: lower term" if m["verb"] == "ignored" else _HIGHER_TERM
    return Sentence(m["me"], "recv", {"msg": msg, "pre": _state(term=int(m["term"])), "reason": reason})


def _leader_known(m: Match) -> Sentence:
    """A node knows a leader by a message of that leader in this term, or by being it."""
    term = int(m["term"])
    if m["peer"] == m["me"]:
        return Sentence(m["me"], "state", {"state": _state(role=LEADER, term=term)})
    msg = _message("MsgHeartbeat", m["peer"], m["me"], term=term)
    return Sentence(m["me"], "recv", {"msg": msg, "pre": _state(term=term), "reason": "a leader is known"})


def _append_refused(m: Match) -> Sentence:
    return Sentence(m["me"], "send", {"msg": _message("MsgAppResp", m["me"], m["peer"], ok=False)})


def _refusal_received(m: Match) -> Sentence:
    return Sentence(m["me"], "recv", {"msg": _message("MsgAppResp", m["peer"], m["me"], ok=False)})


def _quorum_lost(m: Match) -> Sentence:
    return Sentence(m["me"], "lease_expire", {"reason": QUORUM_LOST})


def _conflict(m: Match) -> Sentence:
    return Sentence("", "truncate", {"reason": m.string})


def _restored(m: Match) -> Sentence:
    return Sentence(m["me"], "snapshot", {"entry": (int(m["index"]), int(m["term"]))})


def _transfer_begins(m: Match) -> Sentence:
    state = _state(role=LEADER, term=int(m["term"]))
    return Sentence(m["me"], "state", {"state": state, "reason": "leadership transfer"})


def _timeout_now(m: Match) -> Sentence:
    msg = _message("MsgTimeoutNow", m["peer"], m["me"])
    return Sentence(m["me"], "recv", {"msg": msg, "pre": _state(term=int(m["term"]))})


def _at_term(m: Match) -> Sentence:
    return Sentence(m["me"], "state", {"state": _state(term=int(m["term"]))})


def _members(m: Match) -> Sentence:
    ids = tuple(f"{int(number):x}" for number in re.findall(r"\d+", m["list"]))
    return Sentence(m["me"], "", members=ids)


_ME = r"(?P<me>[0-9a-f]+) "
_PEER = r"(?P<peer>[0-9a-f]+)"
_OWN = r"\[logterm: (?P<lterm>\d+), index: (?P<index>\d+), vote: (?P<vote>[0-9a-f]+)\] "
_THEIRS = r" \[logterm: (?P<pterm>\d+), index: (?P<pindex>\d+)\]"
_TERM = r" at term (?P<term>\d+)"

_SENTENCES: tuple[tuple[re.Pattern[str], Callable[[Match], Sentence]], ...] = tuple(
    (re.compile(pattern), build)
    for pattern, build in (
        (_ME + r"became (?P<role>follower|pre-candidate|candidate|leader)" + _TERM, _became),
        (
            r"newRaft (?P<me>[0-9a-f]+) \[peers: \[.*\], term: (?P<term>\d+), commit: (?P<commit>\d+), "
            r"applied: \d+, lastindex: (?P<last>\d+), lastterm: (?P<lterm>\d+)\]",
            _new_raft,
        ),
        (
            _ME
            + r"\[logterm: (?P<lterm>\d+), index: (?P<index>\d+)\] "
            + rf"sent (?P<type>MsgVote|MsgPreVote) request to {_PEER}"
            + _TERM,
            _asked_for_votes,
        ),
        (
            _ME + rf"received (?P<type>MsgVoteResp|MsgPreVoteResp)(?P<no> rejection)? from {_PEER}" + _TERM,
            _got_answer,
        ),
        (_ME + _OWN + rf"ignored (?P<type>MsgVote|MsgPreVote) from {_PEER}" + _THEIRS + _TERM, _withheld),
        (
            _ME
            + _OWN
            + rf"(?P<verb>cast|rejected) (?P<type>MsgVote|MsgPreVote) (?:for|from) {_PEER}"
            + _THEIRS
            + _TERM,
            _answered,
        ),
        (
            _ME
            + r"\[term: (?P<term>\d+)\] (?P<verb>received|ignored) a (?P<type>\w+) message with "
            + rf"(?:higher|lower) term from {_PEER} \[term: (?P<pterm>\d+)\]",
            _other_term,
        ),
        (r"raft\.node: " + _ME + rf"elected leader {_PEER}" + _TERM, _leader_known),
        (r"raft\.node: " + _ME + rf"changed leader from [0-9a-f]+ to {_PEER}" + _TERM, _leader_known),
        (r"raft\.node: " + _ME + r"lost leader [0-9a-f]+" + _TERM, _at_term),
        (_ME + rf"\[logterm: \d+, index: \d+\] rejected MsgApp \[.*\] from {_PEER}$", _append_refused),
        (_ME + rf"received MsgAppResp\(.*\) from {_PEER} for index \d+", _refusal_received),
        (_ME + rf"stepped down to follower since {QUORUM_LOST}", _quorum_lost),
        (r"found conflict at index \d+ \[existing term: \d+, conflicting term: \d+\]", _conflict),
        (
            _ME + r"\[commit: \d+.*\] restored snapshot \[index: (?P<index>\d+), term: (?P<term>\d+)\]",
            _restored,
        ),
        (_ME + r"\[term (?P<term>\d+)\] starts to transfer leadership to ", _transfer_begins),
        (_ME + rf"\[term (?P<term>\d+)\] received MsgTimeoutNow from {_PEER} ", _timeout_now),
        (_ME + r"is starting a new election" + _TERM, _at_term),
        (_ME + r"(?:no leader|not forwarding to leader [0-9a-f]+)" + _TERM, _at_term),
        (_ME + r"switched to configuration (?P<list>voters=.*)", _members),
    )
)

_ABOUT_RAFT = re.compile(
    r"[0-9a-f]{1,16} (?:became|\[|received|is st|step|switched|no l|not f)|raft\.node: |newRaft |found conf"
)


def sentence_of(text: str) -> Sentence | None:
    """What the text says, None where it says nothing that is checked."""
    if _ABOUT_RAFT.match(text) is None:
        return None
    for pattern, build in _SENTENCES:
        match = pattern.match(text)
        if match is not None:
            return build(match)
    return None
