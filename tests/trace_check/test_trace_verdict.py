"""The recordings: their verdicts, the explanation of the rejected ones, the report and the command."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from tracelogs import at, check, line, result
from typer.testing import CliRunner

from pymodel.errors import UsageError
from trace_check import Verdict, render_json, render_text, sample, validate
from trace_check.cli import app
from trace_check.errors import InputError
from trace_check.rules import RULES, Outcome
from trace_check.tiers import REPLAY

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
RUN = CliRunner()

DOUBLE_VOTE = """\
REJECTED  ElectionSafety  at n3.ndjson:6 (n3, incarnation {n3})
  n3 leads term 1
  term 1 already led by n2                (n2.ndjson:6)
  cause: n1 voted n3 in term 1            (n1.ndjson:3, incarnation {first})
         n1 restarted with term 0, was 1  (n1.ndjson:6, incarnation {second})  <- first contradiction
         n1 voted n2 in term 1            (n1.ndjson:7, incarnation {second})
  order: the first lines of the two leaders: neither follows from the other
  impact: put x=by-second acknowledged by n2 in term 1
          put x=by-first acknowledged by n3 in term 1
  also: OkIsChosen: n3 acknowledged put x=by-first as entry 3 of term 1 (n3.ndjson:18)
  also: VoteStable: n1 voted n2 in term 1 (n1.ndjson:7)
  also: TermMonotonic: n1 restarted with term 0, was 1 (n1.ndjson:6)
