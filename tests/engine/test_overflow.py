"""What outgrows its declared maximum stops the search, by name; it never makes a wrong count."""

from __future__ import annotations

from typing import Any

import pytest

from pymodel.engine.contract import (
    Action,
    Axis,
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
from pymodel.engine.goal import Goal
from pymodel.engine.naive import explore
from pymodel.engine.search import Search
from pymodel.errors import LayoutError

from .toys import MESSAGES, array, instance, make, tokens

Ping = Pong = lambda **fields: None
Top = 0


def Begin(t: Any) -> None:
    t.messages.add(Ping(to=0, n=0))


def Climb(s: Any, t: Any) -> bool:
    t.x[0] = s.x[0] + 1
    return True


def Sink(s: Any, t: Any) -> bool:
    t.x[1] = s.x[1] - 1
    return True


def Total(s: Any, t: Any) -> bool:
    t.y.v = s.y.v + 3
    return True


def ReadBeyond(s: Any, t: Any) -> bool:
    k = s.x[0] + 1
    if s.z.p[k] == 1:
        return False
    t.x[0] = min(k, 2)
    return True


def WriteBeyond(s: Any, t: Any) -> bool:
    k = s.x[0] + 1
    t.x[0] = min(k, 2)
    t.z.p[k] = 1
    return True


def ReadBefore(s: Any, t: Any) -> bool:
    return s.z.p[s.x[0] - 1] == 0


def SecondIndex(s: Any, t: Any) -> bool:
    if s.grid.p[0, s.x[0] + 1] == 1:
        return False
    t.x[0] = min(s.x[0] + 1, 2)
    return True


def FieldTooLarge(s: Any, t: Any) -> bool:
    t.x[0] = min(s.x[0] + 1, 2)
    t.messages.add(Ping(to=0, n=s.x[0] + 1))
    return True


def ArrayFieldTooLarge(s: Any, t: Any) -> bool:
    t.x[0] = min(s.x[0] + 1, 2)
    t.messages.add(Pong(to=0, many=[s.x[0] - k for k in (1, 2)]))
    return True


def ReplacedTooLarge(s: Any, t: Any, m: Any) -> bool:
    t.messages.discard(m)
    t.messages.add(m._replace(n=m.n + 1))
    return True


def ArrayFieldBeyond(s: Any, t: Any, m: Any) -> bool:
    return m.many[s.x[0] + 3] == 0


def AddPong(s: Any, t: Any) -> bool:
    t.messages.add(Pong(to=1, many=[0 for k in (1, 2)]))
    return True


def FieldOfAnother(s: Any, t: Any, m: Any) -> bool:
    return m.n == 0


def ReplaceOfAnother(s: Any, t: Any, m: Any) -> bool:
    t.messages.add(m._replace(n=0))
    return True


def TooMany(s: Any, t: Any) -> bool:
    t.x[0] = min(s.x[0] + 1, 2)
    t.messages.add(Ping(to=1, n=s.x[0]))
    return True


def ArgumentBeyond(s: Any, t: Any) -> bool:
    if Held(s, s.x[0] + 1) == 1:
        return False
    t.x[0] = min(s.x[0] + 1, 2)
    return True


def Held(s: Any, i: int) -> int:
    return s.z.p[i]


MESSAGE = Parameter("m", kinds=())


def model(*actions: Function, params: tuple[Parameter, ...] = ()) -> Model:
    to, small = MessageField("to", Range(0, 1)), Range(0, 2)
    return make(
        init=Begin,
        actions=tuple(
            Action(action, (MESSAGE,) if action.__code__.co_argcount == 3 else ()) for action in actions
        ),
        schema=Schema(
            (
                array("x", (Axis(0, 1),), Range(-1, 2)),
                Variable("y", (Part("v", (), Range(0, 7)),)),
                Variable("z", (Part("p", (Axis(0, 1),), Range(0, 1)),)),
                Variable("grid", (Part("p", (Axis(0, 1), Axis(0, 1)), Range(0, 1)),)),
                MESSAGES,
            ),
            (
                MessageKind("Ping", (to, MessageField("n", small))),
                MessageKind("Pong", (to, MessageField("many", Range(-1, 1), Axis(1, 2)))),
            ),
            3,
        ),
        names={"Top": 3},
        labels={"Nodes": ("n0", "n1")},
        helpers={"Held": Held},
        binders={"i": "Nodes"},
    )


CASES = [
    ((Climb,), "x"),
    ((Sink,), "x"),
    ((Total,), "y.v"),
    ((ReadBeyond,), "z.p"),
    ((WriteBeyond,), "z.p"),
    ((ReadBefore,), "z.p"),
    ((SecondIndex,), "grid.p"),
    ((ArgumentBeyond,), "z.p"),
    ((FieldTooLarge,), "messages.n"),
    ((ArrayFieldTooLarge,), "messages.many"),
    ((ReplacedTooLarge,), "messages.n"),
    ((AddPong, ArrayFieldBeyond), "messages.n|messages.many"),
    ((AddPong, FieldOfAnother), "messages.n is used with a message that has no such field"),
    ((AddPong, ReplaceOfAnother), "messages.n is used with a message that has no such field"),
    ((TooMany,), "messages"),
]
IDS = [actions[-1].__name__ for actions, _ in CASES]


@pytest.mark.parametrize(("actions", "names"), CASES, ids=IDS)
def test_the_compiled_search_names_what_overflows(actions: tuple[Function, ...], names: str) -> None:
    search = Search(instance(model(*actions)), Goal(check_deadlock=False))
    with pytest.raises(LayoutError, match=rf"^({names})\b"):
        search.run()


@pytest.mark.parametrize(("actions", "names"), CASES, ids=IDS)
def test_the_interpreter_names_what_overflows(actions: tuple[Function, ...], names: str) -> None:
    bound = instance(model(*actions))
    with pytest.raises(LayoutError, match=rf"^({names})\b"):
        explore(bound, check_deadlock=False)


def test_an_overflow_comes_with_a_mend() -> None:
    with pytest.raises(LayoutError, match=r"mend: raise the bound in the cfg"):
        Search(instance(model(Climb)), Goal()).run()


def test_the_largest_values_fit() -> None:
    """One less than each overflow: the same actions, held at their bounds, end in a count."""
    search = Search(
        instance(tokens(limit=2, capacity=4)), Goal(constraints=("FewMessages",), check_deadlock=False)
    )
    search.run()
    assert search.count == 57


def test_a_message_more_than_the_capacity_is_refused_even_outside_the_constraint() -> None:
    search = Search(instance(tokens(limit=2, capacity=2)), Goal(constraints=("FewMessages",)))
    with pytest.raises(LayoutError, match=r"messages outgrows .* more than 2 are in flight"):
        search.run()


def BeyondInProperty(s: Any) -> bool:
    return s.z.p[s.x[0] + 5] == 0


def test_a_property_that_reads_beyond_its_bounds_is_no_violation() -> None:
    bound = instance(
        make(
            init=Begin,
            actions=(),
            schema=model(Climb).bind({}, lambda name: ()).schema,
            names={},
            invariants=(BeyondInProperty,),
        )
    )
    with pytest.raises(LayoutError, match=r"z\.p outgrows"):
        Search(bound, Goal(("BeyondInProperty",))).run()
