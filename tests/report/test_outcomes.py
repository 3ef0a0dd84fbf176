"""What became of each thing checked: the four statuses, and when each is the right one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymodel.engine.result import CheckResult, Verdict
from pymodel.report.outcomes import SEARCH, Status, counterexamples, kind_of, outcomes

from .fixtures import collected, passed, violated

CHECKED = ("TypeOK", "ElectionSafety", "AuditFaithful", "VoteStable", "deadlock")


def statuses(result: CheckResult) -> dict[str, str]:
    return {outcome.name: outcome.status.value for outcome in outcomes(result)}


def test_all_that_is_checked_passes_if_the_cfg_holds() -> None:
    found = outcomes(replace(passed(), checked=CHECKED))
    assert [outcome.name for outcome in found] == list(CHECKED)
    assert {outcome.status for outcome in found} == {Status.PASSED}
    assert {outcome.reason for outcome in found} == {""}


def test_a_search_that_stopped_at_a_violation_has_decided_nothing_else() -> None:
    result = replace(violated(), checked=CHECKED, properties=("VoteStable",))
    assert statuses(result) == {
        "TypeOK": "undecided",
        "ElectionSafety": "failed",
        "AuditFaithful": "failed",
        "VoteStable": "undecided",
        "deadlock": "undecided",
    }
    first, safety, audit, *_ = outcomes(result)
    assert first.reason == "not decided: the search stopped at the violation of ElectionSafety"
    assert (safety.reason, safety.counterexample) == (
        "state 12 violates ElectionSafety",
        result.counterexample,
    )
    assert audit.reason == "AuditFaithful is violated at the same depth as ElectionSafety"
    assert audit.counterexample is None


def test_a_search_that_went_on_to_the_end_has_decided_all() -> None:
    result = collected()
    assert statuses(result) == {
        "TypeOK": "passed",
        "ElectionSafety": "failed",
        "AuditFaithful": "failed",
        "VoteStable": "failed",
        "deadlock": "passed",
    }
    assert [outcome.counterexample for outcome in outcomes(result) if outcome.status is Status.FAILED] == [
        *counterexamples(result)
    ]
    assert statuses(replace(result, complete=False))["TypeOK"] == "undecided"


@pytest.mark.parametrize("verdict", [Verdict.UNDETERMINED, Verdict.ERROR])
def test_without_a_verdict_nothing_passes(verdict: Verdict) -> None:
    result = replace(passed(), verdict=verdict, detail="ended by a limit", checked=CHECKED)
    assert set(statuses(result).values()) == {"unknown"}
    assert set(statuses(replace(result, complete=True)).values()) == {"unknown"}
    assert {outcome.reason for outcome in outcomes(result)} == {"not decided: ended by a limit"}
    nothing_checked = replace(result, checked=(), detail="")
    assert statuses(nothing_checked) == {SEARCH: "unknown"}
    (search,) = outcomes(nothing_checked)
    assert search.reason.startswith("not decided: the check")


def test_what_is_violated_and_was_not_listed_is_added() -> None:
    result = replace(
        violated(),
        verdict=Verdict.ASSUMPTION,
        violated="line 3",
        checked=("TypeOK",),
        also_violated=(),
        counterexample=None,
        detail="",
    )
    assert statuses(result) == {"TypeOK": "undecided", "line 3": "failed"}
    assert outcomes(result)[-1].kind is Verdict.ASSUMPTION
    assert outcomes(result)[-1].reason == "line 3 is violated"


def test_the_kind_of_a_violation_is_where_the_cfg_lists_it() -> None:
    result = collected()
    kinds = [kind_of(result, name) for name in ("TypeOK", "VoteStable", "deadlock")]
    assert kinds == [Verdict.INVARIANT, Verdict.PROPERTY, Verdict.DEADLOCK]
    assert kind_of(replace(result, verdict=Verdict.PROPERTY), "ElectionSafety") is Verdict.PROPERTY
