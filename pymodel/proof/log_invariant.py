"""The inductive invariant of the log proof, each conjunct with a name that failures report.

First bookkeeping (one term, one vote, what is seen, what messages say), then the heart: an entry that
some quorum can still come to hold (`choosable`) is kept, is in the log of whom its holders vote for, and
is in the log of every later leader.
"""

from __future__ import annotations

from z3 import And, Implies, Not, Or

from pymodel.proof.log_symbols import (
    NO_INDEX,
    NO_TERM,
    SYMBOLS,
    TOTAL,
    at_most,
    below,
    exists,
    forall,
    member,
)
from pymodel.proof.logic import Body, Formula
from pymodel.proof.system import Claim, View, nowhere


def initial(s: View) -> Formula:
    """No log, no message, no history; everyone in the term before the first, with nothing committed."""
    empty = [
        nowhere(symbol)
        for symbol in SYMBOLS.values()
        if symbol.is_relation and not symbol.rigid and symbol.name not in TOTAL
    ]
    return And(
        forall(lambda n, t: s.currentTerm(n, t) == (t == NO_TERM)),
        forall(lambda n, t, k: s.commitIndex(n, t, k) == And(t == NO_TERM, k == NO_INDEX)),
        forall(lambda n, k: s.lastIndex(n, k) == (k == NO_INDEX)),
        forall(lambda t: And(s.termCommit(t) == NO_INDEX, s.leaderLast(t) == NO_INDEX)),
        *empty,
    )


def somewhere(s: View, t: Formula, i: Formula, e: Formula) -> Formula:
    """The leader of t has an entry of term e at i."""
    return exists(lambda w: s.leaderLog(t, i, e, w))


def agree(ours: Body, theirs: Body, i: Formula) -> Formula:
    """Two logs, as functions of (index, term, value), are equal up to i."""
    return forall(lambda j, f, w: Implies(at_most(j, i), ours(j, f, w) == theirs(j, f, w)))


def choosable(s: View, t: Formula, i: Formula) -> Formula:
    """Some quorum: each member holds the entry that t's leader created at i, or is not yet past t."""
    return exists(lambda q: forall(lambda n: Implies(member(n, q), Or(s.held(t, n, i), Not(s.past(n, t))))))


TERMS: dict[str, Claim] = {
    "one_term": lambda s: forall(
        lambda n, t, u: Implies(And(s.currentTerm(n, t), s.currentTerm(n, u)), t == u)
    ),
    "past_term": lambda s: forall(lambda n, t, u: Implies(s.currentTerm(n, t), s.past(n, u) == below(u, t))),
    "one_role": lambda s: forall(lambda n: Not(And(s.candidate(n), s.leader(n)))),
}

VOTES: dict[str, Claim] = {
    "voted_once": lambda s: forall(
        lambda n, t, c, d: Implies(And(s.voted(n, t, c), s.voted(n, t, d)), c == d)
    ),
    "voted_seen": lambda s: forall(
        lambda n, t, c, u: Implies(And(s.voted(n, t, c), below(u, t)), s.past(n, u))
    ),
    "campaign_seen": lambda s: forall(
        lambda n, t, c, u: Implies(And(s.voted(n, t, c), below(u, t)), s.past(c, u))
    ),
    "vote_kept": lambda s: forall(
        lambda n, t, c: Implies(s.currentTerm(n, t), s.voted(n, t, c) == s.votedFor(n, c))
    ),
    "vote_voted": lambda s: forall(lambda n, t, c: Implies(s.vote(t, n, c), s.voted(n, t, c))),
    "granted_voted": lambda s: forall(
        lambda c, t, n: Implies(And(s.currentTerm(c, t), s.votesGranted(c, n)), s.voted(n, t, c))
    ),
    "candidate_log": lambda s: forall(
        lambda c, t, i, e, v: Implies(
            And(s.candidate(c), s.currentTerm(c, t)), s.candidateLog(t, c, i, e, v) == s.log(c, i, e, v)
        )
    ),
    "candidate_seen": lambda s: forall(
        lambda c, t, i, e, v, u: Implies(And(s.candidateLog(t, c, i, e, v), below(u, t)), s.past(c, u))
    ),
    "request_entry": lambda s: forall(
        lambda t, c, i, e: Implies(
            s.requestVote(t, c, i, e),
            Or(And(i == NO_INDEX, e == NO_TERM), exists(lambda w: s.candidateLog(t, c, i, e, w))),
        )
    ),
    "request_last": lambda s: forall(
        lambda t, c, i, e, k, f, w: Implies(
            And(s.requestVote(t, c, i, e), s.candidateLog(t, c, k, f, w)), at_most(k, i)
        )
    ),
    "request_seen": lambda s: forall(
        lambda t, c, i, e, u: Implies(And(s.requestVote(t, c, i, e), below(u, t)), s.past(c, u))
    ),
}

