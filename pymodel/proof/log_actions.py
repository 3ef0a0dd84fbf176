"""The actions of the log proof, in the order of the spec's Next. A guard's label is the spec's name for it,
where the spec has one.

Where a handler has branches that differ in effect, each is an action `Name/branch`; a branch that changes
nothing of what the proof speaks of (a rejection, a stale answer, a tick, a lost message) is `Stutter`.
Parameters: n, o, c nodes; u a node's current term, t a message's; i, k, p indexes; x the term whose
leader committed up to k.
"""

from __future__ import annotations

from typing import Any

from z3 import And, BoolVal, If, Implies, Not, Or

from pymodel.proof.log_steps import (
    acknowledge,
    agreement,
    answers,
    commits_agree,
    enter,
    follow,
    has_entry,
    keep_vote,
    last_entry,
    learns,
    log_matches,
    take_commit,
    within,
)
from pymodel.proof.log_symbols import NO_INDEX, NO_TERM, at_most, below, forall, member
from pymodel.proof.logic import Body, Formula
from pymodel.proof.system import Step, View

# Elections


def Timeout(s: View, n: Any, u: Any, t: Any) -> Step:
    return Step(
        reads=(s.currentTerm(n, u),),
        guards={"role": Not(s.leader(n)), "next term": below(u, t)},
        updates=enter(s, n, t)
        | {
            "candidate": lambda m: Or(m == n, s.candidate(m)),
            "votedFor": lambda m, d: If(m == n, d == n, s.votedFor(m, d)),
            "votesGranted": lambda m, d: If(m == n, d == n, s.votesGranted(m, d)),
            "voted": lambda m, x, d: Or(s.voted(m, x, d), And(m == n, x == t, d == n)),
            "candidateLog": lambda x, m, j, f, w: If(
                And(x == t, m == n), s.log(n, j, f, w), s.candidateLog(x, m, j, f, w)
            ),
        },
    )


def RequestVote(s: View, n: Any, t: Any, i: Any, e: Any) -> Step:
    sent = lambda x, m, j, f: Or(s.requestVote(x, m, j, f), And(x == t, m == n, j == i, f == e))  # noqa: E731
    return Step(
        reads=(s.currentTerm(n, t),),
        guards={"role": s.candidate(n), "last entry": last_entry(s, n, i, e)},
        updates={"requestVote": sent},
    )


def HandleRequestVoteRequest(s: View, n: Any, u: Any, t: Any, c: Any, i: Any, e: Any) -> Step:
    """The vote is granted."""
    up_to_date = forall(
        lambda k, f, w: Implies(s.log(n, k, f, w), Or(below(f, e), And(f == e, at_most(k, i))))
    )
    return Step(
        reads=(s.currentTerm(n, u),),
        guards={
            "sent": s.requestVote(t, c, i, e),
            **within(t, u, "StaleRequestVoteRequest"),
            "VoteAvailable": forall(lambda d: Implies(s.votedFor(n, d), d == c)),
            "CandidateLogUpToDate": up_to_date,
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
            **answers(t, u, "CurrentRequestVoteResponse"),
            "role": s.candidate(c),
        },
        updates={"votesGranted": lambda m, d: Or(s.votesGranted(m, d), And(m == c, d == n))},
    )


def BecomeLeader(s: View, c: Any, t: Any, k: Any, q: Any) -> Step:
    return Step(
        reads=(s.currentTerm(c, t), s.lastIndex(c, k)),
        guards={
            "role": s.candidate(c),
            "IsQuorum": forall(lambda n: Implies(member(n, q), s.votesGranted(c, n))),
        },
        updates={
            "candidate": lambda m: And(m != c, s.candidate(m)),
            "leader": lambda m: Or(m == c, s.leader(m)),
            "votesGranted": lambda m, d: And(m != c, s.votesGranted(m, d)),
            "elected": lambda m, x: Or(s.elected(m, x), And(m == c, x == t)),
            "won": lambda x: Or(s.won(x), x == t),
            "electionQuorum": lambda x: If(x == t, q, s.electionQuorum(x)),
            "electionLog": lambda x, j, f, w: If(x == t, s.log(c, j, f, w), s.electionLog(x, j, f, w)),
            "leaderLog": lambda x, j, f, w: If(x == t, s.log(c, j, f, w), s.leaderLog(x, j, f, w)),
            "leaderLast": lambda x: If(x == t, k, s.leaderLast(x)),
        },
        lemmas={"unwon": Not(s.won(t))},
    )


