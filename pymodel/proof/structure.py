"""A finite structure: what each symbol of a proof is, over numbered elements of each sort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from pymodel.proof.logic import Sort

Number: TypeAlias = "int | Fraction | bool"
Row: TypeAlias = "tuple[Number, ...]"
Relation: TypeAlias = "set[Row]"
Table: TypeAlias = "dict[Row, Number]"


@dataclass
class Structure:
    """`domains[sort]` numbers the elements of a sort; orders are those of the numbers. `values` has for each
    symbol a set of rows (relation), a table (function) or a number (constant)."""

    domains: Mapping[str, range]
    values: dict[str, Relation | Table | Number]

    def copy(self) -> Structure:
        copied = {
            name: value.copy() if isinstance(value, (set, dict)) else value
            for name, value in self.values.items()
        }
        return Structure(self.domains, copied)

    def rows(self, sorts: tuple[Sort, ...]) -> list[Row]:
        """All tuples of elements of the sorts."""
        return list(product(*(self.domains[str(sort)] for sort in sorts)))


def majorities(nodes: int) -> tuple[frozenset[int], ...]:
    """All sets of more than half of the nodes, the smallest first."""
    sets = [frozenset(n for n in range(nodes) if bits >> n & 1) for bits in range(1 << nodes)]
    return tuple(sorted((s for s in sets if 2 * len(s) > nodes), key=lambda s: (len(s), sorted(s))))
