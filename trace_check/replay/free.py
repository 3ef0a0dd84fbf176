"""Values that a log does not tell: an integer of which only bounds are known, split as soon as a guard asks.

A free value stands in a state as any integer does. The model's functions run on it unchanged: a comparison
that its bounds decide is answered, any other raises `Undetermined` with the values that tell the cases
apart, and the replay goes on with a state for each.
"""

from __future__ import annotations

from typing import Any, NoReturn

_ENUMERATED_MAX = 64
"""A sum with a free value tries all its values, if there are no more than this."""


class Undetermined(Exception):
    """A guard asked for a free value: `cases` are what it may be, integers or narrower free values."""

    def __init__(self, variable: Free, cases: list[Any]) -> None:
        super().__init__("a value that the log does not tell")
        self.variable = variable
        self.cases = cases


class TooFree(Exception):
    """A guard needs a value of which too little is known to try all."""


class Free:
    """Some integer in `low..high` that is not in `out`. Compared by what it may be, and one of a kind."""

    __slots__ = ("high", "low", "out")

    def __init__(self, low: int, high: int, out: frozenset[int] = frozenset()) -> None:
        self.low = low
        self.high = high
        self.out = out

    def __repr__(self) -> str:
        return f"{self.low}..{self.high}" if self.low <= self.high else "nothing"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        if isinstance(other, Free):
            self._enumerate()
        if not isinstance(other, int) or not self.low <= other <= self.high or other in self.out:
            return False
        raise Undetermined(self, [int(other), *free(self.low, self.high, self.out | {int(other)})])

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        if isinstance(other, Free):
            self._enumerate()
        if self.high < other:
            return True
        if self.low >= other:
            return False
        cases = [*free(self.low, other - 1, self.out), *free(other, self.high, self.out)]
        raise Undetermined(self, cases)

    def __le__(self, other: Any) -> bool:
        return bool(self < other + 1)

    def __gt__(self, other: Any) -> bool:
        return not self <= other

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def _enumerate(self) -> NoReturn:
        """Raises: Undetermined with every value, TooFree if they are too many."""
        if self.high - self.low >= _ENUMERATED_MAX:
            raise TooFree
        raise Undetermined(self, [v for v in range(self.low, self.high + 1) if v not in self.out])

    def __add__(self, other: Any) -> Any:
        self._enumerate()

    __radd__ = __sub__ = __rsub__ = __add__

    def __index__(self) -> int:
        self._enumerate()


def free(low: int, high: int, out: frozenset[int] = frozenset()) -> list[Any]:
    """The free value in these bounds as a list of one: an integer where there is one choice; none, empty."""
    while low in out:
        low += 1
    while high in out:
        high -= 1
    if low > high:
        return []
    return [low] if low == high else [Free(low, high, out)]


def unknown(low: int, high: int) -> Any:
    """A value in `low..high`, of which no more is known."""
    return low if low >= high else Free(low, high)
