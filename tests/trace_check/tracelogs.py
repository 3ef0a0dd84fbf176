"""Short native logs for tests: lines as dicts, written to one file and checked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trace_check import Report, validate
from trace_check.rules import RuleResult

Line = dict[str, Any]


def line(node: str, event: str, **fields: Any) -> Line:
    """A native line; `frm` stands for the keyword `from`."""
    if "frm" in fields:
        fields["from"] = fields.pop("frm")
    return {"node": node, "inc": "a", "event": event, **fields}


def at(node: str, role: str | None = None, term: int | None = None, **state: Any) -> Line:
    """A line that only shows a state; `ts` and `seq` are those of the line."""
    own = {key: state.pop(key) for key in ("ts", "seq") if key in state}
    known = {"role": role, "term": term}
    return line(node, "state", **own, state={**{k: v for k, v in known.items() if v is not None}, **state})


def after_restart(*lines: Line) -> tuple[Line, ...]:
    """The lines as those of a later incarnation."""
    return tuple({**item, "inc": "b"} for item in lines)


def config(*nodes: str, **fields: Any) -> Line:
    return {"v": 1, "kind": "config", "nodes": list(nodes), **fields}


def write(path: Path, lines: Iterable[Line]) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in lines))
    return path


def check(tmp_path: Path, *lines: Line, strict: bool = False) -> Report:
    """The report on one file of `lines`, in their order."""
    return validate([write(tmp_path / "all.ndjson", lines)], strict=strict)


def result(report: Report, rule: str) -> RuleResult:
    return next(item for item in report.rules if item.rule == rule)
