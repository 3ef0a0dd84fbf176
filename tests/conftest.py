"""One cache of machine code for the whole run, so that no test reads or fills the user's own."""

from __future__ import annotations

import os
import tempfile

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

_folder: tempfile.TemporaryDirectory[str] | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Workers of pytest-xdist inherit the folder from the process that starts them."""
    global _folder
    if ENVIRONMENT not in os.environ:
        _folder = tempfile.TemporaryDirectory(prefix="termfence-tests-")
        os.environ[ENVIRONMENT] = _folder.name


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
    if _folder is not None:
        del os.environ[ENVIRONMENT]
        _folder.cleanup()
