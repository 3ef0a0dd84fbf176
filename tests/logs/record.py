"""Records real PySyncObj clusters on loopback as native logs (schema version 1), one file a node.

    python tests/logs/record.py double_vote OUT    # run it with PySyncObj 0.3.14 and with 0.3.17
    python tests/logs/record.py failover OUT

`double_vote`: n1 votes for n3, is killed and restarted, and is asked by n2 in the same term; n3 sleeps over
its election and wins late. PySyncObj 0.3.14 does not store term and vote, so that two leaders of term 1
acknowledge writes. `failover`: the leader is stopped, another one elected, the old one wakes up and sends
of its old term. The instrumentation is `instrument` and the three methods of Recorder below it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pysyncobj import SyncObj, SyncObjConf, replicated

ROLES = ("follower", "candidate", "leader")
NODES = ("n1", "n2", "n3")
HEARTBEAT_S = 0.3
PATIENT = (20.0, 21.0)
EAGER = (1.0, 1.6)


class Store(SyncObj):
    """A replicated dictionary."""

    def __init__(self, own: str, others: list[str], conf: SyncObjConf) -> None:
        self.data: dict[str, str] = {}
        super().__init__(own, others, conf)

    @replicated
    def put(self, key: str, value: str) -> None:
        self.data[key] = value


class Recorder:
    """Writes one node's log. What a handler sends is written after the receipt that caused it."""

    def __init__(self, node: str, out: Path, names: dict[str, str]) -> None:
        self.node, self.names, self.inc = node, names, str(os.getpid())
        self.file = (out / f"{node}.ndjson").open("a")
        self.seq = self.sent = 0
        self.handling: dict[str, Any] | None = None
        self.held: list[tuple[str, float, dict[str, Any]]] = []
        self.write({"v": 1, "kind": "config", "cluster": "kv", "nodes": list(NODES), "durable": True})

    def instrument(self, store: Store) -> None:
        self.store = store
        self.before = self.state()
        transport = store._SyncObj__transport
        self.transport_send, self.deliver = transport.send, store._SyncObj__onMessageReceived
        transport.send = self.send
        transport.setOnMessageReceivedCallback(self.receive)
        self.log("init", state=self.before)

    def state(self) -> dict[str, Any]:
        store = self.store
        vote = store._SyncObj__votedForNodeId
        return {
            "role": ROLES[store._SyncObj__raftState],
            "term": store._SyncObj__raftCurrentTerm,
            "vote": None if vote is None else self.names[vote],
            "commit": store._SyncObj__raftCommitIndex,
            "last": list(store._SyncObj__raftLog[-1][1:3]),
        }

    def send(self, peer: Any, message: dict[str, Any]) -> Any:
        self.sent += 1
        message["mid"] = f"{self.node}/{self.inc}/{self.sent}"
        msg = native(message)
        if self.handling is None:
            self.roles("lost quorum contact")
        elif msg["type"].endswith("_response"):
            msg["re"] = self.handling["mid"]
        self.log("send", to=self.names[peer.id], mid=message["mid"], msg=msg)
        return self.transport_send(peer, message)

    def receive(self, peer: Any, message: dict[str, Any]) -> None:
        if message["type"] == "response_vote" and os.environ.pop("SLEEP_AT_VOTE", ""):
            os.kill(os.getpid(), signal.SIGSTOP)
        self.roles("lost quorum contact")
        line = {"from": self.names[peer.id], "mid": message["mid"], "msg": native(message)}
        ts, pre, self.handling = time.time(), self.state(), message
        self.deliver(peer, message)
        self.handling, held, self.held = None, self.held, []
        self.log("recv", ts, **line, pre=pre, state=self.state())
        for event, sent, fields in held:
            self.log(event, sent, **fields)
        self.roles("higher term" if self.state()["term"] > pre["term"] else "current leader")

    def roles(self, reason: str) -> None:
        """Writes the role transition since the last step, if there was one."""
        old, new = self.before, self.state()
        self.before = new
        if old["role"] == new["role"] and not (new["role"] == "candidate" and old["term"] != new["term"]):
            return
        reasons = {"candidate": "election timeout", "leader": "won election"}
        self.log(
            "role",
            old_role=old["role"],
            new_role=new["role"],
            old_term=old["term"],
            new_term=new["term"],
            reason=reasons.get(new["role"], reason),
            state=new,
        )

    def tick(self) -> None:
        old = self.state()
        self.store.doTick(0.02)
        self.roles("lost quorum contact")
        if self.state()["commit"] != old["commit"] and self.state()["role"] == "leader":
            self.log("commit", state=self.state())

    def put(self, key: str, value: str, number: int) -> None:
        write = {"op": f"{self.node}/{self.inc}/{number}", "f": "put", "key": key, "value": value}
        self.log("client_invoke", **write, state=self.state())

        def done(_: object, error: int) -> None:
            if error:
                self.log("client_fail", **write, error=error)
                return
            store = self.store
            log, index = store._SyncObj__raftLog, store._SyncObj__raftLastApplied + 1
            self.log("client_ok", **write, entry=list(log[index - log[0][1]][1:3]), state=self.state())

        self.store.put(key, value, callback=done)

    def log(self, event: str, ts: float | None = None, **fields: Any) -> None:
        """Writes a line; inside a handler, where the state is in the making, it waits and goes without it."""
        if self.handling is not None:
            fields.pop("state", None)
            self.held.append((event, time.time(), fields))
            return
        if event == "send" and ts is None:
            fields["state"] = self.state()
        self.seq += 1
        head = {"ts": round(ts or time.time(), 6), "node": self.node, "inc": self.inc, "seq": self.seq}
        self.write({**head, "event": event, **fields})

    def write(self, line: dict[str, Any]) -> None:
        self.file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self.file.flush()


