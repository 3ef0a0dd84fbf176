"""A good log to corrupt: three servers through three elections, a stale leader that is fenced, a restart.

Every line is what a careful implementation writes: `seq`, `inc`, `mid`, the state before and after each
receipt, a record of each role change, leases and client operations. Lines are dicts; `Lines` is a whole log.
"""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]
Lines = list[Line]

CONFIG = {
    "v": 1,
    "kind": "config",
    "nodes": ["n1", "n2", "n3"],
    "durable": True,
    "clock_error_ms": 20,
    "lease_ms": 900,
    "election_timeout_ms": 1000,
}
START_S = 1_795_400_000.0


class Server:
    """One server: its state as it is logged, and the counters of its lines and messages."""

    def __init__(self, name: str) -> None:
        self.name, self.inc = name, "a"
        self.seq = self.sent = 0
        self.state: dict[str, Any] = {
            "role": "follower",
            "term": 0,
            "vote": None,
            "commit": 0,
            "last": [0, 0],
        }


class Cluster:
    """Servers whose steps are written down one after the other, ten milliseconds apart."""

    def __init__(self) -> None:
        self.servers = {name: Server(name) for name in ("n1", "n2", "n3")}
        self.lines: Lines = [CONFIG]
        self.now = START_S

    def log(self, name: str, event: str, **fields: Any) -> None:
        server = self.servers[name]
        server.seq += 1
        self.now += 0.01
        head = {"ts": round(self.now, 3), "node": name, "inc": server.inc, "seq": server.seq, "event": event}
        self.lines.append({**head, **fields})

    def change(self, name: str, **fields: Any) -> None:
        server = self.servers[name]
        server.state = {**server.state, **fields}

    def show(self, name: str, event: str, **fields: Any) -> None:
        """A line with the server's state."""
        self.log(name, event, **fields, state=self.servers[name].state)

    def role(self, name: str, role: str, reason: str, **fields: Any) -> None:
        old = self.servers[name].state
        self.change(name, role=role, **fields)
        new = self.servers[name].state
        self.show(
            name,
            "role",
            old_role=old["role"],
            new_role=role,
            old_term=old["term"],
            new_term=new["term"],
            reason=reason,
        )

    def send(self, src: str, dst: str, **msg: Any) -> Line:
        server = self.servers[src]
        server.sent += 1
        mid = f"{src}/{server.inc}/{server.sent}"
        self.log(src, "send", to=dst, mid=mid, msg=msg)
        return self.lines[-1]

    def receive(self, sent: Line, **change: Any) -> None:
        """The receipt of a message; `change` is what it does to the state."""
        name, before = sent["to"], self.servers[sent["to"]].state
        self.change(name, **change)
        after = self.servers[name].state
        self.log(
            name, "recv", **{"from": sent["node"]}, mid=sent["mid"], msg=sent["msg"], pre=before, state=after
        )

    def elect(self, name: str, term: int, voters: tuple[str, ...]) -> None:
        self.role(name, "candidate", "election_timeout", term=term, vote=name)
        last = self.servers[name].state["last"]
        for voter in voters:
            asked = self.send(name, voter, type="request_vote", term=term, last=last)
            self.receive(asked, term=term, vote=name, role="follower")
            answer = self.send(voter, name, type="vote_response", term=term, granted=True, re=asked["mid"])
            self.receive(answer)
        self.role(name, "leader", "won_election")

    def append(self, leader: str, followers: tuple[str, ...], entry: list[int], prev: list[int]) -> None:
        """One entry appended, replicated, committed, and its commit told to the followers."""
        term = self.servers[leader].state["term"]
        self.change(leader, last=entry)
        self.show(leader, "append", entries=[entry])
        for follower in followers:
            self._replicate(leader, follower, term, prev, [entry])
        self.change(leader, commit=entry[0])
        self.show(leader, "commit", entry=entry)
        self.show(leader, "lease_renew")
        for follower in followers:
            self._replicate(leader, follower, term, entry, [])

    def _replicate(
        self, leader: str, follower: str, term: int, prev: list[int], entries: list[list[int]]
    ) -> None:
        commit = self.servers[leader].state["commit"]
        last = entries[-1] if entries else prev
        sent = self.send(
            leader, follower, type="append", term=term, prev=prev, entries=entries, commit=commit
        )
        self.receive(sent, last=last, commit=min(commit, last[0]))
        answer = self.send(
            follower, leader, type="append_response", term=term, success=True, index=last[0], re=sent["mid"]
        )
        self.receive(answer)

    def write(self, name: str, event: str, op: str, **fields: Any) -> None:
        self.show(name, event, op=op, f="put", key="x", value=op, **fields)


