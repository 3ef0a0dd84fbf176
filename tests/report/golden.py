"""The golden texts of the reports: `python -m tests.report.golden`, from the root, writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pymodel.report.dot import counterexample_dot, graph_dot
from pymodel.report.text import render_check, render_counterexample

from .fixtures import long_run, passed, small_graph, split_brain, violated

FOLDER = Path(__file__).parent.parent / "golden"
GOLDEN: dict[str, Callable[[], str]] = {
    "check_violated.txt": lambda: render_check(violated()),
    "check_passed.txt": lambda: render_check(passed()),
    "counterexample_long.txt": lambda: render_counterexample(long_run()),
    "counterexample.dot": lambda: counterexample_dot(split_brain()),
    "graph.dot": lambda: graph_dot(small_graph()),
}

if __name__ == "__main__":
    for name, make in GOLDEN.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")
