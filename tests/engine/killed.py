"""A search in a process of its own, to be killed: `python -m tests.engine.killed FOLDER WORKERS`.

It goes on from the checkpoint in FOLDER, or begins there, and dawdles so that a kill meets it anywhere. It
prints a line when it begins, and at the end another one with what it found.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from pymodel.engine import search as search_module
from pymodel.engine.goal import Goal, Plan, Progress
from pymodel.engine.search import Search

from .toys import instance, two_phase

ROUND_ROWS, CHUNK_ROWS = 64, 16
PAUSE_S = 0.004


def search_for(plan: Plan) -> Search:
    bound = instance(two_phase(5), {"AllPrepared": "SomePrepared"})
    return Search(bound, Goal(("Consistent",), check_deadlock=False), plan)


def summary(search: Search) -> dict[str, object]:
    return {
        "count": search.count,
        "generated": search.generated,
        "depth": search.depth,
        "complete": search.complete,
        "counts": search.counts.tolist(),
        "fresh": search.fresh_by.tolist(),
        "violations": [[v.name, v.depth, v.parent, v.ordinal] for v in search.violations],
        "paths": [search.path(v) for v in search.violations],
    }


def dawdle(_: Progress) -> None:
    time.sleep(PAUSE_S)


def main(folder: Path, workers: int) -> None:
    search_module.ROUND_ROWS, search_module.CHUNK_ROWS = ROUND_ROWS, CHUNK_ROWS
    known = folder.is_dir()
    plan = Plan(
        workers=workers,
        keep_going=True,
        checkpoint=None if known else folder,
        recover=folder if known else None,
    )
    with search_for(plan) as search:
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        search.run(None, dawdle)
        told = json.dumps(summary(search))
    sys.stdout.write(told + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