def good_log() -> Lines:
    """The whole log, in the order in which it happened."""
    cluster = Cluster()
    for name in cluster.servers:
        cluster.show(name, "init")
    cluster.elect("n1", 1, ("n2", "n3"))
    cluster.write("n1", "client_invoke", "w1")
    cluster.append("n1", ("n2", "n3"), [1, 1], [0, 0])
    cluster.write("n1", "client_ok", "w1", entry=[1, 1])
    delayed = _lose_quorum(cluster)
    cluster.elect("n2", 2, ("n3",))
    cluster.append("n2", ("n3",), [2, 2], [1, 1])
    cluster.write("n2", "client_invoke", "w3")
    cluster.append("n2", ("n3",), [3, 2], [2, 2])
    cluster.write("n2", "client_ok", "w3", entry=[3, 2])
    cluster.show("n2", "client_invoke", op="r1", f="get", key="x")
    cluster.show("n2", "read", op="r1", f="get", key="x", value="w3")
    _fence(cluster, delayed)
    cluster.write("n1", "client_invoke", "w4")
    cluster.write("n1", "client_fail", "w4", error="redirect", hint="n2")
    _depose(cluster)
    stop = cluster.servers["n3"]
    cluster.show("n3", "stop")
    stop.inc, stop.seq, stop.sent = "b", 0, 0
    cluster.show("n3", "init")
    cluster.append("n1", ("n2", "n3"), [4, 3], [3, 2])
    for name in cluster.servers:
        cluster.show(name, "stop")
    return cluster.lines


def _lose_quorum(cluster: Cluster) -> list[Line]:
    """The leader takes a write that it cannot replicate: its appends are delayed until after its lease."""
    cluster.write("n1", "client_invoke", "w2")
    cluster.change("n1", last=[2, 1])
    cluster.show("n1", "append", entries=[[2, 1]], op="w2")
    delayed = [
        cluster.send("n1", peer, type="append", term=1, prev=[1, 1], entries=[[2, 1]], commit=1)
        for peer in ("n3", "n2")
    ]
    cluster.now += 0.85
    cluster.show("n1", "lease_expire")
    cluster.role("n1", "follower", "lease_expired")
    cluster.write("n1", "client_fail", "w2", error="unknown outcome")
    cluster.now += 0.5
    return delayed


def _fence(cluster: Cluster, delayed: list[Line]) -> None:
    """The stale appends are refused with the current term; the old leader takes the new log."""
    for stale in delayed:
        cluster.receive(stale)
        refusal = cluster.send(
            stale["to"], "n1", type="append_response", term=2, success=False, re=stale["mid"]
        )
        cluster.receive(refusal, term=2, vote=None)
    sent = cluster.send("n2", "n1", type="append", term=2, prev=[1, 1], entries=[[2, 2], [3, 2]], commit=3)
    cluster.receive(sent, last=[3, 2], commit=3)
    answer = cluster.send("n1", "n2", type="append_response", term=2, success=True, index=3, re=sent["mid"])
    cluster.receive(answer)


def _depose(cluster: Cluster) -> None:
    """The first leader is elected once more; the second one learns of it by its first heartbeat."""
    cluster.elect("n1", 3, ("n3",))
    sent = cluster.send("n1", "n2", type="append", term=3, prev=[3, 2], entries=[], commit=3)
    cluster.role("n2", "follower", "higher_term", term=3, vote=None)
    cluster.receive(sent)
    answer = cluster.send("n2", "n1", type="append_response", term=3, success=True, index=3, re=sent["mid"])
    cluster.receive(answer)
