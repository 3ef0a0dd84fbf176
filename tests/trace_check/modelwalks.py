"""Native logs of the model's own behaviours: random walks of the interpreted model, written as a node would.

What such a log says is a behaviour by construction, so that a replay must accept it, whatever fields are left
out. A step that follows at once on another in real nodes (UpdateTerm and the handler) is taken so here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pymodel.cfg import read_cfg
from pymodel.engine.instance import Instance, Record
from pymodel.errors import LayoutError
from pymodel.raft import guards, names
from pymodel.raft.model import RAFT
from pymodel.specfiles import spec_folder

ROLES = ("follower", "candidate", "leader")
REASONS = names.REASONS
TYPES = {
    "RequestVoteRequest": "request_vote",
    "RequestVoteResponse": "vote_response",
    "AppendEntriesRequest": "append",
    "AppendEntriesResponse": "append_response",
    "InstallSnapshotRequest": "snapshot",
    "InstallSnapshotResponse": "snapshot_response",
}
WEIGHTS: dict[str, float] = {
    "Timeout": 1,
    "RequestVote": 12,
    "BecomeLeader": 20,
    "AppendEntries": 20,
    "AdvanceCommitIndex": 12,
    "TakeSnapshot": 1,
    "InstallSnapshot": 4,
    "AcceptWrite": 5,
    "Tick": 2,
    "LeaseExpire": 0.3,
    "Restart": 0.3,
    "DropMessage": 2,
    "Handle": 60,
}


class Walk:
    """A random walk of the model with `servers` nodes, as log lines."""

    def __init__(self, seed: int, servers: int = 3, snapshots: bool = False) -> None:
        writes = 5 if snapshots else 30
        self.random = random.Random(seed)
        self.names = [f"n{number}" for number in range(1, servers + 1)]
        members = tuple(f"s{number}" for number in range(1, servers + 1))
        ops = tuple(f"w{number}" for number in range(1, writes + 1))
        constants = read_cfg(spec_folder() / "small.cfg").constants | {
            "Server": frozenset(members),
            "Write": frozenset(ops),
            "ElectionTicks": 1,
            "LeaseTicks": 2,
            "ClockSkew": 1,
            "LeasePolicy": "SendTime",
            "Snapshots": snapshots,
            "Faults": frozenset({"loss", "restart"}),
            "History": frozenset({"audit"}),
            "MaxTerm": 7 if snapshots else 14,
            "MaxLogLen": writes,
            "MaxMessages": 60,
        }
        domains = {"Server": members, "Write": ops, "Read": ()}
        self.instance = Instance(RAFT, RAFT.bind(constants, lambda name: domains[name]), {})
        self.state = self.instance.initial()
        self.lines: list[dict[str, Any]] = []
        self.incs = [1] * servers
        self.seqs = [0] * servers
        self.mids: dict[Any, list[str]] = {}
        self.sent = 0

    def run(self, steps: int) -> list[dict[str, Any]]:
        """The lines of so many tries of a step."""
        for i in range(len(self.names)):
            self.log(i, "init", state=self.view(i))
        actions = list(WEIGHTS)
        for _ in range(steps):
            name = self.random.choices(actions, list(WEIGHTS.values()))[0]
            try:
                self.handle() if name == "Handle" else self.act(name)
            except LayoutError:
                continue
        return self.lines

    def log(self, i: int, event: str, **fields: Any) -> None:
        """Writes a line of node i."""
        self.seqs[i] += 1
        head = {"v": 1, "ts": 1000 + len(self.lines) / 100, "node": self.names[i], "inc": str(self.incs[i])}
        self.lines.append({**head, "seq": self.seqs[i], "event": event, **fields})

    def view(self, i: int) -> dict[str, Any]:
        """The `state` of node i."""
        s = self.state
        last = s.log.length[i]
        term = guards.LastTerm(s, i)
        vote = s.votedFor[i]
        return {
            "role": ROLES[s.role[i]],
            "term": s.currentTerm[i],
            "vote": None if vote < 0 else self.names[vote],
            "commit": s.commitIndex[i],
            "last": [last, term],
        }

    def step(self, name: str, *params: Any) -> Record | None:
        """The state before, if the step is enabled: it is taken then."""
        before, after = self.state, self.state.copy()
        if not self.instance.namespace[name](before, after, *params):
            return None
        self.state = after
        return before

    def act(self, name: str) -> None:
        """Tries one action with random parameters, and logs it."""
        action = next(a for a in self.instance.model.actions if a.name == name)
        choices = [self.instance.candidates(param, self.state) for param in action.params]
        if not all(choices):
            return
        params = [self.random.choice(choice) for choice in choices]
        before = self.step(name, *params)
        if before is None or name in ("Tick", "DropMessage"):
            return
        i = params[0]
        if name in ("RequestVote", "AppendEntries", "InstallSnapshot"):
            self.log_sent(i, before)
        elif name == "Restart":
            self.incs[i] += 1
            self.seqs[i] = 0
            self.log(i, "init", state=self.view(i))
        elif name == "AcceptWrite":
            last = self.view(i)["last"]
            self.log(i, "append", entries=[last], state=self.view(i))
        elif name == "AdvanceCommitIndex":
            index = self.state.commitIndex[i]
            self.log(i, "commit", entry=[index, self.state.log.term[i, index]], state=self.view(i))
        elif name == "TakeSnapshot":
            index = self.state.snapshotIndex[i]
            self.log(i, "snapshot", entry=[index, self.state.snapshotTerm[i]], state=self.view(i))
        else:
            self.log_role(i, before)

    def log_role(self, i: int, before: Record) -> None:
        """A record of the role transition log."""
        audit = self.state.audit
        self.log(
            i,
            "role",
            old_role=ROLES[before.role[i]],
            new_role=ROLES[self.state.role[i]],
            old_term=before.currentTerm[i],
            new_term=self.state.currentTerm[i],
            reason=REASONS[audit.reason[i]],
            state=self.view(i),
        )

    def handle(self) -> None:
        """Delivers a random message, and logs its receipt and its answer."""
        messages = list(self.state.messages)
        if not messages:
            return
        message = self.random.choice(messages)
        i, start, pre = message.dest, self.state, self.view(message.dest)
        mids = self.mids.get(ageless(message))
        if not mids:
            return
        self.step("UpdateTerm", message)
        name = "Handle" + message.type.__name__
        if self.step(name, message) is None and self.step("DropStaleResponse", message) is None:
            self.state = start
            return
        mid = mids.pop(0)
        msg = {"from": self.names[message.source], **fields_of(message)}
        self.log(i, "recv", mid=mid, msg=msg, pre=pre, state=self.view(i))
        self.log_sent(i, start)

    def log_sent(self, i: int, before: Record) -> None:
        """The sending of what is new in flight; of what is sent again while it is, nothing is logged."""
        for message in self.state.in_flight() - before.in_flight():
            self.sent += 1
            mid = f"m{self.sent}"
            self.mids[ageless(message)] = [mid]
            msg = {"to": self.names[message.dest], **fields_of(message)}
            self.log(i, "send", mid=mid, msg=msg, state=self.view(i))


def ageless(message: Any) -> tuple[Any, ...]:
    """What identifies a message whatever its age."""
    fields = {field.name: getattr(message, field.name) for field in message.type.kind.fields}
    fields.pop("age", None)
    return (message.type.__name__, *fields.values())


def fields_of(message: Any) -> dict[str, Any]:
    """The `msg` of a message, all but its ends."""
    kind = message.type.__name__
    found: dict[str, Any] = {"type": TYPES[kind], "term": message.term}
    if kind == "RequestVoteRequest":
        found["last"] = [message.lastLogIndex, message.lastLogTerm]
    elif kind == "RequestVoteResponse":
        found["granted"] = bool(message.granted)
    elif kind == "AppendEntriesRequest":
        entry = [message.prevLogIndex + 1, message.entryTerm]
        found |= {
            "prev": [message.prevLogIndex, message.prevLogTerm],
            "entries": [entry] if message.entryWrite >= 0 else [],
            "commit": message.commitIndex,
        }
    elif kind == "InstallSnapshotRequest":
        found["last"] = [message.lastIndex, message.lastTerm]
    elif kind == "AppendEntriesResponse":
        found |= {"success": bool(message.success), "index": message.index}
    else:
        found |= {"success": message.index > 0, "index": message.index}
    return found


def thinned(lines: list[dict[str, Any]], seed: int, share: float) -> Iterator[dict[str, Any]]:
    """The lines without a random share of their optional fields."""
    chance = random.Random(seed)

    def keep(fields: dict[str, Any], always: tuple[str, ...]) -> dict[str, Any]:
        return {name: v for name, v in fields.items() if name in always or chance.random() > share}

    for line in lines:
        thin = keep(line, ("v", "node", "event", "seq", "inc", "ts", "msg", "mid", "state", "pre"))
        for part, always in (("msg", ("type", "from", "to")), ("state", ()), ("pre", ())):
            if part in thin:
                thin[part] = keep(thin[part], always)
        yield thin


def write(path: Path, lines: Iterator[dict[str, Any]] | list[dict[str, Any]], nodes: list[str]) -> Path:
    """The lines as a file, after the config line."""
    config = {"v": 1, "kind": "config", "nodes": nodes, "durable": True}
    path.write_text("".join(json.dumps(line) + "\n" for line in [config, *lines]), encoding="utf-8")
    return path
