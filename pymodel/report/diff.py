"""The difference between two states, as data and as lines.

Functions and records are compared key by key, sequences index by index (from 1), sets by their elements.
A message whose only change is one field (its age, say) is one UPDATED element; every other changed
element of a set is a removed and an added one. Variables come in the spec's order. Nothing is left out:
two states are equal exactly when there is no change.

A key is written `[key]`, a record's field `.field`. Values do not tell a record from a function over
strings; it is a function if some variable is one, with values all of one kind, over the same strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeGuard

from pymodel.report.pretty import MESSAGE_FIELDS, compact, in_order, is_message, printable
from pymodel.values import Fn, State, Value


class Kind(Enum):
    """What happened at a path; the value is the sign that stands between the path and the value."""

    CHANGED = ":"
    ADDED = "+"
    REMOVED = "-"
    UPDATED = "~"


@dataclass(frozen=True)
class Change:
    """One difference.

    `parts` are the pieces of the path (`("log", "[s1]", "[2]", ".term")`), `keys` the values behind all
    but the first. `before` is None exactly for ADDED, `after` for REMOVED. For UPDATED both are the
    whole message.
    """

    parts: tuple[str, ...]
    keys: tuple[Value, ...]
    kind: Kind
    before: Value | None
    after: Value | None

    @property
    def variable(self) -> str:
        return self.parts[0]

    @property
    def path(self) -> str:
        return "".join(self.parts)


@dataclass(frozen=True)
class ChangeText:
    """A change in words: `path` `sign` `subject`, and for CHANGED and UPDATED `before` and `after`.

    `subject` is the element or value that came, went or was updated; empty for CHANGED.
    """

    path: str
    kind: Kind
    subject: str
    before: str = ""
    after: str = ""

    def line(self, arrow: str = "->") -> str:
        """`role[s1]: Follower -> Candidate`, `messages + ...`, `messages ~ ...; age 0 -> 1`."""
        match self.kind:
            case Kind.CHANGED:
                return f"{self.path}: {self.before} {arrow} {self.after}"
            case Kind.UPDATED:
                return f"{self.path} ~ {self.subject}; {self.before} {arrow} {self.after}"
            case Kind.ADDED | Kind.REMOVED:
                return f"{self.path} {self.kind.value} {self.subject}"


def describe(change: Change, *, skip_key: bool = False) -> ChangeText:
    """`change` in words; with `skip_key` the path is without its first key (the lane's own name)."""
    path = "".join(change.parts[:1] + change.parts[2:] if skip_key else change.parts)
    before, after = change.before, change.after
    if before is None or after is None:
        (present,) = (value for value in (before, after) if value is not None)
        return ChangeText(path, change.kind, compact(present))
    if change.kind is Kind.UPDATED and is_message(before) and is_message(after):
        (field,) = _differing_fields(before, after)
        rest = Fn({key: value for key, value in before.items() if key != field})
        old = f"{compact(field)} {compact(before[field])}"
        return ChangeText(path, Kind.UPDATED, compact(rest), old, compact(after[field]))
    return ChangeText(path, change.kind, "", compact(before), compact(after))


def diff_states(before: State, after: State) -> tuple[Change, ...]:
    """Every change from `before` to `after`, in the order of `after`'s variables, then the vanished ones."""
    domains = function_domains((before, after))
    found: list[Change] = []
    for variable in [*after, *(name for name in before if name not in after)]:
        found.extend(_compare((variable,), (), before.get(variable), after.get(variable), domains))
    return tuple(found)


def is_function(value: Value) -> TypeGuard[Fn]:
    """True for an `Fn` whose values are all of one kind: it reads as a function rather than a record."""
    return isinstance(value, Fn) and len({type(item) for item in value.values()}) == 1


def function_domains(states: Iterable[State]) -> tuple[frozenset[Value], ...]:
    """The domains of the variables that are functions, each once, in the spec's order."""
    domains = (frozenset(value) for state in states for value in state.values() if is_function(value))
    return tuple(dict.fromkeys(domains))


def _compare(
    parts: tuple[str, ...],
    keys: tuple[Value, ...],
    before: Value | None,
    after: Value | None,
    domains: tuple[frozenset[Value], ...],
) -> Iterator[Change]:
    if before is None or after is None:
        yield Change(parts, keys, Kind.ADDED if before is None else Kind.REMOVED, before, after)
    elif isinstance(before, Fn) and isinstance(after, Fn):
        domain = list(dict.fromkeys([*before, *after]))
        indexed = any(known.issuperset(domain) for known in domains)
        for key in domain:
            part = f".{printable(key)}" if isinstance(key, str) and not indexed else f"[{compact(key)}]"
            yield from _compare((*parts, part), (*keys, key), before.get(key), after.get(key), domains)
    elif isinstance(before, tuple) and isinstance(after, tuple):
        old, new = _align(before, after)
        for index in sorted({*old, *new}):
            where = (*parts, f"[{index}]"), (*keys, index)
            yield from _compare(*where, old.get(index), new.get(index), domains)
    elif isinstance(before, frozenset) and isinstance(after, frozenset):
        yield from _compare_sets(parts, keys, before, after)
    elif type(before) is not type(after) or before != after:
        yield Change(parts, keys, Kind.CHANGED, before, after)


def _align(before: tuple[Value, ...], after: tuple[Value, ...]) -> tuple[dict[int, Value], dict[int, Value]]:
    """Both sequences by index from 1. If only the head was dropped, the rest keeps its old indices."""
    dropped = len(before) - len(after)
    only_head = dropped > 0 and before[dropped:] == after and before[: len(after)] != after
    return dict(enumerate(before, 1)), dict(enumerate(after, dropped + 1 if only_head else 1))


def _compare_sets(
    parts: tuple[str, ...], keys: tuple[Value, ...], before: frozenset[Value], after: frozenset[Value]
) -> Iterator[Change]:
    added = in_order(after - before)
    for element in in_order(before - after):
        twin = next((other for other in added if same_message(element, other)), None)
        if twin is None:
            yield Change(parts, keys, Kind.REMOVED, element, None)
        else:
            added.remove(twin)
            yield Change(parts, keys, Kind.UPDATED, element, twin)
    for element in added:
        yield Change(parts, keys, Kind.ADDED, None, element)


def same_message(before: Value, after: Value) -> bool:
    """True for two messages of one type between the same ends that differ in exactly one field."""
    if not (is_message(before) and is_message(after)) or set(before) != set(after):
        return False
    differing = _differing_fields(before, after)
    return len(differing) == 1 and differing[0] not in MESSAGE_FIELDS


def _differing_fields(before: Fn, after: Fn) -> tuple[Value, ...]:
    return tuple(key for key in before if before[key] != after[key])
