"""One cache of machine code for the whole run, so that no test reads or fills the user's own."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import settings

from pymodel.engine.native import ENVIRONMENT

# No deadlines: the first example of a test pays for a compilation.
settings.register_profile("termfence", deadline=None)
settings.load_profile("termfence")

_folder: tempfile.TemporaryDirectory[str] | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Workers of pytest-xdist inherit the folder from the process that starts them."""
    global _folder
    if ENVIRONMENT not in os.environ:
        _folder = tempfile.TemporaryDirectory(prefix="termfence-tests-")
        os.environ[ENVIRONMENT] = _folder.name


def pytest_unconfigure(config: pytest.Config) -> None:
    if _folder is not None:
        del os.environ[ENVIRONMENT]
        _folder.cleanup()
