"""Files, formats and broken input: what is read, what is refused, and with which place and mend."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tracelogs import Line, at, check, config, line, write

from pymodel.errors import UsageError
from trace_check import Verdict, render_text, sample, validate
from trace_check.errors import InputError

GOOD = sample("failover")


def logs(paths: tuple[Path, ...], tmp_path: Path) -> list[Path]:
    """Copies of the logs that a test may damage."""
    copies = []
    for path in paths:
        copies.append(tmp_path / path.name)
        copies[-1].write_bytes(path.read_bytes())
    return copies


def test_torn_last_line_is_left_out_and_counted(tmp_path: Path) -> None:
    files = logs(GOOD, tmp_path)
    whole = files[0].read_text()
    files[0].write_text(whole[:-40])
    report = validate(files)
    assert (report.verdict, report.exit_code) == (Verdict.ACCEPTED, 0)
    last = whole.count("\n")
    assert f"{files[0]}:{last}: torn last line, left out (1 line)" in report.notes


def test_zeros_after_a_crash_are_a_torn_line(tmp_path: Path) -> None:
    files = logs(GOOD, tmp_path)
    files[0].write_bytes(files[0].read_bytes() + b"\0" * 512)
    report = validate(files)
    assert report.verdict is Verdict.ACCEPTED
    assert "torn last line" in report.notes[0]


def test_bytes_that_are_no_text_are_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "latin.ndjson"
    path.write_bytes(json.dumps(at("n1", "leader", 1)).encode() + b'\n{"node":"\xc3("}\n')
    with pytest.raises(InputError, match=r"latin\.ndjson:2: invalid JSON"):
        validate([path])


def test_a_complete_last_line_needs_no_newline(tmp_path: Path) -> None:
    files = logs(GOOD, tmp_path)
    files[0].write_text(files[0].read_text().rstrip("\n"))
    assert validate(files).notes == ()


def test_invalid_json_in_the_middle_is_an_input_error(tmp_path: Path) -> None:
    files = logs(GOOD, tmp_path)
    lines = files[1].read_text().splitlines(keepends=True)
    lines[6] = lines[6][:50] + "\n"
    files[1].write_text("".join(lines))
    with pytest.raises(InputError, match=r"n2\.ndjson:7: invalid JSON") as error:
        validate(files)
    assert error.value.exit_code == 2
    assert error.value.mend


def test_broken_last_line_with_a_newline_is_not_torn(tmp_path: Path) -> None:
    files = logs(GOOD, tmp_path)
    files[0].write_text(files[0].read_text() + '{"node":"n1",\n')
    with pytest.raises(InputError, match="invalid JSON"):
        validate(files)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (line("n1", "explode"), "unknown event 'explode'"),
        (line("n1", "send", to="n2", msg={"type": "gossip"}), "unknown message type 'gossip'"),
    ],
)
def test_unknown_event_makes_a_clean_trace_inconclusive(tmp_path: Path, bad: Line, what: str) -> None:
    report = check(tmp_path, at("n1", "leader", 1), bad)
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 3)
    assert f"{tmp_path / 'all.ndjson'}:2: {what}: the line was not checked" in report.reasons


def test_unknown_event_does_not_hide_a_contradiction(tmp_path: Path) -> None:
    report = check(tmp_path, at("n1", "leader", 1), line("n1", "explode"), at("n2", "leader", 1))
    assert report.verdict is Verdict.REJECTED


@pytest.mark.parametrize("declared", [(config("n1", "n2"),), (line("n1", "init", peers=["n1", "n2"]),)])
def test_missing_node_makes_a_clean_trace_inconclusive(tmp_path: Path, declared: tuple[Line, ...]) -> None:
    report = check(tmp_path, *declared, at("n1", "leader", 1))
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 3)
    expected = f"node n2 is declared at {tmp_path / 'all.ndjson'}:1, but no line of it is here"
    assert report.reasons == (expected,)


def test_node_named_in_messages_alone_is_missing_too(tmp_path: Path) -> None:
    report = check(tmp_path, line("n1", "recv", frm="n2", msg={"type": "append", "term": 1}))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "node n2 is named in a message at" in report.reasons[0]


def test_missing_node_does_not_hide_a_contradiction_and_is_told() -> None:
    report = validate(sample("double_vote")[:1])
    assert report.verdict is Verdict.REJECTED
    assert "not checked: node n2 is declared at n1.ndjson:1, but no line of it is here" in render_text(report)


@pytest.mark.parametrize("text", ["", "\n\n", '{"node":"n1","ev'])
def test_nothing_to_check_is_inconclusive(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(text)
    report = validate([path])
    assert (report.verdict, report.exit_code, report.events) == (Verdict.INCONCLUSIVE, 3, 0)


def test_empty_file_beside_others_is_noted(tmp_path: Path) -> None:
    files = logs(GOOD, tmp_path)
    files[2].write_text("")
    report = validate(files)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert f"{files[2]} is empty" in report.notes


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"node": "n1", "event": "state", "state": {"term": "two"}}, r"`\$.state.term`"),
        ({"node": "n1", "event": "state", "state": {"term": -1}}, r"`\$.state.term`"),
        ({"event": "state", "pre": {}}, "the line names no node"),
        ({"node": "n1", "seq": 1, "pre": {}}, "the line names no event"),
        ({"node": "n1", "event": "state", "state": {"role": "king"}}, "unknown role 'king'"),
        ({"node": "n1", "event": "state", "ts": "yesterday"}, "not a time"),
        ({"v": 2, "node": "n1", "event": "state"}, "schema version 2 is unknown"),
    ],
)
def test_wrong_field_is_an_input_error_with_place_and_mend(tmp_path: Path, fields: Line, what: str) -> None:
    with pytest.raises(InputError, match=rf"all\.ndjson:2: .*{what}") as error:
        check(tmp_path, at("n1", "leader", 1), fields)
    assert error.value.mend


def test_contradicting_declarations_are_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"all\.ndjson:2: durable is false here"):
        check(tmp_path, config("n1", durable=True), config("n1", durable=False), at("n1", "leader", 1))


def test_files_that_are_no_logs_are_refused(tmp_path: Path) -> None:
    driver = write(tmp_path / "driver.jsonl", [{"ts": 1.0, "act": "start", "node": 1}])
    with pytest.raises(InputError, match=r"driver\.jsonl:1: no line of this file is an event") as error:
        validate([*GOOD, driver])
    assert "leave the file out" in error.value.mend
    binary = tmp_path / "wal"
    binary.write_bytes(b"\x00\x01\x02")
    with pytest.raises(InputError, match="is a binary file"):
        validate([binary])
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="the folder has no file"):
        validate([empty])
    with pytest.raises(InputError, match="no such file"):
        validate([tmp_path / "none"])
    with pytest.raises(InputError, match="named twice"):
        validate([GOOD[0], GOOD[0]])
    with pytest.raises(InputError, match="no log was named"):
        validate([])
    with pytest.raises(UsageError, match="unknown format 'xml'"):
        validate(GOOD, format="xml")


def test_gzip_is_read_and_damaged_gzip_refused(tmp_path: Path) -> None:
    packed = []
    for path in GOOD:
        packed.append(tmp_path / f"{path.name}.gz")
        packed[-1].write_bytes(gzip.compress(path.read_bytes()))
    assert validate(packed).events == validate(GOOD).events
    packed[0].write_bytes(packed[0].read_bytes()[:-20])
    with pytest.raises(InputError, match="damaged gzip data"):
        validate(packed)


@pytest.mark.parametrize("node", ["node", "nid", "service.instance.id"])
@pytest.mark.parametrize("event", ["event", "name", "msg", "@message"])
@pytest.mark.parametrize("time", ["ts", "time", "timestamp", "@timestamp"])
def test_aliases(tmp_path: Path, node: str, event: str, time: str) -> None:
    lines = [
        {node: name, event: "state", time: "2026-01-02T03:04:05Z", "state": {"role": "Leader", "term": 7}}
        for name in ("n1", "n2")
    ]
    report = check(tmp_path, *lines)
    assert report.explanation is not None
    assert report.explanation.finding.text == "n2 leads term 7"


def test_evidence_is_never_altered(tmp_path: Path) -> None:
    files = logs(GOOD, tmp_path)
    before = [path.read_bytes() for path in files]
    validate(files)
    assert [path.read_bytes() for path in files] == before


def test_deep_json_is_refused_without_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "deep.ndjson"
    path.write_text(json.dumps(at("n1", "leader", 1)) + "\n" + "[" * 100_000 + "\n")
    with pytest.raises(InputError, match=r"deep\.ndjson:2"):
        validate([path])
