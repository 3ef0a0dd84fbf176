"""With a folder to spill to, a search goes on where memory is full, and finds the same to the last number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pymodel.check import check
from pymodel.engine import level, rounds, runs, store, table
from pymodel.engine import search as search_module
from pymodel.engine.goal import Goal, Limits, Plan, Progress
from pymodel.engine.instance import Instance
from pymodel.engine.result import Verdict
from pymodel.engine.search import Search
from pymodel.errors import UsageError
from pymodel.manifest import read_manifest
from pymodel.specfiles import find_cfg

from .toys import counters, instance, two_phase
from .twins import everything, run, told

BUDGET_BYTES = 40_000  # a table of about 1,200 hashes
WHOLE = Goal(check_deadlock=False)


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for a fraction of a toy's states, and rounds that fit it."""
    monkeypatch.setattr(search_module, "LEAST_BUDGET_BYTES", BUDGET_BYTES)
    monkeypatch.setattr(search_module, "ROUND_ROWS", 32)
    monkeypatch.setattr(rounds, "CHUNK_ROWS", 5)
    monkeypatch.setattr(rounds, "RECORDS", 1)
    monkeypatch.setattr(table, "FIRST_SLOTS", 64)


@pytest.fixture
def flushes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each table of hashes that went to disk."""
    sizes: list[int] = []
    merge = runs.SortedRun.merge

    def counted(run: runs.SortedRun, hashes: Iterable[runs.Words]) -> None:
        parts = list(hashes)
        sizes.append(sum(map(len, parts)))
        merge(run, parts)

    monkeypatch.setattr(runs.SortedRun, "merge", counted)
    return sizes


def spilling(folder: Path, **options: object) -> Plan:
    return Plan(memory_bytes=1, spill=folder, **options)  # type: ignore[arg-type]


def journal(search: Search) -> tuple[list[int], list[list[int]]]:
    """The sizes of the levels; for all states in order the parent, and the ordinal among its successors."""
    assert search.store is not None
    kept = search.store.journal
    if kept.logs is not None:
        return kept.sizes, [log.read(0, kept.count).tolist() for log in kept.logs]
    columns = zip(*(part for level in kept.levels for part in level), strict=True)
    return kept.sizes, [[int(number) for part in column for number in part] for column in columns]


FAILING = instance(two_phase(5), {"AllPrepared": "SomePrepared"})
LONG = instance(counters(6, 5, deadline=5))
SEARCHES: dict[str, tuple[Instance, Goal]] = {
    "to the end": (instance(two_phase(5)), WHOLE),
    "to a violation": (LONG, everything(LONG, check_deadlock=False)),
    "on from a violation": (FAILING, everything(FAILING, check_deadlock=False)),
}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", SEARCHES)
def test_the_same_is_found_as_in_memory(
    name: str,
    workers: int,
    tmp_path: Path,
    tight: None,
    flushes: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bound, goal = SEARCHES[name]
    keep_going = name.startswith("on")
    if bound is LONG:
        monkeypatch.setattr(search_module, "LEAST_BUDGET_BYTES", 1)  # a table of 1,024 hashes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "LEAST_BUDGET_BYTES", 1 << 28)
        wanted = run(bound, goal, Plan(keep_going=keep_going))
        expected = told(wanted)
    assert flushes == []
    with Search(bound, goal, spilling(tmp_path, workers=workers, keep_going=keep_going)) as search:
        search.run()
        assert told(search) == expected
        assert journal(search) == journal(wanted)
    assert len(flushes) >= (1 if bound is LONG else 3)


@pytest.mark.parametrize(("share", "least", "most"), [(1 << 40, 200, 500), (1e-6, 5, 50)])
def test_states_are_settled_within_a_level_or_at_its_end(
    share: float,
    least: int,
    most: int,
    tmp_path: Path,
    tight: None,
    flushes: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After each round or once a level: nothing is lost or counted twice."""
    wanted = told(run(*SEARCHES["to the end"], Plan(memory_bytes=1 << 30)))
    monkeypatch.setattr(store, "UNSETTLED_SHARE", share)
    asked: list[int] = []
    has = runs.SortedRun.has

    def counted(run: runs.SortedRun, hashes: runs.Words) -> object:
        asked.append(len(hashes))
        return has(run, hashes)

    monkeypatch.setattr(runs.SortedRun, "has", counted)
    search = Search(*SEARCHES["to the end"], spilling(tmp_path))
    search.run()
    assert told(search) == wanted
    assert len(flushes) >= 3
    assert least < len(asked) < most


def test_rows_journal_and_hashes_lie_in_files_that_go_with_the_search(tmp_path: Path, tight: None) -> None:
    folder = tmp_path / "made" / "here"
    seen: set[str] = set()

    def look(_: Progress) -> None:
        seen.update(path.name for path in folder.rglob("*.bin"))

    with Search(*SEARCHES["to the end"], spilling(folder)) as search:
        search.run(None, look)
        assert search.store is not None
        assert search.store.run is not None
        assert search.store.run.count > 3000
        assert search.store.journal.logs is not None
        assert search.store.journal.held_bytes == 0
    assert {"known.bin", "parents.bin", "ordinals.bin", "level-5.bin"} <= seen
    assert list(folder.iterdir()) == []


