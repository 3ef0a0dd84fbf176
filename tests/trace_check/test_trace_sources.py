"""Where logs come from: folders, patterns, standard input, packed and growing files; the schema."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import zstandard
from tracelogs import Line, at, config, line, write
from typer.testing import CliRunner

from trace_check import Verdict, sample, validate
from trace_check import files as files_module
from trace_check.cli import app
from trace_check.errors import InputError
from trace_check.follow import Follower
from trace_check.schema import native_schema

GOOD = sample("failover")
RUN = CliRunner()


def essence(paths: list[Path]) -> tuple[object, ...]:
    report = validate(paths)
    return (
        report.verdict,
        report.events,
        tuple((rule.rule, rule.count, rule.coverage) for rule in report.rules),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in GOOD:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_a_folder_stands_for_its_logs(folder: Path) -> None:
    write(folder / "driver.jsonl", [{"ts": 1.0, "act": "start"}])
    (folder / "core.bin").write_bytes(b"\0" * 64)
    (folder / ".hidden").write_text("no log")
    report = validate([folder])
    assert essence([folder]) == essence(list(GOOD))
    assert [note for note in report.notes if "left out" in note] == [
        f"{folder / name} is no log of a known format: left out" for name in ("core.bin", "driver.jsonl")
    ]


def test_a_pattern_stands_for_what_it_matches(folder: Path) -> None:
    assert essence([folder / "n*.ndjson"]) == essence(list(GOOD))
    with pytest.raises(InputError, match="no file matches this pattern"):
        validate([folder / "m*.ndjson"])


def test_zstd_and_gzip_in_several_frames(folder: Path) -> None:
    packed = []
    for path, pack in zip(GOOD, (zstandard.compress, gzip.compress, zstandard.compress), strict=True):
        data = path.read_bytes()
        packed.append(folder / f"{path.name}.packed")
        packed[-1].write_bytes(pack(data[:2000]) + pack(data[2000:]))
    assert essence(packed) == essence(list(GOOD))
    packed[0].write_bytes(packed[0].read_bytes()[:-30])
    with pytest.raises(InputError, match="damaged zstd data: the file ends within a frame"):
        validate(packed)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    merged = b"".join(path.read_bytes() for path in GOOD)
    files_module._kept_stdin.cache_clear()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(merged)))
    report = validate([Path("-")])
    files_module._kept_stdin.cache_clear()
    assert (report.verdict, report.events) == (Verdict.ACCEPTED, validate(GOOD).events)


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "_LINE_BYTES_MAX", 1000)
    path = write(tmp_path / "a", [at("n1", "leader", 1)])
    path.write_bytes(path.read_bytes() + b"[" * (1 << 20))
    with pytest.raises(InputError, match="a line of more than"):
        validate([path])


def test_a_growing_log_is_judged_as_it_grows(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1", [config("n1", "n2")]), tmp_path / "2"
    two.write_text("")
    follower = Follower([one, two])
    assert follower.poll() == []
    with one.open("a") as out:
        out.write(json.dumps(at("n1", "leader", 1)) + "\n" + json.dumps(at("n1", "leader", 2))[:20])
    assert follower.poll() == []
    write(two, [at("n2", "leader", 1)])
    ((rule, finding),) = follower.poll()
    assert (rule, finding.text, finding.seen.place.path) == ("ElectionSafety", "n2 leads term 1", str(two))
    assert (finding.against[0].seen.index, finding.seen.index) == (0, 1)
    assert follower.poll() == []
    report = follower.report()
    assert (report.verdict, report.events) == (Verdict.REJECTED, 2)


def test_what_a_growing_log_must_not_do(tmp_path: Path) -> None:
    log = write(tmp_path / "a", [at("n1", term=1), at("n1", term=2)])
    follower = Follower([log])
    follower.poll()
    with log.open("a") as out:
        out.write(json.dumps(config("n1", durable=False)) + "\n" + json.dumps(at("n1", term=2)) + "\n")
    with pytest.raises(InputError, match="a declaration came after lines that it concerns"):
        follower.poll()
    follower = Follower([log])
    write(log, [at("n1", term=1)])
    follower.poll()
    log.write_text("")
    with pytest.raises(InputError, match="became shorter"):
        follower.poll()
    write(log, [at("n1", seq=2), at("n1", seq=1)])
    with pytest.raises(InputError, match="cannot be followed"):
        Follower([log]).poll()
    with pytest.raises(InputError, match="no such file"):
        Follower([tmp_path / "none"])


def test_follow_ends_with_standard_input_and_its_verdict() -> None:
    lines = [at("n1", "leader", 1), at("n2", "leader", 1)]
    command = [sys.executable, "-m", "trace_check", "validate", "--follow", "-"]
    text = "".join(json.dumps(item) + "\n" for item in lines)
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 1
    assert run.stdout.startswith("-:2: ElectionSafety: n2 leads term 1\nREJECTED  ElectionSafety")


def test_schema_admits_what_is_read_and_refuses_what_is_not() -> None:
    schema = json.loads(RUN.invoke(app, ["schema"]).output)
    assert schema == json.loads(json.dumps(native_schema()))
    check = jsonschema.Draft202012Validator(schema)
    check.check_schema(schema)
    for path in (*GOOD, *sample("double_vote")):
        for text in path.read_text().splitlines():
            assert not list(check.iter_errors(json.loads(text)))
    good = at("n1", "leader", 1)
    broken: list[Line] = [
        {**good, "node": None} | {"node": 1.5},
        {key: value for key, value in good.items() if key != "node"},
        {key: value for key, value in good.items() if key != "event"},
        {**good, "event": "explode"},
        {**good, "state": {"term": -1}},
        {**good, "v": 2},
        line("n1", "send", to="n2", msg={"type": "gossip"}),
    ]
    for item in broken:
        assert list(check.iter_errors(item)), item
