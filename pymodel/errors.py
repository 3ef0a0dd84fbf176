"""The errors a user can cause, each with a place, a reason and the mend.

A violated property is a result and never raised. Everything here ends a command with `exit_code`.
"""

from __future__ import annotations

from pathlib import Path


class FenceError(Exception):
    """Base of every error this project raises on purpose.

    `message` says what is wrong, `mend` what to do about it, `path` and `line` (from 1) where.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, mend: str = "", path: Path | str | None = None, line: int | None = None
    ) -> None:
        self.message = message
        self.mend = mend
        self.path = path
        self.line = line
        super().__init__(str(self))

    def __str__(self) -> str:
        place = ""
        if self.path is not None:
            place = f"{self.path}:{self.line}: " if self.line is not None else f"{self.path}: "
        mend = f"\n  mend: {self.mend}" if self.mend else ""
        return f"{place}{self.message}{mend}"


class UsageError(FenceError):
    """A command line that cannot be carried out."""

    exit_code = 2


class CheckpointError(UsageError):
    """A checkpoint that is damaged, of another model, or in the way of a new one."""


class SpecError(FenceError):
    """A TLA+ module that does not parse, or lacks what the model expects."""

    exit_code = 150


class CfgError(FenceError):
    """A .cfg file that does not parse, or names something unknown or of the wrong kind."""

    exit_code = 151


class CoverageError(FenceError):
    """Actions that have to fire, and did not in a cfg that holds."""

    exit_code = 4


class LayoutError(FenceError):
    """A value outgrew its declared bounds, or the bounds do not fit the packed layout."""

    exit_code = 75


class ToolError(FenceError):
    """An outside tool (TLC, a Java runtime, Graphviz) is missing or failed."""

    exit_code = 1