def test_a_level_that_is_expanded_leaves_no_file(tmp_path: Path, tight: None) -> None:
    kept: list[int] = []

    def look(_: Progress) -> None:
        kept.append(len(list(tmp_path.rglob("level-*.bin"))))

    with Search(*SEARCHES["to the end"], spilling(tmp_path)) as search:
        search.run(None, look)
    assert max(kept) == 2


def test_two_searches_share_a_folder(tmp_path: Path, tight: None) -> None:
    one = Search(*SEARCHES["to the end"], spilling(tmp_path))
    other = Search(*SEARCHES["to a violation"], spilling(tmp_path, keep_going=True))
    one.run()
    other.run()
    one.close()
    assert told(other)["complete"], "its files are there still"
    other.close()
    assert list(tmp_path.iterdir()) == []


def test_what_was_counted_twice_for_a_while_meets_no_limit(tmp_path: Path, tight: None) -> None:
    """A state that waits to be settled may be an old one."""
    bound, goal = SEARCHES["to the end"]
    search = Search(bound, goal, spilling(tmp_path))
    search.run(Limits(max_states=8832))
    assert (search.complete, search.ended_by, search.count) == (True, "", 8832)
    with Search(bound, goal, spilling(tmp_path)) as cut:
        cut.run(Limits(max_states=8000))
        assert cut.ended_by == "the limit of 8000 states"
        assert 8000 < cut.count < 8832


def test_a_cfg_of_some_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flushes: list[int]) -> None:
    monkeypatch.setattr(search_module, "LEAST_BUDGET_BYTES", 1)
    monkeypatch.setattr(search_module, "ROUND_ROWS", 1000)
    monkeypatch.setattr(table, "FIRST_SLOTS", 256)
    wanted, result = check(find_cfg("small")), check(find_cfg("small"), plan=spilling(tmp_path, workers=2))
    record = read_manifest()["small"]
    assert (result.verdict, result.distinct, result.depth) == (Verdict.OK, record.distinct, record.depth)
    assert (result.coverage, result.out_degree) == (wanted.coverage, wanted.out_degree)
    assert len(flushes) >= 3


# Where it does not help


def ended(bound: Instance, goal: Goal, plan: Plan) -> str:
    with Search(bound, goal, plan) as search:
        search.run()
        assert not search.complete
        assert 0 < search.count < 8832
        return search.ended_by


@pytest.mark.parametrize(
    ("plan", "advice"),
    [
        (lambda folder: Plan(memory_bytes=1), "; with --spill DIR it would go on in files"),
        (
            lambda folder: Plan(memory_bytes=1, exact=True),
            "; with --spill DIR and without --exact it would go on in files",
        ),
        (lambda folder: spilling(folder, exact=True), "; without --exact it would go on in files"),
        (lambda folder: spilling(folder, keep_rows=True), ": this search keeps all of them"),
    ],
    ids=["no folder", "exact", "exact with a folder", "all rows kept"],
)
def test_full_memory_ends_a_search_and_says_how_to_go_on(
    plan: Callable[[Path], Plan], advice: str, tmp_path: Path, tight: None
) -> None:
    told_end = ended(*SEARCHES["to the end"], plan(tmp_path))
    assert told_end.startswith("the memory that it may use, full with ")
    assert told_end.endswith(f" states{advice}")


def test_a_round_that_fits_no_empty_table_ends_the_search(
    tmp_path: Path, tight: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "LEAST_BUDGET_BYTES", BUDGET_BYTES // 2)
    monkeypatch.setattr(search_module, "ROUND_ROWS", 2000)
    assert ended(*SEARCHES["to the end"], spilling(tmp_path)).endswith(" states")


def test_the_verdict_is_undetermined_with_what_was_covered(tight: None) -> None:
    result = check(find_cfg("tiny"), plan=Plan(memory_bytes=1))
    assert result.ok, "it fits"
    result = check(find_cfg("small"), plan=Plan(memory_bytes=1))
    assert result.verdict is Verdict.UNDETERMINED
    assert f"full with {result.distinct:,} states; with --spill DIR" in result.detail
    assert sum(row.distinct for row in result.coverage) == result.distinct - 1


def test_a_violation_found_before_memory_was_full_is_reported(
    tight: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "LEAST_BUDGET_BYTES", 3 * BUDGET_BYTES)
    search = run(*SEARCHES["on from a violation"], Plan(memory_bytes=1, keep_going=True))
    assert search.ended_by.startswith("the memory")
    assert not search.complete
    assert [v.name for v in search.violations] == ["Consistent"]


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    folder = tmp_path / "file" / "below"
    with pytest.raises(UsageError, match="Not a directory") as caught:
        run(instance(counters()), WHOLE, Plan(spill=folder))
    assert (caught.value.path, caught.value.mend) == (folder, "give another folder to spill to")


def test_a_full_disk_ends_the_search_without_a_verdict(
    tmp_path: Path, tight: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = level.Log.append

    def refused(log: level.Log, numbers: level.Words) -> None:
        if log.size > 2000:
            raise OSError(28, "No space left on device")
        append(log, numbers)

    monkeypatch.setattr(level.Log, "append", refused)
    assert ended(*SEARCHES["to the end"], spilling(tmp_path)) == "the disk: No space left on device"
    assert list(tmp_path.iterdir()) == []
