"""TLA+ values as Python data: equality, hashing, and one text for each."""

from __future__ import annotations

import pytest

from pymodel.values import Fn, Value, format_value, freeze

TEXTS: list[tuple[Value, str]] = [
    (3, "3"),
    (-1, "-1"),
    (True, "TRUE"),
    (False, "FALSE"),
    ("s1", "s1"),
    ((), "<<>>"),
    ((1, "a", True), "<<1, a, TRUE>>"),
    (frozenset(), "{}"),
    (frozenset({"b", "a"}), "{a, b}"),
    (frozenset({(2,), (1,)}), "{<<1>>, <<2>>}"),
    (Fn({"term": 1, "leader": "s1"}), "[term |-> 1, leader |-> s1]"),
    (Fn({2: "b", 3: (1,)}), "[2 |-> b, 3 |-> <<1>>]"),
    (Fn({}), "[]"),
    (Fn({"log": (Fn({"term": 1}),)}), "[log |-> <<[term |-> 1]>>]"),
]


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_text(value: Value, text: str) -> None:
    assert format_value(value) == text


def test_a_function_shows_itself() -> None:
    assert repr(Fn({"a": 1})) == "[a |-> 1]"


def test_what_is_no_value_has_no_text() -> None:
    with pytest.raises(TypeError, match=r"not a TLA\+ value: 1.5"):
        format_value(1.5)  # type: ignore[arg-type]


def test_a_function_is_equal_whatever_the_order_of_its_domain() -> None:
    one, other = Fn({"a": 1, "b": 2}), Fn({"b": 2, "a": 1})
    assert one == other
    assert hash(one) == hash(other)
    assert frozenset({one}) == frozenset({other})
    assert one != Fn({"a": 1})
    assert one != {"a": 1, "b": 2}


def test_a_function_is_a_mapping_that_does_not_follow_its_source() -> None:
    source: dict[Value, Value] = {"a": 1}
    function = Fn(source)
    source["a"] = 2
    assert (function["a"], len(function), list(function)) == (1, 1, ["a"])
    with pytest.raises(KeyError):
        function["b"]


def test_a_frozen_state_is_a_key_whatever_the_order_of_its_variables() -> None:
    assert freeze({"x": 1, "y": Fn({"a": 1})}) == freeze({"y": Fn({"a": 1}), "x": 1})
    assert freeze({"x": 1}) != freeze({"x": 2})
    assert len({freeze({"x": 1}), freeze({"x": 1})}) == 1
