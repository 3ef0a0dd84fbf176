"""What clients ask of a node: the spec's AcceptWrite, RedirectWrite and RejectWrite, and reads by lease."""

from __future__ import annotations

from trace_check.node.effects import (
    ACCEPTED,
    ERROR,
    LEASE_EXPIRED,
    NO_QUORUM,
    NOT_READY,
    OK,
    REDIRECT,
    Answer,
)
from trace_check.node.machine import confirm
from trace_check.node.messages import Entry
from trace_check.node.replication import AppendEntries, append_to_log
from trace_check.node.state import NEVER, Node
from trace_check.node.steps import fail, watch_lease


def Put(n: Node, request: str, key: str, value: str) -> None:
    """Accepts the write, or tells at once why nothing was appended."""
    n.record("client_invoke", op=request, f="put", key=key, value=value, state=n.view())
    if not n.guards.AcceptsWrites(n):
        RedirectWrite(n, request)
    elif not n.guards.HasQuorumContact(n):
        RejectWrite(n, request)
    elif request in n.remembered:
        confirm(n, request, n.remembered[request])
    else:
        AcceptWrite(n, request, key, value)


def AcceptWrite(n: Node, request: str, key: str, value: str) -> None:
    """Appends the write once; a repetition of one that is on its way waits for the same entry."""
    index = n.appended.get(request)
    if index is not None:
        n.pending.setdefault(index, []).append(request)
        n.answer(Answer(request, ACCEPTED, entry=(index, n.log.TermAt(index))))
        return
    index = n.log.LastIndex + 1
    n.answer(Answer(request, ACCEPTED, entry=(index, n.currentTerm)))
    n.appended[request] = index
    if n.guards.AnsweredAtAppend():
        confirm(n, request, (index, n.currentTerm))
    else:
        n.pending[index] = [request]
    caught_up = [peer for peer, following in n.nextIndex.items() if following == index]
    append_to_log(n, (Entry(n.currentTerm, request, key, value),))
    for peer in caught_up:
        AppendEntries(n, peer)


def RedirectWrite(n: Node, request: str) -> None:
    fail(n, request, REDIRECT, hint=n.guards.RedirectHint(n))


def RejectWrite(n: Node, request: str) -> None:
    never = all(since == NEVER for since in n.ackSentAt.values())
    fail(n, request, ERROR, NO_QUORUM if never else LEASE_EXPIRED)


def Get(n: Node, request: str, key: str) -> None:
    """Reads `key` at once: under a valid lease, and after an entry of the node's own term was committed."""
    n.record("client_invoke", op=request, f="get", key=key, state=n.view())
    watch_lease(n)
    if not n.guards.AcceptsWrites(n):
        RedirectWrite(n, request)
    elif not n.guards.HasQuorumContact(n):
        RejectWrite(n, request)
    elif not n.guards.OwnTermCommitted(n):
        fail(n, request, ERROR, NOT_READY)
    else:
        value = n.values.get(key)
        n.answer(Answer(request, OK, value=value))
        n.record("read", op=request, f="get", key=key, value=value, state=n.view())
