"""What a cfg's constants make of the model: its layout at the extremes, its first state, how it is shown."""

from __future__ import annotations

from typing import Any

import pytest
from engine.interpreted import Module
from engine.twins import agreed, run

from pymodel.engine.contract import Bound, Part
from pymodel.engine.generate import module_text
from pymodel.engine.instance import Instance, Record
from pymodel.engine.layout import WORD_BITS
from pymodel.engine.pack import pack, unpack
from pymodel.engine.search import Goal
from pymodel.errors import LayoutError
from pymodel.raft import names
from pymodel.raft.model import RAFT
from pymodel.values import Fn, Value, format_value

from .cluster import Play, cluster, entry

NOTHING: frozenset[str] = frozenset()
S1, S2, S3 = range(3)


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


LEASES = {"LeasePolicy": "SendTime", "ElectionTicks": 2, "LeaseTicks": 2}
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


# The view


def test_the_first_state_without_writes_or_history() -> None:
    """A function over no writes is the empty sequence, as TLC prints it."""
    bound = cluster(1, 0, LeaseTicks=2, History=NOTHING)
    assert RAFT.present(bound.initial(), bound.bound) == {
        "currentTerm": Fn({"s1": 0}),
        "role": Fn({"s1": "Follower"}),
        "votedFor": Fn({"s1": "Nil"}),
        "votesGranted": Fn({"s1": frozenset()}),
        "leaderHint": Fn({"s1": "Nil"}),
        "log": Fn({"s1": ()}),
        "commitIndex": Fn({"s1": 0}),
        "snapshotIndex": Fn({"s1": 0}),
        "snapshotTerm": Fn({"s1": 0}),
        "matchIndex": Fn({"s1": Fn({"s1": 0})}),
        "nextIndex": Fn({"s1": Fn({"s1": 1})}),
        "electionElapsed": Fn({"s1": 0}),
        "ackAge": Fn({"s1": Fn({"s1": 2})}),
        "skew": Fn({"s1": 0}),
        "client": (),
        "messages": frozenset(),
        "elections": frozenset(),
        "commits": (),
        "acks": frozenset(),
        "audit": Fn(
            {
                "s1": Fn(
                    {
                        "oldRole": "Follower",
                        "newRole": "Follower",
                        "oldTerm": 0,
                        "newTerm": 0,
                        "reason": "start",
                    }
                )
            }
        ),
    }


def matrix(a: int, b: int, c: int, d: int) -> Fn:
    """For s1 and s2 what they have for s1 and s2."""
    return Fn({"s1": Fn({"s1": a, "s2": b}), "s2": Fn({"s1": c, "s2": d})})


# A cell of the state, its value, and how it is shown: every variable, none at its default.
SHOWN: list[tuple[str, tuple[int, ...], int, str, Value]] = [
    ("currentTerm", (S2,), 3, "currentTerm", Fn({"s1": 0, "s2": 3})),
    ("role", (S2,), names.Leader, "role", Fn({"s1": "Follower", "s2": "Leader"})),
    ("role", (S1,), names.Candidate, "role", Fn({"s1": "Candidate", "s2": "Follower"})),
    ("votedFor", (S1,), S2, "votedFor", Fn({"s1": "s2", "s2": "Nil"})),
    ("votesGranted", (S2, S1), 1, "votesGranted", Fn({"s1": frozenset(), "s2": frozenset({"s1"})})),
    ("leaderHint", (S2,), S1, "leaderHint", Fn({"s1": "Nil", "s2": "s1"})),
    ("commitIndex", (S1,), 2, "commitIndex", Fn({"s1": 2, "s2": 0})),
    ("snapshotIndex", (S1,), 1, "snapshotIndex", Fn({"s1": 1, "s2": 0})),
    ("snapshotTerm", (S2,), 2, "snapshotTerm", Fn({"s1": 0, "s2": 2})),
    (
        "matchIndex",
        (S1, S2),
        2,
        "matchIndex",
        Fn({"s1": Fn({"s1": 0, "s2": 2}), "s2": Fn({"s1": 0, "s2": 0})}),
    ),
    ("nextIndex", (S2, S1), 3, "nextIndex", Fn({"s1": Fn({"s1": 1, "s2": 1}), "s2": Fn({"s1": 3, "s2": 1})})),
    ("electionElapsed", (S2,), 1, "electionElapsed", Fn({"s1": 0, "s2": 1})),
    ("ackAge", (S1, S2), 0, "ackAge", matrix(2, 0, 2, 2)),
    ("skew", (S1,), 1, "skew", Fn({"s1": 1, "s2": 0})),
    ("client", (1,), names.Unknown, "client", Fn({"w1": "Idle", "w2": "Unknown"})),
    ("elections", (2, S2), 1, "elections", frozenset({Fn({"term": 2, "leader": "s2"})})),
    ("acks", (2, S2, 1), 1, "acks", frozenset({Fn({"term": 2, "server": "s2", "index": 1})})),
]


