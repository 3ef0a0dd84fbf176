"""The linearizability check against every order tried one by one."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trace_check.node.linearizable import NEVER_RETURNED, Operation, is_linearizable, unlinearizable_keys


def write(name: str, value: str, called: float, returned: float = NEVER_RETURNED) -> Operation:
    return Operation(name, "x", True, value, called, returned)


def read(name: str, value: str | None, called: float, returned: float) -> Operation:
    return Operation(name, "x", False, value, called, returned)


def naive(operations: list[Operation]) -> bool:
    """Tries all orders of all choices of unknown writes."""
    unknown = [operation for operation in operations if operation.returned == NEVER_RETURNED]
    known = [operation for operation in operations if operation.returned != NEVER_RETURNED]
    for count in range(len(unknown) + 1):
        for chosen in combinations(unknown, count):
            for order in permutations([*known, *chosen]):
                if _fits(order):
                    return True
    return False


def _fits(order: tuple[Operation, ...]) -> bool:
    value: str | None = None
    for place, operation in enumerate(order):
        if any(later.returned < operation.called for later in order[place + 1 :]):
            return False
        if operation.is_write:
            value = operation.value
        elif operation.value != value:
            return False
    return True


CASES = {
    "read after write": (True, [write("a", "1", 0, 1), read("b", "1", 2, 3)]),
    "stale read": (False, [write("a", "1", 0, 1), write("b", "2", 2, 3), read("c", "1", 4, 5)]),
    "read while writing": (True, [write("a", "1", 0, 5), read("b", None, 1, 2), read("c", "1", 3, 4)]),
    "new then old": (False, [write("a", "1", 0, 9), read("b", "1", 1, 2), read("c", None, 3, 4)]),
    "unknown write seen late": (True, [write("a", "1", 0), read("b", None, 1, 2), read("c", "1", 3, 4)]),
    "unknown write lost": (True, [write("a", "1", 0), write("b", "2", 1, 2), read("c", "2", 3, 4)]),
    "read of nothing written": (False, [read("a", "1", 0, 1)]),
    "seen before it was called": (False, [read("a", "1", 0, 1), write("b", "1", 2, 3)]),
    "lost write": (False, [write("a", "1", 0, 1), read("b", None, 2, 3)]),
}


@pytest.mark.parametrize(("expected", "operations"), CASES.values(), ids=CASES)
def test_known_histories(expected: bool, operations: list[Operation]) -> None:
    assert is_linearizable(operations) is expected
    assert naive(operations) is expected


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    operations = []
    for number in range(draw(st.integers(1, 6))):
        called = draw(st.integers(0, 12))
        returned = called + draw(st.integers(1, 6))
        value = draw(st.sampled_from(["1", "2", "3"]))
        if draw(st.booleans()):
            unknown = draw(st.booleans())
            operations.append(write(str(number), value, called, NEVER_RETURNED if unknown else returned))
        else:
            operations.append(read(str(number), draw(st.sampled_from([None, value])), called, returned))
    return operations


@given(histories())
def test_agrees_with_trying_all_orders(operations: list[Operation]) -> None:
    assert is_linearizable(operations) is naive(operations)


def test_keys_are_registers_of_their_own() -> None:
    good = [write("a", "1", 0, 1), read("b", "1", 2, 3)]
    bad = [
        Operation(o.name, "y", o.is_write, "2" if not o.is_write else o.value, o.called, o.returned)
        for o in good
    ]
    assert unlinearizable_keys([*good, *bad]) == ["y"]
