"""A node's log: JSON lines of trace_check's own schema, written by structlog, one file for all incarnations.

Every line of a step is in the file, though perhaps not on the disk, before anything of the step is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import structlog


def _to_json(value: Any, **_: Any) -> str:
    return msgspec.json.encode(value).decode()


class LogFile:
    """The log of one incarnation, behind those before it."""

    def __init__(self, path: Path, node: str, incarnation: str) -> None:
        """Raises: OSError if the file cannot be written."""
        self._file = path.open("a", encoding="utf-8")
        self._head = {"node": node, "inc": incarnation}
        self._lines = 0
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(self._file),
            processors=[structlog.processors.JSONRenderer(serializer=_to_json)],
            wrapper_class=structlog.BoundLogger,
        )

    def write_config(self, fields: dict[str, Any]) -> None:
        """What the cluster declares of itself."""
        self._logger.info(None, v=1, kind="config", **fields)

    def write(self, wall_s: float, mono_ms: float, records: Iterable[dict[str, Any]]) -> None:
        """The lines of one step, all with the time at which it was decided."""
        for record in records:
            self._lines += 1
            fields = {"ts": round(wall_s, 6), "mono": round(mono_ms / 1000, 6), **self._head}
            event = record["event"]
            rest = {key: value for key, value in record.items() if key != "event"}
            self._logger.info(event, seq=self._lines, **fields, **rest)
        self._file.flush()

    def close(self) -> None:
        self._file.close()
