"""Every kind of difference between two states, as the line a person reads."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodel.report.diff import Kind, describe, diff_states
from pymodel.values import Fn, State, Value

from .fixtures import initial_state, message

REQUEST = message("AppendEntriesRequest", "s1", "s2", term=1, age=0)
SERVERS = Fn({"s1": 0, "s2": 0})


def lines(before: Value, after: Value, *, name: str = "x") -> list[str]:
    """The lines of a change of one variable, beside a variable over the servers s1 and s2."""
    old: State = {name: before, "currentTerm": SERVERS}
    return [describe(change).line() for change in diff_states(old, {**old, name: after})]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1, 2, ["x: 1 -> 2"]),
        (False, 0, ["x: FALSE -> 0"]),
        (
            Fn({"s1": "Follower", "s2": "Leader"}),
            Fn({"s1": "Candidate", "s2": "Leader"}),
            ["x[s1]: Follower -> Candidate"],
        ),
        (Fn({"s1": Fn({"s1": 0, "s2": 3})}), Fn({"s1": Fn({"s1": 0, "s2": 4})}), ["x[s1][s2]: 3 -> 4"]),
        (Fn({"s1": 1}), Fn({"s2": 1}), ["x[s1] - 1", "x[s2] + 1"]),
        (Fn({"s1": "Nil"}), Fn({"s1": Fn({"index": 1, "ok": True})}), ["x[s1]: Nil -> [index: 1, ok: TRUE]"]),
        (
            Fn({"s1": (Fn({"term": 1, "write": "w1"}), Fn({"term": 1, "write": "w2"}))}),
            Fn({"s1": (Fn({"term": 1, "write": "w1"}), Fn({"term": 2, "write": "w2"}))}),
            ["x[s1][2].term: 1 -> 2"],
        ),
        ((), ("a", "b"), ["x[1] + a", "x[2] + b"]),
        (("a", "b", "c"), ("a",), ["x[2] - b", "x[3] - c"]),
        (("a", "b", "c"), ("b", "c"), ["x[1] - a"]),
        (("a", "a"), ("a",), ["x[2] - a"]),
        (("a", "b"), ("c", "b"), ["x[1]: a -> c"]),
        (("a",), (), ["x[1] - a"]),
        (frozenset({2, 10}), frozenset({10, 3, 1}), ["x - 2", "x + 1", "x + 3"]),
        (frozenset({"s1"}), ("s1",), ["x: {s1} -> <<s1>>"]),
        (frozenset(), frozenset({REQUEST}), ["x + AppendEntriesRequest s1->s2 term 1 age 0"]),
        (
            frozenset({REQUEST}),
            frozenset({Fn({**REQUEST, "age": 1})}),
            ["x ~ AppendEntriesRequest s1->s2 term 1; age 0 -> 1"],
        ),
        (
            frozenset({REQUEST}),
            frozenset({Fn({**REQUEST, "age": 1, "term": 2})}),
            [
                "x - AppendEntriesRequest s1->s2 term 1 age 0",
                "x + AppendEntriesRequest s1->s2 term 2 age 1",
            ],
        ),
        (
            frozenset({REQUEST}),
            frozenset({Fn({**REQUEST, "dest": "s3"})}),
            [
                "x - AppendEntriesRequest s1->s2 term 1 age 0",
                "x + AppendEntriesRequest s1->s3 term 1 age 0",
            ],
        ),
        (
            frozenset({Fn({"term": 1, "leader": "s1"})}),
            frozenset({Fn({"term": 2, "leader": "s1"})}),
            ["x - [term: 1, leader: s1]", "x + [term: 2, leader: s1]"],
        ),
    ],
)
def test_one_changed_variable(before: Value, after: Value, expected: list[str]) -> None:
    assert lines(before, after) == expected


def test_each_aged_message_keeps_its_own_twin() -> None:
    young = [Fn({**REQUEST, "term": term}) for term in (1, 2)]
    old = [Fn({**item, "age": 1}) for item in young]
    assert lines(frozenset(young), frozenset(old)) == [
        "x ~ AppendEntriesRequest s1->s2 term 1; age 0 -> 1",
        "x ~ AppendEntriesRequest s1->s2 term 2; age 0 -> 1",
    ]


def test_a_record_variable_has_fields_and_a_function_variable_has_keys() -> None:
    record = Fn({"term": 1, "leader": "s1"})
    assert lines(record, Fn({**record, "term": 2})) == ["x.term: 1 -> 2"]
    assert lines(SERVERS, Fn({"s1": 0, "s2": 5})) == ["x[s2]: 0 -> 5"]


def test_variables_come_in_the_order_of_the_spec_and_none_is_skipped() -> None:
    before: dict[str, Value] = {"b": 1, "a": 1, "gone": 1}
    after: dict[str, Value] = {"b": 2, "new": 7, "a": 2}
    found = [describe(change).line() for change in diff_states(before, after)]
    assert found == ["b: 1 -> 2", "new + 7", "a: 1 -> 2", "gone - 1"]


def test_equal_states_have_no_difference() -> None:
    assert diff_states(initial_state(("s1", "s2")), initial_state(("s1", "s2"))) == ()


def test_control_characters_cannot_forge_a_line() -> None:
    assert lines("a", "b\nrole[s1]: Leader\x1b[2J") == ["x: a -> b\\nrole[s1]: Leader\\x1b[2J"]


VALUES = st.recursive(
    st.integers(0, 2) | st.sampled_from(["s1", "s2", "Nil"]),
    lambda inner: (
        st.frozensets(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from(["s1", "s2", "term"]), inner, max_size=3).map(Fn)
    ),
    max_leaves=8,
)
STATES = st.dictionaries(st.sampled_from(["x", "y"]), VALUES, max_size=2)


@given(STATES, STATES)
def test_no_change_is_reported_exactly_when_the_states_are_equal(
    before: Mapping[str, Value], after: Mapping[str, Value]
) -> None:
    changes = diff_states(before, after)
    assert (changes == ()) == (dict(before) == dict(after))
    assert all((change.before is None) == (change.kind is Kind.ADDED) for change in changes)
    assert all((change.after is None) == (change.kind is Kind.REMOVED) for change in changes)
