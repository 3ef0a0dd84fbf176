"""A mapping: a TOML file that says how the lines of some other JSON log become events of the native schema.

Decides what a mapping may say and reports what is wrong in it by line. `mapped.py` applies it. Source:
docs/formats/mapping.md.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from trace_check.adapters.native import NativeLine, NativeMessage
from trace_check.adapters.wire import WireState
from trace_check.errors import InputError
from trace_check.event import KINDS

FILE_NAME = "@file"
"""Stands for the name of the log's file, without its endings."""

ANYTHING = "*"
_REGEX = "re:"
_TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "iso": None}
PAIRS = {
    "state.last": ("state.last_index", "state.last_term"),
    "pre.last": ("pre.last_index", "pre.last_term"),
    "msg.prev": ("msg.prev_index", "msg.prev_term"),
    "msg.last": ("msg.last_index", "msg.last_term"),
    "entry": ("entry_index", "entry_term"),
}
"""Fields of two numbers, and the names under which a mapping gives them one by one."""


def _names_in(prefix: str, struct: type[msgspec.Struct]) -> set[str]:
    return {prefix + field.encode_name for field in msgspec.structs.fields(struct)}


NATIVE_FIELDS = frozenset(
    (_names_in("", NativeLine) - {"state", "pre", "msg", "v", "kind"})
    | _names_in("state.", WireState)
    | _names_in("pre.", WireState)
    | _names_in("msg.", NativeMessage)
    | {name for pair in PAIRS.values() for name in pair}
)