LEADERS: dict[str, Claim] = {
    "leader_quorum": lambda s: forall(
        lambda c, t, n: Implies(And(s.elected(c, t), member(n, s.electionQuorum(t))), s.voted(n, t, c))
    ),
    "one_leader": lambda s: forall(lambda c, d, t: Implies(And(s.elected(c, t), s.elected(d, t)), c == d)),
    "won_elected": lambda s: forall(lambda t: s.won(t) == exists(lambda d: s.elected(d, t))),
    "elected_seen": lambda s: forall(
        lambda c, t, u: Implies(And(s.elected(c, t), below(u, t)), s.past(c, u))
    ),
    "leader_elected": lambda s: forall(
        lambda o, t: Implies(And(s.leader(o), s.currentTerm(o, t)), s.elected(o, t))
    ),
    "candidate_unelected": lambda s: forall(
        lambda o, t: Implies(And(s.candidate(o), s.currentTerm(o, t)), Not(s.elected(o, t)))
    ),
    "leader_log": lambda s: forall(
        lambda o, t, i, e, v: Implies(
            And(s.leader(o), s.currentTerm(o, t)), s.log(o, i, e, v) == s.leaderLog(t, i, e, v)
        )
    ),
    "leader_last": lambda s: forall(
        lambda o, t, k: Implies(
            And(s.leader(o), s.currentTerm(o, t), s.lastIndex(o, k)), k == s.leaderLast(t)
        )
    ),
    "leader_commit": lambda s: forall(
        lambda o, t, x, k: Implies(
            And(s.leader(o), s.currentTerm(o, t), s.commitIndex(o, x, k)), at_most(s.termCommit(t), k)
        )
    ),
    "match_idle": lambda s: forall(
        lambda o, n, k: Implies(And(s.matchIndex(o, n, k), Not(s.leader(o))), k == NO_INDEX)
    ),
    "election_log": lambda s: forall(
        lambda t, i, e, v: Implies(s.electionLog(t, i, e, v), And(s.leaderLog(t, i, e, v), below(e, t)))
    ),
    "leader_entries": lambda s: forall(
        lambda t, i, e, v: Implies(
            s.leaderLog(t, i, e, v),
            And(
                s.won(t),
                i != NO_INDEX,
                at_most(e, t),
                at_most(i, s.leaderLast(t)),
                Or(e == t, s.electionLog(t, i, e, v)),
            ),
        )
    ),
    "own_entries_last": lambda s: forall(
        lambda t, i, v, j, e, w: Implies(And(s.leaderLog(t, i, t, v), s.electionLog(t, j, e, w)), below(j, i))
    ),
    "leader_entry_unique": lambda s: forall(
        lambda t, i, e, v, f, w: Implies(
            And(s.leaderLog(t, i, e, v), s.leaderLog(t, i, f, w)), And(e == f, v == w)
        )
    ),
}

