"""What `pymodel prove` prints and how it exits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pymodel.engine.result import Counterexample, Step
from pymodel.report.proof import TRUSTED, ProofData, ProofRow, headline, proof_json, render_proof
from pymodel.values import Fn
from tests.cli_stub import run, stub

DATA = ProofData(
    system="log",
    about="elections",
    seed=3,
    dropped="",
    theorems=(ProofRow("FenceAck", 21, 0.5),),
    actions=(ProofRow("Timeout", 1200, 1.5),),
    conditions=1200,
    seconds=2.0,
    slowest=(("Timeout: one_term", 0.9),),
    order=("Term", "Node"),
    cycle="",
    assumptions=("quorums meet",),
    solver="Z3 0",
)
FAILED = ProofData(
    **{
        **{name: getattr(DATA, name) for name in DATA.__dataclass_fields__},
        "dropped": "Timeout.role",
        "reason": "fails: one_role",
        "theorems": (),
        "actions": (ProofRow("Timeout", 2, 1.5, ("Timeout: one_role: refuted",)),),
        "conditions": 2,
    }
)
STATES = [{"candidate": frozenset()}, {"candidate": frozenset({"n1"})}]
EXAMPLE = Counterexample(
    "one_role", (Step("a state", {}, STATES[0]), Step("Timeout", {"n": "n1"}, STATES[1])), ("n = n1",)
)


def test_a_proof_reads_so() -> None:
    assert headline(DATA) == "PROVED: log, 1,200 conditions, seed 3"
    assert render_proof(DATA).splitlines() == [
        "  elections: any number of servers, terms and steps",
        "  2.0 s, Z3 0",
        "  decidable: sorts in the order Term > Node",
        "",
        "theorem     conditions  seconds",
        "  FenceAck          21      0.5",
        "",
        "the invariant and theorems under  conditions  seconds",
        "  Timeout                              1,200      1.5",
        "",
        "slowest",
        "  Timeout: one_term  0.9 s",
        "",
        "trusted",
        "  quorums meet",
        f"  {TRUSTED}",
    ]


def test_a_failure_is_named_and_shown() -> None:
    assert headline(FAILED) == "NOT PROVED: log without Timeout.role, 1 of 2 conditions, seed 3"
    lines = render_proof(FAILED, [EXAMPLE]).splitlines()
    assert "  Timeout                                  2      1.5  1 FAILED" in lines
    assert "  failed: Timeout: one_role: refuted" in lines and "  fails: one_role" in lines
    assert "Counterexample to induction for one_role" in lines
    assert "     candidate + n1" in lines and "2  Timeout(n = n1)" in lines
    assert "Why: one_role is false after it, with" in lines


@pytest.mark.parametrize(("names", "told"), [(("n1",), "one server"), (("n1", "n2", "n3"), "3 servers")])
def test_a_counterexample_tells_its_servers(names: tuple[str, ...], told: str) -> None:
    terms = Fn(dict.fromkeys(names, 0))
    steps = tuple(replace(step, state={**step.state, "currentTerm": terms}) for step in EXAMPLE.steps)
    lines = render_proof(FAILED, [replace(EXAMPLE, steps=steps)]).splitlines()
    assert f"Counterexample to induction for one_role, {told}" in lines


def test_a_cycle_of_sorts_is_no_proof() -> None:
    cyclic = ProofData(**{**vars(DATA), "cycle": "Node -> Term (x)", "order": ()})
    assert not cyclic.proved
    assert headline(cyclic) == "NOT PROVED: log, the sorts have a cycle, seed 3"
    assert "  not known to be decidable: Node -> Term (x)" in render_proof(cyclic)


def test_json_says_the_same() -> None:
    first, second = json.loads(proof_json([(DATA, ()), (FAILED, (EXAMPLE,))]))["proofs"]
    assert first["proved"] and not second["proved"]
    assert second["failed"] == ["Timeout: one_role: refuted"]
    assert second["counterexamples"][0]["goal"] == "one_role"
    assert second["counterexamples"][0]["witness"] == ["n = n1"]


def test_the_command_asks_for_both_proofs_with_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def answer(name: str, **options: Any) -> tuple[ProofData, tuple[Counterexample, ...]]:
        asked.append((name, options))
        return DATA, ()

    monkeypatch.setattr("pymodel.proof.prover.run", answer)
    result = run("prove", "--seed", 3)
    assert result.exit_code == 0 and result.stdout.count("PROVED: log") == 2
    assert [(name, options["seed"]) for name, options in asked] == [("log", 3), ("lease", 3)]


def test_what_is_not_proved_exits_with_21(monkeypatch: pytest.MonkeyPatch) -> None:
    stub(monkeypatch, "pymodel.proof.prover.run", (FAILED, (EXAMPLE,)))
    result = run("prove", "--drop", "Timeout.role", "--system", "log", "--format", "json")
    assert result.exit_code == 21
    assert json.loads(result.stdout)["proofs"][0]["dropped"] == "Timeout.role"


def test_a_dropped_guard_is_looked_up_in_both_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    put = stub(monkeypatch, "pymodel.proof.prover.run", (FAILED, ()))
    assert run("prove", "--drop", "Tick.forward").exit_code == 21
    assert put.arguments == ("lease",)


def test_an_unknown_guard_is_refused() -> None:
    result = run("prove", "--drop", "Timeout.fence")
    assert result.exit_code == 2
    assert "no proof has a guard Timeout.fence" in result.output and "--list" in result.output


def test_the_guards_are_listed_with_what_they_are_for() -> None:
    lines = run("prove", "--list").stdout.splitlines()
    assert any(
        "HandleAppendEntriesRequest.StaleAppendEntriesRequest" in line and "FenceAck" in line
        for line in lines
    )
    assert any("not needed: " in line for line in lines)


def test_without_z3_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pymodel.cli_prove.find_spec", lambda name: None)
    result = run("prove")
    assert result.exit_code == 1
    assert "pip install 'termfence[proof]'" in result.output


def test_a_mutant_from_end_to_end() -> None:
    result = run("prove", "--system", "lease", "--drop", "Restart.VoteAfterRestart")
    assert result.exit_code == 21
    assert "NOT PROVED: lease without Restart.VoteAfterRestart, 1 of" in result.stdout
    assert "Counterexample to induction for vote_kept, 3 servers" in result.stdout
    assert "2  Restart(n = n" in result.stdout and "trusted" in result.stdout
