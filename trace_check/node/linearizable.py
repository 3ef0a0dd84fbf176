"""Whether a history of reads and writes of a register could have happened one after the other.

Each operation takes effect at one moment between its call and its return. One whose outcome nobody knows may
take effect at any time after its call, or never. Source: Wing and Gong, "Testing and Verifying Concurrent
Objects" (1993); Lowe, "Testing for Linearizability" (2017).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NEVER_RETURNED = float("inf")

_Config = tuple[str | None, frozenset[int]]
"""A register's value, and the operations that took effect and have not returned."""


@dataclass(frozen=True)
class Operation:
    """One operation of a client: a write of `value` to `key`, or a read that gave it.

    `called` and `returned` in one clock; an unknown outcome has returned NEVER_RETURNED. Reads of unknown
    outcome say nothing and are left out by the caller.
    """

    name: str
    key: str
    is_write: bool
    value: str | None
    called: float
    returned: float = NEVER_RETURNED


def unlinearizable_keys(history: Iterable[Operation]) -> list[str]:
    """The keys whose operations fit no order, sorted; empty if the history is linearizable.

    Keys are independent registers, None at first.
    """
    by_key: dict[str, list[Operation]] = defaultdict(list)
    for operation in history:
        by_key[operation.key].append(operation)
    return sorted(key for key, operations in by_key.items() if not is_linearizable(operations))


def is_linearizable(operations: Sequence[Operation]) -> bool:
    """True if the operations of one register, None at first, fit an order.

    Goes along the calls and returns with the set of all (value, operations done but not returned) that are
    possible so far. A write of unknown outcome is done only right before a read that needs it: elsewhere it
    may as well not have happened.
    """
    moments = sorted(
        (moment, is_return, number)
        for number, operation in enumerate(operations)
        for moment, is_return in ((operation.called, False), (operation.returned, True))
        if moment != NEVER_RETURNED
    )
    possible: set[_Config] = {(None, frozenset())}
    called: set[int] = set()
    for _, is_return, number in moments:
        if not is_return:
            called.add(number)
            continue
        possible = _with_done(operations, number, called, possible)
        if not possible:
            return False
        called.discard(number)
    return True


def _with_done(
    operations: Sequence[Operation], number: int, called: set[int], possible: set[_Config]
) -> set[_Config]:
    """What is possible once operation `number` is done, in any order with the others that were called."""
    result: set[_Config] = set()
    seen, todo = set(possible), list(possible)
    while todo:
        value, done = todo.pop()
        if number in done:
            result.add((value, done - {number}))
            continue
        for other in called - done:
            operation = operations[other]
            if not _may_follow(operations, operation, value, called - done):
                continue
            following = (operation.value, done | {other})
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return result


def _may_follow(
    operations: Sequence[Operation], operation: Operation, value: str | None, waiting: set[int]
) -> bool:
    if not operation.is_write:
        return operation.value == value
    if operation.returned != NEVER_RETURNED:
        return True
    return any(
        not operations[number].is_write and operations[number].value == operation.value for number in waiting
    )