"""


def incarnation(path: Path, line_number: int) -> str:
    return str(json.loads(path.read_text().splitlines()[line_number - 1])["inc"])


def test_double_vote_is_rejected_with_its_cause() -> None:
    files = sample("double_vote")
    report = validate(files)
    assert (report.verdict, report.exit_code) == (Verdict.REJECTED, 1)
    n1, _, n3 = files
    expected = DOUBLE_VOTE.format(n3=incarnation(n3, 6), first=incarnation(n1, 3), second=incarnation(n1, 6))
    assert render_text(report).startswith(expected)


def test_refused_double_vote_is_accepted() -> None:
    report = validate(sample("double_vote_refused"))
    assert (report.verdict, report.exit_code, report.explanation) == (Verdict.ACCEPTED, 0, None)
    assert report.fencing.startswith("not checkable: no stale message in this log")


def test_failover_is_accepted_with_a_dropped_stale_request() -> None:
    report = validate(sample("failover"))
    assert (report.verdict, report.exit_code) == (Verdict.ACCEPTED, 0)
    assert [item.rule for item in report.deviations] == ["StaleRejected"]
    assert report.fencing.startswith("pass: ")
    strict = validate(sample("failover"), strict=True)
    assert (strict.verdict, strict.exit_code) == (Verdict.ACCEPTED, 1)
    assert "StaleRejected 1 (strict: exit code 1)" in render_text(strict).splitlines()[0]


def test_unknown_sample_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="double_vote, double_vote_refused, etcd_lose_quorum"):
        sample("none")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared recordings are not beside this checkout")
@pytest.mark.parametrize(
    ("pattern", "verdict", "root"),
    [
        ("pysyncobj/double_vote-0.3.14-journal/node*.ndjson", Verdict.REJECTED, "ElectionSafety"),
        ("pysyncobj/double_vote-0.3.17-journal/node*.ndjson", Verdict.ACCEPTED, None),
        ("pysyncobj/failover-0.3.17-journal/node*.ndjson", Verdict.ACCEPTED, None),
        ("etcd-raft/example.ndjson", Verdict.ACCEPTED, None),
    ],
)
def test_shared_recordings(pattern: str, verdict: Verdict, root: str | None) -> None:
    report = validate(sorted(SHARED.glob(pattern)))
    assert report.verdict is verdict
    assert (report.explanation.rule if report.explanation else None) == root
    if "etcd" in pattern:
        assert report.fencing.startswith("not checkable: no stale message in this log")
        assert (
            result(report, "CommitOnlyCurrentTerm").coverage
            == "entry term known for 51 of 51 commits of leaders"
        )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["failover", "double_vote_refused"])
def test_no_lost_line_or_field_rejects_a_good_trace(tmp_path: Path, name: str, seed: int) -> None:
    chance = random.Random(seed)
    lost_lines, lost_fields = chance.choice([0.02, 0.3, 0.8]), chance.choice([0.0, 0.05, 0.3])

    def thinned(value: object) -> object:
        if not isinstance(value, dict):
            return value
        kept = {"node", "event", "type", "kind"}
        return {k: thinned(v) for k, v in value.items() if k in kept or chance.random() >= lost_fields}

    lines = [json.loads(text) for path in sample(name) for text in path.read_text().splitlines()]
    left = [thinned(item) for item in lines if chance.random() >= lost_lines]
    try:
        report = check(tmp_path, *(item for item in left if isinstance(item, dict)))
    except InputError as error:
        assert "cannot be put in order" in error.message
    else:
        assert report.verdict is not Verdict.REJECTED


def test_cause_outside_the_logs_is_said(tmp_path: Path) -> None:
    report = check(tmp_path, at("n1", "leader", 1), at("n2", "leader", 1))
    assert "cause: not in these logs: no voter of this term is seen to take its vote back" in render_text(
        report
    )


def test_causes_of_other_roots_are_those_that_happened_before(tmp_path: Path) -> None:
    forgot = [at("n1", term=2), at("n1", term=1), at("n1", commit=2, last=[2, 1])]
    elsewhere = [at("n2", term=2), at("n2", term=1), at("n3", commit=2, last=[2, 2])]
    report = check(tmp_path, *elsewhere, *forgot)
    assert report.explanation is not None
    assert report.explanation.rule == "StateMachineSafety"
    own = {"n1"} if report.explanation.finding.node == "n1" else set()
    assert {cause.fact.seen.node for cause in report.explanation.causes} == own
    assert {other.rule for other in report.explanation.others} == {"TermMonotonic"}


def test_second_leader_that_knew_of_the_first_is_told_apart(tmp_path: Path) -> None:
    append = {"type": "append", "term": 1}
    report = check(
        tmp_path,
        line("n1", "send", to="n2", mid="m", msg=append, state={"role": "leader", "term": 1}),
        line("n2", "recv", frm="n1", mid="m", msg=append),
        at("n2", "leader", 1),
    )
    assert "the second follows from the first" in render_text(report)


def test_many_writes_are_counted(tmp_path: Path) -> None:
    state = {"role": "leader", "term": 1}
    oks = [line("n1", "client_ok", op=str(n), f="put", key="k", value=str(n), state=state) for n in range(8)]
    text = render_text(check(tmp_path, *oks, at("n2", "leader", 1)))
    assert "put k=0, put k=1, put k=2, put k=3, put k=4 and 3 more acknowledged by n1 in term 1" in text


def test_json_holds_the_whole_report() -> None:
    report = validate(sample("double_vote"))
    data = json.loads(render_json(report))
    assert data["verdict"] == "rejected"
    assert data["exit_code"] == 1
    assert data["fencing"] == report.fencing
    assert [item["rule"] for item in data["rules"]] == [*(rule.name for rule in RULES), REPLAY]
    assert data["replay"]["outcome"] == "diverged"
    assert data["explanation"]["finding"]["seen"]["place"]["line"] == 6
    assert {item["outcome"] for item in data["rules"]} <= {outcome.value for outcome in Outcome}


@pytest.mark.parametrize(("name", "code"), [("double_vote", 1), ("failover", 0)])
def test_command_prints_the_report_and_exits_with_its_code(name: str, code: int) -> None:
    files = [str(path) for path in sample(name)]
    run = RUN.invoke(app, ["validate", *files])
    assert run.exit_code == code
    assert run.output == render_text(validate(sample(name)))
    as_json = RUN.invoke(app, ["validate", "--json", *files])
    assert as_json.exit_code == code
    assert json.loads(as_json.output)["exit_code"] == code


def test_command_strict_and_inconclusive(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["validate", "--strict", *map(str, sample("failover"))]).exit_code == 1
    empty = tmp_path / "empty"
    empty.write_text("")
    run = RUN.invoke(app, ["validate", str(empty)])
    assert run.exit_code == 3
    assert "no event was found" in run.output


def test_command_reports_input_errors_without_a_verdict(tmp_path: Path) -> None:
    run = RUN.invoke(app, ["validate", str(tmp_path / "none")])
    assert run.exit_code == 2
    assert "no such file" in run.output
    assert "mend:" in run.output
    assert RUN.invoke(app, ["validate", "--log-format", "xml", *map(str, sample("failover"))]).exit_code == 2


@pytest.mark.parametrize(
    ("asked", "mend"), [("xml", "use one of text, json, junit, sarif"), ("native", "--log-format native")]
)
def test_command_tells_formats_of_logs_from_outputs(asked: str, mend: str) -> None:
    run = RUN.invoke(app, ["validate", "--format", asked, *map(str, sample("failover"))])
    assert run.exit_code == 2
    assert mend in run.output


def test_command_lists_every_rule_with_its_property() -> None:
    output = RUN.invoke(app, ["rules"]).output
    for rule in RULES:
        assert any(
            row.split()[:3] == [rule.name, rule.kind.value, rule.property] for row in output.splitlines()
        )


def test_guide_lists_every_rule_as_it_is() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "TRACES.md").read_text().splitlines()
    rows = [[cell.strip() for cell in row.split("|")[1:4]] for row in guide if row.startswith("| ")]
    for rule in RULES:
        assert [rule.name, rule.kind.value, rule.property] in rows
