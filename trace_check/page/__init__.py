"""A report and its log as one HTML page that needs nothing else: no network, works from a file."""

from __future__ import annotations

from trace_check.page.page import render_page

__all__ = ["render_page"]
