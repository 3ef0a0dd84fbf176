"""A long native log of a plausible cluster, from a seed: heartbeats, writes, elections, a stale leader's
appends.

    python -m tests.bench.cluster_log OUT --events 1000000 [--nodes 3] [--seed 1] [--merged]

Every receipt shows its node before and after. One file a node, or one for all. The log is a good one: a
checker that finds a contradiction in it is wrong.
"""

from __future__ import annotations

import argparse
import json
import random
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

_START = 1_795_409_931.0
_ROUNDS_PER_TERM = 2000


class Node:
    """One server: its state as a log shows it, and where its lines go."""

    def __init__(self, name: str, out: IO[str]) -> None:
        self.name, self.out = name, out
        self.role, self.term, self.vote = "follower", 0, None
        self.commit, self.last = 0, [0, 0]
        self.seq = self.sent = 0

    def state(self) -> dict[str, Any]:
        return {
            "role": self.role,
            "term": self.term,
            "vote": self.vote,
            "commit": self.commit,
            "last": list(self.last),
        }


class Cluster:
    """Servers that exchange messages one round after the other; `lines` counts what they have logged."""

    def __init__(self, outs: dict[str, IO[str]], seed: int) -> None:
        self.random = random.Random(seed)
        self.nodes = [Node(name, out) for name, out in outs.items()]
        self.now = _START
        self.lines = self.writes = 0
        self.leader: Node | None = None
        names = list(outs)
        config = {
            "v": 1,
            "kind": "config",
            "nodes": names,
            "durable": True,
            "clock_error_ms": 50,
            "lease_ms": 900,
        }
        for out in dict.fromkeys(outs.values()):
            out.write(json.dumps(config) + "\n")
        for node in self.nodes:
            self.log(node, "init", state=node.state())

    def log(self, node: Node, event: str, **fields: Any) -> None:
        self.now += self.random.random() * 0.0004
        node.seq += 1
        self.lines += 1
        head = {"v": 1, "ts": round(self.now, 6), "node": node.name, "inc": f"{node.name}-1", "seq": node.seq}
        node.out.write(json.dumps({**head, "event": event, **fields}, separators=(",", ":")) + "\n")

    def send(self, src: Node, dst: Node, **msg: Any) -> dict[str, Any]:
        src.sent += 1
        mid = f"{src.name}/1/{src.sent}"
        self.log(src, "send", to=dst.name, mid=mid, msg=msg)
        return {"from": src.name, "mid": mid, "msg": msg}

    def change(self, node: Node, role: str, term: int, reason: str) -> None:
        old_role, old_term = node.role, node.term
        if term > old_term:
            node.vote = None
        node.role, node.term = role, term
        terms = {"old_term": old_term, "new_term": term}
        self.log(node, "role", old_role=old_role, new_role=role, **terms, reason=reason, state=node.state())

    def elect(self) -> None:
        """A campaign of another node than the leader; it wins, and the old leader learns of it late."""
        old = self.leader
        new = self.random.choice([node for node in self.nodes if node is not old])
        term = new.term + 1
        self.now += 1.5
        self.change(new, "candidate", term, "election_timeout")
        new.vote = new.name
        self.log(new, "vote", state=new.state())
        for node in self.nodes:
            if node in (new, old):
                continue
            asked = self.send(new, node, type="request_vote", term=term, last=list(new.last))
            pre = node.state()
            node.role, node.term, node.vote = "follower", term, new.name
            self.log(node, "recv", **asked, pre=pre, state=node.state())
            granted = self.send(node, new, type="vote_response", term=term, granted=True, re=asked["mid"])
            self.log(new, "recv", **granted, pre=new.state(), state=new.state())
        self.change(new, "leader", term, "won_election")
        self.leader = new
        if old is not None:
            self.fence(old, new)

    def fence(self, old: Node, new: Node) -> None:
        """The old leader's append comes to the new one, which answers with its own term."""
        stale = self.send(
            old, new, type="append", term=old.term, prev=list(old.last), entries=[], commit=old.commit
        )
        self.log(new, "recv", **stale, pre=new.state(), state=new.state())
        answer = self.send(new, old, type="append_response", term=new.term, success=False, re=stale["mid"])
        self.log(old, "recv", **answer, pre=old.state())
        self.change(old, "follower", new.term, "higher_term")

    def round(self) -> None:
        """A heartbeat, or a write that all followers take and the leader commits and acknowledges."""
        leader = self.leader
        if leader is None:
            return
        self.now += 0.05
        writes = self.random.random() < 0.5
        entries, prev = [], list(leader.last)
        write = {"op": f"w{self.writes}", "f": "put", "key": "x", "value": self.writes}
        if writes:
            self.writes += 1
            self.log(leader, "client_invoke", **write, state=leader.state())
            leader.last = [leader.last[0] + 1, leader.term]
            entries = [list(leader.last)]
            self.log(leader, "append", entries=entries, state=leader.state())
        body = {
            "type": "append",
            "term": leader.term,
            "prev": prev,
            "entries": entries,
            "commit": leader.commit,
        }
        for node in self.nodes:
            if node is not leader:
                self.replicate(leader, node, body)
        if leader.commit != leader.last[0] and leader.last[1] == leader.term:
            leader.commit = leader.last[0]
            self.log(leader, "commit", entry=list(leader.last), state=leader.state())
        if writes:
            self.log(leader, "client_ok", **write, entry=list(leader.last), state=leader.state())

    def replicate(self, leader: Node, node: Node, body: dict[str, Any]) -> None:
        request = self.send(leader, node, **body)
        pre = node.state()
        node.last = list(body["entries"][-1] if body["entries"] else body["prev"])
        node.commit = max(node.commit, min(body["commit"], node.last[0]))
        self.log(node, "recv", **request, pre=pre, state=node.state())
        index = node.last[0]
        msg = {
            "type": "append_response",
            "term": node.term,
            "success": True,
            "index": index,
            "re": request["mid"],
        }
        answer = self.send(node, leader, **msg)
        self.log(leader, "recv", **answer, pre=leader.state())

    def run(self, events: int) -> None:
        while self.lines < events:
            self.elect()
            for _ in range(_ROUNDS_PER_TERM):
                if self.lines >= events:
                    return
                self.round()


def write_log(folder: Path, events: int, nodes: int = 3, seed: int = 1, merged: bool = False) -> list[Path]:
    """The files of a log of at least `events` lines, made in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"n{number}" for number in range(1, nodes + 1)]
    paths = [folder / "all.ndjson"] if merged else [folder / f"{name}.ndjson" for name in names]
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("w")) for path in paths]
        Cluster({name: files[0 if merged else number] for number, name in enumerate(names)}, seed).run(events)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a long native log of a plausible cluster.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--merged", action="store_true", help="one file for all nodes")
    asked = parser.parse_args()
    for path in write_log(asked.out, asked.events, asked.nodes, asked.seed, asked.merged):
        print(path)


if __name__ == "__main__":
    main()
