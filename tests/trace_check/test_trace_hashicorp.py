# ruff: noqa: E501  (lines of logs)
"""hashicorp/raft: JSON and text of all releases, what is proven by them, and how nodes are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracelogs import result, write

from trace_check import Verdict, sample, validate
from trace_check.errors import InputError
from trace_check.event import Event, NodeState
from trace_check.reader import Input, read
from trace_check.rules import Outcome

FAILOVER = sample("hashicorp_failover")


def line(msg: str, at: int = 0, **fields: object) -> dict[str, object]:
    own = {name.replace("_", "-"): value for name, value in fields.items()}
    return {
        "@level": "info",
        "@message": msg,
        "@module": "raft",
        "@timestamp": f"2026-01-01T00:00:{at:02d}Z",
        **own,
    }


def roles(source: Input) -> list[tuple[str | None, int | None]]:
    return [(event.new_role, event.new_term) for event in source.events if event.kind == "role"]


def test_recording_is_accepted_and_has_its_leaders() -> None:
    report = validate(FAILOVER)
    assert report.verdict is Verdict.ACCEPTED
    assert report.nodes == ("127.0.0.1:25001", "127.0.0.1:25002", "127.0.0.1:25003")
    led = [(e.new_term, e.node[-1]) for e in read(list(FAILOVER)).events if e.new_role == "leader"]
    assert sorted(led, key=str) == [(2, "1"), (4, "2"), (6, "3"), (7, "1")]


def test_reasons_of_step_downs() -> None:
    followers = [event for event in read(list(FAILOVER)).events if event.new_role == "follower"]
    assert {event.reason for event in followers} == {None, "higher term", "quorum is not active"}


@pytest.mark.parametrize(
    "text",
    [
        '2022-09-23T16:03:14.368Z [INFO]  agent.server.raft: entering candidate state: node="Node at 10.0.0.4:8300 [Candidate]" term=10\n'
        "2022-09-23T16:03:14.400Z [INFO]  agent.server.raft: election won: term=10 tally=2\n"
        '2022-09-23T16:03:14.401Z [INFO]  agent.server.raft: entering leader state: leader="Node at 10.0.0.4:8300 [Leader]"\n',
        "    2018/01/24 19:03:24 [INFO] raft: Node at 10.0.0.4:8300 [Candidate] entering Candidate state in term 10\n"
        "    2018/01/24 19:03:24 [DEBUG] raft: Vote granted from 10.0.0.4:8300 in term 10. Tally: 1\n"
        "    2018/01/24 19:03:24 [INFO] raft: Election won. Tally: 2\n"
        "    2018/01/24 19:03:24 [INFO] raft: Node at 10.0.0.4:8300 [Leader] entering Leader state\n",
        '2025-04-24T05:26:32.718-0700 [INFO]  storage.raft: entering candidate state: node="Node at 10.0.0.4:8300 [Candidate]" term=10\n'
        '2025-04-24T05:26:33.718-0700 [INFO]  storage.raft: entering leader state: leader="Node at 10.0.0.4:8300 [Leader]"\n',
        '{"level":"info","action":"raft","msg":"entering candidate state","node":{},"term":10,"time":"2026-06-23T14:41:54+02:00"}\n'
        '{"level":"info","action":"raft","msg":"vote granted","from":"10.0.0.4:8300","tally":1,"term":10,"time":"2026-06-23T14:41:54+02:00"}\n'
        '{"level":"info","action":"raft","msg":"entering leader state","leader":{},"time":"2026-06-23T14:41:54+02:00"}\n',
    ],
    ids=["consul", "before 1.1", "vault", "other logger"],
)  # fmt: skip
def test_every_form_of_a_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "server.log"
    path.write_text("2026-01-01T00:00:00Z [INFO]  agent: Consul agent running!\n" + text)
    source = read([path])
    assert source.files[0].format == "hashicorp"
    assert roles(source) == [("candidate", 10), ("leader", 10)]
    assert {event.node for event in source.events} == {"10.0.0.4:8300"}
    assert all(event.ts is not None for event in source.events)


def test_terms_are_those_of_the_own_candidature(tmp_path: Path) -> None:
    lines = [
        line("entering follower state", follower={}, leader=""),
        line("heartbeat timeout reached, starting election", last_leader=""),
        line("entering candidate state", node={}, term=4),
        line("newer term discovered, fallback to follower", term=9),
        line("entering follower state", follower={}, leader=""),
        line("entering candidate state", node={}, term=10),
        line("entering leader state", leader={}),
    ]
    source = read([write(tmp_path / "n.log", lines)])
    assert roles(source) == [
        ("follower", None),
        ("candidate", 4),
        ("follower", None),
        ("candidate", 10),
        ("leader", 10),
    ]
    reasons = [event.reason for event in source.events]
    assert reasons == [None, "heartbeat timeout", "higher term", None, None]
    unknown = read([write(tmp_path / "m.log", [line("entering leader state", leader={})])])
    assert roles(unknown) == [("leader", None)]


def test_late_statistics_prove_no_term(tmp_path: Path) -> None:
    def stats(term: int, commit: int) -> dict[str, object]:
        return {**line("stats", state="Leader"), "term": str(term), "commit_index": str(commit)}

    lines = [stats(3, 1), line("entering candidate state", term=4), stats(3, 2), stats(4, 2)]
    states = [
        event.state for event in read([write(tmp_path / "n.log", lines)]).events if event.kind == "state"
    ]
    assert states == [NodeState(term=3, commit=1), NodeState(commit=2), NodeState(term=4, commit=2)]


def test_votes_and_refusals(tmp_path: Path) -> None:
    lines = [
        line("initial configuration", index=1, servers="[{Suffrage:Voter ID:a1 Address:h1:1} {Suffrage:Voter ID:a2 Address:h2:1}]"),
        line("entering candidate state", term=4),
        line("voting for self", term=4, id="a1"),
        line("vote granted", term=4, tally=1, **{"from": "a1"}),
        line("vote granted", term=4, tally=2, **{"from": "a2"}),
        line("rejecting vote request since we have a leader", leader="h1:1", **{"from": "h2:1"}),
        line("duplicate requestVote for same term", term=5),
        line("clearing log suffix", to=9, **{"from": 7}),
        line("failed to contact quorum of nodes, stepping down"),
        line("client_fail", error="node is not the leader", value="x"),
    ]  # fmt: skip
    source = read([write(tmp_path / "n.log", lines)])
    init, _, vote, own, other, refused, asked, cut, lease, client = source.events
    assert (init.kind, source.configs[0].nodes) == ("init", ("h1:1", "h2:1"))
    assert (vote.node, vote.state) == ("h1:1", NodeState(term=4, vote="h1:1"))
    assert [shown(event) for event in (own, other)] == [
        ("recv", "h1:1", "h1:1", True),
        ("recv", "h2:1", "h1:1", True),
    ]
    assert shown(refused) == ("send", "h1:1", "h2:1", False)
    assert (asked.state, cut.kind, cut.reason) == (NodeState(term=5), "truncate", "from 7 to 9")
    assert (lease.kind, lease.reason) == ("lease_expire", "quorum is not active")
    assert client.client is not None
    assert (client.kind, client.client.error) == ("client_fail", "node is not the leader")


def shown(event: Event) -> tuple[object, ...]:
    msg = event.msg
    assert msg is not None
    return (event.kind, msg.src, msg.dst, msg.ok)


def elected(name: str, term: int) -> list[dict[str, object]]:
    granted = line("vote granted", 2, term=term, tally=1, **{"from": name})
    return [line("entering candidate state", 1, term=term), granted, line("entering leader state", 3)]


def test_two_leaders_of_a_term_are_rejected(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{name}.log", elected(f"{name}:1", 4)) for name in ("a", "b")]
    report = validate(files)
    assert report.verdict is Verdict.REJECTED
    assert result(report, "ElectionSafety").findings[0].text == "b:1 leads term 4"
    other = [write(tmp_path / "a.log", elected("a:1", 4)), write(tmp_path / "b.log", elected("b:1", 5))]
    assert result(validate(other), "ElectionSafety").outcome is Outcome.PASS


def test_a_node_without_known_address_makes_no_stranger(tmp_path: Path) -> None:
    granted = line("vote granted", 3, term=4, tally=2, **{"from": "b:1"})
    one = write(tmp_path / "a.log", [*elected("a:1", 4), granted])
    two = write(tmp_path / "b.log", [line("entering follower state", follower={}, leader="")])
    assert validate([one, two]).verdict is Verdict.ACCEPTED
    alone = validate([one])
    assert alone.verdict is Verdict.INCONCLUSIVE
    assert "node b:1 is named in a message" in alone.reasons[0]


def test_a_start_begins_an_incarnation(tmp_path: Path) -> None:
    start = line("initial configuration", index=0, servers="[]")
    follower = line("entering follower state", follower={})
    source = read([write(tmp_path / "n.log", [start, follower, start, follower])])
    assert [(event.kind, event.inc) for event in source.events] == [
        ("init", "start 1"),
        ("role", "start 1"),
        ("init", "start 2"),
        ("role", "start 2"),
    ]


@pytest.mark.parametrize(
    ("servers", "outcome"), [("[]", Outcome.PASS), ("[{Suffrage:Voter ID:a:1 Address:a:1}]", Outcome.FAIL)]
)
def test_a_node_that_starts_with_nothing_is_not_durable(
    tmp_path: Path, servers: str, outcome: Outcome
) -> None:
    again = line("initial configuration", index=0, servers=servers)
    path = write(tmp_path / "n.log", [again, *elected("a:1", 9), again, *elected("a:1", 2)])
    assert result(validate([path]), "TermMonotonic").outcome is outcome


def test_nodes_of_one_file_behind_a_prefix(tmp_path: Path) -> None:
    path = tmp_path / "compose.log"
    text = '%s  | 2022-09-23T16:03:14.368Z [INFO]  agent.server.raft: entering candidate state: node="Node at %s:1 [Candidate]" term=%d\n'
    path.write_text(text % ("c-1", "a", 4) + text % ("c-2", "b", 5))
    assert [(event.node, event.new_term) for event in read([path]).events] == [("a:1", 4), ("b:1", 5)]


def test_broken_json_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "n.log", elected("a", 1))
    path.write_text(path.read_text() + '{"@level":\n')
    with pytest.raises(InputError, match=r"n\.log:4: invalid JSON"):
        read([path])
