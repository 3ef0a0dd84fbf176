"""What the log proof is for: theorems of each state, and of each step, that follow from its invariant.

Their names are those of docs/PROOF.md, which says in words what each one carries.
"""

from __future__ import annotations

from z3 import And, Implies, Not

from pymodel.proof.log_symbols import NO_INDEX, at_most, below, forall
from pymodel.proof.logic import Formula
from pymodel.proof.system import Claim, StepClaim, View


def _was_and_is(s: View, t: View, n: Formula, x: Formula) -> Formula:
    """Before the step n was in no later term than x, after it n is in x."""
    return And(forall(lambda u: Implies(s.currentTerm(n, u), at_most(u, x))), t.currentTerm(n, x))


THEOREMS: dict[str, Claim] = {
    "ElectionSafety": lambda s: forall(
        lambda c, d, t: Implies(And(s.elected(c, t), s.elected(d, t)), c == d)
    ),
    "LogMatching": lambda s: forall(
        lambda n, m, i, e, v, w, j, f, v1: Implies(
            And(s.log(n, i, e, v), s.log(m, i, e, w), at_most(j, i), s.log(n, j, f, v1)), s.log(m, j, f, v1)
        )
    ),
    "LeaderCompleteness": lambda s: forall(
        lambda t, u, j, e, v: Implies(
            And(s.leaderLog(t, j, e, v), at_most(j, s.termCommit(t)), s.won(u), below(t, u)),
            s.electionLog(u, j, e, v),
        )
    ),
    "StateMachineSafety": lambda s: forall(
        lambda n, t, k, m, u, j, i, e, v, f, w: Implies(
            And(
                s.commitIndex(n, t, k),
                s.commitIndex(m, u, j),
                at_most(i, k),
                at_most(i, j),
                s.log(n, i, e, v),
                s.log(m, i, f, w),
            ),
            And(e == f, v == w),
        )
    ),
    "LateWriteNeverCommittedByItsLeader": lambda s: forall(
        lambda t, i, u: Implies(s.late(t, i, u), Not(at_most(i, s.termCommit(t))))
    ),
    "LeaseReadIsFresh": lambda s: forall(
        lambda o, t, x, k: Implies(
            And(
                s.leader(o),
                s.currentTerm(o, t),
                s.commitIndex(o, x, k),
                s.termCommit(t) != NO_INDEX,
                forall(lambda u: Implies(s.won(u), at_most(u, t))),
            ),
            forall(lambda u: at_most(s.termCommit(u), k)),
        )
    ),
}

STEP_THEOREMS: dict[str, StepClaim] = {
    "FenceAck": lambda s, t: forall(
        lambda x, n, i: Implies(And(t.ack(x, n, i), Not(s.ack(x, n, i))), _was_and_is(s, t, n, x))
    ),
    "FenceVote": lambda s, t: forall(
        lambda n, x, c: Implies(And(t.voted(n, x, c), Not(s.voted(n, x, c))), _was_and_is(s, t, n, x))
    ),
    "TermMonotone": lambda s, t: forall(
        lambda n, u, x: Implies(And(s.currentTerm(n, u), t.currentTerm(n, x)), at_most(u, x))
    ),
    "LeaderAppendOnly": lambda s, t: forall(
        lambda n, x, i, e, v: Implies(
            And(s.leader(n), t.leader(n), s.currentTerm(n, x), t.currentTerm(n, x), s.log(n, i, e, v)),
            t.log(n, i, e, v),
        )
    ),
    "CommitStable": lambda s, t: forall(
        lambda n, x, k, j, e, v: Implies(
            And(s.commitIndex(n, x, k), at_most(j, k)), s.log(n, j, e, v) == t.log(n, j, e, v)
        )
    ),
    "TermCommitStable": lambda s, t: forall(
        lambda x, j, e, v: Implies(
            And(s.leaderLog(x, j, e, v), at_most(j, s.termCommit(x))),
            And(t.leaderLog(x, j, e, v), at_most(j, t.termCommit(x))),
        )
    ),
    "StaleCommitIsOld": lambda s, t: forall(
        lambda x, u, j, e, v: Implies(
            And(
                s.won(u),
                below(x, u),
                t.leaderLog(x, j, e, v),
                at_most(j, t.termCommit(x)),
                Not(at_most(j, s.termCommit(x))),
            ),
            s.electionLog(u, j, e, v),
        )
    ),
}
