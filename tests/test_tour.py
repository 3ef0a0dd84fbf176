"""The tour: with TLC as it is (slow), and with a stand-in for TLC that agrees or contradicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pymodel import cli, tour
from pymodel.check import check as search
from pymodel.engine.result import CheckResult, Verdict
from pymodel.errors import FenceError, ToolError
from pymodel.parity import Comparison, Row, count_rows
from pymodel.specfiles import find_cfg
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain, locate

WHAT = (
    "the spec holds",
    "the model holds",
    "spec and model agree",
    "a weakened guard shows",
    "real logs are judged",
)
Change = Callable[[CheckResult], CheckResult]


@cache
def check(cfg: Path) -> CheckResult:
    """Our answer, searched for once."""
    return search(cfg)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["tour", *arguments])


def summary(answer: Result) -> dict[str, tuple[str, str]]:
    """The word and the result of each row of the summary."""
    body = answer.stdout.partition("\nSummary\n")[2].partition("\n\n")[0]
    rows = {}
    for line in body.splitlines():
        word, rest = line.split(maxsplit=1)
        what = next(what for what in WHAT if rest.startswith(what))
        rows[what] = (word, rest.removeprefix(what).strip())
    return rows


def failed(answer: Result) -> set[str]:
    return {what for what, (word, _) in summary(answer).items() if word == "FAILED"}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a TLC in place that answers as our search does, changed by `change` for one cfg."""

    def put(cfg: str = "", change: Change = lambda result: result) -> None:
        def answer(path: Path) -> CheckResult:
            result = replace(check(path), tool="TLC 9.9", seconds={"total": 12.0})
            return change(result) if path.stem == cfg else result

        def check_by_tlc(spec: Path, path: Path, **_: Any) -> CheckResult:
            return answer(path)

        def compare(path: Path, **_: Any) -> Comparison:
            ours, tlc = check(path), answer(path)
            edges = Row("labelled edges", "2", "2", ours.distinct == tlc.distinct)
            return Comparison(path.stem, ours, tlc, (*count_rows(ours, tlc), edges))

        monkeypatch.setattr(tour, "check", check)
        monkeypatch.setattr(tour, "tlc_check", check_by_tlc)
        monkeypatch.setattr(tour, "compare", compare)
        monkeypatch.setattr(tour, "locate", lambda: Toolchain(Path("j"), Path("j"), "a jar", "a java", "9.9"))

    return put


@pytest.mark.slow
def test_the_whole_tour_with_tlc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    try:
        locate()
    except FenceError as missing:
        pytest.skip(f"the tour with TLC was skipped: {missing}")
    asked: list[str] = []

    def counted(spec: Path, cfg: Path, **options: Any) -> CheckResult:
        asked.append(cfg.stem)
        return tlc_check(spec, cfg, **options)

    monkeypatch.setattr(tour, "tlc_check", counted)
    page = tmp_path / "tour.html"
    answer = run("--html", str(page))
    assert answer.exit_code == 0, answer.stdout
    assert {what: word for what, (word, _) in summary(answer).items()} == dict.fromkeys(WHAT, "ok")
    assert asked == [tour.SPEC, tour.MUTANT]
    assert tour.MUTANT_BREAKS in page.read_text(encoding="utf-8")


def test_a_tour_where_all_agree(stand_in: Callable[..., None]) -> None:
    stand_in()
    answer = run()
    assert answer.exit_code == 0, answer.stdout
    rows = summary(answer)
    assert tuple(rows) == WHAT
    assert failed(answer) == set()
    small = check(find_cfg(tour.SPEC))
    assert rows["the spec holds"][1] == f"30 properties, {small.distinct:,} states, depth {small.depth}"
    assert "times as long" in rows["the model holds"][1]
    assert rows["a weakened guard shows"][1] == "both say ElectionSafety is violated after 13 states"
    assert rows["real logs are judged"][1] == "failover accepted, double_vote rejected"
    assert "pymodel doctor" not in answer.stdout
    assert len(answer.stdout.splitlines()) < 90


