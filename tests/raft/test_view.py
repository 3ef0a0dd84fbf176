"""A state and a message shown as the values of the spec, and the names that stand for its strings."""

from __future__ import annotations

from typing import Any

import pytest

from pymodel.engine.pack import pack, unpack
from pymodel.raft import names
from pymodel.raft.model import RAFT
from pymodel.values import Fn, Value, format_value

from .cluster import cluster, entry, made
from .plays import LEASES

NOTHING: frozenset[str] = frozenset()
S1, S2 = range(2)


def test_the_first_state_without_writes_or_history() -> None:
    """A function over no writes is the empty sequence, as TLC prints it."""
    bound = cluster(1, 0, LeaseTicks=2, History=NOTHING)
    assert RAFT.present(bound.initial(), bound.bound) == {
        "currentTerm": Fn({"s1": 0}),
        "role": Fn({"s1": "Follower"}),
        "votedFor": Fn({"s1": "Nil"}),
        "votesGranted": Fn({"s1": frozenset()}),
        "leaderHint": Fn({"s1": "Nil"}),
        "preVotes": Fn({"s1": frozenset()}),
        "transfer": Fn({"s1": "none"}),
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
        "reads": (),
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
    covered |= {"preVotes", "transfer", "reads"}
    assert covered == set(shown)


HEAD: dict[Value, Value] = {"source": "s2", "dest": "s1", "term": 2}
# A kind of message, its fields, and how they are shown.
MESSAGES: list[tuple[str, dict[str, Any], dict[str, Value]]] = [
    ("PreVoteRequest", {"lastLogIndex": 2, "lastLogTerm": 1}, {"lastLogIndex": 2, "lastLogTerm": 1}),
    ("PreVoteResponse", {"granted": 1}, {"granted": True}),
    ("TimeoutNow", {}, {}),
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
    m = made(bound, kind, source=S2, dest=S1, term=2, **fields)
    wanted, found = Fn({"type": kind, **HEAD, **shown}), RAFT.present_message(m, bound.bound)
    assert found == wanted
    assert format_value(found) == format_value(wanted), "fields in the order of the spec"
    state: Any = bound.initial()
    state.messages.add(m)
    assert RAFT.present(state, bound.bound)["messages"] == frozenset({wanted})
    assert unpack(bound, pack(bound, state)).key() == state.key()


def test_what_a_feature_adds_is_shown_where_it_is_on() -> None:
    features = frozenset({"pre_vote", "transfer", "read_index"})
    bound = cluster(2, 1, reads=2, Features=features)
    state: Any = bound.initial()
    state.preVotes[S2, S1], state.transfer[S1] = 1, names.TransferAborted
    reads = state.reads
    reads.status[1], reads.server[1], reads.index[1], reads.floor[1] = names.ReadWaiting, S2, 1, 1
    reads.confirmedBy[1, S1] = 1
    shown = RAFT.present(state, bound.bound)
    assert shown["preVotes"] == Fn({"s1": frozenset(), "s2": frozenset({"s1"})})
    assert shown["transfer"] == Fn({"s1": "aborted", "s2": "none"})
    idle = {"status": "Idle", "server": "Nil", "index": 0, "floor": 0, "confirmedBy": frozenset()}
    waiting = {"status": "Waiting", "server": "s2", "index": 1, "floor": 1, "confirmedBy": frozenset({"s1"})}
    assert shown["reads"] == Fn({"r1": Fn(idle), "r2": Fn(waiting)})
    ask = bound.kinds["RequestVoteRequest"](
        source=S2, dest=S1, term=2, lastLogIndex=0, lastLogTerm=0, override=1
    )
    assert RAFT.present_message(ask, bound.bound)["override"] is True  # type: ignore[index,call-overload]
    head = {"source": S2, "dest": S1, "term": 2, "success": 1, "index": 0, "age": 0}
    answer = bound.kinds["AppendEntriesResponse"](**head, reads=[0, 1])
    assert RAFT.present_message(answer, bound.bound)["reads"] == frozenset({"r2"})  # type: ignore[index,call-overload]
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
        "leadership_transfer": "TransferTold",
    }


REASON_NAMES = (
    "Start",
    "ElectionTimeout",
    "WonElection",
    "CurrentLeader",
    "HigherTermSeen",
    "LeaseExpired",
    "Restarted",
    "TransferTold",
)


def test_no_message_is_made_without_a_cfg() -> None:
    with pytest.raises(TypeError, match="bound to a cfg"):
        names.RequestVoteRequest(source=0)
