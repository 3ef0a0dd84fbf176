"""A proof's own formulas as Python functions over a finite structure.

A quantifier becomes nested loops. Where a formula names a relation that has to hold, the loop runs over the
rows of that relation instead of all elements, and conditions are tested as soon as their variables are
known; the meaning is that of the formula whatever the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import z3

from pymodel.proof.logic import Formula
from pymodel.proof.structure import Number, Row, Structure
from pymodel.proof.system import Symbol

ORDERS = ("termAtMost", "indexAtMost")
_INFIX = {
    z3.Z3_OP_ADD: "+",
    z3.Z3_OP_SUB: "-",
    z3.Z3_OP_MUL: "*",
    z3.Z3_OP_LE: "<=",
    z3.Z3_OP_GE: ">=",
    z3.Z3_OP_LT: "<",
    z3.Z3_OP_GT: ">",
    z3.Z3_OP_EQ: "==",
}
_NUMBERS = (z3.Z3_OP_ANUM, z3.Z3_OP_TRUE, z3.Z3_OP_FALSE)

Evaluator = Callable[..., Any]


def evaluator(formula: Formula, parameters: Iterable[Formula] = ()) -> Evaluator:
    """A function of a structure and of a value for each of `parameters` (constants that occur free)."""
    writer = _Writer()
    names = [writer.name_of(parameter) for parameter in parameters]
    text = writer.term(formula)
    return _compiled(writer, names, f"return {text}")


def comprehension(formula: Formula, variables: Iterable[Formula], parameters: Iterable[Formula]) -> Evaluator:
    """The set of all values of `variables` for which a formula holds, as a function as above."""
    writer = _Writer()
    names = [writer.name_of(parameter) for parameter in parameters]
    found = " | ".join(
        f"{{{_row(case_names)} {' '.join(loops)}}}"
        for case_names, loops in writer.cases(formula, list(variables))
    )
    return _compiled(writer, names, f"return {found}")


def witnesses(formula: Formula, parameters: Iterable[Formula] = ()) -> Evaluator:
    """The first values that make a universal formula false, by the names of its variables; None if it
    holds. Universals within are followed as far as they go."""
    writer = _Writer()
    names = [writer.name_of(parameter) for parameter in parameters]
    variables, body = _opened(formula)
    while z3.is_app(body) and body.decl().kind() == z3.Z3_OP_IMPLIES and z3.is_quantifier(body.arg(1)):
        if not body.arg(1).is_forall():
            break
        more, inner = _opened(body.arg(1))
        variables, body = [*variables, *more], z3.Implies(body.arg(0), inner)
    shown = ", ".join(f"{plain_name(variable)!r}: {writer.name_of(variable)}" for variable in variables)
    loops = " ".join(writer.loops(_literals(body, False), list(variables)))
    return _compiled(writer, names, f"return next(({{{shown}}} {loops}), None)")


def updated(
    structure: Structure,
    symbols: Mapping[str, Symbol],
    updates: Mapping[str, tuple[Evaluator, bool]],
    params: Row,
) -> Structure:
    """The structure after an update; `updates` as made by `compile_updates`."""
    after = structure.copy()
    for name, (run, is_relation) in updates.items():
        symbol = symbols[name]
        if is_relation:
            after.values[name] = run(structure, *params)
        elif symbol.arguments:
            rows = structure.rows(symbol.arguments)
            after.values[name] = {row: run(structure, *params, *row) for row in rows}
        else:
            after.values[name] = run(structure, *params)
    return after


def compile_updates(
    symbols: Mapping[str, Symbol],
    updates: Mapping[str, Callable[..., Formula]],
    parameters: tuple[Formula, ...],
) -> dict[str, tuple[Evaluator, bool]]:
    """For each updated symbol what computes it anew, and whether it is a relation."""
    made: dict[str, tuple[Evaluator, bool]] = {}
    for name, body in updates.items():
        symbol = symbols[name]
        variables = [z3.FreshConst(sort, "a") for sort in symbol.arguments]
        formula = body(*variables)
        if symbol.is_relation:
            made[name] = comprehension(formula, variables, parameters), True
        else:
            made[name] = evaluator(formula, (*parameters, *variables)), False
    return made


def _compiled(writer: _Writer, names: list[str], line: str) -> Evaluator:
    reads = [f"    {writer.symbols[name]} = S.values[{name!r}]" for name in sorted(writer.symbols)]
    ranges = [f"    {writer.domains[name]} = S.domains[{name!r}]" for name in sorted(writer.domains)]
    text = "\n".join([f"def run({', '.join(['S', *names])}):", *reads, *ranges, f"    {line}"])
    namespace: dict[str, Any] = {"Fraction": Fraction}
    exec(compile(text, "<proof>", "exec"), namespace)
    made: Evaluator = namespace["run"]
    return made


def _row(names: Iterable[str]) -> str:
    return "(" + "".join(f"{name}, " for name in names) + ")"


def plain_name(variable: Formula) -> str:
    """The name that a fresh constant was made from."""
    return str(variable.decl().name()).partition("!")[0]


def _opened(formula: Formula) -> tuple[list[Formula], Formula]:
    """The variables of a quantifier as fresh constants, and its body over them."""
    if not z3.is_quantifier(formula):
        return [], formula
    variables = [
        z3.FreshConst(formula.var_sort(k), formula.var_name(k).partition("!")[0])
        for k in range(formula.num_vars())
    ]
    return variables, z3.substitute_vars(formula.body(), *reversed(variables))


def _literals(formula: Formula, positive: bool) -> list[tuple[Formula, bool]]:
    """Formulas, each with whether it or its negation holds: together `formula`, or its negation."""
    kind = formula.decl().kind() if z3.is_app(formula) else None
    if kind == z3.Z3_OP_NOT:
        return _literals(formula.arg(0), not positive)
    if kind == z3.Z3_OP_AND and positive:
        return [item for child in formula.children() for item in _literals(child, True)]
    if kind == z3.Z3_OP_OR and not positive:
        return [item for child in formula.children() for item in _literals(child, False)]
    if kind == z3.Z3_OP_IMPLIES and not positive:
        return _literals(formula.arg(0), True) + _literals(formula.arg(1), False)
    return [(formula, positive)]


@dataclass
class _Writer:
    """Python text for formulas; `symbols` and `domains` name what the text reads of the structure."""

    symbols: dict[str, str] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    kept: list[Formula] = field(default_factory=list)

    def name_of(self, constant: Formula) -> str:
        self.kept.append(constant)  # so that Z3 does not give its number to another
        return self.names.setdefault(constant.get_id(), f"x{len(self.names)}")

    def symbol(self, name: str) -> str:
        return self.symbols.setdefault(name, f"s_{name}")

    def domain(self, sort: Any) -> str:
        if sort == z3.BoolSort():
            return "(False, True)"
        return self.domains.setdefault(str(sort), f"d_{sort}")

    def term(self, term: Formula) -> str:
        """Python text of a formula or term."""
        if z3.is_quantifier(term):
            return self.quantifier(term)
        if term.get_id() in self.names:
            return self.names[term.get_id()]
        kind = term.decl().kind()
        if kind in _NUMBERS:
            return self.number(term)
        parts = [self.term(child) for child in term.children()]
        if kind in _INFIX:
            return "(" + f" {_INFIX[kind]} ".join(parts) + ")"
        match kind:
            case z3.Z3_OP_AND:
                return "(" + " and ".join(parts) + ")" if parts else "True"
            case z3.Z3_OP_OR:
                return "(" + " or ".join(parts) + ")" if parts else "False"
            case z3.Z3_OP_NOT:
                return f"(not {parts[0]})"
            case z3.Z3_OP_IMPLIES:
                return f"(not {parts[0]} or {parts[1]})"
            case z3.Z3_OP_ITE:
                return f"({parts[1]} if {parts[0]} else {parts[2]})"
            case z3.Z3_OP_DISTINCT:
                return f"({parts[0]} != {parts[1]})"
            case z3.Z3_OP_UMINUS:
                return f"(-{parts[0]})"
            case z3.Z3_OP_UNINTERPRETED:
                return self.application(term, parts)
        raise TypeError(f"no Python for {term.decl().name()}")

    def number(self, term: Formula) -> str:
        if z3.is_rational_value(term):
            return f"Fraction({term.numerator_as_long()}, {term.denominator_as_long()})"
        return str(z3.is_true(term))

    def application(self, term: Formula, parts: list[str]) -> str:
        name = term.decl().name()
        if name in ORDERS:
            return f"({parts[0]} <= {parts[1]})"
        if not parts:
            return self.symbol(name)
        if term.sort() == z3.BoolSort():
            return f"({_row(parts)} in {self.symbol(name)})"
        return f"{self.symbol(name)}[{_row(parts)}]"

    def quantifier(self, term: Formula) -> str:
        variables, body = _opened(term)
        literals = _literals(body, not term.is_forall())
        found = f"any(True {' '.join(self.loops(literals, variables))})"
        return f"(not {found})" if term.is_forall() else found

    def cases(self, formula: Formula, variables: list[Formula]) -> Iterator[tuple[list[str], list[str]]]:
        """Loops that together find all values of the variables for which a formula holds."""
        kind = formula.decl().kind() if z3.is_app(formula) else None
        if kind == z3.Z3_OP_OR:
            for child in formula.children():
                yield from self.cases(child, variables)
        elif kind == z3.Z3_OP_ITE:
            condition, then, other = formula.children()
            yield from self.cases(z3.And(condition, then), variables)
            yield from self.cases(z3.And(z3.Not(condition), other), variables)
        else:
            literals = _literals(formula, True)
            split = next((k for k, (item, holds) in enumerate(literals) if holds and _is_split(item)), None)
            if split is None:
                names = [self.name_of(variable) for variable in variables]
                yield names, self.loops(literals, variables)
            else:
                rest = [
                    item if holds else z3.Not(item) for k, (item, holds) in enumerate(literals) if k != split
                ]
                for child in _alternatives(literals[split][0]):
                    yield from self.cases(z3.And(*rest, child), variables)

    def loops(self, literals: list[tuple[Formula, bool]], variables: list[Formula]) -> list[str]:
        """`for` and `if` clauses that run through the values of the variables at which all literals hold."""
        unbound = {self.name_of(variable): variable for variable in variables}
        waiting = [(item, positive, self.variables_in(item)) for item, positive in literals]
        clauses: list[str] = []
        while True:
            ready = [entry for entry in waiting if not entry[2] & unbound.keys()]
            waiting = [entry for entry in waiting if entry[2] & unbound.keys()]
            for item, positive, _ in sorted(ready, key=lambda entry: z3.is_quantifier(entry[0])):
                clauses.append(f"if {'' if positive else 'not '}{self.term(item)}")
            if not unbound:
                return clauses if clauses and clauses[0].startswith("for") else ["for _ in (0,)", *clauses]
            chosen = self._best(waiting, unbound)
            if chosen is None:
                name, variable = next(iter(unbound.items()))
                clauses.append(f"for {name} in {self.domain(variable.sort())}")
                del unbound[name]
            else:
                waiting.remove(chosen)
                clauses += self._bind(chosen[0], unbound)

    def _best(
        self, waiting: list[tuple[Formula, bool, frozenset[str]]], unbound: Mapping[str, Formula]
    ) -> tuple[Formula, bool, frozenset[str]] | None:
        """An equation or a relation's atom that gives values to some variables; least is left open first."""
        usable = [
            entry
            for entry in waiting
            if entry[1] and (self._defines(entry[0], unbound) or self._lists(entry[0], unbound))
        ]

        def cost(entry: tuple[Formula, bool, frozenset[str]]) -> tuple[bool, int]:
            return (not self._defines(entry[0], unbound), len(entry[2] & unbound.keys()))

        return min(usable, key=cost, default=None)

    def _defines(self, item: Formula, unbound: Mapping[str, Formula]) -> bool:
        """`x == term` with x open and the term known."""
        if not z3.is_app(item) or item.decl().kind() != z3.Z3_OP_EQ or item.arg(0).sort() == z3.BoolSort():
            return False
        return any(
            self.names.get(item.arg(k).get_id()) in unbound
            and not self.variables_in(item.arg(1 - k)) & unbound.keys()
            for k in (0, 1)
        )

    def _lists(self, item: Formula, unbound: Mapping[str, Formula]) -> bool:
        """An atom of a relation whose open arguments are plain variables."""
        if not z3.is_app(item) or item.decl().kind() != z3.Z3_OP_UNINTERPRETED or not item.children():
            return False
        return item.decl().name() not in ORDERS and all(
            self.names.get(child.get_id()) in unbound or not self.variables_in(child) & unbound.keys()
            for child in item.children()
        )

    def _bind(self, item: Formula, unbound: dict[str, Formula]) -> list[str]:
        if self._defines(item, unbound):
            k = 0 if self.names.get(item.arg(0).get_id()) in unbound else 1
            if self.variables_in(item.arg(1 - k)) & unbound.keys():
                k = 1 - k
            name = self.names[item.arg(k).get_id()]
            text = self.term(item.arg(1 - k))
            del unbound[name]
            return [f"for {name} in ({text},)"]
        targets, tests = [], []
        for child in item.children():
            name = self.names.get(child.get_id(), "")
            if name in unbound:
                targets.append(name)
                del unbound[name]
            else:
                fresh = f"y{len(self.kept)}"
                self.kept.append(child)
                targets.append(fresh)
                tests.append(f"if {fresh} == {self.term(child)}")
        return [f"for {_row(targets)} in {self.symbol(item.decl().name())}", *tests]

    def variables_in(self, term: Formula) -> frozenset[str]:
        """The names of the constants known to the writer that occur in a term."""
        found: set[str] = set()
        waiting, seen = [term], set()
        while waiting:
            item = waiting.pop()
            if item.get_id() in seen:
                continue
            seen.add(item.get_id())
            if item.get_id() in self.names:
                found.add(self.names[item.get_id()])
            elif z3.is_quantifier(item):
                waiting.append(item.body())
            else:
                waiting += item.children()
        return frozenset(found)


def _is_split(item: Formula) -> bool:
    return z3.is_app(item) and item.decl().kind() in (z3.Z3_OP_OR, z3.Z3_OP_ITE)


def _alternatives(item: Formula) -> list[Formula]:
    if item.decl().kind() == z3.Z3_OP_OR:
        return list(item.children())
    condition, then, other = item.children()
    return [z3.And(condition, then), z3.And(z3.Not(condition), other)]


def number(value: Any) -> Number:
    """A number of Z3 as one of Python."""
    if z3.is_rational_value(value):
        return Fraction(value.numerator_as_long(), value.denominator_as_long())
    if z3.is_algebraic_value(value):
        return number(value.approx(10))
    return bool(z3.is_true(value))
