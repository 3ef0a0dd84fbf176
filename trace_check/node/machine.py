"""The state machine: a map from keys to values, and the requests that were applied.

A request is applied once, however often it was appended: its first entry counts, and a repetition is answered
with it. Source: Raft (2014), section 8.
"""

from __future__ import annotations

from trace_check.node.effects import OK, Answer
from trace_check.node.state import Node


def apply_committed(n: Node) -> None:
    """Applies entries up to the commit index in their order, and answers who waits for one."""
    while n.applied < min(n.commitIndex, n.log.LastIndex):
        n.applied += 1
        entry = n.log[n.applied]
        if entry.request and entry.request not in n.remembered:
            n.values[entry.key] = entry.value
            n.remembered[entry.request] = (n.applied, entry.term)
            if len(n.remembered) > n.config.remembered_max:
                del n.remembered[next(iter(n.remembered))]
        n.appended.pop(entry.request, None)
        for request in n.pending.pop(n.applied, ()):
            confirm(n, request, n.remembered.get(entry.request, (n.applied, entry.term)))


def confirm(n: Node, request: str, entry: tuple[int, int]) -> None:
    """Tells `request` that its write is committed at `entry`, and writes it down."""
    n.answer(Answer(request, OK, entry=entry))
    n.record("client_ok", op=request, f="put", entry=list(entry), state=n.view())
