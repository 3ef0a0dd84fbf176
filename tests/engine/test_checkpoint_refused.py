"""Checkpoints that no search may go on from: damaged, of another model or other options, in use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pymodel.check import check
from pymodel.engine.goal import Goal, Limits, Plan
from pymodel.engine.search import Search
from pymodel.errors import CheckpointError
from pymodel.specfiles import find_cfg

from .checkpoints import (
    STATES,
    TWO_PHASE,
    WHOLE,
    gone_on,
    posix,
    stopped,
)
from .twins import run, told

pytestmark = pytest.mark.usefixtures("short_rounds")


def refused(folder: Path, goal: Goal = WHOLE, **options: Any) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        gone_on(folder, goal, **options)
    assert caught.value.mend
    return caught.value


LOGS = ("keys.bin", "parents.bin", "ordinals.bin", "level-*.bin")


def the_file(folder: Path, name: str) -> Path:
    """The file of that name; of the two levels the one that is recorded."""
    if "*" not in name:
        return folder / name
    depth = json.loads((folder / "checkpoint.json").read_text("utf-8"))["depth"]
    return folder / f"level-{depth}.bin"


@pytest.mark.parametrize("name", LOGS)
def test_a_file_that_was_cut_off_is_refused(name: str, tmp_path: Path) -> None:
    stopped(tmp_path / "kept")
    path = the_file(tmp_path / "kept", name)
    size = path.stat().st_size // 2
    os.truncate(path, size)
    error = refused(tmp_path / "kept")
    assert error.path == path
    assert error.message.startswith(f"cut off: {size:,} of ")


@pytest.mark.parametrize("name", LOGS)
def test_a_file_with_another_content_is_refused(name: str, tmp_path: Path) -> None:
    stopped(tmp_path / "kept")
    path = the_file(tmp_path / "kept", name)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)
    error = refused(tmp_path / "kept")
    assert (error.path, error.message) == (path, "damaged: its checksum is another")


@pytest.mark.parametrize("name", LOGS)
def test_a_file_that_is_missing_is_refused(name: str, tmp_path: Path) -> None:
    stopped(tmp_path / "kept")
    path = the_file(tmp_path / "kept", name)
    path.unlink()
    error = refused(tmp_path / "kept")
    assert (error.path, error.message) == (path, "cannot be read: No such file or directory")


def test_what_was_appended_after_the_last_level_does_not_count(tmp_path: Path) -> None:
    stopped(tmp_path / "kept")
    for name in LOGS:
        with the_file(tmp_path / "kept", name).open("ab") as file:
            file.write(b"the beginning of the next level")
    assert told(gone_on(tmp_path / "kept")) == told(run(TWO_PHASE, WHOLE, Plan()))


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        state = json.loads(data)
        change(state)
        return json.dumps(state).encode()

    return edit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda data: b"{ no JSON", "no checkpoint of this version: "),
        (lambda data: data[: len(data) // 2], "no checkpoint of this version: "),
        (lambda data: b"", "no checkpoint of this version: "),
        (edited(lambda s: s.update(format=2)), "no checkpoint of this version: its format is 2, not 1"),
        (edited(lambda s: s.pop("sizes")), "no checkpoint of this version: "),
        (edited(lambda s: s.update(more=1)), "no checkpoint of this version: "),
        (edited(lambda s: s.update(identity="another")), "made by another search: toy, not toy"),
    ],
    ids=["no JSON", "half of it", "empty", "another format", "less", "more", "another identity"],
)
def test_a_state_that_is_not_this_version_s_is_refused(
    edit: Callable[[bytes], bytes], said: str, tmp_path: Path
) -> None:
    stopped(tmp_path / "kept")
    path = tmp_path / "kept" / "checkpoint.json"
    path.write_bytes(edit(path.read_bytes()))
    error = refused(tmp_path / "kept")
    assert error.message.startswith(said)
    assert error.path == path


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 1},
        {"exact": True},
        {"keep_going": True},
        {"goal": Goal(("Consistent",), check_deadlock=False)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_checkpoint_of_other_options_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    stopped(tmp_path / "kept")
    assert refused(tmp_path / "kept", **options).message == "made by another search: toy, not toy"


def test_a_checkpoint_of_another_cfg_is_refused_by_its_name(tmp_path: Path) -> None:
    check(find_cfg("tiny"), plan=Plan(checkpoint=tmp_path / "kept"), limits=Limits(max_states=200))
    with pytest.raises(CheckpointError, match="made by another search: tiny, not small"):
        check(find_cfg("small"), plan=Plan(recover=tmp_path / "kept"))
    assert check(find_cfg("tiny"), plan=Plan(recover=tmp_path / "kept")).distinct == 598


def test_no_such_folder_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path / "none")
    assert (error.message, error.mend) == ("no such folder", "give the folder of --checkpoint")
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(CheckpointError, match="cannot be written: Not a directory") as caught:
        run(TWO_PHASE, WHOLE, Plan(checkpoint=tmp_path / "file" / "below"))
    assert caught.value.mend == "give another folder"


def test_a_checkpoint_is_not_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    stopped(folder)
    with pytest.raises(CheckpointError, match="there is a checkpoint already") as caught:
        stopped(folder)
    assert caught.value.mend == f"go on from it with --recover {folder}, or give another folder"
    assert told(gone_on(folder))["count"] == STATES, "the refusal changed nothing"


@posix
def test_two_searches_do_not_use_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    stopped(folder)
    first = Search(TWO_PHASE, WHOLE, Plan(recover=folder))
    first.run(Limits(max_states=1))
    error = refused(folder)
    assert (error.message, error.path) == ("another search is using it", folder)
    first.close()
    assert gone_on(folder).complete
