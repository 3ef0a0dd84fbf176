"""The log formats and how one is recognised. A format is one module: a name, a certainty and a line parser.

Decides the format of each file; it parses nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pymodel.errors import UsageError
from trace_check.adapters import (
    clients,
    etcd,
    etcd_dump,
    etcd_raft,
    etcd_wal,
    etcd_wal_json,
    hashicorp,
    mapped,
    native,
    pysyncobj,
)
from trace_check.adapters.etcd_join import join as join_etcd
from trace_check.adapters.format import Format
from trace_check.adapters.mapping import load as load_mapping

_SURE = 2
_SAMPLE_LINES_MAX = 400


FORMATS: Mapping[str, Format] = {
    form.name: form
    for form in (
        Format(etcd_raft.NAME, etcd_raft.certainty, etcd_raft.Parser),
        Format(etcd.NAME, etcd.certainty, etcd.Parser, etcd.text_certainty, join=join_etcd),
        Format(
            etcd_wal.NAME,
            etcd_wal.certainty,
            etcd_wal.Parser,
            claims=etcd_wal.claims,
            records=etcd_wal.records,
            join=join_etcd,
        ),
        Format(etcd_wal_json.NAME, etcd_wal_json.certainty, etcd_wal_json.Parser, join=join_etcd),
        Format(
            etcd_dump.NAME, etcd_dump.certainty, etcd_dump.Parser, etcd_dump.text_certainty, join=join_etcd
        ),
        Format(clients.NAME, clients.certainty, clients.Parser, join=join_etcd),
        Format(
            hashicorp.NAME,
            hashicorp.certainty,
            hashicorp.Parser,
            hashicorp.text_certainty,
            join=hashicorp.join,
        ),
        Format(pysyncobj.NAME, pysyncobj.certainty, pysyncobj.Parser),
        Format(native.NAME, native.certainty, native.Parser),
    )
}


def formats_of(samples: Sequence[Sequence[bytes]], asked: str) -> list[Format | None]:
    """The format of each file, None for a file that shows none.

    `samples` holds lines of each file. A file that could be several formats takes that of the files beside
    it, and is native where they do not tell. Raises: UsageError for an unknown `asked`.
    """
    if asked.endswith(".toml"):
        mapping = load_mapping(Path(asked))
        form = Format(mapped.NAME, lambda line: 0, lambda: mapped.Parser(mapping))
        return [form] * len(samples)
    guesses = [_guess(sample) for sample in samples]
    if asked != "auto":
        return [_as_asked(guess, asked) for guess, _ in guesses]
    sure = {guess.name: guess for guess, certain in guesses if guess and certain}
    beside = next(iter(sure.values())) if len(sure) == 1 else FORMATS[native.NAME]
    return [guess if certain or guess is None else beside for guess, certain in guesses]


def _as_asked(guess: Format | None, asked: str) -> Format:
    """The format of that name, or the one that a file shows where both are read together."""
    if asked not in FORMATS:
        mend = f"use auto or one of {', '.join(sorted(FORMATS))}"
        raise UsageError(f"unknown format {asked!r}", mend=mend)
    form = FORMATS[asked]
    return guess if guess is not None and form.join is not None and guess.join is form.join else form


def _guess(sample: Sequence[bytes]) -> tuple[Format | None, bool]:
    """The likely format of one file, and whether that is certain."""
    for form in FORMATS.values():
        if form.claims is not None and sample and form.claims(sample[0]):
            return form, True
    possible: Format | None = None
    for line in sample[:_SAMPLE_LINES_MAX]:
        shown = _shown(line)
        for form in FORMATS.values():
            certainty = form.certainty(shown) if isinstance(shown, dict) else form.text_certainty(shown)
            if certainty == _SURE:
                return form, True
            if certainty:
                possible = form
    return possible, False


def _shown(line: bytes) -> dict[str, Any] | str:
    """The line as a JSON object, or as text where it is none."""
    try:
        fields = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = None
    return fields if isinstance(fields, dict) else line.decode(errors="replace")
