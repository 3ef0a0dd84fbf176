"""`pymodel witness`: what it prints and how it exits."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cli_stub import DUMMY, run, stub

from pymodel.engine.result import Verdict
from pymodel.witness import Sought


def test_named_witnesses_are_shown_with_their_behaviour() -> None:
    answer = run("witness", "tiny", "SomeoneLeads", "WriteRedirected")
    assert answer.exit_code == 0
    head, *rows = answer.stdout.split("\n\n")[0].splitlines()
    assert head == "WITNESSES: tiny, 2 of 2 reached"
    assert [row.split() for row in rows] == [
        ["SomeoneLeads", "reached", "8", "states", "i", "=", "s1"],
        ["WriteRedirected", "reached", "2", "states", "w", "=", "w1"],
    ]
    assert "\nWitness of SomeoneLeads, 8 states\n\n1  Init\n" in answer.stdout
    assert "\n8  BecomeLeader(i = s1)\n" in answer.stdout
    assert answer.stdout.endswith("\nWhy: WriteRedirected holds in state 2, with\n     w = w1\n")


def test_an_unreachable_one_fails() -> None:
    answer = run("witness", "tiny", "TwoLead")
    assert answer.exit_code == 20
    assert answer.stdout.startswith("WITNESSES: tiny, 0 of 1 reached\n")
    assert "  TwoLead  UNREACHABLE  not in 598 distinct states\n" in answer.stdout


def test_a_limit_leaves_undetermined() -> None:
    answer = run("witness", "tiny", "SnapshotTaken", "--max-states", 10)
    assert answer.exit_code == 3
    assert "undetermined  not in " in answer.stdout
    assert "ended by the limit of 10 states" in answer.stdout


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.INVARIANT, Verdict.INVARIANT], 0),
        ([Verdict.INVARIANT, Verdict.UNDETERMINED], 3),
        ([Verdict.UNDETERMINED, Verdict.OK, Verdict.INVARIANT], 20),
    ],
)
def test_the_worst_one_makes_the_exit_code(
    verdicts: list[Verdict], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tuple(Sought("A", replace(DUMMY, verdict=verdict)) for verdict in verdicts)
    called = stub(monkeypatch, "pymodel.witness.seek", found)
    answer = run("witness", "tiny", "--timeout", 7)
    assert answer.exit_code == code
    assert called.options["limits"].timeout_s == 7
    assert "Witness of" not in answer.stdout


def test_an_unknown_name_exits_2_with_the_nearest() -> None:
    answer = run("witness", "tiny", "TwoLeads")
    assert answer.exit_code == 2
    assert "did you mean TwoLead?" in answer.stderr


def test_json_holds_the_behaviours() -> None:
    answer = run("witness", "tiny", "SomeoneLeads", "TwoLead", "--format", "json")
    assert answer.exit_code == 20
    reached, not_reached = json.loads(answer.stdout)
    assert (reached["witness"], reached["outcome"]) == ("SomeoneLeads", "reached")
    assert reached["behaviour"]["length"] == len(reached["behaviour"]["steps"]) == 8
    assert reached["behaviour"]["witness"] == ["i = s1"]
    assert (not_reached["outcome"], not_reached["behaviour"]) == ("unreachable", None)
    assert (not_reached["distinct"], not_reached["depth"]) == (598, 24)
