# ruff: noqa: E501  (lines of logs)
"""etcd: server logs of all releases, write-ahead logs, client histories, and how they become one stream."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tracelogs import result, write
from walfile import DUMP, DUMPED, VOTED, message, wal

from trace_check import Verdict, sample, validate
from trace_check.adapters.etcd_records import DurableLog
from trace_check.adapters.etcd_texts import sentence_of
from trace_check.adapters.protobuf import fields_of
from trace_check.errors import InputError
from trace_check.event import NOBODY, Event, NodeState
from trace_check.reader import Input, read
from trace_check.rules import Outcome

A, B, C = "94411ea0d65d6391", "45e59585b3dca6c7", "50de061ac16ed3c4"
PARTITION = sample("etcd_partition_leader")
LOSE_QUORUM = sample("etcd_lose_quorum")


def log_line(msg: str, at: int = 0, **fields: object) -> dict[str, object]:
    return {
        "level": "info",
        "ts": f"2026-01-01T00:00:{at:02d}.000Z",
        "caller": "raft/raft.go:1",
        "msg": msg,
        **fields,
    }


def server_log(path: Path, *texts: str) -> Path:
    return write(path, [log_line(text, at) for at, text in enumerate(texts)])


def of_node(source: Input, node: str) -> list[Event]:
    return [event for event in source.events if event.node == node]


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


META = (1, message(f1=int(A, 16), f2=1))


def entry(index: int, term: int) -> tuple[int, bytes]:
    return 2, message(f1=0, f2=term, f3=index, f4=b"data")


def state(term: int, vote: int, commit: int) -> tuple[int, bytes]:
    return 3, message(f1=term, f2=vote, f3=commit)


def test_write_ahead_log_of_all_record_types(tmp_path: Path) -> None:
    path = tmp_path / "0.wal"
    snapshot = (5, message(f1=9, f2=2))
    path.write_bytes(
        wal(META, (5, b""), entry(1, 1), entry(2, 1), state(1, 0, 2), entry(2, 2), snapshot, state(3, 7, 9))
    )
    source = read([path])
    assert source.files[0].format == "etcd-wal"
    assert [(event.kind, event.entry) for event in source.events] == [
        ("append", None),
        ("append", None),
        ("commit", (2, 1)),
        ("append", None),
        ("snapshot", (9, 2)),
        ("commit", (9, 2)),
    ]
    assert source.events[2].state == NodeState(term=1, vote=NOBODY, commit=2, last=(2, 1))
    assert source.events[3].reason == "overwrites entries from here on"
    assert source.events[5].state == NodeState(term=3, vote="7", commit=9, last=(9, 2))


def test_segments_of_one_node_carry_on(tmp_path: Path) -> None:
    first, second = tmp_path / "0-0.wal", tmp_path / "1-3.wal"
    first.write_bytes(wal(META, entry(1, 1), state(1, 0, 1)))
    second.write_bytes(wal(META, state(1, 0, 1), entry(2, 1), crc=0x1234))
    events = read([second, first]).events
    assert [event.place.path for event in events] == [str(first)] * 2 + [str(second)] * 2
    assert [event.seq for event in events] == [1, 2, 3, 4]


def test_a_torn_end_is_told_and_damage_before_it_refused(tmp_path: Path) -> None:
    whole = wal(META, entry(1, 1), entry(2, 1)).rstrip(b"\0")
    path = tmp_path / "0.wal"
    path.write_bytes(whole[:-9])
    source = read([path])
    assert (len(source.events), str(source.files[0].torn)) == (1, f"{path}:4")
    damaged = bytearray(wal(META, entry(1, 1), entry(2, 1)))
    damaged[damaged.index(b"data") + 1] ^= 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(InputError, match=r"0\.wal:3: record 3: the checksum is .* the data give") as error:
        read([path])
    assert error.value.mend


def test_packed_segments_are_read_and_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "0.wal.gz"
    packed = gzip.compress(wal(META, *(entry(at, 1) for at in range(1, 2000))))
    path.write_bytes(packed)
    assert len(read([path]).events) == 1999
    path.write_bytes(packed[:-500])
    with pytest.raises(InputError, match="damaged gzip data"):
        read([path])


def test_a_write_ahead_log_that_votes_twice_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "0.wal"
    path.write_bytes(wal(META, state(2, 5, 0), state(2, 6, 0)))
    report = validate([path])
    assert result(report, "VoteStable").outcome is Outcome.FAIL
    path.write_bytes(wal(META, state(3, 5, 0), state(2, 6, 0)))
    assert result(validate([path]), "TermMonotonic").outcome is Outcome.FAIL


def test_log_and_write_ahead_log_contradict_each_other(tmp_path: Path) -> None:
    log = server_log(
        tmp_path / "a.log",
        f"{A} became follower at term 3",
        f"{A} [logterm: 1, index: 1, vote: 0] cast MsgVote for {B} [logterm: 1, index: 1] at term 3",
    )
    path = tmp_path / "0.wal"
    path.write_bytes(wal(META, entry(1, 1), state(3, int(C, 16), 1)))
    assert result(validate([log, path]), "VoteStable").outcome is Outcome.FAIL


def test_committed_entries_of_two_logs_are_compared(tmp_path: Path) -> None:
    one, two = tmp_path / "1.wal", tmp_path / "2.wal"
    one.write_bytes(wal(META, entry(1, 1), entry(2, 2), state(2, 0, 2)))
    two.write_bytes(wal((1, message(f1=int(B, 16), f2=1)), entry(1, 1), entry(2, 3), state(3, 0, 2)))
    assert result(validate([one, two]), "StateMachineSafety").outcome is Outcome.FAIL


def test_decoded_records_say_the_same_as_the_segments(tmp_path: Path) -> None:
    lines = [
        {"node": A, "seq": 1, "rec": "meta", "cluster": "1"},
        {"node": A, "seq": 2, "rec": "entry", "type": "normal", "term": 1, "index": 1, "size": 4},
        {"node": A, "seq": 3, "rec": "state", "term": 1, "vote": "0", "commit": 1},
    ]
    decoded = write(tmp_path / "wal.jsonl", lines)
    path = tmp_path / "0.wal"
    path.write_bytes(wal(META, entry(1, 1), state(1, 0, 1)))

    def facts(source: Input) -> list[tuple[object, ...]]:
        return [(event.kind, event.node, event.state, event.entry, event.entries) for event in source.events]

    assert facts(read([decoded])) == facts(read([path]))
    both = read([decoded, path])
    assert len(both.events) == 2
    assert both.notes == [
        f"the write-ahead log of {A} is read from its segments; decoded copies are left out"
    ]
    of_all = write(tmp_path / "all.jsonl", [*lines, *({**line, "node": B} for line in lines)])
    assert [(event.node, event.seq) for event in read([of_all]).events] == [(A, 1), (A, 2), (B, 1), (B, 2)]
    bad = write(tmp_path / "bad.jsonl", [{"node": A, "rec": "state", "term": 1}])
    with pytest.raises(InputError, match=r"bad\.jsonl:1: a record 'state' without term and commit"):
        read([bad])


def test_text_of_etcd_dump_logs(tmp_path: Path) -> None:
    path = tmp_path / "dump.txt"
    path.write_text(DUMP)
    source = read([path])
    assert source.files[0].format == "etcd-dump"
    assert [(event.kind, event.node, event.entry, event.entries) for event in source.events] == [
        ("commit", DUMPED, None, None),
        ("snapshot", DUMPED, (2, 1), None),
        ("append", DUMPED, None, ((3, 1),)),
        ("append", DUMPED, None, ((4, 2),)),
        ("commit", DUMPED, (4, 2), None),
        ("append", DUMPED, None, ((5, 3),)),
    ]
    assert source.events[0].state == NodeState(term=3, vote=VOTED, commit=4)
    path.write_text("".join(DUMP.splitlines(keepends=True)[7:]))
    with pytest.raises(InputError, match=r"dump\.txt:2: an entry comes before the node's metadata"):
        read([path], "etcd-dump")


def test_durable_log_knows_terms_by_runs() -> None:
    log, naive = DurableLog(), dict[int, int]()
    for index, term in [(1, 1), (2, 1), (3, 1), (2, 2), (3, 2), (4, 4), (3, 5), (4, 5)]:
        assert log.append(index, term) == any(known >= index for known in naive)
        naive = {known: of for known, of in naive.items() if known < index} | {index: term}
        assert [log.entry_at(at) for at in range(6)] == [
            (at, naive[at]) if at in naive else None for at in range(6)
        ]
    log.restart_at(9, 6)
    assert (log.entry_at(9), log.entry_at(4), log.last) == ((9, 6), None, (9, 6))


def operation(op: int, **fields: object) -> dict[str, object]:
    return {"op": op, "f": "put", "node": 1, "key": "k", "value": "v", "t0": float(op), **fields}


def test_client_history(tmp_path: Path) -> None:
    lines = [
        operation(1, ok=False, err='{"error":"timed out","code":14}', t1=1.5),
        operation(2, ok=True, member_id=str(int(A, 16)), raft_term="7", t1=2.5),
        operation(3, ok=None, err="TimeoutError"),
    ]
    source = read([write(tmp_path / "clients.jsonl", lines)])
    assert source.files[0].format == "clients"
    assert [(event.kind, event.node, event.ts) for event in source.events] == [
        ("client_invoke", A, 1.0),
        ("client_fail", A, 1.5),
        ("client_invoke", A, 2.0),
        ("client_ok", A, 2.5),
        ("client_invoke", A, 3.0),
    ]
    assert all(event.by_client for event in source.events)
    assert [event.client.term for event in source.events if event.client is not None] == [
        None,
        None,
        None,
        7,
        None,
    ]
    failed = source.events[1].client
    assert failed is not None
    assert (failed.error, failed.key, failed.value) == ("timed out", "k", "v")
    bad = write(tmp_path / "bad.jsonl", [{"op": 1, "f": "put", "t0": 1.0, "ok": True}])
    with pytest.raises(InputError, match=r"bad\.jsonl:1: the operation names no node"):
        read([bad])
    bad = write(tmp_path / "bad.jsonl", [operation(1, ok=True, member_id="n1")])
    with pytest.raises(InputError, match="member_id 'n1' is no number"):
        read([bad])


def test_broken_json_of_a_server_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(json.dumps(log_line(f"{A} became leader at term 2")) + '\n{"level":\npanic: lost\n')
    with pytest.raises(InputError, match=r"a\.log:2: invalid JSON"):
        read([path])


def test_protobuf_fields_of_all_wire_types() -> None:
    data = message(f1=300, f16=b"ab") + bytes([(2 << 3) | 1]) + b"12345678" + bytes([(3 << 3) | 5]) + b"1234"
    assert fields_of(data) == {1: 300, 16: b"ab", 2: b"12345678", 3: b"1234"}
    assert fields_of(message(f1=2**64 - 1)) == {1: 2**64 - 1}
    for broken in (b"\x08", b"\x0a\x05ab", b"\x0b", b"\x08\xff", b"\x08" + b"\xff" * 11, b"\x09123"):
        with pytest.raises(ValueError, match=r"cut short|longer|unknown|too long|no value"):
            fields_of(broken)
