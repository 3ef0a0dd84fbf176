"""How the log proof reads the model: each action of the spec as one of log_actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pymodel.engine.contract import Bound
from pymodel.proof.link import (
    STUTTER,
    UNSPOKEN,
    Move,
    Params,
    Record,
    Unlinked,
    blank,
    kept_vote,
    quorum_of,
    relation,
    reply,
    told_to_campaign,
)
from pymodel.proof.log import LOG
from pymodel.proof.structure import Relation, Structure, majorities
from pymodel.raft.names import Candidate, Leader, Nil

Reading = Callable[[Any, Record, Record, Structure], Move]


class LogProjection:
    """A projection (see link.Projection) of the model under one cfg onto the log proof."""

    system = LOG

    def __init__(self, bound: Bound) -> None:
        self.nodes = range(len(bound.labels["Server"]))
        self.quorums = majorities(len(self.nodes))

    def start(self, bound: Bound) -> Structure:
        domains = {
            "Node": self.nodes,
            "Term": range(bound.names["MaxTerm"] + 2),
            "Index": range(len(bound.names["LogIndex"]) + 1),
            "Value": range(len(bound.labels["Write"])),
            "Quorum": range(len(self.quorums)),
        }
        structure = blank(self.system, domains)
        structure.values["member"] = {(n, q) for q, members in enumerate(self.quorums) for n in members}
        structure.values["currentTerm"] = {(n, 0) for n in self.nodes}
        structure.values["commitIndex"] = {(n, 0, 0) for n in self.nodes}
        structure.values["lastIndex"] = {(n, 0) for n in self.nodes}
        return structure

    def move(self, name: str, params: Params, s: Record, t: Record, known: Structure) -> Move:
        if name in NODE_STEPS:
            return NODE_STEPS[name](self, params, s, t, known)
        if name in MESSAGE_STEPS:
            return MESSAGE_STEPS[name](self, params["m"], s, t, known)
        return STUTTER

    def differences(self, s: Record, known: Structure) -> Iterator[str]:
        for name, ours in self._spec(s, known).items():
            theirs = relation(known, name)
            if name == "commitIndex":
                theirs = {(n, k) for n, _, k in theirs}
            elif name == "matchIndex":
                theirs = {row for row in theirs if row[-1] != 0}
            if ours != theirs:
                yield f"{name}: the model has {sorted(ours)}, the proof {sorted(theirs)}"
        for m in s.messages:
            if not self._was_sent(m, known):
                yield f"{m.type.__name__} was never sent: {tuple(m)[1:]}"

    def _spec(self, s: Record, known: Structure) -> dict[str, Relation]:
        """The spec's variables as the rows of relations."""
        nodes, indexes = self.nodes, known.domains["Index"]
        return {
            "currentTerm": {(n, s.currentTerm[n]) for n in nodes},
            "past": {(n, u) for n in nodes for u in range(s.currentTerm[n])},
            "candidate": {(n,) for n in nodes if s.role[n] == Candidate},
            "leader": {(n,) for n in nodes if s.role[n] == Leader},
            "votedFor": {(n, s.votedFor[n]) for n in nodes if s.votedFor[n] != Nil},
            "votesGranted": {(n, d) for n in nodes for d in nodes if s.votesGranted[n, d]},
            "log": {
                (n, k, s.log.term[n, k], s.log.write[n, k])
                for n in nodes
                for k in indexes[1:]
                if k <= s.log.length[n]
            },
            "lastIndex": {(n, s.log.length[n]) for n in nodes},
            "commitIndex": {(n, s.commitIndex[n]) for n in nodes},
            "matchIndex": {
                (n, d, k) for n in nodes for d in nodes for k in indexes[1:] if k <= s.matchIndex[n, d]
            },
        }

    def _was_sent(self, m: Any, known: Structure) -> bool:
        match m.type.__name__:
            case kind if kind in UNSPOKEN:
                return True
            case "RequestVoteRequest":
                return (m.term, m.source, m.lastLogIndex, m.lastLogTerm) in relation(known, "requestVote")
            case "RequestVoteResponse":
                return not m.granted or (m.term, m.source, m.dest) in relation(known, "vote")
            case "AppendEntriesRequest":
                return self._append_was_sent(m, known)
            case "AppendEntriesResponse":
                return not m.success or (m.term, m.source, m.index) in relation(known, "ack")
            case "InstallSnapshotRequest":
                sent = any(
                    row[:3] == (m.term, m.lastIndex, m.lastTerm) for row in relation(known, "snapshot")
                )
                return sent and self._content(m, known) == {
                    row[1:]
                    for row in relation(known, "leaderLog")
                    if row[0] == m.term and row[1] <= m.lastIndex
                }
        return m.index == 0 or (m.term, m.source, m.index) in relation(known, "ack")

    def _append_was_sent(self, m: Any, known: Structure) -> bool:
        told = any(row[:2] == (m.term, m.commitIndex) for row in relation(known, "leaderCommit"))
        head = (m.term, m.prevLogIndex, m.prevLogTerm)
        if m.entryWrite == Nil:
            return told and head in relation(known, "heartbeat")
        entry = (m.prevLogIndex + 1, m.entryTerm, m.entryWrite)
        return told and (*head, *entry) in relation(known, "appendEntries")

    def _content(self, m: Any, known: Structure) -> Relation:
        return {
            (k, m.contentTerm[k], m.contentWrite[k])
            for k in known.domains["Index"][1:]
            if m.contentWrite[k] != Nil
        }

    def _commit(self, n: int, known: Structure) -> tuple[int, int]:
        """The term by which n's commit index is known, and the index."""
        return next((int(x), int(k)) for m, x, k in relation(known, "commitIndex") if m == n)

    # One method for each action of the spec that the proof speaks of.

    def timeout(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        n = p["i"]
        return Move("Timeout", {"n": n, "u": s.currentTerm[n], "t": t.currentTerm[n]})

    def timeout_now(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        return told_to_campaign(m, s, t)

    def request_vote(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        n = p["i"]
        last = s.log.length[n]
        term = s.log.term[n, last] if last else 0
        return Move("RequestVote", {"n": n, "t": s.currentTerm[n], "i": last, "e": term})

    def handle_vote_request(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        n = m.dest
        if not reply("RequestVoteResponse", m, s, t).granted:
            return STUTTER
        terms = {"n": n, "u": s.currentTerm[n], "t": m.term}
        fields = {"c": m.source, "i": m.lastLogIndex, "e": m.lastLogTerm}
        return Move("HandleRequestVoteRequest", terms | fields)

    def handle_vote_response(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        if s.role[m.dest] != Candidate or not m.granted:
            return STUTTER
        terms = {"u": s.currentTerm[m.dest], "t": m.term}
        return Move("HandleRequestVoteResponse", {"c": m.dest, "n": m.source, **terms})

    def become_leader(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        c = p["i"]
        q = quorum_of(frozenset(d for d in self.nodes if s.votesGranted[c, d]), self.quorums)
        return Move("BecomeLeader", {"c": c, "t": s.currentTerm[c], "k": s.log.length[c], "q": q})

    def append_entries(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        o = p["i"]
        before = s.nextIndex[o, p["j"]] - 1
        x, k = self._commit(o, known)
        head = {"o": o, "t": s.currentTerm[o], "p": before, "f": s.log.term[o, before] if before else 0}
        if p["n"] == 0:
            return Move("AppendEntries/heartbeat", head | {"k": k, "x": x})
        i = before + 1
        entry = {"i": i, "e": s.log.term[o, i], "v": s.log.write[o, i]}
        return Move("AppendEntries", head | entry | {"k": k, "x": x})

    def handle_append_request(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        n = m.dest
        name = "HandleAppendEntriesRequest"
        if not reply("AppendEntriesResponse", m, s, t).success:
            if m.term < s.currentTerm[n]:
                return STUTTER
            return Move(f"{name}/mismatch", {"n": n, "keep": kept_vote(s, t, n)})
        y, j = self._commit(n, known)
        k = t.commitIndex[n]
        told = sorted(x for u, i, x in relation(known, "leaderCommit") if u == m.term and k <= i)
        params = {
            "n": n,
            "u": s.currentTerm[n],
            "t": m.term,
            "p": m.prevLogIndex,
            "f": m.prevLogTerm,
            "keep": kept_vote(s, t, n),
            "j": j,
            "y": y,
            "k": k,
            "x": y if k == j or not told else told[0],
        }
        if m.entryWrite == Nil:
            return Move(f"{name}/heartbeat", params)
        changed = _log_of(s, n) != _log_of(t, n)
        entry = {"i": m.prevLogIndex + 1, "e": m.entryTerm, "v": m.entryWrite, "truncate": changed}
        return Move(name, params | entry)

    def handle_append_response(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        if s.role[m.dest] != Leader or not m.success:
            return STUTTER
        return Move("HandleAppendEntriesResponse", self._counted(m, s))

    def _counted(self, m: Any, s: Record) -> Mapping[str, int]:
        return {"o": m.dest, "u": s.currentTerm[m.dest], "t": m.term, "n": m.source, "i": m.index}

    def advance_commit(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        o = p["i"]
        i = t.commitIndex[o]
        holders = frozenset(n for n in self.nodes if n == o or s.matchIndex[o, n] >= i)
        x, k = self._commit(o, known)
        entry = {"i": i, "e": s.log.term[o, i], "v": s.log.write[o, i]}
        known_by = {"q": quorum_of(holders, self.quorums), "x": x, "k": k}
        return Move("AdvanceCommitIndex", {"o": o, "t": s.currentTerm[o], **entry, **known_by})

    def install_snapshot(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        o = p["i"]
        i = s.snapshotIndex[o]
        x, k = self._commit(o, known)
        entry = {"i": i, "e": s.snapshotTerm[o], "v": s.log.write[o, i]}
        return Move("InstallSnapshot", {"o": o, "t": s.currentTerm[o], **entry, "k": k, "x": x})

    def handle_snapshot_request(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        n, i = m.dest, m.lastIndex
        if reply("InstallSnapshotResponse", m, s, t).index == 0:
            return STUTTER
        by = [row[3] for row in relation(known, "snapshot") if row[:3] == (m.term, i, m.lastTerm)]
        if not by:
            raise Unlinked("a snapshot was never sent")
        t1, k = self._commit(n, known)
        params = {
            "n": n,
            "u": s.currentTerm[n],
            "t": m.term,
            "i": i,
            "e": m.lastTerm,
            "x": min(by),
            "k": k,
            "t1": t1,
            "keep": kept_vote(s, t, n),
        }
        if i <= s.commitIndex[n]:
            return Move("HandleInstallSnapshotRequest/known", params)
        matching = any(row[:3] == (n, i, m.lastTerm) for row in relation(known, "log"))
        suffix = s.log.length[n] > i or t.log.length[n] > i
        return Move(
            "HandleInstallSnapshotRequest", params | {"retain": t.log.length[n] > i if suffix else matching}
        )

    def handle_snapshot_response(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        if s.role[m.dest] != Leader or m.index == 0:
            return STUTTER
        return Move("HandleInstallSnapshotResponse", self._counted(m, s))

    def update_term(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        n = m.dest
        return Move("UpdateTerm", {"n": n, "u": s.currentTerm[n], "t": t.currentTerm[n]})

    def accept_write(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        o = p["i"]
        last = s.log.length[o]
        return Move("AcceptWrite", {"o": o, "t": s.currentTerm[o], "k": last, "i": last + 1, "v": p["w"]})

    def lease_expire(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        return Move("LeaseExpire", {"o": p["i"], "keep": kept_vote(s, t, p["i"])})

    def restart(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        n = p["i"]
        x, j = self._commit(n, known)
        terms = {"n": n, "u": s.currentTerm[n], "t": t.currentTerm[n]}
        return Move("Restart", {**terms, "x": x, "j": j, "k": t.commitIndex[n], "keep": kept_vote(s, t, n)})


def _log_of(s: Record, n: int) -> list[tuple[int, int]]:
    return [(s.log.term[n, k], s.log.write[n, k]) for k in range(1, s.log.length[n] + 1)]


NODE_STEPS: dict[str, Callable[..., Move]] = {
    "Timeout": LogProjection.timeout,
    "RequestVote": LogProjection.request_vote,
    "BecomeLeader": LogProjection.become_leader,
    "AppendEntries": LogProjection.append_entries,
    "AdvanceCommitIndex": LogProjection.advance_commit,
    "InstallSnapshot": LogProjection.install_snapshot,
    "AcceptWrite": LogProjection.accept_write,
    "LeaseExpire": LogProjection.lease_expire,
    "Restart": LogProjection.restart,
}
MESSAGE_STEPS: dict[str, Callable[..., Move]] = {
    "HandleRequestVoteRequest": LogProjection.handle_vote_request,
    "HandleRequestVoteResponse": LogProjection.handle_vote_response,
    "HandleAppendEntriesRequest": LogProjection.handle_append_request,
    "HandleAppendEntriesResponse": LogProjection.handle_append_response,
    "HandleInstallSnapshotRequest": LogProjection.handle_snapshot_request,
    "HandleInstallSnapshotResponse": LogProjection.handle_snapshot_response,
    "UpdateTerm": LogProjection.update_term,
    "HandleTimeoutNow": LogProjection.timeout_now,
}
