"""What is wrong with the input of a trace check, each with file, line and the mend.

A contradiction inside a readable log is a finding and never raised.
"""

from __future__ import annotations

from pymodel.errors import FenceError


class InputError(FenceError):
    """A log that cannot be read: it ends the command with exit code 2, and no verdict is given."""

    exit_code = 2


class InvalidJson(InputError):
    """A line that is no JSON: tolerated only as the torn last line of a file."""


class InvalidRecord(InvalidJson):
    """A binary record that is cut short or fails its checksum: tolerated only as the torn end of a file."""
