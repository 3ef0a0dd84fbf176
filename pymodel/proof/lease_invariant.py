"""The inductive invariant of the lease proof and its theorems.

The heart is vote_after_promise: who acknowledged a round and then voted in a later term did so at least
`withhold` after the round was sent, by its own clock; and lease_round: a lease counts from such a sending.
"""

from __future__ import annotations

from z3 import And, Implies, Not, Or

from pymodel.proof.lease_actions import clock
from pymodel.proof.lease_symbols import (
    HI,
    JITTER,
    LEASE,
    LO,
    NO_TERM,
    WITHHOLD,
    at_most,
    below,
    exists,
    forall,
    member,
)
from pymodel.proof.logic import Formula
from pymodel.proof.system import Claim, StepClaim, View


def initial(s: View) -> Formula:
    """No message, no history; every promise counts from the start."""
    return And(
        forall(lambda n, t: s.currentTerm(n, t) == (t == NO_TERM)),
        forall(lambda n, t: Not(s.past(n, t))),
        forall(lambda n: Not(Or(s.candidate(n), s.leader(n)))),
        forall(lambda n, d: Not(Or(s.votedFor(n, d), s.votesGranted(n, d), s.contact(n, d)))),
        forall(lambda t, n, d: Not(Or(s.vote(t, n, d), s.voted(n, t, d)))),
        forall(lambda t, n: Not(Or(s.requestVote(t, n), s.elected(n, t)))),
        forall(lambda t, r: Not(s.round(t, r))),
        forall(lambda r, n: Not(Or(s.sent(r), s.ack(r, n)))),
        forall(lambda t: Not(s.won(t))),
        forall(lambda n: And(s.offset(n) >= 0, s.offset(n) <= JITTER)),
        forall(
            lambda n: And(
                s.heardAt(n) == clock(s, n), s.heardDrift(n) == s.drift(n), s.heardReal(n) == s.now()
            )
        ),
    )


ELECTIONS: dict[str, Claim] = {
    "one_term": lambda s: forall(
        lambda n, t, u: Implies(And(s.currentTerm(n, t), s.currentTerm(n, u)), t == u)
    ),
    "past_term": lambda s: forall(lambda n, t, u: Implies(s.currentTerm(n, t), s.past(n, u) == below(u, t))),
    "one_role": lambda s: forall(lambda n: Not(And(s.candidate(n), s.leader(n)))),
    "voted_once": lambda s: forall(
        lambda n, t, c, d: Implies(And(s.voted(n, t, c), s.voted(n, t, d)), c == d)
    ),
    "voted_seen": lambda s: forall(
        lambda n, t, c, u: Implies(And(s.voted(n, t, c), below(u, t)), s.past(n, u))
    ),
    "vote_kept": lambda s: forall(
        lambda n, t, c: Implies(s.currentTerm(n, t), s.voted(n, t, c) == s.votedFor(n, c))
    ),
    "vote_voted": lambda s: forall(lambda n, t, c: Implies(s.vote(t, n, c), s.voted(n, t, c))),
    "granted_voted": lambda s: forall(
        lambda c, t, n: Implies(And(s.currentTerm(c, t), s.votesGranted(c, n)), s.voted(n, t, c))
    ),
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
}

CLOCKS: dict[str, Claim] = {
    "offset_bounded": lambda s: forall(lambda n: And(s.offset(n) >= 0, s.offset(n) <= JITTER)),
    "heard_past": lambda s: forall(lambda n: s.heardReal(n) <= s.now()),
    "heard_shown": lambda s: forall(lambda n: s.heardAt(n) >= s.heardDrift(n)),
    "heard_clock": lambda s: forall(
        lambda n: s.drift(n) - s.heardDrift(n) <= HI * (s.now() - s.heardReal(n))
    ),
    "round_past": lambda s: forall(lambda r: Implies(s.sent(r), s.sentReal(r) <= s.now())),
    "round_shown": lambda s: forall(lambda r: Implies(s.sent(r), s.sentAt(r) <= s.sentDrift(r) + JITTER)),
    "round_clock": lambda s: forall(
        lambda o, t, r: Implies(
            And(s.elected(o, t), s.round(t, r)),
            s.drift(o) - s.sentDrift(r) >= LO * (s.now() - s.sentReal(r)),
        )
    ),
}

