"""TLC's second opinion: it walks along each short log as far as the replay does."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import opinionlogs
import pytest
from modelwalks import Walk, thinned
from opinionlogs import BEHAVIOURS, odd_names, started
from twisted.corruptions import CORRUPTIONS
from twisted.good_log import Cluster, Lines, good_log
from typer.testing import CliRunner

from pymodel.errors import ToolError
from pymodel.specfiles import spec_folder
from pymodel.tlc.locate import Toolchain
from pymodel.tlc.run import Run
from trace_check import Verdict, sample, validate
from trace_check.cli import app
from trace_check.event import Place
from trace_check.load import Log, load
from trace_check.opinion import ask
from trace_check.opinion.ask import (
    LEFT_MAX,
    Opinion,
    TlcOpinion,
    Walked,
    opinions,
    second_opinion,
    walks,
)
from trace_check.opinion.data import LINES_MAX, trace_of, unfit
from trace_check.opinion.text import agrees_with_replay, agrees_with_rules, as_text
from trace_check.opinion.tla import module_text, tla
from trace_check.replay import ReplayResult
from trace_check.replay.run import replay
from trace_check.replay.survey import Survey

SHORT = ("failover", "double_vote", "double_vote_refused")


def logged(folder: Path, name: str, lines: Lines) -> Log:
    path = folder / f"{name}.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return load([path])


def replayed(log: Log) -> ReplayResult:
    return replay(log.events, Survey.of(log.events), log.configs)


def asked(folder: Path, named: Iterable[tuple[str, Lines]], toolchain: Toolchain) -> dict[str, TlcOpinion]:
    """TLC's opinions of the logs, by name, after each was held against the replay."""
    logs = {name: logged(folder, name, lines) for name, lines in named}
    found = dict(zip(logs, opinions(list(logs.values()), toolchain), strict=True))
    for name, log in logs.items():
        assert agrees_with_replay(found[name], replayed(log)) is True, name
    return found


# Logs that are behaviours


def test_what_a_correct_cluster_logs_is_a_behaviour(tmp_path: Path, toolchain: Toolchain) -> None:
    """Each of these logs needs one thing that the walk allows, and is refused without it."""
    found = asked(tmp_path, [(maker.__name__, maker()) for maker in BEHAVIOURS], toolchain)
    assert {name: told.left for name, told in found.items() if told.opinion is not Opinion.BEHAVIOUR} == {}
    assert {name for name, told in found.items() if not told.exact} == {"begins_in_the_middle"}


def test_behaviours_of_the_model_are_behaviours_of_the_spec(tmp_path: Path, toolchain: Toolchain) -> None:
    """Random walks of the Python model, whole and with a part of their fields left out."""
    named: list[tuple[str, Lines]] = []
    for seed in (5, 6):
        walk = Walk(seed, snapshots=seed % 2 == 1)
        walk.run(1000)
        config = {"v": 1, "kind": "config", "nodes": walk.names, "durable": True}
        for share in (0.0, 0.4):
            named.append((f"{seed}-{share}", [config, *thinned(walk.lines, seed, share)]))
    found = asked(tmp_path, named, toolchain)
    assert {opinion.opinion for opinion in found.values()} == {Opinion.BEHAVIOUR}


# Logs that are none


@pytest.mark.slow
def test_each_corrupted_log_is_left_where_the_replay_leaves_it(tmp_path: Path, toolchain: Toolchain) -> None:
    """And what then breaks a property of the spec is told by its name."""
    found = asked(tmp_path, [(c.name, c.applied_to(good_log())) for c in CORRUPTIONS], toolchain)
    assert len(found) == len(CORRUPTIONS)
    assert len([opinion for opinion in found.values() if opinion.left]) > 20
    assert {name: opinion.broken[0] for name, opinion in found.items() if opinion.broken} == {
        "second_leader_in_a_term": "ElectionSafety",
        "second_leader_shown_by_its_append": "ElectionSafety",
        "term_goes_back": "ElectionSafety",
        "two_entries_are_committed_at_one_index": "LeaderCompleteness",
        "leader_lacks_a_committed_entry": "LeaderCompleteness",
    }


