"""Whether Z3 can decide the conditions of a proof: no sort depends on itself.

A function, and the Skolem function of an existential within the scope of universals, leads from the sorts
of its arguments to that of its result. Where these arrows have no cycle, a formula has finitely many
instances that matter (the stratified extension of EPR), and an answer is a matter of time. Reals are left
out: they are decided by arithmetic, and nothing leads back from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import networkx as nx
import z3

from pymodel.proof.induction import Kind, goals
from pymodel.proof.logic import Formula
from pymodel.proof.system import System

Sorts = frozenset[str]
Arrow = tuple[str, str]


@dataclass(frozen=True)
class Stratification:
    """The arrows between sorts, each with where it comes from; `order` has every arrow lead to the right,
    and is empty if there is a `cycle`."""

    arrows: dict[Arrow, str]
    order: tuple[str, ...]
    cycle: tuple[Arrow, ...]

    @property
    def stratified(self) -> bool:
        return not self.cycle


def stratify(system: System) -> Stratification:
    """The arrows of all conditions of a system, over what they assume and the negation of what they claim."""
    arrows: dict[Arrow, str] = {}
    for where, formula, positive in _asserted(system):
        for arrow in arrows_of(formula, positive):
            arrows.setdefault(arrow, where)
    graph = nx.DiGraph(list(arrows))
    graph.add_nodes_from(
        str(sort) for symbol in system.symbols.values() for sort in symbol.arguments if _counts(sort)
    )
    cycle = next(iter(nx.simple_cycles(graph)), None)
    if cycle is not None:
        return Stratification(arrows, (), tuple(zip(cycle, [*cycle[1:], cycle[0]], strict=True)))
    return Stratification(arrows, tuple(nx.lexicographical_topological_sort(graph)), ())


def _asserted(system: System) -> Iterator[tuple[str, Formula, bool]]:
    """Where it stands, a formula, and whether Z3 is given it or its negation."""
    for name, axiom in system.axioms.items():
        yield f"axiom {name}", axiom, True
    for name, claim in system.invariant.items():
        yield name, claim(system.before), True
    assumed: tuple[Formula, ...] = ()
    for goal in goals(system):
        if goal.assumed is not assumed:
            assumed = goal.assumed
            for formula in assumed:
                yield goal.condition.action or Kind.INITIAL.value, formula, True
        yield goal.condition.name, goal.claim, False


def arrows_of(formula: Formula, positive: bool = True) -> frozenset[Arrow]:
    """The arrows of one formula, or of its negation."""
    found: set[Arrow] = set()
    _visit(formula, positive, (), found)
    return frozenset(found)


def _counts(sort: Any) -> bool:
    return bool(sort.kind() == z3.Z3_UNINTERPRETED_SORT)


def _visit(term: Formula, positive: bool | None, scope: tuple[Sorts, ...], found: set[Arrow]) -> None:
    """`scope` has, for each bound variable, innermost first, the universals that it stands for or depends
    on. `positive` is None where both a formula and its negation matter."""
    if z3.is_quantifier(term):
        _visit_quantifier(term, positive, scope, found)
    elif z3.is_app(term):
        kind = term.decl().kind()
        children = term.children()
        if kind == z3.Z3_OP_UNINTERPRETED and children and _counts(term.sort()):
            found |= {(str(child.sort()), str(term.sort())) for child in children if _counts(child.sort())}
        for index, child in enumerate(children):
            _visit(child, _polarity(term, kind, index, positive), scope, found)


def _polarity(term: Formula, kind: int, index: int, positive: bool | None) -> bool | None:
    if kind == z3.Z3_OP_NOT or (kind == z3.Z3_OP_IMPLIES and index == 0):
        return None if positive is None else not positive
    if kind in (z3.Z3_OP_AND, z3.Z3_OP_OR, z3.Z3_OP_IMPLIES) or (kind == z3.Z3_OP_ITE and index > 0):
        return positive
    return None


def _visit_quantifier(
    term: Formula, positive: bool | None, scope: tuple[Sorts, ...], found: set[Arrow]
) -> None:
    sorts = [str(term.var_sort(k)) for k in range(term.num_vars())]
    for sign in (True, False) if positive is None else (positive,):
        if term.is_forall() == sign:
            bound = [frozenset({sort}) for sort in sorts]
        else:
            used = _free(term)
            depends = frozenset().union(*(scope[index] for index in used)) if used else frozenset()
            found |= {(source, sort) for source in depends for sort in sorts}
            bound = [depends for _ in sorts]
        _visit(term.body(), sign, (*reversed(bound), *scope), found)


def _free(term: Formula, depth: int = 0) -> frozenset[int]:
    """The variables that occur free, counted from the innermost quantifier around `term`."""
    if z3.is_var(term):
        index = z3.get_var_index(term)
        return frozenset({index - depth}) if index >= depth else frozenset()
    if z3.is_quantifier(term):
        return _free(term.body(), depth + term.num_vars())
    return frozenset().union(*(_free(child, depth) for child in term.children()))
