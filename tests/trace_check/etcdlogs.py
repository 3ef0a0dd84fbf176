"""Lines of etcd server logs, and the recordings that tests read."""

from __future__ import annotations

from pathlib import Path

from tracelogs import write

from trace_check import sample
from trace_check.event import Event
from trace_check.reader import Input

A, B, C = "94411ea0d65d6391", "45e59585b3dca6c7", "50de061ac16ed3c4"
PARTITION = sample("etcd_partition_leader")
LOSE_QUORUM = sample("etcd_lose_quorum")


def log_line(msg: str, at: int = 0, **fields: object) -> dict[str, object]:
    return {
        "level": "info",
        "ts": f"2026-01-01T00:00:{at:02d}.000Z",
        "caller": "raft/raft.go:1",
        "msg": msg,
        **fields,
    }


def server_log(path: Path, *texts: str) -> Path:
    return write(path, [log_line(text, at) for at, text in enumerate(texts)])


def of_node(source: Input, node: str) -> list[Event]:
    return [event for event in source.events if event.node == node]
