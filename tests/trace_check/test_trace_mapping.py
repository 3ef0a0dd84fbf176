# ruff: noqa: E501  (mappings in one line)
"""Mappings: what they make of a log, what is wrong in them by line, and what is proposed from a sample."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tracelogs import result
from typer.testing import CliRunner

from trace_check import Verdict, sample, validate
from trace_check.cli import app
from trace_check.errors import InputError
from trace_check.event import NOBODY, NodeState
from trace_check.reader import read
from trace_check.rules import Outcome

DOC = Path(__file__).parents[2] / "docs" / "formats" / "mapping.md"
RUN = CliRunner()


def blocks() -> list[str]:
    """The indented blocks of the page, without their indentation."""
    found, block = [], list[str]()
    for line in [*DOC.read_text().splitlines(), "end"]:
        if line.startswith("    ") or (block and not line):
            block.append(line[4:])
        elif block:
            found.append("\n".join(block).strip() + "\n")
            block = []
    return found


def mapping(tmp_path: Path, text: str) -> str:
    path = tmp_path / "my.toml"
    path.write_text(text)
    return str(path)


def log(tmp_path: Path, *lines: object, name: str = "server.log") -> Path:
    path = tmp_path / name
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_the_example_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    _, lines, text, *_ = blocks()
    path = log(tmp_path, *lines.splitlines())
    role, state = read([path], mapping(tmp_path, text)).events
    assert (role.kind, role.node, role.new_role, role.new_term, role.reason) == (
        "role",
        "7",
        "leader",
        4,
        "said so",
    )
    assert role.ts == pytest.approx(1767225600.123)
    assert state.state == NodeState(role="leader", term=4, vote="7", commit=12)


PLAIN = '[fields]\nnode = "n"\nevent = "e"\n"state.term" = "t"\n"state.role" = "r"\n'


def test_lines_that_name_native_events(tmp_path: Path) -> None:
    path = log(
        tmp_path, {"n": "a", "e": "state", "t": "4", "r": "Leader"}, {"n": "a", "e": "gossip"}, "no JSON"
    )
    source = read([path], mapping(tmp_path, PLAIN))
    assert [event.state for event in source.events] == [NodeState(role="leader", term=4)]
    assert (source.files[0].skipped, source.files[0].format) == (2, "mapped")


def test_verdict_through_a_mapping(tmp_path: Path) -> None:
    one = log(tmp_path, {"n": "a", "e": "state", "t": 4, "r": "leader"}, name="a.log")
    two = log(tmp_path, {"n": "b", "e": "state", "t": 4, "r": "leader"}, name="b.log")
    report = validate([one, two], format=mapping(tmp_path, PLAIN))
    assert report.verdict is Verdict.REJECTED
    assert result(report, "ElectionSafety").outcome is Outcome.FAIL


def test_pairs_words_constants_and_files(tmp_path: Path) -> None:
    text = """
