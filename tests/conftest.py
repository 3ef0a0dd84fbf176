"""One cache of machine code for the whole run, so that no test reads or fills the user's own, and slow tests
last.

Where TERMFENCE_SLOW_MINUTES is set, no slow test begins once a run has taken that long, and each day they
come in another order, so that none is left out for good.
"""

from __future__ import annotations

import os
import random
import tempfile
import time

import pytest
from hypothesis import HealthCheck, settings

from pymodel.engine.native import ENVIRONMENT
from pymodel.errors import ToolError
from pymodel.tlc.locate import Toolchain, locate

# No deadlines: the first example of a test pays for a compilation. CI draws the same examples every time.
settings.register_profile(
    "termfence",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("termfence")

BEGAN = "TERMFENCE_TESTS_BEGAN"
SLOW_MINUTES = "TERMFENCE_SLOW_MINUTES"

_folder: tempfile.TemporaryDirectory[str] | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Workers of pytest-xdist inherit the folder and the time from the process that starts them."""
    global _folder
    os.environ.setdefault(BEGAN, str(time.time()))
    if ENVIRONMENT not in os.environ:
        _folder = tempfile.TemporaryDirectory(prefix="termfence-tests-")
        os.environ[ENVIRONMENT] = _folder.name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests come last, where there is no time for all in an order of the day."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    if os.environ.get(SLOW_MINUTES):
        day = int(float(os.environ[BEGAN]) // 86_400)
        random.Random(day).shuffle(slow)
    items[:] = [item for item in items if not item.get_closest_marker("slow")] + slow


def pytest_runtest_setup(item: pytest.Item) -> None:
    limit = os.environ.get(SLOW_MINUTES)
    if not limit or not item.get_closest_marker("slow"):
        return
    minutes = (time.time() - float(os.environ[BEGAN])) / 60
    if minutes > float(limit):
        pytest.skip(f"a slow test, and no time left: {SLOW_MINUTES} is {limit}")


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """TLC, or a skip that says that it is missing. CI has to have it."""
    try:
        return locate()
    except ToolError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the live comparison with TLC was skipped: {missing}")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ.pop(BEGAN, None)
    if _folder is not None:
        del os.environ[ENVIRONMENT]
        _folder.cleanup()
