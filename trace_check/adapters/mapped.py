"""Any JSON log through a mapping: each line becomes a line of the native schema and is read as one."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

import msgspec

from trace_check.adapters import native
from trace_check.adapters.mapping import FILE_NAME, PAIRS, Mapping, Rule, native_name, shown
from trace_check.adapters.wire import decoder_of
from trace_check.errors import InputError
from trace_check.event import KINDS, Item, Place, Skipped, Unmapped

NAME = "mapped"

_INTEGERS = re.compile(r"(?:.*[._])?(?:term|commit|index|seq)$")
_NODES = frozenset({"node", "from", "to", "msg.from", "msg.to", "state.vote", "pre.vote"})
_TIMES = frozenset({"ts", "time", "timestamp", "@timestamp"})
_MISSING = object()

_decode = decoder_of(dict[str, Any])


class Parser:
    """Reads one log through a mapping. `used` counts the lines of each rule by its number."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._native = native.Parser()
        self.used: dict[int, int] = {}

    def parse(self, line: bytes, place: Place) -> tuple[Item, ...]:
        """The items of one line. Raises: InputError with the place for what is broken or does not fit."""
        if not line.lstrip().startswith(b"{"):
            return (Skipped(place),)
        fields = _decode(line, place)
        found = self._found(fields)
        if found is None:
            if self._mapping.doubt:
                return (Unmapped(place, "the line fits no rule of the mapping"),)
            return (Skipped(place),)
        flat = self._flat(fields, *found, place)
        mend = f"change the mapping {self._mapping.path.name}, or the line"
        try:
            return self._native.parse(msgspec.json.encode(_nested(flat)), place)
        except InputError as error:
            raise InputError(error.message, mend=mend, path=place.path, line=place.line) from None

    def _found(self, fields: dict[str, Any]) -> tuple[Rule | None, dict[str, str]] | None:
        """The first rule that fits with what its patterns name, (None, {}) where lines name their event."""
        for rule in self._mapping.rules:
            named = _fits(rule, fields)
            if named is not None:
                self.used[rule.number] = self.used.get(rule.number, 0) + 1
                return rule, named
        if "event" not in self._mapping.fields:
            return None
        word = self._word("event", _first(fields, self._mapping.fields["event"]))
        return (None, {}) if isinstance(word, str) and word in KINDS else None

    def _flat(
        self, fields: dict[str, Any], rule: Rule | None, named: dict[str, str], place: Place
    ) -> dict[str, Any]:
        """The native line as dotted names."""
        places = {**self._mapping.fields, **(rule.fields if rule is not None else {})}
        flat: dict[str, Any] = {"event": rule.event} if rule is not None else {}
        for name, paths in places.items():
            value = PurePath(place.path).name.split(".")[0] if FILE_NAME in paths else _first(fields, paths)
            if value is not _MISSING and (value is not None or name.endswith(".vote")):
                flat[name] = self._value(name, value)
        flat.update((name, self._value(name, text)) for name, text in named.items())
        for pair, (index, term) in PAIRS.items():
            if index in flat and term in flat:
                flat[pair] = [flat.pop(index), flat.pop(term)]
            flat.pop(term, None)
            if not index.endswith(".last_index") or index.startswith("msg."):
                flat.pop(index, None)
        return flat

    def _word(self, name: str, value: Any) -> Any:
        words = self._mapping.values.get(name)
        return value if words is None or value is _MISSING else words.get(shown(value), value)

    def _value(self, name: str, value: Any) -> Any:
        """The value as the schema has it: words translated, numbers out of text, times in seconds."""
        value = self._word(name, value)
        if name in _TIMES:
            unit = self._mapping.seconds
            if isinstance(value, str) and unit is not None:
                value = _number(value)
            return value * unit if isinstance(value, int | float) and unit is not None else value
        if name in _NODES and isinstance(value, int | float):
            return shown(value)
        return _number(value) if isinstance(value, str) and _INTEGERS.match(name) else value


def _fits(rule: Rule, fields: dict[str, Any]) -> dict[str, str] | None:
    """What the rule's patterns name in the line, None if the line does not fit."""
    named: dict[str, str] = {}
    for path, wanted in rule.when.items():
        value = _at(fields, path)
        if value is _MISSING:
            return None
        if isinstance(wanted, re.Pattern):
            match = wanted.search(shown(value))
            if match is None:
                return None
            groups = match.groupdict().items()
            named.update((native_name(group), text) for group, text in groups if text is not None)
        elif wanted is not None and shown(value) != wanted:
            return None
    return named


def _first(fields: dict[str, Any], paths: tuple[str, ...]) -> Any:
    """The value at the first of the paths that is there; a path that begins with = is its own value."""
    for path in paths:
        value = path[1:] if path.startswith("=") else _at(fields, path)
        if value is not _MISSING:
            return value
    return _MISSING


def _at(fields: Any, path: str) -> Any:
    """The value at a path; a key may itself hold dots."""
    if not isinstance(fields, dict):
        return _MISSING
    if path in fields:
        return fields[path]
    head, dot, rest = path.partition(".")
    while dot:
        if head in fields:
            value = _at(fields[head], rest)
            if value is not _MISSING:
                return value
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return _MISSING


def _number(text: str) -> int | float | str:
    """The number that a text writes, the text where it writes none."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Dotted names as objects: `state.term` into `state`. Names of the schema that hold dots stay."""
    line: dict[str, Any] = {}
    for name, value in flat.items():
        head, dot, rest = name.partition(".")
        if dot and head in ("state", "pre", "msg"):
            line.setdefault(head, {})[rest] = value
        else:
            line[name] = value
    return line
