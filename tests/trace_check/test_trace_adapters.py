"""The foreign formats: what each line becomes, and how a format is recognised."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracelogs import Line, at, line, result, write

from trace_check import Report, Verdict, validate
from trace_check.event import NOBODY, Event, NodeState
from trace_check.reader import Input, read
from trace_check.rules import Outcome

FOLLOWER = {"role": "follower", "term": 2, "vote": None, "commit": 1, "last": [1, 0]}


def pysyncobj(node: str, event: str, seq: int, **fields: object) -> Line:
    return {"v": 1, "node": node, "inc": "1", "seq": seq, "event": event, **fields}


def start(node: str, journal: bool = True, **fields: object) -> Line:
    conf = {"raftMinTimeout": 0.4}
    return pysyncobj(node, "init", 1, journal=journal, peers=["a", "b"], conf=conf, state=FOLLOWER, **fields)


def parsed(tmp_path: Path, *lines: Line) -> Input:
    return read([write(tmp_path / "log", lines)])


def checked(tmp_path: Path, *lines: Line) -> Report:
    return validate([write(tmp_path / "log", lines)])


def only(events: list[Event], kind: str) -> Event:
    (event,) = (event for event in events if event.kind == kind)
    return event


def test_pysyncobj_state_on_a_receipt_is_the_one_before(tmp_path: Path) -> None:
    append = {"type": "append_entries", "term": 2, "commit_index": 1, "prevLogIdx": 1, "prevLogTerm": 0}
    source = parsed(
        tmp_path,
        start("a"),
        pysyncobj("a", "recv", 2, **{"from": "b"}, msg={**append, "entries": [[2, 2]]}, state=FOLLOWER),
        pysyncobj("a", "state", 3, reason="recv", prev={"commit": 1}, state={**FOLLOWER, "commit": 2}),
    )
    assert source.files[0].format == "pysyncobj"
    receipt, after = only(source.events, "recv"), only(source.events, "state")
    state = NodeState(role="follower", term=2, vote=NOBODY, commit=1, last=(1, 0))
    assert (receipt.pre, receipt.state) == (state, None)
    assert after.pre is None
    assert after.state is not None
    assert after.state.commit == 2
    assert receipt.msg is not None
    assert (receipt.msg.type, receipt.msg.prev, receipt.msg.entries) == ("append", (1, 0), ((2, 2),))


def test_pysyncobj_answers_and_snapshots(tmp_path: Path) -> None:
    source = parsed(
        tmp_path,
        start("a"),
        pysyncobj("a", "send", 2, to="b", msg={"type": "response_vote", "term": 2}),
        pysyncobj("a", "send", 3, to="b", msg={"type": "next_node_idx", "next_node_idx": 4, "success": True}),
        pysyncobj("a", "send", 4, to="b", msg={"type": "append_entries", "term": 2, "serialized": "x"}),
        pysyncobj("a", "driver", 5, note="stopped", state=FOLLOWER),
    )
    messages = [(m.type, m.ok, m.index) for m in (event.msg for event in source.events) if m is not None]
    assert messages == [("vote_response", True, None), ("append_response", True, 3), ("snapshot", None, None)]
    assert source.events[-1].kind == "state"
    assert [config.nodes for config in source.configs] == [("a", "b")]


def stale_append(seq: int) -> Line:
    msg = {"type": "append_entries", "term": 1, "commit_index": 1, "prevLogIdx": 1, "prevLogTerm": 0}
    return pysyncobj("a", "recv", seq, **{"from": "b"}, msg={**msg, "entries": []}, state=FOLLOWER)


def test_pysyncobj_answer_belongs_to_the_last_request(tmp_path: Path) -> None:
    ok = {"type": "next_node_idx", "next_node_idx": 2, "reset": False, "success": True}
    acknowledged = checked(tmp_path, start("a"), stale_append(2), pysyncobj("a", "send", 3, to="b", msg=ok))
    assert result(acknowledged, "NoAckToStale").outcome is Outcome.FAIL
    dropped = checked(tmp_path, start("a"), stale_append(2), stale_append(3))
    assert result(dropped, "NoAckToStale").outcome is Outcome.PASS
    assert result(dropped, "StaleRejected").count == 1


@pytest.mark.parametrize(("journal", "outcome"), [(True, Outcome.FAIL), (False, Outcome.PASS)])
def test_pysyncobj_journal_says_whether_the_term_is_durable(
    tmp_path: Path, journal: bool, outcome: Outcome
) -> None:
    forgetful = {**start("a", journal), "inc": "2", "state": {**FOLLOWER, "term": 0}}
    report = checked(tmp_path, start("a", journal), forgetful)
    assert result(report, "TermMonotonic").outcome is outcome


def test_pysyncobj_unknown_message_is_not_passed_over(tmp_path: Path) -> None:
    source = parsed(tmp_path, start("a"), pysyncobj("a", "send", 2, to="b", msg={"type": "hello"}))
    assert [item.what for item in source.unmapped] == ["unknown message type 'hello'"]


def test_files_that_could_be_either_follow_their_neighbours(tmp_path: Path) -> None:
    sure = write(tmp_path / "a", [start("a")])
    either = write(tmp_path / "b", [pysyncobj("b", "recv", 1, **{"from": "a"}, state=FOLLOWER)])
    assert [file.format for file in read([either, sure]).files] == ["pysyncobj", "pysyncobj"]
    assert [file.format for file in read([either]).files] == ["native"]
    assert [file.format for file in read([either], "pysyncobj").files] == ["pysyncobj"]


def etcd(nid: str, name: str, role: str = "Follower", **fields: object) -> Line:
    state = {"term": 2, "vote": "0", "commit": 5, **fields.pop("state", {})}  # type: ignore[dict-item]
    event = {"name": name, "nid": nid, "state": state, "role": f"State{role}", "log": 6, "conf": [["1"], []]}
    return {"level": "debug", "ts": 1.5, "msg": "trace", "tag": "trace", "event": {**event, **fields}}


def etcd_message(kind: str, src: str, dst: str, **fields: object) -> Line:
    empty = {"entries": 0, "logTerm": 0, "index": 0, "commit": 0, "vote": "0", "reject": False}
    return {"type": kind, "term": 2, "from": src, "to": dst, **empty, **fields}


def test_etcd_raft_lines(tmp_path: Path) -> None:
    append = etcd_message("MsgApp", "1", "2", logTerm=1, index=5, commit=5, entries=1)
    source = parsed(
        tmp_path,
        etcd("1", "InitState"),
        etcd("1", "BecomeLeader", "Leader"),
        etcd("1", "SendAppendEntriesRequest", "Leader", msg=append),
        etcd("2", "ReceiveAppendEntriesRequest", msg=append),
    )
    assert source.files[0].format == "etcd-raft"
    init, role, send, recv = source.events
    assert init.state == NodeState(role="follower", last=(6, None))
    assert (role.kind, role.new_role, role.new_term) == ("role", "leader", 2)
    assert send.msg is not None
    assert (send.msg.prev, send.msg.commit, send.state is not None, send.pre) == ((5, 1), 5, True, None)
    assert recv.pre is not None
    assert (recv.pre.vote, recv.state, recv.ts) == (NOBODY, None, 1.5)
    assert source.configs[0].nodes == ("1",)


def test_etcd_raft_restart_is_no_step_back(tmp_path: Path) -> None:
    fresh = {"term": 0, "vote": "0", "commit": 0}
    report = checked(
        tmp_path,
        etcd("1", "InitState", state=fresh),
        etcd("1", "BecomeFollower", state={"commit": 6}),
        etcd("1", "InitState", state=fresh),
        etcd("1", "BecomeFollower", state={"commit": 4}),
    )
    assert report.verdict is Verdict.ACCEPTED
    assert result(report, "TermMonotonic").coverage == "term known for 2 of 4 events; restarts: 1"


def test_etcd_raft_two_grants_in_one_term_are_rejected(tmp_path: Path) -> None:
    voted = {"vote": "2"}
    report = checked(
        tmp_path,
        etcd("1", "SendRequestVoteResponse", msg=etcd_message("MsgVoteResp", "1", "2")),
        etcd("1", "SendRequestVoteResponse", state=voted, msg=etcd_message("MsgVoteResp", "1", "3")),
    )
    assert report.explanation is not None
    assert report.explanation.finding.text == "1 voted 3 in term 2"
    refused = etcd_message("MsgVoteResp", "1", "3", reject=True)
    report = checked(
        tmp_path,
        etcd("1", "SendRequestVoteResponse", msg=etcd_message("MsgVoteResp", "1", "2")),
        etcd("1", "SendRequestVoteResponse", state=voted, msg=refused),
    )
    assert report.verdict is not Verdict.REJECTED


def test_etcd_raft_skips_ordinary_lines_and_says_so(tmp_path: Path) -> None:
    ordinary = {"level": "info", "ts": "2026-01-01T00:00:00Z", "msg": "started"}
    report = checked(tmp_path, etcd("1", "BecomeLeader", "Leader"), ordinary)
    assert report.verdict is Verdict.ACCEPTED
    assert any("1 ordinary log lines between the trace lines" in note for note in report.notes)


@pytest.mark.parametrize(
    "bad", [etcd("1", "BecomeKing"), etcd("1", "SendSnapshot", msg=etcd_message("MsgNew", "1", "1"))]
)
def test_etcd_raft_unknown_lines_are_not_passed_over(tmp_path: Path, bad: Line) -> None:
    report = checked(tmp_path, etcd("1", "BecomeLeader", "Leader"), bad)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "log:2: unknown" in report.reasons[0]


def test_native_prevote_is_no_vote(tmp_path: Path) -> None:
    asked = {"type": "request_vote", "term": 3, "prevote": True}
    source = parsed(tmp_path, line("n1", "send", to="n2", msg=asked), at("n1", "follower", 2, last_index=4))
    assert source.events[0].msg is not None
    assert source.events[0].msg.type == "prevote"
    assert source.events[1].state is not None
    assert source.events[1].state.last == (4, None)
