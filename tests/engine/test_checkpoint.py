"""A search that was ended by a limit, Ctrl-C or a kill goes on from its checkpoint, and finds the same."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pymodel.check import check
from pymodel.engine import checkpoint as checkpoint_module
from pymodel.engine import search as search_module
from pymodel.engine import table
from pymodel.engine.goal import DEADLOCK, Limits, Plan, Progress
from pymodel.engine.result import Verdict
from pymodel.engine.search import Search
from pymodel.specfiles import find_cfg

from .checkpoints import (
    FAILING,
    ROOT,
    SEARCHES,
    STATES,
    TWO_PHASE,
    WHOLE,
    cut_off,
    gone_on,
    posix,
    stopped,
)
from .killed import search_for, summary
from .toys import instance, two_phase
from .twins import everything, run, told

pytestmark = pytest.mark.usefixtures("short_rounds")


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize(
    ("first", "then"),
    [({}, {}), ({"workers": 2}, {"workers": 1}), ({"exact": True}, {"exact": True, "workers": 3})],
    ids=["", "fewer threads", "exact, more threads"],
)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_search_goes_on_where_a_limit_ended_it(
    name: str, first: dict[str, Any], then: dict[str, Any], share: float, tmp_path: Path
) -> None:
    bound, goal, keep_going = SEARCHES[name]
    wanted = told(run(bound, goal, Plan(keep_going=keep_going)))
    most = Limits(max_states=int(share * wanted["count"]))
    folder = tmp_path / "kept"
    was_cut = cut_off(bound, goal, Plan(checkpoint=folder, keep_going=keep_going, **first), most)
    assert was_cut or name == "to a violation", "a violation counts more than a limit"
    if not was_cut:
        return
    with Search(bound, goal, Plan(recover=folder, keep_going=keep_going, **then)) as search:
        search.run()
        assert told(search) == wanted
        assert search.note == ""


def test_violations_of_before_and_after_are_reported_together(tmp_path: Path) -> None:
    bound, goal, _ = SEARCHES["on from violations"]
    folder = tmp_path / "kept"
    plan = Plan(checkpoint=folder, keep_going=True)
    before = Search(bound, goal, plan)
    before.run(Limits(max_states=12))
    names = {violation.name for violation in before.violations}
    before.close()
    assert {"Close"} <= names < {"Close", "NeverAllAt", DEADLOCK}
    after = Search(bound, goal, Plan(recover=folder, keep_going=True))
    after.run()
    assert {v.name for v in after.violations} == {"Close", "NeverAllAt", DEADLOCK}
    assert told(after) == told(run(bound, goal, Plan(keep_going=True)))


def test_it_may_be_ended_many_times(tmp_path: Path) -> None:
    wanted = told(run(TWO_PHASE, WHOLE, Plan()))
    folder = tmp_path / "kept"
    stopped(folder, Limits(max_states=1))
    for most in range(100, STATES, 100):
        assert cut_off(TWO_PHASE, WHOLE, Plan(recover=folder), Limits(max_states=most))
    with Search(TWO_PHASE, WHOLE, Plan(recover=folder)) as search:
        search.run()
        assert told(search) == wanted


def test_time_is_counted_from_the_first_start_and_limited_from_the_last(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with Search(TWO_PHASE, WHOLE, Plan(checkpoint=folder)) as search:
        search.run(Limits(max_states=900), lambda _: time.sleep(0.01))
    levels = json.loads((folder / "checkpoint.json").read_text("utf-8"))
    assert 0.02 < levels["seconds"] <= search.seconds
    with Search(TWO_PHASE, WHOLE, Plan(recover=folder)) as later:
        later.run(Limits(timeout_s=1000.0))
    assert later.complete
    assert later.seconds > levels["seconds"]
    assert later.clock.count_before > 100


@pytest.mark.parametrize(
    ("first", "then"),
    [(True, True), (True, False), (False, True)],
    ids=["both spill", "the first spills", "the second spills"],
)
def test_a_checkpoint_and_a_folder_to_spill_to_go_together(
    first: bool, then: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = instance(two_phase(5))
    wanted = told(run(bound, WHOLE, Plan()))
    monkeypatch.setattr(search_module, "LEAST_BUDGET_BYTES", 40_000)
    monkeypatch.setattr(table, "FIRST_SLOTS", 64)
    spilling = {"memory_bytes": 1, "spill": tmp_path / "spilled"}
    roomy: dict[str, Any] = {"memory_bytes": 1 << 34}
    folder = tmp_path / "kept"
    plan = Plan(checkpoint=folder, **(spilling if first else roomy))  # type: ignore[arg-type]
    assert cut_off(bound, WHOLE, plan, Limits(max_states=6000))
    plan = Plan(recover=folder, workers=2, **(spilling if then else roomy))  # type: ignore[arg-type]
    with Search(bound, WHOLE, plan) as search:
        search.run()
        assert told(search) == wanted
        assert search.store is not None
        assert (search.store.run is not None) == then
    assert not folder.exists()
    assert list((tmp_path / "spilled").iterdir()) == []


def test_memory_that_is_full_leaves_a_checkpoint_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where what was recorded does not fit to begin with."""
    folder = tmp_path / "kept"
    bound = instance(two_phase(5))
    with monkeypatch.context() as patch:
        patch.setattr(search_module, "LEAST_BUDGET_BYTES", 40_000)
        patch.setattr(table, "FIRST_SLOTS", 64)
        assert cut_off(bound, WHOLE, Plan(checkpoint=folder, memory_bytes=1), Limits())
        patch.setattr(search_module, "LEAST_BUDGET_BYTES", 1)
        with Search(bound, WHOLE, Plan(recover=folder, memory_bytes=1)) as search:
            search.run()
            assert search.ended_by.startswith("the memory that it may use, full")
            assert search.count > 500
    with Search(bound, WHOLE, Plan(recover=folder)) as search:
        search.run()
        assert told(search) == told(run(bound, WHOLE, Plan()))


