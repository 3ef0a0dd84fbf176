"""`pymodel simulate`, also as `pymodel check --simulate`: its report, its files and its exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cli_stub import DUMMY, run, stub

from pymodel.engine.result import Verdict, Walks
from pymodel.engine.simulate import Plan
from pymodel.report.text import render_check
from pymodel.simulation import SYMMETRY_NOTE, simulate
from pymodel.specfiles import find_cfg

TINY, MUTANT, PROPERTY = "tiny", "mutant_vote_cleared", "ElectionSafety"
FEW = ("--walks", 50, "--depth", 20)


def section(text: str, label: str) -> str:
    """What a report's line with that label says."""
    return next(
        line.split(label, 1)[1].strip() for line in text.splitlines() if line.startswith(f"  {label} ")
    )


def test_without_a_violation_nothing_is_proved() -> None:
    answer = run("simulate", TINY, *FEW)
    assert answer.exit_code == Verdict.UNDETERMINED.value
    assert answer.stdout.startswith("UNDETERMINED: no violation in 50 walks\n")
    assert section(answer.stdout, "walks") == "50 of at most 20 steps, seed 0"
    assert section(answer.stdout, "states").endswith(" generated, 1,000 steps taken")
    assert section(answer.stdout, "depth") == "21"
    assert section(answer.stdout, "time").endswith(" generated/s")
    assert "distinct" not in answer.stdout
    heads = next(line.split() for line in answer.stdout.splitlines() if line.startswith("coverage"))
    assert heads == ["coverage", "generated", "taken"]


def test_check_simulate_is_the_same_command() -> None:
    def without_time(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("  time")]

    one, other = run("simulate", TINY, *FEW), run("check", TINY, "--simulate", *FEW)
    assert without_time(one.stdout) == without_time(other.stdout)
    assert one.exit_code == other.exit_code == 3


def test_options_of_the_search_are_refused_with_simulate() -> None:
    answer = run("check", TINY, "--simulate", "--max-states", 3)
    assert answer.exit_code == 2
    assert "--max-states" in answer.stderr


def test_a_violation_is_shown_with_what_shows_it_again(tmp_path: Path) -> None:
    svg, html = tmp_path / "walk.svg", tmp_path / "walk.html"
    answer = run("simulate", MUTANT, "--walks", 20_000, "--workers", 2, "--svg", svg, "--html", html)
    assert answer.exit_code == Verdict.INVARIANT.value
    assert answer.stdout.startswith(f"INVARIANT VIOLATED: {PROPERTY}\n")
    assert "states, not a shortest behaviour" in section(answer.stdout, "length")
    shown = answer.stdout[answer.stdout.index("Counterexample") :]
    again = section(answer.stdout, "again").split()
    assert again[0] == "--simulate"
    alone = run("check", MUTANT, *again)
    assert alone.exit_code == answer.exit_code
    assert alone.stdout[alone.stdout.index("Counterexample") :] == shown
    assert section(alone.stdout, "again") == section(answer.stdout, "again")
    assert PROPERTY in svg.read_text("utf-8")
    assert '<th scope="col">taken</th>' in html.read_text("utf-8")


def test_steps_chosen_alike_are_shown_again_alike() -> None:
    answer = run("simulate", MUTANT, "--walks", 20_000, "--choose", "step")
    again = section(answer.stdout, "again")
    assert again.endswith(" --choose step")
    alone = run("simulate", MUTANT, *again.split()[1:])
    assert alone.stdout[alone.stdout.index("Counterexample") :] in answer.stdout


def test_json_tells_the_walks() -> None:
    answer = run("simulate", TINY, *FEW, "--seed", 7, "--format", "json")
    found = json.loads(answer.stdout)
    assert found["walks"] == {
        "seed": 7,
        "depth": 20,
        "count": 50,
        "steps": 1000,
        "by_action": True,
        "ended_early": 0,
        "violating": None,
    }
    assert (found["verdict"], found["distinct"]) == ("UNDETERMINED", 0)
    assert sum(row["distinct"] for row in found["coverage"]) == 1000


def test_quiet_prints_the_verdict_alone() -> None:
    assert run("simulate", TINY, *FEW, "-q").stdout == "UNDETERMINED: no violation in 50 walks\n"


@pytest.mark.parametrize(
    ("line", "plan"),
    [
        ("--workers 1", Plan(100, 200_000)),
        ("--timeout 3 --workers 1", Plan(100, None, timeout_s=3)),
        ("--timeout 3 --walks 5 --workers 2", Plan(100, 5, timeout_s=3, workers=2)),
        (
            "--walk 4 --seed 9 --depth 7 --choose step --workers 3",
            Plan(7, None, 9, 4, None, 3, by_action=False),
        ),
    ],
)
def test_options_reach_the_walks(line: str, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    called = stub(monkeypatch, "pymodel.simulation.simulate", DUMMY)
    assert run("simulate", TINY, "--no-check-deadlock", *line.split()).exit_code == 0
    assert called.arguments == (find_cfg(TINY), plan)
    assert called.options["check_deadlock"] is False


@pytest.mark.parametrize("line", ["--walks 0", "--depth 0", "--seed -1", "--workers 0", "--walks 2 --walk 1"])
def test_what_cannot_be_walked_exits_2_with_a_mend(line: str) -> None:
    answer = run("simulate", TINY, *line.split())
    assert answer.exit_code == 2
    assert answer.stderr.startswith("error: ")
    assert "mend: give " in answer.stderr


def test_a_time_limit_is_told() -> None:
    answer = run("simulate", TINY, "--timeout", 0.05)
    assert answer.exit_code == 3
    assert "  ended by the limit of 0.05 s\n" in answer.stdout


def test_symmetry_in_the_cfg_is_said_to_have_no_effect(tmp_path: Path) -> None:
    cfg = tmp_path / "symmetric.cfg"
    cfg.write_text(find_cfg(TINY).read_text("utf-8") + "SYMMETRY ServerSymmetry\n", "utf-8")
    plain, symmetric = (simulate(path, Plan(20, 50)) for path in (find_cfg(TINY), cfg))
    assert symmetric.warnings == (SYMMETRY_NOTE,)
    assert plain.warnings == ()
    assert (symmetric.generated, symmetric.walks) == (plain.generated, plain.walks)
    assert not symmetric.symmetry


def test_walks_that_ended_early_are_counted() -> None:
    walks = Walks(seed=0, depth=20, count=50, steps=400, by_action=True, ended_early=17)
    text = render_check(replace(DUMMY, walks=walks, verdict=Verdict.UNDETERMINED))
    assert section(text, "walks") == "50 of at most 20 steps, seed 0, 17 ended early"
