"""Good logs corrupted: what each corruption breaks is named, and what is harmless changes no verdict.

A naive oracle, which shares no code with the rules, says which rules a log breaks.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from trace_check import Report, Verdict, sample, validate
from trace_check.errors import InputError
from trace_check.rules import RULES, Kind, Outcome
from trace_check.tiers import Tier

from . import oracle
from .corruptions import CORRUPTIONS, Corruption
from .good_log import Line, Lines, good_log
from .harmless import FIELDS, WRITERS, without

KINDS = {rule.name: rule.kind for rule in RULES}


def by_rules(paths: list[Path]) -> Report:
    """The report of the rules alone: the replay has tests of its own."""
    return validate(paths, tier=Tier.rules)


def judged(path: Path, lines: Lines) -> Report:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return by_rules([path])


def broken(report: Report) -> set[str]:
    bad = (Outcome.FAIL, Outcome.DEVIATION)
    return {result.rule for result in report.rules if result.outcome in bad}


def recorded(name: str) -> Lines:
    return [json.loads(text) for path in sample(name) for text in path.read_text().splitlines()]


def test_there_are_enough_corruptions_and_each_rule_has_one() -> None:
    assert len(CORRUPTIONS) >= 25
    assert {corruption.rule for corruption in CORRUPTIONS} == {rule.__name__ for rule in oracle.RULES}


def test_the_good_log_is_good_and_each_rule_had_something_to_check(tmp_path: Path) -> None:
    report = judged(tmp_path / "all.ndjson", good_log())
    assert (report.verdict, broken(report)) == (Verdict.ACCEPTED, set())
    assert oracle.broken_rules(good_log()) == set()
    unchecked = {result.rule for result in report.rules if result.outcome is Outcome.NOT_CHECKABLE}
    assert not unchecked & {rule.__name__ for rule in oracle.RULES}


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.name)
def test_each_corruption_is_named_by_its_rule(corruption: Corruption, tmp_path: Path) -> None:
    lines = corruption.applied_to(good_log())
    report = judged(tmp_path / "all.ndjson", lines)
    assert corruption.rule in oracle.broken_rules(lines), "the oracle sees it"
    assert corruption.rule in broken(report), "the rule names it"
    safety = KINDS[corruption.rule] is Kind.SAFETY
    assert report.verdict is (Verdict.REJECTED if safety else Verdict.ACCEPTED)
    known = {rule.__name__ for rule in oracle.RULES}
    assert broken(report) & known == oracle.broken_rules(lines), "nothing else is broken"


# Harmless changes


def outcomes(report: Report) -> dict[str, tuple[Outcome, int]]:
    return {result.rule: (result.outcome, result.count) for result in report.rules}


@pytest.mark.parametrize("writer", WRITERS)
def test_how_a_log_is_written_changes_nothing(writer: str, tmp_path: Path) -> None:
    report = by_rules(WRITERS[writer](tmp_path, good_log()))
    assert report.verdict is Verdict.ACCEPTED
    assert outcomes(report) == outcomes(judged(tmp_path / "plain.ndjson", good_log()))


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.name)
def test_how_a_corrupted_log_is_written_changes_nothing(corruption: Corruption, tmp_path: Path) -> None:
    lines = corruption.applied_to(good_log())
    plain = judged(tmp_path / "plain.ndjson", lines)
    for number, (name, writer) in enumerate(WRITERS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        report = by_rules(writer(folder, lines))
        assert (report.verdict, broken(report)) == (plain.verdict, broken(plain)), name


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_left_out_changes_no_verdict(field: str, tmp_path: Path) -> None:
    report = by_rules(without(field)(tmp_path, good_log()))
    assert report.verdict is Verdict.ACCEPTED


# Logs from which something is missing


def test_a_node_without_lines_is_inconclusive(tmp_path: Path) -> None:
    report = judged(tmp_path / "all.ndjson", [line for line in good_log() if line.get("node") != "n3"])
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "node n3 is declared at" in report.reasons[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"event": "explode"}, "unknown event 'explode'"),
        ({"msg": {"type": "gossip"}}, "unknown message type"),
    ],
)
def test_a_line_without_a_meaning_is_inconclusive(change: Line, reason: str, tmp_path: Path) -> None:
    lines = good_log()
    lines[30].update(change)
    report = judged(tmp_path / "all.ndjson", lines)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert reason in report.reasons[0]
    assert "all.ndjson:31" in report.reasons[0]


def test_a_log_without_events_is_inconclusive(tmp_path: Path) -> None:
    report = judged(tmp_path / "all.ndjson", good_log()[:1])
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "no event was found" in report.reasons[-1]


def test_a_lost_line_is_noted(tmp_path: Path) -> None:
    lines = good_log()
    del lines[40]
    report = judged(tmp_path / "all.ndjson", lines)
    assert report.verdict is Verdict.ACCEPTED
    assert any("seq has gaps, 1 line may be missing" in note for note in report.notes)


@pytest.mark.parametrize("change", [lambda line: line, lambda line: {**line, "event": "state"}])
def test_a_line_that_is_there_twice_is_an_error_that_names_both(
    change: Callable[[Line], Line], tmp_path: Path
) -> None:
    lines = good_log()
    lines.insert(41, change(lines[40]))
    with pytest.raises(
        InputError, match=r"all.ndjson:42: seq \d+ of n\d occurs twice, first at .*all.ndjson:41"
    ):
        judged(tmp_path / "all.ndjson", lines)


def test_a_reversed_log_is_rejected_by_its_terms_and_clocks(tmp_path: Path) -> None:
    """Without `seq` the file is the order."""
    lines = good_log()
    turned = [{name: line[name] for name in line if name != "seq"} for line in reversed(lines[1:])]
    report = judged(tmp_path / "all.ndjson", [lines[0], *turned])
    assert report.verdict is Verdict.REJECTED
    assert report.explanation
    assert report.explanation.rule == "TermMonotonic"
    assert report.inversions > 0


def test_a_reversed_node_among_others_is_an_error_that_names_lines(tmp_path: Path) -> None:
    lines = good_log()
    others = [line for line in lines if line.get("node") != "n3"]
    turned = [
        {k: v for k, v in line.items() if k != "seq"} for line in reversed(lines) if line.get("node") == "n3"
    ]
    with pytest.raises(InputError, match=r"receipts come before their sendings.* receives what .* sends"):
        judged(tmp_path / "all.ndjson", [*others, *turned])


# One value changed at a time


def twisted(lines: Lines, chance: random.Random) -> Lines:
    """The lines with one value of one state or message changed: often a contradiction, often not."""
    changed: Lines = json.loads(json.dumps(lines))
    while True:
        line = chance.choice(changed)
        part = chance.choice(["pre", "state", "msg"])
        if not isinstance(line.get(part), dict):
            continue
        name = chance.choice([*line[part]])
        value = line[part][name]
        if name in ("re", "prev", "entries", "granted", "type") or (name == "term" and part == "msg"):
            continue
        if name == "role":
            line[part][name] = chance.choice(["follower", "candidate", "leader"])
        elif name == "vote":
            line[part][name] = chance.choice(["n1", "n2", "n3"])
        elif name == "success":
            line[part][name] = not value
        elif name == "last":
            line[part][name] = [
                max(0, value[0] + chance.choice([-1, 0, 1])),
                max(0, value[1] + chance.choice([-1, 1])),
            ]
        else:
            line[part][name] = max(0, value + chance.choice([-1, 1, 2]))
        return changed


OF_REIGNS = {"LegalTransition", "LeaderAppendOnly", "CommitOnlyCurrentTerm"}
"""Where a term goes back it is a matter of reading which lines are one reign."""


@pytest.mark.parametrize("seed", range(60))
def test_rules_and_oracle_agree_on_a_twisted_log(seed: int, tmp_path: Path) -> None:
    lines = twisted(good_log(), random.Random(seed))
    known = {rule.__name__ for rule in oracle.RULES}
    if "TermMonotonic" in oracle.broken_rules(lines):
        known -= OF_REIGNS
    assert broken(judged(tmp_path / "all.ndjson", lines)) & known == oracle.broken_rules(lines) & known
