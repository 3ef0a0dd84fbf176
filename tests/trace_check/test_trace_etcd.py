# ruff: noqa: E501  (lines of logs)
"""etcd: server logs of all releases, and how they become one stream with all that lies beside them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from etcdlogs import LOSE_QUORUM, PARTITION, A, B, C, log_line, of_node, server_log
from tracelogs import result, write

from trace_check import Verdict, validate
from trace_check.adapters.etcd_texts import sentence_of
from trace_check.event import NOBODY, NodeState
from trace_check.reader import Input, read
from trace_check.rules import Outcome


@pytest.mark.parametrize("files", [PARTITION, LOSE_QUORUM], ids=["partition_leader", "lose_quorum"])
def test_recordings_are_accepted_and_joined(files: tuple[Path, ...]) -> None:
    report = validate(files)
    assert (report.verdict, report.unmatched > 0) == (Verdict.ACCEPTED, True)
    assert report.format == "clients, etcd, etcd-wal"
    assert report.nodes == ("n1", "n2", "n3")
    assert f"members: n1 is {A}, n2 is {B}, n3 is {C}" in report.notes
    for rule in ("ElectionSafety", "StateMachineSafety", "VoteStable", "TermMonotonic", "CommitWithinLog"):
        assert result(report, rule).outcome is Outcome.PASS, rule


def leaders(files: tuple[Path, ...]) -> list[tuple[int, str]]:
    found = {(event.new_term, event.node) for event in read(list(files)).events if event.new_role == "leader"}
    return sorted((term, node) for term, node in found if term is not None)


def test_leaders_are_those_that_the_driver_saw() -> None:
    assert leaders(PARTITION) == [(2, "n2"), (3, "n3"), (4, "n1")]
    assert leaders(LOSE_QUORUM) == [(2, "n2"), (4, "n2")]


def test_restart_stands_between_what_was_durable_before_and_after() -> None:
    events = of_node(read(list(LOSE_QUORUM)), "n1")
    assert [event.inc for event in events if event.kind == "init"] == ["start 1", "start 2"]
    at = next(i for i, event in enumerate(events) if event.kind == "init" and event.inc == "start 2")
    again = events[at].state
    assert again is not None
    before = [
        event.state for event in events[:at] if event.state is not None and event.state.commit is not None
    ]
    after = [
        event.state
        for event in events[at + 1 :]
        if event.state is not None and event.state.commit is not None
    ]
    assert before[-1].commit == again.commit
    assert after[0].commit is not None
    assert again.commit is not None
    assert after[0].commit >= again.commit
    assert {event.inc for event in events[:at]} == {"start 1"}
    assert [event.kind for event in events if event.kind == "stop"] == ["stop"]
    assert events[-1].kind == "stop"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_a_step_down_has_its_reason() -> None:
    changes = [event for event in read(list(LOSE_QUORUM)).events if event.new_role == "follower"]
    assert "quorum is not active" in {event.reason for event in changes}
    assert "higher term" in {event.reason for event in changes}


def test_without_write_ahead_log_and_clients_the_verdict_stays() -> None:
    logs = [path for path in PARTITION if path.suffix == ".log"]
    report = validate(logs)
    assert report.verdict is Verdict.ACCEPTED
    assert result(report, "CommitMonotonic").outcome is Outcome.PASS
    assert report.format == "etcd"


VOTERS = f"{B} switched to configuration voters=({int(A, 16)} {int(B, 16)} {int(C, 16)})"


def lines_of(files: tuple[Path, ...]) -> list[dict[str, object]]:
    """The lines of all server logs, by time."""
    found = [
        json.loads(line) for path in files if path.suffix == ".log" for line in path.read_text().splitlines()
    ]
    return sorted(found, key=lambda line: str(line["ts"]))


def split(files: tuple[Path, ...], folder: Path) -> list[Path]:
    """Copies of the files that a test may change."""
    copies = [folder / path.name for path in files]
    for path, copy in zip(files, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    return copies


def facts(source: Input) -> dict[str, list[object]]:
    """What each node did in its order.

    A log of several nodes does not tell whose a conflict or a stop is, nor which role a start sets.
    """
    found: dict[str, list[object]] = {}
    for event in source.events:
        if event.kind not in ("truncate", "stop") and event.new_role != "follower":
            found.setdefault(event.node, []).append(
                (event.kind, event.inc, event.pre, event.state, event.msg)
            )
    return found


@pytest.mark.parametrize("files", [PARTITION, LOSE_QUORUM], ids=["partition_leader", "lose_quorum"])
def test_one_file_for_all_nodes_says_the_same(tmp_path: Path, files: tuple[Path, ...]) -> None:
    merged = write(tmp_path / "all.log", lines_of(files))
    rest = [path for path in files if path.suffix != ".log"]
    assert facts(read([merged, *rest])) == facts(read(list(files)))
    assert facts(read([*rest, merged])) == facts(read(list(reversed(files))))


def test_packing_spaces_and_order_of_fields_change_nothing(tmp_path: Path) -> None:
    copies = split(PARTITION, tmp_path)
    for copy in copies:
        if copy.suffix == ".log":
            fields = [json.loads(line) for line in copy.read_text().splitlines()]
            copy.write_text("\n".join(json.dumps(dict(reversed(line.items()))) for line in fields))
        else:
            copy.write_bytes(gzip.compress(copy.read_bytes()))
    assert facts(read(copies)) == facts(read(list(PARTITION)))


@pytest.mark.parametrize(
    ("text", "other", "rule"),
    [
        ("became leader at term 3", "became leader at term 4", "ElectionSafety"),
        ("became follower at term 3", "became follower at term 1", "TermMonotonic"),
        (f"vote: 0] cast MsgVote for {C}", f"vote: 0] cast MsgVote for {B}", "VoteStable"),
        ("became leader at term 4", "became follower at term 4", ""),
    ],
)
def test_changed_sentences_are_rejected_by_their_rule(
    tmp_path: Path, text: str, other: str, rule: str
) -> None:
    """The last change only hides a leader, which nothing in the logs contradicts."""
    copies, changed = split(PARTITION, tmp_path), 0
    for copy in copies:
        if copy.suffix == ".log" and text in copy.read_text():
            copy.write_text(copy.read_text().replace(text, other))
            changed += 1
    report = validate(copies)
    assert changed
    if rule:
        assert report.verdict is Verdict.REJECTED
        assert result(report, rule).outcome is Outcome.FAIL
    else:
        assert report.verdict is Verdict.ACCEPTED


OWN = "[logterm: 2, index: 18, vote: 0]"


@pytest.mark.parametrize(
    ("text", "kind", "fields"),
    [
        (f"{A} became pre-candidate at term 4", "role", {"new_role": "precandidate", "new_term": 4}),
        (f"{A} is starting a new election at term 4", "state", {"state": NodeState(term=4)}),
        (f"raft.node: {A} elected leader {A} at term 2", "state", {"state": NodeState(role="leader", term=2)}),
        (f"raft.node: {A} lost leader {B} at term 2", "state", {"state": NodeState(term=2)}),
        (f"{A} [term 4] starts to transfer leadership to {B}", "state", {"reason": "leadership transfer"}),
        (f"{A} [commit: 8, lastindex: 9, lastterm: 2] restored snapshot [index: 9, term: 2]", "snapshot", {"entry": (9, 2)}),
        (f"{A} [commit: 9] restored snapshot [index: 9, term: 2]", "snapshot", {"entry": (9, 2)}),
        (f"{A} stepped down to follower since quorum is not active", "lease_expire", {}),
        ("found conflict at index 19 [existing term: 2, conflicting term: 3]", "truncate", {}),
        (f"{A} no leader at term 2; dropping index reading msg", "state", {"state": NodeState(term=2)}),
    ],
)  # fmt: skip
def test_sentences(text: str, kind: str, fields: dict[str, object]) -> None:
    sentence = sentence_of(text)
    assert sentence is not None
    assert sentence.kind == kind
    assert {name: sentence.fields[name] for name in fields} == fields
    assert sentence.me == ("" if kind == "truncate" else A)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (f"{A} [logterm: 1, index: 3] sent MsgVote request to {B} at term 2", "send", ("request_vote", A, B, 2, None)),
        (f"{A} [logterm: 1, index: 3] sent MsgPreVote request to {B} at term 1", "send", ("prevote", A, B, None, None)),
        (f"{A} received MsgVoteResp from {B} at term 2", "recv", ("vote_response", B, A, 2, True)),
        (f"{A} received MsgVoteResp rejection from {B} at term 2", "recv", ("vote_response", B, A, 2, False)),
        (f"{A} received MsgPreVoteResp from {B} at term 1", "recv", ("prevote_response", B, A, None, True)),
        (f"{A} {OWN} ignored MsgVote from {B} [logterm: 2, index: 18] at term 2: lease is not expired (remaining ticks: 9)",
         "recv", ("request_vote", B, A, None, None)),
        (f"{A} {OWN} cast MsgVote for {B} [logterm: 2, index: 18] at term 3", "send", ("vote_response", A, B, 3, True)),
        (f"{A} {OWN} rejected MsgVote from {B} [logterm: 1, index: 8] at term 3", "send", ("vote_response", A, B, 3, False)),
        (f"{A} {OWN} cast MsgPreVote for {B} [logterm: 2, index: 18] at term 2", "send", ("prevote_response", A, B, None, True)),
        (f"{A} [term: 2] received a MsgApp message with higher term from {B} [term: 3]", "recv", ("append", B, A, 3, None)),
        (f"{A} [term: 4] ignored a MsgVote message with lower term from {B} [term: 3]", "recv", ("request_vote", B, A, 3, None)),
        (f"raft.node: {A} elected leader {B} at term 2", "recv", ("append", B, A, 2, None)),
        (f"raft.node: {A} changed leader from {C} to {B} at term 2", "recv", ("append", B, A, 2, None)),
        (f"{A} [logterm: 0, index: 21] rejected MsgApp [logterm: 2, index: 21] from {B}", "send", ("append_response", A, B, None, False)),
        (f"{A} received MsgAppResp(rejected, hint: (index 18, term 2)) from {B} for index 21", "recv", ("append_response", B, A, None, False)),
        (f"{A} [term 4] received MsgTimeoutNow from {B} and starts an election to get leadership.", "recv", ("other", B, A, None, None)),
    ],
)  # fmt: skip
def test_messages(text: str, kind: str, message: tuple[object, ...]) -> None:
    sentence = sentence_of(text)
    assert sentence is not None
    msg = sentence.fields["msg"]
    assert (sentence.kind, (msg.type, msg.src, msg.dst, msg.term, msg.ok)) == (kind, message)


def test_a_vote_shows_the_vote_before_and_after() -> None:
    sentence = sentence_of(f"{A} {OWN} cast MsgVote for {B} [logterm: 2, index: 18] at term 3")
    assert sentence is not None
    assert sentence.fields["pre"] == NodeState(term=3, vote=NOBODY, last=(18, 2))
    assert sentence.fields["state"] == NodeState(term=3, vote=B)
    refused = sentence_of(f"{A} {OWN} rejected MsgVote from {B} [logterm: 2, index: 8] at term 3")
    assert refused is not None
    assert "state" not in refused.fields


@pytest.mark.parametrize(
    "line",
    [
        '{"level":"info","ts":"2026-01-01T00:00:00.000Z","caller":"raft/raft.go:771","msg":"%s"}',
        '{"level":"info","ts":"2026-01-01T00:00:00.000Z","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"%s"}',
        '{"level":"info","ts":"2026-01-01T08:00:00.000+0800","logger":"raft","caller":"v3@v3.6.0/raft.go:988","msg":"%s"}',
        '2026-01-01T00:00:00.1Z stderr F {"level":"info","ts":"2026-01-01T00:00:00.000Z","caller":"a/b.go:1","msg":"%s"}',
        "2026-01-01 00:00:00.000000 I | raft: %s",
        "Jan 01 00:00:00 host etcd[42]: 2026-01-01 00:00:00.000000 I | raft: %s",
        "2026-01-01T00:00:00.000Z\tinfo\traft\tetcdserver/zap_raft.go:77\t%s",
        "raft2026/01/01 00:00:00 INFO: %s",
        'time="2026-01-01T00:00:00Z" level=info msg="%s" module=raft node=x',
    ],
    ids=["3.4", "3.5", "3.6", "container", "text", "journal", "console", "library", "swarm"],
)  # fmt: skip
def test_every_release_and_encoding(tmp_path: Path, line: str) -> None:
    path = tmp_path / "etcd.log"
    path.write_text((line % f"{A} became leader at term 7") + "\n")
    source = read([path])
    (event,) = source.events
    assert source.files[0].format == "etcd"
    assert (event.node, event.new_role, event.new_term, event.ts) == (A, "leader", 7, 1767225600.0)


def test_text_log_of_a_restarted_server(tmp_path: Path) -> None:
    """Releases up to 3.4 write raft's own lines through another logger, to the second."""
    raft = "raft2026/01/01 00:00:%02d INFO: %s\n"
    state = f"newRaft {A} [peers: [], term: %d, commit: 3, applied: 0, lastindex: 3, lastterm: 1]"
    path = tmp_path / "etcd.log"
    path.write_text(
        "2026-01-01 00:00:01.768833 I | etcdmain: etcd Version: 3.4.23\n"
        "2026-01-01 00:00:01.771247 I | embed: election = 500ms\n"
        + raft % (2, f"{A} became follower at term 1")
        + raft % (2, state % 1)
        + "2026-01-01 00:00:02.242441 I | etcdserver: published {Name:n1 ClientURLs:[http://x]} to cluster de9e\n"
        + raft % (3, f"{A} became candidate at term 2")
        + "2026-01-01 00:00:04.768833 I | etcdmain: etcd Version: 3.4.23\n"
        + raft % (5, f"{A} became follower at term 2")
        + raft % (5, state % 2)
    )
    source = read([path])
    assert [(event.kind, event.node, event.inc) for event in source.events] == [
        ("init", "n1", "start 1"),
        ("role", "n1", "start 1"),
        ("init", "n1", "start 2"),
    ]
    assert [config.election_timeout_ms for config in source.configs if config.election_timeout_ms] == [500.0]
    assert source.events[0].ts == 1767225602.0


