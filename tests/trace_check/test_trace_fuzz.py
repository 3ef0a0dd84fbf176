# ruff: noqa: E501  (lines of logs)
"""Damaged logs of every format: each is read, or refused with file, line and the mend. Nothing else happens.

TERMFENCE_FUZZ_BYTES=1000000 pytest tests/trace_check/test_trace_fuzz.py    # for each format
"""

from __future__ import annotations

import json
import os
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from walfile import DUMP, message, wal

from pymodel.errors import FenceError
from trace_check import sample
from trace_check.adapters import FORMATS
from trace_check.adapters.mapping import load
from trace_check.adapters.suggest import suggestion
from trace_check.errors import InputError
from trace_check.reader import read

MUTATED_BYTES = int(os.environ.get("TERMFENCE_FUZZ_BYTES", "1500"))
SECONDS_MAX = 20.0
MEMORY_MB_MAX = 200
HEAD_BYTES = 24_000

MAPPING = Path(__file__).parents[2] / "docs" / "formats" / "mapping.md"

ETCD_RAFT = (
    '{"level":"debug","ts":1.5,"msg":"trace","tag":"trace","event":{"name":"SendAppendEntriesRequest","nid":"1",'
    '"state":{"term":2,"vote":"1","commit":5},"role":"StateLeader","log":6,"conf":[["1","2"],[]],"msg":{"type":'
    '"MsgApp","term":2,"from":"1","to":"2","entries":1,"logTerm":1,"index":5,"commit":5,"vote":"0","reject":false}}}\n'
)  # fmt: skip
PYSYNCOBJ = (
    '{"v":1,"ts":1.5,"node":"a","inc":"1","seq":%d,"event":"recv","from":"b","mid":"b/1/1","msg":{"type":'
    '"request_vote","term":1,"last_log_index":1,"last_log_term":0},"state":{"role":"follower","term":0,"vote":null,'
    '"commit":1,"last":[1,0]}}\n'
)  # fmt: skip
TEXT = (
    "2026-01-01 00:00:00.000000 I | raft: 94411ea0d65d6391 became leader at term 7\n"
    "2026-01-01T00:00:00.000Z\tinfo\traft\tetcdserver/zap_raft.go:77\t94411ea0d65d6391 became leader at term 8\n"
)  # fmt: skip
HCLOG = (
    '2022-09-23T16:03:14.368Z [INFO]  agent.server.raft: entering candidate state: node="Node at a:1 [Candidate]" term=10\n'
    "    2018/01/24 19:03:24 [DEBUG] raft: Vote granted from a:1 in term 10. Tally: 1\n"
)
WAL_JSON = '{"node":"9a","seq":3,"rec":"entry","type":"conf","term":1,"index":1,"size":92}\n{"node":"9a","rec":"state","term":1,"vote":"0","commit":3}\n'


def of_sample(name: str, pattern: str) -> bytes:
    return next(path for path in sample(name) if path.match(pattern)).read_bytes()[:HEAD_BYTES]


SEEDS: dict[str, Callable[[], bytes]] = {
    "native": lambda: of_sample("failover", "n1.ndjson"),
    "etcd": lambda: of_sample("etcd_lose_quorum", "node1.log"),
    "etcd (text)": lambda: (TEXT * 20).encode(),
    "etcd-wal": lambda: of_sample("etcd_lose_quorum", "wal1.wal"),
    "etcd-dump": lambda: DUMP.encode(),
    "etcd-wal-json": lambda: (WAL_JSON * 20).encode(),
    "clients": lambda: of_sample("etcd_lose_quorum", "clients.jsonl"),
    "hashicorp": lambda: of_sample("hashicorp_failover", "node1.log"),
    "hashicorp (text)": lambda: (HCLOG * 20).encode(),
    "etcd-raft": lambda: (ETCD_RAFT * 10).encode(),
    "pysyncobj": lambda: "".join(PYSYNCOBJ % at for at in range(20)).encode(),
}


def test_every_format_is_damaged() -> None:
    assert {name.split(" ")[0] for name in SEEDS} == set(FORMATS)


