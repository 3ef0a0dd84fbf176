"""The text reports: whole golden texts, and each rule that they do not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymodel.engine.result import CheckResult, Counterexample, Step, Verdict
from pymodel.report.text import render_check, render_counterexample
from pymodel.values import Fn

from .fixtures import passed, split_brain, violated
from .golden import FOLDER, GOLDEN


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str) -> None:
    assert GOLDEN[name]() == (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("verdict", "violated_name", "headline"),
    [
        (Verdict.OK, None, "OK: no violation in any reachable state"),
        (Verdict.ASSUMPTION, "line 3", "ASSUMPTION FALSE: line 3"),
        (Verdict.DEADLOCK, None, "DEADLOCK: a reachable state has no successor"),
        (Verdict.INVARIANT, "TypeOK", "INVARIANT VIOLATED: TypeOK"),
        (Verdict.PROPERTY, "VoteStable", "PROPERTY VIOLATED: VoteStable"),
        (Verdict.UNDETERMINED, None, "UNDETERMINED: the check ended before it was complete"),
        (Verdict.ERROR, None, "ERROR: the check failed; it says nothing about the spec"),
    ],
)
def test_the_first_line_is_the_verdict(verdict: Verdict, violated_name: str | None, headline: str) -> None:
    result = replace(passed(), verdict=verdict, violated=violated_name)
    assert render_check(result).splitlines()[0] == headline


def test_detail_explains_below_the_headline() -> None:
    detail = "stopped at 1,000 states\ndepth 4 is partial"
    result = replace(passed(), verdict=Verdict.UNDETERMINED, detail=detail)
    assert render_check(result).splitlines()[1:3] == ["  stopped at 1,000 states", "  depth 4 is partial"]


def test_a_check_without_coverage_and_times_says_so() -> None:
    text = render_check(CheckResult("pymodel", "small", Verdict.OK, distinct=1, generated=1, depth=1))
    assert "coverage: not recorded" in text
    assert "time        not measured" in text
    assert "warning" not in text


def test_a_check_too_fast_to_measure_has_no_rate() -> None:
    text = render_check(replace(passed(), seconds={"total": 0.0}))
    assert "time        0.00 s\n" in text


def test_never_fired_is_worded_by_whether_the_search_was_complete() -> None:
    assert "warning: 1 action never fired: LeaseExpire" in render_check(passed())
    assert "1 action never fired before the search stopped: LeaseExpire" in render_check(violated())


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        (Verdict.INVARIANT, "Why: state 12 violates ElectionSafety"),
        (Verdict.PROPERTY, "Why: the behaviour up to state 12 violates ElectionSafety"),
        (Verdict.DEADLOCK, "Why: state 12 has no successor"),
    ],
)
def test_why_without_a_witness(verdict: Verdict, why: str) -> None:
    text = render_counterexample(replace(split_brain(), witness=()), verdict)
    assert text.splitlines()[-1] == why


def test_a_step_without_change_and_a_single_state() -> None:
    init = Step("Init", {}, {"x": 1})
    cex = Counterexample("P", (init, Step("Stutter", {}, {"x": 1})))
    assert "2  Stutter\n     (nothing changed)" in render_counterexample(cex)
    assert render_counterexample(Counterexample("P", (init,))).startswith("Counterexample to P, 1 state\n")


def test_a_function_of_mixed_values_is_in_the_table_of_its_domain() -> None:
    audit = Fn({"s1": Fn({"reason": "timeout", "term": 1}), "s2": "Nil"})
    init = Step("Init", {}, {"currentTerm": Fn({"s1": 1, "s2": 0}), "audit": audit})
    assert render_counterexample(Counterexample("P", (init,))).splitlines()[3:7] == [
        "                  s1  s2",
        "     currentTerm  1   0",
        "     audit[s1]  [reason: timeout, term: 1]",
        "     audit[s2]  Nil",
    ]


def test_a_message_parameter_is_spelt_out_where_no_change_does() -> None:
    request = Fn({"type": "Ping", "source": "s1", "dest": "s2", "term": 4})
    init = Step("Init", {}, {"messages": frozenset({request}), "x": 1})
    kept = Step("Peek", {"m": request}, {**init.state, "x": 2})
    taken = Step("Take", {"m": request}, {**init.state, "messages": frozenset()})
    assert "Peek(m = Ping s1->s2 term 4)" in render_counterexample(Counterexample("P", (init, kept)))
    assert "Take(m = Ping s1->s2)\n     messages - Ping s1->s2 term 4" in render_counterexample(
        Counterexample("P", (init, taken))
    )
