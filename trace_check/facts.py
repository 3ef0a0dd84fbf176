"""What one event proves on its own, whatever else the log leaves out. The rules combine these facts.

A fact holds under every completion of a partial log; what could be explained by an unlogged step is no fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    LEADER,
    NOBODY,
    OTHER,
    PREVOTE,
    PREVOTE_RESPONSE,
    REQUEST_VOTE,
    SNAPSHOT,
    SNAPSHOT_RESPONSE,
    VOTE_RESPONSE,
    Entry,
    Event,
    NodeState,
)

_ACKNOWLEDGEMENTS = (APPEND_RESPONSE, SNAPSHOT_RESPONSE, VOTE_RESPONSE)
_NOT_OF_THE_SENDERS_TERM = (PREVOTE, PREVOTE_RESPONSE, OTHER)
_MID_STEP = ("term", "vote")


class Named(NamedTuple):
    """A node as one kind of line names it: its own lines, its states or its messages."""

    name: str
    source: str

    def differs(self, other: Named, known: frozenset[str]) -> bool:
        """True if the two names cannot mean one node.

        States or messages may use other names than the nodes' own lines (addresses, ids): names of different
        sources are compared only where both are `known` names of nodes.
        """
        comparable = self.source == other.source or (self.name in known and other.name in known)
        return comparable and self.name != other.name


def own_terms(event: Event) -> Iterator[int]:
    """The terms that the event shows as its node's current term, in their order."""
    if event.pre is not None and event.pre.term is not None:
        yield event.pre.term
    if event.new_term is not None:
        yield event.new_term
    if event.state is not None and event.state.term is not None:
        yield event.state.term


def sent_term(event: Event) -> int | None:
    """A lower bound of the sender's current term: that of a message it sends. A pre-vote proves nothing.

    It is no more than a bound: a message may wait before it is sent.
    """
    if event.kind != "send" or event.msg is None or event.msg.type in _NOT_OF_THE_SENDERS_TERM:
        return None
    return event.msg.term


def roles_held(event: Event) -> Iterator[NodeState]:
    """The states of the event in which role and term are known and belong together.

    Many nodes write `term` and `vote` lines in the middle of a step; role and term may not match there.
    """
    if event.kind not in _MID_STEP:
        for state in (event.pre, event.state):
            if state is not None and state.role is not None and state.term is not None:
                yield state


def led_terms(event: Event) -> Iterator[tuple[Named, int]]:
    """(leader, term) of each leadership that the event proves.

    A leader shows itself by its state, by its role record, or by an append or a snapshot of its term, be it
    sent or received.
    """
    if event.new_role == LEADER and event.new_term is not None:
        yield Named(event.node, "node"), event.new_term
    for state in roles_held(event):
        if state.role == LEADER and state.term is not None:
            yield Named(event.node, "node"), state.term
    msg = event.msg
    if msg is not None and msg.type in (APPEND, SNAPSHOT) and msg.term is not None and msg.src:
        yield Named(msg.src, "message"), msg.term


def votes_cast(event: Event) -> Iterator[tuple[int, Named]]:
    """(term, candidate) of each vote that the event proves its node has cast.

    A node's state shows its vote; a granted vote response gives one; a candidate that asks for votes voted
    for itself.
    """
    for state in (event.pre, event.state):
        if state is not None and state.term is not None and state.vote not in (None, NOBODY):
            yield state.term, Named(str(state.vote), "state")
    msg = event.msg
    if event.kind != "send" or msg is None or msg.term is None:
        return
    if msg.type == VOTE_RESPONSE and msg.ok and msg.dst:
        yield msg.term, Named(msg.dst, "message")
    elif msg.type == REQUEST_VOTE:
        yield msg.term, Named(event.node, "node")


def committed_entries(event: Event) -> Iterator[Entry]:
    """(index, term) of the entries that the event proves to be committed.

    A state whose commit index is its last index; an append whose commit index covers the entry before it, or
    its own entries: the sender holds both; a commit record; a snapshot's last entry; an acknowledged write.
    """
    for state in (event.pre, event.state):
        if state is not None and state.last is not None and state.commit == state.last[0]:
            index, term = state.last
            if term is not None:
                yield index, term
    msg = event.msg
    if msg is not None and msg.type == APPEND and msg.commit is not None and msg.prev is not None:
        for entry in (msg.prev, *(msg.entries or ())):
            if entry[0] <= msg.commit:
                yield entry
    if event.kind in ("commit", "snapshot") and event.entry is not None:
        yield event.entry
    if event.kind == "client_ok" and event.client is not None and event.client.entry is not None:
        yield event.client.entry


def is_acknowledgement(event: Event) -> bool:
    """True for a sent positive answer: a vote granted, an append or a snapshot taken."""
    msg = event.msg
    return event.kind == "send" and msg is not None and msg.type in _ACKNOWLEDGEMENTS and msg.ok is True
