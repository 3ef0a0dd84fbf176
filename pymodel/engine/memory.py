"""How much memory this process holds and may hold, as far as the system tells."""

from __future__ import annotations

import re
import sys
from pathlib import Path

MEMORY_SHARE_MAX = 0.9
UNKNOWN_BYTES = 4 << 30
STATM, MEMINFO = Path("/proc/self/status"), Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def held_bytes() -> int:
    """The memory that this process holds now; where the system does not say, the most it has held."""
    return _field(STATM, "VmRSS") or peak_bytes()


def peak_bytes() -> int:
    """The most memory that this process has held, 0 where the system does not say."""
    known = _field(STATM, "VmHWM")
    if known or sys.platform == "win32":
        return known or 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def default_budget() -> int:
    """What the process may hold if nobody says: most of what is free, within the limits set for it."""
    free = _field(MEMINFO, "MemAvailable")
    held = held_bytes()
    limits = [UNKNOWN_BYTES if free is None else int(free * MEMORY_SHARE_MAX) + held]
    limits += [int(limit * MEMORY_SHARE_MAX) for limit in (_address_space(), _group_limit()) if limit]
    return min(limits)


def _field(path: Path, name: str) -> int | None:
    """A line such as `VmRSS:   123 kB` in bytes."""
    try:
        text = path.read_text("ascii")
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def free_addresses() -> int | None:
    """How much more this process may map before it meets the limit of `ulimit -v`; None if there is none."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    return max(1, limit - (_field(STATM, "VmSize") or 0))


def _address_space() -> int | None:
    """The limit of `ulimit -v`, less what is mapped already and not held."""
    free = free_addresses()
    return None if free is None else free + held_bytes()


def _group_limit() -> int | None:
    """The limit of the control group, less what other processes in it hold."""
    try:
        limit = (CGROUP / "memory.max").read_text("ascii").strip()
        used = int((CGROUP / "memory.current").read_text("ascii"))
        return None if limit == "max" else max(1, int(limit) - used + held_bytes())
    except (OSError, ValueError):
        return None
