"""A mapping proposed from a sample: which field of a log looks like node, time, term, role and event.

It counts and compares, and says in the proposal what it saw; what it proposes is for a person to correct. A
name counts, and so does what the values do: times lie close to each other, terms are small numbers that
rarely fall, roles are words that name one, nodes are few and come again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from trace_check.adapters.mapping import FILE_NAME, shown
from trace_check.adapters.wire import ROLES
from trace_check.event import KINDS

SAMPLE_LINES_MAX = 5_000
_VALUES_MAX = 200
_RULES_MAX = 12
_NODES_MAX = 32
_WORDS_MAX = 40

_UNITS = (("s", 1e9, 1e10), ("ms", 1e12, 1e13), ("us", 1e15, 1e16), ("ns", 1e18, 1e19))

_NAMES = {
    "node": r"node|server|peer|member|replica|host|instance|nid|id|self|source|component",
    "ts": r"ts|time|timestamp|t|@timestamp|date|when|at",
    "inc": r"inc|incarnation|boot|boot_?id|pid|epoch_?id|run",
    "seq": r"seq|sequence|line|n|counter",
    "event": r"event|event_?type|type|kind|action|name|msg|message|op",
    "state.term": r"term|current_?term|epoch|ballot|view|generation|round",
    "state.role": r"role|state|status|raft_?state|position|to",
    "state.vote": r"vote|voted_?for",
    "state.commit": r"commit|commit_?index|committed",
    "state.last_index": r"last_?index|last_?log_?index|log_?length|last",
    "state.last_term": r"last_?term|last_?log_?term",
    "reason": r"reason|cause|why",
}
_WORD_EVENTS = (
    (r"lead|follow|candidat|role|state|step|demot|promot", "role"),
    (r"vote|ballot", "vote"),
    (r"commit", "commit"),
    (r"trunc|conflict", "truncate"),
    (r"snapshot", "snapshot"),
    (r"start|boot|init", "init"),
    (r"stop|shut", "stop"),
)
_SYNONYMS = {
    **dict.fromkeys(("master", "leading", "active"), "leader"),
    **dict.fromkeys(("slave", "backup", "standby", "following", "passive"), "follower"),
    **dict.fromkeys(("looking", "electing", "campaigning"), "candidate"),
    "observing": "learner",
}
_ROLE_IN_TEXT = re.compile(r"(?i)\b(leader|follower|candidate)\b")
_TERM_IN_TEXT = re.compile(r"(?i)term\W{0,3}\d+")


@dataclass
class Column:
    """What one path of the lines shows: on how many lines, its values, and the numbers in their order."""

    path: str
    lines: int = 0
    values: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    falls: int = 0
    times: int = 0
    last: float | None = None
    low: float | None = None

    @property
    def name(self) -> str:
        """The last part of the path, without case."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.path.split(".")[-1]).lower()

    def add(self, value: Any) -> None:
        """Takes in one value."""
        self.lines += 1
        text = shown(value)
        if len(self.values) < _VALUES_MAX or text in self.values:
            self.values[text] += 1
        if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 20:
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.numbers += 1
            self.falls += self.last is not None and value < self.last
            self.last = value
            self.low = value if self.low is None else min(self.low, value)
        elif isinstance(value, str) and _is_time(value):
            self.times += 1


def _is_time(text: str) -> bool:
    if len(text) < 10 or not text[:4].isdecimal():
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def columns_of(lines: Iterable[bytes]) -> tuple[list[Column], int]:
    """The columns of a sample, and how many of its lines are JSON objects."""
    columns: dict[str, Column] = {}
    objects = 0
    for number, line in enumerate(lines):
        if number >= SAMPLE_LINES_MAX:
            break
        try:
            fields = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(fields, dict):
            objects += 1
            for path, value in _leaves(fields, "", 0):
                columns.setdefault(path, Column(path)).add(value)
    return list(columns.values()), objects


def _leaves(fields: dict[str, Any], prefix: str, depth: int) -> Iterable[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict) and depth < 4:
            yield from _leaves(value, f"{prefix}{name}.", depth + 1)
        elif not isinstance(value, dict | list) and value is not None:
            yield prefix + name, value


def suggestion(lines: Iterable[bytes]) -> str | None:
    """The text of a proposed mapping; None where the sample holds no JSON object."""
    columns, objects = columns_of(lines)
    if not objects:
        return None
    chosen = {name: best for name in _NAMES if (best := _best(name, columns, objects)) is not None}
    taken = [column.path for column in chosen.values()]
    for name in [name for name, column in chosen.items() if taken.count(column.path) > 1]:
        if name not in _owners(chosen):
            del chosen[name]
    return "\n".join(_written(chosen, columns, objects)) + "\n"


def _owners(chosen: dict[str, Column]) -> set[str]:
    """For a path that several fields want, the one that comes first in the list of fields."""
    owner: dict[str, str] = {}
    for name, column in chosen.items():
        owner.setdefault(column.path, name)
    return set(owner.values())


def _best(name: str, columns: list[Column], objects: int) -> Column | None:
    """The column that fits a field best, None if none does."""
    scored = [(_score(name, column, objects), column) for column in columns]
    score, column = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return column if score >= 1.0 else None


