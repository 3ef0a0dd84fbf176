"""Times and durations as logs write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from trace_check.errors import InputError
from trace_check.event import Place

_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)")
_UNIT_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}


def seconds_of_text(value: float | str | None, place: Place) -> float | None:
    """Wall-clock seconds of a number or an ISO 8601 text (UTC where it names no zone), None for None.

    Raises: InputError for any other text.
    """
    if value is None or isinstance(value, float | int):
        return value
    try:
        moment = datetime.fromisoformat(value.replace("/", "-"))
    except ValueError:
        mend = "write seconds since 1970, or ISO 8601"
        raise InputError(f"not a time: {value!r}", mend=mend, path=place.path, line=place.line) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def milliseconds_of(duration: str | None) -> float | None:
    """A duration in Go's notation ("1m30s", "1.5s") in milliseconds; None where it is none."""
    parts = _GO_DURATION.findall(duration or "")
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        return None
    return sum(float(number) * _UNIT_MS[unit] for number, unit in parts)
