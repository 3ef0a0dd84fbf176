"""The actions of the lease proof, in the order of the spec's Next: elections, rounds of requests and their
answers, clocks. The log is left out, and with it what a vote asks of it: fewer guards, more behaviour.

Parameters are named as in log_actions; r is a round, a what a clock showed.
"""

from __future__ import annotations

from typing import Any

from z3 import And, BoolVal, If, Implies, Not, Or

from pymodel.proof.lease_symbols import (
    HI,
    JITTER,
    LANGUAGE,
    LO,
    SYMBOLS,
    WITHHOLD,
    advance,
    at_most,
    below,
    forall,
    member,
    shift,
)
from pymodel.proof.logic import Body, Formula
from pymodel.proof.system import Step, View, make_action


def clock(s: View, n: Formula) -> Formula:
    """What n's clock shows."""
    return s.drift(n) + s.offset(n)


def _waited(s: View, n: Formula) -> Formula:
    """n has kept its promise to the leader that it last heard."""
    return clock(s, n) - s.heardAt(n) >= WITHHOLD


def _within(t: Formula, u: Formula, fence: str) -> dict[str, Formula]:
    return {"HigherTerm": at_most(t, u), fence: at_most(u, t)}


def _enter(s: View, n: Formula, t: Formula) -> dict[str, Body]:
    return {
        "currentTerm": lambda m, x: If(m == n, x == t, s.currentTerm(m, x)),
        "past": lambda m, x: If(m == n, below(x, t), s.past(m, x)),
    }


def _follow(s: View, n: Formula) -> dict[str, Body]:
    return {
        "candidate": lambda m: And(m != n, s.candidate(m)),
        "leader": lambda m: And(m != n, s.leader(m)),
        "votesGranted": lambda m, d: And(m != n, s.votesGranted(m, d)),
        "contact": lambda m, d: And(m != n, s.contact(m, d)),
    }


def _keep_vote(s: View, n: Formula, keep: Formula) -> dict[str, Body]:
    return {"votedFor": lambda m, d: And(s.votedFor(m, d), Or(m != n, keep))}


def _promise(s: View, n: Formula, a: Formula) -> dict[str, Body]:
    """n's promise counts from now, which its clock shows as a."""
    return {
        "heardAt": lambda m: If(m == n, a, s.heardAt(m)),
        "heardDrift": lambda m: If(m == n, s.drift(m), s.heardDrift(m)),
        "heardReal": lambda m: If(m == n, s.now(), s.heardReal(m)),
    }


# Elections


def Timeout(s: View, n: Any, u: Any, t: Any) -> Step:
    return Step(
        reads=(s.currentTerm(n, u),),
        guards={
            "role": Not(s.leader(n)),
            "ElectionTimeoutElapsed": _waited(s, n),
            "next term": below(u, t),
        },
        updates=_enter(s, n, t)
        | {
            "candidate": lambda m: Or(m == n, s.candidate(m)),
            "votedFor": lambda m, d: If(m == n, d == n, s.votedFor(m, d)),
            "votesGranted": lambda m, d: If(m == n, d == n, s.votesGranted(m, d)),
            "voted": lambda m, x, d: Or(s.voted(m, x, d), And(m == n, x == t, d == n)),
        },
    )


def RequestVote(s: View, n: Any, t: Any) -> Step:
    return Step(
        reads=(s.currentTerm(n, t),),
        guards={"role": s.candidate(n)},
        updates={"requestVote": lambda x, m: Or(s.requestVote(x, m), And(x == t, m == n))},
    )


def HandleRequestVoteRequest(s: View, n: Any, u: Any, t: Any, c: Any) -> Step:
    """The vote is granted."""
    return Step(
        reads=(s.currentTerm(n, u),),
        guards={
            "sent": s.requestVote(t, c),
            **_within(t, u, "StaleRequestVoteRequest"),
            "VoteAvailable": forall(lambda d: Implies(s.votedFor(n, d), d == c)),
            "WithholdsVote": _waited(s, n),
        },
        updates={
            "votedFor": lambda m, d: Or(s.votedFor(m, d), And(m == n, d == c)),
            "voted": lambda m, x, d: Or(s.voted(m, x, d), And(m == n, x == t, d == c)),
            "vote": lambda x, m, d: Or(s.vote(x, m, d), And(x == t, m == n, d == c)),
        },
    )


