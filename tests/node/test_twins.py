"""Every buggy twin is told by its rule, its correct counterpart is accepted, and the page says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trace_check.node.bugs import BUGS
from trace_check.node.scenario import rough
from trace_check.node.stage import PATIENCE, Stage
from trace_check.node.stories import STORIES, told
from trace_check.node.twins import HEADS, Caught, catch, run_of, twins_page
from trace_check.rules import RULES, Kind, Outcome
from trace_check.verdict import Verdict

PAGE = (Path(__file__).parents[2] / "docs" / "TWINS.md").read_text("utf-8")
RULES_BY_NAME = {rule.name: rule for rule in RULES}


@pytest.fixture(scope="module")
def caught(tmp_path_factory: pytest.TempPathFactory) -> list[Caught]:
    return [catch(bug, tmp_path_factory.mktemp(bug), runs=8) for bug in BUGS]


def test_each_hole_shows_by_its_rule_and_only_with_the_guard_gone(caught: list[Caught]) -> None:
    assert [each.bug for each in caught if not each.good] == []
    for each in caught:
        safety = RULES_BY_NAME[each.rule].kind is Kind.SAFETY
        assert each.verdict is (Verdict.REJECTED if safety else Verdict.ACCEPTED), each
        assert each.row[3] == ("rejected" if safety else "deviation")


def test_only_what_the_role_log_leaves_out_is_a_mere_deviation(caught: list[Caught]) -> None:
    deviations = {each.bug for each in caught if each.verdict is Verdict.ACCEPTED}
    assert deviations == {"transition_not_recorded", "transition_without_reason"}


def test_the_page_is_what_comes_of_it(caught: list[Caught]) -> None:
    assert twins_page(caught) == PAGE


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_a_story_shows_its_hole_whatever_the_clocks(story: str, tmp_path: Path) -> None:
    """Nearly always: a heartbeat may come in between."""
    rule = BUGS[story].rule
    reports = [run_of(story, story, seed, 0, tmp_path)[1] for seed in range(20, 28)]
    told = [each.outcome for report in reports for each in report.rules if each.rule == rule]
    assert told.count(Outcome.FAIL) >= 6
    correct = [run_of(story, "", seed, 0, tmp_path)[1] for seed in range(20, 28)]
    assert [report.verdict for report in correct] == [Verdict.ACCEPTED] * 8


def test_a_hole_that_does_not_show_is_not_caught(tmp_path: Path) -> None:
    """The first run of this one has a heartbeat at the wrong moment; the second shows it."""
    found = catch("promise_forgotten", tmp_path, runs=1)
    assert (found.seed, found.good) == (None, False)
    assert found.row == ("promise_forgotten", "WriteExclusion", "not caught", "", "", "", "")
    assert len(found.row) == len(HEADS)
    assert catch("promise_forgotten", tmp_path, runs=2).seed == 2


def test_a_twin_is_only_good_if_the_correct_node_is_accepted() -> None:
    caught = Caught("vote_twice", "VoteStable", 50, 1, Verdict.REJECTED, correct=Verdict.ACCEPTED)
    assert caught.good and not replace(caught, correct=Verdict.REJECTED).good


def test_stories_are_of_known_holes_and_are_told() -> None:
    assert STORIES.keys() <= BUGS.keys()
    assert all(told(name).endswith(".") for name in STORIES)


def stage() -> Stage:
    return Stage(rough(), 1)


def test_timers_of_a_stage_run_out_within_their_bounds() -> None:
    s = stage()
    node = s.node("n1")
    timeout = node.config.election_timeout_ms
    assert node.electionAt == timeout * (1 + PATIENCE) < 2 * timeout
    s.campaign("n1")
    assert node.now >= timeout and node.currentTerm == 1


def test_messages_wait_until_they_are_released_or_dropped() -> None:
    s = stage()
    s.wait(165.0)
    s.hold(lambda m: m.dest == "n1")
    s.campaign("n1")
    assert s.until(lambda: len(s.held) == 2) and not s.leads("n1")
    s.release(lambda m: m.source == "n2")
    assert s.leads("n1") and [m.source for m in s.held] == ["n3"]
    s.drop()
    assert s.held == [] and s.until(lambda: s.committed("n1") == 1)


def test_what_clients_of_a_stage_are_told_is_its_history() -> None:
    s = stage()
    s.put("n1", "k", "refused")
    s.wait(165.0)
    s.elect("n1")
    s.until(lambda: s.committed("n1") == 1)
    s.put("n1", "k", "a")
    s.until(lambda: s.committed("n1") == 2)
    s.get("n1", "k")
    s.cut_off("n1")
    s.put("n1", "k", "lost")
    done = [(each.name, each.value, each.returned < s.now + 1) for each in s.history()]
    assert done[0] == ("a", "a", True) and done[1][1:] == ("a", True) and done[2] == ("lost", "lost", False)
    assert len(done) == 3
