"""pymodel against TLC: on record for every shipped cfg, and live."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pymodel.cfg import read_cfg
from pymodel.check import check, graph_within, prepare
from pymodel.engine.goal import Plan
from pymodel.engine.result import Graph
from pymodel.manifest import Record, read_manifest, record_of, write_manifest
from pymodel.parity import compare, count_rows, graph_rows
from pymodel.raft.model import POLICIES, RAFT
from pymodel.specfiles import find_cfg, manifest_cfgs, shipped_cfgs
from pymodel.tlc.locate import Toolchain

MANIFEST = read_manifest()
OF_FEATURES = {
    "LinearizableRead",
    "RequestsAnswered",
    "PreVoteFrame",
    "PreVoteUndisturbing",
    "CampaignBacked",
}
"""True of nothing where Features is empty or messages are lost."""
SMALL_GRAPHS = ("tiny",)
LIVE_STATES = None if os.environ.get("TERMFENCE_TLC") else 40_000
"""Of larger graphs the manifest has what TLC said, since it takes minutes for them."""
WHOLE = ("bench_1m", "bench_10m", "bench_100m", "bench_1g", "bench_symmetry")
LEASE = ("bench_lease", "bench_lease_symmetry")


def test_the_manifest_has_a_record_for_each_cfg_but_those_of_the_benchmark() -> None:
    assert tuple(MANIFEST) == manifest_cfgs()
    assert {name for name in shipped_cfgs() if name not in MANIFEST} == {*WHOLE, *LEASE}


@pytest.mark.parametrize("name", WHOLE)
def test_a_cfg_of_the_benchmark_is_the_full_protocol_with_all_properties_that_apply(name: str) -> None:
    task = prepare(find_cfg(name))
    constants, instance = task.cfg.constants, task.instance
    assert not task.cfg.swaps
    assert len(instance.bound.labels["Server"]) == 3
    assert constants["Snapshots"] and constants["LeasePolicy"] == "SendTime"
    assert constants["Faults"] and constants["Write"]
    needed = {"QuorumAckSound": "acks", "AuditFaithful": "audit"}
    kept = {name for name in RAFT.invariants if needed.get(name) in (None, *constants["History"])}
    kept -= OF_FEATURES
    assert set(task.cfg.invariants) == kept
    assert set(task.cfg.properties) == set(RAFT.properties) - OF_FEATURES
    assert bool(task.goal.symmetry) == (name == "bench_symmetry")


@pytest.mark.parametrize("name", LEASE)
def test_the_other_two_are_elections_and_leases_with_two_invariants(name: str) -> None:
    task = prepare(find_cfg(name))
    assert not task.cfg.swaps and not task.cfg.constants["Write"] and not task.cfg.properties
    assert len(task.instance.bound.labels["Server"]) == 3
    assert task.cfg.constants["LeasePolicy"] == "SendTime" and task.cfg.constants["Faults"]
    assert task.cfg.invariants == ("ElectionSafety", "LeaseExclusion")
    assert bool(task.goal.symmetry) == (name == "bench_lease_symmetry")


@pytest.mark.parametrize("name", manifest_cfgs())
def test_the_search_gives_what_tlc_gave(name: str) -> None:
    ours, recorded = record_of(check(find_cfg(name))), MANIFEST[name]
    assert (ours.verdict, ours.violated, ours.length) == (
        recorded.verdict,
        recorded.violated,
        recorded.length,
    )
    if recorded.verdict == "OK":
        assert (ours.distinct, ours.depth) == (recorded.distinct, recorded.depth)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [name for name in manifest_cfgs() if LIVE_STATES is None or MANIFEST[name].distinct <= LIVE_STATES],
)
def test_tlc_gives_the_same_and_what_is_on_record(name: str, toolchain: Toolchain) -> None:
    comparison = compare(find_cfg(name), toolchain=toolchain)
    assert comparison.equal, comparison.rows
    live, recorded = record_of(comparison.tlc), MANIFEST[name]
    assert replace(live, tlc="") == replace(recorded, tlc="")


@pytest.mark.parametrize("name", [name for name in manifest_cfgs() if name.startswith("mutant_")])
def test_a_mutant_swaps_one_operator_and_dies_of_the_property_that_its_first_line_names(name: str) -> None:
    cfg = find_cfg(name)
    assert len(read_cfg(cfg).swaps) == 1
    assert cfg.read_text("utf-8").startswith(f"\\* {MANIFEST[name].violated}: ")
    assert MANIFEST[name].verdict in ("INVARIANT", "PROPERTY")


@pytest.mark.parametrize("name", [name for name in shipped_cfgs() if name.startswith("witness_")])
def test_a_witness_cfg_denies_the_witness_that_its_first_line_names(name: str) -> None:
    witness = find_cfg(name).read_text("utf-8").partition(":")[0].removeprefix("\\* ")
    assert MANIFEST[name].violated == f"Never{witness}"


@pytest.mark.parametrize("name", [name for name in manifest_cfgs() if name.startswith("anti_")])
def test_an_anti_property_is_refuted_by_the_unmutated_spec(name: str) -> None:
    """At most with fewer campaigns than Raft may have."""
    cfg = find_cfg(name)
    assert set(read_cfg(cfg).swaps.items()) <= {("ElectionTimeoutElapsed", "ElapsedAlone")}
    violated = str(MANIFEST[name].violated)
    assert violated in {**RAFT.anti_invariants, **RAFT.anti_properties}
    assert cfg.read_text("utf-8").startswith(f"\\* {violated}: ")


def test_each_anti_property_has_a_cfg() -> None:
    refuted = {MANIFEST[name].violated for name in manifest_cfgs() if name.startswith("anti_")}
    assert refuted == {*RAFT.anti_invariants, *RAFT.anti_properties}


VERDICTS = {
    "policy_send_time": None,
    "policy_ack_receipt": "LeaseExclusion",
    "policy_sampled_quorum": "LeaseExclusion",
    "policy_seed": "LeaseExclusion",
    "policy_none": None,
}


def test_the_verdict_on_each_lease_policy() -> None:
    cfgs = [name for name in manifest_cfgs() if name.startswith("policy_")]
    assert {name: MANIFEST[name].violated for name in cfgs} == VERDICTS
    assert {read_cfg(find_cfg(name)).constants["LeasePolicy"] for name in cfgs} == set(POLICIES)


@pytest.mark.parametrize("name", [name for name in manifest_cfgs() if name.startswith("control_")])
def test_a_control_swaps_one_operator_and_lives(name: str) -> None:
    assert len(read_cfg(find_cfg(name)).swaps) == 1
    assert MANIFEST[name].verdict == "OK"


def test_small_checks_every_property() -> None:
    cfg = read_cfg(find_cfg("small"))
    assert set(cfg.invariants) == set(RAFT.invariants)
    assert set(cfg.properties) == set(RAFT.properties)


def test_each_liveness_property_holds_in_a_cfg_and_is_broken_where_it_can_be() -> None:
    held = {
        name
        for cfg in manifest_cfgs()
        if MANIFEST[cfg].verdict == "OK"
        for name in read_cfg(find_cfg(cfg)).properties
    }
    assert set(RAFT.liveness) <= held
    broken = {record.violated for record in MANIFEST.values()}
    assert {"LeaderElected", "WriteDecided"} <= broken


@pytest.mark.parametrize("name", SMALL_GRAPHS)
def test_the_whole_graph_is_the_same_edge_by_edge(name: str, toolchain: Toolchain) -> None:
    comparison = compare(find_cfg(name), toolchain=toolchain)
    compared = {row.what: row for row in comparison.rows}
    assert compared["labelled edges"].equal and compared["states, one by one"].equal, comparison.differences
    assert int(compared["labelled edges"].ours.replace(",", "")) > 1_000


def tiny_graph() -> Graph:
    found = graph_within(find_cfg("tiny"), None)
    assert found is not None
    return found


def test_a_missing_edge_is_shown() -> None:
    graph = tiny_graph()
    lost = min(graph.edges)
    rows, differences = graph_rows(graph, Graph(graph.states, graph.initial, graph.edges - {lost}))
    assert [row.equal for row in rows] == [True, True, False]
    assert differences == (f"only pymodel: edge {lost}",)


def test_a_different_state_is_shown() -> None:
    graph = tiny_graph()
    other = {**graph.states[0], "skew": 7}
    changed = Graph((other, *graph.states[1:]), graph.initial, graph.edges)
    rows, differences = graph_rows(graph, changed)
    assert [row.equal for row in rows] == [False, False, False]
    assert any(line.startswith("only TLC: ") and "skew = 7" in line for line in differences)


def test_an_edge_with_another_label_is_shown() -> None:
    graph = tiny_graph()
    a, _, b = lost = min(graph.edges)
    changed = Graph(graph.states, graph.initial, (graph.edges - {lost}) | {(a, "Nonsense", b)})
    rows, differences = graph_rows(graph, changed)
    assert not rows[2].equal
    assert any("Nonsense" in line for line in differences)


def test_counts_that_differ_are_told() -> None:
    result = check(find_cfg("tiny"))
    rows = count_rows(result, replace(result, distinct=result.distinct + 1, generated=1))
    assert [(row.what, row.equal) for row in rows] == [
        ("verdict", True),
        ("distinct states", False),
        ("depth", True),
        ("generated states", None),
    ]


def test_a_tie_between_properties_counts_as_equal_and_another_length_does_not() -> None:
    result = check(find_cfg("mutant_write_unfenced"))
    tied = replace(result, violated="TypeOK", also_violated=("ClientOutcome",))
    assert all(row.equal for row in count_rows(tied, result))
    assert [row.equal for row in count_rows(replace(result, violated="TypeOK"), result)] == [
        True,
        False,
        True,
    ]
    other = check(find_cfg("mutant_vote_cleared"))
    assert not count_rows(replace(other, violated=result.violated), result)[-1].equal


@pytest.mark.parametrize("equal", [True, False])
def test_of_a_lasso_the_length_is_shown_and_not_compared(equal: bool) -> None:
    """TLC names all liveness properties of the cfg together."""
    ours = check(find_cfg("liveness_split_vote"))
    assert ours.counterexample is not None
    other = replace(ours.counterexample, steps=(*ours.counterexample.steps, ours.counterexample.steps[-1]))
    named = "LeaseEnds or LeaderElected" if equal else "LeaseEnds or WriteDecided"
    rows = count_rows(ours, replace(ours, violated=named, counterexample=other))
    assert [(row.what, row.equal) for row in rows] == [
        ("verdict", True),
        ("violated", equal),
        ("length", None),
    ]


def test_a_written_manifest_reads_back(tmp_path: Path) -> None:
    records = {"a": Record("OK", None, 0, 3, 2, "TLC 2.15")}
    assert write_manifest(records, tmp_path).name == "manifest.json"
    assert read_manifest(tmp_path) == records


@pytest.mark.parametrize("exact", [False, True], ids=["hashes", "exact"])
def test_a_view_tells_apart_what_it_keeps(tmp_path: Path, exact: bool) -> None:
    """As many states as the whole graph has without what the view drops."""
    whole, seen = tmp_path / "whole.cfg", tmp_path / "seen.cfg"
    text = find_cfg("tiny").read_text("utf-8").replace("MaxTerm = 1", "MaxTerm = 2")
    whole.write_text(text, "utf-8")
    seen.write_text(text + "VIEW WithoutHistory\n", "utf-8")
    kept = RAFT.views["WithoutHistory"]
    graph = graph_within(whole, None)
    assert graph is not None
    viewed = check(seen, plan=Plan(exact=exact))
    assert viewed.ok
    projected = {tuple(state[name] for name in kept) for state in graph.states}
    assert viewed.distinct == len(projected) < len(graph.states)


@pytest.mark.slow
def test_tlc_counts_as_many_states_under_a_view(tmp_path: Path, toolchain: Toolchain) -> None:
    seen = tmp_path / "seen.cfg"
    seen.write_text(find_cfg("tiny").read_text("utf-8") + "VIEW WithoutHistory\n", "utf-8")
    assert compare(seen, toolchain=toolchain).equal
