"""Broken bytes through the whole check: an InputError with its place and mend, or a report; little memory.

TERMFENCE_FUZZ_BYTES sets how many bytes are mutated (1,000,000 for the whole).
"""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path

from trace_check import Report, sample, validate
from trace_check.errors import InputError

BYTES = int(os.environ.get("TERMFENCE_FUZZ_BYTES", "4000"))
MEMORY_BYTES_MAX = 64 << 20
NATIVE = b"".join(path.read_bytes() for path in sample("failover"))
INTERESTING = [
    b"\0",
    b"\n",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"-",
    b"9" * 30,
    b"1e999",
    b"null",
    b"\xff",
    b"\\u",
]


def mutated(chance: random.Random, count: int) -> bytes:
    """The log with `count` of its bytes replaced, dropped or repeated, or with something put in."""
    data = bytearray(NATIVE)
    for _ in range(count):
        at = chance.randrange(len(data))
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at]
            case 2:
                data[at:at] = chance.choice(INTERESTING)
            case 3:
                data[at : at + 1] = data[at : at + chance.randrange(1, 40)]
            case 4:
                data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


def outcome(path: Path) -> Report | InputError:
    try:
        return validate([path])
    except InputError as error:
        return error


def test_mutated_bytes_end_in_a_report_or_an_error_with_its_place(tmp_path: Path) -> None:
    chance, left, errors, reports = random.Random(20), BYTES, 0, 0
    path = tmp_path / "log.ndjson"
    tracemalloc.start()
    try:
        while left > 0:
            count = min(left, chance.choice([1, 2, 5, 30, 1000]))
            left -= count
            path.write_bytes(mutated(chance, count))
            found = outcome(path)
            if isinstance(found, InputError):
                errors += 1
                assert (str(found.path), bool(found.mend)) == (str(path), True), found
            else:
                reports += 1
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES_MAX
    finally:
        tracemalloc.stop()
    assert errors
    assert reports or BYTES < 1000
