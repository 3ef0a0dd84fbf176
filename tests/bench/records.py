"""What one run of the benchmark measured, and its JSON file.

Times are in seconds, memory in bytes. `wall_s` is the whole process: of pymodel as a shell sees it, of TLC
the Java process alone. `search_s` is the search alone: as pymodel says; of TLC the wall time less that of
TLC on the same cfg with MaxTerm 0 and MaxMessages 0, which has a handful of states.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

import llvmlite
import msgspec

from pymodel import __version__
from pymodel.errors import UsageError

PYMODEL, TLC = "pymodel", "TLC"
COLD, WARM = "cold", "warm"
DEFAULT, EXACT = "default", "exact"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One process. `mode` is how pymodel was asked to keep states, `start` whether the machine code was
    cached (TLC: always cold). `skipped` says why nothing was run."""

    tool: str
    cfg: str
    workers: int
    mode: str = DEFAULT
    start: str = COLD
    round: int = 1
    verdict: str = ""
    distinct: int = 0
    generated: int = 0
    depth: int = 0
    wall_s: float = 0.0
    search_s: float = 0.0
    compile_s: float = 0.0
    peak_bytes: int = 0
    idle_bytes: int = 0
    version: str = ""
    collision: str = ""
    skipped: str = ""

    @property
    def done(self) -> bool:
        return self.verdict == "OK"

    @property
    def bytes_per_state(self) -> float:
        """Memory beyond that of a run with hardly a state, per distinct state."""
        return max(0, self.peak_bytes - self.idle_bytes) / self.distinct if self.distinct else 0.0


class Twins(msgspec.Struct, frozen=True, kw_only=True):
    """One round of the yardstick: the small model searched by pymodel and by hand-written C. The pairs: two
    workers of pymodel, and two programs of C side by side, of which the slower one counts."""

    round: int
    distinct: int
    generated: int
    depth: int
    pymodel_s: float
    pymodel_pair_s: float | None = None
    c_s: float
    c_pair_s: float | None = None
    c_distinct: int
    c_generated: int
    c_depth: int
    compiler: str

    @property
    def equal(self) -> bool:
        theirs = (self.c_distinct, self.c_generated, self.c_depth)
        return (self.distinct, self.generated, self.depth) == theirs


class Naive(msgspec.Struct, frozen=True, kw_only=True):
    """One model searched by plain Python, and by pymodel: (distinct, generated, depth) of each."""

    cfg: str
    counts: tuple[int, int, int]
    naive_counts: tuple[int, int, int]
    naive_s: float
    pymodel_s: float

    @property
    def equal(self) -> bool:
        return self.counts == self.naive_counts


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures depend on. Names no host, user or path."""

    processor: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    llvmlite: str
    pymodel: str


class Results(msgspec.Struct, kw_only=True):
    """All that one invocation measured."""

    machine: Machine
    rounds: int
    runs: list[Run]
    twins: list[Twins]
    naive: list[Naive]


def machine() -> Machine:
    """This machine."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 0,
        memory_bytes=_whole(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        llvmlite=llvmlite.__version__,
        pymodel=__version__,
    )


def _whole(memory_bytes: int) -> int:
    """Whole GiB: how much of the last one the system keeps to itself differs from one start to the next."""
    return round(memory_bytes / (1 << 30)) << 30


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"


def write_results(path: Path, results: Results) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def read_results(path: Path) -> Results:
    """The results in the file at `path`. Raises UsageError if it holds none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except (OSError, msgspec.MsgspecError) as problem:
        raise UsageError(
            f"no results of a benchmark: {problem}", mend="give its --out file", path=path
        ) from None
