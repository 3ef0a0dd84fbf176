"""Formulas over finitely many elements, without quantifiers: for Z3 to find a state in no time.

A quantifier becomes a conjunction or disjunction over all elements, an atom of a relation a Boolean of its
own. A term of a sort is the number of an element, or, where it depends on the state (a parameter, the value
of a function), a condition for each element that it may be. Orders and quorums are those of numbers and
majorities and vanish. Reals stay reals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any, TypeAlias

import z3

from pymodel.proof.evaluate import ORDERS
from pymodel.proof.logic import Formula
from pymodel.proof.structure import majorities
from pymodel.proof.system import System

Ground: TypeAlias = Any  # bool or z3 Boolean; int or {int: condition}; z3 real
Scope: TypeAlias = "tuple[int, ...]"  # the bound variables, innermost first
Reader: TypeAlias = "Callable[[Scope], Ground]"


class Grounder:
    """Grounds the formulas of one system over `sizes[sort]` elements of each sort."""

    def __init__(self, system: System, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.symbols = system.symbols
        self.quorums = majorities(sizes["Node"]) if "IsQuorum" in system.axioms else ()
        self.atoms: dict[tuple[Any, ...], Ground] = {}
        self.side: list[Formula] = []

    def ground(self, formula: Formula) -> Formula:
        """The formula without quantifiers. What its new terms have to satisfy is added to `side`."""
        value = self.reader(formula)(())
        return z3.BoolVal(value) if isinstance(value, bool) else value

    def atom(self, name: str, row: tuple[int, ...]) -> Ground:
        """A symbol of the state at a row of elements."""
        key = (name, *row)
        if key not in self.atoms:
            symbol = self.symbols[name]
            self.atoms[key] = self._atom(name, row, symbol.result, "_".join(map(str, key)))
        return self.atoms[key]

    def _atom(self, name: str, row: tuple[int, ...], sort: Any, text: str) -> Ground:
        if name in ORDERS:
            return row[0] <= row[1]
        if name in ("noTerm", "noIndex"):
            return 0
        if name == "member" and self.quorums:
            return row[0] in self.quorums[row[1]]
        return self.unknown(sort, text)

    def unknown(self, sort: Any, text: str) -> Ground:
        """Something of a sort of which nothing is known."""
        if sort == z3.BoolSort():
            return z3.Bool(text)
        if sort == z3.RealSort():
            return z3.Real(text)
        cases = {k: z3.Bool(f"{text}={k}") for k in range(self.sizes[str(sort)])}
        self.side.append(z3.PbEq([(case, 1) for case in cases.values()], 1))
        return cases

    def reader(self, term: Formula) -> Reader:
        """What a term is, for each value of the variables that are bound around it."""
        if z3.is_var(term):
            index = z3.get_var_index(term)
            return lambda scope: scope[index]
        if z3.is_quantifier(term):
            return self._quantifier(term)
        kind = term.decl().kind()
        if z3.is_rational_value(term) or z3.is_true(term) or z3.is_false(term):
            constant = z3.is_true(term) if z3.is_bool(term) else term
            return lambda scope: constant
        parts = [self.reader(child) for child in term.children()]
        if kind == z3.Z3_OP_UNINTERPRETED:
            return self._application(term, parts)
        operator = _OPERATORS.get(kind)
        if operator is not None:
            return lambda scope: operator([part(scope) for part in parts])
        if kind == z3.Z3_OP_AND:
            return lambda scope: conjunction(part(scope) for part in parts)
        if kind == z3.Z3_OP_OR:
            return lambda scope: disjunction(part(scope) for part in parts)
        if kind == z3.Z3_OP_IMPLIES:
            return lambda scope: disjunction(
                negation(part(scope)) if k == 0 else part(scope) for k, part in enumerate(parts)
            )
        raise TypeError(f"no ground form for {term.decl().name()}")

    def _quantifier(self, term: Formula) -> Reader:
        body = self.reader(term.body())
        ranges = [range(self.sizes[str(term.var_sort(k))]) for k in range(term.num_vars())]
        join = conjunction if term.is_forall() else disjunction
        rows = [tuple(reversed(row)) for row in product(*ranges)]
        return lambda scope: join(body(row + scope) for row in rows)

    def _application(self, term: Formula, parts: list[Reader]) -> Reader:
        name, sort = term.decl().name(), term.sort()
        if name not in self.symbols:
            key = ("parameter", name)
            if key not in self.atoms:
                self.atoms[key] = self.unknown(sort, name)
            value = self.atoms[key]
            return lambda scope: value

        def read(scope: Scope) -> Ground:
            arguments = [part(scope) for part in parts]
            if all(isinstance(argument, int) for argument in arguments):
                return self.atom(name, tuple(arguments))
            spread = [cases_of(argument) for argument in arguments]
            found = [
                (conjunction(condition for _, condition in combined), tuple(k for k, _ in combined))
                for combined in product(*spread)
            ]
            return choose([(condition, self.atom(name, row)) for condition, row in found])

        return read


def cases_of(value: Ground) -> list[tuple[int, Ground]]:
    """Each element that a value may be, with the condition that it is."""
    return list(value.items()) if isinstance(value, dict) else [(value, True)]


def choose(cases: list[tuple[Ground, Ground]]) -> Ground:
    """The value of that case whose condition holds; exactly one does."""
    sample = cases[0][1]
    if isinstance(sample, dict) or (isinstance(sample, int) and not isinstance(sample, bool)):
        merged: dict[int, list[Ground]] = {}
        for condition, value in cases:
            for k, holds in cases_of(value):
                merged.setdefault(k, []).append(conjunction((condition, holds)))
        return {k: disjunction(conditions) for k, conditions in merged.items()}
    if isinstance(sample, bool) or z3.is_bool(sample):
        return disjunction(conjunction((condition, value)) for condition, value in cases)
    result = cases[-1][1]
    for condition, value in reversed(cases[:-1]):
        result = z3.If(as_formula(condition), value, result)
    return result


def as_formula(value: Ground) -> Formula:
    return z3.BoolVal(value) if isinstance(value, bool) else value


def conjunction(values: Iterable[Ground]) -> Ground:
    kept = []
    for value in values:
        if value is False:
            return False
        if value is not True:
            kept.append(value)
    return True if not kept else kept[0] if len(kept) == 1 else z3.And(kept)


def disjunction(values: Iterable[Ground]) -> Ground:
    kept = []
    for value in values:
        if value is True:
            return True
        if value is not False:
            kept.append(value)
    return False if not kept else kept[0] if len(kept) == 1 else z3.Or(kept)


def negation(value: Ground) -> Ground:
    return not value if isinstance(value, bool) else z3.Not(value)


def equality(values: list[Ground]) -> Ground:
    a, b = values
    if isinstance(a, bool) or isinstance(b, bool):
        fixed, other = (a, b) if isinstance(a, bool) else (b, a)
        return other if fixed else negation(other)
    if isinstance(a, (int, dict)) and isinstance(b, (int, dict)):
        theirs = dict(cases_of(b))
        return disjunction(conjunction((condition, theirs[k])) for k, condition in cases_of(a) if k in theirs)
    return a == b


def alternative(values: list[Ground]) -> Ground:
    condition, then, other = values
    if isinstance(condition, bool):
        return then if condition else other
    return choose([(condition, then), (negation(condition), other)])


_OPERATORS: dict[int, Callable[[list[Ground]], Ground]] = {
    z3.Z3_OP_NOT: lambda values: negation(values[0]),
    z3.Z3_OP_EQ: equality,
    z3.Z3_OP_DISTINCT: lambda values: negation(equality(values)),
    z3.Z3_OP_ITE: alternative,
    z3.Z3_OP_ADD: lambda values: z3.Sum(values),
    z3.Z3_OP_SUB: lambda values: values[0] - values[1],
    z3.Z3_OP_MUL: lambda values: z3.Product(values),
    z3.Z3_OP_LE: lambda values: values[0] <= values[1],
    z3.Z3_OP_GE: lambda values: values[0] >= values[1],
    z3.Z3_OP_LT: lambda values: values[0] < values[1],
    z3.Z3_OP_GT: lambda values: values[0] > values[1],
}
