"""The compiled loops that fill a table of states with keys that are not in it, and move them when it grows.

Pasted behind kernel.py, whose functions they use.
"""

from __future__ import annotations

from typing import Any

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, no-any-return"

Array = Any

ENTRIES = ("enter", "move", "take_out")


# == Compiled ==
def empty_slot(h: int, table: Array, size: int) -> int:
    """Where a key belongs that is not in the table, and whose hash is h."""
    slot = home_of(h, size)
    end = shard_of(h) * size + size
    while table[slot * K] != 0:
        slot += 1
        if slot == end:
            slot -= size
    return slot


def enter(keys: Array, count: int, seed: int, table: Array, size: int, fill: Array) -> int:
    """Enter `count` keys, none of which is in the table yet."""
    for number in range(count):
        h = key_hash(keys, number * K, seed)
        slot = empty_slot(h, table, size)
        for k in range(K):
            table[slot * K + k] = keys[number * K + k]
        fill[shard_of(h)] += 1
    return count


def move(table: Array, first: int, last: int, old: int, seed: int, size: int) -> int:
    """Move the keys of shards first..last-1 of `old` slots to where they belong when all shards have `size`,
    which lies behind them. Returns how many there are."""
    n = 0
    for slot in range(first * old, last * old):
        if table[slot * K] != 0:
            to = empty_slot(key_hash(table, slot * K, seed), table, size)
            for k in range(K):
                table[to * K + k] = table[slot * K + k]
                table[slot * K + k] = 0
            n += 1
    return n


def take_out(table: Array, scratch: Array, shard: int, size: int) -> int:
    """Move the keys of a shard of `size` slots to `scratch`, in their order; how many there are. `scratch`
    has room for a key more than that."""
    base = shard * size * K
    n = 0
    for slot in range(size):
        used = table[base + slot * K] != 0
        for k in range(K):
            scratch[n * K + k] = table[base + slot * K + k]
            table[base + slot * K + k] = 0
        n += used
    return n