def memory_mb() -> float:
    """The most memory that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def damaged(data: bytes, chance: random.Random) -> tuple[bytes, int]:
    """A copy with some bytes changed, cut out, repeated or put in, and how many it was."""
    copy, count = bytearray(data), 0
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        at, size = chance.randrange(len(copy) + 1), chance.choice([1, 1, 1, 4, 40])
        how = chance.randrange(5)
        if how == 0:
            copy[at : at + 1] = bytes([chance.randrange(256)])
        elif how == 1:
            copy[at : at + size] = b""
        elif how == 2:
            copy[at:at] = copy[at : at + size]
        elif how == 3:
            copy[at : at + size] = chance.randbytes(size)
        else:
            copy[at : at + 1] = chance.choice(
                [b"{", b"[", b'"', b"\n", b"0", b"9" * 30, b"-1", b"null", b"\xff", b"e9", b" "]
            )
        count += size
    return bytes(copy), count


@pytest.mark.parametrize("asked", ["auto", "named"])
@pytest.mark.parametrize("name", SEEDS)
def test_damage_is_read_or_refused(tmp_path: Path, name: str, asked: str) -> None:
    chance = random.Random(f"{name} {asked}")
    seed, path, mutated, rounds = SEEDS[name](), tmp_path / "log", 0, 0
    form, before = "auto" if asked == "auto" else name.split(" ")[0], memory_mb()
    while mutated < MUTATED_BYTES:
        data, count = damaged(seed, chance)
        mutated, rounds = mutated + count, rounds + 1
        path.write_bytes(data)
        start = time.monotonic()
        try:
            read([path], form)
        except InputError as error:
            assert error.mend
            assert str(error.path) == str(path)
        assert time.monotonic() - start < SECONDS_MAX
    assert rounds > 1
    assert memory_mb() - before < MEMORY_MB_MAX


@pytest.mark.parametrize(
    "data",
    [
        b" " * 300_000,
        b"{" * 300_000,
        b"a" * 300_000,
        b"2026-01-01T" * 30_000,
        b"2026-01-01 00:00:00.0" * 15_000,
        b"a1 [logterm: 1, index: 3] " * 12_000,
        b"2022-09-23T16:03:14.368Z [INFO]  raft: " + b"x " * 150_000,
        b"2022-09-23T16:03:14.368Z [INFO]  raft: " + b"x=" * 150_000,
        b"2022-09-23T16:03:14.368Z [INFO]  raft: a: " + b'b="' * 100_000,
        b'{"level":"info","caller":"raft/raft.go:1","ts":"x","msg":"a1 ' + b"[commit: 1" * 30_000 + b'"}',
    ],
    ids=range(10),
)
def test_long_lines_do_not_hang(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "log"
    for form in ("auto", "etcd", "hashicorp", "clients", "native"):
        path.write_bytes(data + b"\n")
        start = time.monotonic()
        try:
            read([path], form)
        except InputError as error:
            assert error.mend
        assert time.monotonic() - start < SECONDS_MAX


def test_a_length_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "0.wal"
    whole = SEEDS["etcd-wal"]()
    path.write_bytes(whole[:16] + (1 << 29).to_bytes(8, "little") + whole[24:])
    before = memory_mb()
    read([path], "etcd-wal")
    assert memory_mb() - before < MEMORY_MB_MAX


@pytest.mark.parametrize("value", [{"a": 1}, [1], None, 1.5, True])
def test_a_field_of_any_type_is_no_surprise(tmp_path: Path, value: object) -> None:
    """What tells a format must not rely on the type of a field."""
    path = tmp_path / "log"
    for seed in SEEDS.values():
        line = next(text for text in seed().split(b"\n") if text)
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        for name in fields:
            nested = (
                [{**fields[name], key: value} for key in fields[name]]
                if isinstance(fields[name], dict)
                else []
            )
            for changed in (value, *nested):
                path.write_text(json.dumps({**fields, name: changed}) + "\n")
                try:
                    read([path])
                except InputError as error:
                    assert error.mend


def test_proposals_survive_odd_names(tmp_path: Path) -> None:
    odd = {
        "a\x7fb": 1,
        "c\nd": 2,
        "e#f": "g\nh",
        "term\r": 3,
        '"': 4,
        "'": 5,
        "\\": 6,
        "": 7,
        "node\u2028": "x",
    }
    text = suggestion([json.dumps(odd).encode()])
    assert text is not None
    path = tmp_path / "my.toml"
    path.write_text(text)
    load(path)


def test_records_of_any_content_are_read_or_refused(tmp_path: Path) -> None:
    """Damage behind a right checksum, which the checksum cannot catch."""
    chance, mutated = random.Random("records"), 0
    path = tmp_path / "0.wal"
    context = b'{"id":1,"name":"n1"}'
    change = message(f1=1, f2=0, f3=7, f4=context)
    data = [
        message(f1=7, f2=1),
        message(f1=1, f2=2, f3=3, f4=change),
        message(f1=2, f2=7, f3=3),
        message(f1=9, f2=2),
    ]
    while mutated < MUTATED_BYTES:
        records: list[tuple[int, bytes]] = [(1, data[0])]
        for _ in range(20):
            kind = chance.choice([1, 2, 2, 3, 3, 5, 6])
            content, count = damaged(data[{1: 0, 2: 1, 3: 2, 5: 3, 6: 0}[kind]], chance)
            records.append((kind, content))
            mutated += count
        path.write_bytes(wal(*records))
        try:
            read([path])
        except InputError as error:
            assert error.mend
            assert error.line


def test_damaged_mappings_are_read_or_refused(tmp_path: Path) -> None:
    chance = random.Random("mapping")
    text = MAPPING.read_text()
    start = text.index("    [log]")
    seed = "\n".join(
        line[4:] for line in text[start : text.index("## What it may say")].splitlines()
    ).encode()
    path, mutated = tmp_path / "my.toml", 0
    while mutated < MUTATED_BYTES * 4:
        data, count = damaged(seed, chance)
        mutated += count
        path.write_bytes(data)
        try:
            load(path)
        except FenceError as error:
            assert error.mend
            assert str(error.path) == str(path)


def test_proposals_from_damaged_logs(tmp_path: Path) -> None:
    chance = random.Random("suggest")
    seed, mutated = SEEDS["hashicorp"](), 0
    while mutated < MUTATED_BYTES // 5:
        data, count = damaged(seed, chance)
        mutated += count
        text = suggestion(data.split(b"\n"))
        if text is not None:
            path = tmp_path / "my.toml"
            path.write_text(text)
            load(path)
