"""`trace-check schema`: the JSON Schema of a native log's lines."""

from __future__ import annotations

import json

import typer


def schema_command() -> None:
    """Print the JSON Schema of the native log format."""
    from trace_check.schema import native_schema

    typer.echo(json.dumps(native_schema(), indent=2))
