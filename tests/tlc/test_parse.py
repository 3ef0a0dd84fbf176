"""The messages of -tool, and the facts read from them."""

from __future__ import annotations

import pytest

from pymodel.engine.result import Coverage
from pymodel.errors import ToolError
from pymodel.tlc.parse import (
    Message,
    Progress,
    action_label,
    collision,
    coverage,
    progress,
    read_messages,
    tool_name,
    totals,
    trace,
)
from pymodel.values import Fn

from .recorded import VARIABLES, output


def messages(name: str) -> tuple[Message, ...]:
    return tuple(read_messages(output(name)).messages)


def test_a_message_inside_another_comes_out_of_both() -> None:
    inner, outer = (m for m in messages("cfg_error.txt") if m.code in (1000, 5006))
    assert (inner.code, inner.severity) == (5006, 0)
    assert (outer.code, outer.severity) == (1000, 1)
    assert inner.text in outer.text
    assert "@!@!@" not in outer.text


def test_text_outside_messages_is_kept_apart() -> None:
    loose = "\n".join(read_messages(output("parse_error.txt")).loose)
    assert "***Parse Error***" in loose
    assert "Starting SANY" not in loose


def test_output_cut_off_inside_a_message_is_noticed() -> None:
    whole = output("invariant.txt")
    assert not read_messages(whole).unfinished
    assert read_messages(whole[: whole.index("count = 1")]).unfinished


@pytest.mark.parametrize(("name", "tool"), [("invariant.txt", "TLC 2.15"), ("newer.txt", "TLC 2026.05.26")])
def test_the_tool_is_named_by_its_version(name: str, tool: str) -> None:
    assert tool_name(messages(name)) == tool


def test_progress_is_read_with_and_without_rates_and_thousands() -> None:
    (last,) = (p for p in map(progress, messages("newer.txt")) if p)
    assert last == Progress(distinct=98765, generated=1234567, depth=12, queue=4321)
    first, _ = (p for p in map(progress, messages("liveness.txt")) if p)
    assert first == Progress(distinct=7, generated=15, depth=4, queue=0)
    assert progress(Message(2199, 0, "3 states generated, 3 distinct states found, 0 states left")) is None


def test_totals_take_counts_from_the_end_and_depth_from_progress_if_need_be() -> None:
    assert totals(messages("bounded.txt")) == Progress(distinct=5, generated=11, depth=3, queue=0)
    assert totals(messages("newer.txt")) == Progress(distinct=98766, generated=1234570, depth=12, queue=4320)
    assert totals(messages("liveness.txt")).depth == 4
    assert totals(()) == Progress(0, 0, 0, 0)


def test_both_collision_estimates_are_kept_apart() -> None:
    text = "calculated (optimistic):  val = 1.6E-9\n  based on the actual fingerprints:  val = 2.8E-10"
    assert collision([Message(2193, 0, text)]) == "1.6E-9 (calculated), 2.8E-10 (from the fingerprints)"
    assert collision(messages("bounded.txt")) == "1.6E-18 (calculated)"
    assert collision(messages("invariant.txt")) == ""


def test_coverage_is_the_last_report_in_the_order_of_the_spec() -> None:
    found = coverage((Message(2772, 0, "<Take line 1, col 1 of module X>: 9:9"), *messages("bounded.txt")))
    assert found == (
        Coverage("Take", generated=2, distinct=2),
        Coverage("Step", generated=4, distinct=2),
        Coverage("Reset", generated=0, distinct=0),
        Coverage("Idle", generated=4, distinct=0),
    )


def test_disjuncts_of_one_action_are_summed() -> None:
    lines = [
        "<Step line 1, col 1 to line 1, col 4 of module X>: 1:2",
        "<Step line 9, col 1 of module X>: 3:4",
    ]
    assert coverage([Message(2772, 0, line) for line in lines]) == (Coverage("Step", 6, 4),)


def test_the_trace_names_actions_without_their_place() -> None:
    states = trace(messages("invariant.txt"), VARIABLES)
    assert [s.action for s in states] == ["Init", "Take", "Step", "Step"]
    assert [s.number for s in states] == [1, 2, 3, 4]
    assert list(states[2].state.items()) == [
        ("count", 1),
        ("holder", "h1"),
        ("path", (Fn({"by": "h1", "at": 0}),)),
    ]


def test_only_the_first_of_several_traces_is_read() -> None:
    states = trace(messages("continue.txt"))
    assert [s.number for s in states] == [1, 2, 3, 4]


def test_newer_jars_name_the_initial_state_and_the_arguments() -> None:
    states = trace(messages("newer.txt"))
    assert [(s.action, s.arguments) for s in states] == [
        ("Init", None),
        ("Take", "h1"),
        ("Step", "h1"),
        ("Step", "h1"),
    ]


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("Timeout", ("Timeout", None)),
        ("Timeout(s1)", ("Timeout", "s1")),
        ("Go(<<1, f(2)>>) line 3, col 1 to line 4, col 2 of module M", ("Go", "<<1, f(2)>>")),
    ],
)
def test_an_action_label_is_a_name_and_arguments(label: str, parts: tuple[str, str | None]) -> None:
    assert action_label(label) == parts


def test_a_state_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ToolError, match="state that cannot be read"):
        trace([Message(2217, 4, "what is this")])
