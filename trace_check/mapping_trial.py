"""What `trace-check map` says: a proposal from a sample, or what a mapping makes of logs."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from pymodel.errors import UsageError
from trace_check.adapters.mapped import Parser
from trace_check.adapters.mapping import load
from trace_check.adapters.suggest import SAMPLE_LINES_MAX, suggestion
from trace_check.errors import InputError
from trace_check.event import Event, Place, Skipped, Unmapped

_OTHERS_SHOWN_MAX = 3
_SHOWN_CHARS_MAX = 160
_LINE_BYTES_MAX = 1 << 20


def proposed(files: Sequence[Path]) -> str:
    """A mapping proposed from the first lines of one log. Raises: InputError, UsageError."""
    if len(files) != 1:
        raise UsageError("a mapping is proposed from one log", mend="name one file")
    text = suggestion(islice(_lines(files[0]), SAMPLE_LINES_MAX))
    if text is None:
        raise InputError("no line of this file is a JSON object", mend="name a JSON log", path=files[0])
    return text


def tried(mapping: Path, logs: Sequence[Path]) -> str:
    """What a mapping says, and how many lines of each log its rules fit. Raises: InputError."""
    loaded = load(mapping)
    rules = f"{len(loaded.rules)} rules" if len(loaded.rules) != 1 else "1 rule"
    said = [f"{mapping}: {rules}, {len(loaded.fields)} fields for every event: the mapping can be used"]
    for log in logs:
        parser = Parser(loaded)
        counts: Counter[str] = Counter()
        others: list[str] = []
        for number, line in enumerate(_lines(log), start=1):
            if not line.strip():
                continue
            for item in parser.parse(line, Place(str(log), number)):
                counts[type(item).__name__] += 1
                if isinstance(item, Skipped | Unmapped) and len(others) < _OTHERS_SHOWN_MAX:
                    others.append(f"  fits no rule: {log}:{number}: {_shown(line)}")
        events, rest = counts[Event.__name__], counts[Skipped.__name__] + counts[Unmapped.__name__]
        said.append(f"{log}: {events} events, {rest} other lines")
        for rule in loaded.rules:
            said.append(f"  rule {rule.number} ({rule.event}): {parser.used.get(rule.number, 0)} lines")
        said.extend(others)
    return "\n".join(said) + "\n"


def _shown(line: bytes) -> str:
    text = line.decode(errors="replace")
    return text if len(text) <= _SHOWN_CHARS_MAX else text[:_SHOWN_CHARS_MAX] + "..."


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, plain or gzip. Raises: InputError where it cannot be read."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            while line := stream.readline(_LINE_BYTES_MAX):
                yield line.rstrip(b"\n")
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {reason}", mend="check the path", path=path) from None