[log]
time = "ns"
other = "doubt"
[fields]
node = "@file"
ts = ["none", "when"]
"state.last_index" = "raft.log.end"
"state.last_term" = "raft.term"
"state.vote" = "raft.vote"
[[events]]
when = { kind = "*", n = "3", ok = "true" }
event = "send"
fields = { to = "=b", "msg.type" = "=append", "msg.prev_index" = "i", "msg.prev_term" = "j" }
"""
    line = {"kind": 1, "n": 3, "ok": True, "when": 1767225600 * 10**9, "i": 7, "j": "2"}
    path = log(
        tmp_path,
        {**line, "raft.log": {"end": 9}, "raft": {"term": 2, "vote": None}},
        {"kind": 1},
        name="s1.log",
    )
    source = read([path], mapping(tmp_path, text))
    (event,) = source.events
    assert (event.node, event.ts, event.state) == ("s1", 1767225600.0, NodeState(last=(9, 2), vote=NOBODY))
    assert event.msg is not None
    assert (event.msg.type, event.msg.dst, event.msg.prev) == ("append", "b", (7, 2))
    assert [item.what for item in source.unmapped] == ["the line fits no rule of the mapping"]


@pytest.mark.parametrize(
    ("text", "line", "what", "mend"),
    [
        ("[fields\n", 1, "no TOML", "correct the TOML"),
        ('[fields]\nnode = "n"\nevent = "e"\n"state.trem" = "t"\n', 4, "unknown field 'state.trem'", "did you mean 'state.term'"),
        ('[fields]\nnode = "n"\nevent = 3\n', 3, "event is not mapped to a path", "write a path"),
        ('[feilds]\nnode = "n"\n', 1, "unknown key 'feilds'", "did you mean 'fields'"),
        ('[log]\ntime = "hours"\n', 2, "time is 'hours'", "use one of s, ms"),
        ('[fields]\nnode = "n"\n', 1, "the mapping makes no event", "add [[events]]"),
        ('[fields]\nevent = "e"\n', 1, "the mapping names no node", 'add "node"'),
        ('[fields]\nnode = "n"\n[[events]]\nwhen = { a = "1" }\nevent = "vtoe"\n', 5, "unknown event 'vtoe'", "did you mean 'vote'"),
        ('[fields]\nnode = "n"\n\n[[events]]\nevent = "vote"\n', 4, "the rule has no condition", "add when"),
        ('[fields]\nnode = "n"\n[[events]]\nwhen = { a = "1" }\nevent = "role"\n[[events]]\nwhen = { a = "re:(" }\nevent = "role"\n',
         7, "no regular expression", "correct what follows re:"),
        ('[fields]\nnode = "n"\n[[events]]\nwhen = { a = "re:(?P<rolle>x)" }\nevent = "role"\n', 4, "unknown field 'rolle'", "did you mean"),
        ('[fields]\nnode = "n"\n[[events]]\nwhen = { a = "1" }\n', 3, "no event is named", "use one of"),
        ('[fields]\nnode = "n"\nevent = "e"\n[values."state.rolle"]\nX = "leader"\n', 4, "unknown field 'state.rolle'", "'state.role'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_line(tmp_path: Path, text: str, line: int, what: str, mend: str) -> None:
    asked = mapping(tmp_path, text)
    path = log(tmp_path, {"n": "a"})
    with pytest.raises(InputError, match=re.escape(what)) as error:
        read([path], asked)
    assert (str(error.value.path), error.value.line) == (asked, line)
    assert mend in error.value.mend


def test_a_line_that_does_not_fit_the_schema_names_line_and_mapping(tmp_path: Path) -> None:
    path = log(tmp_path, {"n": "a", "e": "state", "t": 1}, {"n": "a", "e": "state", "t": -1})
    with pytest.raises(InputError, match=r"server\.log:2: a field has the wrong type") as error:
        read([path], mapping(tmp_path, PLAIN))
    assert error.value.mend == "change the mapping my.toml, or the line"
    with pytest.raises(InputError, match=r"none\.toml: cannot be read"):
        read([path], str(tmp_path / "none.toml"))


def suggested(tmp_path: Path, path: Path) -> str:
    made = RUN.invoke(app, ["map", "--suggest", str(path)])
    assert made.exit_code == 0, made.output
    return mapping(tmp_path, made.stdout)


def test_proposal_finds_time_node_term_role_and_event(tmp_path: Path) -> None:
    lines = [
        {"when": 1767225600000 + at, "server": f"s{at % 3}", "action": "state change" if at % 2 else "vote cast",
         "raft": {"epoch": at // 10, "mode": "LEADING" if at % 3 == 0 else "FOLLOWING", "votedFor": "s0"}, "note": "x"}
        for at in range(40)
    ]  # fmt: skip
    path = log(tmp_path, *lines)
    asked = suggested(tmp_path, path)
    text = Path(asked).read_text()
    assert 'ts = "when"' in text
    assert "# Not used: note" in text
    events = read([path], asked).events
    assert len(events) == 40
    assert {event.kind for event in events} == {"role", "vote"}
    assert {event.node for event in events} == {"s0", "s1", "s2"}
    assert events[3].state == NodeState(role="leader", term=0, vote="s0")
    assert events[3].ts == pytest.approx(1767225600.003)


def test_proposal_reads_sentences(tmp_path: Path) -> None:
    sentences = ["peer up", "node became candidate at term 4", "node became leader at term 4"]
    path = log(
        tmp_path, *({"ts": f"2026-01-01T00:00:0{at}Z", "msg": text} for at, text in enumerate(sentences))
    )
    events = read([path], suggested(tmp_path, path)).events
    assert [(event.new_role, event.new_term, event.node) for event in events] == [
        ("candidate", 4, "server"),
        ("leader", 4, "server"),
    ]


@pytest.mark.parametrize("name", ["failover", "hashicorp_failover", "etcd_lose_quorum"])
def test_proposals_from_recordings_can_be_used(tmp_path: Path, name: str) -> None:
    path = next(path for path in sample(name) if path.suffix in (".log", ".ndjson"))
    assert read([path], suggested(tmp_path, path)).events


def test_proposal_for_a_log_without_anything(tmp_path: Path) -> None:
    path = log(tmp_path, {"a": [1]})
    assert "say which lines are events" in Path(suggested(tmp_path, path)).read_text()
    bad = RUN.invoke(app, ["map", "--suggest", str(log(tmp_path, "text"))])
    assert bad.exit_code == 2
    assert "no line of this file is a JSON object" in bad.stderr


def test_trial_counts_what_each_rule_finds(tmp_path: Path) -> None:
    text = '[fields]\nnode = "n"\n[[events]]\nwhen = { k = "up" }\nevent = "init"\n[[events]]\nwhen = { k = "down" }\nevent = "stop"\n'
    asked = mapping(tmp_path, text)
    path = log(tmp_path, {"n": "a", "k": "up"}, {"n": "a", "k": "odd"})
    made = RUN.invoke(app, ["map", asked, str(path)])
    assert made.exit_code == 0
    assert made.stdout.replace(str(tmp_path), "DIR") == (
        "DIR/my.toml: 2 rules, 1 fields for every event: the mapping can be used\n"
        "DIR/server.log: 1 events, 1 other lines\n"
        "  rule 1 (init): 1 lines\n"
        "  rule 2 (stop): 0 lines\n"
        '  fits no rule: DIR/server.log:2: {"n": "a", "k": "odd"}\n'
    )
    wrong = RUN.invoke(app, ["map", mapping(tmp_path, "[log]\nx = 1\n")])
    assert (wrong.exit_code, "my.toml:2: unknown key 'x'" in wrong.stderr) == (2, True)
