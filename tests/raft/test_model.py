"""What a cfg's constants make of the model: its layout at the extremes, and searches to the end there."""

from __future__ import annotations

from typing import Any

import pytest
from engine.interpreted import Module
from engine.twins import agreed, run

from pymodel.engine.contract import Bound, Part
from pymodel.engine.generate import module_text
from pymodel.engine.goal import Goal
from pymodel.engine.instance import Instance, Record
from pymodel.engine.layout import WORD_BITS
from pymodel.engine.pack import pack, unpack
from pymodel.errors import LayoutError
from pymodel.raft.model import FEATURES, RAFT
from pymodel.values import Value

from .cluster import Play, cluster
from .plays import LEASES

NOTHING: frozenset[str] = frozenset()
S1 = 0


def part(bound: Bound, key: str) -> Part:
    name, _, wanted = key.partition(".")
    return next(
        part
        for variable in bound.schema.variables
        if variable.name == name
        for part in variable.parts
        if part.name == wanted
    )


def field_size(bound: Bound, kind: str, name: str) -> int:
    fields = next(item.fields for item in bound.schema.kinds if item.name == kind)
    return next(field.size for field in fields if field.name == name)


# The layout


@pytest.mark.parametrize(
    ("writes", "max_log_len", "length"),
    [(0, 0, 0), (0, 9, 0), (1, 0, 1), (2, 0, 1), (3, 1, 2), (3, 2, 3), (3, 3, 3), (3, 9, 3)],
)
def test_a_log_has_room_for_one_entry_beyond_the_bound_and_none_beyond_the_writes(
    writes: int, max_log_len: int, length: int
) -> None:
    bound = cluster(2, writes, MaxLogLen=max_log_len).bound
    assert part(bound, "log.term").size == part(bound, "log.write").size == 2 * length
    assert part(bound, "log.length").values.high == part(bound, "commitIndex").values.high == length
    assert part(bound, "nextIndex").values.high == length + 1
    assert part(bound, "commits.commitTerm").size == length
    assert list(bound.names["LogIndex"]) == list(range(1, length + 1))
    assert part(bound, "client").size == writes


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_every_server_has_its_cells(servers: int) -> None:
    bound = cluster(servers, 2, MaxTerm=2).bound
    for key in ("currentTerm", "role", "votedFor", "leaderHint", "commitIndex", "skew", "audit.reason"):
        assert part(bound, key).size == servers
    for key in ("votesGranted", "matchIndex", "nextIndex", "ackAge", "elections"):
        assert part(bound, key).size == servers * (2 if key == "elections" else servers)
    assert part(bound, "votedFor").values.high == servers - 1
    assert list(bound.names["Server"]) == list(range(servers))


@pytest.mark.parametrize("max_term", [0, 1, 4])
def test_a_term_goes_one_beyond_the_bound_but_never_into_a_log_or_message(max_term: int) -> None:
    bound = cluster(MaxTerm=max_term).bound
    assert part(bound, "currentTerm").values.high == part(bound, "audit.newTerm").values.high == max_term + 1
    for key in ("log.term", "commits.term", "snapshotTerm", "audit.oldTerm"):
        assert part(bound, key).values.high == max_term
    assert part(bound, "elections").size == 3 * max_term
    assert {
        field.values.high for kind in bound.schema.kinds for field in kind.fields if field.name == "term"
    } == {max_term}


@pytest.mark.parametrize("max_messages", [0, 3])
def test_there_is_room_for_one_message_beyond_the_bound(max_messages: int) -> None:
    assert cluster(MaxMessages=max_messages).bound.schema.capacity == max_messages + 1


def test_what_is_switched_off_takes_no_room() -> None:
    on = cluster().bound
    off = cluster(Snapshots=False, History=NOTHING).bound
    for key in ("acks", "audit.oldRole", "audit.newTerm", "audit.reason"):
        assert part(on, key).size > 0
        assert part(off, key).size == 0
    for name in ("contentTerm", "contentWrite"):
        assert field_size(on, "InstallSnapshotRequest", name) == 2
        assert field_size(off, "InstallSnapshotRequest", name) == 0


