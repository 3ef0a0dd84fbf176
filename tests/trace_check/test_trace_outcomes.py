"""What clients are told: logs that pass, fail, or only look like failing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracelogs import Line, at, check, config, line, result

from trace_check import Verdict
from trace_check.rules import Outcome

CLUSTER = config("n1", "n2", clock_error_ms=50)


def put(event: str, node: str = "n1", op: str = "w1", **fields: object) -> Line:
    return line(node, event, op=op, f="put", **fields)


def appended(op: str = "w1") -> Line:
    return line("n1", "append", op=op, entries=[[2, 1]], state={"role": "leader", "term": 1})


REFUSALS = {
    "appended and redirected": (
        [put("client_invoke"), appended(), put("client_fail", error="REDIRECT")],
        True,
    ),
    "appended and rejected": (
        [put("client_invoke"), appended(), put("client_fail", error="NO_QUORUM")],
        True,
    ),
    "appended and unknown": ([put("client_invoke"), appended(), put("client_fail", error="UNKNOWN")], False),
    "appended and timed out": (
        [put("client_invoke"), appended(), put("client_fail", error="timeout")],
        False,
    ),
    "another was appended": (
        [put("client_invoke"), appended("w2"), put("client_fail", error="REDIRECT")],
        False,
    ),
    "a new attempt was redirected": (
        [put("client_invoke"), appended(), put("client_invoke"), put("client_fail", error="REDIRECT")],
        False,
    ),
    "redirected by another node": (
        [put("client_invoke"), appended(), put("client_fail", "n2", error="REDIRECT")],
        False,
    ),
}


@pytest.mark.parametrize(("lines", "fails"), REFUSALS.values(), ids=REFUSALS)
def test_a_write_is_refused_for_good_only_if_it_was_not_appended(
    tmp_path: Path, lines: list[Line], fails: bool
) -> None:
    report = check(tmp_path, CLUSTER, at("n2"), *lines)
    assert (result(report, "DefiniteFail").outcome is Outcome.FAIL) is fails
    assert (report.verdict is Verdict.REJECTED) is fails


def read(ts: float, commit: int, node: str = "n2", **fields: object) -> list[Line]:
    state = {"role": "leader", "term": 2, "commit": commit}
    return [
        line(node, "client_invoke", ts=ts, op="r1", f="get", state=state),
        line(node, "read", ts=ts, op="r1", f="get", **{"state": state, **fields}),
    ]


ACKED = put("client_ok", ts=10.0, entry=[5, 1])
READS = {
    "older than the write": ([ACKED, *read(11.0, 4)], True),
    "as new as the write": ([ACKED, *read(11.0, 5)], False),
    "within the clock error": ([ACKED, *read(10.04, 4)], False),
    "at the same node": ([ACKED, *read(10.01, 4, "n1")], True),
    "of a follower": ([ACKED, *read(11.0, 4, state={"role": "follower", "term": 2, "commit": 4})], False),
    "came before the write was acknowledged": ([ACKED, *read(9.0, 4)], False),
}


@pytest.mark.parametrize(("lines", "fails"), READS.values(), ids=READS)
def test_a_leader_reads_what_was_acknowledged_before(tmp_path: Path, lines: list[Line], fails: bool) -> None:
    report = check(tmp_path, CLUSTER, at("n1", ts=1.0), at("n2", ts=1.0), *lines)
    assert (result(report, "FreshRead").outcome is Outcome.FAIL) is fails


def test_without_a_bound_of_the_clocks_no_read_is_judged(tmp_path: Path) -> None:
    report = check(tmp_path, config("n1", "n2"), at("n1", ts=1.0), ACKED, *read(11.0, 4))
    assert result(report, "FreshRead").outcome is Outcome.NOT_CHECKABLE


def test_without_names_of_operations_no_refusal_is_judged(tmp_path: Path) -> None:
    unnamed = line("n1", "append", entries=[[2, 1]], state={"role": "leader", "term": 1})
    report = check(
        tmp_path, CLUSTER, at("n2"), put("client_invoke"), unnamed, put("client_fail", error="REDIRECT")
    )
    assert result(report, "DefiniteFail").outcome is Outcome.NOT_CHECKABLE
