"""ITF traces, read back by itf-py: every value is what it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from itf_py import Trace, trace_from_json

from pymodel.engine.result import Counterexample, Step
from pymodel.report.itf import counterexample_itf
from pymodel.values import Fn, State, Value

from .fixtures import long_run, split_brain


def read(cex: Counterexample, loop: int | None = None) -> Trace:
    return trace_from_json(json.loads(counterexample_itf(cex, "small", loop)))


def value_of(read: Any) -> Value:
    """A value that itf-py made, as pymodel's own. A record of itf-py is a named tuple."""
    if hasattr(read, "_asdict"):
        return Fn({key: value_of(item) for key, item in read._asdict().items()})
    if isinstance(read, dict):
        return Fn({value_of(key): value_of(item) for key, item in read.items()})
    if isinstance(read, frozenset):
        return frozenset(map(value_of, read))
    if isinstance(read, (list, tuple)):
        return tuple(map(value_of, read))
    assert isinstance(read, (bool, int, str))
    return read


def single(value: Value, **others: Value) -> Any:
    """What the file says of `value` in a trace of one state, beside the variables `others`."""
    cex = Counterexample("P", (Step("Init", {}, {**others, "x": value}),))
    return json.loads(counterexample_itf(cex, "toy"))["states"][0]["x"]


@pytest.mark.parametrize("cex", [split_brain(), long_run()], ids=["split brain", "long run"])
def test_every_state_is_read_back_as_it_was(cex: Counterexample) -> None:
    trace = read(cex)
    assert trace.vars == list(cex.steps[0].state)
    assert (trace.params, trace.loop) == ([], None)
    states: list[State] = [
        {name: value_of(item) for name, item in state.values.items()} for state in trace.states
    ]
    assert states == [dict(step.state) for step in cex.steps]


def test_the_file_says_what_it_is_and_each_state_how_it_came_about() -> None:
    trace = read(split_brain())
    assert trace.meta["format"] == "ITF"
    assert (trace.meta["source"], trace.meta["status"]) == ("small", "violation")
    assert trace.meta["description"] == "counterexample to ElectionSafety"
    assert [state.meta["index"] for state in trace.states] == list(range(12))
    assert [state.meta["action"] for state in trace.states[:3]] == ["Init", "Timeout", "RequestVote"]
    assert trace.states[2].meta["params"] == {"i": "s1", "j": "s2"}
    assert trace.states[3].meta["params"]["m"]["term"] == {"#bigint": "1"}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, True),
        (7, {"#bigint": "7"}),
        (-(2**70), {"#bigint": str(-(2**70))}),
        ("s1", "s1"),
        (frozenset({2, 10}), {"#set": [{"#bigint": "2"}, {"#bigint": "10"}]}),
        ((), []),
        (("a", "b"), ["a", "b"]),
        ((1, "a"), {"#tup": [{"#bigint": "1"}, "a"]}),
        (Fn({1: "a", 3: "b"}), {"#map": [[{"#bigint": "1"}, "a"], [{"#bigint": "3"}, "b"]]}),
        (Fn({}), {"#map": []}),
    ],
)
def test_each_kind_of_value_has_its_form(value: Value, written: object) -> None:
    assert single(value) == written


def test_a_record_is_an_object_and_a_function_over_strings_a_map() -> None:
    record = Fn({"term": 1, "leader": "s1"})
    assert single(frozenset({record})) == {"#set": [{"term": {"#bigint": "1"}, "leader": "s1"}]}
    role = Fn({"s1": "Leader", "s2": "Follower"})
    assert single(role) == {"#map": [["s1", "Leader"], ["s2", "Follower"]]}
    nested = Fn({"s1": Fn({"s2": 1}), "s2": Fn({"s1": 2})})
    assert single(nested) == {
        "#map": [["s1", {"#map": [["s2", {"#bigint": "1"}]]}], ["s2", {"#map": [["s1", {"#bigint": "2"}]]}]]
    }
    over_records = Fn({"s1": record, "s2": record})
    assert single(over_records)["#map"][0] == ["s1", {"term": {"#bigint": "1"}, "leader": "s1"}]


def test_a_set_is_written_in_one_order() -> None:
    words = [f"w{k}" for k in range(50)]
    assert single(frozenset(words)) == {"#set": sorted(words)}


def test_a_lasso_names_the_state_that_it_goes_back_to() -> None:
    assert read(split_brain(), loop=4).loop == 4
    assert read(split_brain(), loop=0).loop == 0
    assert "loop" not in json.loads(counterexample_itf(split_brain(), "small"))


def test_the_name_of_the_property_is_data() -> None:
    cex = replace(split_brain(), violated='"}], "x": [{"')
    assert read(cex).meta["description"] == 'counterexample to "}], "x": [{"'