# Replication


def _tells_commit(s: View, t: Formula, k: Formula, x: Formula) -> dict[str, Body]:
    return {"leaderCommit": lambda y, j, z: Or(s.leaderCommit(y, j, z), And(y == t, j == k, z == x))}


def _before(s: View, o: Formula, p: Formula, f: Formula) -> Formula:
    return Or(And(p == NO_INDEX, f == NO_TERM), has_entry(s, o, p, f))


def AppendEntries(s: View, o: Any, t: Any, p: Any, f: Any, i: Any, e: Any, v: Any, k: Any, x: Any) -> Step:
    """One entry, that at i, which follows p."""
    adjacent = forall(lambda j, e1, w: Implies(s.log(o, j, e1, w), Or(at_most(j, p), at_most(i, j))))
    return Step(
        reads=(s.currentTerm(o, t), s.commitIndex(o, x, k), s.log(o, i, e, v)),
        guards={
            "role": s.leader(o),
            "previous entry": And(_before(s, o, p, f), below(p, i)),
            "adjacent": adjacent,
        },
        updates={
            "appendEntries": lambda y, p1, f1, j, e1, w: Or(
                s.appendEntries(y, p1, f1, j, e1, w),
                And(y == t, p1 == p, f1 == f, j == i, e1 == e, w == v),
            )
        }
        | _tells_commit(s, t, k, x),
    )


def Heartbeat(s: View, o: Any, t: Any, p: Any, f: Any, k: Any, x: Any) -> Step:
    return Step(
        reads=(s.currentTerm(o, t), s.commitIndex(o, x, k)),
        guards={"role": s.leader(o), "previous entry": _before(s, o, p, f)},
        updates={"heartbeat": lambda y, p1, f1: Or(s.heartbeat(y, p1, f1), And(y == t, p1 == p, f1 == f))}
        | _tells_commit(s, t, k, x),
    )


def HandleAppendEntriesRequest(
    s: View,
    n: Any,
    u: Any,
    t: Any,
    p: Any,
    f: Any,
    i: Any,
    e: Any,
    v: Any,
    truncate: Any,
    keep: Any,
    j: Any,
    y: Any,
    k: Any,
    x: Any,
) -> Step:
    """The logs match: n's becomes the leader's up to i, and loses what is behind only on a conflict."""
    return Step(
        reads=(s.currentTerm(n, u), s.commitIndex(n, y, j)),
        guards={
            "sent": s.appendEntries(t, p, f, i, e, v),
            **within(t, u, "StaleAppendEntriesRequest"),
            "LogMatches": log_matches(s, n, p, f, j),
            "EntryConflicts": truncate == Not(has_entry(s, n, i, e)),
            "VoteAfterStepDown": keep,
            **learns(s, n, t, i, j, k, x),
        },
        updates=follow(s, n)
        | keep_vote(s, n, keep)
        | take_commit(s, n, x, k)
        | acknowledge(s, n, t, i)
        | {
            "log": lambda m, j, e1, w: If(
                And(m == n, truncate),
                Or(And(at_most(j, p), s.log(n, j, e1, w)), And(j == i, e1 == e, w == v)),
                s.log(m, j, e1, w),
            ),
            "lastIndex": lambda m, j: If(And(m == n, truncate), j == i, s.lastIndex(m, j)),
        },
        lemmas={
            **commits_agree(s, n, t, y, j),
            "logs agree": agreement(s, n, t, p),
        },
    )


def HandleHeartbeat(
    s: View, n: Any, u: Any, t: Any, p: Any, f: Any, keep: Any, j: Any, y: Any, k: Any, x: Any
) -> Step:
    return Step(
        reads=(s.currentTerm(n, u), s.commitIndex(n, y, j)),
        guards={
            "sent": s.heartbeat(t, p, f),
            **within(t, u, "StaleAppendEntriesRequest"),
            "LogMatches": log_matches(s, n, p, f, j),
            "VoteAfterStepDown": keep,
            **learns(s, n, t, p, j, k, x),
        },
        updates=follow(s, n) | keep_vote(s, n, keep) | take_commit(s, n, x, k) | acknowledge(s, n, t, p),
        lemmas={
            **commits_agree(s, n, t, y, j),
            "logs agree": agreement(s, n, t, p),
        },
    )


