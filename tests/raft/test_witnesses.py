"""What has to be able to happen happens, after as many states as TLC says, and it means what it says."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from engine.toys import AllPrepared, instance, two_phase
from engine.twins import agreed

from pymodel.engine.explain import counterexample
from pymodel.engine.goal import Goal, Limits
from pymodel.engine.result import Verdict
from pymodel.errors import CfgError, UsageError
from pymodel.raft.model import RAFT
from pymodel.specfiles import find_cfg, find_module
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain
from pymodel.values import State
from pymodel.witness import seek

Meaning = Callable[[Any], bool]


def outcome(wanted: str) -> Meaning:
    return lambda s: wanted in s["client"].values()


def leaders(s: State) -> list[Any]:
    role: Any = s["role"]
    return [i for i in role if role[i] == "Leader"]


def fresh_contacts(s: Any, i: Any) -> int:
    return sum(age == 0 for j, age in s["ackAge"][i].items() if j != i)


def served(s: Any) -> bool:
    return any(read["status"] == "Served" and read["index"] == 1 for read in s["reads"].values())


@dataclass(frozen=True)
class Case:
    """`cfg` reaches the witness in `length` states, the last of which is as `meaning` says in other words."""

    cfg: str
    length: int
    meaning: Meaning


CASES = {
    "SomeoneLeads": Case("tiny", 8, lambda s: len(leaders(s)) == 1),
    "TwoLead": Case("log", 13, lambda s: len({s["currentTerm"][i] for i in leaders(s)}) == 2),
    "LeaseHeld": Case("tiny", 11, lambda s: any(fresh_contacts(s, i) == 1 for i in leaders(s))),
    "LeaseOutlivesTerm": Case(
        "election_lease",
        13,
        lambda s: any(
            fresh_contacts(s, i) >= 1 and max(s["currentTerm"].values()) > s["currentTerm"][i]
            for i in leaders(s)
        ),
    ),
    "EntryCommitted": Case("tiny", 16, lambda s: len(s["commits"]) == 1),
    "OldEntryCommitted": Case(
        "witness_old_entry",
        22,
        lambda s: s["commits"] != () and s["commits"][0]["term"] < 2 == s["commits"][0]["commitTerm"],
    ),
    "LogsConflict": Case(
        "witness_old_entry", 15, lambda s: len({log[0]["term"] for log in s["log"].values() if log}) == 2
    ),
    "SnapshotTaken": Case("tiny", 17, lambda s: sum(s["snapshotIndex"].values()) == 1),
    "SnapshotInstalled": Case("snapshot", 16, lambda s: sum(s["snapshotIndex"].values()) == 2),
    "WriteOk": Case("tiny", 16, outcome("Ok")),
    "WriteRedirected": Case("tiny", 2, outcome("Redirected")),
    "WriteRejected": Case("tiny", 9, outcome("Rejected")),
    "WriteUnknown": Case("tiny", 14, outcome("Unknown")),
    "ReadWasServed": Case("lease_read", 17, served),
    "ReadHasFailed": Case(
        "read_index", 16, lambda s: [r["status"] for r in s["reads"].values()] == ["Failed"]
    ),
    "PreVoteRefused": Case("pre_vote", 10, lambda s: any(m.get("granted") is False for m in s["messages"])),
    "PreVoteQuorum": Case("pre_vote", 6, lambda s: max(map(len, s["preVotes"].values())) == 2),
    "TransferWon": Case(
        "transfer",
        14,
        lambda s: any(
            s["transfer"][i] == "campaign" and len(votes) == 2 for i, votes in s["votesGranted"].items()
        ),
    ),
    "PromiseOverridden": Case(
        "transfer",
        17,
        lambda s: any(m.get("granted") and s["electionElapsed"][m["source"]] == 0 for m in s["messages"]),
    ),
    "UnknownWriteCommitted": Case(
        "witness_old_entry", 22, lambda s: any(s["client"][e["write"]] == "Unknown" for e in s["commits"])
    ),
}

QUICK = ("SomeoneLeads", "SnapshotTaken", "WriteUnknown")


def test_every_witness_has_a_cfg_that_reaches_it() -> None:
    assert tuple(CASES) == tuple(RAFT.witnesses)


@pytest.mark.parametrize("name", CASES)
def test_it_is_reached_in_the_last_state_and_not_before(name: str) -> None:
    case = CASES[name]
    (sought,) = seek(find_cfg(case.cfg), [name])
    assert (sought.name, sought.result.verdict) == (name, Verdict.INVARIANT)
    cex = sought.result.counterexample
    assert cex is not None
    assert cex.length == case.length
    assert [case.meaning(step.state) for step in cex.steps] == [False] * (case.length - 1) + [True]


def tlc_length(name: str, cfg: str, folder: Path, toolchain: Toolchain) -> int:
    """How long TLC's counterexample to the witness's negation is, in a cfg with the constants of `cfg`."""
    kept = find_cfg(cfg).read_text("utf-8").split("\nINVARIANTS")[0]
    path = folder / f"{name}.cfg"
    path.write_text(f"{kept}\nINVARIANT Never{name}\n", "utf-8")
    result = tlc_check(find_module(path, RAFT.module), path, check_deadlock=False, toolchain=toolchain)
    assert result.violated == f"Never{name}"
    assert result.counterexample is not None
    return result.counterexample.length


@pytest.mark.parametrize("name", QUICK)
def test_tlc_needs_as_many_states(name: str, tmp_path: Path, toolchain: Toolchain) -> None:
    assert tlc_length(name, CASES[name].cfg, tmp_path, toolchain) == CASES[name].length


OTHERS = [name for name in CASES if name not in QUICK] if os.environ.get("TERMFENCE_TLC") else ["TwoLead"]
"""The rest takes TLC two minutes and more."""


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_tlc_needs_as_many_states_for_the_others(name: str, tmp_path: Path, toolchain: Toolchain) -> None:
    assert tlc_length(name, CASES[name].cfg, tmp_path, toolchain) == CASES[name].length


def test_one_that_cannot_be_reached_was_sought_everywhere() -> None:
    (sought,) = seek(find_cfg("tiny"), ["TwoLead"])
    assert sought.result.verdict is Verdict.OK
    assert (sought.result.distinct, sought.result.counterexample) == (598, None)


def test_a_limit_leaves_it_undetermined() -> None:
    (sought,) = seek(find_cfg("tiny"), ["SnapshotTaken"], limits=Limits(max_states=10))
    assert sought.result.verdict is Verdict.UNDETERMINED


def test_nothing_but_the_witness_is_checked() -> None:
    """This cfg has a violation of ElectionSafety, and one term."""
    (sought,) = seek(find_cfg("mutant_vote_cleared"), ["TwoLead"])
    assert sought.result.verdict is Verdict.OK


def test_who_did_it_is_named() -> None:
    (sought,) = seek(find_cfg("log"), ["TwoLead"])
    assert sought.result.counterexample is not None
    assert sought.result.counterexample.witness == ("i = s1", "j = s2")


def test_without_names_all_are_sought_and_progress_says_which() -> None:
    seen: set[str] = set()
    found = seek(find_cfg("tiny"), limits=Limits(max_states=50), progress=lambda name, _: seen.add(name))
    assert tuple(item.name for item in found) == tuple(RAFT.witnesses)
    assert seen == set(RAFT.witnesses)


def test_an_unknown_name_shows_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no witness of the name 'TwoLeads'\n.*did you mean TwoLead"):
        seek(find_cfg("tiny"), ["TwoLeads"])
    with pytest.raises(UsageError, match="known: SomeoneLeads, "):
        seek(find_cfg("tiny"), ["xyz"])


def test_a_cfg_may_list_a_negation_and_nothing_else_of_the_kind(tmp_path: Path) -> None:
    path = tmp_path / "my.cfg"
    path.write_text(find_cfg("tiny").read_text("utf-8") + "INVARIANT NeverElectionSafety\n", "utf-8")
    with pytest.raises(CfgError, match="invariant NeverElectionSafety is not in the Python model"):
        seek(path)


def test_both_searches_agree_on_a_negation() -> None:
    model = replace(two_phase(3), witnesses={"AllPrepared": AllPrepared})
    bound = instance(model)
    goal = Goal(("Consistent", "NeverAllPrepared"), check_deadlock=False)
    search, _ = agreed(bound, goal)
    assert [violation.name for violation in search.violations] == ["NeverAllPrepared"]
    assert counterexample(search, search.violations[0]).length == 7
    assert model.negations == ("NeverAllPrepared",)
    assert model.negated("Consistent") == model.negated("AllPrepared") == model.negated("NeverMet") == ""
