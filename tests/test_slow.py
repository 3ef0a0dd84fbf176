"""Slow tests come last, and do not begin where there is no time left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
TESTS = """
import pytest

@pytest.mark.slow
def test_slow():
    pass

def test_quick():
    pass
"""


def outcomes(folder: Path, minutes: str | None) -> list[str]:
    """The tests of a small suite with the conftest of this one, in the order in which they ran."""
    shutil.copyfile(CONFTEST, folder / "conftest.py")
    (folder / "test_two.py").write_text(TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = slow\n", encoding="ascii")
    known = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "TERMFENCE_"))}
    env = known | ({} if minutes is None else {"TERMFENCE_SLOW_MINUTES": minutes})
    command = [sys.executable, "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider", str(folder)]
    answer = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=True)
    return [line for line in answer.stdout.splitlines() if line.startswith(("test_two.py", "SKIPPED"))]


@pytest.mark.parametrize("minutes", [None, "60"])
def test_slow_tests_run_last(minutes: str | None, tmp_path: Path) -> None:
    quick, slow = outcomes(tmp_path, minutes)
    assert "test_quick PASSED" in quick
    assert "test_slow PASSED" in slow


def test_a_slow_test_does_not_begin_without_time(tmp_path: Path) -> None:
    quick, slow, reason = outcomes(tmp_path, "0")
    assert "test_quick PASSED" in quick
    assert "test_slow SKIPPED" in slow
    assert "a slow test, and no time left: TERMFENCE_SLOW_MINUTES is 0" in reason
