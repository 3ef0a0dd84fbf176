"""Short logs for TLC: each needs one thing that the walk along a log allows, or ends where it should.

A log is made of the good log by a change, or written line by line with the same cluster.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.good_log import Cluster, Line, Lines, good_log

Maker = Callable[[], Lines]


def _copied() -> Lines:
    """The good log, in which no line shares a part with another."""
    copied: Lines = json.loads(json.dumps(good_log()))
    return copied


def started(*, leads: bool = True) -> Cluster:
    """Three servers; n1 leads term 1 with the votes of both others."""
    cluster = Cluster()
    for name in cluster.servers:
        cluster.show(name, "init")
    if leads:
        cluster.elect("n1", 1, ("n2", "n3"))
    return cluster


def _accept(cluster: Cluster, last: int) -> None:
    """n1 appends entries of term 1 up to this index."""
    first = cluster.servers["n1"].state["last"][0] + 1
    cluster.change("n1", last=[last, 1])
    cluster.show("n1", "append", entries=[[index, 1] for index in range(first, last + 1)])


def _send(cluster: Cluster, follower: str, prev: list[int], entries: list[list[int]], commit: int) -> Line:
    return cluster.send("n1", follower, type="append", term=1, prev=prev, entries=entries, commit=commit)


def _answer(cluster: Cluster, follower: str, index: int) -> Line:
    return cluster.send(follower, "n1", type="append_response", term=1, success=True, index=index)


def pipelined() -> Lines:
    """A second append goes out before the first is answered."""
    cluster = started()
    _accept(cluster, 2)
    first = _send(cluster, "n2", [0, 0], [[1, 1]], 0)
    second = _send(cluster, "n2", [1, 1], [[2, 1]], 0)
    cluster.receive(first, last=[1, 1])
    cluster.receive(second, last=[2, 1])
    cluster.receive(_answer(cluster, "n2", 2))
    return cluster.lines


def batched() -> Lines:
    """One append of three entries, and one answer to all of it."""
    cluster = started()
    _accept(cluster, 3)
    sent = _send(cluster, "n2", [0, 0], [[1, 1], [2, 1], [3, 1]], 0)
    cluster.receive(sent, last=[3, 1])
    cluster.receive(_answer(cluster, "n2", 3))
    cluster.change("n1", commit=3)
    cluster.show("n1", "commit", entry=[3, 1])
    return cluster.lines


def committed_in_part() -> Lines:
    """Two entries are acknowledged at once and committed one after the other."""
    cluster = started()
    _accept(cluster, 2)
    cluster.receive(_send(cluster, "n2", [0, 0], [[1, 1], [2, 1]], 0), last=[2, 1])
    cluster.receive(_answer(cluster, "n2", 2))
    for index in (1, 2):
        cluster.change("n1", commit=index)
        cluster.show("n1", "commit", entry=[index, 1])
    return cluster.lines


def _two_committed() -> Cluster:
    cluster = started()
    cluster.append("n1", ("n2", "n3"), [1, 1], [0, 0])
    cluster.append("n1", ("n2", "n3"), [2, 1], [1, 1])
    return cluster


def answered_with_what_is_committed() -> Lines:
    """An append far back is answered with the commit index, as etcd does."""
    cluster = _two_committed()
    _restart(cluster, "n2")
    cluster.receive(_send(cluster, "n2", [0, 0], [], 2))
    cluster.receive(_answer(cluster, "n2", 2))
    return cluster.lines


def older_snapshot() -> Lines:
    """A snapshot of less than all that is committed."""
    cluster = _two_committed()
    sent = cluster.send("n1", "n3", type="snapshot", term=1, last=[1, 1])
    cluster.receive(sent)
    cluster.receive(cluster.send("n3", "n1", type="snapshot_response", term=1, success=True, index=1))
    return cluster.lines


def commit_index_is_stored() -> Lines:
    """A server comes back with its commit index."""
    cluster = _two_committed()
    _restart(cluster, "n2")
    return cluster.lines


def _restart(cluster: Cluster, name: str) -> None:
    server = cluster.servers[name]
    server.inc, server.seq = "b", 0
    cluster.show(name, "init")


def lost_on_receipt() -> Lines:
    """A node shows the receipt of an entry and does not take it."""
    cluster = started()
    _accept(cluster, 1)
    cluster.receive(_send(cluster, "n2", [0, 0], [[1, 1]], 0))
    return cluster.lines


def heard_before_its_line() -> Lines:
    """n3 records the term of a candidate before it records the request that told it."""
    cluster = started()
    cluster.role("n2", "candidate", "election_timeout", term=2, vote="n2")
    asked = cluster.send("n2", "n3", type="request_vote", term=2, last=[0, 0])
    cluster.change("n3", term=2, vote=None)
    cluster.show("n3", "term")
    cluster.receive(asked, vote="n2")
    return cluster.lines


def follows_before_its_line() -> Lines:
    """A candidate records that it follows before it records the append that made it."""
    cluster = started(leads=False)
    for name in ("n1", "n2"):
        cluster.role(name, "candidate", "election_timeout", term=1, vote=name)
    asked = cluster.send("n1", "n3", type="request_vote", term=1, last=[0, 0])
    cluster.receive(asked, term=1, vote="n1")
    cluster.receive(cluster.send("n3", "n1", type="vote_response", term=1, granted=True))
    cluster.role("n1", "leader", "won_election")
    sent = _send(cluster, "n2", [0, 0], [], 0)
    cluster.role("n2", "follower", "current_leader")
    cluster.receive(sent)
    return cluster.lines


def bare_records() -> Lines:
    """Records of roles, entries and commits that tell nothing of their node."""
    lines = _copied()
    for line in lines:
        if line.get("event") in ("role", "append", "commit"):
            line.pop("state", None)
        if line.get("event") == "role":
            line.pop("new_term", None)
    return lines


def _only(wanted: Callable[[Line], bool]) -> Lines:
    """The lines that are wanted, as of a log that does not count its lines."""
    lines = _copied()
    kept = [lines[0], *filter(wanted, lines[1:])]
    for line in kept:
        line.pop("seq", None)
    return kept


def _without(kind: str) -> Lines:
    return _only(lambda line: line.get("msg", {}).get("type") != kind)


def votes_are_not_logged() -> Lines:
    return _without("vote_response")


def answers_are_not_logged() -> Lines:
    return _without("append_response")


def sendings_are_not_logged() -> Lines:
    return _only(lambda line: line["event"] != "send")


def begins_in_the_middle() -> Lines:
    """The first lines of all nodes are gone."""
    lines = good_log()
    return [lines[0], *lines[40:]]


def begins_in_a_campaign() -> Lines:
    """n1 wins by a vote from before its first line; n3 had voted for itself."""
    cluster = Cluster()
    cluster.change("n3", term=1, vote="n3")
    cluster.show("n3", "init")
    cluster.change("n1", term=1, vote="n1", role="candidate")
    asked = cluster.send("n1", "n3", type="request_vote", term=1, last=[0, 0])
    cluster.lines.remove(asked)
    cluster.receive(asked)
    cluster.receive(cluster.send("n3", "n1", type="vote_response", term=1, granted=False))
    cluster.role("n1", "leader", "won_election")
    cluster.append("n1", ("n3",), [1, 1], [0, 0])
    return cluster.lines


def begins_at_a_high_index() -> Lines:
    """The same cluster, 811 entries and 9 terms later."""
    lines = _copied()
    for line in lines[1:]:
        for part in (line, line.get("msg", {}), line.get("state", {}), line.get("pre", {})):
            _move(part, 811, 9)
    return lines


def _move(part: dict[str, Any], index: int, term: int) -> None:
    for name in ("commit", "index"):
        if isinstance(part.get(name), int):
            part[name] += index
    for name in ("term", "old_term", "new_term"):
        if name in part:
            part[name] += term
    for name in ("last", "prev", "entry"):
        if name in part:
            part[name] = [part[name][0] + index, part[name][1] + term]
    if "entries" in part:
        part["entries"] = [[k + index, t + term] for k, t in part["entries"]]


def odd_names() -> Lines:
    """Nodes with names that TLA+ has to be told with care."""
    names = {"n1": 'a"b', "n2": "c\\d", "n3": "kn\u00f6ten"}
    lines = _copied()
    lines[0] = {**lines[0], "nodes": sorted(names.values())}
    for line in lines[1:]:
        for part in (line, line.get("msg", {}), line.get("state", {}), line.get("pre", {})):
            for name in ("node", "from", "to", "vote", "hint"):
                if part.get(name) in names:
                    part[name] = names[part[name]]
    return lines


BEHAVIOURS: tuple[Maker, ...] = (
    good_log,
    pipelined,
    batched,
    committed_in_part,
    answered_with_what_is_committed,
    older_snapshot,
    commit_index_is_stored,
    lost_on_receipt,
    heard_before_its_line,
    follows_before_its_line,
    bare_records,
    votes_are_not_logged,
    answers_are_not_logged,
    sendings_are_not_logged,
    begins_in_the_middle,
    begins_in_a_campaign,
    begins_at_a_high_index,
)
"""Logs that a correct cluster writes."""
