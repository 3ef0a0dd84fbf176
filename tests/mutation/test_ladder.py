"""A swap that nobody listed: killed, starved, explained or a survivor, and never a guess."""

from __future__ import annotations

import msgspec
import pytest

from pymodel.engine.contract import Constant
from pymodel.engine.goal import Limits
from pymodel.errors import CfgError, UsageError
from pymodel.mutate import ladder
from pymodel.mutate.ladder import Climb, first_named, fitting_swaps, live_grounds, try_swaps
from pymodel.mutate.registry import Redundant, hole_cfg, read_registry
from pymodel.mutate.row import Fate, Row
from pymodel.mutate.run import ask_tlc, swaps_of
from pymodel.raft.model import RAFT
from pymodel.tlc.locate import Toolchain

REGISTRY = read_registry()
PAIR = msgspec.structs.replace(
    REGISTRY, rung=tuple(rung for rung in REGISTRY.rung if rung.name == "pair"), explained=()
)
SAME = {"RetainsSuffix": "True2"}
KEPT = {"CommitAfterRestart": "CommitKept"}
SWAPS = ({"VoteAfterRestart": "VoteForgotten"}, {"IsQuorum": "False1"}, SAME, {"AcceptsWrites": "True1"})


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """One small rung, without the cfgs of liveness."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ladder, "live_grounds", lambda _: {})
        explained = (Redundant("RetainsSuffix <- True2", "no snapshots"),)
        climb = Climb(msgspec.structs.replace(PAIR, explained=explained), SWAPS)
        heard: list[Row] = []
        rows = climb.rows(made=heard.append)
        assert [row.fate for row in heard[:1]] == [Fate.killed] and sorted(heard, key=rows.index) == rows
        return rows


def test_a_swap_that_breaks_a_property_is_killed_in_that_rung(rows: list[Row]) -> None:
    assert (rows[0].fate, rows[0].killed_by, rows[0].states) == (Fate.killed, "VoteStable", 3)
    assert rows[0].bounds.startswith("pair: 2 servers, term 1, log 0")
    assert rows[0].line == "s1 campaigns for term 1; s1 restarts"


def test_a_swap_that_only_forbids_starves(rows: list[Row]) -> None:
    assert (rows[1].fate, rows[1].bounds) == (Fate.starved, "pair")
    assert rows[1].note.startswith("safe, but SomeoneLeads is not reached in pair (all ")


def test_a_survivor_is_good_only_with_a_reason(rows: list[Row]) -> None:
    assert (rows[2].fate, rows[2].note, rows[2].good) == (Fate.explained, "no snapshots", True)
    assert (rows[3].fate, rows[3].good) == (Fate.survived, False)
    assert rows[3].note == "the same states in every rung: nothing here needs the guard"


def test_what_a_limit_ends_is_undetermined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "live_grounds", lambda _: {})
    (row,) = Climb(PAIR, SWAPS, Limits(max_states=5)).rows([2])
    assert (row.fate, row.good) == (Fate.undetermined, False)
    assert row.note.startswith("nothing broke, but pair: ended by ")


@pytest.mark.slow
def test_tlc_is_asked_about_what_killed_a_swap(rows: list[Row], toolchain: Toolchain) -> None:
    hole = ladder._as_hole(PAIR, rows[0], SWAPS[0])
    answer = ask_tlc(hole_cfg(PAIR, hole), rows[0], hole, toolchain)
    assert (answer.agrees, answer.violated, answer.states) == (True, "VoteStable", 3)
    longer = msgspec.structs.replace(rows[0], states=4)
    assert ask_tlc(hole_cfg(PAIR, hole), longer, hole, toolchain).agrees is False


def test_every_guard_has_swaps_that_fit_it() -> None:
    swaps = fitting_swaps()
    assert {guard for swap in swaps for guard in swap} == set(RAFT.guards)
    for swap in swaps:
        ((guard, mutant),) = swap.items()
        source = RAFT.functions[mutant]
        if isinstance(source, Constant):
            assert source.arity == RAFT.functions[guard].__code__.co_argcount - 1  # type: ignore[union-attr]
    assert {"VoteAvailable": "True2"} in swaps and {"VoteAvailable": "False2"} in swaps
    assert KEPT in swaps and {"VoteAvailable": "True1"} not in swaps


def test_a_mutant_fits_what_takes_the_same_kinds() -> None:
    """CommitAfterRestart has a server, LeaderCommit a message: to TLC both are one parameter."""
    swaps = fitting_swaps()
    assert {"FollowerCommit": "LeaderCommit"} in swaps
    assert {"CommitAfterRestart": "LeaderCommit"} not in swaps and {
        "FollowerCommit": "CommitKept"
    } not in swaps


def test_what_the_guard_says_itself_is_no_hole() -> None:
    climb = Climb(PAIR, ())
    for swaps in ({"HandledAfterUpdate": "True1"}, {"AppendsAfter": "WholeLogCommitted"}):
        assert climb.reason(swaps) == "This is what the guard says itself."
    assert climb.reason({"HandledAfterUpdate": "False1"}) == ""
    assert climb.reason({"HandledAfterUpdate": "True1", "MayCampaign": "True1"}) == ""


def test_two_names_of_one_mutant_have_one_reason() -> None:
    assert first_named({"CommitAfterRestart": "AfterCommitted"}) == KEPT
    climb = Climb(REGISTRY, ())
    assert climb.reason({"CommitAfterRestart": "AfterCommitted"}) == climb.reason(KEPT) != ""


def test_bounds_too_large_to_exhaust_are_searched_for_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "live_grounds", lambda _: {})
    (pair,) = PAIR.rung
    hunted = msgspec.structs.replace(pair, name="hunted", ladder=False)
    registry = msgspec.structs.replace(PAIR, rung=(hunted,))
    climb = Climb(registry, SWAPS)
    killed, kept = climb.rows([0, 3])
    assert (killed.fate, killed.killed_by, killed.bounds[:7]) == (Fate.killed, "VoteStable", "hunted:")
    assert kept.fate is Fate.survived
    climb.hunt_limits = Limits(max_states=1)
    assert climb.rows([0])[0].fate is Fate.survived


def test_liveness_is_looked_at_where_it_holds() -> None:
    grounds = live_grounds(REGISTRY)
    assert list(grounds) == [
        "liveness_election",
        "liveness",
        "liveness_lease",
        'liveness_lease, LeasePolicy = "SampledQuorum", LeaseTicks = 2',
    ]
    row = Climb(REGISTRY, ()).live_row("", {"SampleHasQuorum": "True1"})
    assert row is not None and (row.killed_by, row.states) == ("LeaseEnds", 0)
    assert row.bounds.partition(":")[0] == list(grounds)[-1]
    hole = ladder._as_hole(REGISTRY, row, {"SampleHasQuorum": "True1"})
    assert (hole.rung, hole.cfg, hole.set) == ("", "liveness_lease", grounds[row.bounds.split(":")[0]].set)
    assert hole_cfg(REGISTRY, hole).swaps == {"SampleHasQuorum": "True1"}


def test_swaps_are_read_from_text() -> None:
    assert swaps_of(["A <- B", "C<-D"]) == {"A": "B", "C": "D"}
    for text in ("A", "A <-", "<- B"):
        with pytest.raises(UsageError, match="is no swap"):
            swaps_of([text])


def test_a_mutant_of_other_parameters_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        try_swaps(PAIR, {"FollowerCommit": "CommitKept"})
    assert caught.value.message == "CommitKept has a server or a number, FollowerCommit has a message"
    assert caught.value.mend == "swap in LeaderCommit"
    with pytest.raises(UsageError, match="LeaderCommit has a message, CommitAfterRestart has a server"):
        try_swaps(PAIR, {"CommitAfterRestart": "LeaderCommit"})


def test_an_unknown_swap_is_refused() -> None:
    with pytest.raises(CfgError, match="Nonsense is not an operator"):
        try_swaps(PAIR, {"Nonsense": "True1"})
