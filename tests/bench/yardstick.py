"""The two ends of the scale: hand-written C on one small model, and plain Python on small cfgs.

The C twin is built with the machine's own compiler. Where there is none it is left out, and said so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymodel.check import prepare
from pymodel.engine.goal import Goal, Plan
from pymodel.engine.instance import Instance
from pymodel.engine.naive import explore
from pymodel.engine.search import Search
from pymodel.errors import ToolError
from pymodel.specfiles import find_cfg
from tests.bench.records import Naive, Twins
from tests.bench.toy_model import lease_model

SOURCE = Path(__file__).parent / "twin" / "lease.c"
FLAGS = ("-O3", "-march=native")
NAIVE_CFGS = ("tiny",)
SMALL_TOY = {"max_term": 1, "capacity": 2}


def find_compiler() -> str | None:
    """The C compiler: CC, or cc, gcc, clang on the path; None if there is none."""
    names = [os.environ[name] for name in ("CC",) if os.environ.get(name)]
    return next((found for name in (*names, "cc", "gcc", "clang") if (found := shutil.which(name))), None)


def build(compiler: str, folder: Path) -> Path:
    """The C twin's program, built in `folder`. Raises ToolError if it does not compile."""
    program = folder / "lease"
    command = [compiler, *FLAGS, "-o", str(program), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(f"the C twin does not compile: {done.stderr.strip()[-400:]}", path=SOURCE)
    return program


def compiler_name(compiler: str) -> str:
    """Such as "cc 13.2.0 -O3 -march=native"."""
    command = [compiler, "-dumpfullversion", "-dumpversion"]
    version = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return " ".join([Path(compiler).name, version, *FLAGS])


def twins(compiler: str, rounds: int, tell: Callable[[Twins], None]) -> list[Twins]:
    """The yardstick's model searched by C and by pymodel in turn, `rounds` times: by one thread of each, then
    by two, which for C are two programs with the whole task each."""
    found = []
    with tempfile.TemporaryDirectory(prefix="termfence-twin-") as folder:
        program = build(compiler, Path(folder))
        for round_ in range(1, rounds + 1):
            theirs = side_by_side(program, 1)
            ours, seconds = searched(lease_model())
            pair = side_by_side(program, 2)
            again, pair_s = searched(lease_model(), workers=2)
            if again != ours:
                raise ToolError(f"two threads of pymodel counted {again}, one {ours}")
            found.append(
                Twins(
                    round=round_,
                    distinct=ours[0],
                    generated=ours[1],
                    depth=ours[2],
                    pymodel_s=seconds,
                    pymodel_pair_s=pair_s,
                    c_s=theirs["seconds"],
                    c_pair_s=pair["seconds"],
                    c_distinct=theirs["distinct"],
                    c_generated=theirs["generated"],
                    c_depth=theirs["depth"],
                    compiler=compiler_name(compiler),
                )
            )
            tell(found[-1])
    return found


def side_by_side(program: Path, count: int) -> dict[str, Any]:
    """What `count` programs that run at the same time answer: that of the slowest. Raises ToolError."""
    begun = [
        subprocess.Popen([str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    answers: list[dict[str, Any]] = []
    for process in begun:
        stdout, stderr = process.communicate()
        if process.returncode != 0:
            raise ToolError(f"the C twin failed: {(stdout + stderr).strip()}", path=SOURCE)
        answers.append(json.loads(stdout))
    return max(answers, key=lambda answer: float(answer["seconds"]))


def searched(
    instance: Instance, goal: Goal | None = None, workers: int = 1
) -> tuple[tuple[int, int, int], float]:
    """(distinct, generated, depth) by pymodel, and the seconds of the search alone. Checks all invariants of
    the model, unless there is a goal."""
    search = Search(
        instance, goal or Goal(invariants=tuple(instance.model.invariants)), Plan(workers=workers)
    )
    began = time.perf_counter()
    search.run()
    return (search.count, search.generated, search.depth), time.perf_counter() - began


def naive(tell: Callable[[Naive], None]) -> list[Naive]:
    """The correctness twin: plain Python on a smaller toy_model, and on small cfgs."""
    toy = lease_model(**SMALL_TOY)
    tasks = [("toy_model, 1 term", toy, Goal(invariants=tuple(toy.model.invariants)))]
    for name in NAIVE_CFGS:
        task = prepare(find_cfg(name))
        tasks.append((name, task.instance, task.goal))
    found = []
    for name, instance, goal in tasks:
        counts, seconds = searched(instance, goal)
        began = time.perf_counter()
        slow = explore(
            instance,
            invariants=goal.invariants,
            properties=goal.properties,
            constraints=goal.constraints,
            check_deadlock=goal.check_deadlock,
        )
        found.append(
            Naive(
                cfg=name,
                counts=counts,
                naive_counts=(slow.distinct, slow.generated, slow.depth),
                naive_s=time.perf_counter() - began,
                pymodel_s=seconds,
            )
        )
        tell(found[-1])
    return found