def test_two_leaders_of_a_term_are_rejected(tmp_path: Path) -> None:
    one = server_log(tmp_path / "a.log", f"{A} became candidate at term 3", f"{A} became leader at term 3")
    two = server_log(tmp_path / "b.log", f"{B} became candidate at term 3", f"{B} became leader at term 3")
    report = validate([one, two])
    assert report.verdict is Verdict.REJECTED
    assert result(report, "ElectionSafety").outcome is Outcome.FAIL


def test_a_leader_that_only_a_follower_names_counts_too(tmp_path: Path) -> None:
    one = server_log(tmp_path / "a.log", f"{A} became candidate at term 3", f"{A} became leader at term 3")
    two = server_log(tmp_path / "b.log", f"raft.node: {B} elected leader {C} at term 3", VOTERS)
    assert result(validate([one, two]), "ElectionSafety").outcome is Outcome.FAIL


def test_logs_of_all_nodes_in_one_file(tmp_path: Path) -> None:
    path = server_log(
        tmp_path / "all.log",
        f"{A} became leader at term 3",
        f"{B} became follower at term 3",
        "found conflict at index 19 [existing term: 2, conflicting term: 3]",
    )
    source = read([path])
    assert [event.node for event in source.events] == [A, B]
    assert source.files[0].skipped == 1


