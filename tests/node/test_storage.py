"""What is stored outlives a kill at any point, whole or not at all; what cannot be stored stops the node."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trace_check.node.durable import Durable
from trace_check.node.effects import Appended, HardState, Saved, Write
from trace_check.node.messages import Entry, Snapshot
from trace_check.node.storage import StorageError, Store

BEFORE: list[Write] = [HardState(1, "n1"), Appended(1, (Entry(1, "r1", "x", "1"), Entry(1, "r2", "x", "2")))]
AFTER: list[Write] = [
    HardState(2, "n2"),
    Appended(2, (Entry(2, "r3", "x", "3"), Entry(2, "r4", "x", "4"))),
    Saved(Snapshot(1, 1, {"x": "1"}, {"r1": (1, 1)}), True),
]
POINTS = ["begin", "HardState", "Appended", "Saved", "commit", "committed"]


def content(path: Path) -> tuple[object, object, object]:
    store = Store(path)
    loaded = store.load()
    store.close()
    return loaded


def as_durable(writes: list[Write]) -> tuple[object, object, object]:
    durable = Durable()
    durable.apply(writes)
    return durable.hard, durable.snapshot, durable.entries


@st.composite
def histories(draw: st.DrawFn) -> list[list[Write]]:
    """Steps of writes as a node makes them: appends behind or inside the log, snapshots of what is there."""
    first, last = 1, 0
    steps: list[list[Write]] = []
    for _ in range(draw(st.integers(1, 8))):
        step: list[Write] = []
        if draw(st.booleans()):
            step.append(HardState(draw(st.integers(0, 9)), draw(st.sampled_from(["", "n1"]))))
        if draw(st.booleans()):
            at = draw(st.integers(first, last + 1))
            entries = tuple(Entry(draw(st.integers(1, 9)), f"r{at}") for _ in range(draw(st.integers(1, 3))))
            step.append(Appended(at, entries))
            last = at + len(entries) - 1
        if draw(st.booleans()):
            retain = draw(st.booleans())
            index = draw(st.integers(first - 1, last)) if retain else draw(st.integers(last, last + 3))
            step.append(Saved(Snapshot(index, 1, {"x": str(index)}), retain))
            first, last = index + 1, last if retain else index
        steps.append(step)
    return steps


@settings(max_examples=25, deadline=None)
@given(histories())
def test_the_database_keeps_what_memory_keeps(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[Write]]
) -> None:
    path = tmp_path_factory.mktemp("store") / "node.sqlite"
    durable, store = Durable(), Store(path)
    for step in steps:
        store.apply(step)
        durable.apply(step)
    store.close()
    assert content(path) == (durable.hard, durable.snapshot, durable.entries)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_leaves_all_or_nothing(tmp_path: Path, point: str) -> None:
    path = tmp_path / "node.sqlite"
    child = os.fork()
    if child == 0:
        store = Store(path)
        store.apply(BEFORE)
        store.close()
        Store(path, at=lambda reached: die() if reached == point else None).apply(AFTER)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    expected = as_durable([*BEFORE, *AFTER]) if point == "committed" else as_durable(BEFORE)
    assert content(path) == expected


def test_a_torn_end_of_the_journal_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    store = Store(path)
    store.apply(BEFORE)
    for name in ("node.sqlite", "node.sqlite-wal"):
        (tmp_path / f"copy-{name}").write_bytes((tmp_path / name).read_bytes())
    with (tmp_path / "copy-node.sqlite-wal").open("ab") as journal:
        journal.write(b"\x01" * 1500)
    assert content(tmp_path / "copy-node.sqlite") == as_durable(BEFORE)


def test_a_full_disk_is_an_error_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    store = Store(path)
    store.apply(BEFORE)
    store.close()
    full = Store(path, pages_max=path.stat().st_size // 4096)
    with pytest.raises(StorageError, match="full"):
        full.apply([Appended(3, tuple(Entry(1, f"r{k}", "x", "y" * 500) for k in range(100)))])
    full.close()
    assert content(path) == as_durable(BEFORE)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StorageError, match=r"node.sqlite: cannot open"):
        Store(path)


def test_a_log_with_a_gap_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "node.sqlite")
    store.apply([Appended(3, (Entry(1),))])
    with pytest.raises(StorageError, match="gap"):
        store.load()


def test_a_snapshot_that_is_none_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "node.sqlite")
    store._db.execute("INSERT INTO snapshot VALUES (1, ?)", (b"\xff\xff",))
    with pytest.raises(StorageError, match="cannot read"):
        store.load()
