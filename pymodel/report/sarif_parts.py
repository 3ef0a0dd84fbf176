"""What every SARIF 2.1.0 log has, whoever found what: messages, places, the log around one run.

Source: OASIS SARIF 2.1.0; sections are numbered as there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE = "%SRCROOT%"


def message(text: str) -> dict[str, str]:
    """Section 3.11.5: `{0}` in a text stands for an argument, so that literal braces are doubled."""
    return {"text": text.replace("{", "{{").replace("}", "}}")}


def address(path: Path, base: Path) -> tuple[str, bool]:
    """The URI of an absolute path, and whether it is relative to `base`."""
    if path.is_relative_to(base):
        return quote(path.relative_to(base).as_posix()), True
    return path.as_uri(), False


def physical(path: Path, line: int, base: Path) -> dict[str, Any]:
    """Section 3.29: a line (from 1) of a file at an absolute path."""
    uri, relative = address(path, base)
    artifact = {"uri": uri, "uriBaseId": BASE} if relative else {"uri": uri}
    return {"artifactLocation": artifact, "region": {"startLine": line}}


def bases(base: Path) -> dict[str, Any]:
    """Section 3.14.14: what relative addresses are relative to."""
    return {BASE: {"uri": base.as_uri().rstrip("/") + "/"}}


def render_log(run: dict[str, Any]) -> str:
    """A log of one run as indented JSON."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode()
