"""What the page says of one event, and the group by which it is filtered."""

from __future__ import annotations

from trace_check.event import (
    APPEND,
    APPEND_RESPONSE,
    NOBODY,
    OTHER,
    PREVOTE,
    PREVOTE_RESPONSE,
    REQUEST_VOTE,
    SNAPSHOT,
    SNAPSHOT_RESPONSE,
    VOTE_RESPONSE,
    Event,
    Message,
    NodeState,
)

ROLES, VOTES, REPLICATION, HEARTBEATS, CLIENTS, LEASES, STATES = range(7)
GROUPS = ("roles", "votes", "replication", "heartbeats", "clients", "leases", "state")
"""The groups by number, as the page names them."""

_VOTES = (REQUEST_VOTE, VOTE_RESPONSE, PREVOTE, PREVOTE_RESPONSE)
_REPLICATION = (APPEND, APPEND_RESPONSE, SNAPSHOT, SNAPSHOT_RESPONSE)
_OF_KIND = {
    "init": ROLES,
    "stop": ROLES,
    "role": ROLES,
    "term": ROLES,
    "vote": VOTES,
    "append": REPLICATION,
    "truncate": REPLICATION,
    "commit": REPLICATION,
    "snapshot": REPLICATION,
    "lease_renew": LEASES,
    "lease_expire": LEASES,
    "client_invoke": CLIENTS,
    "client_ok": CLIENTS,
    "client_fail": CLIENTS,
    "read": CLIENTS,
}


def group_of(event: Event) -> int:
    """The number of the event's group. A line that shows a new role is of the roles, whatever else it is."""
    if event.new_role is not None or _changes_role(event):
        return ROLES
    msg = event.msg
    if msg is None or msg.type == OTHER:
        return _OF_KIND.get(event.kind, STATES)
    if msg.type in _VOTES:
        return VOTES
    if msg.type == APPEND and not msg.entries:
        return HEARTBEATS
    return REPLICATION if msg.type in _REPLICATION else STATES


def _changes_role(event: Event) -> bool:
    before, after = event.pre, event.state
    if before is None or after is None or before.role is None or after.role is None:
        return False
    return before.role != after.role


def describe(event: Event) -> str:
    """The event in one line, without node and place: `receives append of term 3 from n2: entries 4 to 6`."""
    parts = [_deed(event)]
    if event.client is not None:
        parts.append(_client(event))
    if event.old_role is not None or event.new_role is not None:
        parts.append(_record(event))
    elif _changes_role(event):
        parts.append(_observed(event))
    if event.entry is not None:
        parts.append(f"entry {event.entry[0]} of term {event.entry[1]}")
    if event.entries and event.msg is None:
        parts.append(_entries(event.entries))
    if event.kind in ("init", "state", "stop", "commit", "term", "vote") and event.state is not None:
        parts.append(state_text(event.state))
    return ": ".join([parts[0], "; ".join(part for part in parts[1:] if part)]).removesuffix(": ")


def _deed(event: Event) -> str:
    msg = event.msg
    if msg is None:
        return event.kind.replace("_", " ")
    verb, word, peer = ("sends", "to", msg.dst) if event.kind == "send" else ("receives", "from", msg.src)
    name = "heartbeat" if msg.type == APPEND and not msg.entries else msg.type.replace("_", " ")
    if msg.type == OTHER:
        name = msg.raw_type
    of_term = "" if msg.term is None else f" of term {msg.term}"
    told = _content(msg)
    return f"{verb} {name}{of_term} {word} {peer or '?'}" + (f", {told}" if told else "")


def _content(msg: Message) -> str:
    parts = []
    if msg.ok is not None:
        positive, negative = ("granted", "refused") if msg.type in _VOTES else ("accepted", "rejected")
        parts.append(positive if msg.ok else negative)
    if msg.index is not None:
        parts.append(f"up to {msg.index}")
    if msg.entries:
        parts.append(_entries(msg.entries))
    if msg.prev is not None and msg.type in (*_VOTES, SNAPSHOT):
        parts.append(f"last entry {msg.prev[0]} of term {msg.prev[1]}")
    if msg.commit is not None:
        parts.append(f"commit {msg.commit}")
    return ", ".join(parts)


def _entries(entries: tuple[tuple[int, int], ...]) -> str:
    first, last = entries[0][0], entries[-1][0]
    return f"entry {first}" if first == last else f"entries {first} to {last}"


def _client(event: Event) -> str:
    client = event.client
    if client is None:
        return ""
    return f"{client}, {client.error}" if client.error not in (None, "") else str(client)


def _record(event: Event) -> str:
    change = " to ".join(role for role in (event.old_role, event.new_role) if role is not None)
    terms = "" if event.new_term is None else f" in term {event.new_term}"
    reason = f", {event.reason}" if event.reason else ""
    return f"{change}{terms}{reason}"


def _observed(event: Event) -> str:
    if event.pre is None or event.state is None:
        return ""
    term = "" if event.state.term is None else f" in term {event.state.term}"
    return f"{event.pre.role} to {event.state.role}{term}"


def state_text(state: NodeState) -> str:
    """`follower, term 3, voted n1, commit 4, last 5 of term 3`, as far as it is known."""
    parts = [state.role or ""]
    if state.term is not None:
        parts.append(f"term {state.term}")
    if state.vote is not None:
        parts.append("no vote" if state.vote == NOBODY else f"voted {state.vote}")
    if state.commit is not None:
        parts.append(f"commit {state.commit}")
    if state.last is not None:
        of_term = "" if state.last[1] is None else f" of term {state.last[1]}"
        parts.append(f"last {state.last[0]}{of_term}")
    return ", ".join(part for part in parts if part)