LOGS: dict[str, Claim] = {
    "log_seen": lambda s: forall(
        lambda n, i, e, v, u: Implies(And(s.log(n, i, e, v), below(u, e)), s.past(n, u))
    ),
    "log_last": lambda s: forall(
        lambda n, i, e, v, k: Implies(And(s.log(n, i, e, v), s.lastIndex(n, k)), at_most(i, k))
    ),
    "one_last": lambda s: forall(lambda n, k, j: Implies(And(s.lastIndex(n, k), s.lastIndex(n, j)), k == j)),
    "log_matching": lambda s: forall(
        lambda n, i, e, v: Implies(
            s.log(n, i, e, v),
            agree(lambda j, f, w: s.log(n, j, f, w), lambda j, f, w: s.leaderLog(e, j, f, w), i),
        )
    ),
    "leader_matching": lambda s: forall(
        lambda t, i, e, v: Implies(
            s.leaderLog(t, i, e, v),
            agree(lambda j, f, w: s.leaderLog(t, j, f, w), lambda j, f, w: s.leaderLog(e, j, f, w), i),
        )
    ),
    "candidate_matching": lambda s: forall(
        lambda t, c, i, e, v: Implies(
            s.candidateLog(t, c, i, e, v),
            agree(lambda j, f, w: s.candidateLog(t, c, j, f, w), lambda j, f, w: s.leaderLog(e, j, f, w), i),
        )
    ),
    "held_entry": lambda s: forall(lambda t, n, i: Implies(s.held(t, n, i), somewhere(s, t, i, t))),
    "held_seen": lambda s: forall(
        lambda t, n, i, u: Implies(And(s.held(t, n, i), below(u, t)), s.past(n, u))
    ),
}

MESSAGES: dict[str, Claim] = {
    "append_entry": lambda s: forall(
        lambda t, p, f, i, e, v: Implies(
            s.appendEntries(t, p, f, i, e, v),
            And(s.leaderLog(t, i, e, v), below(p, i), Or(p == NO_INDEX, somewhere(s, t, p, f))),
        )
    ),
    "append_adjacent": lambda s: forall(
        lambda t, p, f, i, e, v, k, x, w: Implies(
            And(s.appendEntries(t, p, f, i, e, v), s.leaderLog(t, k, x, w)), Or(at_most(k, p), at_most(i, k))
        )
    ),
    "heartbeat_log": lambda s: forall(
        lambda t, p, f: Implies(s.heartbeat(t, p, f), And(s.won(t), Or(p == NO_INDEX, somewhere(s, t, p, f))))
    ),
    "snapshot_entry": lambda s: forall(
        lambda t, i, e, x: Implies(s.snapshot(t, i, e, x), somewhere(s, t, i, e))
    ),
    "snapshot_committed": lambda s: forall(
        lambda t, i, e, x: Implies(s.snapshot(t, i, e, x), committed_in(s, t, x, i))
    ),
    "commit_sent": lambda s: forall(
        lambda t, k, x: Implies(s.leaderCommit(t, k, x), committed_in(s, t, x, k))
    ),
    "ack_held": lambda s: forall(
        lambda t, n, i, j, v: Implies(
            And(s.ack(t, n, i), at_most(j, i), s.leaderLog(t, j, t, v)), s.held(t, n, j)
        )
    ),
    "ack_last": lambda s: forall(
        lambda t, n, i: Implies(s.ack(t, n, i), Or(i == NO_INDEX, And(s.won(t), at_most(i, s.leaderLast(t)))))
    ),
    "match_last": lambda s: forall(
        lambda o, t, n, k: Implies(
            And(s.leader(o), s.currentTerm(o, t), s.matchIndex(o, n, k)),
            at_most(k, s.leaderLast(t)),
        )
    ),
    "match_ack": lambda s: forall(
        lambda o, t, n, k, w: Implies(
            And(s.leader(o), s.currentTerm(o, t), s.matchIndex(o, n, k), s.leaderLog(t, k, t, w)),
            s.held(t, n, k),
        )
    ),
    "own_held": lambda s: forall(
        lambda o, t, i, v: Implies(
            And(s.leader(o), s.currentTerm(o, t), s.leaderLog(t, i, t, v)), s.held(t, o, i)
        )
    ),
}


def committed_in(s: View, t: Formula, x: Formula, k: Formula) -> Formula:
    """The log of t's leader up to k is what x's leader committed, where x is at most t; or k is nothing."""
    return Or(
        k == NO_INDEX,
        And(
            at_most(x, t),
            at_most(k, s.termCommit(x)),
            at_most(k, s.leaderLast(t)),
            agree(lambda j, f, w: s.leaderLog(t, j, f, w), lambda j, f, w: s.leaderLog(x, j, f, w), k),
        ),
    )


