"""What Raft's liveness rests on: each assumption that is taken away makes a property false."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymodel.check import check, prepare
from pymodel.engine.fairness import demands
from pymodel.engine.result import CheckResult, Verdict
from pymodel.raft.liveness import CLOCK_FAIRNESS, FAIR_SPECIFICATIONS, RECEIVE
from pymodel.raft.model import RAFT
from pymodel.specfiles import find_cfg, find_module
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain


def changed(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """The shipped cfg `name` with some of its text replaced."""
    text = find_cfg(name).read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "changed.cfg"
    path.write_text(text, encoding="utf-8")
    return path


NO_TERMS = ("  MaxMessages = 1", "  MaxMessages = 1\n  UpdateTerm <- False1")
NO_COMMIT = ("  MaxMessages = 1", "  MaxMessages = 1\n  AdvanceCommitIndex <- False1")
BROKEN = [
    ("liveness", [('{"restart"}', '{"loss"}')], "StaleLeaderStepsDown"),
    ("liveness", [('{"restart"}', '{"loss"}'), ("  StaleLeaderStepsDown\n", "")], "WriteDecided"),
    ("liveness", [("FairSpec", "ClockSpec")], "StaleLeaderStepsDown"),
    ("liveness", [("FairSpec", "Spec")], "StaleLeaderStepsDown"),
    ("liveness", [NO_COMMIT, ("  StaleLeaderStepsDown\n", "")], "WriteDecided"),
    ("liveness_lease", [('"SendTime"', '"None"')], "LeaseEnds"),
    ("liveness_lease", [("ClockSpec", "Spec")], "LeaseEnds"),
    ("liveness_lease", [("  LeaseEnds", "  StaleLeaderStepsDown")], "StaleLeaderStepsDown"),
    ("liveness_election", [("FairSpec", "ClockSpec")], "LeaderElected"),
    ("liveness_election", [("Faults = {}", 'Faults = {"restart"}')], "LeaderElected"),
]
IDS = [f"{name} {' '.join(new.split()[-1] for _, new in changes if new)}" for name, changes, _ in BROKEN]


@pytest.mark.parametrize(("name", "changes", "violated"), BROKEN, ids=IDS)
def test_without_it_the_property_fails(
    name: str, changes: list[tuple[str, str]], violated: str, tmp_path: Path
) -> None:
    result = check(changed(tmp_path, name, *changes))
    assert (result.verdict, result.violated) == (Verdict.PROPERTY, violated)
    assert result.counterexample is not None and result.counterexample.loop is not None


ASKED = (0, 5, 8) if os.environ.get("TERMFENCE_TLC") else (0, 8)  # LeaseEnds takes TLC half a minute


@pytest.mark.slow
@pytest.mark.parametrize("case", [BROKEN[number] for number in ASKED], ids=[IDS[number] for number in ASKED])
def test_tlc_says_so(
    case: tuple[str, list[tuple[str, str]], str], tmp_path: Path, toolchain: Toolchain
) -> None:
    name, changes, violated = case
    path = changed(tmp_path, name, *changes, *([("  WriteDecided\n", "")] if name == "liveness" else []))
    result = tlc_check(find_module(path, RAFT.module), path, toolchain=toolchain, timeout_s=600)
    assert (result.verdict, result.violated) == (Verdict.PROPERTY, violated)


def states_of(result: CheckResult, variable: str) -> list[dict[object, object]]:
    assert result.counterexample is not None
    return [dict(step.state[variable]) for step in result.counterexample.steps]


def test_the_split_vote_stays_one() -> None:
    """At least two candidates of one term, all votes given, and no leader in the loop."""
    result = check(find_cfg("liveness_split_vote"))
    assert result.counterexample is not None and result.counterexample.loop is not None
    loop = result.counterexample.steps[result.counterexample.loop :]
    for step in loop:
        roles, votes = dict(step.state["role"]), dict(step.state["votedFor"])
        assert "Leader" not in roles.values()
        assert sum(role == "Candidate" for role in roles.values()) >= 2
        assert all(votes[server] == server for server, role in roles.items() if role == "Candidate")
    taken = {step.action for step in loop}
    assert {"RequestVote", "HandleRequestVoteRequest"} <= taken, "the candidates go on asking"


def test_the_unanswered_write_stays_pending_without_its_leader() -> None:
    result = check(find_cfg("mutant_write_unanswered"))
    assert result.counterexample is not None and result.counterexample.loop is not None
    assert result.counterexample.witness == ("w = w1",)
    for state in states_of(result, "client")[result.counterexample.loop :]:
        assert state == {"w1": "Pending"}


def test_nothing_holds_of_nothing_in_the_shipped_cfgs() -> None:
    for name in ("liveness", "liveness_lease", "liveness_election"):
        result = check(find_cfg(name))
        assert result.ok and not result.warnings


def test_where_no_server_learns_of_terms_nobody_leads_and_that_is_told(tmp_path: Path) -> None:
    result = check(changed(tmp_path, "liveness", NO_TERMS))
    assert result.ok
    told = "was checked of nothing: no fair behaviour within the constraint comes to where it starts"
    assert result.warnings == (f"StaleLeaderStepsDown {told}", f"WriteDecided {told}")


def test_every_message_is_received_by_fairness() -> None:
    """Each action that takes a message, but for its loss, is among those that a server owes."""
    taking = {action.name for action in RAFT.actions if any(p.kinds is not None for p in action.params)}
    assert {steps.action for steps in RECEIVE} == taking - {"DropMessage"}


def test_nobody_owes_a_campaign_a_write_or_a_fault() -> None:
    owed = {steps.action for demand in FAIR_SPECIFICATIONS["FairSpec"] for steps in demand.steps}
    free = {
        "StartPreVote",
        "Timeout",
        "TransferLeadership",
        "AbortTransfer",
        "LeaseRead",
        "BeginRead",
        "TakeSnapshot",
        "AcceptWrite",
        "RedirectWrite",
        "RejectWrite",
        "Restart",
        "DropMessage",
    }
    assert owed == {action.name for action in RAFT.actions} - free
    assert [demand.steps[0].action for demand in CLOCK_FAIRNESS] == ["Tick", "SampleQuorum", "LeaseExpire"]


def test_the_conditions_are_those_of_the_spec() -> None:
    """For 3 servers: 3 of the clock and 3 more for each server, 2 and 2 more for each two of them."""
    bound = prepare(find_cfg("liveness_election")).instance
    assert len(demands(bound, FAIR_SPECIFICATIONS["ClockSpec"]).conditions) == 9
    found = demands(bound, FAIR_SPECIFICATIONS["FairSpec"])
    assert len(found.conditions) == 9 + 9 + 2 * 9 + 2 * 9
    assert found.strong == 0