def _score(name: str, column: Column, objects: int) -> float:
    """How well a column fits a field: 1 and more is worth proposing."""
    named = 1.0 if re.fullmatch(_NAMES[name], column.name) else 0.0
    often = column.lines / objects
    if name == "ts":
        return (1.0 + named + often) * (column.times == column.lines or _unit(column) not in ("", None))
    if name == "state.role":
        roles = sum(count for word, count in column.values.items() if role_word(word) is not None)
        return (1.0 + named + often) * (roles == column.lines)
    if name in ("state.term", "state.commit", "state.last_index", "state.last_term", "seq"):
        whole = column.numbers == column.lines and (column.low or 0) >= 0
        return (named + often - column.falls / column.lines) * bool(named and whole)
    if name == "node":
        few = 1 <= len(column.values) <= _NODES_MAX and column.times == 0
        return (named + often) * bool(named and few and often > 0.5)
    if name == "event":
        words = len(column.values) <= _WORDS_MAX and column.numbers == 0 and column.times == 0
        roles = all(role_word(word) is not None for word in column.values)
        roles = roles or any(
            _ROLE_IN_TEXT.search(text) and _TERM_IN_TEXT.search(text) for text in column.values
        )
        return (named + often) * bool(named and words and not roles and often > 0.3)
    return (named + often) * bool(named)


def _unit(column: Column) -> str:
    """The unit of a column of times since 1970, "" where its numbers are none."""
    if column.numbers != column.lines or column.low is None or column.last is None:
        return ""
    fits = (unit for unit, low, high in _UNITS if low <= column.low < high and low <= column.last < high)
    return next(fits, "")


def role_word(word: str) -> str | None:
    """The role of the schema that a word means, None for any other word."""
    plain = re.sub(r"[^a-z]", "", word.lower()).removeprefix("state").removeprefix("role")
    return ROLES.get(plain) or _SYNONYMS.get(plain)


def _written(chosen: dict[str, Column], columns: list[Column], objects: int) -> list[str]:
    """The lines of the TOML."""
    time, event, role = chosen.get("ts"), chosen.get("event"), chosen.get("state.role")
    unit = "s" if time is None else "iso" if time.times else _unit(time)
    lines = [f"# Proposed from {objects} lines. Check each field, then: trace-check map THIS.toml LOG", ""]
    lines += ["[log]", f'time = "{unit}"', 'other = "skip"', "", "[fields]"]
    if "node" not in chosen:
        lines.append(f'node = "{FILE_NAME}"  # no field looks like a node: one file a node')
    for name, column in chosen.items():
        if name != "event":
            lines.append(f"{_key(name)} = {_quoted(column.path)}  # {_evidence(column, objects)}")
    lines += _rules(event, role) or _text_rule(columns) or _no_rule()
    if role is not None:
        words = {word: role_word(word) for word in sorted(role.values)}
        if any(word != meaning for word, meaning in words.items()):
            lines += ["", '[values."state.role"]']
            lines += [f"{_quoted(word)} = {_quoted(str(meaning))}" for word, meaning in words.items()]
    used = {column.path for column in chosen.values()}
    rest = sorted(_plain(column.path) for column in columns if column.path not in used)
    return lines + (["", f"# Not used: {', '.join(rest)}"] if rest else [])


def _rules(event: Column | None, role: Column | None) -> list[str]:
    """The `[[events]]`: one for each word that tells what happened, or one for lines that show a role."""
    if event is None:
        found = role is not None
        when = f'when = {{ {_quoted(role.path)} = "*" }}' if role is not None else ""
        return ["", "[[events]]", when, 'event = "state"'] if found else []
    lines = []
    for word, count in event.values.most_common(_RULES_MAX):
        kind = next((kind for pattern, kind in _WORD_EVENTS if re.search(pattern, word.lower())), "state")
        when = f"when = {{ {_quoted(event.path)} = {_quoted(word)} }}"
        lines += ["", f"[[events]]  # {_counted(count, 'line')}", when]
        lines.append(f'event = "{word if word in KINDS else kind}"')
    return lines


def _text_rule(columns: list[Column]) -> list[str]:
    """A rule that takes role and term out of sentences, where a column of text has them."""
    for column in columns:
        named = [value for value in column.values if _ROLE_IN_TEXT.search(value)]
        if not named or not re.fullmatch(_NAMES["event"], column.name):
            continue
        pattern = r"re:(?i)\b(?P<new_role>leader|follower|candidate)\b"
        if all(_TERM_IN_TEXT.search(value) for value in named):
            pattern += r".*?term\W{0,3}(?P<new_term>\d+)"
        when = f"when = {{ {_quoted(column.path)} = {_quoted(pattern)} }}"
        said = f"# for example: {_short(named[0])}"
        return ["", said, "[[events]]", when, 'event = "role"']
    return []


def _no_rule() -> list[str]:
    said = "# No field looks like the kind of an event: say which lines are events."
    return ["", said, "[[events]]", 'when = { msg = "*" }', 'event = "state"']


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _evidence(column: Column, objects: int) -> str:
    kinds = _counted(len(column.values), "value") if len(column.values) < _VALUES_MAX else "many values"
    some = ", ".join(_short(value) for value, _ in column.values.most_common(3))
    return f"{kinds} on {column.lines} of {objects} lines: {some}"


def _plain(value: str) -> str:
    """The text without what may not stand in a comment."""
    return "".join(char if char.isprintable() else " " for char in value)


def _short(value: str) -> str:
    plain = _plain(value)
    return plain if len(plain) <= 24 else plain[:21] + "..."


def _key(name: str) -> str:
    return f'"{name}"' if "." in name else name


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's too."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
