"""Which rules a whole log breaks, worked out the slow way: each claim over all lines at once, from the dicts.

It shares nothing with the rules: no events, no views, no streaming. It reads complete native logs alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

Line = dict[str, Any]

REQUESTS = {"append": "append_response", "request_vote": "vote_response", "snapshot": "snapshot_response"}
IMPOSSIBLE = {("follower", "leader"), ("leader", "candidate")}


def broken_rules(lines: list[Line]) -> set[str]:
    """The names of the rules that some lines contradict."""
    nodes = _by_node([line for line in lines if line.get("kind") != "config"])
    return {rule.__name__ for rule in RULES if rule(nodes)}


def _by_node(lines: list[Line]) -> dict[str, list[Line]]:
    """Each node's lines in its own order: incarnations as they come, `seq` within each."""
    nodes: dict[str, list[Line]] = {}
    for line in lines:
        nodes.setdefault(line["node"], []).append(line)
    for own in nodes.values():
        first = {line.get("inc"): number for number, line in reversed(list(enumerate(own)))}
        own.sort(key=lambda line: (first[line.get("inc")], line.get("seq", 0)))
    return nodes


def _states(own: list[Line]) -> list[tuple[Line, dict[str, Any]]]:
    return [(line, line[part]) for line in own for part in ("pre", "state") if part in line]


def _all(nodes: dict[str, list[Line]]) -> Iterator[Line]:
    for own in nodes.values():
        yield from own


def _messages(own: list[Line], event: str) -> list[tuple[Line, dict[str, Any]]]:
    return [
        (line, line["msg"]) for line in own if line["event"] == event and isinstance(line.get("msg"), dict)
    ]


def ElectionSafety(nodes: dict[str, list[Line]]) -> bool:
    leaders = {
        (s["term"], line["node"])
        for line in _all(nodes)
        for _, s in _states([line])
        if s.get("role") == "leader"
    }
    leaders |= {(line["new_term"], line["node"]) for line in _all(nodes) if line.get("new_role") == "leader"}
    for line, msg in _messages(list(_all(nodes)), "send"):
        if msg["type"] == "append":
            leaders.add((msg["term"], line["node"]))
    return any(one[0] == two[0] for one, two in combinations(leaders, 2))


def VoteStable(nodes: dict[str, list[Line]]) -> bool:
    votes = {
        (line["node"], s["term"], s["vote"])
        for line in _all(nodes)
        for _, s in _states([line])
        if s.get("vote") is not None
    }
    for line, msg in _messages(list(_all(nodes)), "send"):
        if msg["type"] == "vote_response" and msg.get("granted"):
            votes.add((line["node"], msg["term"], line["to"]))
        if msg["type"] == "request_vote":
            votes.add((line["node"], msg["term"], line["node"]))
    for own in nodes.values():
        voted = set()
        for _, state in _states(own):
            if state["vote"] is not None:
                voted.add(state["term"])
            elif state["term"] in voted:
                return True
    return any(one[:2] == two[:2] for one, two in combinations(votes, 2))


