"""Emitting: lines of logging and structlog are native; the guide's code works on the real PySyncObj."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pysyncobj import SyncObj, SyncObjConf, replicated

from trace_check import Verdict, emit, validate
from trace_check.rules import Outcome

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "EMITTING.md"
FOLLOWER = emit.state("follower", term=1, vote="n2", commit=0, last=(0, 0))


def code_of(section: str) -> str:
    """The code of one section of the guide."""
    text = GUIDE.read_text()
    found = re.search(rf"^## {section}\n.*?```python\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    assert found, section
    return found[1]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text().splitlines()]


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[logging.Logger]:
    """A logger of this test alone."""
    made = logging.Logger(request.node.name)
    yield made
    for one in made.handlers:
        one.close()


def test_logging_writes_native_lines_and_leaves_the_rest(log: logging.Logger, tmp_path: Path) -> None:
    path = tmp_path / "n1.ndjson"
    log.addHandler(emit.handler(path, emit.Emitter("n1", inc="a")))
    log.info("config", extra=emit.raft(nodes=["n1", "n2"], durable=True))
    log.info("listening on %s", "port 1")
    log.info("init", extra=emit.raft(state=FOLLOWER))
    log.info("recv", extra=emit.raft(from_="n2", mid="m", msg={"type": "append", "term": 1}, pre=FOLLOWER))
    config, init, recv = lines(path)
    assert config == {"v": 1, "kind": "config", "nodes": ["n1", "n2"], "durable": True}
    assert (init["node"], init["inc"], init["seq"], init["event"]) == ("n1", "a", 1, "init")
    assert abs(init["ts"] - time.time()) < 60
    assert (recv["seq"], recv["from"], recv["pre"]) == (2, "n2", FOLLOWER)
    assert "from_" not in recv
    report = validate([path])
    assert report.format == "native"
    assert report.events == 2


def test_what_json_cannot_hold_is_written_as_text(tmp_path: Path) -> None:
    text = emit.Emitter("n1").line("client_fail", {"op": 1, "error": ValueError("no leader")})
    assert json.loads(text)["error"] == "no leader"


def test_threads_share_one_count(log: logging.Logger, tmp_path: Path) -> None:
    path = tmp_path / "n1.ndjson"
    emitter = emit.Emitter("n1")
    log.addHandler(emit.handler(path, emitter))

    def work() -> None:
        for _ in range(100):
            log.info("state", extra=emit.raft(mid=emitter.mid()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = lines(path)
    assert [line["seq"] for line in found] == list(range(1, 401))
    assert len({line["mid"] for line in found}) == 400


def test_each_run_is_an_incarnation_of_its_own() -> None:
    first = emit.Emitter("n1")
    time.sleep(0.002)
    assert first.inc != emit.Emitter("n1").inc


def test_structlog_writes_native_lines(tmp_path: Path) -> None:
    path = tmp_path / "n1.ndjson"
    with path.open("w") as out:
        render = emit.Renderer(emit.Emitter("n1", inc="a"))
        logger = structlog.wrap_logger(structlog.WriteLogger(out), processors=[render])
        logger.info("role", old_role="candidate", new_role="leader", old_term=2, new_term=2, reason="won")
    (line,) = lines(path)
    assert (line["event"], line["node"], line["seq"], line["new_role"]) == ("role", "n1", 1, "leader")
    report = validate([path])
    assert [rule.outcome for rule in report.rules if rule.rule == "LegalTransition"] == [Outcome.PASS]


@pytest.mark.parametrize("section", ["logging", "structlog"])
def test_code_of_the_guide_runs(section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    exec(compile(code_of(section), str(GUIDE), "exec"), scope)
    for one in logging.getLogger("raft").handlers:
        one.close()
    logging.getLogger("raft").handlers.clear()
    if "out" in scope:
        scope["out"].close()
    report = validate([tmp_path / "n1.ndjson"])
    assert report.format == "native"
    assert report.events >= 1
    assert not [reason for reason in report.reasons if "not checked" in reason]


class Store(SyncObj):
    """A replicated dictionary, as the library's users write it."""

    def __init__(self, own: str, others: list[str], conf: SyncObjConf) -> None:
        self.data: dict[str, str] = {}
        super().__init__(own, others, conf)

    @replicated
    def put(self, key: str, value: str) -> None:
        self.data[key] = value


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def test_code_of_the_guide_instruments_pysyncobj(tmp_path: Path) -> None:
    """Three nodes of the real library in one process: a leader is elected, a write is replicated."""
    scope: dict[str, Any] = {}
    exec(compile(code_of("PySyncObj"), str(GUIDE), "exec"), scope)
    addresses = [f"127.0.0.1:{port}" for port in free_ports(3)]
    stores, logs = [], []
    for number, own in enumerate(addresses):
        conf = SyncObjConf(
            autoTick=False, raftMinTimeout=0.3 + number, raftMaxTimeout=0.4 + number, appendEntriesPeriod=0.05
        )
        store = Store(own, [address for address in addresses if address != own], conf)
        emitter, log = emit.Emitter(own), logging.Logger(own)
        log.addHandler(emit.handler(tmp_path / f"n{number + 1}.ndjson", emitter))
        scope["instrument"](store, emitter, log)
        stores.append(store)
        logs.append(log)
    written = False
    end = time.monotonic() + 30
    while not all(store.data.get("x") == "1" for store in stores) and time.monotonic() < end:
        for store in stores:
            store.doTick(0.005)
        leader = stores[0]._getLeader()
        if leader is not None and not written and stores[0]._isLeader():
            stores[0].put("x", "1")
            written = True
    for store, log in zip(stores, logs, strict=True):
        store.destroy()
        store.doTick(0.0)
        for one in log.handlers:
            one.close()
    assert all(store.data.get("x") == "1" for store in stores)
    report = validate(sorted(tmp_path.glob("*.ndjson")))
    assert report.format == "pysyncobj"
    assert report.verdict is Verdict.ACCEPTED, report.reasons
    passed = {rule.rule for rule in report.rules if rule.outcome is Outcome.PASS}
    assert {
        "ElectionSafety",
        "VoteStable",
        "TermMonotonic",
        "StateMachineSafety",
        "CommitWithinLog",
    } <= passed
    assert report.matched > 10
