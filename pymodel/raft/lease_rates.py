"""The twin of spec/rates/LeaseRates.tla: a lease on clocks that run at different rates.

A model of its own beside Raft, with the spec's names: one leader, and the voter that its lease counts on. Why
it is enough, and what it claims, is said in the spec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pymodel.engine.contract import Action, Bound, Model, Parameter, Part, Range, Schema, Variable
from pymodel.errors import CfgError
from pymodel.values import State, Value

CONSTANTS = ("ElectionTime", "LeaseTime", "Slow", "Fast")
ElectionTime = LeaseTime = Slow = Fast = Absent = 0  # names only: a cfg gives the values
Advance = range(0)


def Init(t: Any) -> None:
    t.clocks.lease = LeaseTime
    t.clocks.promise = 0
    t.clocks.request = Absent
    t.clocks.answer = Absent
    t.clocks.elected = 0


def Send(s: Any, t: Any) -> bool:
    if s.clocks.request != Absent:
        return False
    t.clocks.request = 0
    return True


def Hear(s: Any, t: Any) -> bool:
    if s.clocks.request == Absent or s.clocks.elected == 1:
        return False
    t.clocks.promise = 0
    t.clocks.answer = s.clocks.request
    t.clocks.request = Absent
    return True


def Count(s: Any, t: Any) -> bool:
    if s.clocks.answer == Absent:
        return False
    t.clocks.lease = min(s.clocks.lease, s.clocks.answer)
    t.clocks.answer = Absent
    return True


def Lose(s: Any, t: Any) -> bool:
    if s.clocks.request == Absent and s.clocks.answer == Absent:
        return False
    t.clocks.request = Absent
    t.clocks.answer = Absent
    return True


def Elect(s: Any, t: Any) -> bool:
    if s.clocks.promise != ElectionTime or s.clocks.elected == 1:
        return False
    t.clocks.elected = 1
    return True


def Pass(s: Any, t: Any, leader: int, voter: int) -> bool:
    t.clocks.lease = min(s.clocks.lease + leader, LeaseTime)
    t.clocks.promise = min(s.clocks.promise + voter, ElectionTime)
    t.clocks.request = Absent if s.clocks.request == Absent else min(s.clocks.request + leader, LeaseTime)
    t.clocks.answer = Absent if s.clocks.answer == Absent else min(s.clocks.answer + leader, LeaseTime)
    return True


def LeaseExclusion(s: Any) -> bool:
    return s.clocks.elected == 0 or s.clocks.lease == LeaseTime


def bind(constants: Mapping[str, Value], ordered: Callable[[str], tuple[Value, ...]]) -> Bound:
    """The model's constants for one cfg. Raises CfgError for one that is missing, unknown or out of range."""
    numbers: dict[str, int] = {}
    for name in (*CONSTANTS, *constants):
        value = constants.get(name)
        if name not in CONSTANTS or not isinstance(value, int) or isinstance(value, bool) or value < 0:
            mend = f"give {', '.join(CONSTANTS)}, each a natural number"
            raise CfgError(f"{name} = {value!r} is no constant of the spec", mend=mend)
        numbers[name] = value
    if not 0 < numbers["Slow"] <= numbers["Fast"]:
        raise CfgError("Slow must be above 0 and Fast no less", mend="such as Slow = 2 and Fast = 3")
    absent = numbers["LeaseTime"] + 1
    parts = (
        Part("lease", (), Range(0, numbers["LeaseTime"])),
        Part("promise", (), Range(0, numbers["ElectionTime"])),
        Part("request", (), Range(0, absent)),
        Part("answer", (), Range(0, absent)),
        Part("elected", (), Range(0, 1)),
    )
    names = {**numbers, "Absent": absent, "Advance": range(numbers["Slow"], numbers["Fast"] + 1)}
    return Bound(names, {}, Schema((Variable("clocks", parts),), (), 0))


def present(s: Any, bound: Bound) -> State:
    clocks = s.clocks
    return {
        "lease": clocks.lease,
        "promise": clocks.promise,
        "request": clocks.request,
        "answer": clocks.answer,
        "elected": bool(clocks.elected),
    }


RATES = Model(
    name="LeaseRates",
    module="LeaseRates",
    bind=bind,
    init=Init,
    actions=(
        Action(Send, ()),
        Action(Hear, ()),
        Action(Count, ()),
        Action(Lose, ()),
        Action(Elect, ()),
        Action(Pass, (Parameter("leader", "Advance"), Parameter("voter", "Advance"))),
    ),
    functions={f.__name__: f for f in (Send, Hear, Count, Lose, Elect, Pass, LeaseExclusion)},
    invariants={"LeaseExclusion": LeaseExclusion},
    properties={},
    constraints={},
    symmetries={},
    present=present,
    present_message=lambda message, bound: str(message),
)
