"""etcd: write-ahead logs, what decodes them, client histories, and damaged files of each."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from etcdlogs import A, B, C, log_line, server_log
from tracelogs import result, write
from walfile import DUMP, DUMPED, VOTED, message, wal

from trace_check import validate
from trace_check.adapters.etcd_records import DurableLog
from trace_check.adapters.protobuf import fields_of
from trace_check.errors import InputError
from trace_check.event import NOBODY, NodeState
from trace_check.reader import Input, read
from trace_check.rules import Outcome

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