def HandleRequestVoteResponse(s: View, c: Any, u: Any, t: Any, n: Any) -> Step:
    return Step(
        reads=(s.currentTerm(c, u),),
        guards={
            "sent": s.vote(t, n, c),
            "HigherTerm": at_most(t, u),
            "CurrentRequestVoteResponse": t == u,
            "role": s.candidate(c),
        },
        updates={"votesGranted": lambda m, d: Or(s.votesGranted(m, d), And(m == c, d == n))},
    )


def BecomeLeader(s: View, c: Any, t: Any, q: Any, granted: Any) -> Step:
    """Winning is no contact: a lease begins with the first acknowledged round."""
    return Step(
        reads=(s.currentTerm(c, t),),
        guards={
            "role": s.candidate(c),
            "IsQuorum": forall(lambda n: Implies(member(n, q), s.votesGranted(c, n))),
            "AckAgeAtElection": Not(granted),
        },
        updates={
            "candidate": lambda m: And(m != c, s.candidate(m)),
            "leader": lambda m: Or(m == c, s.leader(m)),
            "votesGranted": lambda m, d: And(m != c, s.votesGranted(m, d)),
            "elected": lambda m, x: Or(s.elected(m, x), And(m == c, x == t)),
            "won": lambda x: Or(s.won(x), x == t),
            "electionQuorum": lambda x: If(x == t, q, s.electionQuorum(x)),
            "contact": lambda m, d: If(m == c, granted, s.contact(m, d)),
            "contactAt": lambda m, d: If(m == c, clock(s, c), s.contactAt(m, d)),
        },
        lemmas={"unwon": Not(s.won(t))},
    )


# Rounds


def AppendEntries(s: View, o: Any, t: Any, r: Any) -> Step:
    """A round: requests that the leader sends at one moment, heartbeats and snapshots too."""
    return Step(
        reads=(s.currentTerm(o, t),),
        guards={"role": s.leader(o), "new": Not(s.sent(r))},
        updates={
            "round": lambda x, r1: Or(s.round(x, r1), And(x == t, r1 == r)),
            "sent": lambda r1: Or(s.sent(r1), r1 == r),
            "sentAt": lambda r1: If(r1 == r, clock(s, o), s.sentAt(r1)),
            "sentDrift": lambda r1: If(r1 == r, s.drift(o), s.sentDrift(r1)),
            "sentReal": lambda r1: If(r1 == r, s.now(), s.sentReal(r1)),
        },
    )


def _handle_request(s: View, n: Any, u: Any, t: Any, r: Any, keep: Any, fence: str) -> Step:
    """n hears its current leader: it promises, and acknowledges the round."""
    return Step(
        reads=(s.currentTerm(n, u),),
        guards={"sent": s.round(t, r), **_within(t, u, fence), "VoteAfterStepDown": keep},
        updates=_follow(s, n)
        | _keep_vote(s, n, keep)
        | _promise(s, n, clock(s, n))
        | {"ack": lambda r1, m: Or(s.ack(r1, m), And(r1 == r, m == n))},
    )


def HandleAppendEntriesRequest(s: View, n: Any, u: Any, t: Any, r: Any, keep: Any) -> Step:
    return _handle_request(s, n, u, t, r, keep, "StaleAppendEntriesRequest")


def FollowLeader(s: View, n: Any, keep: Any) -> Step:
    """The logs do not match: n promises and acknowledges nothing."""
    return Step(
        guards={"VoteAfterStepDown": keep},
        updates=_follow(s, n) | _keep_vote(s, n, keep) | _promise(s, n, clock(s, n)),
    )


