"""The symbols of the log proof: the spec's variables as relations, message sets that only grow, ghosts.

Everything is a relation but what depends on a term alone, so that the sorts can be ordered
Term > Index > Quorum > Node > Value and each function leads downwards: Z3 then decides every condition.

`currentTerm`, `votedFor`, `log`, ... are the spec's. `past(n, t)` says currentTerm[n] > t.
`matchIndex(o, n, k)` says matchIndex[o][n] >= k. `commitIndex(n, t, k)` is the commit index k with a ghost
beside it: a term t whose leader committed so far. A message is in its relation from its sending on for ever;
who may be late, twice or never handled is thereby covered, and so is loss.
"""

from __future__ import annotations

from typing import Any

import z3

from pymodel.proof.logic import Body, Formula, Language
from pymodel.proof.system import Symbol

Node, Term, Index, Quorum, Value = map(z3.DeclareSort, ("Node", "Term", "Index", "Quorum", "Value"))
Bool = z3.BoolSort()

LANGUAGE = Language(
    {
        **dict.fromkeys(("n", "m", "c", "d", "o"), Node),
        **dict.fromkeys(("t", "u", "e", "f", "x", "y"), Term),
        **dict.fromkeys(("i", "j", "k", "p"), Index),
        **dict.fromkeys(("v", "w"), Value),
        "q": Quorum,
        **dict.fromkeys(("keep", "truncate", "retain"), Bool),
    }
)
forall, exists = LANGUAGE.forall, LANGUAGE.exists

ENTRY = (Index, Term, Value)


def _symbol(
    name: str, *sorts: Any, result: Any = Bool, ghost: bool = False, rigid: bool = False, fields: str = ""
) -> Symbol:
    return Symbol(name, sorts, result, ghost, rigid, tuple(fields.split()))


_ALL = (
    # rigid
    _symbol("termAtMost", Term, Term, rigid=True),
    _symbol("indexAtMost", Index, Index, rigid=True),
    _symbol("noTerm", result=Term, rigid=True),
    _symbol("noIndex", result=Index, rigid=True),
    _symbol("member", Node, Quorum, rigid=True),
    # of the spec
    _symbol("currentTerm", Node, Term),
    _symbol("past", Node, Term),
    _symbol("candidate", Node),
    _symbol("leader", Node),
    _symbol("votedFor", Node, Node),
    _symbol("votesGranted", Node, Node),
    _symbol("log", Node, *ENTRY),
    _symbol("lastIndex", Node, Index),
    _symbol("commitIndex", Node, Term, Index),
    _symbol("matchIndex", Node, Node, Index),
    # messages ever sent: the term, then the fields
    _symbol("requestVote", Term, Node, Index, Term, fields="term candidate lastLogIndex lastLogTerm"),
    _symbol("vote", Term, Node, Node, fields="term voter candidate"),
    _symbol(
        "appendEntries",
        Term,
        Index,
        Term,
        *ENTRY,
        fields="term prevLogIndex prevLogTerm index entryTerm write",
    ),
    _symbol("heartbeat", Term, Index, Term, fields="term prevLogIndex prevLogTerm"),
    _symbol("leaderCommit", Term, Index, Term, fields="term commitIndex committedBy"),
    _symbol("snapshot", Term, Index, Term, Term, fields="term lastIndex lastTerm committedBy"),
    _symbol("ack", Term, Node, Index, fields="term server index"),
    # ghosts
    _symbol("voted", Node, Term, Node, ghost=True),
    _symbol("candidateLog", Term, Node, *ENTRY, ghost=True),
    _symbol("elected", Node, Term, ghost=True),
    _symbol("won", Term, ghost=True),
    _symbol("electionQuorum", Term, result=Quorum, ghost=True),
    _symbol("electionLog", Term, *ENTRY, ghost=True),
    _symbol("leaderLog", Term, *ENTRY, ghost=True),
    _symbol("leaderLast", Term, result=Index, ghost=True),
    _symbol("held", Term, Node, Index, ghost=True),
    _symbol("termCommit", Term, result=Index, ghost=True),
    _symbol("commitQuorum", Term, result=Quorum, ghost=True),
    _symbol("late", Term, Index, Term, ghost=True, fields="term index laterTerm"),
)
SYMBOLS = {symbol.name: symbol for symbol in _ALL}
TOTAL = frozenset({"currentTerm", "commitIndex", "lastIndex"})

_term_at_most = SYMBOLS["termAtMost"].declaration
_index_at_most = SYMBOLS["indexAtMost"].declaration
member: Body = SYMBOLS["member"].declaration
NO_TERM = SYMBOLS["noTerm"].declaration()
NO_INDEX = SYMBOLS["noIndex"].declaration()


def at_most(a: Formula, b: Formula) -> Formula:
    """a <= b, for two terms or two indexes."""
    return (_term_at_most if a.sort() == Term else _index_at_most)(a, b)


def below(a: Formula, b: Formula) -> Formula:
    """a < b."""
    return z3.Not(at_most(b, a))


def _total_order(least: Formula, all_of: Any) -> Formula:
    return z3.And(
        all_of(lambda a, b: z3.Or(at_most(a, b), at_most(b, a))),
        all_of(lambda a, b: z3.Implies(z3.And(at_most(a, b), at_most(b, a)), a == b)),
        all_of(lambda a, b, c: z3.Implies(z3.And(at_most(a, b), at_most(b, c)), at_most(a, c))),
        all_of(lambda a: at_most(least, a)),
    )


AXIOMS = {
    "terms are in order": _total_order(NO_TERM, Language(dict.fromkeys("abc", Term)).forall),
    "indexes are in order": _total_order(NO_INDEX, Language(dict.fromkeys("abc", Index)).forall),
    "IsQuorum": forall(lambda q1, q2: exists(lambda n: z3.And(member(n, q1), member(n, q2)))),
}
