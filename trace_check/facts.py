"""What one event proves on its own, whatever else the log leaves out. The rules combine these facts.

A fact holds under every completion of a partial log; what could be explained by an unlogged step is no fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    Message,
    NodeState,
)

ACKNOWLEDGEMENTS = frozenset({APPEND_RESPONSE, SNAPSHOT_RESPONSE, VOTE_RESPONSE})
_NOT_OF_THE_SENDERS_TERM = frozenset({PREVOTE, PREVOTE_RESPONSE, OTHER})
MID_STEP = frozenset({"term", "vote"})


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


def own_terms(event: Event) -> list[int]:
    """The terms that the event shows as its node's current term, in their order."""
    pre, state = event.pre, event.state
    terms = (
        None if pre is None else pre.term,
        event.new_term,
        None if state is None else state.term,
    )
    return [term for term in terms if term is not None]


def sent_term(event: Event) -> int | None:
    """A lower bound of the sender's current term: that of a message it sends. A pre-vote proves nothing.

    It is no more than a bound: a message may wait before it is sent.
    """
    if event.kind != "send" or event.msg is None or event.msg.type in _NOT_OF_THE_SENDERS_TERM:
        return None
    return event.msg.term


def role_known(state: NodeState, event: Event) -> bool:
    """True if role and term of a shown state are known and belong together.

    Many nodes write `term` and `vote` lines in the middle of a step; role and term may not match there.
    """
    return state.role is not None and state.term is not None and event.kind not in MID_STEP


def leads(state: NodeState | None, event: Event) -> bool:
    """True if the shown state proves that its node leads its term."""
    return (
        state is not None and state.role == LEADER and state.term is not None and event.kind not in MID_STEP
    )


def led_terms(event: Event) -> Iterator[tuple[Named, int]]:
    """(leader, term) of each leadership that the event proves.

    A leader shows itself by its state, by its role record, or by an append or a snapshot of its term, be it
    sent or received.
    """
    if event.new_role == LEADER and event.new_term is not None:
        yield Named(event.node, "node"), event.new_term
    for state in (event.pre, event.state):
        if state is not None and state.term is not None and leads(state, event):
            yield Named(event.node, "node"), state.term
    leader = leader_of(event.msg)
    if leader is not None and event.msg is not None and event.msg.term is not None:
        yield leader, event.msg.term


def leader_of(msg: Message | None) -> Named | None:
    """The leader of the message's term that the message proves, None if it proves none."""
    if msg is None or msg.type not in (APPEND, SNAPSHOT) or msg.term is None or not msg.src:
        return None
    return Named(msg.src, "message")


def votes_cast(event: Event) -> Iterator[tuple[int, Named]]:
    """(term, candidate) of each vote that the event proves: by its node's states or by what it sends."""
    for state in (event.pre, event.state):
        if state is not None and state.term is not None and state.vote not in (None, NOBODY):
            yield state.term, Named(str(state.vote), "state")
    sent = vote_sent(event)
    if sent is not None:
        yield sent


def vote_sent(event: Event) -> tuple[int, Named] | None:
    """(term, candidate) of the vote that a sent message proves: a granted one, or a candidate's own."""
    msg = event.msg
    if event.kind != "send" or msg is None or msg.term is None:
        return None
    if msg.type == VOTE_RESPONSE and msg.ok and msg.dst:
        return msg.term, Named(msg.dst, "message")
    return (msg.term, Named(event.node, "node")) if msg.type == REQUEST_VOTE else None


def committed_by_state(state: NodeState) -> Entry | None:
    """The entry that a shown state proves to be committed: its commit index is its last index."""
    last = state.last
    if last is None or last[1] is None or state.commit != last[0]:
        return None
    return last[0], last[1]


def committed_by_append(msg: Message) -> Sequence[Entry]:
    """The entries that an append proves to be committed: its sender holds the one before, and its own."""
    commit, prev, entries = msg.commit, msg.prev, msg.entries
    if commit is None or prev is None or msg.type != APPEND:
        return ()
    if not entries or (len(entries) == 1 and entries[0][0] > commit):
        return (prev,) if prev[0] <= commit else ()
    return [entry for entry in (prev, *entries) if entry[0] <= commit]


def committed_by_record(event: Event) -> Entry | None:
    """The entry of a commit record, the last one of a snapshot, or that of an acknowledged write."""
    if event.kind in ("commit", "snapshot"):
        return event.entry
    return event.client.entry if event.kind == "client_ok" and event.client is not None else None


def is_acknowledgement(event: Event) -> bool:
    """True for a sent positive answer: a vote granted, an append or a snapshot taken."""
    msg = event.msg
    return event.kind == "send" and msg is not None and msg.type in ACKNOWLEDGEMENTS and msg.ok is True
