"""Each rule: a log that passes it, logs that fail it, and logs that only look as if they did."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracelogs import Line, after_restart, at, check, config, line, result

from trace_check import Verdict
from trace_check.rules import RULES, Kind, Outcome


def stale_append(**fields: object) -> Line:
    """n1, in term 3, receives an append of term 2 from n2."""
    pre = {"role": "follower", "term": 3, "vote": "n3", "commit": 1, "last": [2, 1]}
    msg = {"type": "append", "term": 2, "prev": [2, 1], "entries": [[3, 2]], "commit": 2}
    return line("n1", "recv", **{"frm": "n2", "mid": "m1", "msg": msg, "pre": pre, **fields})


def response(**msg: object) -> Line:
    return line("n1", "send", to="n2", msg={"type": "append_response", **msg})


def granted(to: str, term: int, **fields: object) -> Line:
    return line("n1", "send", to=to, msg={"type": "vote_response", "term": term, "granted": True}, **fields)


def role(node: str, old: str, new: str, old_term: int, new_term: int, **fields: object) -> Line:
    terms = {"old_term": old_term, "new_term": new_term}
    return line(node, "role", old_role=old, new_role=new, **terms, **{"reason": "x", "ts": 1.0, **fields})


def write_ok(node: str, entry: list[int], commit: int) -> Line:
    state = {"role": "leader", "term": 2, "commit": commit}
    return line(node, "client_ok", op="w1", f="put", key="x", value="1", entry=entry, state=state)


def leading(commit: int, last: list[int], term: int = 3) -> Line:
    return at("n1", "leader", term, commit=commit, last=last)


PASSES: list[tuple[str, list[Line]]] = [
    ("ElectionSafety", [at("n1", "leader", 1), at("n2", "leader", 2), at("n1", "leader", 1)]),
    ("StateMachineSafety", [at("n1", commit=2, last=[2, 1]), at("n2", commit=2, last=[2, 1])]),
    ("OkIsChosen", [write_ok("n1", [5, 2], commit=5)]),
    ("VoteStable", [at("n1", term=1, vote="n2"), *after_restart(at("n1", term=1, vote="n2"))]),
    ("TermMonotonic", [at("n1", term=1), *after_restart(at("n1", term=1), at("n1", term=4))]),
    ("NoAckToStale", [stale_append(), response(term=3, success=False)]),
    ("StaleFrame", [stale_append(state={"term": 3, "vote": "n3", "commit": 1, "last": [2, 1]})]),
    ("CommitOnlyCurrentTerm", [leading(1, [2, 1]), leading(1, [3, 3]), leading(3, [3, 3])]),
    ("LeaderAppendOnly", [leading(1, [3, 3]), leading(1, [4, 3]), leading(1, [2, 3], term=5)]),
    ("CommitMonotonic", [at("n1", commit=4), *after_restart(at("n1", commit=1))]),
    ("CommitWithinLog", [at("n1", commit=4, last=[4, 1])]),
    ("LegalTransition", [role("n1", "follower", "candidate", 0, 1), role("n1", "candidate", "leader", 1, 1)]),
    ("StaleRejected", [stale_append(), response(term=3, success=False, re="m1")]),
    (
        "DeposedWrite",
        [
            at("n1", "leader", 1),
            line("n1", "client_invoke", op="w1", f="put", state={"role": "follower", "term": 2}),
            line("n1", "client_fail", op="w1", f="put", error="redirect"),
        ],
    ),
    (
        "AuditFaithful",
        [
            role("n1", "follower", "candidate", 0, 1),
            at("n1", "leader", 1),
            role("n1", "candidate", "leader", 1, 1),
        ],
    ),
]

FAILS: list[tuple[str, str, list[Line]]] = [
    (
        "ElectionSafety",
        "n2 leads term 1",
        [at("n1", "leader", 1), at("n1", "follower", 2), at("n2", "leader", 1)],
    ),
    (
        "ElectionSafety",
        "n3 leads term 1",
        [
            line("n1", "recv", frm="n2", msg={"type": "append", "term": 1}),
            line("n1", "recv", frm="n3", msg={"type": "append", "term": 1}),
        ],
    ),
    (
        "ElectionSafety",
        "n2 leads term 4",
        [
            role("n1", "candidate", "leader", 4, 4),
            line("n2", "send", to="n1", ts=2.0, msg={"type": "snapshot", "term": 4}),
        ],
    ),
    (
        "StateMachineSafety",
        "entry 2 of term 2 is committed on n2",
        [at("n1", commit=2, last=[2, 1]), at("n2", commit=2, last=[2, 2])],
    ),
    (
        "StateMachineSafety",
        "entry 1 of term 2 is committed on n2",
        [
            at("n1", commit=2, last=[2, 1]),
            line("n2", "send", to="n3", msg={"type": "append", "term": 2, "prev": [1, 2], "commit": 1}),
        ],
    ),
    (
        "StateMachineSafety",
        "entry 3 of term 1 is committed on n2",
        [line("n1", "commit", entry=[2, 2]), line("n2", "snapshot", entry=[3, 1])],
    ),
    (
        "StateMachineSafety",
        "entry 5 of term 3 is committed on n2",
        [write_ok("n1", [5, 2], commit=5), line("n2", "commit", entry=[5, 3])],
    ),
    ("OkIsChosen", "with commit index 4", [write_ok("n1", [5, 2], commit=4)]),
    (
        "OkIsChosen",
        "n2 acknowledged put y=2 as entry 5 of term 2",
        [
            write_ok("n1", [5, 2], commit=5),
            line("n2", "client_ok", op="w2", f="put", key="y", value="2", entry=[5, 2]),
        ],
    ),
    ("VoteStable", "n1 voted n3 in term 1", [at("n1", term=1, vote="n2"), at("n1", term=1, vote="n3")]),
    (
        "VoteStable",
        "n1 voted n3 in term 1",
        [
            granted("n2", 1),
            *after_restart(granted("n3", 1)),
        ],
    ),
    (
        "VoteStable",
        "n1 voted n2 in term 1",
        [
            line("n1", "send", to="n2", msg={"type": "request_vote", "term": 1}),
            at("n1", term=1, vote="n2"),
            line("n2", "stop"),
        ],
    ),
    ("VoteStable", "n1 forgot its vote for n2", [at("n1", term=1, vote="n2"), at("n1", term=1, vote=None)]),
    ("TermMonotonic", "n1 went back to term 1, was 2", [at("n1", term=2), at("n1", term=1)]),
    (
        "TermMonotonic",
        "n1 restarted with term 0, was 2",
        [at("n1", term=2), *after_restart(at("n1", term=0))],
    ),
    (
        "TermMonotonic",
        "n1 went back to term 1, was 2",
        [line("n1", "send", to="n2", msg={"type": "append", "term": 2}), at("n1", term=1)],
    ),
    (
        "NoAckToStale",
        "in term 3, acknowledged term 2 to n2",
        [at("n1", term=3), response(term=2, success=True)],
    ),
    (
        "NoAckToStale",
        "in term 3, acknowledged term 2 to n2",
        [stale_append(), response(success=True, re="m1")],
    ),
    (
        "NoAckToStale",
        "in term 3, acknowledged term 2 to n2",
        [at("n1", term=3), granted("n2", 2)],
    ),
    ("StaleFrame", "changed its last", [stale_append(state={"term": 3, "commit": 1, "last": [3, 2]})]),
    ("StaleFrame", "changed its vote", [stale_append(state={"vote": "n2"})]),
    (
        "CommitOnlyCurrentTerm",
        "committed entry 2 of an older term",
        [leading(1, [2, 1]), leading(2, [3, 3])],
    ),
    ("LeaderAppendOnly", "cut its log to 2, was 3", [leading(1, [3, 3]), leading(1, [2, 1])]),
    (
        "LeaderAppendOnly",
        "truncated its log as leader",
        [line("n1", "truncate", entry=[1, 1], pre={"role": "leader", "term": 2})],
    ),
    ("CommitMonotonic", "went back to commit index 3, was 4", [at("n1", commit=4), at("n1", commit=3)]),
    ("CommitWithinLog", "commit index 5, its log ends at 4", [at("n1", commit=5, last=[4, 1])]),
    ("LegalTransition", "from follower to leader", [role("n1", "follower", "leader", 1, 1)]),
    ("LegalTransition", "from leader to candidate", [role("n1", "leader", "candidate", 1, 2)]),
    ("LegalTransition", "from term 3 back to 2", [role("n1", "candidate", "follower", 3, 2)]),
    ("LegalTransition", "without an election", [role("n1", "leader", "leader", 1, 2)]),
    (
        "LegalTransition",
        "n1 leads term 1 again",
        [at("n1", "leader", 1), at("n1", "follower", 1), at("n1", "leader", 1)],
    ),
    (
        "StaleRejected",
        "append of term 2 from n2 answered without a term",
        [stale_append(), response(success=False)],
    ),
    ("StaleRejected", "answered with term 2", [stale_append(), response(term=2, success=False)]),
    (
        "StaleRejected",
        "append of term 2 from n2 dropped",
        [stale_append(), line("n1", "recv", frm="n2", msg={"type": "append", "term": 3}, pre={"term": 3})],
    ),
    (
        "DeposedWrite",
        "n1 acknowledged put x=1 after it was deposed",
        [
            at("n1", "leader", 1),
            line("n1", "client_invoke", op="w1", f="put", state={"role": "follower", "term": 2}),
            line("n1", "client_ok", op="w1", f="put", key="x", value="1"),
        ],
    ),
    ("AuditFaithful", "role record without reason", [role("n1", "follower", "candidate", 0, 1, reason=None)]),
    (
        "AuditFaithful",
        "role record from candidate, the last one ended at leader",
        [role("n1", "candidate", "leader", 1, 1), role("n1", "candidate", "follower", 1, 2)],
    ),
    (
        "AuditFaithful",
        "n1 is follower without a record of the change",
        [role("n1", "candidate", "leader", 1, 1), at("n1", "follower", 2)],
    ),
]

IN_TEST_TRACE_OUTCOMES = {"DefiniteFail", "FreshRead"}
IN_TEST_TRACE_LEASES = {
    *("LeaderCompleteness", "CommittedStays", "WriteExclusion", "StaleRead", "LeaseOverrun"),
    *("RedirectSound", "StepDownInTime"),
}

# fmt: off
LOOKALIKES: list[tuple[str, str, list[Line]]] = [
    ("TermMonotonic", "a queued message of an old term", [
        at("n1", term=3), line("n1", "send", to="n2", msg={"type": "append", "term": 2})]),
    ("TermMonotonic", "a pre-vote carries a term nobody is in", [
        line("n1", "send", to="n2", msg={"type": "prevote", "term": 5}), at("n1", term=4)]),
    ("TermMonotonic", "a restart of a node declared not durable", [
        config("n1", durable=False), at("n1", term=2), *after_restart(at("n1", term=0))]),
    ("VoteStable", "a restart of a node declared not durable", [
        config("n1", durable=False), at("n1", term=2, vote="n1"),
        *after_restart(at("n1", term=2, vote="n2"))]),
    ("VoteStable", "a vote sent before the state shows it", [
        granted("n2", 1, state={"term": 1, "vote": None}), at("n1", term=1, vote="n2")]),
    ("VoteStable", "states name nodes otherwise than messages do", [
        granted("n2", 1), at("n1", term=1, vote="10.0.0.2:7000"), at("n2", term=1)]),
    ("ElectionSafety", "messages name the leader by its address", [
        at("n1", "leader", 1), line("n2", "recv", frm="10.0.0.1:7000", msg={"type": "append", "term": 1})]),
    ("ElectionSafety", "a term line in the middle of a step-down", [
        at("n1", "leader", 1), at("n2", "leader", 2),
        line("n1", "term", state={"role": "leader", "term": 2})]),
    ("CommitMonotonic", "no incarnations: the step back may be a restart", [
        {"node": "n1", "event": "state", "state": {"commit": 4}},
        {"node": "n1", "event": "state", "state": {"commit": 1}}]),
    ("NoAckToStale", "the answer carries the higher term", [stale_append(), response(term=3, success=True)]),
    ("LegalTransition", "an unlogged candidacy between two states", [
        at("n1", "follower", 1), at("n1", "leader", 2)]),
    ("LeaderAppendOnly", "a follower truncates", [
        at("n1", "leader", 1, last=[5, 1]), at("n1", "follower", 2, last=[3, 1])]),
    ("CommitOnlyCurrentTerm", "the entry's term is not proven", [
        at("n1", "leader", 3, commit=1), at("n1", "leader", 3, commit=2)]),
    ("OkIsChosen", "a follower answers for the leader", [
        line("n1", "client_ok", op="w", f="put", entry=[5, 2], state={"role": "follower", "commit": 4})]),
    ("OkIsChosen", "two nodes answer for one write", [
        write_ok("n1", [5, 2], commit=5), line("n2", "client_ok", op="w1", f="put", entry=[5, 2])]),
    ("OkIsChosen", "one node puts several writes into an entry", [
        write_ok("n1", [5, 2], commit=5), line("n1", "client_ok", op="w2", f="put", entry=[5, 2])]),
    ("DeposedWrite", "a follower that never led forwards", [
        line("n1", "client_invoke", op="w1", f="put", state={"role": "follower", "term": 2}),
        line("n1", "client_ok", op="w1", f="put")]),
    ("StateMachineSafety", "an uncommitted entry differs", [
        at("n1", commit=1, last=[2, 1]), at("n2", commit=2, last=[2, 2])]),
]
# fmt: on


@pytest.mark.parametrize(("rule", "lines"), PASSES, ids=lambda value: value if isinstance(value, str) else "")
def test_rule_passes(tmp_path: Path, rule: str, lines: list[Line]) -> None:
    assert result(check(tmp_path, *lines), rule).outcome is Outcome.PASS


@pytest.mark.parametrize(("rule", "text", "lines"), FAILS, ids=lambda v: v if isinstance(v, str) else "")
def test_rule_fails(tmp_path: Path, rule: str, text: str, lines: list[Line]) -> None:
    report = check(tmp_path, *lines)
    found = result(report, rule)
    assert any(text in finding.text for finding in found.findings), found
    if found.kind is Kind.SAFETY:
        assert found.outcome is Outcome.FAIL
        assert (report.verdict, report.exit_code) == (Verdict.REJECTED, 1)
    else:
        assert found.outcome is Outcome.DEVIATION
        assert report.verdict is not Verdict.REJECTED


@pytest.mark.parametrize(("rule", "why", "lines"), LOOKALIKES, ids=lambda v: v if isinstance(v, str) else "")
def test_rule_is_not_misled(tmp_path: Path, rule: str, why: str, lines: list[Line]) -> None:
    assert result(check(tmp_path, *lines), rule).count == 0


def test_every_rule_has_a_passing_and_a_failing_log() -> None:
    names = {rule.name for rule in RULES} - IN_TEST_TRACE_LEASES - IN_TEST_TRACE_OUTCOMES
    assert names == {rule for rule, _ in PASSES} == {rule for rule, _, _ in FAILS}


def test_every_rule_says_why_it_is_not_checkable(tmp_path: Path) -> None:
    report = check(tmp_path, line("n1", "stop"))
    for item in report.rules:
        assert item.outcome is Outcome.NOT_CHECKABLE
        assert item.coverage
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "no safety rule found anything to check" in report.reasons


def test_coverage_counts_what_was_known(tmp_path: Path) -> None:
    report = check(tmp_path, at("n1", "leader", 1), line("n1", "stop"))
    assert result(report, "TermMonotonic").coverage == "term known for 1 of 2 events; restarts: 0"


def test_stale_requests_of_a_restarted_node_stay_open(tmp_path: Path) -> None:
    report = check(tmp_path, stale_append(), *after_restart(at("n1", term=3)))
    stale = result(report, "StaleRejected")
    assert stale.outcome is Outcome.NOT_CHECKABLE
    assert "1 open when their node stopped or its log ended" in stale.coverage
