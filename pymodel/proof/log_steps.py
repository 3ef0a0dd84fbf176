"""What the actions of the log proof share: fences, stepping down, commits, acknowledgements."""

from __future__ import annotations

from z3 import And, If, Implies, Or

from pymodel.proof.log_symbols import NO_INDEX, NO_TERM, at_most, below, exists, forall
from pymodel.proof.logic import Body, Formula
from pymodel.proof.system import View


def within(t: Formula, u: Formula, fence: str) -> dict[str, Formula]:
    """A request of term t at a node in term u: handled only if the terms are equal."""
    return {"HigherTerm": at_most(t, u), fence: at_most(u, t)}


def answers(t: Formula, u: Formula, fence: str) -> dict[str, Formula]:
    """An answer to a request of term t at a node in term u."""
    return {"HigherTerm": at_most(t, u), fence: t == u}


def enter(s: View, n: Formula, t: Formula) -> dict[str, Body]:
    """n's current term becomes t."""
    return {
        "currentTerm": lambda m, x: If(m == n, x == t, s.currentTerm(m, x)),
        "past": lambda m, x: If(m == n, below(x, t), s.past(m, x)),
    }


def follow(s: View, n: Formula) -> dict[str, Body]:
    """n goes on as a follower and forgets what it knew as a candidate or leader."""
    return {
        "candidate": lambda m: And(m != n, s.candidate(m)),
        "leader": lambda m: And(m != n, s.leader(m)),
        "votesGranted": lambda m, d: And(m != n, s.votesGranted(m, d)),
        "matchIndex": lambda m, d, k: And(m != n, s.matchIndex(m, d, k)),
    }


def keep_vote(s: View, n: Formula, keep: Formula) -> dict[str, Body]:
    return {"votedFor": lambda m, d: And(s.votedFor(m, d), Or(m != n, keep))}


def take_commit(s: View, n: Formula, x: Formula, k: Formula) -> dict[str, Body]:
    return {"commitIndex": lambda m, y, j: If(m == n, And(y == x, j == k), s.commitIndex(m, y, j))}


def acknowledge(s: View, n: Formula, t: Formula, i: Formula) -> dict[str, Body]:
    """n acknowledges the log of t's leader up to i, and so holds what that leader created up to there."""

    def held(x: Formula, m: Formula, j: Formula) -> Formula:
        new = And(x == t, m == n, at_most(j, i), exists(lambda w: s.leaderLog(t, j, t, w)))
        return Or(s.held(x, m, j), new)

    return {"ack": lambda x, m, j: Or(s.ack(x, m, j), And(x == t, m == n, j == i)), "held": held}


def has_entry(s: View, n: Formula, i: Formula, e: Formula) -> Formula:
    """n has an entry of term e at i."""
    return exists(lambda w: s.log(n, i, e, w))


def learns(
    s: View, n: Formula, t: Formula, i: Formula, j: Formula, k: Formula, x: Formula
) -> dict[str, Formula]:
    """n's commit index j becomes k: what it was, or what the leader of t said, as far as i."""
    same = s.commitIndex(n, x, k)
    return {
        "commit told": Or(same, exists(lambda i1: And(s.leaderCommit(t, i1, x), at_most(k, i1)))),
        "FollowerCommit": Or(same, at_most(k, i)),
        "commit grows": at_most(j, k),
    }


def log_matches(s: View, n: Formula, p: Formula, e: Formula, j: Formula) -> Formula:
    """Up to its commit index j a node need not compare: the spec says so of its snapshot."""
    return Or(p == NO_INDEX, has_entry(s, n, p, e), at_most(p, j))


def commits_agree(s: View, n: Formula, t: Formula, x: Formula, k: Formula) -> dict[str, Formula]:
    """What n knows as committed, up to k by the leader of x, is in the log of t's leader: with the entry that
    x's leader committed last comes all before it."""
    last = exists(lambda w: s.leaderLog(t, s.termCommit(x), x, w))
    return {"commit in log": Or(k == NO_INDEX, last), "committed logs agree": agreement(s, n, t, k)}


def agreement(s: View, n: Formula, t: Formula, p: Formula) -> Formula:
    """n's log is that of t's leader up to p."""
    return forall(lambda j, f, w: Implies(at_most(j, p), s.log(n, j, f, w) == s.leaderLog(t, j, f, w)))


def last_entry(s: View, n: Formula, i: Formula, e: Formula) -> Formula:
    empty = And(i == NO_INDEX, e == NO_TERM)
    return And(
        Or(empty, has_entry(s, n, i, e)), forall(lambda k, f, w: Implies(s.log(n, k, f, w), at_most(k, i)))
    )
