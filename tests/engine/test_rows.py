"""Stored rows: as few bits as the layout uses, one row for each state, and back again."""

from __future__ import annotations

import numpy as np
import pytest

from pymodel.check import prepare
from pymodel.engine.contract import Axis, Part, Range, Schema, Variable
from pymodel.engine.layout import Layout, make_layout
from pymodel.engine.native import Native
from pymodel.engine.rows import ROW_BITS, row_functions, row_words, used_bits
from pymodel.specfiles import find_cfg, shipped_cfgs


def wide() -> Layout:
    """Words that are full, nearly full and nearly empty, so that rows cut through them."""
    parts = (
        Part("full", (Axis(0, 6),), Range(0, (1 << 9) - 1)),
        Part("most", (Axis(0, 2),), Range(0, (1 << 20) - 1)),
        Part("one", (Axis(0, 0),), Range(0, 1)),
        Part("long", (Axis(0, 99),), Range(0, 2)),
    )
    return make_layout(Schema((Variable("v", parts),), (), 0))


def stored(layout: Layout, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of states of W words each, and what comes back from them."""
    text = row_functions(layout).replace("(b, t, rows: Array, at)", "(b: Array, t, rows: Array, at)")
    native = Native(text, ("pack_row", "unpack_row"))
    width = row_words(layout)
    rows = np.full((len(states), width), -1, np.int64)
    back = np.full(states.shape, -1, np.int64)
    for state, row, again in zip(states, rows, back, strict=True):
        native.call("pack_row", state, 0, row, 0)
        native.call("unpack_row", again, 0, row, 0)
    return rows, back


LAYOUTS = {"wide": wide()} | {
    name: prepare(find_cfg(name)).instance.layout for name in shipped_cfgs() if not name.startswith("mutant_")
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_rows_are_the_states_they_were_made_of(layout: Layout) -> None:
    bits = used_bits(layout)
    generator = np.random.default_rng(1)
    states = np.array(
        [[int(generator.integers(0, 1 << b)) if b else 0 for b in bits] for _ in range(300)], np.int64
    )
    states[0] = 0
    states[1] = [(1 << b) - 1 for b in bits]
    rows, back = stored(layout, states)
    assert np.array_equal(back, states)
    assert len(np.unique(rows, axis=0)) == len(np.unique(states, axis=0))
    assert (rows[:, 0] & 1).all(), "no row begins with 0"
    assert row_words(layout) == -(-(1 + sum(bits)) // ROW_BITS) <= layout.words + 1


def test_a_row_of_the_protocol_is_shorter_than_its_words() -> None:
    layout = LAYOUTS["bench_10m"]
    assert row_words(layout) < layout.words


def test_used_bits_are_those_of_the_slots() -> None:
    """A hundred fields of 2 bits, of which the last word also takes the single bit; 7 of 9; 3 of 20."""
    assert used_bits(wide()) == [62, 62, 62, 14 + 1, 63, 60]
