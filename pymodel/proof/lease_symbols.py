"""The symbols of the lease proof: elections, rounds of requests, clocks over the reals.

A clock shows `drift(n) + offset(n)`. Over an interval of real length d the drift of a clock advances by at
least lo * d and at most hi * d; its offset is always between 0 and jitter. So both a rate error and a bounded
skew are covered: the spec's clocks have lo = hi = 1 and jitter = ClockSkew, a quartz has jitter = 0.

`lease` is how long a lease lasts on its holder's clock (LeaseTicks), `withhold` how long a server that
heard from a leader votes for nobody (ElectionTicks). A round is a request that a leader sent to its peers at
one moment; `sentAt(r)` is what its clock showed then. Ghosts: the real time of the moments that servers only
know by their clocks. `advance` and `shift` are what the clocks do in a tick: anything. `past`, `voted`,
`electionQuorum`, ... are as in the log proof.
"""

from __future__ import annotations

from typing import Any

import z3

from pymodel.proof.logic import Formula, Language
from pymodel.proof.system import Symbol

Node, Term, Quorum, Round = map(z3.DeclareSort, ("Node", "Term", "Quorum", "Round"))
Bool, Real = z3.BoolSort(), z3.RealSort()

LANGUAGE = Language(
    {
        **dict.fromkeys(("n", "m", "c", "d", "o"), Node),
        **dict.fromkeys(("t", "u", "x"), Term),
        "q": Quorum,
        "r": Round,
        **dict.fromkeys(("a", "passed"), Real),
        **dict.fromkeys(("keep", "granted"), Bool),
    }
)
forall, exists = LANGUAGE.forall, LANGUAGE.exists


def _symbol(
    name: str, *sorts: Any, result: Any = Bool, ghost: bool = False, rigid: bool = False, fields: str = ""
) -> Symbol:
    return Symbol(name, sorts, result, ghost, rigid, tuple(fields.split()))


_ALL = (
    # rigid
    _symbol("termAtMost", Term, Term, rigid=True),
    _symbol("noTerm", result=Term, rigid=True),
    _symbol("member", Node, Quorum, rigid=True),
    *(_symbol(name, result=Real, rigid=True) for name in ("lo", "hi", "jitter", "lease", "withhold")),
    _symbol("advance", Node, result=Real, rigid=True),
    _symbol("shift", Node, result=Real, rigid=True),
    # of the spec
    _symbol("currentTerm", Node, Term),
    _symbol("past", Node, Term),
    _symbol("candidate", Node),
    _symbol("leader", Node),
    _symbol("votedFor", Node, Node),
    _symbol("votesGranted", Node, Node),
    _symbol("heardAt", Node, result=Real),
    _symbol("contact", Node, Node),
    _symbol("contactAt", Node, Node, result=Real),
    # clocks
    _symbol("now", result=Real),
    _symbol("drift", Node, result=Real),
    _symbol("offset", Node, result=Real),
    # messages ever sent
    _symbol("requestVote", Term, Node, fields="term candidate"),
    _symbol("vote", Term, Node, Node, fields="term voter candidate"),
    _symbol("round", Term, Round, fields="term round"),
    _symbol("sent", Round),
    _symbol("sentAt", Round, result=Real),
    _symbol("ack", Round, Node, fields="round server"),
    # ghosts
    _symbol("voted", Node, Term, Node, ghost=True),
    _symbol("elected", Node, Term, ghost=True),
    _symbol("won", Term, ghost=True),
    _symbol("electionQuorum", Term, result=Quorum, ghost=True),
    _symbol("heardDrift", Node, result=Real, ghost=True),
    _symbol("heardReal", Node, result=Real, ghost=True),
    _symbol("sentDrift", Round, result=Real, ghost=True),
    _symbol("sentReal", Round, result=Real, ghost=True),
    _symbol("contactRound", Node, Node, result=Round, ghost=True),
)
SYMBOLS = {symbol.name: symbol for symbol in _ALL}
TOTAL = frozenset({"currentTerm"})

member = SYMBOLS["member"].declaration
NO_TERM = SYMBOLS["noTerm"].declaration()
LO, HI, JITTER, LEASE, WITHHOLD = (
    SYMBOLS[name].declaration() for name in ("lo", "hi", "jitter", "lease", "withhold")
)
advance, shift = SYMBOLS["advance"].declaration, SYMBOLS["shift"].declaration


def at_most(t: Formula, u: Formula) -> Formula:
    """t <= u, for terms."""
    return SYMBOLS["termAtMost"].declaration(t, u)


def below(t: Formula, u: Formula) -> Formula:
    """t < u."""
    return z3.Not(at_most(u, t))


AXIOMS = {
    "terms are in order": z3.And(
        forall(lambda t, u: z3.Or(at_most(t, u), at_most(u, t))),
        forall(lambda t, u: z3.Implies(z3.And(at_most(t, u), at_most(u, t)), t == u)),
        forall(lambda t, u, x: z3.Implies(z3.And(at_most(t, u), at_most(u, x)), at_most(t, x))),
        forall(lambda t: at_most(NO_TERM, t)),
    ),
    "clocks": z3.And(LO > 0, HI >= LO, JITTER >= 0, LEASE >= 0),
    "IsQuorum": forall(lambda q1, q2: exists(lambda n: z3.And(member(n, q1), member(n, q2)))),
    "LeaseTicks": (LEASE + JITTER) * HI <= (WITHHOLD - JITTER) * LO,
}