def _handle_response(s: View, o: Any, u: Any, t: Any, n: Any, r: Any, a: Any, fence: str) -> Step:
    """The lease counts from the sending of the newest round that was acknowledged."""
    newer = Or(Not(s.contact(o, n)), s.contactAt(o, n) <= a)

    def here(m: Formula, d: Formula) -> Formula:
        return And(m == o, d == n, newer)

    return Step(
        reads=(s.currentTerm(o, u),),
        guards={
            "sent": And(s.round(t, r), s.ack(r, n)),
            "HigherTerm": at_most(t, u),
            fence: t == u,
            "role": s.leader(o),
            "RenewedAge": a == s.sentAt(r),
        },
        updates={
            "contact": lambda m, d: Or(s.contact(m, d), And(m == o, d == n)),
            "contactAt": lambda m, d: If(here(m, d), a, s.contactAt(m, d)),
            "contactRound": lambda m, d: If(here(m, d), r, s.contactRound(m, d)),
        },
    )


def HandleAppendEntriesResponse(s: View, o: Any, u: Any, t: Any, n: Any, r: Any, a: Any) -> Step:
    return _handle_response(s, o, u, t, n, r, a, "CurrentAppendEntriesResponse")


def HandleInstallSnapshotRequest(s: View, n: Any, u: Any, t: Any, r: Any, keep: Any) -> Step:
    return _handle_request(s, n, u, t, r, keep, "StaleInstallSnapshotRequest")


def HandleInstallSnapshotResponse(s: View, o: Any, u: Any, t: Any, n: Any, r: Any, a: Any) -> Step:
    return _handle_response(s, o, u, t, n, r, a, "CurrentInstallSnapshotResponse")


# Fencing, clocks, faults


def UpdateTerm(s: View, n: Any, u: Any, t: Any) -> Step:
    return Step(
        reads=(s.currentTerm(n, u),),
        guards={"HigherTerm": below(u, t)},
        updates=_enter(s, n, t) | _follow(s, n) | _keep_vote(s, n, BoolVal(False)),
    )


def Tick(s: View, passed: Any) -> Step:
    """Time passes. Every clock's rate is within its bounds, and so is its offset."""
    return Step(
        guards={
            "forward": passed >= 0,
            "clock rates": forall(lambda n: And(LO * passed <= advance(n), advance(n) <= HI * passed)),
            "ClockSkew": forall(lambda n: And(shift(n) >= 0, shift(n) <= JITTER)),
        },
        updates={
            "now": lambda: s.now() + passed,
            "drift": lambda m: s.drift(m) + advance(m),
            "offset": lambda m: shift(m),
        },
    )


def LeaseExpire(s: View, o: Any, keep: Any) -> Step:
    return Step(guards={"VoteAfterStepDown": keep}, updates=_follow(s, o) | _keep_vote(s, o, keep))


def Restart(s: View, n: Any, u: Any, t: Any, keep: Any, a: Any) -> Step:
    """Term and vote are durable; whom it promised what is not, so the wait begins anew."""
    return Step(
        reads=(s.currentTerm(n, u),),
        guards={
            "TermAfterRestart": t == u,
            "VoteAfterRestart": keep,
            "ElapsedAfterRestart": a == clock(s, n),
        },
        updates=_enter(s, n, t) | _follow(s, n) | _keep_vote(s, n, keep) | _promise(s, n, a),
    )


def Stutter(s: View) -> Step:
    return Step()


_view = View(SYMBOLS)
ACTIONS = tuple(
    make_action(LANGUAGE, _view, function, name)
    for function, name in (
        (Timeout, None),
        (RequestVote, None),
        (HandleRequestVoteRequest, None),
        (HandleRequestVoteResponse, None),
        (BecomeLeader, None),
        (AppendEntries, None),
        (HandleAppendEntriesRequest, None),
        (FollowLeader, "HandleAppendEntriesRequest/mismatch"),
        (HandleAppendEntriesResponse, None),
        (HandleInstallSnapshotRequest, None),
        (HandleInstallSnapshotResponse, None),
        (UpdateTerm, None),
        (Tick, None),
        (LeaseExpire, None),
        (Restart, None),
        (Stutter, None),
    )
)