def FollowLeader(s: View, n: Any, keep: Any) -> Step:
    """The logs do not match: n follows the leader and acknowledges nothing."""
    return Step(guards={"VoteAfterStepDown": keep}, updates=follow(s, n) | keep_vote(s, n, keep))


def HandleAppendEntriesResponse(s: View, o: Any, u: Any, t: Any, n: Any, i: Any) -> Step:
    return Step(
        reads=(s.currentTerm(o, u),),
        guards={
            "sent": s.ack(t, n, i),
            **answers(t, u, "CurrentAppendEntriesResponse"),
            "role": s.leader(o),
        },
        updates={"matchIndex": lambda m, d, k: Or(s.matchIndex(m, d, k), And(m == o, d == n, at_most(k, i)))},
    )


def AdvanceCommitIndex(s: View, o: Any, t: Any, i: Any, e: Any, v: Any, q: Any, x: Any, k: Any) -> Step:
    return Step(
        reads=(s.currentTerm(o, t), s.log(o, i, e, v), s.commitIndex(o, x, k)),
        guards={
            "role": s.leader(o),
            "IsQuorum": forall(lambda n: Implies(member(n, q), Or(n == o, s.matchIndex(o, n, i)))),
            "CommittableTerm": e == t,
            "commit grows": below(k, i),
        },
        updates=take_commit(s, o, t, i)
        | {
            "termCommit": lambda x: If(x == t, i, s.termCommit(x)),
            "commitQuorum": lambda x: If(x == t, q, s.commitQuorum(x)),
        },
    )


# Fencing, client writes, leases, faults


def UpdateTerm(s: View, n: Any, u: Any, t: Any) -> Step:
    return Step(
        reads=(s.currentTerm(n, u),),
        guards={"HigherTerm": below(u, t)},
        updates=enter(s, n, t) | follow(s, n) | keep_vote(s, n, BoolVal(False)),
    )


def AcceptWrite(s: View, o: Any, t: Any, k: Any, i: Any, v: Any) -> Step:
    """Late is what a leader appends after a newer term was won."""
    return Step(
        reads=(s.currentTerm(o, t), s.lastIndex(o, k)),
        guards={"AcceptsWrites": s.leader(o), "append": below(k, i)},
        updates={
            "log": lambda m, j, e, w: Or(s.log(m, j, e, w), And(m == o, j == i, e == t, w == v)),
            "lastIndex": lambda m, j: If(m == o, j == i, s.lastIndex(m, j)),
            "leaderLog": lambda x, j, e, w: Or(s.leaderLog(x, j, e, w), And(x == t, j == i, e == t, w == v)),
            "leaderLast": lambda x: If(x == t, i, s.leaderLast(x)),
            "held": lambda x, m, j: Or(s.held(x, m, j), And(x == t, m == o, j == i)),
            "late": lambda x, j, u: Or(s.late(x, j, u), And(x == t, j == i, below(t, u), s.won(u))),
        },
    )


def LeaseExpire(s: View, o: Any, keep: Any) -> Step:
    """A leader steps down within its term, whatever the reason."""
    return Step(guards={"VoteAfterStepDown": keep}, updates=follow(s, o) | keep_vote(s, o, keep))


def Restart(s: View, n: Any, u: Any, t: Any, x: Any, j: Any, k: Any, keep: Any) -> Step:
    """Term, vote and log are durable. The commit index falls to that of the snapshot."""
    return Step(
        reads=(s.currentTerm(n, u), s.commitIndex(n, x, j)),
        guards={"TermAfterRestart": t == u, "VoteAfterRestart": keep, "commit falls": at_most(k, j)},
        updates=enter(s, n, t) | follow(s, n) | keep_vote(s, n, keep) | take_commit(s, n, x, k),
    )


def Stutter(s: View) -> Step:
    return Step()
