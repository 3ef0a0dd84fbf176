"""Rules that need clocks, and what is committed: logs that pass, fail, or only look like failing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracelogs import Line, at, check, config, line, result

from trace_check import Report, Verdict, render_text
from trace_check.rules import Outcome, RuleResult

CLUSTER = config("n1", "n2", "n3", lease_ms=900, clock_error_ms=50)
OTHERS = [at("n2", ts=0.0), at("n3", ts=0.0)]
LEADER = {"role": "leader", "term": 1, "commit": 0}


def numbered(*lines: Line) -> list[Line]:
    """The lines of n1 counted from 1, as those of other nodes are not."""
    own = iter(range(1, len(lines) + 1))
    return [{**item, "seq": next(own)} if item.get("node") == "n1" else item for item in lines]


def elected(ts: float = 0.0, node: str = "n1", term: int = 1) -> Line:
    return line(node, "role", ts=ts, old_role="candidate", new_role="leader", old_term=term, new_term=term,
                reason="won")  # fmt: skip


def contact(ts: float | None, frm: str = "n2", **fields: object) -> Line:
    msg = {"type": "append_response", "term": 1, "success": True}
    return line("n1", "recv", frm=frm, msg=msg, **({} if ts is None else {"ts": ts}), **fields)


def appended(ts: float, node: str = "n1", term: int = 1) -> Line:
    state = {"role": "leader", "term": term}
    return line(node, "append", ts=ts, op="w9", entries=[[1, term]], state=state)


def client(event: str, ts: float, node: str = "n1", term: int = 1, op: str = "w1", **fields: object) -> Line:
    state = {"role": "leader", "term": term}
    return line(node, event, ts=ts, op=op, **{"f": "put", "state": state, **fields})


def read(ts: float, node: str = "n1", term: int = 1, **fields: object) -> Line:
    return line(node, "read", ts=ts, f="get", state={"role": "leader", "term": term}, **fields)


def run(tmp_path: Path, *lines: Line, cluster: Line = CLUSTER) -> Report:
    return check(tmp_path, cluster, *OTHERS, *numbered(*lines))


OVERRUN = {
    "an append": [elected(), contact(1.0), appended(2.0)],
    "a read": [elected(), contact(1.0), read(2.0)],
    "a write that came and was acknowledged": [
        elected(), contact(1.0), client("client_invoke", 2.0), client("client_ok", 2.1)],
    "an append after the lease expired": [
        elected(), contact(1.0), line("n1", "lease_expire", ts=1.1, state=LEADER), appended(1.2)],
    "contact with one of four peers only": [
        config("n1", "n2", "n3", "n4", "n5"), elected(), contact(1.0), contact(1.0, "n3"), contact(1.9),
        appended(2.0)],
}  # fmt: skip


@pytest.mark.parametrize("case", OVERRUN)
def test_acceptance_after_the_lease_is_rejected(tmp_path: Path, case: str) -> None:
    lines = OVERRUN[case]
    cluster = CLUSTER
    if "four" in case:
        cluster, lines = config("n1", "n2", "n3", "n4", "n5", lease_ms=900), lines[1:]
    report = run(tmp_path, *lines, cluster=cluster)
    found = result(report, "LeaseOverrun")
    assert (report.verdict, found.outcome) == (Verdict.REJECTED, Outcome.FAIL)
    assert "n1, leader of term 1, " in found.findings[0].text


IN_TIME = {
    "within lease and error": [elected(), contact(1.0), appended(1.94)],
    "the lease was renewed": [elected(), contact(1.0), line("n1", "lease_renew", ts=1.8), appended(2.0)],
    "contact without a time": [elected(), contact(1.0), contact(None), appended(2.0)],
    "a new reign": [elected(), contact(1.0), at("n1", "follower", 2, ts=1.1),
                    elected(5.0, term=3), contact(5.1), appended(5.2, term=3)],
    "contact between write and answer": [elected(), contact(1.0), client("client_invoke", 2.0), contact(2.1),
                                         client("client_ok", 2.2)],
    "a refused write": [elected(), contact(1.0), client("client_invoke", 2.0), client("client_fail", 2.1)],
    "contact is not logged at all": [elected(), appended(2.0)],
    "another clock jumped": [elected(), contact(1.0, mono=10.0), {**appended(9.0), "mono": 10.1}],
}  # fmt: skip


@pytest.mark.parametrize("case", IN_TIME)
def test_acceptance_that_may_be_within_the_lease_is_not(tmp_path: Path, case: str) -> None:
    lines = IN_TIME[case]
    if "clock" in case:
        lines = [{**lines[0], "mono": 9.0}, *lines[1:]]
    found = result(run(tmp_path, *lines), "LeaseOverrun")
    assert (found.count, found.doubts) == (0, ())


def test_lines_that_may_be_missing_allow_contact(tmp_path: Path) -> None:
    gap = [{**item, "seq": seq} for item, seq in zip(OVERRUN["an append"], (1, 2, 9), strict=True)]
    report = check(tmp_path, CLUSTER, *OTHERS, *gap)
    assert result(report, "LeaseOverrun").count == 0
    unnumbered = check(tmp_path, CLUSTER, *OTHERS, *OVERRUN["an append"])
    assert unnumbered.verdict is Verdict.INCONCLUSIVE
    assert "unless contact was not logged" in unnumbered.reasons[0]


def test_late_acknowledgement_alone_is_a_doubt(tmp_path: Path) -> None:
    report = run(tmp_path, elected(), contact(1.0), client("client_ok", 2.0))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "accepted after the lease, or answered late" in report.reasons[0]


def test_a_node_alone_is_its_own_quorum(tmp_path: Path) -> None:
    alone = config("n1", lease_ms=900)
    lines = [elected(), line("n1", "lease_renew", ts=1.0), appended(9.0)]
    assert result(check(tmp_path, alone, *numbered(*lines)), "LeaseOverrun").count == 0


def test_report_says_where_the_verdict_rests_on_clocks(tmp_path: Path) -> None:
    overrun = run(tmp_path, *OVERRUN["an append"])
    assert "and rests on clocks (LeaseOverrun)" in render_text(overrun)
    assert "rests on clocks" not in render_text(check(tmp_path, at("n1", "leader", 1), at("n2", "leader", 1)))


def test_without_a_declared_lease_nothing_is_overrun(tmp_path: Path) -> None:
    report = run(tmp_path, *OVERRUN["an append"], cluster=config("n1", "n2", "n3"))
    assert result(report, "LeaseOverrun").outcome is Outcome.NOT_CHECKABLE
    assert "lease_ms" in result(report, "LeaseOverrun").coverage


def test_step_down_later_than_the_lease_is_a_deviation(tmp_path: Path) -> None:
    def stepped(ts: float) -> RuleResult:
        return result(
            run(tmp_path, elected(), contact(1.0), at("n1", "follower", 1, ts=ts)), "StepDownInTime"
        )

    assert stepped(1.9).outcome is Outcome.PASS
    late = stepped(3.0)
    assert (late.outcome, late.count) == (Outcome.DEVIATION, 1)
    assert late.findings[0].text == "n1 led on 2.000 s after its last contact with a quorum"


ELECTED_LATER = elected(5.0, "n2", 2)
NO_LEASE = config("n1", "n2", "n3", clock_error_ms=50)


@pytest.mark.parametrize(
    ("cluster", "lines", "count"),
    [
        (NO_LEASE, [client("client_invoke", 6.0), client("client_ok", 6.1)], 1),
        (NO_LEASE, [client("client_invoke", 4.0), client("client_ok", 6.1)], 0),
        (NO_LEASE, [client("client_invoke", 5.04), client("client_ok", 6.1)], 0),
        (NO_LEASE, [client("client_invoke", 6.0), client("client_fail", 6.1)], 0),
        (NO_LEASE, [appended(6.0)], 0),
        (CLUSTER, [appended(6.0)], 1),
        (CLUSTER, [appended(5.04)], 0),
        (config("n1", "n2", "n3"), [client("client_invoke", 6.0), client("client_ok", 6.1)], 0),
    ],
)
def test_writes_of_two_leaders_at_once(tmp_path: Path, cluster: Line, lines: list[Line], count: int) -> None:
    for order in ([elected(), *lines, ELECTED_LATER], [ELECTED_LATER, elected(), *lines]):
        found = result(check(tmp_path, cluster, at("n3"), *order), "WriteExclusion")
        assert found.count == count
    if count:
        assert found.findings[0].against[0].text == "n2 leads term 2"


COMMITTED_LATER = line("n2", "client_ok", ts=5.0, op="w9", f="put", entry=[3, 2])


@pytest.mark.parametrize(
    ("cluster", "lines", "count"),
    [
        (CLUSTER, [read(6.0)], 1),
        (CLUSTER, [read(5.04)], 0),
        (NO_LEASE, [read(6.0)], 0),
        (NO_LEASE, [client("client_invoke", 5.9, op="r", f="get"), read(6.0, op="r")], 1),
        (NO_LEASE, [client("client_invoke", 4.9, op="r", f="get"), read(6.0, op="r")], 0),
        (NO_LEASE, [line("n1", "read", ts=6.0, f="get", state={"role": "follower", "term": 1})], 0),
    ],
)
def test_stale_reads(tmp_path: Path, cluster: Line, lines: list[Line], count: int) -> None:
    report = check(tmp_path, cluster, at("n3"), elected(), *lines, ELECTED_LATER, COMMITTED_LATER)
    assert result(report, "StaleRead").count == count


def leads(node: str, term: int, end: int) -> Line:
    return at(node, "leader", term, last=[end, 1], commit=0)


@pytest.mark.parametrize(
    ("committed", "leader", "count"),
    [
        (at("n1", term=1, commit=3, last=[3, 1]), leads("n2", 2, 2), 1),
        (at("n1", term=1, commit=3, last=[3, 1]), leads("n2", 2, 3), 0),
        (at("n1", term=2, commit=3, last=[3, 1]), leads("n2", 2, 2), 0),
        (at("n1", term=3, commit=3, last=[3, 1]), leads("n2", 2, 2), 0),
        (line("n1", "send", to="n3", msg={"type": "append", "term": 1, "prev": [3, 1], "commit": 3}),
         leads("n2", 2, 2), 1),
        (line("n1", "send", to="n3", msg={"type": "append", "term": 1, "prev": [2, 1], "commit": 3}),
         leads("n2", 2, 2), 0),
    ],
)  # fmt: skip
def test_later_leaders_hold_what_is_committed(
    tmp_path: Path, committed: Line, leader: Line, count: int
) -> None:
    for lines in ([committed, leader], [leader, committed]):
        found = result(check(tmp_path, *lines, at("n3", term=0)), "LeaderCompleteness")
        assert found.count == count
    if count:
        assert found.findings[0].text == "n2 leads term 2 with a log up to 2"


@pytest.mark.parametrize(("entries", "count"), [([[3, 2]], 1), ([[3, 1], [4, 2]], 0), ([[4, 2]], 0)])
def test_a_leaders_own_entries_tell_where_its_log_ended(
    tmp_path: Path, entries: list[list[int]], count: int
) -> None:
    """Its first entry hides by its index that the log was too short."""
    committed = at("n1", "leader", 1, commit=3, last=[3, 1])
    appended = line("n2", "append", entries=entries, state={"role": "leader", "term": 2, "last": entries[-1]})
    found = result(check(tmp_path, committed, appended), "LeaderCompleteness")
    assert found.count == count
    if count:
        assert found.findings[0].text == "n2 leads term 2 with a log up to 2"


@pytest.mark.parametrize(
    ("after", "count"),
    [
        (at("n1", term=2, last=[2, 1]), 1),
        (at("n1", term=2, last=[3, 1]), 0),
        (line("n1", "truncate", entry=[2, 1]), 1),
        (line("n1", "truncate", entry=[3, 1]), 0),
        ({**at("n1", term=2, last=[2, 1]), "inc": "b"}, 1),
    ],
)
def test_nothing_committed_is_cut(tmp_path: Path, after: Line, count: int) -> None:
    known = at("n1", term=1, commit=3, last=[4, 1])
    assert result(check(tmp_path, known, after), "CommittedStays").count == count
    forgetful = check(tmp_path, config("n1", durable=False), known, {**after, "inc": "b"})
    assert result(forgetful, "CommittedStays").count == 0


@pytest.mark.parametrize(("fields", "count"), [({"hint": "n1"}, 1), ({"to": "n1"}, 1), ({"hint": "n2"}, 0)])
def test_redirect_to_itself(tmp_path: Path, fields: Line, count: int) -> None:
    report = check(tmp_path, line("n1", "client_fail", op="w", f="put", error="redirect", **fields), at("n2"))
    found = result(report, "RedirectSound")
    assert found.count == count
    assert found.outcome is (Outcome.FAIL if count else Outcome.PASS)


def test_a_cluster_of_one_is_always_in_contact(tmp_path: Path) -> None:
    report = check(tmp_path, config("n1", lease_ms=900, clock_error_ms=50), elected(), appended(9.0))
    assert result(report, "LeaseOverrun").outcome is not Outcome.FAIL


def test_what_begins_a_term_is_no_write(tmp_path: Path) -> None:
    """A leader elected late, by old votes, appends an entry of its own and needs no lease for that."""
    own = line("n1", "append", ts=9.0, entries=[[1, 1]], state={"role": "leader", "term": 1})
    lines = [elected(8.9), own, elected(1.0, "n2", 2)]
    assert result(check(tmp_path, CLUSTER, at("n3", ts=0.0), *lines), "WriteExclusion").count == 0
    second = {**own, "ts": 9.1, "entries": [[2, 1]]}
    assert result(check(tmp_path, CLUSTER, at("n3", ts=0.0), *lines, second), "WriteExclusion").count == 1


def test_a_late_acknowledgement_of_what_was_appended_in_time_is_no_doubt(tmp_path: Path) -> None:
    late = [elected(), contact(1.0), appended(1.5), client("client_ok", 2.5, op="w9")]
    assert run(tmp_path, *late).verdict is Verdict.ACCEPTED
    unnamed = [elected(), contact(1.0), {**appended(1.5), "op": None}, client("client_ok", 2.5, op="w9")]
    assert run(tmp_path, *unnamed).verdict is Verdict.INCONCLUSIVE
