"""TLA+ values and states as TLC prints them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodel.errors import ToolError
from pymodel.tlc.values import parse_state, parse_value, parse_values
from pymodel.values import Fn, Value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-12", -12),
        ("TRUE", True),
        ("FALSE", False),
        ("s1", "s1"),
        ("2nd", "2nd"),
        (r'"he\"y\\z, <<1>>"', r'he"y\z, <<1>>'),
        (r'"a\tb\nc"', "a\tb\nc"),
        ("{}", frozenset()),
        ("{s1, {1}}", frozenset({"s1", frozenset({1})})),
        ("-1..1", frozenset({-1, 0, 1})),
        ("3..2", frozenset()),
        ("<<>>", ()),
        ("<<1, <<s1>>>>", (1, ("s1",))),
        ("[a |-> 1, b |-> {}]", Fn({"a": 1, "b": frozenset()})),
        ("(s1 :> <<>> @@ s2 :> 1)", Fn({"s1": (), "s2": 1})),
        ("(0 :> a @@ 1 :> b)", Fn({0: "a", 1: "b"})),
        ("(1 :> a @@ 2 :> b)", ("a", "b")),
        ('[ type |-> "x",\n  set |-> {1,\n 2} ]', Fn({"type": "x", "set": frozenset({1, 2})})),
        ("({1} :> (<<1>> :> 2))", Fn({frozenset({1}): Fn({(1,): 2})})),
    ],
)
def test_each_form_is_read(text: str, value: Value) -> None:
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


@pytest.mark.parametrize(
    "text", ["", "{1", "<<1 2>>", "x y", '"abc', "1..x", "[a -> 1]", "[a |-> 1", "(a :> 1 @@", "1 +", "f(x)"]
)
def test_what_is_no_value_is_refused_and_shown(text: str) -> None:
    with pytest.raises(ToolError, match="cannot be read") as caught:
        parse_value(text)
    assert text in caught.value.message


def _function(items: dict[str, Value]) -> Fn:
    return Fn(dict[Value, Value](items.items()))


VALUES = st.recursive(
    st.integers(-99, 99) | st.sampled_from(["s1", "Leader", "x_1"]) | st.booleans(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.frozensets(inner, max_size=3),
        st.dictionaries(st.sampled_from(["s1", "s2", "s3"]), inner, min_size=1, max_size=3).map(_function),
    ),
    max_leaves=12,
)


def printed(value: Value) -> str:
    """`value` as TLC would print it, written apart from the code under test."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, tuple):
        return "<<" + ", ".join(map(printed, value)) + ">>"
    if isinstance(value, frozenset):
        return "{" + ", ".join(map(printed, value)) + "}"
    if isinstance(value, Fn):
        return "(" + " @@ ".join(f"{key} :> {printed(item)}" for key, item in value.items()) + ")"
    return str(value)


@given(VALUES)
def test_any_value_survives_printing_and_reading(value: Value) -> None:
    assert parse_value(printed(value)) == value


def test_a_state_comes_in_the_order_of_the_variables() -> None:
    text = "/\\ log = [ a |-> 1,\n  b |-> 2 ]\n/\\ x = {1,\n 2}\n/\\ role = Leader\n"
    state = parse_state(text, ("role", "x", "log"))
    assert list(state.items()) == [
        ("role", "Leader"),
        ("x", frozenset({1, 2})),
        ("log", Fn({"a": 1, "b": 2})),
    ]


def test_a_lone_variable_has_no_conjunction_sign() -> None:
    assert parse_state("x = 3\n") == {"x": 3}


@pytest.mark.parametrize("text", ["", "no state", "stray\n/\\ x = 1", "/\\ x = 1\n/\\ x = 2"])
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ToolError):
        parse_state(text)


def test_arguments_of_an_action_are_split_at_their_own_commas() -> None:
    assert parse_values("s1, <<1, 2>>, {a}") == ("s1", (1, 2), frozenset({"a"}))
