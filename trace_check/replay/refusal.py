"""Why a line is no step of the model: the steps that it could have been, and what refuses each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from trace_check.event import APPEND, REQUEST_VOTE, SNAPSHOT
from trace_check.replay.free import Free, TooFree, Undetermined
from trace_check.replay.frontier import Replay
from trace_check.replay.guards import refused_by
from trace_check.replay.local import Local
from trace_check.replay.messages import answers, appends, differences, snapshots
from trace_check.replay.moves import fits
from trace_check.replay.result import Candidate, Refusal
from trace_check.replay.steps import (
    CANDIDATE_ROLE,
    COMMITTED,
    KINDS,
    LEADER_ROLE,
    NIL,
    RECEIVE,
    SEND,
    Step,
    View,
)

_ROLES = ("follower", "candidate", "leader")
_FIELDS = ("role", "term", "vote", "commit", "last index", "last term")
_SILENT = ("Timeout", "BecomeLeader", "LeaseExpire", "AcceptWrite", "AdvanceCommitIndex")
_Found = TypeVar("_Found")


def refusal_of(replay: Replay, step: Step) -> Refusal:
    """Why the step, which `replay.take` refused, is none of the model's."""
    return _Diagnosis(replay, step).refusal()


class _Diagnosis:
    """Looks at the first state that the node may have had; free values take the first of their cases."""

    def __init__(self, replay: Replay, step: Step) -> None:
        self.replay = replay
        self.step = step
        self.i = step.node
        self.moves = replay.moves
        self.machine = replay.moves.machine
        self.moves.voters = step.voters
        self.local = self._settled(lambda _: list(replay.begun(step)), None)[0]

    def refusal(self) -> Refusal:
        text, candidates = self._found()
        return Refusal(self.step.seen, text, tuple(dict.fromkeys(candidates)), shown(self.machine.servers, self.local, self.i))

    def _settled(self, tried: Callable[[Any], Iterable[_Found]], local: Any) -> list[_Found]:
        """What `tried` gives for the node, free values settled as it asks for them; nothing if they are too many."""
        while True:
            try:
                return list(tried(self.local if local is None and hasattr(self, "local") else local))
            except Undetermined as split:
                if not hasattr(self, "local") or not split.cases:
                    return []
                self.local = self.local.replaced(split.variable, split.cases[0])
                local = None
            except TooFree:
                return []

    def _found(self) -> tuple[str, list[Candidate]]:
        """The headline and the candidates, of the first thing that does not fit: before, at or after the line."""
        step, i = self.step, self.i
        before = self._settled(lambda node: self.moves.reach(node, i, step.pre), None)
        if not before:
            return "the node is not as the line has it before it", self._silent(self.local, step.pre)
        if step.kind == SEND:
            return self._send(before[0])
        if step.kind == RECEIVE:
            return self._receive(before[0])
        if step.entry is not None and self._settled(lambda node: self._fitting(node), None):
            verb = "committed" if step.kind == COMMITTED else "in its log"
            return f"entry {list(step.entry)} is not {verb}", self._silent(before[0], step.post)
        return "no step leads to what the line shows", self._silent(before[0], step.post)

    def _fitting(self, local: Local) -> list[Local]:
        return [local] if fits(local, self.i, self.step.post) else []

    def _send(self, local: Local) -> tuple[str, list[Candidate]]:
        msg, step, moves = self.step.msg, self.step, self.moves
        assert_type = msg.type if msg is not None else ""
        asks = {REQUEST_VOTE: CANDIDATE_ROLE, APPEND: LEADER_ROLE, SNAPSHOT: LEADER_ROLE}.get(assert_type)
        view = step.post if asks is None or msg is None else View(role=asks, term=msg.term).with_(step.post)
        senders = self._settled(lambda node: moves.reach(node, self.i, view), local)
        if not senders:
            return f"the node cannot be as this message needs it: {self._told(view)}", self._silent(local, view)
        makers: dict[str, Callable[[Local], Iterable[Any]]] = {
            APPEND: lambda node: appends(moves, node, step),
            SNAPSHOT: lambda node: snapshots(moves, node, step),
            REQUEST_VOTE: lambda node: [done[1] for done in [moves.run("RequestVote", node, step.src, step.dst)] if done],
        }
        make = makers.get(assert_type, lambda node: answers(moves, node, step))
        sent = self._settled(make, senders[0])
        name = {APPEND: "AppendEntries", SNAPSHOT: "InstallSnapshot", REQUEST_VOTE: "RequestVote"}.get(assert_type)
        if sent:
            return "what is sent differs from what the model sends", [self._differing(name, batch) for batch in sent]
        if name is None:
            return "nothing was received that this answers", []
        params = (step.src, step.dst, 1 if step.size else 0) if name == "AppendEntries" else (step.src, step.dst)
        reason = self._settled(lambda node: [refused_by(self.machine, name, node, *params)], senders[0])
        return "the message cannot be sent", [Candidate(name, (reason[0] if reason else None) or "not in its log")]

    def _receive(self, local: Local) -> tuple[str, list[Candidate]]:
        step = self.step
        versions = self.replay.versions(step)
        if not versions:
            return "the message that is received was not sent, or was received before", []
        kind = type(versions[0][0]).__name__
        wrong = [c for c in (self._differing(None, batch) for batch in versions) if c.refused_by]
        if len(wrong) == len(versions):
            return "what is received differs from what was sent", wrong
        found = []
        for batch in versions:
            handled = self._settled(lambda node, b=batch: self.moves.handle(node, self.i, b), local)  # type: ignore[misc]
            found += [Candidate(f"Handle{kind}", self._except(after, step.post)) for after in handled]
        found.append(Candidate("DropMessage", self._except(local, step.post)))
        return "the message does not lead to what the line shows", found

    def _differing(self, name: str | None, batch: tuple[Any, ...]) -> Candidate:
        fields = self._settled(lambda _: differences(batch, self.step), None)
        text = ", ".join(f"{field}: model {mine}, log {logged}" for field, mine, logged in fields)
        return Candidate(name or type(batch[0]).__name__, text)

    def _silent(self, local: Local, view: View) -> list[Candidate]:
        """The steps that no line shows, with what refuses each, or in what the node differs after it."""
        found = [Candidate("no step", self._except(local, view))]
        for action in _SILENT:
            ticked = local
            if action in ("Timeout", "LeaseExpire"):
                ticked = self.moves.machine.run("AdvanceClock", local, self.i)[0]  # type: ignore[index]
            params = (self.i, 0) if action == "AcceptWrite" else (self.i,)
            reason = self._settled(lambda node, a=action, p=params: [refused_by(self.machine, a, node, *p)], ticked)  # type: ignore[misc]
            if reason and reason[0] is not None:
                found.append(Candidate(action, reason[0]))
                continue
            for done in self._settled(lambda node, a=action, p=params: [self.machine.run(a, node, *p)], ticked):  # type: ignore[misc]
                if done is not None:
                    found.append(Candidate(action, self._except(done[0], view)))
        return found

    def _except(self, local: Local, view: View) -> str:
        """In what the node differs from the line: "enabled except commit: model 18, log 19"."""
        mine = view_of(local, self.i)
        different = [
            f"{field}: model {self._value(field, has)}, log {self._value(field, logged)}"
            for field, has, logged in zip(_FIELDS, mine, view, strict=True)
            if logged is not None and (isinstance(has, Free) or has != logged)
        ]
        return "enabled except " + ", ".join(different) if different else "enabled, but what follows is not"

    def _told(self, view: View) -> str:
        told = [f"{f} {self._value(f, v)}" for f, v in zip(_FIELDS, view, strict=True) if v is not None]
        return ", ".join(told)

    def _value(self, field: str, value: Any) -> str:
        return value_text(self.machine.servers, field, value)


def view_of(local: Local, i: int) -> View:
    """The node as a line would show it."""
    last = local.log.length[i]
    term = local.log.term[i, last] if isinstance(last, int) else None
    return View(local.role[i], local.currentTerm[i], local.votedFor[i], local.commitIndex[i], last, term)


def value_text(servers: tuple[str, ...], field: str, value: Any) -> str:
    """A field of a view in the words of a log."""
    if isinstance(value, Free) or value is None:
        return "unknown" if value is None else str(value)
    if field == "role":
        return _ROLES[value]
    if field == "vote":
        return "nobody" if value == NIL else servers[value]
    return str(value)


def shown(servers: tuple[str, ...], local: Local, i: int) -> dict[str, str]:
    """The node field by field, in the words of a log."""
    fields = zip(_FIELDS, view_of(local, i), strict=True)
    return {field: value_text(servers, field, value) for field, value in fields}