def native(message: dict[str, Any]) -> dict[str, Any]:
    """A PySyncObj message under the names of the schema."""
    kind = message["type"]
    if kind == "request_vote":
        last = [message["last_log_index"], message["last_log_term"]]
        return {"type": "request_vote", "term": message["term"], "last": last}
    if kind == "response_vote":
        return {"type": "vote_response", "term": message["term"], "granted": True}
    if kind == "append_entries":
        return {
            "type": "append",
            "term": message["term"],
            "prev": [message["prevLogIdx"], message["prevLogTerm"]],
            "entries": [list(entry[1:3]) for entry in message["entries"]],
            "commit": message["commit_index"],
        }
    if kind == "next_node_idx":
        index = message["next_node_idx"] - 1
        return {"type": "append_response", "success": message["success"], "index": index}
    return {"type": "other"}


def run_node(node: str, out: Path, ports: dict[str, int], timeouts: tuple[float, float], value: str) -> None:
    """One node until SIGTERM; as a leader it writes `value` once in each term it leads.

    On SIGUSR1 it stops itself between two ticks: when it goes on, it sends before it reads.
    """
    names = {f"127.0.0.1:{port}": name for name, port in ports.items()}
    recorder = Recorder(node, out, names)
    conf = SyncObjConf(
        autoTick=False,
        journalFile=os.environ["JOURNALS"] + f"/{node}",
        raftMinTimeout=timeouts[0],
        raftMaxTimeout=timeouts[1],
        appendEntriesPeriod=HEARTBEAT_S,
        leaderFallbackTimeout=30.0,
        connectionRetryTime=0.2,
        connectionTimeout=25.0,
    )
    own = f"127.0.0.1:{ports[node]}"
    store = Store(own, [address for address in names if address != own], conf)
    recorder.instrument(store)
    stopped: list[int] = []
    asleep: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    signal.signal(signal.SIGUSR1, lambda *_: asleep.append(1))
    written: set[int] = set()
    while not stopped:
        if asleep:
            asleep.clear()
            os.kill(os.getpid(), signal.SIGSTOP)
        recorder.tick()
        now = recorder.state()
        if now["role"] == "leader" and now["term"] not in written:
            written.add(now["term"])
            recorder.put("x", value, len(written))
    recorder.log("stop", state=recorder.state())


class Cluster:
    """Starts, signals and watches the nodes of one recording."""

    def __init__(self, out: Path) -> None:
        self.out, self.processes = out, {}
        self.ports = {name: free_port() for name in NODES}
        self.journals = tempfile.mkdtemp()

    def start(self, node: str, timeouts: tuple[float, float], value: str, **env: str) -> None:
        arguments = [json.dumps(value) for value in (node, str(self.out), self.ports, timeouts, value)]
        command = [sys.executable, __file__, "node", *arguments]
        self.processes[node] = subprocess.Popen(command, env={**os.environ, "JOURNALS": self.journals, **env})

    def signal(self, node: str, number: int) -> None:
        self.processes[node].send_signal(number)
        if number == signal.SIGKILL:
            self.processes[node].wait()

    def wait(self, nodes: tuple[str, ...], *needles: str) -> str:
        """Waits until the log of one of `nodes` holds one of `needles`, and names that node."""
        for _ in range(400):
            for node in nodes:
                path = self.out / f"{node}.ndjson"
                text = path.read_text() if path.exists() else ""
                if any(needle in text for needle in needles):
                    return node
            time.sleep(0.05)
        self.stop()
        raise SystemExit(f"none of {nodes} ever logged {needles}")

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def double_vote(cluster: Cluster) -> None:
    cluster.start("n1", PATIENT, "by-voter")
    cluster.start("n3", EAGER, "by-first", SLEEP_AT_VOTE="1")
    cluster.wait(("n1",), '"granted":true')
    cluster.signal("n1", signal.SIGKILL)
    cluster.start("n1", PATIENT, "by-voter")
    cluster.start("n2", EAGER, "by-second")
    cluster.wait(("n2",), '"client_ok"')
    cluster.signal("n3", signal.SIGCONT)
    cluster.wait(("n3",), '"client_ok"', '"client_fail"')
    time.sleep(2 * HEARTBEAT_S)


def failover(cluster: Cluster) -> None:
    for node in NODES:
        cluster.start(node, EAGER, f"by-{node}")
    first = cluster.wait(NODES, '"client_ok"')
    cluster.signal(first, signal.SIGUSR1)
    cluster.wait(tuple(node for node in NODES if node != first), '"client_ok"')
    cluster.signal(first, signal.SIGCONT)
    time.sleep(3 * HEARTBEAT_S)
    cluster.signal(first, signal.SIGKILL)
    cluster.start(first, PATIENT, f"by-{first}-again")
    time.sleep(5 * HEARTBEAT_S)


def main() -> None:
    if sys.argv[1] == "node":
        node, out, ports, timeouts, value = (json.loads(argument) for argument in sys.argv[2:])
        run_node(node, Path(out), ports, timeouts, value)
        return
    out = Path(sys.argv[2])
    out.mkdir(parents=True)
    cluster = Cluster(out)
    {"double_vote": double_vote, "failover": failover}[sys.argv[1]](cluster)
    cluster.stop()


if __name__ == "__main__":
    main()
