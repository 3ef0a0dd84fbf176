"""The results as the tables of docs/BENCHMARKS.md, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pymodel.terminal import columns
from tests.bench.records import Results
from tests.bench.table import (
    HEAD,
    NAIVE_HEAD,
    YARDSTICK_HEAD,
    cells,
    lines,
    naive_cells,
    wrong,
    yardstick_cells,
)

BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def tables(results: Results) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Heads and rows of the three tables; one without rows is left out."""
    found = [
        (HEAD, [cells(line) for line in lines(results.runs)]),
        (YARDSTICK_HEAD, yardstick_cells(results)),
        (NAIVE_HEAD, naive_cells(results)),
    ]
    return [(head, rows) for head, rows in found if rows]


def text(results: Results) -> str:
    """For a terminal."""
    parts = ["\n".join(columns([head, *rows])) for head, rows in tables(results)]
    return "\n\n".join([*parts, *_remarks(results)])


def markdown(results: Results) -> str:
    """For the page."""
    parts = [
        "\n".join([_row(head), _row(["---"] * len(head)), *map(_row, rows)]) for head, rows in tables(results)
    ]
    return "\n\n".join([facts(results), *parts, *_remarks(results)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def facts(results: Results) -> str:
    """The machine and the versions in a sentence."""
    here = results.machine
    tools = dict.fromkeys(run.version for run in results.runs if run.version.startswith("TLC"))
    memory = f"{here.memory_bytes / 2**30:.0f} GiB"
    versions = ", ".join(
        [f"termfence {here.pymodel}", f"Python {here.python}", f"llvmlite {here.llvmlite}", *tools]
    )
    rounds = f"{results.rounds} round{'s' if results.rounds > 1 else ''}"
    return f"{here.processor}, {here.cores} cores, {memory}, {here.system}; {versions}; least of {rounds}."


def _remarks(results: Results) -> list[str]:
    """What is missing or wrong, a line each."""
    missing = {
        f"{line.cfg}, {line.workers} worker{'s' if line.workers > 1 else ''}, {line.mode}: {line.skipped}"
        for line in lines(results.runs)
        if line.skipped
    }
    found = [
        *(f"Not measured: {item}" for item in sorted(missing)),
        *(f"DIFFERENT: {item}" for item in wrong(results)),
    ]
    return ["\n".join(found)] if found else []


def placed(page: str, results: Results) -> str:
    """The page with its results between BEGIN and END replaced."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{markdown(results)}\n{END}{after}"
