"""First-order formulas with short quantifiers: the name of a lambda's parameter says its sort.

`forall(lambda n, t: ...)` ranges over a node and a term if the language says that `n` is a Node and `t`
a Term. A trailing digit is ignored (`t1`, `t2`). Each bound variable is a fresh constant, so that no
substitution can capture one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import z3

Formula: TypeAlias = Any  # a z3 expression: z3 has no types of its own
Body: TypeAlias = Callable[..., Formula]
Sort: TypeAlias = Any


class Language:
    """The sorts of variables by name, and quantifiers over them."""

    def __init__(self, variables: Mapping[str, Sort]) -> None:
        self.variables = dict(variables)

    def sort_of(self, name: str) -> Sort:
        """The sort of a variable of that name. Raises KeyError for a name without one."""
        return self.variables[name if name in self.variables else name.rstrip("0123456789")]

    def fresh(self, body: Callable[..., Any], skip: int = 0) -> tuple[Formula, ...]:
        """A fresh constant for each parameter of `body` but the first `skip`."""
        names = list(inspect.signature(body).parameters)[skip:]
        return tuple(z3.FreshConst(self.sort_of(name), name) for name in names)

    def forall(self, body: Body) -> Formula:
        variables = self.fresh(body)
        return z3.ForAll(list(variables), body(*variables))

    def exists(self, body: Body) -> Formula:
        variables = self.fresh(body)
        return z3.Exists(list(variables), body(*variables))


def conjunction(formulas: Iterable[Formula]) -> Formula:
    """All of them; true if there is none, and the formula itself if there is one."""
    parts = list(formulas)
    return parts[0] if len(parts) == 1 else z3.And(*parts)


def is_universal(formula: Formula) -> bool:
    """Whether nothing is quantified in a formula but by one universal around it."""
    waiting = [formula.body()] if z3.is_quantifier(formula) and formula.is_forall() else [formula]
    while waiting:
        term = waiting.pop()
        if z3.is_quantifier(term):
            return False
        waiting += term.children()
    return True