@pytest.mark.parametrize(
    ("cells", "index", "value", "name", "shown"), SHOWN, ids=[f"{case[0]}{list(case[1])}" for case in SHOWN]
)
def test_a_variable_is_shown_as_in_the_spec(
    cells: str, index: tuple[int, ...], value: int, name: str, shown: Value
) -> None:
    bound = cluster(2, 2, ClockSkew=1, **LEASES)
    first, state = bound.initial(), bound.initial()
    getattr(state, cells)[index] = value
    before, after = (RAFT.present(each, bound.bound) for each in (first, state))
    assert after[name] == shown
    assert {key for key in after if after[key] != before[key]} == {name}
    assert RAFT.present(unpack(bound, pack(bound, state)), bound.bound) == after


def test_a_log_its_commits_and_an_audit_record_are_shown_as_in_the_spec() -> None:
    bound = cluster(2, 2)
    state: Any = bound.initial()
    state.log.length[S2] = state.commits.length = 2
    for k, (term, write) in enumerate([(1, 1), (3, 0)], start=1):
        state.log.term[S2, k] = state.commits.term[k] = term
        state.log.write[S2, k] = state.commits.write[k] = write
        state.commits.commitTerm[k] = 3
    record = {
        "oldRole": names.Leader,
        "newRole": names.Candidate,
        "oldTerm": 1,
        "newTerm": 3,
        "reason": names.LeaseExpired,
    }
    for name, value in record.items():
        getattr(state.audit, name)[S1] = value
    shown = RAFT.present(state, bound.bound)
    assert shown["log"] == Fn({"s1": (), "s2": (entry(1, "w2"), entry(3, "w1"))})
    assert shown["commits"] == (
        Fn({"term": 1, "write": "w2", "commitTerm": 3}),
        Fn({"term": 3, "write": "w1", "commitTerm": 3}),
    )
    audit: Any = shown["audit"]
    assert dict(audit["s1"]) == record | {
        "oldRole": "Leader",
        "newRole": "Candidate",
        "reason": "lease_expired",
    }
    assert audit["s2"]["reason"] == "start"


def test_every_variable_is_shown_in_the_order_of_the_spec() -> None:
    bound = cluster()
    shown = list(RAFT.present(bound.initial(), bound.bound))
    assert shown == [variable.name for variable in bound.bound.schema.variables]
    covered = {name for *_, name, _ in SHOWN} | {"log", "commits", "audit", "messages"}
    assert covered == set(shown)


