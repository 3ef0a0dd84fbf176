"""The table of known states: what was entered is found, through all growth, and nothing else is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymodel.engine import kernel, kernel_growth, machine, table
from pymodel.engine.generate import module_text
from pymodel.engine.native import Native, Words
from pymodel.engine.table import Table

from .toys import counters, instance

BOUND = instance(counters())
MIX = (1 << 64) - 1


def folded(x: int, y: int) -> int:
    """As Python: both halves of the unsigned product, exclusive-or, as a signed word."""
    product = (x & MIX) * (y & MIX)
    return signed((product ^ (product >> 64)) & MIX)


def signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


@pytest.fixture(scope="module")
def natives() -> dict[bool, Native]:
    """The compiled functions of a table of hashes (False), and of one of whole rows (True)."""
    entries = ("enter", "move", "take_out", "absorb", "hash_words", "home_of")
    loops = (kernel, kernel_growth)
    return {exact: Native(module_text(BOUND, exact=exact, loops=loops), entries) for exact in (False, True)}


def width_of(exact: bool) -> int:
    return int(module_text(BOUND, exact=exact).partition("\nK = ")[2].split()[0])


def keys(exact: bool, count: int, seed: int = 0) -> Words:
    """Different keys of any bits; none begins with 0."""
    numbers = np.random.default_rng(seed).permutation(1 << 20)[: count * width_of(exact)].astype(np.int64)
    return ((numbers * 0x1E3779B97F4A7C15) << 1) | 1


def entered(native: Native, exact: bool, count: int, budget: int = 1 << 24) -> tuple[Table, Words]:
    made = Table(native, width_of(exact), budget, seed=3)
    some = keys(exact, count)
    step = 1000 * made.width
    with ThreadPoolExecutor(2) as pool:
        for first in range(0, len(some), step):
            part = some[first : first + step]
            assert made.make_room(len(part) // made.width, budget, pool)
            made.enter(part)
    return made, some


def content(made: Table) -> set[tuple[int, ...]]:
    rows = [made.shard(number).reshape(-1, made.width) for number in range(kernel.SHARDS)]
    return {tuple(row) for row in np.concatenate(rows).tolist() if row[0]}


@pytest.mark.parametrize("exact", [False, True], ids=["hashes", "rows"])
def test_growth_in_place_loses_and_doubles_nothing(
    natives: dict[bool, Native], exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "FIRST_SLOTS", 64)
    monkeypatch.setattr(table, "LARGE_BYTES", 1 << 18)
    made, some = entered(natives[exact], exact, 20_000)
    assert made.size > 64 * 4
    assert made.count == 20_000 == len(content(made))
    assert content(made) == {tuple(row) for row in some.reshape(-1, made.width).tolist()}
    assert made.used_bytes == made.size * 64 * 8 * made.width
    assert made.count <= table.LOAD * made.size * kernel.SHARDS


@pytest.mark.parametrize("exact", [False, True], ids=["hashes", "rows"])
def test_what_is_known_is_struck_out_and_what_is_not_is_entered(
    natives: dict[bool, Native], exact: bool
) -> None:
    made, some = entered(natives[exact], exact, 5_000)
    record = int(module_text(BOUND, exact=exact).partition("\nRECORD = ")[2].split()[0])
    at = int(module_text(BOUND, exact=exact).partition("\nKEY_AT = ")[2].split()[0])
    new = keys(exact, 5_300)[5_000 * made.width :]
    offered = np.concatenate([some[: 700 * made.width], new, new]).reshape(-1, made.width)
    records = np.zeros((len(offered), record), np.int64)
    records[:, at : at + made.width] = offered
    for row, key in zip(records, offered, strict=True):
        row[0] = natives[exact].call("hash_words", key, 0, made.width, 3) if exact else key[0]
    totals, fresh = np.zeros(2, np.int64), 0
    for part in range(3):
        place = (made.words, made.size, part, 3)
        fresh += natives[exact].call("absorb", records, len(records), *place, made.fill, totals)
    assert fresh == 300
    assert (records[:, 1] < 0).tolist() == [True] * 700 + [False] * 300 + [True] * 300
    assert made.count == 5_300 == len(content(made))


def test_a_full_shard_is_told_before_a_search_in_it_would_not_end(natives: dict[bool, Native]) -> None:
    made = Table(natives[False], 1, 1 << 22, seed=0)
    made.size = 8
    same_shard = np.array([(1 << 58) | k << 26 for k in range(1, 9)], np.int64)
    records = np.zeros((8, int(module_text(BOUND).partition("\nRECORD = ")[2].split()[0])), np.int64)
    records[:, 0] = same_shard
    totals = np.zeros(2, np.int64)
    place = (made.words, made.size, 0, 1)
    natives[False].call("absorb", records, 8, *place, made.fill, totals)
    assert totals[1] == kernel.FULL
    assert (made.shard(1) == 0).sum() == 1, "where a search that runs beside it ends"


def test_room_ends_with_the_limit_and_with_the_reserve(natives: dict[bool, Native]) -> None:
    made = Table(natives[False], 1, 1 << 24, seed=0)
    with ThreadPoolExecutor(1) as pool:
        assert made.make_room(10_000, 1 << 24, pool)
        assert not made.make_room(200_000, 1 << 20, pool), "a megabyte is a limit"
        assert made.used_bytes <= 1 << 20
        assert not made.make_room(2_000_000, 1 << 40, pool), "what is reserved is one too"
        assert made.size <= made.size_max


def test_hashes_come_sorted_and_clear_forgets_them(natives: dict[bool, Native]) -> None:
    made, some = entered(natives[False], False, 3_000)
    sorted_hashes = np.concatenate(list(made.hashes()))
    assert sorted_hashes.tolist() == sorted(some.tolist())
    assert (some < 0).any() and (some > 0).any()
    made.clear()
    assert made.count == 0 == len(content(made))
    made.enter(some)
    assert made.count == 3_000


@settings(max_examples=40)
@given(
    words=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=7),
    seed=st.integers(0, 1 << 62),
)
def test_a_hash_is_what_python_makes_of_the_same_text(words: list[int], seed: int) -> None:
    text = module_text(BOUND)
    native = Native(text, ("hash_words",))
    namespace: dict[str, object] = {
        "Array": None,
        "Array32": None,
        "Before": None,
        "After": None,
        "prefetch": None,
        "folded": folded,
    }
    exec(compile(text, "<generated>", "exec"), namespace)
    plain = namespace["hash_words"]
    array = np.array(words, np.int64)
    assert native.call("hash_words", array, 0, len(words), seed) == plain(words, 0, len(words), seed)  # type: ignore[operator]


def test_hashes_spread_and_depend_on_the_seed(natives: dict[bool, Native]) -> None:
    """States that differ in a bit: in the shards, in the slots, and with another seed."""
    states = np.array([[1 << k, j] for k in range(60) for j in range(100)], np.int64)
    ones = {natives[False].call("hash_words", state, 0, 2, 0) for state in states}
    others = {natives[False].call("hash_words", state, 0, 2, 1) for state in states}
    assert len(ones) == len(others) == len(states)
    assert not ones & others
    homes = {natives[False].call("home_of", h, 1000) for h in ones}
    assert {home // 1000 for home in homes} == set(range(kernel.SHARDS))
    assert len(homes) > 0.9 * len(states)


@pytest.mark.parametrize(("x", "y"), [(0, 5), (-1, -1), (1 << 62, 12345), (-(1 << 63), 3)])
def test_folded_is_the_unsigned_product(x: int, y: int) -> None:
    native = Native("def main(x, y):\n    return folded(x, y)\n", ("main",))
    assert native.call("main", x, y) == folded(x, y)


def test_prefetch_changes_nothing_and_is_0() -> None:
    text = "def main(b, x):\n    return prefetch(b, x) + b[x]\n"
    assert "llvm.prefetch" in str(machine.build(text, ("main",)))
    array = np.array([4, 5, 6], np.int64)
    assert Native(text, ("main",)).call("main", array, 1) == 5
    assert array.tolist() == [4, 5, 6]
