"""Messages as lines of the native log schema (docs/TRACES.md)."""

from __future__ import annotations

from typing import Any

from trace_check.node.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    InstallSnapshotRequest,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
)


def message_record(event: str, m: Message) -> dict[str, Any]:
    """The line of a sending ("send") or a receipt ("recv")."""
    other = {"to": m.dest} if event == "send" else {"from": m.source}
    return {"event": event, **other, "mid": m.mid, "msg": {"term": m.term, **_content(m)}}


def _content(m: Message) -> dict[str, Any]:
    if isinstance(m, RequestVoteRequest):
        return {"type": "prevote" if m.prevote else "request_vote", "last": [m.lastLogIndex, m.lastLogTerm]}
    if isinstance(m, RequestVoteResponse):
        return {
            "type": "prevote_response" if m.prevote else "vote_response",
            "granted": m.granted,
            "re": m.re,
        }
    if isinstance(m, AppendEntriesRequest):
        first = m.prevLogIndex + 1
        entries = [[first + offset, entry.term] for offset, entry in enumerate(m.entries)]
        return {
            "type": "append",
            "prev": [m.prevLogIndex, m.prevLogTerm],
            "entries": entries,
            "commit": m.commitIndex,
        }
    if isinstance(m, AppendEntriesResponse):
        return {"type": "append_response", "success": m.success, "index": m.index, "re": m.re}
    if isinstance(m, InstallSnapshotRequest):
        return {"type": "snapshot", "last": [m.snapshot.lastIndex, m.snapshot.lastTerm]}
    return {"type": "snapshot_response", "success": m.index > 0, "index": m.index, "re": m.re}
