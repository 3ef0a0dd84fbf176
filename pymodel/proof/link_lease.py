"""How the lease proof reads the model: clocks of rate 1 whose offset is the spec's skew.

Real time is what the slowest clock shows. An age of the model is the difference of two readings of one clock,
as far as it saturates; requests of one leader at one reading of its clock are one round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pymodel.engine.contract import Bound
from pymodel.proof.lease import LEASE
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
    table,
    told_to_campaign,
)
from pymodel.proof.structure import Number, Relation, Structure, Table, majorities
from pymodel.raft.names import Candidate, Leader, Nil

ROUNDS = 24
"""How many rounds a walk can have."""


class LeaseProjection:
    """A projection (see link.Projection) of the model under one cfg onto the lease proof."""

    system = LEASE

    def __init__(self, bound: Bound) -> None:
        self.nodes = range(len(bound.labels["Server"]))
        self.quorums = majorities(len(self.nodes))
        self.election_ticks: int = bound.names["ElectionTicks"]
        self.lease_ticks: int = bound.names["LeaseTicks"]
        self.skew: int = bound.names["ClockSkew"]

    def start(self, bound: Bound) -> Structure:
        domains = {
            "Node": self.nodes,
            "Term": range(bound.names["MaxTerm"] + 2),
            "Quorum": range(len(self.quorums)),
            "Round": range(ROUNDS),
        }
        structure = blank(self.system, domains)
        structure.values["member"] = {(n, q) for q, members in enumerate(self.quorums) for n in members}
        structure.values["currentTerm"] = {(n, 0) for n in self.nodes}
        constants = {"lo": 1, "hi": 1, "jitter": self.skew}
        constants |= {"lease": self.lease_ticks, "withhold": self.election_ticks}
        structure.values.update(constants)
        return structure

    def move(self, name: str, params: Params, s: Record, t: Record, known: Structure) -> Move:
        if name in NODE_STEPS:
            return NODE_STEPS[name](self, params, s, t, known)
        if name in MESSAGE_STEPS:
            return MESSAGE_STEPS[name](self, params["m"], s, t, known)
        return STUTTER

    def differences(self, s: Record, known: Structure) -> Iterator[str]:
        for name, ours in self._spec(s).items():
            theirs = relation(known, name)
            if ours != theirs:
                yield f"{name}: the model has {sorted(ours)}, the proof {sorted(theirs)}"
        for n in self.nodes:
            elapsed = min(self.clock(n, known) - table(known, "heardAt")[n,], self.election_ticks)
            if elapsed != s.electionElapsed[n]:
                yield f"electionElapsed: the model has {s.electionElapsed[n]}, the proof {elapsed}"
            for j in self.nodes:
                if j != n and s.role[n] == Leader and self._age(n, j, known) != s.ackAge[n, j]:
                    yield f"ackAge: the model has {s.ackAge[n, j]}, the proof {self._age(n, j, known)}"
        for m in s.messages:
            if not self._was_sent(m, known):
                yield f"{m.type.__name__} was never sent: {tuple(m)[1:]}"

    def _spec(self, s: Record) -> dict[str, Relation]:
        nodes = self.nodes
        return {
            "currentTerm": {(n, s.currentTerm[n]) for n in nodes},
            "past": {(n, u) for n in nodes for u in range(s.currentTerm[n])},
            "candidate": {(n,) for n in nodes if s.role[n] == Candidate},
            "leader": {(n,) for n in nodes if s.role[n] == Leader},
            "votedFor": {(n, s.votedFor[n]) for n in nodes if s.votedFor[n] != Nil},
            "votesGranted": {(n, d) for n in nodes for d in nodes if s.votesGranted[n, d]},
        }

    def clock(self, n: int, known: Structure) -> Number:
        return table(known, "drift")[n,] + table(known, "offset")[n,]

    def _age(self, n: int, j: int, known: Structure) -> Number:
        if (n, j) not in relation(known, "contact"):
            return self.lease_ticks
        return min(self.clock(n, known) - table(known, "contactAt")[n, j], self.lease_ticks)

    def _was_sent(self, m: Any, known: Structure) -> bool:
        match m.type.__name__:
            case kind if kind in UNSPOKEN:
                return True
            case "RequestVoteRequest":
                return (m.term, m.source) in relation(known, "requestVote")
            case "RequestVoteResponse":
                return not m.granted or (m.term, m.source, m.dest) in relation(known, "vote")
            case "AppendEntriesRequest" | "InstallSnapshotRequest":
                return self._round(m, m.source, known) is not None
        return not _acknowledges(m) or self._acknowledged(m, known) is not None

    def _round(self, m: Any, holder: int, known: Structure, acker: int | None = None) -> int | None:
        """The newest round of the message's term and age, acknowledged by `acker` if one is given."""
        shown = self.clock(holder, known)
        sent_at = table(known, "sentAt")
        fitting = [
            int(r)
            for u, r in relation(known, "round")
            if u == m.term
            and min(shown - sent_at[r,], self.lease_ticks) == m.age
            and (acker is None or (r, acker) in relation(known, "ack"))
        ]
        return max(fitting, key=lambda r: (sent_at[r,], r), default=None)

    def _acknowledged(self, m: Any, known: Structure) -> int | None:
        return self._round(m, m.dest, known, m.source)

    # One method for each action of the spec that the proof speaks of.

    def timeout(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        n = p["i"]
        return Move("Timeout", {"n": n, "u": s.currentTerm[n], "t": t.currentTerm[n]})

    def timeout_now(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        return told_to_campaign(m, s, t)

    def request_vote(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        return Move("RequestVote", {"n": p["i"], "t": s.currentTerm[p["i"]]})

    def handle_vote_request(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        if not reply("RequestVoteResponse", m, s, t).granted:
            return STUTTER
        terms = {"n": m.dest, "u": s.currentTerm[m.dest], "t": m.term}
        return Move("HandleRequestVoteRequest", terms | {"c": m.source})

    def handle_vote_response(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        if s.role[m.dest] != Candidate or not m.granted:
            return STUTTER
        terms = {"u": s.currentTerm[m.dest], "t": m.term}
        return Move("HandleRequestVoteResponse", {"c": m.dest, "n": m.source, **terms})

    def become_leader(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        c = p["i"]
        q = quorum_of(frozenset(d for d in self.nodes if s.votesGranted[c, d]), self.quorums)
        return Move("BecomeLeader", {"c": c, "t": s.currentTerm[c], "q": q, "granted": False})

    def send_round(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        o = p["i"]
        term, shown, sent_at = s.currentTerm[o], self.clock(o, known), table(known, "sentAt")
        rounds = relation(known, "round")
        if any(u == term and sent_at[r,] == shown for u, r in rounds):
            return STUTTER
        if len(rounds) == ROUNDS:
            raise Unlinked(f"more than {ROUNDS} rounds: walk less far")
        return Move("AppendEntries", {"o": o, "t": term, "r": len(rounds)})

    def handle_append_request(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        if not reply("AppendEntriesResponse", m, s, t).success:
            if m.term < s.currentTerm[m.dest]:
                return STUTTER
            return Move("HandleAppendEntriesRequest/mismatch", {"n": m.dest, "keep": kept_vote(s, t, m.dest)})
        return self._heard("HandleAppendEntriesRequest", m, s, t, known)

    def handle_snapshot_request(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        if reply("InstallSnapshotResponse", m, s, t).index == 0:
            return STUTTER
        return self._heard("HandleInstallSnapshotRequest", m, s, t, known)

    def _heard(self, name: str, m: Any, s: Record, t: Record, known: Structure) -> Move:
        n, r = m.dest, self._round(m, m.source, known)
        if r is None:
            raise Unlinked("a request of no round")
        terms = {"n": n, "u": s.currentTerm[n], "t": m.term}
        return Move(name, {**terms, "r": r, "keep": kept_vote(s, t, n)})

    def handle_response(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        if s.role[m.dest] != Leader or not _acknowledges(m):
            return STUTTER
        r = self._acknowledged(m, known)
        if r is None:
            raise Unlinked("an acknowledgement of no round")
        terms = {"o": m.dest, "u": s.currentTerm[m.dest], "t": m.term, "n": m.source}
        return Move(f"Handle{m.type.__name__}", {**terms, "r": r, "a": table(known, "sentAt")[r,]})

    def update_term(self, m: Any, s: Record, t: Record, known: Structure) -> Move:
        n = m.dest
        return Move("UpdateTerm", {"n": n, "u": s.currentTerm[n], "t": t.currentTerm[n]})

    def tick(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        """The slowest clock is real time, and what each clock is ahead of it its offset."""
        ahead = [s.skew[n] + (n == p["i"]) for n in self.nodes]
        passed = 1 if self.skew == 0 else min(ahead)
        advance: Table = {(n,): passed for n in self.nodes}
        shift: Table = {(n,): t.skew[n] for n in self.nodes}
        return Move("Tick", {"passed": passed}, {"advance": advance, "shift": shift})

    def lease_expire(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        return Move("LeaseExpire", {"o": p["i"], "keep": kept_vote(s, t, p["i"])})

    def restart(self, p: Params, s: Record, t: Record, known: Structure) -> Move:
        n = p["i"]
        terms = {"n": n, "u": s.currentTerm[n], "t": t.currentTerm[n]}
        return Move("Restart", {**terms, "keep": kept_vote(s, t, n), "a": self.clock(n, known)})


def _acknowledges(m: Any) -> bool:
    """Whether an answer to a leader's request is a positive one."""
    return bool(m.success if m.type.__name__ == "AppendEntriesResponse" else m.index > 0)


NODE_STEPS: dict[str, Callable[..., Move]] = {
    "Timeout": LeaseProjection.timeout,
    "RequestVote": LeaseProjection.request_vote,
    "BecomeLeader": LeaseProjection.become_leader,
    "AppendEntries": LeaseProjection.send_round,
    "InstallSnapshot": LeaseProjection.send_round,
    "Tick": LeaseProjection.tick,
    "LeaseExpire": LeaseProjection.lease_expire,
    "Restart": LeaseProjection.restart,
}
MESSAGE_STEPS: dict[str, Callable[..., Move]] = {
    "HandleRequestVoteRequest": LeaseProjection.handle_vote_request,
    "HandleRequestVoteResponse": LeaseProjection.handle_vote_response,
    "HandleAppendEntriesRequest": LeaseProjection.handle_append_request,
    "HandleAppendEntriesResponse": LeaseProjection.handle_response,
    "HandleInstallSnapshotRequest": LeaseProjection.handle_snapshot_request,
    "HandleInstallSnapshotResponse": LeaseProjection.handle_response,
    "UpdateTerm": LeaseProjection.update_term,
    "HandleTimeoutNow": LeaseProjection.timeout_now,
}
