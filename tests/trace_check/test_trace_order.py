"""The causal order: what decides it, what it repairs, and what it refuses."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from tracelogs import Line, after_restart, at, check, config, line, write

from trace_check import Report, Verdict, sample, validate
from trace_check.causal import causal_order
from trace_check.errors import InputError
from trace_check.reader import read


def ordered(tmp_path: Path, *lines: Line) -> list[int]:
    """The line numbers of one file in their causal order."""
    events = read([write(tmp_path / "all.ndjson", lines)]).events
    return [event.place.line for event in causal_order(events).events]


def message(kind: str, **fields: object) -> Line:
    node, peer = ("n2", {"to": "n1"}) if kind == "send" else ("n1", {"frm": "n2"})
    return line(node, kind, **{**peer, "msg": {"type": "append", "term": 1, "index": 3}, **fields})


def test_send_precedes_receipt_whatever_the_clocks_say(tmp_path: Path) -> None:
    lines = [message("recv", mid="m", ts=1.0), message("send", mid="m", ts=9.0)]
    assert ordered(tmp_path, *lines) == [2, 1]
    assert check(tmp_path, *lines).inversions == 1
    within = [config(clock_error_ms=8000), *lines]
    assert check(tmp_path, *within).inversions == 0


def test_without_ids_a_receipt_follows_the_first_equal_sending(tmp_path: Path) -> None:
    lines = [message("recv", ts=1.0), message("send", ts=2.0), message("send", ts=3.0)]
    assert ordered(tmp_path, *lines) == [2, 1, 3]


def test_needed_vote_precedes_the_win(tmp_path: Path) -> None:
    vote = line("n1", "vote", ts=5.0, state={"term": 1, "vote": "n2"})
    win = line("n2", "role", ts=4.0, new_role="leader", new_term=1)
    other = line("n3", "stop", ts=1.0)
    assert ordered(tmp_path, win, vote, other) == [3, 2, 1]


def test_clock_breaks_ties(tmp_path: Path) -> None:
    assert ordered(tmp_path, at("n1", ts=2.0), at("n2", ts=1.0), at("n1", ts=3.0)) == [2, 1, 3]


def test_seq_decides_within_an_incarnation(tmp_path: Path) -> None:
    lines = [at("n1", seq=2, ts=1.0), at("n1", seq=1, ts=2.0), *after_restart(at("n1", seq=1, ts=3.0))]
    assert ordered(tmp_path, *lines) == [2, 1, 3]


def unnamed(seq: int | None = None, ts: float | None = None, inc: str | None = None, **state: object) -> Line:
    """A line of n1 that names its incarnation only if asked to."""
    fields = {"seq": seq, "ts": ts, "inc": inc}
    named = {key: value for key, value in fields.items() if value is not None}
    return {"node": "n1", "event": "state", **named, "state": {"term": 1, **state}}


def test_lines_without_an_incarnation_stay_where_the_file_has_them(tmp_path: Path) -> None:
    restarted = [unnamed(1, 1.0), unnamed(2, 2.0), unnamed(1, 3.0), unnamed(2, 4.0)]
    assert ordered(tmp_path, *restarted) == [1, 2, 3, 4]
    assert ordered(tmp_path, *(restarted[n] for n in (2, 0, 3, 1))) == [2, 4, 1, 3]
    assert ordered(tmp_path, unnamed(3), unnamed(1), unnamed(2)) == [2, 3, 1]
    assert ordered(tmp_path, unnamed(), unnamed(ts=1.0), unnamed()) == [1, 2, 3]


@pytest.mark.parametrize(
    "lines",
    [
        [unnamed(1), unnamed(4), unnamed(1)],
        [unnamed(inc="a"), unnamed(inc="b"), unnamed(), unnamed(inc="a")],
        [unnamed(3, inc="a"), unnamed(1, inc="a"), unnamed(9)],
    ],
)
def test_restart_or_misplaced_line_is_an_input_error(tmp_path: Path, lines: list[Line]) -> None:
    with pytest.raises(InputError, match="the lines of n1 cannot be put in order"):
        check(tmp_path, *lines)


def test_line_between_two_of_one_incarnation_is_counted_to_it(tmp_path: Path) -> None:
    inside = check(tmp_path, unnamed(inc="a", commit=5), unnamed(commit=4), unnamed(inc="a", commit=5))
    assert inside.verdict is Verdict.REJECTED
    outside = check(tmp_path, unnamed(inc="a", commit=5), unnamed(commit=4), unnamed(inc="b", commit=5))
    assert outside.verdict is Verdict.ACCEPTED


def test_circle_of_causes_is_an_input_error_with_its_places(tmp_path: Path) -> None:
    lines = [
        line("n1", "recv", frm="n2", mid="x", msg={"type": "append"}),
        line("n1", "send", to="n2", mid="y", msg={"type": "append_response"}),
        line("n2", "recv", frm="n1", mid="y", msg={"type": "append_response"}),
        line("n2", "send", to="n1", mid="x", msg={"type": "append"}),
    ]
    with pytest.raises(InputError, match=r"all\.ndjson:1 receives what .*all\.ndjson:4 sends") as error:
        check(tmp_path, *lines)
    assert error.value.exit_code == 2


def test_guessed_causes_give_way_and_are_noted(tmp_path: Path) -> None:
    lines = [
        line("n1", "recv", frm="n2", msg={"type": "append", "term": 1}),
        line("n1", "send", to="n2", mid="y", msg={"type": "append_response"}),
        line("n2", "recv", frm="n1", mid="y", msg={"type": "append_response"}),
        line("n2", "send", to="n1", msg={"type": "append", "term": 1}),
    ]
    report = check(tmp_path, *lines)
    assert "1 receipts without a message id could not be matched with their sending" in report.notes


def test_repeated_seq_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"all\.ndjson:2: seq 1 of n1 occurs twice"):
        check(tmp_path, at("n1", seq=1), at("n1", seq=1))


def test_incarnations_without_an_order_are_an_input_error(tmp_path: Path) -> None:
    later = after_restart(at("n1", seq=1))
    with pytest.raises(InputError, match="incarnations of n1 cannot be put in order"):
        check(tmp_path, at("n1", seq=1), *later, at("n1", seq=2))


def test_lines_of_a_node_in_two_files_need_seq_or_time(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1", [at("n1", "leader", 2)]), write(tmp_path / "2", [at("n1", "leader", 3)])
    with pytest.raises(InputError, match="the lines of n1 cannot be put in order"):
        validate([one, two])
    write(one, [at("n1", "leader", 2, ts=2.0)])
    write(two, [at("n1", "leader", 3, ts=1.0)])
    report = validate([one, two])
    assert report.explanation is not None
    assert report.explanation.finding.text == "n1 went back to term 2, was 3"


def test_gap_in_seq_is_noted(tmp_path: Path) -> None:
    report = check(tmp_path, at("n1", "leader", 1, seq=1), at("n1", "leader", 1, seq=4))
    assert report.notes == (f"n1: seq has gaps, 2 lines may be missing; see {tmp_path / 'all.ndjson'}:2",)


def lines_of(name: str) -> list[Line]:
    return [json.loads(text) for path in sample(name) for text in path.read_text().splitlines()]


def essence(report: Report) -> list[tuple[str, str, int]]:
    return [(item.rule, item.outcome.value, item.count) for item in report.rules]


@pytest.mark.parametrize("name", ["failover", "double_vote", "double_vote_refused"])
def test_verdict_does_not_depend_on_files_or_their_order(tmp_path: Path, name: str) -> None:
    expected = validate(sample(name))
    backwards = validate(tuple(reversed(sample(name))))
    merged = lines_of(name)
    shuffled = list(merged)
    random.Random(7).shuffle(shuffled)
    parts = [write(tmp_path / f"{n}.part", shuffled[n::4]) for n in range(4)]
    for report in (backwards, check(tmp_path, *merged), check(tmp_path, *shuffled), validate(parts)):
        assert report.verdict is expected.verdict
        assert essence(report) == essence(expected)


@pytest.mark.parametrize(
    ("name", "verdict"), [("failover", Verdict.ACCEPTED), ("double_vote", Verdict.REJECTED)]
)
@pytest.mark.parametrize("dropped", ["ts", "seq", "mid", "inc", "mono"])
def test_verdict_survives_dropped_optional_fields(
    tmp_path: Path, name: str, verdict: Verdict, dropped: str
) -> None:
    thinner = [{key: value for key, value in item.items() if key != dropped} for item in lines_of(name)]
    assert check(tmp_path, *thinner).verdict is verdict


@pytest.mark.parametrize(
    ("name", "verdict"), [("failover", Verdict.ACCEPTED), ("double_vote", Verdict.REJECTED)]
)
def test_verdict_survives_skewed_clocks(tmp_path: Path, name: str, verdict: Verdict) -> None:
    skew = {"n1": 0.0, "n2": 5.0, "n3": -3.0}
    skewed = [
        item | ({"ts": item["ts"] + skew[item["node"]]} if "ts" in item else {}) for item in lines_of(name)
    ]
    report = check(tmp_path, *skewed)
    assert report.verdict is verdict
    assert report.inversions > 0
