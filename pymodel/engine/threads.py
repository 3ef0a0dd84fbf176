"""The threads of a search, all of them started before it needs much memory.

A thread that finds no memory when it starts dies without a word, and who started it waits for ever: none is
started where so little is left.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from pymodel.engine.memory import free_addresses

THREAD_BYTES = 16 << 20  # a stack, and what the thread allocates at its start


def start_all(pool: ThreadPoolExecutor, count: int) -> None:
    """Start the `count` threads of a pool. Raises MemoryError where there is no room for them, RuntimeError
    where the system refuses one."""
    free = free_addresses()
    if free is not None and free < count * THREAD_BYTES:
        raise MemoryError(f"{count} threads need {count * THREAD_BYTES:,} bytes")
    met = threading.Barrier(count)
    try:
        waits = [pool.submit(met.wait) for _ in range(count)]
    except RuntimeError:
        met.abort()
        raise
    for wait in waits:
        wait.result()
