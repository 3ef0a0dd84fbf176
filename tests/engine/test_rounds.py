"""What the first thread enters beside the others, and how a level falls into chunks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pymodel.engine import rounds
from pymodel.engine.rounds import Front, Records, Room


def records(count: int, fresh: int | None = None) -> Records:
    return Records(Room(np.zeros(0, np.int64), 0), count, fresh)


class Table:
    """Room for so many records; which ones were entered, by how many they are."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.entered: list[int] = []

    def fits(self, more: int) -> bool:
        return more <= self.room

    def enter(self, item: Records) -> int:
        self.entered.append(item.count)
        self.room -= item.count
        return item.count // 2


def test_what_others_wrote_is_entered_in_its_order() -> None:
    table = Table(1000)
    front = Front(4, table.fits, table.enter)
    front.catch_up()
    assert (front.at, table.entered) == (0, [])
    front.written[2] = [records(30)]
    front.written[1] = [records(20), records(21)]
    front.catch_up()
    assert (front.at, table.entered) == (0, []), "the first chunk is missing"
    front.written[0] = [records(10, 10)]
    front.catch_up()
    assert (front.at, table.entered) == (3, [20, 21, 30]), "the first was entered as it was written"
    front.written[3] = []
    front.catch_up()
    assert front.at == 4
    assert [item.fresh for chunk in front.written for item in chunk or ()] == [10, 10, 10, 15]


def test_nothing_is_entered_behind_what_found_no_room() -> None:
    table = Table(25)
    front = Front(2, table.fits, table.enter)
    front.written[:] = [[records(20), records(8), records(1)], [records(2)]]
    front.catch_up()
    table.room = 1000
    front.catch_up()
    assert (front.at, table.entered) == (0, [20])
    assert not front.has_room(0)


@pytest.mark.parametrize("parts", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 7, 2048, 2049, 100_000, 1 << 18])
def test_chunks_get_smaller_towards_the_end_of_a_round(count: int, parts: int) -> None:
    bounds = rounds._bounds(count, parts)
    sizes = [last - first for first, last in pairwise(bounds)]
    assert (bounds[0], bounds[-1]) == (0, count)
    assert all(0 < size <= rounds.CHUNK_ROWS for size in sizes)
    if parts == 1:
        assert sizes[:-1] == [rounds.CHUNK_ROWS] * (len(sizes) - 1)
    else:
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[-1] <= rounds.CHUNK_ROWS // rounds.SHARES
        assert len(sizes) <= count // rounds.CHUNK_ROWS + (2 * parts + 1) * rounds.SHARES**2


def test_the_first_thread_leads_by_less_than_its_share() -> None:
    bounds = rounds._bounds(1 << 18, 2)
    leading = rounds.Rounds._leading(bounds, 2)
    assert 0.4 < bounds[leading] / bounds[-1] <= 0.45
    assert rounds.Rounds._leading(rounds._bounds(1 << 18, 1), 1) >= 1
