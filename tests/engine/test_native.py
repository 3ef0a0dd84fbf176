"""Machine code on disk: used again when it is the same, never when it is not what was written."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from pymodel.engine import native
from pymodel.engine.native import ENVIRONMENT, Native, cache_folder
from pymodel.errors import LayoutError

TEXT = "def main(x):\n    return x * 2 + 1\n"
OTHER = "def main(x):\n    return x * 2 + 2\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    return folder


def answer(text: str = TEXT) -> tuple[int, bool]:
    """What main(20) returns, and whether the code came from the disk."""
    made = Native(text, ("main",))
    return made.call("main", 20), made.cached


def test_the_second_load_is_cached(cache: Path) -> None:
    assert [answer(), answer()] == [(41, False), (41, True)]
    assert sorted(path.suffix for path in cache.iterdir()) == [".o", ".py"]


def test_another_text_is_another_program(cache: Path) -> None:
    assert [answer(), answer(OTHER), answer()] == [(41, False), (42, False), (41, True)]


def test_the_same_text_with_another_entry_is_another_program(cache: Path) -> None:
    text = TEXT + "\n\ndef other(x):\n    return main(x) + 1\n"
    assert Native(text, ("main",)).call("main", 20) == 41
    assert Native(text, ("other",)).call("other", 20) == 42
    assert Native(text, ("main",)).cached


def test_an_entry_that_is_not_there_is_told() -> None:
    with pytest.raises(LayoutError, match="no entry nowhere"):
        Native(TEXT, ("main", "nowhere"))


def test_the_folder_is_private_to_the_user(cache: Path) -> None:
    answer()
    assert cache.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\x7fELF" + b"\0" * 200])
def test_a_damaged_object_file_is_compiled_again(cache: Path, damage: bytes) -> None:
    answer()
    (object_file,) = cache.glob("*.o")
    object_file.write_bytes(damage)
    assert [answer(), answer()] == [(41, False), (41, True)]


def test_a_truncated_object_file_is_compiled_again(cache: Path) -> None:
    answer()
    (object_file,) = cache.glob("*.o")
    object_file.write_bytes(object_file.read_bytes()[:-1])
    assert answer() == (41, False)


def test_an_object_file_beside_a_foreign_text_is_not_run(cache: Path) -> None:
    """As it would be after a collision of names, or an edit by hand."""
    answer()
    (text,) = cache.glob("*.py")
    text.write_text(OTHER, encoding="utf-8")
    assert [answer(), answer()] == [(41, False), (41, True)]


def test_an_object_file_without_its_text_is_not_run(cache: Path) -> None:
    answer()
    (text,) = cache.glob("*.py")
    text.unlink()
    assert answer() == (41, False)


def test_a_folder_that_cannot_be_made_is_replaced_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "file" / "cache"))
    made = Native(TEXT, ("main",))
    assert made.call("main", 20) == 41
    assert "is not used" in made.note
    assert str(tmp_path / "file" / "cache") in made.note
    assert Native(TEXT, ("main",)).cached, "the temporary folder serves the whole process"


def test_a_folder_without_the_right_to_write_is_replaced_with_a_note(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    folder, note = cache_folder()
    assert folder != cache
    assert "it cannot be written" in note


@pytest.mark.skipif(os.name != "posix", reason="rights of groups and others are POSIX")
def test_a_folder_that_others_can_write_is_not_trusted(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    folder, note = cache_folder()
    assert folder != cache
    assert "others than you can write to it" in note


def test_code_that_cannot_be_kept_runs_all_the_same(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(native, "_write", full)
    made = Native(TEXT, ("main",))
    assert made.call("main", 20) == 41
    assert "no space left on device" in made.note


def test_a_failed_write_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError("in use")

    monkeypatch.setattr(Path, "replace", refuse)
    assert "in use" in Native(TEXT, ("main",)).note
    assert list(cache.iterdir()) == []


def test_another_compiler_or_processor_does_not_share_the_code(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer()
    with monkeypatch.context() as patch:
        patch.setattr(native, "_compiler_text", lambda: "another compiler")
        assert answer() == (41, False)
    with monkeypatch.context() as patch:
        name, features = native._processor()
        patch.setattr(native, "_processor", lambda: (name, features + ",-avx512f"))
        assert answer() == (41, False)
    assert answer() == (41, True)


def _repeat(folder: str) -> list[int]:
    os.environ[ENVIRONMENT] = folder
    return [answer(f"def main(x):\n    return x + {k}\n")[0] for k in range(20)]


def test_processes_at_once_do_not_disturb_each_other(cache: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(_repeat, [str(cache)] * 2)
    assert found == [[20 + k for k in range(20)]] * 2
    assert not list(cache.glob("*.tmp"))
