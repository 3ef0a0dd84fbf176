"""Scripts of a small cluster on the interpreted model: take a step by its name, see what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymodel.engine.instance import Instance, Record, Successor
from pymodel.raft.model import RAFT
from pymodel.values import Fn, State, Value, format_value

DEFAULTS: Mapping[str, Any] = {
    "Nil": "Nil",
    "ElectionTicks": 0,
    "LeaseTicks": 0,
    "ClockSkew": 0,
    "LeasePolicy": "None",
    "Snapshots": True,
    "Features": frozenset(),
    "Faults": frozenset({"loss", "restart"}),
    "History": frozenset({"acks", "audit"}),
    "MaxTerm": 3,
    "MaxLogLen": 3,
    "MaxMessages": 6,
}


def constants(servers: int = 3, writes: int = 2, reads: int = 0, **given: Any) -> dict[str, Any]:
    """The constants of a cfg; servers are s1, s2, ..., writes w1, w2, ..., reads r1, r2, ..."""
    return {
        "Server": frozenset(f"s{k}" for k in range(1, servers + 1)),
        "Write": frozenset(f"w{k}" for k in range(1, writes + 1)),
        "Read": frozenset(f"r{k}" for k in range(1, reads + 1)),
        **DEFAULTS,
        **given,
    }


def cluster(
    servers: int = 3, writes: int = 2, swaps: Mapping[str, str] | None = None, **given: Any
) -> Instance:
    values = constants(servers, writes, **given)
    return Instance(RAFT, RAFT.bind(values, lambda name: tuple(sorted(values[name]))), swaps or {})


def flat(state: State) -> dict[str, Value]:
    """A state as "currentTerm[s1]", "log[s1][2][term]" and the like; sets stay whole."""
    found: dict[str, Value] = {}

    def enter(name: str, value: Value) -> None:
        if isinstance(value, Fn):
            for key, item in value.items():
                enter(f"{name}[{key}]", item)
        elif isinstance(value, tuple):
            for index, item in enumerate(value, start=1):
                enter(f"{name}[{index}]", item)
        else:
            found[name] = value

    for variable, value in state.items():
        enter(variable, value)
    return found


def message(kind: str, source: str, dest: str, term: int, **fields: Value) -> str:
    """A message as Play.changes shows it."""
    return format_value(Fn({"type": kind, "source": source, "dest": dest, "term": term, **fields}))


def made(bound: Instance, kind: str, **fields: Any) -> Any:
    """A message as the model has it; what only a feature needs is not there, where nothing is said."""
    absent: Mapping[str, Any] = {"override": 0, "reads": []}
    wanted = [field.name for field in bound.kinds[kind].kind.fields]
    return bound.kinds[kind](**{name: absent[name] for name in wanted if name in absent} | fields)


def entry(term: int, write: str) -> Fn:
    return Fn({"term": term, "write": write})


class Play:
    """A behaviour in the making. `state` is where it is, `before` where it was one step ago."""

    def __init__(self, bound: Instance) -> None:
        self.bound = bound
        self.state = bound.initial()
        self.before = self.state

    def options(self, action: str, **wanted: Value) -> list[Successor]:
        """The steps of that action whose parameters, or fields of the message, are the wanted ones."""
        return [
            step
            for step in self.bound.successors(self.state)
            if step.action.name == action and wanted.items() <= self.parameters(step).items()
        ]

    def parameters(self, step: Successor) -> dict[str, Value]:
        """The parameters in the cfg's names; a message's fields stand for the message."""
        shown: dict[str, Value] = {}
        for param, value in zip(step.action.params, step.params, strict=True):
            label = self.bound.label(param, value)
            if isinstance(label, Fn):
                shown |= {str(key): item for key, item in label.items()}
            else:
                shown[param.name] = label
        return shown

    def take(self, action: str, **wanted: Value) -> Play:
        """The one step that fits; Tick has one for each server even where all clocks are one."""
        steps = self.options(action, **wanted)
        assert len({step.state.key() for step in steps}) == 1, f"{len(steps)} steps {action} {wanted}"
        self.before, self.state = self.state, steps[0].state
        return self

    def refuses(self, action: str, **wanted: Value) -> bool:
        return not self.options(action, **wanted)

    @property
    def shown(self) -> dict[str, Value]:
        return flat(RAFT.present(self.state, self.bound.bound))

    def changes(self) -> dict[str, Any]:
        """What the last step changed; "+messages" and "-messages" list what was sent and consumed."""
        old, new = (flat(RAFT.present(state, self.bound.bound)) for state in (self.before, self.state))
        found: dict[str, Any] = {}
        for name in {**old, **new}:
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            if isinstance(before, frozenset) and isinstance(after, frozenset) and name in SETS:
                found |= {f"+{name}": after - before} if after - before else {}
                found |= {f"-{name}": before - after} if before - after else {}
            else:
                found[name] = after
        return {name: _plain(value) for name, value in found.items()}

    def elect(self, leader: str, *voters: str) -> Play:
        """`leader` becomes one by the votes of `voters`, whose terms it raises; no message is left."""
        self.take("Timeout", i=leader)
        for voter in voters:
            self.take("RequestVote", i=leader, j=voter)
            self.take("UpdateTerm", dest=voter)
            self.take("HandleRequestVoteRequest", dest=voter)
            self.take("HandleRequestVoteResponse", dest=leader)
        return self.take("BecomeLeader", i=leader)

    def replicate(self, leader: str, *peers: str, n: int = 1) -> Play:
        """One entry (or heartbeat) goes to each peer, and its answer back."""
        for peer in peers:
            self.take("AppendEntries", i=leader, j=peer, n=n)
            self.take("HandleAppendEntriesRequest", dest=peer)
            self.take("HandleAppendEntriesResponse", dest=leader)
        return self

    def write(self, leader: str, *writes: str) -> Play:
        for write in writes:
            self.take("AcceptWrite", i=leader, w=write)
        return self


SETS = ("messages", "elections", "acks")


def _plain(value: Any) -> Any:
    """Messages and entries as text, one alone where a set has one."""
    if isinstance(value, frozenset):
        texts = sorted(format_value(item) for item in value)
        return texts[0] if len(texts) == 1 else texts
    return format_value(value) if isinstance(value, Fn) else value


def violated(bound: Instance, *states: Record) -> set[str]:
    """All invariants that do not hold of the last state and properties that do not hold of the step."""
    names = {name for name in RAFT.invariants if not bound.holds(name, states[-1])}
    if len(states) == 2:
        names |= {name for name in RAFT.properties if not bound.holds(name, *states)}
    return names