HEAD: dict[Value, Value] = {"source": "s2", "dest": "s1", "term": 2}
# A kind of message, its fields, and how they are shown.
MESSAGES: list[tuple[str, dict[str, Any], dict[str, Value]]] = [
    ("RequestVoteRequest", {"lastLogIndex": 2, "lastLogTerm": 1}, {"lastLogIndex": 2, "lastLogTerm": 1}),
    ("RequestVoteResponse", {"granted": 1}, {"granted": True}),
    ("RequestVoteResponse", {"granted": 0}, {"granted": False}),
    (
        "AppendEntriesRequest",
        {"prevLogIndex": 1, "prevLogTerm": 1, "entryTerm": 2, "entryWrite": 1, "commitIndex": 1, "age": 2},
        {"prevLogIndex": 1, "prevLogTerm": 1, "entries": (entry(2, "w2"),), "commitIndex": 1, "age": 2},
    ),
    (
        "AppendEntriesRequest",
        {"prevLogIndex": 0, "prevLogTerm": 0, "entryTerm": 0, "entryWrite": -1, "commitIndex": 2, "age": 1},
        {"prevLogIndex": 0, "prevLogTerm": 0, "entries": (), "commitIndex": 2, "age": 1},
    ),
    ("AppendEntriesResponse", {"success": 1, "index": 2, "age": 1}, {"success": True, "index": 2, "age": 1}),
    ("AppendEntriesResponse", {"success": 0, "index": 0, "age": 2}, {"success": False, "index": 0, "age": 2}),
    (
        "InstallSnapshotRequest",
        {"lastIndex": 2, "lastTerm": 2, "contentTerm": [1, 2], "contentWrite": [1, 0], "age": 0},
        {"lastIndex": 2, "lastTerm": 2, "content": (entry(1, "w2"), entry(2, "w1")), "age": 0},
    ),
    (
        "InstallSnapshotRequest",
        {"lastIndex": 1, "lastTerm": 1, "contentTerm": [1, 0], "contentWrite": [0, -1], "age": 0},
        {"lastIndex": 1, "lastTerm": 1, "content": (entry(1, "w1"),), "age": 0},
    ),
    ("InstallSnapshotResponse", {"index": 1, "age": 2}, {"index": 1, "age": 2}),
]


@pytest.mark.parametrize(("kind", "fields", "shown"), MESSAGES, ids=[kind for kind, _, _ in MESSAGES])
def test_a_message_is_shown_as_in_the_spec(
    kind: str, fields: dict[str, Any], shown: dict[str, Value]
) -> None:
    bound = cluster(2, 2, **LEASES)
    m = bound.kinds[kind](source=S2, dest=S1, term=2, **fields)
    wanted, found = Fn({"type": kind, **HEAD, **shown}), RAFT.present_message(m, bound.bound)
    assert found == wanted
    assert format_value(found) == format_value(wanted), "fields in the order of the spec"
    state: Any = bound.initial()
    state.messages.add(m)
    assert RAFT.present(state, bound.bound)["messages"] == frozenset({wanted})
    assert unpack(bound, pack(bound, state)).key() == state.key()


def test_every_kind_of_message_is_shown() -> None:
    assert {kind for kind, _, _ in MESSAGES} == {kind.name for kind in cluster().bound.schema.kinds}


# Names


def test_enumerations_stand_for_the_strings_of_the_spec() -> None:
    for shown in (names.ROLES, names.OUTCOMES):
        assert [getattr(names, name) for name in shown] == list(range(len(shown)))
    assert {names.REASONS[getattr(names, name)]: name for name in REASON_NAMES} == {
        "start": "Start",
        "election_timeout": "ElectionTimeout",
        "won_election": "WonElection",
        "current_leader": "CurrentLeader",
        "higher_term": "HigherTermSeen",
        "lease_expired": "LeaseExpired",
        "restart": "Restarted",
    }


REASON_NAMES = (
    "Start",
    "ElectionTimeout",
    "WonElection",
    "CurrentLeader",
    "HigherTermSeen",
    "LeaseExpired",
    "Restarted",
)


def test_no_message_is_made_without_a_cfg() -> None:
    with pytest.raises(TypeError, match="bound to a cfg"):
        names.RequestVoteRequest(source=0)


def test_an_entry_beyond_the_bound_of_the_log_is_refused_not_lost() -> None:
    """No action gets there: a longer log is not expanded. A state made by hand would."""
    bound = cluster(2, 1, MaxLogLen=0)
    state: Any = bound.initial()
    with pytest.raises(LayoutError, match=r"log\.term has no index 2: 1\.\.1"):
        state.log.term[S1, 2] = 1
