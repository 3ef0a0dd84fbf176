"""Replication, commits, snapshots, clients and reads of one node."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.node.cluster import (
    HEARTBEAT_MS,
    LATER,
    LEASE_MS,
    Bench,
    ack,
    append,
    install,
    installed,
    vote,
)
from trace_check.node.messages import AppendEntriesRequest, InstallSnapshotRequest


def terms(bench: Bench) -> list[int]:
    log = bench.node.log
    return [log.TermAt(k) for k in range(log.snapshotIndex + 1, log.LastIndex + 1)]


@pytest.mark.parametrize(
    ("entries", "prev", "sent", "success", "left"),
    [
        ((), (0, 0), (1, 1), True, [1, 1]),
        ((1,), (1, 1), (2,), True, [1, 2]),
        ((1, 1, 1), (1, 1), (2,), True, [1, 2]),
        ((1, 2, 2), (1, 1), (2,), True, [1, 2, 2]),
        ((1, 2, 2), (0, 0), (1, 2), True, [1, 2, 2]),
        ((1,), (2, 1), (2,), False, [1]),
        ((1, 1), (2, 2), (2,), False, [1, 1]),
    ],
    ids=["empty log", "behind", "conflict", "already there", "a part of it", "gap", "another term before"],
)
def test_what_an_append_leaves(
    entries: tuple[int, ...], prev: tuple[int, int], sent: tuple[int, ...], success: bool, left: list[int]
) -> None:
    bench = Bench(term=2, entries=entries)
    (answer,) = bench.receive(append(2, prev, sent)).messages
    assert answer.success is success  # type: ignore[union-attr]
    assert terms(bench) == left
    assert [entry.term for entry in bench.disk.entries] == left
    if success:
        assert answer.index == prev[0] + len(sent)  # type: ignore[union-attr]


def test_an_old_append_cuts_nothing_off() -> None:
    bench = Bench(term=2, entries=(1, 2, 2))
    bench.receive(append(2, prev=(1, 1)))
    assert terms(bench) == [1, 2, 2]


def test_a_follower_commits_only_what_was_compared() -> None:
    bench = Bench(term=2, entries=(1, 1, 1))
    bench.receive(append(2, prev=(0, 0), entries=(1,), commit=3))
    assert bench.node.commitIndex == 1
    assert bench.node.values == {"k1": "v1"}


def test_a_rejection_moves_the_next_attempt_back() -> None:
    bench = Bench(term=2, entries=(1, 1, 1))
    bench.lead(contact=False)
    (m,) = bench.receive(ack(bench.node, 1, success=False)).messages
    assert isinstance(m, AppendEntriesRequest) and m.prevLogIndex == 1 and len(m.entries) == 3


def test_only_an_entry_of_the_own_term_is_committed_by_counting() -> None:
    bench = Bench(term=2, entries=(1, 1))
    bench.lead(contact=False)
    bench.receive(ack(bench.node, 2))
    assert bench.node.commitIndex == 0
    bench.receive(ack(bench.node, 3))
    assert bench.node.commitIndex == 3


def test_a_write_is_answered_when_a_quorum_has_it() -> None:
    bench = Bench()
    bench.lead()
    effects = bench.put("w1", "x", "7")
    assert [answer.status for answer in effects.answers] == ["ACCEPTED"]
    assert {m.dest for m in effects.messages} == {"n2"}, "n3 gets it when it has the entries before"
    effects = bench.receive(ack(bench.node, 2))
    assert [(answer.request, answer.status, answer.entry) for answer in effects.answers] == [
        ("w1", "OK", (2, 1))
    ]
    assert bench.get().answers[0].value == "7"


def test_a_repeated_request_is_appended_once() -> None:
    bench = Bench()
    bench.lead()
    bench.put("w1")
    assert [answer.status for answer in bench.put("w1").answers] == ["ACCEPTED"]
    assert bench.node.log.LastIndex == 2
    effects = bench.receive(ack(bench.node, 2))
    assert [answer.status for answer in effects.answers] == ["OK", "OK"]
    assert [(answer.status, answer.entry) for answer in bench.put("w1").answers] == [("OK", (2, 1))]
    assert bench.node.log.LastIndex == 2


def test_a_request_that_an_earlier_leader_appended_is_appended_once() -> None:
    bench = Bench(term=1, entries=(1,))
    bench.lead(contact=False)
    bench.receive(ack(bench.node, 0, success=False))
    bench.node.ackSentAt["n2"] = bench.now
    assert bench.put("r1").answers[0].entry == (1, 1)
    assert bench.node.log.LastIndex == 2


def test_the_same_request_in_two_entries_is_applied_once() -> None:
    bench = Bench(term=1)
    bench.receive(append(1, entries=(1,), commit=1))
    again = append(1, prev=(1, 1), entries=(1,), commit=2)
    entry = again.entries[0]
    bench.receive(replace(again, entries=(replace(entry, request="r1", key="k1", value="other"),)))
    assert bench.node.values == {"k1": "v1"}


def test_a_lost_heartbeat_is_sent_again() -> None:
    bench = Bench()
    bench.lead()
    assert bench.tick(bench.now + HEARTBEAT_MS - 1).messages == []
    assert {m.dest for m in bench.tick(bench.now + 1).messages} == {"n2", "n3"}


def test_no_read_before_an_entry_of_the_own_term_is_committed() -> None:
    bench = Bench(term=1, entries=(1,))
    bench.lead(contact=False)
    bench.receive(ack(bench.node, 1))
    assert [answer.error for answer in bench.get().answers] == ["NOT_READY"]
    bench.receive(ack(bench.node, 2))
    assert [answer.status for answer in bench.get(key="k1").answers] == ["OK"]


def test_no_read_without_a_lease_nor_at_a_follower() -> None:
    bench = Bench()
    assert [answer.status for answer in bench.get().answers] == ["REDIRECT"]
    bench.lead()
    bench.now += LEASE_MS
    assert [answer.error for answer in bench.get().answers] == ["LEASE_EXPIRED"]


def test_a_snapshot_stands_for_what_was_applied() -> None:
    bench = Bench(term=1, snapshot_after=2)
    bench.receive(append(1, entries=(1, 1, 1), commit=2))
    assert (bench.node.log.snapshotIndex, terms(bench)) == (2, [1])
    assert bench.disk.snapshot is not None and bench.disk.snapshot.values == {"k1": "v1", "k2": "v2"}
    bench.boot()
    assert bench.node.values == {"k1": "v1", "k2": "v2"} and terms(bench) == [1]
    assert bench.node.commitIndex == 2 and "r1" in bench.node.remembered


def test_who_lacks_what_is_gone_gets_the_snapshot() -> None:
    bench = Bench(term=1, snapshot_after=2)
    bench.lead()
    bench.put("w1")
    bench.receive(ack(bench.node, 2))
    assert bench.node.log.snapshotIndex == 2
    (m,) = bench.receive(ack(bench.node, 0, success=False, source="n3")).messages
    assert isinstance(m, InstallSnapshotRequest) and m.snapshot.lastIndex == 2
    bench.receive(installed(bench.node, 2, source="n3"))
    assert bench.node.matchIndex["n3"] == 2


def test_a_snapshot_replaces_what_conflicts_and_keeps_what_agrees() -> None:
    bench = Bench(term=2, entries=(1, 1, 2))
    bench.receive(install(2, (2, 1), x="s"))
    assert (bench.node.log.snapshotIndex, terms(bench)) == (2, [2])
    assert bench.node.values == {"x": "s"}
    bench.receive(install(3, (3, 3), x="t"))
    assert (bench.node.log.LastIndex, terms(bench), bench.disk.entries) == (3, [], [])


def test_an_older_snapshot_takes_nothing_back() -> None:
    bench = Bench(term=1)
    bench.receive(append(1, entries=(1, 1, 1), commit=3))
    (answer,) = bench.receive(install(1, (2, 1), x="s")).messages
    assert answer.index == 2 and terms(bench) == [1, 1, 1]  # type: ignore[union-attr]
    assert "x" not in bench.node.values


def test_every_kind_of_step_leaves_its_lines() -> None:
    bench = Bench(snapshot_after=2)
    effects = bench.boot()
    assert [record["event"] for record in effects.records] == ["init"]
    effects = bench.tick(LATER)
    assert [record["event"] for record in effects.records] == ["role", "send", "send"]
    effects = bench.receive(vote(1))
    assert [record["event"] for record in effects.records] == ["recv", "role", "append", "send", "send"]
    effects = bench.receive(ack(bench.node, 1))
    assert [record["event"] for record in effects.records] == ["recv", "lease_renew", "commit"]
    effects = bench.put()
    assert [record["event"] for record in effects.records] == ["client_invoke", "append", "send"]
    effects = bench.receive(ack(bench.node, 2))
    assert [record["event"] for record in effects.records] == ["recv", "commit", "client_ok", "snapshot"]
    effects = bench.get()
    assert [record["event"] for record in effects.records] == ["client_invoke", "read"]
    bench.receive(append(2, prev=(2, 1), entries=(2, 2)))
    effects = bench.receive(append(3, prev=(3, 2), entries=(3,)))
    assert [record["event"] for record in effects.records] == ["recv", "truncate", "append", "send"]
