"""TLC itself, on small specs whose answers are worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pymodel.engine.result import CheckResult, Graph, Verdict
from pymodel.errors import CfgError, SpecError, UsageError
from pymodel.tlc.check import tlc_check, tlc_graph
from pymodel.tlc.locate import Toolchain
from pymodel.tlc.parse import Progress
from pymodel.values import Fn

from .recorded import MC, SPECS, VARIABLES


@pytest.fixture(scope="module")
def bounded(toolchain: Toolchain) -> CheckResult:
    seen: list[Progress] = []
    result = tlc_check(
        MC, SPECS / "bounded.cfg", coverage=True, toolchain=toolchain, progress=seen.append, timeout_s=120
    )
    assert (seen[-1].distinct, seen[-1].generated, seen[-1].depth) == (5, 11, 3)
    return result


@pytest.fixture(scope="module")
def graph(toolchain: Toolchain) -> tuple[CheckResult, Graph]:
    return tlc_graph(MC, SPECS / "bounded.cfg", toolchain=toolchain, timeout_s=120)


def check(toolchain: Toolchain, name: str, workers: int = 1, spec: Path = MC) -> CheckResult:
    return tlc_check(spec, SPECS / f"{name}.cfg", workers=workers, toolchain=toolchain, timeout_s=120)


def behaviour(result: CheckResult) -> list[str]:
    assert result.counterexample is not None
    return [step.action for step in result.counterexample.steps]


def test_counts_depth_and_coverage(bounded: CheckResult) -> None:
    assert bounded.verdict is Verdict.OK
    assert (bounded.distinct, bounded.generated, bounded.depth) == (5, 11, 3)
    assert [(c.action, c.generated) for c in bounded.coverage] == [
        ("Take", 2),
        ("Step", 4),
        ("Reset", 0),
        ("Idle", 4),
    ]
    assert bounded.tool.startswith("TLC ")
    assert (bounded.cfg, bounded.workers, bounded.symmetry) == ("bounded", 1, False)
    assert (bounded.checked, bounded.complete) == ((), True)
    assert bounded.collision.endswith("(calculated)") or "fingerprints" in bounded.collision


def test_the_graph_holds_the_states_within_the_constraint(graph: tuple[CheckResult, Graph]) -> None:
    result, found = graph
    assert (result.verdict, len(found.states)) == (Verdict.OK, result.distinct)
    assert list(found.states[0]) == list(VARIABLES)
    assert [found.states[k] for k in found.initial] == [{"count": 0, "holder": "Nobody", "path": ()}]

    def short(index: int) -> tuple[object, object]:
        return found.states[index]["count"], found.states[index]["holder"]

    edges = {(short(source), action, short(target)) for source, action, target in found.edges}
    by_holder = [
        {((0, "Nobody"), "Take", (0, h)), ((0, h), "Step", (1, h))}
        | {((n, h), "Idle", (n, h)) for n in (0, 1)}
        for h in ("h1", "h2")
    ]
    assert edges == by_holder[0] | by_holder[1]
    assert len(found.edges) == len(edges)


def test_nothing_is_written_beside_the_spec(graph: tuple[CheckResult, Graph], bounded: CheckResult) -> None:
    assert {path.suffix for path in SPECS.iterdir()} == {".tla", ".cfg"}


def test_symmetry_halves_the_search(toolchain: Toolchain) -> None:
    result = check(toolchain, "symmetric")
    assert (result.verdict, result.distinct, result.symmetry) == (Verdict.OK, 3, True)


def test_an_invariant_is_violated_by_a_shortest_behaviour(toolchain: Toolchain) -> None:
    result = check(toolchain, "invariant", workers=2)
    assert (result.verdict, result.violated, result.workers) == (Verdict.INVARIANT, "BelowTwo", 2)
    assert behaviour(result) == ["Init", "Take", "Step", "Step"]
    assert result.counterexample is not None
    last = result.counterexample.steps[-1].state
    holder = last["holder"]
    assert last["path"] == (Fn({"by": holder, "at": 0}), Fn({"by": holder, "at": 1}))
    assert (result.depth, result.warnings) == (4, ())
    assert (result.checked, result.properties, result.complete) == (("BelowTwo", "deadlock"), (), False)


def test_an_action_property_is_named(toolchain: Toolchain) -> None:
    result = check(toolchain, "action")
    assert (result.verdict, result.violated) == (Verdict.PROPERTY, "Grows")
    assert result.properties == ("SmallSteps", "Grows")
    assert result.checked == (*result.properties, "deadlock")
    assert behaviour(result) == ["Init", "Take", "Step", "Step", "Reset"]


def test_an_action_property_is_checked_with_as_many_workers_as_asked(toolchain: Toolchain) -> None:
    """TLC checks it in each step of the search, unlike a temporal formula."""
    result = check(toolchain, "action", workers=2)
    assert (result.verdict, result.violated, result.workers) == (Verdict.PROPERTY, "Grows", 2)
    assert result.warnings == ()


def test_any_other_property_takes_one_worker_of_2_15(toolchain: Toolchain) -> None:
    result = check(toolchain, "conjunct", workers=2)
    assert (result.verdict, result.violated) == (Verdict.PROPERTY, "GrowsSlowly")
    if toolchain.jar_version == "2.15":
        assert result.workers == 1
        assert "one worker instead of 2" in result.warnings[0] and "GrowsSlowly" in result.warnings[0]


def test_a_deadlock_is_found(toolchain: Toolchain) -> None:
    result = check(toolchain, "deadlock")
    assert (result.verdict, result.violated) == (Verdict.DEADLOCK, "deadlock")
    assert behaviour(result) == ["Init", "Take", "Step", "Step"]


def test_a_deadlock_is_not_looked_for_on_demand(toolchain: Toolchain) -> None:
    result = tlc_check(MC, SPECS / "deadlock.cfg", check_deadlock=False, toolchain=toolchain, timeout_s=120)
    assert (result.verdict, result.distinct) == (Verdict.OK, 7)


def test_an_initial_state_can_violate_an_invariant(toolchain: Toolchain) -> None:
    result = check(toolchain, "initial")
    assert (result.verdict, result.violated, behaviour(result)) == (Verdict.INVARIANT, "Started", ["Init"])
    assert (result.distinct, result.generated, result.depth) == (0, 0, 1)


def test_a_false_assumption_is_a_verdict(toolchain: Toolchain) -> None:
    result = check(toolchain, "assumption")
    assert result.verdict is Verdict.ASSUMPTION
    assert "of module MCCounter" in (result.violated or "")


def test_a_failed_evaluation_is_an_error_that_says_where(toolchain: Toolchain) -> None:
    result = check(toolchain, "evaluation")
    assert result.verdict is Verdict.ERROR
    assert "line 13 of module Counter" in result.detail


def test_without_an_initial_state_nothing_is_decided(toolchain: Toolchain) -> None:
    result = check(toolchain, "no_initial_state")
    assert (result.verdict, result.detail) == (
        Verdict.UNDETERMINED,
        "no initial state: nothing was checked",
    )


def test_a_syntax_error_in_an_extended_module_is_placed_there(toolchain: Toolchain) -> None:
    with pytest.raises(SpecError) as caught:
        check(toolchain, "plain", spec=SPECS / "UsesBroken.tla")
    assert (Path(str(caught.value.path)).name, caught.value.line) == ("Broken.tla", 5)


def test_an_unknown_invariant_is_placed_in_the_cfg(toolchain: Toolchain) -> None:
    with pytest.raises(CfgError, match="BelowThree") as caught:
        check(toolchain, "unknown_name")
    assert caught.value.line == 4


def test_a_search_without_end_is_stopped_at_the_time_allowed(toolchain: Toolchain) -> None:
    result = tlc_check(SPECS / "Endless.tla", SPECS / "plain.cfg", toolchain=toolchain, timeout_s=1.5)
    assert result.verdict is Verdict.UNDETERMINED
    assert "time allowed" in result.detail


@pytest.fixture
def unusable() -> Iterator[Toolchain]:
    """A toolchain that fails if it is used: what is refused must be refused before TLC starts."""
    nowhere = Path("/nonexistent")
    yield Toolchain(nowhere, nowhere, "", "", "2.15")


def test_liveness_with_symmetry_is_refused(unusable: Toolchain) -> None:
    with pytest.raises(CfgError, match="SYMMETRY together with the liveness property Arrives") as caught:
        check(unusable, "liveness_symmetric")
    assert (caught.value.line, "without SYMMETRY" in caught.value.mend) == (2, True)


def test_liveness_with_a_view_is_refused(unusable: Toolchain, tmp_path: Path) -> None:
    text = (SPECS / "liveness_symmetric.cfg").read_text().replace("SYMMETRY Holders", "VIEW vars")
    (tmp_path / "view.cfg").write_text(text)
    with pytest.raises(CfgError, match="VIEW together with the liveness property"):
        tlc_check(MC, tmp_path / "view.cfg", toolchain=unusable)


def test_no_workers_are_refused(unusable: Toolchain) -> None:
    with pytest.raises(UsageError, match="0 workers"):
        check(unusable, "bounded", workers=0)


def test_a_missing_spec_is_a_clear_error(unusable: Toolchain) -> None:
    with pytest.raises(SpecError, match="no such module file"):
        check(unusable, "bounded", spec=SPECS / "Nowhere.tla")
