"""What the tests of the engine share."""

from __future__ import annotations

import pytest

from pymodel.engine import rounds
from pymodel.engine import search as search_module


@pytest.fixture
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of a few states, so that a small search has many."""
    monkeypatch.setattr(search_module, "ROUND_ROWS", 40)
    monkeypatch.setattr(rounds, "CHUNK_ROWS", 9)