@dataclass(frozen=True)
class Rule:
    """One `[[events]]`: what a line has to show (path to value, a pattern, or None for anything), the event
    that it then is, and where its fields are found. `number` counts the rules from 1."""

    number: int
    when: dict[str, str | re.Pattern[str] | None]
    event: str
    fields: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Mapping:
    """A whole mapping. `seconds` is the unit of a numeric time, None for text; `doubt` says that a line which
    fits no rule makes the verdict Inconclusive."""

    path: Path
    fields: dict[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    values: dict[str, dict[str, Any]]
    seconds: float | None
    doubt: bool


def load(path: Path) -> Mapping:
    """The mapping in a file. Raises: InputError with the line of what is wrong in it, and the mend."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {reason}", mend="check the path", path=path) from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else max(1, text.count("\n"))
        mend = "correct the TOML; docs/formats/mapping.md has an example"
        raise InputError(f"no TOML: {error}", mend=mend, path=path, line=line) from None
    except RecursionError:
        mend = "write the tables of docs/formats/mapping.md"
        raise InputError("no mapping: its values are nested too deeply", mend=mend, path=path) from None
    return _Reader(path, text).mapping(table)


class _Reader:
    """Reads the tables of one file, and knows at which line a key stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def mapping(self, table: dict[str, Any]) -> Mapping:
        self._only(table, ("log", "fields", "events", "values"), 1)
        log = self._table(table, "log")
        self._only(log, ("time", "other"), self._line("time") or 1)
        time = self._choice(log, "time", tuple(_TIMES), "s")
        other = self._choice(log, "other", ("skip", "doubt"), "skip")
        fields = self._fields(self._table(table, "fields"), 1)
        rules = table.get("events", [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise self._wrong(
                "events has to be an array of tables", "begin each with [[events]]", self._line("events")
            )
        if not rules and "event" not in fields:
            raise self._wrong("the mapping makes no event", 'add [[events]], or "event" to [fields]', 1)
        in_rules = bool(rules) and all("node" in rule.get("fields", {}) for rule in rules)
        if "node" not in fields and not in_rules:
            raise self._wrong(
                "the mapping names no node", f'add "node" to [fields], for example "{FILE_NAME}"', 1
            )
        return Mapping(
            path=self._path,
            fields=fields,
            rules=tuple(self._rule(rule, number) for number, rule in enumerate(rules, start=1)),
            values=self._values(self._table(table, "values")),
            seconds=_TIMES[time],
            doubt=other == "doubt",
        )

    def _rule(self, rule: dict[str, Any], number: int) -> Rule:
        start = self._header("[[events]]", number)
        self._only(rule, ("when", "event", "fields"), start)
        event = rule.get("event")
        if event not in KINDS:
            raise self._unknown("event", event, KINDS, self._line("event", start) or start)
        when = rule.get("when", {})
        if not isinstance(when, dict) or not when:
            raise self._wrong("the rule has no condition", 'add when = { path = "value" }', start)
        conditions = {path: self._condition(path, value, start) for path, value in when.items()}
        return Rule(number, conditions, event, self._fields(rule.get("fields", {}), start))

    def _condition(self, path: str, value: Any, start: int) -> str | re.Pattern[str] | None:
        if value == ANYTHING:
            return None
        if not isinstance(value, str) or not value.startswith(_REGEX):
            return shown(value)
        line = self._line(path, start) or self._line("when", start) or start
        try:
            pattern = re.compile(value.removeprefix(_REGEX))
        except re.error as error:
            raise self._wrong(f"no regular expression: {error}", "correct what follows re:", line) from None
        for group in pattern.groupindex:
            if native_name(group) not in NATIVE_FIELDS:
                raise self._unknown("field", native_name(group), NATIVE_FIELDS, line)
        return pattern

    def _fields(self, table: Any, start: int) -> dict[str, tuple[str, ...]]:
        """Native field to the paths at which it may be found."""
        if not isinstance(table, dict):
            raise self._wrong(
                "fields has to be a table", 'write node = "path"', self._line("fields", start) or start
            )
        found = {}
        for name, value in _flat(table).items():
            line = self._line(name, start) or self._line(name.split(".")[-1], start) or start
            if name not in NATIVE_FIELDS:
                raise self._unknown("field", name, NATIVE_FIELDS, line)
            paths = value if isinstance(value, list) else [value]
            if not paths or not all(isinstance(path, str) and path for path in paths):
                mend = 'write a path such as "raft.term", a list of paths, or "=value"'
                raise self._wrong(f"{name} is not mapped to a path", mend, line)
            found[name] = tuple(paths)
        return found

    def _values(self, table: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Native field to the meaning of the log's words."""
        found: dict[str, dict[str, Any]] = {}
        for name, words in table.items():
            for field, meaning in _words(name, words):
                if field not in NATIVE_FIELDS:
                    raise self._unknown("field", field, NATIVE_FIELDS, self._line(field) or 1)
                found[field] = meaning
        return found

    def _table(self, table: dict[str, Any], name: str) -> dict[str, Any]:
        value = table.get(name, {})
        if not isinstance(value, dict):
            raise self._wrong(f"{name} has to be a table", f"begin it with [{name}]", self._line(name) or 1)
        return value

    def _choice(self, table: dict[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
        value = table.get(name, default)
        if value not in choices:
            raise self._wrong(
                f"{name} is {value!r}", f"use one of {', '.join(choices)}", self._line(name) or 1
            )
        return str(value)

    def _only(self, table: dict[str, Any], known: tuple[str, ...], start: int) -> None:
        for name in table:
            if name not in known:
                raise self._unknown("key", name, frozenset(known), self._line(name, start) or start)

    def _unknown(self, what: str, name: Any, known: frozenset[str], line: int | None) -> InputError:
        close = get_close_matches(str(name), sorted(known), n=1, cutoff=0.6)
        mend = f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(sorted(known))}"
        return self._wrong(
            f"unknown {what} {name!r}" if name is not None else f"no {what} is named", mend, line
        )

    def _wrong(self, message: str, mend: str, line: int | None) -> InputError:
        return InputError(message, mend=mend, path=self._path, line=line)

    def _line(self, key: str, start: int = 1) -> int | None:
        """The first line from `start` on at which `key` is a key or ends a table's name, None if none."""
        pattern = re.compile(rf"""(?:^|[\s{{,.\[])["']?{re.escape(key)}["']?\s*[=\]]""")
        for number, line in enumerate(self._lines[start - 1 :], start=start):
            if pattern.search(line):
                return number
        return None

    def _header(self, header: str, number: int) -> int:
        """The line of the `number`-th table of that header."""
        lines = [
            at for at, line in enumerate(self._lines, start=1) if line.replace(" ", "").startswith(header)
        ]
        return lines[number - 1] if number <= len(lines) else 1


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted names."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def _words(name: str, words: Any) -> list[tuple[str, dict[str, Any]]]:
    """The tables of words below `name`, each with its dotted field."""
    if not isinstance(words, dict):
        return [(name, {})]
    if any(isinstance(value, dict) for value in words.values()):
        return [pair for inner, value in words.items() for pair in _words(f"{name}.{inner}", value)]
    return [(name, words)]


def native_name(group: str) -> str:
    """The native field that a named group of a pattern stands for: `state__term` is `state.term`."""
    return group.replace("__", ".")


def shown(value: Any) -> str:
    """A value of a line as text, as conditions and words compare it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