ROUNDS: dict[str, Claim] = {
    "round_sent": lambda s: forall(lambda t, r: Implies(s.round(t, r), And(s.sent(r), s.won(t)))),
    "one_round_term": lambda s: forall(lambda t, u, r: Implies(And(s.round(t, r), s.round(u, r)), t == u)),
    "ack_sent": lambda s: forall(lambda r, n: Implies(s.ack(r, n), s.sent(r))),
    "ack_seen": lambda s: forall(
        lambda r, n, t, u: Implies(And(s.ack(r, n), s.round(t, r), below(u, t)), s.past(n, u))
    ),
    "ack_after_send": lambda s: forall(lambda r, n: Implies(s.ack(r, n), s.sentReal(r) <= s.heardReal(n))),
    "lease_round": lambda s: forall(
        lambda o, t, n: Implies(
            And(s.leader(o), s.currentTerm(o, t), s.contact(o, n)),
            And(
                s.round(t, s.contactRound(o, n)),
                s.ack(s.contactRound(o, n), n),
                s.contactAt(o, n) == s.sentAt(s.contactRound(o, n)),
            ),
        )
    ),
    "contact_leader": lambda s: forall(lambda o, n: Implies(s.contact(o, n), s.leader(o))),
    "vote_after_promise": lambda s: forall(
        lambda r, n, t, u, c: Implies(
            And(s.ack(r, n), s.round(t, r), s.voted(n, u, c), below(t, u)),
            HI * (s.now() - s.sentReal(r)) >= WITHHOLD - JITTER,
        )
    ),
}

INVARIANT: dict[str, Claim] = {**ELECTIONS, **CLOCKS, **ROUNDS}


def lease_valid(s: View, o: Formula, q: Formula) -> Formula:
    """o leads, and each other member of q acknowledged a round that o sent less than a lease ago."""

    def recent(n: Formula) -> Formula:
        return And(s.contact(o, n), clock(s, o) - s.contactAt(o, n) < LEASE)

    return And(s.leader(o), forall(lambda n: Implies(member(n, q), Or(n == o, recent(n)))))


def fences(s: View, o: Formula, q: Formula, t: Formula, u: Formula) -> Formula:
    """A valid lease of t, on contact with q, and a term u that was won: u is at most t."""
    return Implies(And(lease_valid(s, o, q), s.currentTerm(o, t), s.won(u)), at_most(u, t))


THEOREMS: dict[str, Claim] = {
    "ElectionSafety": ELECTIONS["one_leader"],
    "LeaseFencesElections": lambda s: forall(lambda o, q, t, u: fences(s, o, q, t, u)),
    "LeaseExclusion": lambda s: forall(
        lambda o, q1, m, q2, t, u: Implies(
            And(lease_valid(s, o, q1), lease_valid(s, m, q2), s.currentTerm(o, t), s.currentTerm(m, u)),
            o == m,
        )
    ),
}

# LeaseExclusion from two instances of LeaseFencesElections: each leader's term is at most the other's.
FROM_INSTANCES: dict[str, Claim] = {
    "LeaseExclusion": lambda s: forall(
        lambda o, q1, m, q2, t, u: Implies(
            And(
                And(lease_valid(s, o, q1), lease_valid(s, m, q2), s.currentTerm(o, t), s.currentTerm(m, u)),
                fences(s, o, q1, t, u),
                fences(s, m, q2, u, t),
            ),
            o == m,
        )
    ),
}

STEP_THEOREMS: dict[str, StepClaim] = {
    "FenceRound": lambda s, t: forall(
        lambda r, n, x: Implies(
            And(t.ack(r, n), Not(s.ack(r, n)), s.round(x, r)),
            And(forall(lambda u: Implies(s.currentTerm(n, u), at_most(u, x))), t.currentTerm(n, x)),
        )
    ),
}


def shape(s: View) -> Formula:
    """What holds of real states beside, and no condition needs: each node has a term."""
    return forall(lambda n: exists(lambda t: s.currentTerm(n, t)))