COMMITS: dict[str, Claim] = {
    "commit_entry": lambda s: forall(
        lambda t: Or(s.termCommit(t) == NO_INDEX, somewhere(s, t, s.termCommit(t), t))
    ),
    "commit_quorum": lambda s: forall(
        lambda t, n: Implies(
            And(s.termCommit(t) != NO_INDEX, member(n, s.commitQuorum(t))), s.held(t, n, s.termCommit(t))
        )
    ),
    "one_commit": lambda s: forall(
        lambda n, t, k, u, j: Implies(
            And(s.commitIndex(n, t, k), s.commitIndex(n, u, j)), And(t == u, k == j)
        )
    ),
    "commit_known": lambda s: forall(
        lambda n, x, k: Implies(
            s.commitIndex(n, x, k),
            Or(
                k == NO_INDEX,
                And(
                    at_most(k, s.termCommit(x)),
                    agree(lambda j, f, w: s.log(n, j, f, w), lambda j, f, w: s.leaderLog(x, j, f, w), k),
                ),
            ),
        )
    ),
    "commit_seen": lambda s: forall(
        lambda n, x, k, u: Implies(And(s.commitIndex(n, x, k), below(u, x)), Or(k == NO_INDEX, s.past(n, u)))
    ),
    "commit_last": lambda s: forall(
        lambda n, x, k, j: Implies(And(s.commitIndex(n, x, k), s.lastIndex(n, j)), at_most(k, j))
    ),
}

LATE: dict[str, Claim] = {
    "late_entry": lambda s: forall(
        lambda t, i, u: Implies(s.late(t, i, u), And(below(t, u), s.won(u), somewhere(s, t, i, t)))
    ),
    "late_onwards": lambda s: forall(
        lambda t, i, u, j, v: Implies(
            And(s.late(t, i, u), s.leaderLog(t, j, t, v), at_most(i, j)), s.late(t, j, u)
        )
    ),
    "late_fenced": lambda s: forall(
        lambda t, i, u, n: Implies(
            And(s.late(t, i, u), member(n, s.electionQuorum(u))), And(s.past(n, t), Not(s.held(t, n, i)))
        )
    ),
}

HEART: dict[str, Claim] = {
    "choosable_kept": lambda s: forall(
        lambda t, n, i, v: Implies(
            And(s.held(t, n, i), s.leaderLog(t, i, t, v), choosable(s, t, i)), s.log(n, i, t, v)
        )
    ),
    "choosable_candidate": lambda s: forall(
        lambda t, n, i, v, u, c: Implies(
            And(
                s.voted(n, u, c),
                below(t, u),
                s.held(t, n, i),
                s.leaderLog(t, i, t, v),
                choosable(s, t, i),
            ),
            s.candidateLog(u, c, i, t, v),
        )
    ),
    "choosable_leader": lambda s: forall(
        lambda t, i, v, u: Implies(
            And(s.leaderLog(t, i, t, v), choosable(s, t, i), s.won(u), below(t, u)),
            s.electionLog(u, i, t, v),
        )
    ),
}

INVARIANT: dict[str, Claim] = {
    **TERMS,
    **VOTES,
    **LEADERS,
    **LOGS,
    **MESSAGES,
    **COMMITS,
    **LATE,
    **HEART,
}


def shape(s: View) -> Formula:
    """What holds of real states beside, and no condition needs: each node has a term, a commit index and a
    last index, and logs have no holes. Counterexamples are looked for among such states."""

    def unbroken(log: Body) -> Formula:
        return forall(
            lambda i, e, v, j: Implies(
                And(log(i, e, v), at_most(j, i), j != NO_INDEX), exists(lambda f, w: log(j, f, w))
            )
        )

    return And(
        forall(lambda n: exists(lambda t: s.currentTerm(n, t))),
        forall(lambda n: exists(lambda t, k: s.commitIndex(n, t, k))),
        forall(
            lambda n: exists(
                lambda k: And(s.lastIndex(n, k), Or(k == NO_INDEX, exists(lambda e, v: s.log(n, k, e, v))))
            )
        ),
        forall(lambda n: unbroken(lambda i, e, v: s.log(n, i, e, v))),
        forall(lambda t: unbroken(lambda i, e, v: s.leaderLog(t, i, e, v))),
    )
