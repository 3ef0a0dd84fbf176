"""Tier 2: what the model does is accepted whatever a log leaves out, and what it cannot do is refused."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from modelwalks import Walk, thinned, write
from typer.testing import CliRunner

from trace_check import Verdict, sample, validate
from trace_check.cli import app
from trace_check.load import load
from trace_check.replay import ReplayOutcome, ReplayResult
from trace_check.replay.free import Free, TooFree, Undetermined, free
from trace_check.replay.local import FreeTerms, Terms
from trace_check.replay.machine import Machine
from trace_check.replay.run import replay
from trace_check.replay.survey import Survey
from trace_check.rules import Outcome
from trace_check.tiers import Tier

DATA = Path(__file__).parents[3] / "shared" / "data"
Lines = list[dict[str, Any]]


def replayed(path: Path, **options: Any) -> ReplayResult:
    log = load([path])
    return replay(log.events, Survey.of(log.events), log.configs, **options)


@pytest.fixture(scope="module")
def walks() -> dict[int, Walk]:
    """Walks of the model by seed; the odd ones take snapshots."""
    made = {seed: Walk(seed, snapshots=seed % 2 == 1) for seed in (4, 5, 6, 7)}
    for walk in made.values():
        walk.run(2500)
    return made


# What the model does


@pytest.mark.parametrize("seed", [4, 5, 6, 7])
def test_behaviours_of_the_model_are_accepted_line_by_line(
    seed: int, walks: dict[int, Walk], tmp_path: Path
) -> None:
    walk = walks[seed]
    result = replayed(write(tmp_path / "all.ndjson", walk.lines, walk.names))
    assert (result.outcome, result.refused) == (ReplayOutcome.REPLAYED, 0)
    assert result.replayed == result.events == len(walk.lines) > 50
    assert result.complete


def test_the_walks_take_every_kind_of_step(walks: dict[int, Walk], tmp_path: Path) -> None:
    kinds = {(line["event"], line.get("msg", {}).get("type")) for w in walks.values() for line in w.lines}
    assert {kind for kind, _ in kinds} == {"init", "role", "send", "recv", "append", "commit", "snapshot"}
    assert {type_ for _, type_ in kinds if type_} >= {
        "request_vote",
        "vote_response",
        "append",
        "append_response",
    }


@pytest.mark.parametrize("seed", [4, 5, 6])
@pytest.mark.parametrize("share", [0.1, 0.4])
def test_fields_that_are_left_out_refuse_nothing(
    seed: int, share: float, walks: dict[int, Walk], tmp_path: Path
) -> None:
    walk = walks[seed]
    result = replayed(write(tmp_path / "all.ndjson", thinned(walk.lines, seed, share), walk.names))
    assert (result.outcome, result.refused) == (ReplayOutcome.REPLAYED, 0)


def test_terms_have_no_bound(walks: dict[int, Walk], tmp_path: Path) -> None:
    """A cluster that is in its 10**12th term is replayed as one in its first."""
    lines, shift = copy.deepcopy(walks[4].lines), 10**12
    for line in lines:
        for part in (line, line.get("msg", {}), line.get("state", {}), line.get("pre", {})):
            for name in ("term", "old_term", "new_term"):
                if name in part:
                    part[name] += shift
            entries = [part[name] for name in ("last", "prev", "entry") if name in part]
            for entry in [*entries, *part.get("entries", [])]:
                entry[1] += shift if entry[1] else 0
    result = replayed(write(tmp_path / "all.ndjson", lines, walks[4].names))
    assert (result.outcome, result.refused) == (ReplayOutcome.REPLAYED, 0)


# What it cannot do


def first(lines: Lines, event: str, type_: str = "", **wanted: Any) -> dict[str, Any]:
    for line in lines:
        msg = line.get("msg", {})
        if (
            line["event"] == event
            and msg.get("type", "") == type_
            and wanted.items() <= {**line, **msg}.items()
        ):
            return line
    raise AssertionError(f"no {event} {type_} {wanted}")


def commit_too_far(lines: Lines) -> None:
    line = first(lines, "commit")
    line["entry"][0] += 1
    line["state"]["commit"] += 1


def vote_nobody_gave(lines: Lines) -> None:
    first(lines, "send", "vote_response", granted=False)["msg"]["granted"] = True


def receipt_of_another_vote(lines: Lines) -> None:
    first(lines, "recv", "vote_response", granted=True)["msg"]["granted"] = False


def leader_at_once(lines: Lines) -> None:
    line = first(lines, "role", new_role="candidate")
    line["new_role"] = line["state"]["role"] = "leader"


def acknowledged_too_much(lines: Lines) -> None:
    first(lines, "send", "append_response", success=True)["msg"]["index"] += 5


def other_entry_before(lines: Lines) -> None:
    first(lines, "send", "append")["msg"]["prev"][1] += 1


def entry_from_nowhere(lines: Lines) -> None:
    line = next(one for one in lines if one["event"] == "recv" and one["msg"].get("entries"))
    line["state"]["last"][0] += 1


def forgets_its_vote(lines: Lines) -> None:
    restarted = next(
        one for one in lines if one["event"] == "init" and one["inc"] != "1" and one["state"]["vote"]
    )
    restarted["state"]["vote"] = None


CORRUPTIONS: dict[Callable[[Lines], None], tuple[str, str, str]] = {
    commit_too_far: ("no step leads to", "AdvanceCommitIndex", "enabled except commit: model"),
    vote_nobody_gave: (
        "differs from what the model sends",
        "RequestVoteResponse",
        "granted: model False, log True",
    ),
    receipt_of_another_vote: (
        "differs from what was sent",
        "RequestVoteResponse",
        "granted: model True, log False",
    ),
    leader_at_once: ("no step leads to", "BecomeLeader", "s.role[i] != Candidate  (s.role[i] is follower)"),
    acknowledged_too_much: ("differs from what the model sends", "AppendEntriesResponse", "index: model"),
    other_entry_before: ("differs from what the model sends", "AppendEntries", "prev term: model"),
    entry_from_nowhere: (
        "does not lead to",
        "HandleAppendEntriesRequest",
        "enabled except last index: model",
    ),
    forgets_its_vote: ("no step leads to", "Restart", "enabled except vote: model n"),
}


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda corrupt: corrupt.__name__)
def test_what_the_model_cannot_do_is_refused_with_its_reason(
    corrupt: Callable[[Lines], None], walks: dict[int, Walk], tmp_path: Path
) -> None:
    text, action, reason = CORRUPTIONS[corrupt]
    lines = copy.deepcopy(walks[4].lines)
    corrupt(lines)
    result = replayed(write(tmp_path / "all.ndjson", lines, walks[4].names))
    assert result.outcome is ReplayOutcome.DIVERGED
    refusal = result.refusals[0]
    assert text in refusal.text
    assert not action or any(c.action == action and reason in c.refused_by for c in refusal.candidates)


def test_a_majority_that_did_not_vote_is_named_by_its_guard(walks: dict[int, Walk], tmp_path: Path) -> None:
    """Without its receipts of votes a candidate cannot lead: the guard is IsQuorum, its count is told."""
    lines = copy.deepcopy(walks[4].lines)
    win = first(lines, "role", new_role="leader")
    kept = [
        line
        for line in lines
        if line is win
        or line["event"] != "recv"
        or line["msg"]["type"] != "vote_response"
        or line["node"] != win["node"]
    ]
    for line in kept:
        line.pop("seq")
    result = replayed(write(tmp_path / "all.ndjson", kept, walks[4].names))
    refusal = result.refusals[0]
    assert any("not IsQuorum(s, votes)  (votes is 1)" in c.refused_by for c in refusal.candidates)


def test_logs_that_grow_from_nothing_are_refused_wherever_it_is(
    walks: dict[int, Walk], tmp_path: Path
) -> None:
    chance = random.Random(1)
    for _ in range(8):
        lines = copy.deepcopy(walks[6].lines)
        shown = [one for one in lines if one.get("state", {}).get("role") == "follower"]
        chance.choice(shown)["state"]["last"][0] += 3
        result = replayed(write(tmp_path / "all.ndjson", lines, walks[6].names))
        assert result.outcome is ReplayOutcome.DIVERGED


# Recordings


def test_recordings_that_travel_with_the_package() -> None:
    good = validate(sample("failover"), tier=Tier.both)
    assert good.replay is not None
    assert (good.replay.outcome, good.replay.replayed) == (ReplayOutcome.REPLAYED, good.events)
    refused = validate(sample("double_vote_refused"), tier=Tier.replay)
    assert (refused.verdict, len(refused.rules)) == (Verdict.ACCEPTED, 1)
    bad = validate(sample("double_vote"), tier=Tier.replay)
    assert (bad.verdict, bad.exit_code) == (Verdict.INCONCLUSIVE, 3)
    assert "n1.ndjson:6 is no step of the model" in bad.reasons[0]


@pytest.mark.skipif(not DATA.is_dir(), reason="the recordings are not beside this checkout")
def test_recordings_beside_the_checkout() -> None:
    for name, refused in (
        ("pysyncobj/failover-0.3.17-journal", 0),
        ("pysyncobj/double_vote-0.3.17-journal", 0),
        ("pysyncobj/double_vote-0.3.14-journal", 1),
        ("etcd-raft/example.ndjson", 0),
    ):
        path = DATA / name
        paths = sorted(path.glob("*.ndjson")) if path.is_dir() else [path]
        log = load(paths)
        result = replay(log.events, Survey.of(log.events), log.configs)
        assert (result.refused, result.replayed + refused) == (refused, result.events), name
        assert result.width_max <= 8
    thin = validate(sorted((DATA / "hashicorp-raft-1.1.2/failover").glob("*.log")))
    assert thin.replay is not None
    assert thin.replay.outcome is ReplayOutcome.NOT_REPLAYABLE
    assert thin.verdict is Verdict.ACCEPTED


# What a refusal means


def test_a_refusal_is_a_deviation_and_alone_it_is_inconclusive(
    walks: dict[int, Walk], tmp_path: Path
) -> None:
    lines = copy.deepcopy(walks[4].lines)
    acknowledged_too_much(lines)
    path = write(tmp_path / "all.ndjson", lines, walks[4].names)
    both = validate([path])
    assert (both.verdict, both.exit_code) == (Verdict.ACCEPTED, 0)
    assert "Replay" in {deviation.rule for deviation in both.deviations}
    assert both.replay is not None
    assert both.replay.complete
    assert validate([path], strict=True).exit_code == 1
    alone = validate([path], tier=Tier.replay)
    assert (alone.verdict, alone.exit_code) == (Verdict.INCONCLUSIVE, 3)


def test_too_many_states_are_inconclusive(walks: dict[int, Walk], tmp_path: Path) -> None:
    path = write(tmp_path / "all.ndjson", thinned(walks[6].lines, 6, 0.7), walks[6].names)
    result = replayed(path, width_cap=2)
    assert result.outcome is ReplayOutcome.CAPPED
    assert result.reasons[0].startswith("more than 2 states are possible at ")


def test_command_chooses_tiers_and_explains() -> None:
    files = [str(path) for path in sample("double_vote")]
    rules = CliRunner().invoke(app, ["validate", "--tier", "1", "--json", *files])
    assert json.loads(rules.stdout)["replay"] is None
    told = CliRunner().invoke(app, ["validate", "--tier", "2", "--explain", *files])
    assert told.exit_code == 3
    assert "replay: the last lines that are steps of the model" in told.stdout
    assert "replay: no step of the model at n1.ndjson:6 (n1)" in told.stdout
    assert (
        "Restart             enabled except term: model 1, log 0, vote: model n3, log nobody" in told.stdout
    )


# Parts


def test_free_values_split_where_a_comparison_needs_it() -> None:
    value = Free(1, 5)
    assert (value > 0, value < 1, value == 9, value == value) == (True, False, False, True)
    with pytest.raises(Undetermined) as split:
        assert value == 3
    three, others = split.value.cases
    assert (three, others == 3, others.low, others.high) == (3, False, 1, 5)
    with pytest.raises(Undetermined) as halves:
        assert value >= 3
    assert [(case.low, case.high) for case in halves.value.cases] == [(1, 2), (3, 5)]
    with pytest.raises(TooFree):
        _ = Free(0, 1000) + 1
    assert free(1, 2, frozenset({1})) == [2]
    assert free(1, 1, frozenset({1})) == []


def test_a_later_term_may_be_heard_of_before_its_line(walks: dict[int, Walk], tmp_path: Path) -> None:
    """Clocks apart: the record of a higher term stands before all that could have brought it."""
    lines = [
        {
            "node": "n1",
            "inc": "a",
            "seq": 1,
            "event": "init",
            "state": {"term": 0, "vote": None, "last": [0, 0]},
        },
        {"node": "n1", "inc": "a", "seq": 2, "event": "role", "new_role": "follower", "new_term": 3},
        {
            "node": "n2",
            "inc": "a",
            "seq": 1,
            "event": "init",
            "state": {"term": 2, "vote": None, "last": [0, 0]},
        },
        {"node": "n2", "inc": "a", "seq": 2, "event": "role", "new_role": "candidate", "new_term": 3},
        {
            "node": "n1",
            "inc": "a",
            "seq": 3,
            "event": "recv",
            "msg": {"type": "request_vote", "term": 3, "from": "n2"},
        },
    ]
    result = replayed(write(tmp_path / "all.ndjson", lines, ["n1", "n2"]))
    assert (result.outcome, result.replayed) == (ReplayOutcome.REPLAYED, len(lines))


def test_a_node_alone_is_replayed_where_it_is_told_to_be_all_of_its_cluster(tmp_path: Path) -> None:
    """One of several could have heard of anything; a step-down of the only one is no step."""
    path = tmp_path / "one.ndjson"
    lines = [
        {"node": "n1", "event": "state", "state": {"role": "leader", "term": 3}},
        {"node": "n1", "event": "state", "state": {"role": "follower", "term": 3}},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    thin = replayed(path)
    assert thin.outcome is ReplayOutcome.NOT_REPLAYABLE
    assert thin.reasons == ("one node logs, and no line tells that it is all of its cluster",)
    assert replayed(write(path, lines, ["n1", "n2"])).outcome is not ReplayOutcome.DIVERGED
    assert replayed(write(path, lines, ["n1"])).refused == 1


@pytest.mark.parametrize("seed", [4, 5, 6, 7])
def test_what_nodes_without_a_log_sent_is_not_missed(
    seed: int, walks: dict[int, Walk], tmp_path: Path
) -> None:
    """Any part of the nodes of a behaviour is one where the others do not log."""
    walk = walks[seed]
    for kept in (walk.names[:1], walk.names[1:]):
        lines = [line for line in walk.lines if line["node"] in kept]
        result = replayed(write(tmp_path / "part.ndjson", lines, walk.names))
        if result.outcome is not ReplayOutcome.NOT_REPLAYABLE:
            assert (result.outcome, result.refused) == (ReplayOutcome.REPLAYED, 0)
            assert not result.complete


def test_terms_of_a_log_are_runs() -> None:
    terms = Terms([0], [0]).put(1, 1).put(2, 1).put(3, 4)
    assert (terms.starts, terms.values) == ([0, 1, 3], [0, 1, 4])
    assert [terms[0, k] for k in (0, 1, 2, 3)] == [0, 1, 1, 4]
    assert terms.cut(2).starts == [0, 1]
    assert terms.put(2, 3).values == [0, 1, 3]
    open_terms = Terms([0, 1, 4], [0, FreeTerms(0, 2), 2])
    second = open_terms[0, 2]
    settled = open_terms.replaced(second, 1)
    assert settled[0, 2] == 1
    assert settled[0, 1] is open_terms[0, 1]
    assert settled[0, 3] is open_terms[0, 3]


def test_actions_are_the_models_own() -> None:
    """Nothing but the model decides: its guards are what a machine calls."""
    from pymodel.raft import actions

    machine = Machine(("n1", "n2", "n3"))
    assert machine.names["BecomeLeader"].__code__ is actions.BecomeLeader.__code__
    node = machine.blank(0)
    assert machine.run("Timeout", node, 0) is None
    ticked = machine.run("AdvanceClock", node, 0)
    assert ticked is not None
    candidate = machine.run("Timeout", ticked[0], 0)
    assert candidate is not None
    assert (candidate[0].role[0], candidate[0].currentTerm[0], node.currentTerm[0]) == (1, 1, 0)


def test_the_table_names_the_replay(tmp_path: Path) -> None:
    report = validate(sample("failover"))
    last = report.rules[-1]
    assert (last.rule, last.property, last.outcome) == ("Replay", "Spec", Outcome.PASS)
