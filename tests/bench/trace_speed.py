"""How fast trace-check is, and what memory it takes, on long native logs.

    python -m tests.bench.trace_speed [--events 1000000] [--tier 1] [--nodes 3] [--rounds 3] [--merged]
                                      [--log DIR]

`--events 10000,1000000` measures logs of both lengths; `--tier 2` the replay, with the pass that it needs
before it. Each round is a new process; the least time counts. CPU time is that of the one core that it uses.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.cluster_log import write_log

_ROUND = """
import json, resource, sys, time
from pathlib import Path
from trace_check import validate
from trace_check.tiers import Tier
tier, paths = Tier(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
wall, cpu = time.perf_counter(), time.process_time()
report = validate(paths, tier=tier)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([report.verdict.value, report.events, wall, cpu, peak / 1024]))
"""


def measure(paths: list[Path], rounds: int, tier: str = "1") -> tuple[str, int, float, float, float]:
    """Verdict, events, least wall and CPU seconds, and the largest peak of memory in MiB."""
    runs = []
    for _ in range(rounds):
        command = [sys.executable, "-c", _ROUND, tier, *map(str, paths)]
        runs.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    verdict, events = runs[0][:2]
    wall, cpu = min(run[2] for run in runs), min(run[3] for run in runs)
    return verdict, events, wall, cpu, max(run[4] for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure trace-check on long native logs.")
    parser.add_argument("--events", default="1000000", help="numbers of events, separated by commas")
    parser.add_argument("--tier", choices=("1", "2"), default="1", help="the rules, or the replay")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--merged", action="store_true", help="one file for all nodes")
    parser.add_argument("--log", type=Path, help="where the logs are kept, instead of a temporary folder")
    asked = parser.parse_args()
    for wanted in map(int, asked.events.split(",")):
        with tempfile.TemporaryDirectory() as temporary:
            folder = (asked.log or Path(temporary)) / str(wanted)
            paths = write_log(folder, wanted, asked.nodes, merged=asked.merged)
            size = sum(path.stat().st_size for path in paths) / (1 << 20)
            verdict, events, wall, cpu, peak = measure(paths, asked.rounds, asked.tier)
        what = f"{events:,} events in {len(paths)} files, {size:.0f} MiB"
        print(f"{verdict}: {what}, tier {asked.tier}; least of {asked.rounds} rounds")
        print(f"{events / wall:,.0f} events/s by the clock, {events / cpu:,.0f} events/s of CPU time")
        print(f"peak memory {peak:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