def test_rotated_logs_of_one_node_are_one_stream(tmp_path: Path) -> None:
    old = write(tmp_path / "etcd.log.1", [log_line(f"{A} became candidate at term 3", 1)])
    new = write(tmp_path / "etcd.log", [log_line(f"{A} became leader at term 3", 2)])
    for files in ([old, new], [new, old]):
        events = read(files).events
        assert [(event.new_role, event.seq, event.inc) for event in events] == [
            ("candidate", 1, "start 1"),
            ("leader", 2, "start 1"),
        ]


def test_election_timeout_and_members_are_declared(tmp_path: Path) -> None:
    start = log_line("starting an etcd server", name="n1", **{"election-timeout": "1s"})
    voters = log_line(
        f"{A} switched to configuration voters=({int(A, 16)} {int(B, 16)}) learners=({int(C, 16)})"
    )
    source = read(
        [write(tmp_path / "a.log", [start, voters, voters, log_line(f"{A} became leader at term 2")])]
    )
    assert [config.election_timeout_ms for config in source.configs if config.election_timeout_ms] == [1000.0]
    assert [config.nodes for config in source.configs if config.nodes] == [(A, B, C)]


def test_a_member_that_came_back_under_its_name_is_another_node(tmp_path: Path) -> None:
    def published(member: str) -> dict[str, object]:
        fields = {"local-member-id": member, "local-member-attributes": "{Name:n1 ClientURLs:[http://x]}"}
        return log_line("published local member to cluster through raft", **fields)

    one = write(tmp_path / "a.log", [published(A), log_line(f"{A} became follower at term 9")])
    two = write(tmp_path / "b.log", [published(B), log_line(f"{B} became follower at term 2")])
    report = validate([one, two])
    assert report.nodes == (B, A)
    assert result(report, "TermMonotonic").outcome is Outcome.PASS
