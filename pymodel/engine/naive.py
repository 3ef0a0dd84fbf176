"""Breadth-first search by the interpreter: slow, short, and the twin that the compiled search is held to."""

from __future__ import annotations

from dataclasses import dataclass, field

from pymodel.engine.instance import Instance, Record


@dataclass
class Exploration:
    """What an exploration saw. `violations[name]` is the path of states that ends in the first violation."""

    distinct: int = 0
    generated: int = 0
    depth: int = 0
    violations: dict[str, list[Record]] = field(default_factory=dict)
    by_action: dict[str, int] = field(default_factory=dict)
    edges: set[tuple[int, str, int]] = field(default_factory=set)
    states: list[Record] = field(default_factory=list)


def explore(
    instance: Instance,
    *,
    invariants: tuple[str, ...] = (),
    properties: tuple[str, ...] = (),
    constraints: tuple[str, ...] = (),
    check_deadlock: bool = True,
) -> Exploration:
    """All states within the constraints, level by level; ends at the first level with a violation."""
    found = Exploration()
    start = instance.initial()
    found.generated = 1
    for name in invariants:
        if not instance.holds(name, start):
            found.violations[name] = [start]
    ids = {start.key(): 0}
    parents: list[int] = [-1]
    found.states = [start]
    level = [0]
    if not all(instance.holds(name, start) for name in constraints):
        level, ids, found.states = [], {}, []
    while level and not found.violations:
        found.depth += 1
        following: list[int] = []
        for source in level:
            state = found.states[source]
            dead = True
            for step in instance.successors(state):
                dead = False
                found.generated += 1
                action = step.action.name
                found.by_action[action] = found.by_action.get(action, 0) + 1
                failed = [name for name in invariants if not instance.holds(name, step.state)]
                failed += [name for name in properties if not instance.holds(name, state, step.state)]
                for name in failed:
                    if name not in found.violations:
                        found.violations[name] = [*_path(found, parents, source), step.state]
                if not all(instance.holds(name, step.state) for name in constraints):
                    continue
                target = ids.setdefault(step.state.key(), len(found.states))
                if target == len(found.states):
                    found.states.append(step.state)
                    parents.append(source)
                    following.append(target)
                found.edges.add((source, action, target))
            if dead and check_deadlock:
                found.violations.setdefault("deadlock", _path(found, parents, source))
        level = following
    found.distinct = len(found.states)
    return found


def _path(found: Exploration, parents: list[int], source: int) -> list[Record]:
    path = []
    while source >= 0:
        path.append(found.states[source])
        source = parents[source]
    return path[::-1]
