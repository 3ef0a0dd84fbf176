"""The page of a trace: what it says, that nothing in a log can break it, and that it needs nothing else."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tracelogs import Line, after_restart, at, config, line, write
from typer.testing import CliRunner

from trace_check import sample, validate
from trace_check.cli import app
from trace_check.load import load
from trace_check.page import render_page
from trace_check.page.data import differences, sums
from trace_check.places import ShortNames

RUN = CliRunner()


def page(*files: Path) -> str:
    return render_page(validate(files), load(files))


def page_of(tmp_path: Path, *lines: Line) -> str:
    return page(write(tmp_path / "all.ndjson", lines))


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="text/plain" id="data">([^<]*)</script>', text)
    assert found
    return dict(json.loads(gzip.decompress(base64.b64decode(found[1]))))


def told(data: dict[str, Any]) -> list[str]:
    """The text of each event after its node's name."""
    events = data["events"]
    pairs = zip(events["node"], events["text"], strict=True)
    return [f"{data['nodes'][node]} {events['texts'][text]}" for node, text in pairs]


def visible(text: str) -> str:
    """The page without its styles, scripts and tags."""
    body = re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def test_rejected_page_tells_the_chain_and_the_impact() -> None:
    text = visible(page(*sample("double_vote")))
    chain = (
        "1 n1 voted n3 in term 1 n1.ndjson:3 2 n1 restarted with term 0, was 1 n1.ndjson:6 "
        "3 n1 voted n2 in term 1 n1.ndjson:7 4 term 1 already led by n2 n2.ndjson:6 "
        "5 n3 leads term 1 n3.ndjson:6"
    )
    assert text.strip().startswith("REJECTED: ElectionSafety REJECTED ElectionSafety n3 leads term 1")
    assert chain in text
    assert "put x=by-second acknowledged by n2 in term 1" in text
    assert "ElectionSafety safety fail (1)" in text
    assert "n2 of term 1 and n3 of term 1" in text


def test_accepted_page_marks_its_deviations() -> None:
    text = page(*sample("failover"))
    assert "No contradiction, with deviations" in visible(text)
    (index, rule, told_text, kind) = data_of(text)["marks"][0]
    assert (rule, kind) == ("StaleRejected", "deviation")
    assert "append of term 1 from n3 dropped" in told_text
    assert "receives heartbeat of term 1 from n3" in told(data_of(text))[index]


def test_the_chain_of_a_rejection_has_no_deviations(tmp_path: Path) -> None:
    """They are marked on the lanes."""
    record = line("n1", "role", old_role="candidate", new_role="leader", new_term=1)
    text = page_of(tmp_path, record, at("n1", "leader", 1), at("n2", "leader", 1))
    assert {mark[3] for mark in data_of(text)["marks"]} >= {"root", "deviation"}
    assert "role record without" not in visible(text)


def test_the_page_asks_for_nothing() -> None:
    text = page(*sample("double_vote"))
    assert "default-src 'none'" in text
    assert not re.search(r"""\b(src|href)\s*=\s*(?!"(data:|#))""", text)
    assert "http" not in re.sub(r"http-equiv", "", text)
    assert "@import" not in text
    assert "url(" not in text


def test_the_same_log_makes_the_same_page() -> None:
    assert page(*sample("double_vote")) == page(*sample("double_vote"))