def test_liveness_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    """It needs all rows, those from before too."""
    path = find_cfg("liveness_split_vote")
    wanted = check(path)
    cut = check(path, plan=Plan(checkpoint=tmp_path / "kept"), limits=Limits(max_states=3000))
    assert cut.verdict is Verdict.UNDETERMINED
    result = check(path, plan=Plan(recover=tmp_path / "kept"))
    assert (result.verdict, result.violated) == (Verdict.PROPERTY, "LeaderElected")
    assert result.counterexample == wanted.counterexample
    assert result.coverage == wanted.coverage


# Ctrl-C


@pytest.mark.parametrize("at", [1, 7, 25])
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_a_search_that_can_go_on(at: int, workers: int, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    calls: list[int] = []

    def interrupt(_: Progress) -> None:
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt

    with Search(TWO_PHASE, WHOLE, Plan(checkpoint=folder, workers=workers)) as search:
        search.run(None, interrupt)
        assert (search.complete, search.ended_by) == (False, "Ctrl-C")
        assert 0 < search.count < STATES
    assert told(gone_on(folder, workers=workers)) == told(run(TWO_PHASE, WHOLE, Plan()))


def test_ctrl_c_in_a_level_keeps_the_violation_that_it_had_shown() -> None:
    """The counterexample is a shortest one: all levels before were seen in full."""
    goal = everything(FAILING, check_deadlock=False)
    wanted = run(FAILING, goal, Plan()).violations
    rounds: list[int] = []

    def interrupt(p: Progress) -> None:
        if p.depth == wanted[0].depth:
            rounds.append(p.queue)
        if len(rounds) > wanted[0].parent // search_module.ROUND_ROWS:
            raise KeyboardInterrupt

    search = Search(FAILING, goal, Plan())
    search.run(None, interrupt)
    assert (search.complete, search.ended_by) == (False, "Ctrl-C")
    assert search.violations == wanted
    assert rounds[-1] > 0


@posix
def test_a_signal_ends_the_command_with_a_summary(tmp_path: Path) -> None:
    """Exit 3 and not 130: what was found so far is a result."""
    folder = tmp_path / "kept"
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pymodel.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "check", "bench_10m", "--workers", "1"]
    process = subprocess.Popen(
        [*command, "--checkpoint", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while process.poll() is None and not (folder / "checkpoint.json").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate()
    finally:
        process.kill()
    assert (process.returncode, stderr) == (Verdict.UNDETERMINED.value, "")
    assert stdout.startswith("UNDETERMINED")
    assert "ended by Ctrl-C" in stdout
    assert f"to go on: --recover {folder}" in stdout
    before = json.loads((folder / "checkpoint.json").read_text("utf-8"))
    again = subprocess.run(
        [*command, "--recover", str(folder), "--timeout", "0.01", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert again.returncode == Verdict.UNDETERMINED.value
    assert json.loads(again.stdout)["distinct"] > sum(before["sizes"])


# Kills


def kill_some(folder: Path, kills: int, rng: random.Random) -> int:
    """Start the search of killed.py in `folder` and kill it again, as often as that; how often it came so
    far that a level had ended."""
    came = 0
    for _ in range(kills):
        command = [sys.executable, "-m", "tests.engine.killed", str(folder), str(rng.choice((1, 2)))]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            time.sleep(rng.uniform(0, 0.25))
            process.kill()
        came += (folder / "checkpoint.json").exists()
        if process.returncode == 0:
            assert not folder.exists()
    return came


def finished(folder: Path) -> dict[str, Any]:
    options = {"recover": folder} if folder.is_dir() else {"checkpoint": folder}
    with search_for(Plan(keep_going=True, **options)) as search:  # type: ignore[arg-type]
        search.run()
        return summary(search)


def never_killed() -> dict[str, Any]:
    with search_for(Plan(keep_going=True)) as search:
        search.run()
        return summary(search)


@posix
@pytest.mark.parametrize(
    ("kills", "seed"), [(5, 1), pytest.param(20, 2, marks=pytest.mark.slow)], ids=["5", "20"]
)
def test_a_search_that_is_killed_at_random_moments_ends_the_same(
    kills: int, seed: int, tmp_path: Path
) -> None:
    """Every second time it is let end in between, so that the kills meet beginnings and recoveries."""
    wanted = never_killed()
    rng = random.Random(seed)
    folder, came = tmp_path / "kept", 0
    for part in range(0, kills, 5):
        came += kill_some(folder, min(5, kills - part), rng)
        assert finished(folder) == wanted
        assert not folder.exists()
    assert came >= 1


def test_a_folder_without_a_checkpoint_begins_anew_and_says_so(tmp_path: Path) -> None:
    """As a kill before the first level ends leaves it."""
    folder = tmp_path / "kept"
    folder.mkdir()
    for name in ("keys.bin", "parents.bin", "level-0.bin", "lock", "checkpoint.json.new"):
        (folder / name).write_bytes(b"half written")
    search = gone_on(folder)
    assert search.note == f"{folder} has no checkpoint yet: the search began anew"
    assert told(search) == told(run(TWO_PHASE, WHOLE, Plan()))


def test_what_is_written_is_handed_to_the_disk_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(checkpoint_module.os, "fsync", synced.append)
    run(TWO_PHASE, WHOLE, Plan(checkpoint=tmp_path / "one"))
    assert len(synced) == 5, "the level, three logs and the state, once"
    monkeypatch.setattr(checkpoint_module, "DURABLE_SECONDS", -1.0)
    synced.clear()
    search = run(TWO_PHASE, WHOLE, Plan(checkpoint=tmp_path / "two"))
    assert len(synced) == 5 * (search.depth + 1)


# What is left


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_that_came_to_its_end_leaves_nothing(name: str, tmp_path: Path) -> None:
    bound, goal, keep_going = SEARCHES[name]
    with Search(bound, goal, Plan(checkpoint=tmp_path / "kept", keep_going=keep_going)) as search:
        search.run()
    assert list(tmp_path.iterdir()) == []


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", "utf-8")
    with Search(TWO_PHASE, WHOLE, Plan(checkpoint=folder)) as search:
        search.run()
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_the_result_says_how_to_go_on_and_that_it_began_anew(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    cut = check(find_cfg("tiny"), plan=Plan(checkpoint=folder), limits=Limits(max_states=200))
    assert cut.detail == f"ended by the limit of 200 states\nto go on: --recover {folder}"
    (folder / "checkpoint.json").unlink()
    again = check(find_cfg("tiny"), plan=Plan(recover=folder))
    assert (again.detail, again.distinct) == ("", 598)
    assert again.warnings == (f"{folder} has no checkpoint yet: the search began anew",)