def test_the_tour_tells_the_steps_of_the_mutant_and_the_cause_of_the_bad_log(
    stand_in: Callable[..., None],
) -> None:
    stand_in()
    lines = [line.strip() for line in run().stdout.splitlines()]
    cex = check(find_cfg(tour.MUTANT)).counterexample
    assert cex is not None
    story = lines[lines.index("1  Init") :][: cex.length]
    told = [(number, title.partition("(")[0]) for number, title, *_ in map(str.split, story)]
    assert told == [(str(number), step.action) for number, step in enumerate(cex.steps, 1)]
    assert story[-1].split()[1:] == ["BecomeLeader(s2)", "role[s2]:", "Candidate", "->", "Leader"]
    assert any(line.endswith("role[s1]: Leader -> Follower, votedFor[s1]: s1 -> Nil") for line in story)
    assert "why:  term = 1, i = s1, j = s2" in lines
    rejected = next(line for line in lines if line.startswith("REJECTED"))
    assert "ElectionSafety" in rejected
    assert any(line.startswith("cause:") for line in lines)
    assert any(line.endswith("<- first contradiction") for line in lines)


def test_without_tlc_the_tour_goes_on_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Toolchain:
        raise ToolError("no TLC jar found", mend="install a jar")

    monkeypatch.setattr(tour, "locate", missing)
    answer = run()
    assert answer.exit_code == 1
    assert "not run: no TLC jar found" in answer.stdout
    assert "mend: install a jar" in answer.stdout
    assert failed(answer) == {"the spec holds", "spec and model agree", "a weakened guard shows"}
    assert "names  equal: " in answer.stdout
    assert "pymodel doctor" in answer.stdout.partition("\nNext\n")[2]


@pytest.mark.parametrize(
    ("cfg", "change", "expected"),
    [
        (tour.SPEC, lambda r: replace(r, distinct=r.distinct + 1), {"spec and model agree"}),
        (tour.SPEC, lambda r: replace(r, depth=r.depth + 1), {"spec and model agree"}),
        (
            tour.SPEC,
            lambda r: replace(r, verdict=Verdict.ERROR, detail="out of memory"),
            {"the spec holds", "spec and model agree"},
        ),
        (tour.GRAPH, lambda r: replace(r, distinct=r.distinct + 1), {"spec and model agree"}),
        (tour.MUTANT, lambda r: replace(r, violated="LogMatching"), {"a weakened guard shows"}),
        (
            tour.MUTANT,
            lambda r: replace(r, counterexample=None, violated=None, verdict=Verdict.OK),
            {"a weakened guard shows"},
        ),
    ],
)
def test_a_disagreement_fails_its_row_and_the_exit(
    cfg: str, change: Change, expected: set[str], stand_in: Callable[..., None]
) -> None:
    stand_in(cfg, change)
    answer = run()
    assert answer.exit_code == 1
    assert failed(answer) == expected


def test_what_tlc_says_of_its_failure_is_shown(stand_in: Callable[..., None]) -> None:
    stand_in(tour.SPEC, lambda r: replace(r, verdict=Verdict.ERROR, detail="out of memory"))
    assert "   out of memory\n" in run().stdout


def test_a_difference_is_shown_with_both_sides(stand_in: Callable[..., None]) -> None:
    stand_in(tour.SPEC, lambda r: replace(r, depth=999))
    depth = check(find_cfg(tour.SPEC)).depth
    assert f"DIFFERENT: depth: {depth} here, 999 in TLA+" in run().stdout


def test_a_mutant_that_breaks_something_else_fails_its_row(
    stand_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in()
    monkeypatch.setattr(tour, "MUTANT_BREAKS", "LogMatching")
    answer = run()
    assert answer.exit_code == 1
    assert failed(answer) == {"a weakened guard shows"}


def test_logs_judged_otherwise_fail_their_row(
    stand_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in()
    monkeypatch.setattr(tour, "GOOD_LOG", tour.BAD_LOG)
    monkeypatch.setattr(tour, "BAD_LOG", "failover")
    answer = run()
    assert answer.exit_code == 1
    assert failed(answer) == {"real logs are judged"}