def forged(cluster: Cluster) -> Lines:
    """n3 leads the term that n1 leads."""
    cluster.role("n3", "leader", "won_election", term=1)
    return cluster.lines


def committed_elsewhere(cluster: Cluster) -> Lines:
    """What n2 and n3 take as committed at index 1 is of different terms, and neither leads."""
    for name, term in (("n2", 1), ("n3", 0)):
        cluster.change(name, last=[1, term], commit=1)
        cluster.show(name, "commit", entry=[1, term])
    return cluster.lines


def test_each_property_that_is_looked_at_can_fail(tmp_path: Path, toolchain: Toolchain) -> None:
    """Split brains, and committed entries that differ: nothing but the lines themselves is needed."""
    found = asked(
        tmp_path,
        [
            ("split", forged(started())),
            ("apart", committed_elsewhere(started())),
            ("impossible", _commit_beyond_the_log(started())),
            ("lacking", _leads_without(started())),
        ],
        toolchain,
    )
    assert found["split"].broken == ("ElectionSafety",)
    assert found["split"].opinion is Opinion.BREAKS
    assert found["apart"].broken == ("StateMachineSafety",)
    assert found["impossible"].broken == ("StateMachineSafety",)
    assert found["lacking"].broken == ("LeaderCompleteness",)


def _commit_beyond_the_log(cluster: Cluster) -> Lines:
    cluster.change("n2", commit=3)
    cluster.show("n2", "commit")
    return cluster.lines


def _leads_without(cluster: Cluster) -> Lines:
    """n3 leads the next term and lacks what n1 and n2 committed in this."""
    cluster.append("n1", ("n2",), [1, 1], [0, 0])
    cluster.role("n3", "leader", "won_election", term=2, vote="n3")
    return cluster.lines


def test_a_log_about_something_else_is_given_up(
    tmp_path: Path, toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "LEFT_MAX", 2)
    cluster = started()
    for term in (5, 3, 4, 2):
        cluster.change("n2", term=term, vote="n1")
        cluster.show("n2", "state")
    log = logged(tmp_path, "jumps", cluster.lines)
    opinion = second_opinion(log, toolchain)
    assert (opinion.opinion, len(opinion.left), opinion.runs) == (Opinion.LEAVES, 2, 2)
    assert "2 lines are no step of the spec" in opinion.reason
    assert LEFT_MAX > 2


# What TLC is not asked


def test_logs_that_are_none_for_tlc_say_why(tmp_path: Path, toolchain: Toolchain) -> None:
    lines = good_log()
    often = [{**lines[1], "seq": number} for number in range(1, LINES_MAX + 2)]
    long = logged(tmp_path, "long", [lines[0], *often])
    moved = logged(tmp_path, "moved", [lines[0], {**lines[0], "nodes": ["n1", "n2", "n3", "n4"]}, *lines[1:]])
    thin = logged(tmp_path, "thin", [line for line in lines if line.get("event") != "recv"])
    for log, reason in (
        (long, f"{LINES_MAX + 1} events are too many for TLC: at most {LINES_MAX}"),
        (moved, "the membership changes, and in the spec it is fixed"),
        (thin, "there are candidates, but no line shows a node receiving a vote request"),
    ):
        assert unfit(log, Survey.of(log.events)) == reason
        opinion = second_opinion(log, toolchain)
        assert (opinion.opinion, opinion.reason, opinion.runs) == (Opinion.NONE, reason, 0)


def test_a_log_of_too_many_indexes_is_none_for_tlc(tmp_path: Path, toolchain: Toolchain) -> None:
    cluster = started()
    last = 10**18
    cluster.change("n1", last=[last, 1])
    cluster.show("n1", "append", entries=[[1, 1], [last, 1]])
    opinion = second_opinion(logged(tmp_path, "wide", cluster.lines), toolchain)
    assert opinion.opinion is Opinion.NONE
    assert f"{last} log indexes are too many for TLC" in opinion.reason


