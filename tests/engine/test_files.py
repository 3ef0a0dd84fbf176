"""Files of a search: logs, levels, journals and sorted runs hold what was put in, in memory or on disk."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymodel.engine import level as level_module
from pymodel.engine import runs
from pymodel.engine.kernel import ORDINAL_SHIFT, PARENT_SHIFT
from pymodel.engine.level import Block, Journal, Level
from pymodel.engine.log import Log, reopen
from pymodel.engine.runs import SortedRun
from pymodel.errors import CheckpointError, LayoutError


def words(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def origin(parent: int, ordinal: int, action: int = 0) -> int:
    return (parent << PARENT_SHIFT) | (ordinal << ORDINAL_SHIFT) | action


def test_a_log_is_taken_up_where_it_was_recorded(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", np.uint32)
    log.append(words(1, 2, 3))
    facts = log.facts()
    log.append(words(4, 5))
    log.flush(durable=True)
    again = reopen(tmp_path / "log", np.uint32, facts)
    again.append(words(9))
    assert again.read(0, 100).tolist() == [1, 2, 3, 9]
    assert again.read(1, 2).tolist() == [2, 3]
    assert again.read(7, 2).tolist() == []
    assert (again.count, again.size) == (4, 16)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "cut off: 23 of 24 bytes"),
        (lambda path: path.write_bytes(b"\1" + path.read_bytes()[1:]), "damaged"),
        (lambda path: path.unlink(), "cannot be read"),
    ],
    ids=["cut off", "damaged", "gone"],
)
def test_a_log_that_is_not_what_was_recorded_is_refused(tmp_path: Path, damage, complaint) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "log"
    log = Log(path, np.int64)
    log.append(words(7, 8, 9))
    log.flush()
    damage(path)
    with pytest.raises(CheckpointError, match=complaint):
        reopen(path, np.int64, log.facts())


@pytest.mark.parametrize("disk", ["never", "from the start", "half way"])
def test_a_level_gives_back_its_rows_in_order(tmp_path: Path, disk: str) -> None:
    level = Level(2, Log(tmp_path / "level", np.int64) if disk == "from the start" else None)
    rows = np.arange(46, dtype=np.int64)
    for first, last in ((0, 2), (2, 20), (20, 24), (24, 46)):
        if first == 20 and disk == "half way":
            level.to_disk(tmp_path / "level")
        level.append(rows[first:last])
    assert level.count == 23
    blocks = list(level.blocks(5, keep=True))
    assert np.concatenate(blocks).tolist() == rows.tolist()
    assert all(len(block) <= 10 for block in blocks)
    assert level.rows().tolist() == rows.tolist()
    assert level.held_bytes == {"never": 46 * 8, "from the start": 0, "half way": 20 * 8}[disk]
    assert np.concatenate(list(level.blocks(5))).tolist() == rows.tolist()
    assert level.held_bytes == 0
    level.remove()
    assert not (tmp_path / "level").exists()


@pytest.mark.parametrize("disk", ["never", "from the start", "half way"])
def test_a_journal_tells_the_way_to_each_state(tmp_path: Path, disk: str) -> None:
    places = (tmp_path / "parents", tmp_path / "ordinals")
    logs = (Log(places[0], np.uint32), Log(places[1], np.uint16)) if disk == "from the start" else None
    journal = Journal(logs)
    journal.append(words(origin(0, 0)))
    journal.close_level()
    journal.append(words(origin(0, 3), origin(0, 5)))
    if disk == "half way":
        journal.to_disk(*places)
    journal.append(words(origin(0, 65_535)))
    journal.close_level()
    journal.append(words(origin(2, 1), origin(1, 7)))
    assert journal.count == 6
    journal.close_level()
    journal.close_level()
    assert journal.sizes == [1, 3, 2, 0]
    assert journal.ordinals_to(0, 0) == []
    assert journal.ordinals_to(1, 2) == [65_535]
    assert journal.ordinals_to(2, 0) == [65_535, 1]
    assert journal.ordinals_to(2, 1) == [5, 7]
    assert (journal.held_bytes > 0) == (disk == "never")


def test_a_level_has_at_most_as_many_states_as_a_parent_has_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(level_module, "LEVEL_MAX", 2)
    journal = Journal()
    journal.append(words(1, 2))
    with pytest.raises(LayoutError, match="a level of more than 2 states"):
        journal.append(words(3))


def test_a_block_is_thinned_out_in_order() -> None:
    by_action = np.bincount([10, 20, 30], minlength=256)
    block = Block(words(1, 2, 3, 4, 7, 8), words(10, 20, 30), words(5, 6, 9), by_action)
    kept = block.only(np.array([True, False, True]))
    assert (kept.rows.tolist(), kept.origins.tolist(), kept.keys.tolist()) == ([1, 2, 7, 8], [10, 30], [5, 9])
    assert (block.count, kept.count) == (3, 2)
    assert (block.fresh - kept.fresh).nonzero()[0].tolist() == [20]


hashes = st.lists(st.integers(-40, 40), max_size=30).map(lambda some: sorted(set(some)))


@settings(max_examples=150)
@given(rounds=st.lists(st.tuples(hashes, st.lists(st.integers(0, 30), max_size=3)), max_size=4), asked=hashes)
def test_a_run_is_the_union_of_what_was_merged(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[list[int], list[int]]], asked: list[int]
) -> None:
    """Also where parts, chunks of the file and the ranges of both begin and end at different places."""
    run, known = SortedRun(tmp_path_factory.mktemp("run") / "known.bin"), set[int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "CHUNK_WORDS", 5)
        for new, cuts in rounds:
            places = [0, *sorted(min(cut, len(new)) for cut in cuts), len(new)]
            run.merge(words(*new[a:b]) for a, b in pairwise(places))
            known |= set(new)
            assert np.fromfile(run.path, np.int64).tolist() == sorted(known)
            assert run.count == len(known)
        assert run.has(words(*asked)).tolist() == [number in known for number in asked]
