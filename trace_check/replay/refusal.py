"""Why a line is no step of the model: the steps that it could have been, and what refuses each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from trace_check.event import APPEND, REQUEST_VOTE, SNAPSHOT
from trace_check.replay.free import Free, TooFree, Undetermined
from trace_check.replay.frontier import Batch, Replay
from trace_check.replay.guards import refused_by
from trace_check.replay.local import Local
from trace_check.replay.messages import agree, differences
from trace_check.replay.result import Candidate, Refusal, WalkStep
from trace_check.replay.steps import (
    CANDIDATE_ROLE,
    COMMITTED,
    LEADER_ROLE,
    NIL,
    RECEIVE,
    RESTART,
    SEND,
    Step,
    View,
)

_ROLES = ("follower", "candidate", "leader")
_FIELDS = ("role", "term", "vote", "commit", "last index", "last term")
_SILENT = ("Timeout", "BecomeLeader", "LeaseExpire", "AcceptWrite", "AdvanceCommitIndex")
_SETTLED_MAX = 100
_TIMED = ("Timeout", "LeaseExpire")
_ASKING = {
    APPEND: (LEADER_ROLE, "AppendEntries"),
    SNAPSHOT: (LEADER_ROLE, "InstallSnapshot"),
    REQUEST_VOTE: (CANDIDATE_ROLE, "RequestVote"),
}
"""The requests: the role that sends each, and by which action."""
_Found = TypeVar("_Found")


def refusal_of(replay: Replay, step: Step) -> Refusal:
    """Why the step, which `replay.take` refused, is none of the model's."""
    return _Diagnosis(replay, step).refusal()


def walked(replay: Replay, step: Step) -> WalkStep:
    """The line as part of a walk, with the first of the states that its node may be in."""
    nodes = replay.nodes[step.node]
    msg = step.msg
    text = step.event.kind if msg is None else f"{step.event.kind} {msg.raw_type} {msg.src} to {msg.dst}"
    return WalkStep(step.seen, text, shown(replay.moves.machine.servers, nodes[0], step.node), len(nodes))


class _Diagnosis:
    """Looks at the first state that the node may have had; free values take the first of their cases."""

    def __init__(self, replay: Replay, step: Step) -> None:
        self.replay = replay
        self.step = step
        self.i = step.node
        self.moves = replay.moves
        self.machine = replay.moves.machine
        self.moves.voters = step.voters
        self.local = self._begun()

    def refusal(self) -> Refusal:
        """The headline, the candidates, and the node as the model has it."""
        text, candidates = self._found()
        model = shown(self.machine.servers, self.local, self.i)
        return Refusal(self.step.seen, text, tuple(dict.fromkeys(candidates)), model)

    def _begun(self) -> Local:
        """The first state in which the node may begin the line."""
        return next(iter(self.replay.begun(self.step)))

    @staticmethod
    def _settled(tried: Callable[[Local], Iterable[_Found]], local: Local) -> list[_Found]:
        """What `tried` gives for the node, free values settled as it asks; nothing if they are too many."""
        for _ in range(_SETTLED_MAX):
            try:
                return list(tried(local))
            except Undetermined as split:
                if not split.cases:
                    return []
                local = local.replaced(split.variable, split.cases[0])
            except TooFree:
                return []
        return []

    def _found(self) -> tuple[str, list[Candidate]]:
        """The headline and the candidates, of the first that does not fit: before, at or after the line."""
        step, i = self.step, self.i
        before = self._settled(lambda node: self.moves.reach(node, i, step.pre), self.local)
        if not before:
            return "the node is not as the line has it before it", self._silent(self.local, step.pre)
        if step.kind == SEND:
            return self._send(before[0])
        if step.kind == RECEIVE:
            return self._receive(before[0])
        after = self._settled(lambda node: self.moves.reach(node, i, step.post), before[0])
        if step.entry is not None and after:
            verb = "committed" if step.kind == COMMITTED else "in its log"
            return f"entry {list(step.entry)} is not {verb}", self._silent(after[0], step.post)
        return "no step leads to what the line shows", self._silent(before[0], step.post)

    def _send(self, local: Local) -> tuple[str, list[Candidate]]:
        step, type_ = self.step, self.step.msg.type if self.step.msg is not None else ""
        term = step.msg.term if step.msg is not None else None
        role, action = _ASKING.get(type_, (None, ""))
        view = step.post if role is None else View(role=role, term=term).with_(step.post)
        senders = self._settled(lambda node: self.moves.reach(node, self.i, view), local)
        if not senders:
            text = f"the node cannot be as this message needs it: {self._told(view)}"
            return text, self._silent(local, view)
        sent = self._settled(lambda node: self.replay.messages(node, step), senders[0])
        if sent:
            differing = [self._differing(action, batch) for batch in sent]
            return "what is sent differs from what the model sends", differing
        if not action:
            return "nothing was received that this answers", []
        params = (step.src, step.dst, 1 if step.size else 0) if type_ == APPEND else (step.src, step.dst)
        reasons = self._settled(lambda node: [refused_by(self.machine, action, node, *params)], senders[0])
        why = next((reason for reason in reasons if reason), "not in its log")
        return "the message cannot be sent", [Candidate(action, why)]

    def _receive(self, local: Local) -> tuple[str, list[Candidate]]:
        step = self.step
        versions = self.replay.versions(step)
        if not versions:
            return "no line sends the message that is received", []
        kind = type(versions[0][0]).__name__
        wrong = [self._differing("", batch) for batch in versions if not self._agreeing(batch)]
        if len(wrong) == len(versions):
            return "what is received differs from what was sent", wrong
        found = []
        for batch in versions:
            for after in self._handled(local, batch):
                found.append(Candidate(f"Handle{kind}", self._except(after, step.post)))
        found.append(Candidate("DropMessage", self._except(local, step.post)))
        return "the message does not lead to what the line shows", found

    def _handled(self, local: Local, batch: Batch) -> list[Local]:
        return self._settled(lambda node: self.moves.handle(node, self.i, batch), local)

    def _agreeing(self, batch: Batch) -> bool:
        return bool(self._settled(lambda _: [True] if agree(batch, self.step) else [], self.local))

    def _differing(self, action: str, batch: Batch) -> Candidate:
        fields = self._settled(lambda _: list(differences(batch, self.step)), self.local)
        text = ", ".join(f"{field}: model {mine}, log {logged}" for field, mine, logged in fields)
        return Candidate(action or type(batch[0]).__name__, text)

    def _silent(self, local: Local, view: View) -> list[Candidate]:
        """The steps that no line shows, with what refuses each, or in what the node differs after it."""
        still = "Restart" if self.step.begins == RESTART else "no step"
        found = [Candidate(still, self._except(local, view))]
        for action in _SILENT:
            found += self._tried(action, local, view)
        return found

    def _tried(self, action: str, local: Local, view: View) -> list[Candidate]:
        """The action as a candidate; its clock has ticked where it needs that."""
        params = (self.i, 0) if action == "AcceptWrite" else (self.i,)
        ticked = self.machine.run("AdvanceClock", local, self.i) if action in _TIMED else None
        node = local if ticked is None else ticked[0]
        reasons = self._settled(lambda state: [refused_by(self.machine, action, state, *params)], node)
        refused = [Candidate(action, reason) for reason in reasons if reason is not None]
        done = self._settled(lambda state: [self.machine.run(action, state, *params)], node)
        return refused or [Candidate(action, self._except(after[0], view)) for after in done if after]

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
