"""Checks recorded Raft logs against the spec's properties: accepted, rejected with the cause, inconclusive.

`validate` makes a report, `render_text` prints it, `sample` finds the logs that come with the package.
"""

from __future__ import annotations

from trace_check.check import validate
from trace_check.report import Report, render_json, render_text
from trace_check.samples import sample
from trace_check.verdict import Verdict

__all__ = ["Report", "Verdict", "render_json", "render_text", "sample", "validate"]
