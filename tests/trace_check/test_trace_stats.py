"""What happened in a log, as figures: reigns, overlaps, step-downs, elections, stale messages, clients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tracelogs import Line, after_restart, at, config, line, write
from typer.testing import CliRunner

from trace_check import sample
from trace_check.cli import app
from trace_check.history.roles import LOG_ENDS, RESTARTS, STEPS_DOWN, STOPS
from trace_check.stats import Stats, stats
from trace_check.stats_text import render_stats, seconds

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
RUN = CliRunner()

FAILOVER = """\
leaders
  term  leader  from          to            for      until it                 first line
  1     n3      13:36:07.168  13:36:08.841  1.672 s  steps down: higher term  n3.ndjson:6
  2     n1      13:36:08.495  13:36:11.252  2.757 s  stops                    n1.ndjson:12

overlaps of leaders
  leaders                        from          for
  n3 of term 1 and n1 of term 2  13:36:08.495  346.1 ms

step-downs
  term  leader  after quorum contact  after the successor's start  reason
  1     n3      1.364 s               346.1 ms                     higher term

elections
  term  candidates  votes  won by  after
  1     n3          n3 3   n3      2.7 ms
  2     n1          n1 3   n1      1.3 ms

stale messages
  at  from  message  its term  own term  count  answer
  n1  n3    append   1         2         1      1 no answer logged
  n2  n3    append   1         2         1      1 no answer logged

client operations
  at  writes  acknowledged  refused  reads  by term  refusals  sent on to
  n1  1       1             0        0      1 in 2
  n3  1       1             0        0      1 in 1
