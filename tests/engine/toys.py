"""Small models for the tests of the engine. They are files, since the compiler reads their source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pymodel.engine.contract import (
    Action,
    Axis,
    Bound,
    Constant,
    Function,
    MessageField,
    MessageKind,
    Model,
    Parameter,
    Part,
    Range,
    Schema,
    Variable,
)
from pymodel.engine.instance import Instance
from pymodel.values import Fn, Value

# ruff: noqa: SIM110 -- the models are in the subset that compiles

Nodes = range(0)
Top = Deadline = Limit = 0
Flip = False
Token = Reply = Vector = Prepared = Decision = lambda **fields: None

NODE = Parameter("i", "Nodes")


def show(s: Any, bound: Bound) -> dict[str, Value]:
    """The state of any toy: its parts by name, the messages as records."""
    shown: dict[str, Value] = {}
    for variable in bound.schema.variables:
        value = s.__dict__[variable.name]
        if not variable.parts:
            shown[variable.name] = frozenset(show_message(m, bound) for m in value)
        elif variable.parts[0].name:
            cells = value.__dict__["cells"]
            shown[variable.name] = Fn({part.name: tuple(cells[part.name].cells) for part in variable.parts})
        else:
            shown[variable.name] = tuple(value.cells)
    return shown


def show_message(m: Any, bound: Bound) -> Value:
    record = {field.name: getattr(m, field.name) for field in m.type.kind.fields}
    return Fn({"type": m.type.__name__, **{key: _plain(value) for key, value in record.items()}})


def _plain(value: Any) -> Value:
    return tuple(value) if isinstance(value, tuple) else int(value)


def make(
    *,
    init: Function,
    actions: tuple[Action, ...],
    schema: Schema,
    names: Mapping[str, Any],
    labels: Mapping[str, tuple[str, ...]] | None = None,
    helpers: Mapping[str, Function | Constant] | None = None,
    invariants: tuple[Function, ...] = (),
    properties: tuple[Function, ...] = (),
    constraints: tuple[Function, ...] = (),
    guards: tuple[str, ...] = (),
    binders: Mapping[str, str] | None = None,
) -> Model:
    """A model whose constants are fixed: it ignores those of a cfg."""
    functions: dict[str, Function | Constant] = dict(helpers or {})
    for function in (*(action.function for action in actions), *invariants, *properties, *constraints):
        functions[function.__name__] = function
    bound = Bound(names, labels or {}, schema)

    def bind(constants: Mapping[str, Value], ordered: Callable[[str], tuple[Value, ...]]) -> Bound:
        return bound

    return Model(
        name="Toy",
        module="Toy",
        bind=bind,
        init=init,
        actions=actions,
        functions=functions,
        invariants={function.__name__: function for function in invariants},
        properties={function.__name__: function for function in properties},
        constraints={function.__name__: function for function in constraints},
        symmetries={"NodeSymmetry": "Nodes"},
        present=show,
        present_message=show_message,
        guards=guards,
        binders=binders or {},
    )


def instance(model: Model, swaps: Mapping[str, str] | None = None) -> Instance:
    return Instance(model, model.bind({}, lambda name: ()), swaps or {})


def array(name: str, axes: tuple[Axis, ...], values: Range, default: int = 0) -> Variable:
    return Variable(name, (Part("", axes, values, default),))


MESSAGES = Variable("messages", ())


# A ring of counters: each may run ahead of the next one by one, and ends at Top.


def CountersInit(t: Any) -> None:
    t.steps.total = 0


def Advance(s: Any, t: Any, i: int) -> bool:
    following = i + 1 if i + 1 < len(Nodes) else 0
    if s.x[i] == Top or s.x[i] > s.x[following]:
        return False
    t.x[i] = s.x[i] + 1
    t.steps.total = min(s.steps.total + 1, Limit)
    return True


def Reset(s: Any, t: Any) -> bool:
    for i in Nodes:
        if s.x[i] != Top:
            return False
    if not Flip:
        return False
    for i in Nodes:
        t.x[i] = 0
    return True


def Close(s: Any) -> bool:
    """No two neighbours are more than one step apart."""
    for i in Nodes:
        for j in Nodes:
            if i != j and s.x[i] - s.x[j] > Deadline:
                return False
    return True


def NeverAllAt(s: Any) -> bool:
    for i in Nodes:
        if s.x[i] < Deadline:
            return True
    return False


def OnlyUp(s: Any, t: Any) -> bool:
    for i in Nodes:
        before = s.x[i]
        after = t.x[i]
        if after < before:
            return False
    return True


def SumWithin(s: Any) -> bool:
    total = 0
    for i in Nodes:
        total += s.x[i]
    return total <= Limit


def counters(
    nodes: int = 3, top: int = 2, *, flip: bool = False, deadline: int = 9, limit: int = 99, low: int = 0
) -> Model:
    """`low` below 0 only moves the layout: no counter becomes negative."""
    schema = Schema(
        (
            array("x", (Axis(0, nodes - 1, "Nodes"),), Range(low, top)),
            Variable("steps", (Part("total", (), Range(0, limit)),)),
        ),
        (),
        0,
    )
    names = {"Nodes": range(nodes), "Top": top, "Flip": flip, "Deadline": deadline, "Limit": limit}
    return make(
        init=CountersInit,
        actions=(Action(Advance, (NODE,)), Action(Reset, ())),
        schema=schema,
        names=names,
        labels={"Nodes": tuple(f"n{k}" for k in range(nodes))},
        invariants=(Close, NeverAllAt),
        properties=(OnlyUp,),
        constraints=(SumWithin,),
        binders={"i": "Nodes", "j": "Nodes"},
    )


# Tokens on a network: kinds that share bits, an array field, a fixed parameter beside a message.


def TokensInit(t: Any) -> None:
    t.messages.add(Token(to=0, hops=0))


def Pass(s: Any, t: Any, n: int, m: Any) -> bool:
    """Hand the token on, or keep it (n = 0) and say so."""
    i = m.to
    if m.hops == Top:
        return False
    t.messages.discard(m)
    t.held[i] = 1 - s.held[i]
    target = i + n
    if target >= len(Nodes):
        target = 0
    t.messages.add(Token(to=target, hops=m.hops + 1))
    if n == 0:
        t.messages.add(Reply(to=i, good=s.held[i], last=i))
    return True


def Tell(s: Any, t: Any, m: Any) -> bool:
    """A reply becomes a vector of who holds the token."""
    for other in s.messages:
        if other.type == Vector:
            return False
    t.messages.discard(m)
    t.messages.add(Vector(holds=[s.held[k] for k in Nodes], about=m.last))
    t.held[m.to] = 0
    return True


def Learn(s: Any, t: Any, m: Any) -> bool:
    if m.about == -1:
        return False
    for k in Nodes:
        if m.holds[k] == 1:
            t.held[k] = 1
    t.messages.discard(m)
    return True


def Lose(s: Any, t: Any, m: Any) -> bool:
    if m.type == Token:
        return False
    t.messages.discard(m)
    return True


def FewMessages(s: Any) -> bool:
    return len(s.messages) <= Limit


def OneToken(s: Any) -> bool:
    tokens = 0
    for m in s.messages:
        if m.type == Token:
            tokens += 1
    return tokens == 1


def NoVector(s: Any) -> bool:
    for m in s.messages:
        if m.type == Vector:
            return False
    return True


def TokenMoves(s: Any, t: Any) -> bool:
    """Every token in flight before is gone after, or the step was not one of the token."""
    for m in s.messages:
        if m.type == Token and m in t.messages and m.hops == Deadline:
            return False
    return True


def tokens(
    nodes: int = 3,
    top: int = 3,
    *,
    limit: int = 2,
    capacity: int | None = None,
    deadline: int = 99,
    span: int = 0,
) -> Model:
    node = Range(0, nodes - 1, "Nodes")
    flag = Range(0, 1)
    kinds = (
        MessageKind("Token", (MessageField("to", node), MessageField("hops", Range(0, span or top)))),
        MessageKind(
            "Reply",
            (
                MessageField("to", node),
                MessageField("good", flag),
                MessageField("last", Range(-1, nodes - 1, "Nodes")),
            ),
        ),
        MessageKind(
            "Vector",
            (
                MessageField("holds", flag, Axis(0, nodes - 1, "Nodes")),
                MessageField("about", Range(-1, nodes - 1, "Nodes")),
            ),
        ),
    )
    schema = Schema(
        (MESSAGES, array("held", (Axis(0, nodes - 1, "Nodes"),), flag)),
        kinds,
        limit + 2 if capacity is None else capacity,
    )
    return make(
        init=TokensInit,
        actions=(
            Action(Pass, (Parameter("n", values=(0, 1)), Parameter("m", kinds=("Token",)))),
            Action(Tell, (Parameter("m", kinds=("Reply",)),)),
            Action(Learn, (Parameter("m", kinds=("Vector",)),)),
            Action(Lose, (Parameter("m", kinds=()),)),
        ),
        schema=schema,
        names={"Nodes": range(nodes), "Top": top, "Limit": limit, "Deadline": deadline},
        labels={"Nodes": tuple(f"n{k}" for k in range(nodes))},
        invariants=(OneToken, NoVector),
        properties=(TokenMoves,),
        constraints=(FewMessages,),
        binders={"i": "Nodes"},
    )


# Two-phase commit (Gray and Lamport, "Consensus on Transaction Commit"), as in TwoPhase.tla.

Working, Ready, Committed, Aborted = range(4)


def TwoPhaseInit(t: Any) -> None:
    t.tm.state = Working


def TMRcvPrepared(s: Any, t: Any, i: int) -> bool:
    if s.tm.state != Working or Prepared(rm=i) not in s.messages:
        return False
    t.heard[i] = 1
    return True


def AllPrepared(s: Any) -> bool:
    for i in Nodes:
        if s.heard[i] == 0:
            return False
    return True


def SomePrepared(s: Any) -> bool:
    for i in Nodes:
        if s.heard[i] == 1:
            return True
    return False


def TMCommit(s: Any, t: Any) -> bool:
    if s.tm.state != Working or not AllPrepared(s):
        return False
    t.tm.state = Committed
    t.messages.add(Decision(commit=1))
    return True


def TMAbort(s: Any, t: Any) -> bool:
    if s.tm.state != Working:
        return False
    t.tm.state = Aborted
    t.messages.add(Decision(commit=0))
    return True


def RMPrepare(s: Any, t: Any, i: int) -> bool:
    if s.rm[i] != Working:
        return False
    t.rm[i] = Ready
    t.messages.add(Prepared(rm=i))
    return True


def RMChooseToAbort(s: Any, t: Any, i: int) -> bool:
    if s.rm[i] != Working:
        return False
    t.rm[i] = Aborted
    return True


def RMRcvDecision(s: Any, t: Any, i: int, n: int) -> bool:
    if Decision(commit=n) not in s.messages:
        return False
    t.rm[i] = Committed if n == 1 else Aborted
    return True


def Consistent(s: Any) -> bool:
    for i in Nodes:
        for j in Nodes:
            if s.rm[i] == Committed and s.rm[j] == Aborted:
                return False
    return True


def two_phase(nodes: int) -> Model:
    node = Axis(0, nodes - 1, "Nodes")
    schema = Schema(
        (
            array("rm", (node,), Range(0, 3)),
            Variable("tm", (Part("state", (), Range(0, 3)),)),
            array("heard", (node,), Range(0, 1)),
            MESSAGES,
        ),
        (
            MessageKind("Prepared", (MessageField("rm", Range(0, nodes - 1, "Nodes")),)),
            MessageKind("Decision", (MessageField("commit", Range(0, 1)),)),
        ),
        nodes + 1,
    )
    names = {"Nodes": range(nodes), "Working": 0, "Ready": 1, "Committed": 2, "Aborted": 3}
    return make(
        init=TwoPhaseInit,
        actions=(
            Action(TMRcvPrepared, (NODE,)),
            Action(TMCommit, ()),
            Action(TMAbort, ()),
            Action(RMPrepare, (NODE,)),
            Action(RMChooseToAbort, (NODE,)),
            Action(RMRcvDecision, (NODE, Parameter("n", values=(0, 1)))),
        ),
        schema=schema,
        names=names,
        labels={"Nodes": tuple(f"rm{k}" for k in range(nodes))},
        invariants=(Consistent,),
        helpers={
            "AllPrepared": AllPrepared,
            "SomePrepared": SomePrepared,
            "True0": Constant(True, 0),
            "False0": Constant(False, 0),
        },
        guards=("AllPrepared",),
        binders={"i": "Nodes", "j": "Nodes"},
    )