def TermMonotonic(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        known = 0
        for line in own:
            shown = [line.get(part, {}).get("term") for part in ("pre", "state")]
            for term in (shown[0], line.get("new_term"), shown[1]):
                if term is not None and term < known:
                    return True
                known = max(known, term or 0)
            if line["event"] == "send":
                known = max(known, line["msg"].get("term", 0))
    return False


def _own_term(own: list[Line], before: Line) -> int:
    """The highest term that the node has shown before a line."""
    known = 0
    for line in own:
        if line is before:
            return known
        known = max([known, *(state["term"] for _, state in _states([line]))])
        if line["event"] == "send":
            known = max(known, line["msg"].get("term", 0))
    return known


def _stale_requests(own: list[Line]) -> list[Line]:
    return [
        line
        for line, msg in _messages(own, "recv")
        if msg["type"] in REQUESTS and msg["term"] < line.get("pre", {"term": _own_term(own, line)})["term"]
    ]


def NoAckToStale(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        stale = {line["mid"] for line in _stale_requests(own)}
        for line, msg in _messages(own, "send"):
            if msg.get("granted") or msg.get("success"):
                term = msg.get("term")
                if term is not None and term < _own_term(own, line):
                    return True
                if msg.get("re") in stale:
                    return True
    return False


def StaleFrame(nodes: dict[str, list[Line]]) -> bool:
    return any(
        line["pre"] != line["state"]
        for own in nodes.values()
        for line in _stale_requests(own)
        if "pre" in line
    )


def _reigns(own: list[Line]) -> list[list[dict[str, Any]]]:
    """The states of each unbroken leadership of one term."""
    groups: list[list[dict[str, Any]]] = []
    before = None
    for line, state in _states(own):
        key = (line.get("inc"), state["term"]) if state["role"] == "leader" else None
        if key is not None:
            if key != before:
                groups.append([])
            groups[-1].append(state)
        before = key
    return groups


def CommitOnlyCurrentTerm(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        for reign in _reigns(own):
            old = max((s["last"][0] for s in reign if s["last"][1] < s["term"]), default=0)
            own_from = min(
                [reign[0]["last"][0] + 1, *(s["last"][0] for s in reign if s["last"][1] == s["term"])]
            )
            for before, after in pairwise(reign):
                if before["commit"] < after["commit"] <= old and after["commit"] < own_from:
                    return True
    return False


def LeaderAppendOnly(nodes: dict[str, list[Line]]) -> bool:
    return any(
        after["last"][0] < before["last"][0]
        or (after["last"][0] == before["last"][0] and after["last"][1] != before["last"][1])
        or (after["last"][0] > before["last"][0] and after["last"][1] < after["term"])
        for own in nodes.values()
        for reign in _reigns(own)
        for before, after in pairwise(reign)
    )


def CommitMonotonic(nodes: dict[str, list[Line]]) -> bool:
    return any(
        one.get("inc") == two.get("inc") and after["commit"] < before["commit"]
        for own in nodes.values()
        for (one, before), (two, after) in pairwise(_states(own))
    )


def CommitWithinLog(nodes: dict[str, list[Line]]) -> bool:
    return any(state["commit"] > state["last"][0] for line in _all(nodes) for _, state in _states([line]))


def StateMachineSafety(nodes: dict[str, list[Line]]) -> bool:
    committed = set()
    for line in _all(nodes):
        committed |= {tuple(s["last"]) for _, s in _states([line]) if s["commit"] == s["last"][0]}
        msg = line.get("msg", {})
        if msg.get("type") == "append":
            committed |= {tuple(e) for e in [msg["prev"], *msg["entries"]] if e[0] <= msg["commit"]}
        if "entry" in line:
            committed.add(tuple(line["entry"]))
    return any(
        one[1] != two[1] if one[0] == two[0] else (one[0] < two[0]) != (one[1] <= two[1]) and one[1] != two[1]
        for one, two in combinations(committed, 2)
    )


def OkIsChosen(nodes: dict[str, list[Line]]) -> bool:
    return any(
        line["state"]["commit"] < line["entry"][0]
        for line in _all(nodes)
        if line["event"] == "client_ok" and "entry" in line
    )


def LegalTransition(nodes: dict[str, list[Line]]) -> bool:
    for line in _all(nodes):
        if "old_role" not in line:
            continue
        if (line["old_role"], line["new_role"]) in IMPOSSIBLE or line["new_term"] < line.get("old_term", 0):
            return True
    for own in nodes.values():
        led = [(state["role"] == "leader", state["term"]) for _, state in _states(own)]
        for term in {term for leads, term in led if leads}:
            mine = [leads for leads, of_term in led if of_term == term]
            if [one for one, other in pairwise([False, *mine]) if not one and other].count(False) > 1:
                return True
    return False


def StaleRejected(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        for request in _stale_requests(own):
            later = own[own.index(request) + 1 :]
            answers = [m for _, m in _messages(later, "send") if m.get("re") == request["mid"]]
            current = [m for m in answers if m.get("term") == request["pre"]["term"] and not m.get("success")]
            peer = [m for line, m in _messages(later, "recv") if line["from"] == request["from"]]
            goes_on = any(m["type"] in REQUESTS and m["term"] >= request["pre"]["term"] for m in peer)
            if (answers or goes_on) and not current:
                return True
    return False


def DeposedWrite(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        led = False
        deposed = set()
        for line in own:
            roles = [state["role"] for _, state in _states([line])]
            if line["event"] == "client_invoke" and led and roles[-1] != "leader":
                deposed.add(line["op"])
            if line["event"] == "client_ok" and line["op"] in deposed:
                return True
            led = led or "leader" in roles
    return False


def AuditFaithful(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        role = None
        inc = None
        for line in own:
            if line.get("inc") != inc:
                role, inc = None, line.get("inc")
            if "old_role" in line:
                lacking = [name for name in ("ts", "reason", "old_term") if name not in line]
                if lacking or role not in (None, line["old_role"]):
                    return True
                role = line["new_role"]
            elif role is not None and any(state["role"] != role for _, state in _states([line])):
                return True
    return False


def LeaderCompleteness(nodes: dict[str, list[Line]]) -> bool:
    states = [state for own in nodes.values() for _, state in _states(own)]
    return any(
        leader["role"] == "leader" and leader["term"] > state["term"] and leader["last"][0] < state["commit"]
        for state in states
        for leader in states
    )


def CommittedStays(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        known = 0
        for _, state in _states(own):
            if state["last"][0] < known and state["commit"] != known:
                return True
            known = max(known, state["commit"])
    return False


def RedirectSound(nodes: dict[str, list[Line]]) -> bool:
    return any(line.get("hint") == line["node"] for line in _all(nodes))


LEASE_S, CLOCK_ERROR_S = 0.9, 0.02
"""What the good log declares."""


def _leads_by(nodes: dict[str, list[Line]]) -> list[tuple[float, int, str]]:
    """(time, term, node) of each line that shows a leader."""
    return [
        (line["ts"], state["term"], line["node"])
        for line in _all(nodes)
        for _, state in _states([line])
        if state["role"] == "leader"
    ]


def _came(own: list[Line], op: str) -> float:
    return next(line["ts"] for line in own if line["event"] == "client_invoke" and line.get("op") == op)


def WriteExclusion(nodes: dict[str, list[Line]]) -> bool:
    """A leader's first append of its term may be what begins the term: no write of a client."""
    taken = []
    for node, own in nodes.items():
        begun = set()
        for line in own:
            if line["event"] == "client_ok" and line["f"] == "put" and line["state"]["role"] == "leader":
                taken.append((_came(own, line["op"]), line["state"]["term"], node))
            if line["event"] == "append" and line["state"]["role"] == "leader":
                if line["state"]["term"] in begun:
                    taken.append((line["ts"], line["state"]["term"], node))
                begun.add(line["state"]["term"])
    return any(
        later > term and node != other and ts - shown > CLOCK_ERROR_S
        for ts, term, node in taken
        for shown, later, other in _leads_by(nodes)
    )


def StaleRead(nodes: dict[str, list[Line]]) -> bool:
    reads = [
        (line["ts"], line["state"]["term"], line["node"])
        for line in _all(nodes)
        if line["event"] == "read" and line["state"]["role"] == "leader"
    ]
    commits = [(line["ts"], line["entry"][1], line["node"]) for line in _all(nodes) if "entry" in line]
    return any(
        later > term and node != other and ts - done > CLOCK_ERROR_S
        for ts, term, node in reads
        for done, later, other in commits
    )


def _overdue(own: list[Line]) -> list[tuple[Line, bool]]:
    """The lines of a leader without its quorum for longer than its lease, and whether it said so."""
    found = []
    contact, expired = None, False
    for line in own:
        roles = [state["role"] for _, state in _states([line])]
        heard = line["event"] in ("recv", "lease_renew")
        late = contact is not None and line["ts"] - contact > LEASE_S + CLOCK_ERROR_S
        if contact is not None and not heard and (late or expired):
            found.append((line, expired))
        if line["event"] == "lease_expire":
            expired = True
        if roles and roles[-1] != "leader":
            contact, expired = None, False
        elif heard or (contact is None and roles):
            contact, expired = line["ts"], expired and line["event"] != "lease_renew"
    return found


def LeaseOverrun(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        late = [line for line, _ in _overdue(own) if line.get("state", {}).get("role") == "leader"]
        asked = {line["op"] for line in late if line["event"] == "client_invoke"}
        for line in late:
            if line["event"] in ("append", "read") or (line["event"] == "client_ok" and line["op"] in asked):
                return True
    return False


def StepDownInTime(nodes: dict[str, list[Line]]) -> bool:
    return any(
        not expired and line["event"] != "lease_expire"
        for own in nodes.values()
        for line, expired in _overdue(own)
    )


FOR_GOOD = ("redirect", "not_leader", "no_quorum", "lease_expired", "rejected")


def DefiniteFail(nodes: dict[str, list[Line]]) -> bool:
    for own in nodes.values():
        appended = {line["op"] for line in own if line["event"] == "append" and "op" in line}
        refused = {
            line["op"] for line in own if line["event"] == "client_fail" and line.get("error") in FOR_GOOD
        }
        if appended & refused:
            return True
    return False


def FreshRead(nodes: dict[str, list[Line]]) -> bool:
    acknowledged = [
        (line["ts"] + (CLOCK_ERROR_S if node != line["node"] else 0), line["entry"][0], node)
        for node in nodes
        for line in _all(nodes)
        if line["event"] == "client_ok" and line["f"] == "put" and "entry" in line
    ]
    return any(
        read["state"]["role"] == "leader" and index > read["state"]["commit"] and ts < came["ts"]
        for node, own in nodes.items()
        for read in own
        if read["event"] == "read"
        for came in own
        if came["event"] == "client_invoke" and came.get("op") == read["op"]
        for ts, index, at in acknowledged
        if at == node
    )


RULES = (
    ElectionSafety,
    StateMachineSafety,
    LeaderCompleteness,
    OkIsChosen,
    WriteExclusion,
    StaleRead,
    FreshRead,
    DefiniteFail,
    LeaseOverrun,
    VoteStable,
    TermMonotonic,
    NoAckToStale,
    StaleFrame,
    CommitOnlyCurrentTerm,
    LeaderAppendOnly,
    CommitMonotonic,
    CommittedStays,
    CommitWithinLog,
    RedirectSound,
    LegalTransition,
    StaleRejected,
    DeposedWrite,
    StepDownInTime,
    AuditFaithful,
)