"""


def of(tmp_path: Path, *lines: Line) -> Stats:
    return stats([write(tmp_path / "all.ndjson", lines)])


def spans(found: Stats) -> list[tuple[str, int | None, float | None, float | None, str]]:
    return [(r.node, r.term, r.start, r.end, r.ended) for r in found.reigns]


def test_text_of_a_recorded_failover() -> None:
    assert FAILOVER in render_stats(stats(sample("failover")))


def test_two_leaders_of_one_term_stand_out() -> None:
    text = render_stats(stats(sample("double_vote")))
    assert "n2 of term 1 and n3 of term 1" in text
    assert "ONE TERM" in text
    assert "VOTED TWICE: n1" in text
    assert "0 LOST" in text


def test_json_is_the_same_figures() -> None:
    run = RUN.invoke(app, ["stats", "--format", "json", *map(str, sample("failover"))])
    data = json.loads(run.output)
    assert (run.exit_code, data["events"], data["format"]) == (0, 128, "native")
    assert [(r["node"], r["term"], r["ended"]) for r in data["reigns"]] == [
        ("n3", 1, STEPS_DOWN),
        ("n1", 2, STOPS),
    ]
    assert data["elections"][0]["seconds"] == pytest.approx(0.0027, abs=0.0001)
    assert data["overlaps"][0]["same_term"] is False
    assert data["operations"][0]["acknowledged_by_term"] == {"2": 1}


def test_a_log_without_events_says_so(tmp_path: Path) -> None:
    text = render_stats(of(tmp_path))
    assert text.startswith("0 events of no node, format unknown\n")
    assert "leaders: no line shows a leader" in text
    assert "restarts: none" in text


def test_a_reign_ends_where_the_log_shows_otherwise(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        at("n1", "leader", 1, ts=1.0),
        at("n1", "leader", 1, ts=2.0),
        at("n1", term=2, ts=3.0),
        at("n2", "leader", 2, ts=2.5),
        *after_restart(at("n2", "follower", 2, ts=9.0)),
        at("n3", "leader", 3, ts=10.0),
        line("n3", "stop", ts=11.0),
        at("n4", "leader", 4, ts=12.0),
    )
    assert spans(found) == [
        ("n1", 1, 1.0, 3.0, STEPS_DOWN),
        ("n2", 2, 2.5, 2.5, RESTARTS),
        ("n3", 3, 10.0, 11.0, STOPS),
        ("n4", 4, 12.0, None, LOG_ENDS),
    ]


def test_a_role_record_alone_makes_a_reign_and_the_next_one_gives_the_reason(tmp_path: Path) -> None:
    won = line("n1", "role", old_role="candidate", new_role="leader", old_term=1, new_term=1, ts=1.0)
    lost = line("n1", "role", old_role="leader", new_role="follower", old_term=1, new_term=1, ts=2.0)
    found = of(tmp_path, won, {**lost, "reason": "lease_expired"})
    assert spans(found) == [("n1", 1, 1.0, 2.0, STEPS_DOWN)]
    assert found.reigns[0].reason == "lease_expired"


def test_leaders_that_follow_each_other_do_not_overlap(tmp_path: Path) -> None:
    first = [at("n1", "leader", 1, ts=1.0), at("n1", "follower", 1, ts=2.0)]
    second = [at("n2", "leader", 2, ts=2.0), at("n2", "leader", 2, ts=4.0)]
    assert of(tmp_path, *first, *second).overlaps == ()


def test_an_overlap_within_the_clock_error_is_told_as_such(tmp_path: Path) -> None:
    first = [at("n1", "leader", 1, ts=1.0), at("n1", "follower", 1, ts=2.02)]
    second = [at("n2", "leader", 2, ts=2.0), at("n2", "leader", 2, ts=4.0)]
    found = of(tmp_path, config("n1", "n2", clock_error_ms=50), *first, *second)
    assert [(o.start, o.end) for o in found.overlaps] == [(2.0, 2.02)]
    assert "20.0 ms  within the clock error" in render_stats(found)


@pytest.mark.parametrize(
    ("limit", "told"), [(900, "100.0 ms later than the lease"), (1100, "within the lease")]
)
def test_step_down_is_held_against_the_lease(tmp_path: Path, limit: int, told: str) -> None:
    """The leader last heard n2 at 5.0 and n3 at 3.0: with n2 it had its majority until 5.0."""
    answer = {"type": "append_response", "term": 1, "success": True}
    found = of(
        tmp_path,
        config("n1", "n2", "n3", lease_ms=limit),
        at("n1", "leader", 1, ts=1.0),
        line("n1", "recv", frm="n3", ts=3.0, msg=answer),
        line("n1", "recv", frm="n2", ts=5.0, msg=answer),
        line("n1", "role", old_role="leader", new_role="follower", old_term=1, new_term=1, ts=6.0),
    )
    assert [fall.after_contact for fall in found.step_downs] == [1.0]
    assert told in render_stats(found)


def test_the_message_that_deposes_a_leader_is_no_contact(tmp_path: Path) -> None:
    answer, ask = {"type": "append_response", "success": True}, {"type": "request_vote", "term": 2}
    leads, follows = {"role": "leader", "term": 1}, {"role": "follower", "term": 2}
    found = of(
        tmp_path,
        at("n1", "leader", 1, ts=1.0),
        line("n1", "recv", frm="n2", ts=2.0, msg=answer),
        line("n1", "recv", frm="n2", ts=7.0, msg=ask, pre=leads, state=follows),
        at("n2", "leader", 2, ts=5.0),
        at("n3", "follower", 2, ts=5.0),
    )
    assert [(f.after_contact, f.after_successor) for f in found.step_downs] == [(5.0, 2.0)]


def test_stale_requests_are_counted_with_their_answers(tmp_path: Path) -> None:
    def stale(mid: str) -> Line:
        return line("n1", "recv", frm="n2", mid=mid, msg={"type": "append", "term": 1})

    def answer(mid: str, success: bool) -> Line:
        msg = {"type": "append_response", "term": 3, "success": success, "re": mid}
        return line("n1", "send", to="n2", msg=msg)

    late = line("n1", "recv", frm="n2", msg={"type": "append_response", "term": 2, "success": True})
    lines = [at("n1", "follower", 3), stale("a"), answer("a", False), stale("b"), answer("b", True)]
    found = of(tmp_path, *lines, stale("c"), answer("other", True), late)
    rows = [(f.type, f.sender, f.term, f.own_term, f.count, f.refused, f.acknowledged) for f in found.fenced]
    assert rows == [("append", "n2", 1, 3, 3, 1, 1), ("append_response", "n2", 2, 3, 1, 0, 0)]
    text = render_stats(found)
    assert "1 refused, 1 ACKNOWLEDGED, 1 no answer logged" in text
    assert "a late answer" in text


def test_a_node_that_forgot_its_term_gets_no_stale_messages(tmp_path: Path) -> None:
    old = line("n1", "recv", frm="n2", msg={"type": "append", "term": 1})
    assert of(tmp_path, at("n1", term=3), *after_restart(at("n1", term=1), old)).fenced == ()


def test_client_operations_by_node_and_term(tmp_path: Path) -> None:
    def op(event: str, number: int, f: str = "put", **fields: object) -> Line:
        return line("n1", event, op=str(number), f=f, key="k", **fields)

    leads = {"role": "leader", "term": 4}
    found = of(
        tmp_path,
        *(op("client_invoke", number) for number in range(4)),
        op("client_ok", 0, state=leads),
        op("client_ok", 1, entry=[7, 3]),
        op("client_fail", 2, error="not leader", hint="n2"),
        op("client_invoke", 9, f="get"),
        op("client_ok", 9, f="get"),
    )
    (row,) = found.operations
    assert (row.writes_asked, row.writes_acknowledged, row.writes_refused, row.reads) == (4, 2, 1, 1)
    assert (row.acknowledged_by_term, row.refusals) == ({4: 1, 3: 1}, {"not leader": 1})
    assert row.redirects == {"n2": 1}


def test_commits_and_restarts(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        at("n1", "follower", 2, commit=1, last=[4, 2]),
        at("n1", "follower", 2, commit=3, last=[5, 2]),
        line("n1", "commit", entry=[5, 2]),
        *after_restart(at("n1", "follower", 1, commit=0, last=[5, 2])),
    )
    assert [(c.node, c.index, c.last, c.advances) for c in found.commits] == [("n1", 5, 5, 2)]
    assert [(r.node, r.inc, r.term_before, r.term_after) for r in found.restarts] == [("n1", "b", 2, 1)]


def test_members_that_log_nothing_are_named(tmp_path: Path) -> None:
    text = render_stats(of(tmp_path, config("n1", "n2", "n3"), at("n1", "follower", 1)))
    assert "without a line: n2, n3" in text


def test_a_log_without_answers_does_not_tell_of_contact(tmp_path: Path) -> None:
    """Votes alone: its leader heard more than it logged."""
    found = of(
        tmp_path,
        config("n1", "n2", "n3", lease_ms=900),
        line("n1", "recv", frm="n2", ts=1.0, msg={"type": "vote_response", "term": 1, "granted": True}),
        at("n1", "leader", 1, ts=1.0),
        at("n1", "follower", 1, ts=6.0),
    )
    assert [fall.after_contact for fall in found.step_downs] == [None]


def test_writes_without_a_term_are_of_the_term_that_their_node_leads(tmp_path: Path) -> None:
    ok = line("n1", "client_ok", op="1", f="put", key="k")
    found = of(tmp_path, at("n1", "leader", 3), ok, at("n1", "follower", 4), {**ok, "op": "2"})
    assert found.operations[0].acknowledged_by_term == {3: 1}


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0.00034, "340 us"),
        (0.0125, "12.5 ms"),
        (2.333, "2.333 s"),
        (200.2, "3 min 20 s"),
        (-0.5, "-500.0 ms"),
    ],
)
def test_durations_have_units(duration: float, text: str) -> None:
    assert seconds(duration) == text


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared recordings are not beside this checkout")
def test_figures_are_what_the_driver_of_the_recording_saw_and_did() -> None:
    folder = SHARED / "pysyncobj" / "failover-0.3.17-journal"
    driver = [json.loads(text) for text in (folder / "driver.jsonl").read_text().splitlines()]
    found = stats(sorted(folder.glob("node*.ndjson")))
    number = {node: index for index, node in enumerate(found.nodes, start=1)}
    for seen in driver:
        if "leader" in seen:
            reigns = [r for r in found.reigns if (r.start or 0) <= seen["ts"] <= (r.until or 0)]
            assert number[max(reigns, key=lambda r: r.term or 0).node] == seen["leader"]
    starts = [seen for seen in driver if seen.get("act") == "start"]
    assert len(found.restarts) == len(starts) - len(found.nodes)
    wakes = [seen for seen in driver if seen.get("sig") == "SIGCONT"]
    for wake in wakes:
        falls = [fall for fall in found.step_downs if number[fall.reign.node] == wake["node"]]
        assert any(0 <= (fall.reign.end or 0) - wake["ts"] < 0.5 for fall in falls)
