"""Which lanes a counterexample's diagram has, and what each lane's server is doing. Knows no protocol.

Lanes are the ends of the messages, or else the domain that most variables are functions over. What a
server is doing is the first variable over the lanes whose values are words that change and name no lane
(Raft's `role`); its number is the first variable over the lanes with integer values (`currentTerm`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pymodel.engine.result import Step
from pymodel.report.diff import function_domains
from pymodel.report.pretty import compact, in_order, is_message
from pymodel.values import Fn, State, Value


def messages_of(state: State) -> Iterator[Fn]:
    """Every message in a variable that is a set, each variable's in a fixed order."""
    for value in state.values():
        if isinstance(value, frozenset):
            yield from (item for item in in_order(value) if is_message(item))


def lanes_of(steps: tuple[Step, ...]) -> tuple[Value, ...]:
    """The lanes from left to right; empty if no variable is over anything that could be one."""
    states = [step.state for step in steps]
    ends = {message[end] for state in states for message in messages_of(state) for end in ("source", "dest")}
    domains = function_domains(states)
    if ends:
        home = next((domain for domain in domains if domain.issuperset(ends)), None)
        return _ordered(home, states[0]) if home else tuple(in_order(frozenset(ends)))
    values = [value for value in states[0].values() if isinstance(value, Fn)]
    uses = Counter(domain for value in values if (domain := frozenset(value)) in domains)
    shared = [(domain, count) for domain, count in uses.most_common(1) if count > 1]
    return _ordered(shared[0][0], states[0]) if shared else ()


def _ordered(domain: frozenset[Value], state: State) -> tuple[Value, ...]:
    for value in state.values():
        if isinstance(value, Fn) and frozenset(value) == domain:
            return tuple(value)
    return tuple(in_order(domain))


def mode_variable(steps: tuple[Step, ...], lanes: tuple[Value, ...]) -> str | None:
    """The variable that says what each lane is doing, if there is one."""
    for name in steps[0].state:
        values = {value for step in steps for value in _over_lanes(step.state, name, lanes)}
        words = all(isinstance(value, str) and value not in lanes for value in values)
        if words and len(values) > 1:
            return name
    return None


def number_variable(state: State, lanes: tuple[Value, ...]) -> str | None:
    """The first variable that gives every lane an integer, if there is one."""
    for name in state:
        values = _over_lanes(state, name, lanes)
        if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            return name
    return None


def lane_summary(state: State, lanes: tuple[Value, ...], names: tuple[str | None, ...]) -> tuple[str, ...]:
    """Per lane the values of the variables `names`, such as `Leader, currentTerm 2`; words stand alone."""
    columns = [
        [compact(value) if isinstance(value, str) else f"{name} {compact(value)}" for value in values]
        for name in names
        if name is not None and (values := _over_lanes(state, name, lanes))
    ]
    return tuple(", ".join(column[index] for column in columns) for index in range(len(lanes)))


def _over_lanes(state: State, name: str, lanes: tuple[Value, ...]) -> tuple[Value, ...]:
    value = state.get(name)
    if not isinstance(value, Fn) or not set(lanes) <= set(value):
        return ()
    return tuple(value[lane] for lane in lanes)


def mode_of(state: State, name: str, lanes: tuple[Value, ...]) -> tuple[str, ...]:
    """Per lane the value of the mode variable, in words."""
    return tuple(map(compact, _over_lanes(state, name, lanes)))