def test_a_run_that_takes_too_long_is_no_opinion(tmp_path: Path, toolchain: Toolchain) -> None:
    opinion = second_opinion(logged(tmp_path, "good", good_log()), toolchain, timeout_s=0.2)
    assert (opinion.opinion, opinion.runs) == (Opinion.NONE, 1)
    assert opinion.reason == "TLC had not finished after 0.2 s"


def test_a_spec_that_tlc_cannot_evaluate_is_an_error(
    tmp_path: Path, toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RaftFencing.tla", "Properties.tla", "TraceRaft.tla"):
        (tmp_path / name).write_text((spec_folder() / name).read_text("utf-8"), encoding="utf-8")
    spec = tmp_path / "TraceRaft.tla"
    spec.write_text(spec.read_text("utf-8").replace("quiet = 0\n", 'quiet = 0 + "no"\n', 1), encoding="utf-8")
    log = logged(tmp_path, "good", good_log())
    monkeypatch.setattr(ask, "spec_folder", lambda: tmp_path)
    with pytest.raises(ToolError, match="TLC could not walk along the log"):
        second_opinion(log, toolchain)


def test_what_tlc_prints_is_read_over_several_lines() -> None:
    """A long value is broken into lines. Of two explanations what both break is told."""
    loose = """<<"reached", 1, 3>>
<< "broken",
   1,
   4,
   {"ElectionSafety", "StateMachineSafety", "LeaderCompleteness"} >>
<<"broken", 1, 4, {"ElectionSafety"}>>
<<"broken", 1, 3, {"StateMachineSafety"}>>
<<"reached", 2, 9>>"""
    assert walks(printed(loose), 2) == [Walked(3, ("ElectionSafety",)), Walked(9, ())]
    apart = loose.replace('{"ElectionSafety"}', '{"VoteStable"}')
    every = ("ElectionSafety", "LeaderCompleteness", "StateMachineSafety", "VoteStable")
    assert walks(printed(apart), 2)[0] == Walked(3, every)


def printed(loose: str) -> Run:
    return Run(0, (), loose, "", 1.0, timed_out=False, cut_off=False)


# The module


def test_values_are_written_as_tla() -> None:
    value = {"a": (1, True), "b": frozenset({"x", 'y"'}), "c": ()}
    assert tla(value) == r'[a |-> <<1, TRUE>>, b |-> {"x", "y\""}, c |-> <<>>]'
    assert (tla("a\\b"), tla("\u00e9"), tla(-1)) == (r'"a\\b"', r'"\\xe9"', "-1")
    with pytest.raises(TypeError, match="float has no form in TLA"):
        tla(1.5)


def test_indexes_are_counted_from_the_first_that_is_mentioned(tmp_path: Path) -> None:
    log = logged(tmp_path, "high", opinionlogs.begins_at_a_high_index())
    trace = trace_of(log, Survey.of(log.events))
    assert (trace.known, sorted(trace.indexes)) == (
        [9, 10, 11, 11, 12][: len(trace.known)],
        [0, 1, 2, 3, 4, 5],
    )
    assert trace.exact


def test_nodes_may_have_any_name(tmp_path: Path, toolchain: Toolchain) -> None:
    log = logged(tmp_path, "odd", odd_names())
    assert '"a\\"b", "c\\\\d", "kn\\\\xf6ten"' in module_text([trace_of(log, Survey.of(log.events))])
    assert second_opinion(log, toolchain).opinion is Opinion.BEHAVIOUR


# What a person sees


def test_recordings_get_the_verdict_of_rules_and_replay(toolchain: Toolchain) -> None:
    reports = {name: validate(sample(name)) for name in SHORT}
    found = dict(zip(SHORT, opinions([load(sample(name)) for name in SHORT], toolchain), strict=True))
    for name in SHORT:
        assert agrees_with_replay(found[name], reports[name].replay) is True
        assert agrees_with_rules(found[name], reports[name]) is True
    bad = found["double_vote"]
    folder = sample("double_vote")[0].parent
    assert (bad.broken, bad.broken_at) == (("ElectionSafety",), Place(str(folder / "n3.ndjson"), 6))
    text = as_text(bad, reports["double_vote"]).splitlines()
    assert text[:2] == [
        "REJECTED  ElectionSafety fails once n3.ndjson:6 is taken",
        "  no step of the spec at n1.ndjson:6",
    ]
    assert text[2].startswith("  replay  67 of 70 lines are steps of the model, not n1.ndjson:6  ")
    assert text[2].endswith("  agrees")
    assert text[3].startswith("  rules   REJECTED by ElectionSafety, ")
    assert text[3].endswith("  agrees")
    assert text[4].startswith("70 events, 2 runs of TLC ")
    assert not any(line.endswith(" ") for line in text)


def test_what_only_clocks_and_clients_tell_is_said_to_be_unseen() -> None:
    report = validate(sample("double_vote"))
    opinion = TlcOpinion(Opinion.BEHAVIOUR, tool="TLC", events=70, runs=1)
    text = as_text(opinion, report)
    assert agrees_with_rules(opinion, report) is None
    assert "TLC is told neither clocks nor clients nor role records" in text
    assert agrees_with_replay(opinion, report.replay) is False
    assert "DISAGREES" in text
    undecided = replace(report, verdict=Verdict.INCONCLUSIVE)
    assert agrees_with_rules(opinion, undecided) is None
    assert agrees_with_rules(opinion, replace(report, verdict=Verdict.ACCEPTED)) is True
    assert agrees_with_rules(replace(opinion, opinion=Opinion.BREAKS), undecided) is False


def test_what_is_guessed_and_what_is_left_out_is_said() -> None:
    report = validate(sample("double_vote"))
    places = tuple(Place("n1.ndjson", line) for line in range(1, 9))
    opinion = TlcOpinion(Opinion.LEAVES, left=places, reason="given up", exact=False, runs=8, events=70)
    text = as_text(opinion, report)
    assert "INCONCLUSIVE  no behaviour of the spec" in text
    assert "  and at 3 more lines\n  given up\n" in text
    assert "entries from before the log begins are guessed: only ElectionSafety is looked at" in text


def test_command_keeps_what_tlc_was_given(tmp_path: Path, toolchain: Toolchain) -> None:
    files = [str(path) for path in sample("double_vote_refused")]
    answer = CliRunner().invoke(app, ["tlc", *files, "--format", "json", "--keep", str(tmp_path / "kept")])
    assert answer.exit_code == 0, answer.output
    told: dict[str, Any] = json.loads(answer.stdout)
    assert (told["verdict"], told["opinion"], told["left"]) == ("accepted", "behaviour", [])
    assert (told["agrees_with_replay"], told["agrees_with_rules"]) == (True, True)
    kept = {path.name for path in (tmp_path / "kept").iterdir()}
    assert kept == {"RaftFencing.tla", "Properties.tla", "TraceRaft.tla", "TraceData.tla", "TraceRaft.cfg"}
    assert "INVARIANT TraceNotConsumed" in (tmp_path / "kept" / "TraceRaft.cfg").read_text("ascii")


def test_command_ends_inconclusive_where_tlc_cannot_be_asked(toolchain: Toolchain) -> None:
    files = [str(path) for path in sample("hashicorp_failover")]
    answer = CliRunner().invoke(app, ["tlc", *files])
    assert answer.exit_code == 3
    assert answer.stdout.startswith("INCONCLUSIVE  there are candidates, but no line shows")


def test_command_without_a_jar_says_what_to_do(tmp_path: Path) -> None:
    files = [str(path) for path in sample("failover")]
    answer = CliRunner().invoke(app, ["tlc", *files, "--jar", str(tmp_path / "none.jar")])
    assert answer.exit_code == 1
    assert "none.jar" in answer.output
