"""The Python twins of tests/liveness/specs. They are in a file, since the compiler reads their source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.toys import array, make

from pymodel.engine.contract import (
    Action,
    Axis,
    Bound,
    Fairness,
    Liveness,
    Model,
    Parameter,
    Part,
    Range,
    Schema,
    Shape,
    Steps,
    Variable,
)
from pymodel.values import Fn, State, Value

# ruff: noqa: SIM110 -- the models are in the subset that compiles

Node = Proc = range(0)
ArcsA = ArcsB = SetP = SetQ = InsideSet = 0

# A walk over a directed graph: Digraph.tla. Sets are bits of one constant, arcs numbered source by source.


def Holds(s: Any, members: int, number: int) -> bool:
    """Whether `number` is in the set whose bits are `members`."""
    bit = 1
    k = 0
    while k < number:
        bit = bit * 2
        k += 1
    return (members & bit) != 0


def WalkInit(t: Any) -> None:
    t.walk.x = 0


def A(s: Any, t: Any, y: int) -> bool:
    if not Holds(s, ArcsA, s.walk.x * len(Node) + y):
        return False
    t.walk.x = y
    return True


def B(s: Any, t: Any, y: int) -> bool:
    if not Holds(s, ArcsB, s.walk.x * len(Node) + y):
        return False
    t.walk.x = y
    return True


def Constraint(s: Any) -> bool:
    return Holds(s, InsideSet, s.walk.x)


def NotThree(s: Any) -> bool:
    return s.walk.x != 3


def NoReturn(s: Any, t: Any) -> bool:
    return t.walk.x != 0 or s.walk.x == 0


def P(s: Any) -> bool:
    return Holds(s, SetP, s.walk.x)


def Q(s: Any) -> bool:
    return Holds(s, SetQ, s.walk.x)


def AtInP(s: Any, y: int) -> bool:
    return s.walk.x == y and Holds(s, SetP, y)


def QForAll(s: Any, y: int) -> bool:
    return Holds(s, SetQ, s.walk.x)


def bind_digraph(constants: Mapping[str, Value], ordered: Callable[[str], tuple[Value, ...]]) -> Bound:
    nodes = len(_members(constants["Node"]))
    names = {"Node": range(nodes)}
    for name in ("ArcsA", "ArcsB"):
        names[name] = sum(1 << (arc // 10 * nodes + arc % 10) for arc in _members(constants[name]))
    for name, source in (("SetP", "SetP"), ("SetQ", "SetQ"), ("InsideSet", "Inside")):
        names[name] = sum(1 << node for node in _members(constants[source]))
    schema = Schema((Variable("walk", (Part("x", (), Range(0, nodes - 1)),)),), (), 0)
    return Bound(names, {}, schema)


def _members(value: Value) -> list[int]:
    return [int(item) for item in value]


NODE = Parameter("y", "Node")
ALL_A, ALL_B = Steps("A"), Steps("B")
A_TO, B_TO = Steps("A", ("y",)), Steps("B", ("y",))

DIGRAPH = replace(
    make(
        init=WalkInit,
        actions=(Action(A, (NODE,)), Action(B, (NODE,))),
        schema=Schema((), (), 0),
        names={},
        helpers={f.__name__: f for f in (Holds, P, Q, AtInP, QForAll)},
        invariants=(NotThree,),
        properties=(NoReturn,),
        constraints=(Constraint,),
    ),
    bind=bind_digraph,
    present=lambda s, bound: {"x": s.walk.x},
    fair={
        "WeakA": (Fairness((ALL_A,)),),
        "StrongA": (Fairness((ALL_A,), strong=True),),
        "WeakBoth": (Fairness((ALL_A,)), Fairness((ALL_B,))),
        "StrongBoth": (Fairness((ALL_A,), strong=True), Fairness((ALL_B,), strong=True)),
        "StrongMixed": (Fairness((ALL_A,), strong=True), Fairness((ALL_B,))),
        "WeakEither": (Fairness((ALL_A, ALL_B)),),
        "WeakEach": (Fairness((A_TO,), over=("Node",)),),
        "StrongEach": (Fairness((A_TO, B_TO), over=("Node",), strong=True),),
    },
    liveness={
        "Recurs": Liveness(Shape.INFINITELY_OFTEN, P),
        "Settles": Liveness(Shape.EVENTUALLY_ALWAYS, P),
        "Leads": Liveness(Shape.LEADS_TO, P, Q),
        "LeadsAll": Liveness(Shape.LEADS_TO, AtInP, QForAll, over="Node"),
    },
)

# Processes that take a lock: Lock.tla.

Idle, Waiting, Inside = range(3)


def LockInit(t: Any) -> None:
    pass


def Ask(s: Any, t: Any, i: int) -> bool:
    if s.pc[i] != Idle:
        return False
    t.pc[i] = Waiting
    return True


def Taken(s: Any) -> bool:
    for j in Proc:
        if s.pc[j] == Inside:
            return True
    return False


def Enter(s: Any, t: Any, i: int) -> bool:
    if s.pc[i] != Waiting or Taken(s):
        return False
    t.pc[i] = Inside
    return True


def Leave(s: Any, t: Any, i: int) -> bool:
    if s.pc[i] != Inside:
        return False
    t.pc[i] = Idle
    return True


def Excluded(s: Any) -> bool:
    inside = 0
    for i in Proc:
        if s.pc[i] == Inside:
            inside += 1
    return inside <= 1


def IsWaiting(s: Any, i: int) -> bool:
    return s.pc[i] == Waiting


def IsInside(s: Any, i: int) -> bool:
    return s.pc[i] == Inside


def Free(s: Any) -> bool:
    return not Taken(s)


def SomeWaiting(s: Any) -> bool:
    for i in Proc:
        if s.pc[i] == Waiting:
            return True
    return False


def AllIdle(s: Any) -> bool:
    for i in Proc:
        if s.pc[i] != Idle:
            return False
    return True


def bind_lock(constants: Mapping[str, Value], ordered: Callable[[str], tuple[Value, ...]]) -> Bound:
    labels = tuple(map(str, ordered("Proc")))
    schema = Schema((array("pc", (Axis(0, len(labels) - 1, "Proc"),), Range(0, 2)),), (), 0)
    names = {"Proc": range(len(labels)), "Idle": Idle, "Waiting": Waiting, "Inside": Inside}
    return Bound(names, {"Proc": labels}, schema)


def show_lock(s: Any, bound: Bound) -> State:
    words = ("idle", "waiting", "inside")
    return {"pc": Fn({label: words[s.pc[k]] for k, label in enumerate(bound.labels["Proc"])})}


PROC = Parameter("i", "Proc")
ENTER, LEAVE = Steps("Enter", ("i",)), Steps("Leave", ("i",))

LOCK: Model = replace(
    make(
        init=LockInit,
        actions=(Action(Ask, (PROC,)), Action(Enter, (PROC,)), Action(Leave, (PROC,))),
        schema=Schema((), (), 0),
        names={},
        helpers={f.__name__: f for f in (Taken, IsWaiting, IsInside, Free, SomeWaiting, AllIdle)},
        invariants=(Excluded,),
    ),
    bind=bind_lock,
    present=show_lock,
    symmetries={"Symmetric": "Proc"},
    fair={
        "WeakSpec": (Fairness((ENTER,), over=("Proc",)), Fairness((LEAVE,), over=("Proc",))),
        "StrongSpec": (Fairness((ENTER,), over=("Proc",), strong=True), Fairness((LEAVE,), over=("Proc",))),
        "JointSpec": (Fairness((Steps("Enter"), Steps("Leave"))),),
    },
    liveness={
        "NoStarvation": Liveness(Shape.LEADS_TO, IsWaiting, IsInside, over="Proc"),
        "Freed": Liveness(Shape.INFINITELY_OFTEN, Free),
        "SomeoneEnters": Liveness(Shape.LEADS_TO, SomeWaiting, Taken),
        "Rests": Liveness(Shape.EVENTUALLY_ALWAYS, AllIdle),
    },
)
