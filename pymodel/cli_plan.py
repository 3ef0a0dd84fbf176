"""The options of `pymodel check` that say how to search: threads, memory, disk, exactness."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from pymodel.engine.goal import Plan
from pymodel.errors import UsageError

WORKERS_MAX = 256
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

Workers = Annotated[str, typer.Option(metavar="N|auto", help="Threads; auto: one for each processor.")]
Exact = Annotated[bool, typer.Option("--exact", help="Compare whole states, not 64-bit hashes of them.")]
HashSeed = Annotated[int, typer.Option("--fp", min=0, metavar="N", help="Another N makes other hashes.")]
Memory = Annotated[
    str | None, typer.Option(metavar="SIZE", help="What the process may hold, such as 512M or 8G.")
]
Spill = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Go on in files of this folder when memory is full.")
]
CheckpointFolder = Annotated[
    Path | None, typer.Option("--checkpoint", metavar="DIR", help="Keep there what --recover needs.")
]
RecoverFolder = Annotated[
    Path | None, typer.Option("--recover", metavar="DIR", help="Go on from the checkpoint in this folder.")
]
KeepGoing = Annotated[
    bool, typer.Option("--continue", help="Go on after a violation, to the first one of each property.")
]


def make_plan(
    workers: str,
    exact: bool,
    seed: int,
    memory: str | None,
    spill: Path | None,
    checkpoint: Path | None,
    recover: Path | None,
    keep_going: bool,
) -> Plan:
    """The plan that the options ask for. Raises UsageError for what they cannot mean."""
    if checkpoint is not None and recover is not None and checkpoint != recover:
        raise UsageError(
            "--recover goes on in its own folder", mend=f"leave out --checkpoint {checkpoint}", path=recover
        )
    return Plan(
        workers=worker_count(workers),
        exact=exact,
        seed=seed,
        memory_bytes=None if memory is None else size_bytes(memory),
        keep_going=keep_going,
        spill=spill,
        checkpoint=checkpoint,
        recover=recover,
    )


def worker_count(text: str) -> int:
    """How many threads `text` asks for."""
    if text == "auto":
        affinity = getattr(os, "sched_getaffinity", None)
        return min(WORKERS_MAX, len(affinity(0)) if affinity else os.cpu_count() or 1)
    if not text.isdecimal() or not 1 <= int(text) <= WORKERS_MAX:
        raise UsageError(
            f"--workers {text}: not a number of threads", mend=f"give 1 to {WORKERS_MAX}, or auto"
        )
    return int(text)


def size_bytes(text: str) -> int:
    """A size such as 8G, 512M, 1.5GiB or 1000000 in bytes; K, M, G, T are powers of 1024."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    size = int(float(found[1]) * UNITS[found[2].upper()]) if found else 0
    if size <= 0:
        raise UsageError(f"--memory {text}: not a size", mend="write it as 512M or 8G")
    return size