def test_a_log_cannot_write_markup(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    write_line = line(evil, "client_invoke", op="1", f="put", key=evil, value="{{ 7 * 7 }}")
    text = page_of(tmp_path, at(evil, "leader", 1), write_line, at("n2", "leader", 1))
    assert "alert(1)</script>" not in text
    assert "&lt;/script&gt;" in text
    assert any("{{ 7 * 7 }}" in one for one in told(data_of(text)))


def test_a_log_without_events_has_no_timeline(tmp_path: Path) -> None:
    text = page_of(tmp_path)
    assert "no event was found" in visible(text)
    assert 'id="lanes"' not in text
    assert 'id="data"' not in text


def test_columns_hold_what_the_log_says(tmp_path: Path) -> None:
    append = {"type": "append", "term": 1, "prev": [0, 0], "entries": [[1, 1], [2, 1]], "commit": 0}
    text = page_of(
        tmp_path,
        at("n1", "leader", 1, ts=10.0),
        line("n1", "send", to="n2", mid="m", ts=10.5, msg=append),
        line("n2", "recv", frm="n1", mid="m", ts=10.75, msg=append),
        line("n2", "send", to="n1", msg={"type": "append_response", "success": True, "index": 2}),
    )
    data = data_of(text)
    assert told(data) == [
        "n1 state: leader, term 1",
        "n1 sends append of term 1 to n2, entries 1 to 2, commit 0",
        "n2 receives append of term 1 from n1, entries 1 to 2, commit 0",
        "n2 sends append response to n1, accepted, up to 2",
    ]
    assert sums(data["events"]["time"]) == [0, 500_000, 750_000, 750_000]
    assert sums(data["events"]["line"]) == [1, 2, 3, 4]
    assert data["events"]["cause"] == [0, 0, 1, 0]
    assert [data["groups"][group] for group in data["events"]["group"]] == ["state", *["replication"] * 3]
    assert json.loads(data["raw"]["1"])["mid"] == "m"


@pytest.mark.parametrize(
    ("made", "text", "group"),
    [
        (line("n1", "init", state={"role": "follower", "vote": None}), "init: follower, no vote", "roles"),
        (
            line("n1", "role", old_role="leader", new_role="follower", new_term=3, reason="lease_expired"),
            "role: leader to follower in term 3, lease_expired",
            "roles",
        ),
        (
            line("n1", "send", to="n2", msg={"type": "request_vote", "term": 2, "last": [4, 1]}),
            "sends request vote of term 2 to n2, last entry 4 of term 1",
            "votes",
        ),
        (
            line("n1", "recv", frm="n2", msg={"type": "vote_response", "term": 2, "granted": False}),
            "receives vote response of term 2 from n2, refused",
            "votes",
        ),
        (
            line("n1", "recv", frm="n2", msg={"type": "append", "term": 2, "entries": [], "commit": 3}),
            "receives heartbeat of term 2 from n2, commit 3",
            "heartbeats",
        ),
        (
            line("n1", "recv", frm="n2", msg={"type": "append_response", "term": 2, "success": False}),
            "receives append response of term 2 from n2, rejected",
            "replication",
        ),
        (line("n1", "append", entries=[[4, 2]]), "append: entry 4", "replication"),
        (line("n1", "commit", entry=[5, 2]), "commit: entry 5 of term 2", "replication"),
        (
            line("n1", "client_fail", op="1", f="put", key="k", error="no leader"),
            "client fail: put k, no leader",
            "clients",
        ),
        (line("n1", "lease_renew"), "lease renew", "leases"),
        (line("n1", "role", new_role="candidate", new_term=4), "role: candidate in term 4", "roles"),
    ],
)
def test_events_in_words(tmp_path: Path, made: Line, text: str, group: str) -> None:
    data = data_of(page_of(tmp_path, made))
    assert told(data) == [f"n1 {text}"]
    assert data["groups"][data["events"]["group"][0]] == group


def test_the_cone_is_what_happened_before_the_finding(tmp_path: Path) -> None:
    ask = {"type": "request_vote", "term": 1}
    text = page_of(
        tmp_path,
        config("n1", "n2", "n3"),
        at("n3", "follower", 0, ts=1.0),
        line("n3", "send", to="n1", mid="m", ts=2.0, msg=ask),
        at("n2", "leader", 1, ts=3.0),
        at("n2", "leader", 1, ts=4.0),
        line("n1", "recv", frm="n3", mid="m", ts=5.0, msg=ask),
        at("n1", "leader", 1, ts=6.0),
        at("n1", "leader", 1, ts=7.0),
        at("n3", "follower", 1, ts=8.0),
    )
    data = data_of(text)
    assert [told(data)[index] for index in sums(data["cone"])] == [
        "n3 state: follower, term 0",
        "n3 sends request vote of term 1 to n1",
        "n2 state: leader, term 1",
        "n1 receives request vote of term 1 from n3",
        "n1 state: leader, term 1",
    ]


def test_leases_and_spans(tmp_path: Path) -> None:
    data = data_of(
        page_of(
            tmp_path,
            at("n1", "leader", 2, ts=1.0),
            line("n1", "lease_renew", ts=2.0),
            line("n1", "lease_renew", ts=3.0),
            line("n1", "lease_expire", ts=4.0),
            *after_restart(at("n1", "follower", 2, ts=5.0)),
        )
    )
    assert data["leases"] == [[0, 1, 3]]
    assert [span[1:6] for span in data["spans"]] == [
        ["leader", 2, 0, 4, "restarts"],
        ["follower", 2, 4, 4, "the log ends"],
    ]


def test_lanes_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path, *(at(node, "follower", 1) for node in ("n10", "n2", "a", "n1"))))
    assert data["nodes"] == ["a", "n1", "n2", "n10"]
    assert sorted(data["events"]["node"]) == [0, 1, 2, 3]


def test_many_notes_are_folded(tmp_path: Path) -> None:
    lost = [{**at(node, "follower", 1), "seq": seq} for node in ("n1", "n2", "n3", "n4") for seq in (1, 3)]
    text = page_of(tmp_path, *lost)
    assert '<details class="notes"><summary>4 notes on what was read' in text
    assert '<details class="notes" open><summary>1 note on' in page_of(tmp_path, *lost[:2])


def test_files_are_named_by_what_tells_them_apart() -> None:
    names = ShortNames(["logs/a/n1.log", "logs/b/n1.log", "logs/b/n2.log"])
    assert [names.of(path) for path in ("logs/a/n1.log", "logs/b/n1.log", "logs/b/n2.log", "other")] == [
        "a/n1.log",
        "b/n1.log",
        "n2.log",
        "other",
    ]
    assert names.within("see logs/b/n2.log:3 and logs/a/n1.log") == "see n2.log:3 and a/n1.log"


def test_differences_have_an_inverse() -> None:
    for values in ([], [5], [3, 3, 1, 9]):
        assert sums(differences(values)) == values


def test_command_writes_the_page(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    run = RUN.invoke(app, ["validate", "--html", str(out), *map(str, sample("double_vote"))])
    assert run.exit_code == 1
    assert out.read_text() == page(*sample("double_vote"))
    refused = RUN.invoke(app, ["validate", "--html", str(tmp_path), *map(str, sample("double_vote"))])
    assert refused.exit_code == 2
    assert "cannot be written" in refused.output