@pytest.mark.parametrize(
    "given",
    [
        {"servers": 1, "writes": 0, "MaxTerm": 0, "MaxLogLen": 0, "MaxMessages": 0, "History": NOTHING},
        {"servers": 5, "writes": 5, "MaxLogLen": 5, "MaxTerm": 7, "Snapshots": False},
        {"servers": 7, "writes": 3, "ElectionTicks": 100, "LeaseTicks": 100, "ClockSkew": 100},
        {"servers": 2, "writes": 40, "MaxLogLen": 1},
    ],
    ids=lambda given: f"{given['servers']} servers, {given['writes']} writes",
)
def test_the_layout_holds_at_the_extremes(given: dict[str, Any]) -> None:
    """Parts lie within their words and apart, and the first state survives packing."""
    bound = cluster(**given)
    taken: set[tuple[int, int]] = set()
    for slot in bound.layout.slots.values():
        for element in range(slot.part.size):
            first = slot.shift + element % slot.per_word * slot.bits
            bits = {(slot.word + element // slot.per_word, first + bit) for bit in range(slot.bits)}
            assert max(bit for _, bit in bits) < WORD_BITS
            assert not bits & taken
            taken |= bits
    first_state = bound.initial()
    assert unpack(bound, pack(bound, first_state)).key() == first_state.key()


# Searches to the end


def safe(bound: Instance) -> Goal:
    """All properties that the constants let hold."""
    unkept = {"acks": "QuorumAckSound", "audit": "AuditFaithful"}
    false = {claim for kept, claim in unkept.items() if kept not in bound.bound.names["History"]}
    return Goal(
        tuple(name for name in RAFT.invariants if name not in false),
        tuple(RAFT.properties),
        ("StateConstraint",),
        check_deadlock=False,
    )


TINY: dict[str, dict[str, Any]] = {
    "one server, alone with its clock": {"servers": 1, "MaxTerm": 1, "MaxLogLen": 2, **LEASES},
    "five servers and no message": {
        "servers": 5,
        "writes": 0,
        "MaxTerm": 1,
        "MaxMessages": 0,
        "Faults": NOTHING,
    },
    "no term, no log, no message": {"servers": 2, "MaxTerm": 0, "MaxLogLen": 0, "MaxMessages": 0},
    "writes, but no log": {
        "servers": 2,
        "writes": 1,
        "MaxTerm": 1,
        "MaxLogLen": 0,
        "MaxMessages": 1,
        "Faults": NOTHING,
    },
    "more room than writes": {
        "servers": 2,
        "writes": 1,
        "MaxTerm": 1,
        "MaxLogLen": 4,
        "MaxMessages": 1,
        "Faults": NOTHING,
    },
}


@pytest.mark.parametrize("given", TINY.values(), ids=TINY)
def test_both_searches_agree_at_the_extremes(given: dict[str, Any]) -> None:
    bound = cluster(**given)
    search, _ = agreed(bound, safe(bound))
    assert search.complete
    assert search.count > 1


def test_five_servers_have_as_many_states_as_symmetry_says() -> None:
    """Every subset of five may be candidates: 2^5 states, and 6 up to a renaming."""
    bound = cluster(5, 0, MaxTerm=1, MaxMessages=0, Faults=NOTHING)
    goal = safe(bound)
    assert run(bound, goal).count == 2**5
    reduced = Goal(goal.invariants, goal.properties, goal.constraints, "Server", check_deadlock=False)
    assert run(bound, reduced).count == 6


class Recorded(Play):
    """A play that keeps all its states."""

    def __init__(self, bound: Instance) -> None:
        super().__init__(bound)
        self.states: list[Record] = [self.state]

    def take(self, action: str, **wanted: Value) -> Play:
        super().take(action, **wanted)
        self.states.append(self.state)
        return self


def test_five_servers_step_the_same_as_the_generated_text() -> None:
    """Elections of two terms, a commit, a snapshot and its answer, with every option on."""
    bound = cluster(5, 2, ClockSkew=1, **LEASES)
    play = Recorded(bound)
    for server in 2 * ("s1", "s2", "s3", "s4", "s5"):
        play.take("Tick", i=server)
    play.elect("s1", "s2", "s3").replicate("s1", "s2", "s3", n=0).write("s1", "w1")
    play.replicate("s1", "s2", "s3").take("AdvanceCommitIndex").take("TakeSnapshot", i="s1")
    play.take("InstallSnapshot", j="s5").take("UpdateTerm").take("HandleInstallSnapshotRequest")
    play.take("HandleInstallSnapshotResponse").take("Timeout", i="s4").take("Timeout", i="s4")
    play.take("RequestVote", i="s4", j="s1").take("UpdateTerm").take("Restart", i="s5")
    text = Module(bound, module_text(bound))
    assert len(play.states) == 45
    for state in play.states:
        steps = [(step.action.name, pack(bound, step.state)) for step in bound.successors(state)]
        assert sorted(text.successors(state)) == sorted(steps)


def test_an_entry_beyond_the_bound_of_the_log_is_refused_not_lost() -> None:
    """No action gets there: a longer log is not expanded. A state made by hand would."""
    bound = cluster(2, 1, MaxLogLen=0)
    state: Any = bound.initial()
    with pytest.raises(LayoutError, match=r"log\.term has no index 2: 1\.\.1"):
        state.log.term[S1, 2] = 1


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_the_actions_of_a_feature_are_expected_where_a_cfg_has_it(feature: str) -> None:
    """Without any they never happen, and are not named as idle."""
    own = {action.name for action in RAFT.actions if action.feature == feature}
    none, one = cluster(reads=1), cluster(reads=1, Features=frozenset({feature}))
    idle = {action.name for action in RAFT.actions if not none.expected(action)}
    assert own and idle - {action.name for action in RAFT.actions if not one.expected(action)} == own
    assert not any(step.action.name in idle for step in none.successors(none.initial()))
