"""Changes of how a log is written that change nothing of what it says, and those that take something away."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .good_log import Line, Lines

Writer = Callable[[Path, Lines], list[Path]]
WRITERS: dict[str, Writer] = {}
FIELDS = ("pre", "mid", "key", "value", "entry", "entries", "seq", "f", "state", "op", "error", "v")
"""Fields that a log may lack. `ts` and `reason` are what a role record has to have."""


def harmless(write: Writer) -> Writer:
    """Registers a way to write a log under the name of its function."""
    WRITERS[write.__name__] = write
    return write


def one_file(folder: Path, texts: Iterable[str], name: str = "all.ndjson") -> list[Path]:
    path = folder / name
    path.write_text("".join(f"{text}\n" for text in texts))
    return [path]


def changed(lines: Lines, change: Callable[[Line], Line]) -> list[str]:
    return [json.dumps(change(copy.deepcopy(line))) for line in lines]


def _reversed_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed_fields(value[name]) for name in reversed(value)}
    return value


@harmless
def spaces(folder: Path, lines: Lines) -> list[Path]:
    return one_file(folder, (f"  {json.dumps(line, separators=(' , ', ' : '))}\t" for line in lines))


@harmless
def blank_lines_and_carriage_returns(folder: Path, lines: Lines) -> list[Path]:
    return one_file(folder, (f"\n{json.dumps(line)}\r" for line in lines))


@harmless
def fields_in_another_order(folder: Path, lines: Lines) -> list[Path]:
    return one_file(folder, changed(lines, _reversed_fields))


@harmless
def unknown_fields(folder: Path, lines: Lines) -> list[Path]:
    return one_file(folder, changed(lines, lambda line: {"host": {"name": "h"}, **line, "level": [1, None]}))


@harmless
def other_names(folder: Path, lines: Lines) -> list[Path]:
    aliases = {"ts": "timestamp", "node": "nid", "event": "name"}
    return one_file(folder, changed(lines, lambda line: {aliases.get(k, k): v for k, v in line.items()}))


@harmless
def dates_for_seconds(folder: Path, lines: Lines) -> list[Path]:
    def dated(line: Line) -> Line:
        if "ts" in line:
            line["ts"] = datetime.fromtimestamp(line["ts"], UTC).isoformat()
        return line

    return one_file(folder, changed(lines, dated))


@harmless
def a_file_a_node(folder: Path, lines: Lines) -> list[Path]:
    names = ("n1", "n2", "n3")
    return [path for name in names for path in one_file(folder, _of(lines, name), f"{name}.ndjson")]


@harmless
def a_file_an_incarnation(folder: Path, lines: Lines) -> list[Path]:
    incs = {(line["node"], line["inc"]) for line in lines if "node" in line}
    return [
        path
        for node, inc in sorted(incs, reverse=True)
        for path in one_file(folder, _of(lines, node, inc), f"{node}-{inc}.ndjson")
    ]


def _of(lines: Lines, node: str, inc: str | None = None) -> list[str]:
    """The lines of a node, or of one incarnation; a declaration is of every one."""
    mine = [line for line in lines if line.get("node") in (None, node)]
    return [json.dumps(line) for line in mine if inc is None or line.get("inc") in (None, inc)]


@harmless
def packed(folder: Path, lines: Lines) -> list[Path]:
    path = folder / "all.ndjson.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()))
    return [path]


@harmless
def lines_in_any_order(folder: Path, lines: Lines) -> list[Path]:
    """`seq` and `inc` say where each belongs."""
    shuffled = lines[1:]
    random.Random(7).shuffle(shuffled)
    return one_file(folder, map(json.dumps, [lines[0], *shuffled]))


@harmless
def clocks_apart_within_the_error(folder: Path, lines: Lines) -> list[Path]:
    skew = {"n1": 0.009, "n2": -0.009, "n3": 0.0}

    def skewed(line: Line) -> Line:
        if "ts" in line:
            line["ts"] += skew[line["node"]]
        return line

    return one_file(folder, changed(lines, skewed))


def without(field: str) -> Writer:
    """A way to write a log without one field."""

    def write(folder: Path, lines: Lines) -> list[Path]:
        def dropped(line: Line) -> Line:
            line.pop(field, None)
            if field == "mid" and isinstance(line.get("msg"), dict):
                line["msg"].pop("re", None)
            return line

        return one_file(folder, changed(lines, dropped))

    return write
