"""The subset of Python that compiles means what Python means; the rest is refused in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pymodel.engine.contract import (
    Action,
    Axis,
    MessageField,
    MessageKind,
    Model,
    Parameter,
    Part,
    Range,
    Schema,
    Variable,
)
from pymodel.engine.generate import module_text
from pymodel.engine.goal import Goal
from pymodel.errors import LayoutError

from .test_random_models import load
from .toys import MESSAGES, NODE, array, instance, make
from .twins import agreed

MESSAGE = Parameter("m", kinds=())
NUMBERS: Mapping[str, Any] = {
    "Nodes": range(3),
    "Top": 3,
    "Mode": "Fast",
    "On": True,
    "Marks": frozenset({"a"}),
}


def around(body: str, folder: Path, extra: str = "") -> Model:
    """A model of which one action, Step(s, t, i), has the given body; Hear(s, t, m) drops a message."""
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    module = load(
        f"""def Init(t):
    t.messages.add(Ping(to=1, n=2))


{extra}


def Helper(s, i):
    return s.x[i] + 1


def Step(s, t, i):
{lines}


def Hear(s, t, m):
    t.messages.discard(m)
    return True


def Inside(s):
    return len(s.messages) <= 2
""",
        folder,
    )
    added = {
        name: value
        for name, value in vars(module).items()
        if callable(value) and name not in ("Init", "Step")
    }
    ping = MessageKind("Ping", (MessageField("to", Range(0, 2)), MessageField("n", Range(0, 3))))
    pong = MessageKind(
        "Pong", (MessageField("to", Range(0, 2)), MessageField("many", Range(0, 3), Axis(0, 1)))
    )
    return make(
        init=module.Init,
        actions=(Action(module.Step, (NODE,)), Action(module.Hear, (MESSAGE,))),
        schema=Schema(
            (
                array("x", (Axis(0, 2, "Nodes"),), Range(-2, 5)),
                Variable("y", (Part("v", (), Range(0, 9)),)),
                MESSAGES,
            ),
            (ping, pong),
            6,
        ),
        names=NUMBERS,
        labels={"Nodes": ("n0", "n1", "n2")},
        helpers={name: value for name, value in added.items() if name not in ("Hear", "Inside")},
        constraints=(module.Inside,),
        binders={"i": "Nodes"},
    )


BODIES = """
a, c = s.x[0], s.x[i]
a, c = c, a + 1
if c >= Top:
    return False
t.x[i] = min(a + c, Top)
return True
---
if s.x[1] >= Top:
    return False
t.x[0], t.x[1] = s.x[1] + 1, s.x[0]
return True
---
for k in Nodes:
    pass
t.x[i] = k
return True
---
for m in s.messages:
    pass
t.x[i] = m.n if len(s.messages) > 0 else 5
return True
---
for k in (1, 2):
    if s.x[k] == 0:
        break
t.x[k] = 1
return True
---
for k in range(1, s.x[i] + 3):
    if k == 2:
        continue
    t.y.v = min(s.y.v + k, 9)
    t.x[i] = min(s.x[i] + k, 5)
return True
---
k = 0
while k < Top and s.x[0] <= k:
    k += 1
t.x[0] = k
return True
---
k: int = s.x[i]
if k == Top or s.y.v > 7:
    return False
t.x[i] += 1
t.y.v += 2
return True
---
t.x[i] = s.x[i] or s.y.v or 4
t.y.v = s.x[i] and Top
return True
---
if s.x[i] > 2:
    return False
t.x[i] = (s.x[i] and True) + (s.y.v or False) + (On and 2)
return True
---
t.x[i] = 1 if Mode == 'Fast' else s.nothing[i]
return True
---
if Mode != 'Fast':
    t.nothing = 1
t.x[i] = 2
return True
---
if 'a' in Marks and 'z' not in Marks:
    t.x[i] = len(Nodes)
return True
---
if s.x[i] in (0, s.y.v) and s.x[i] not in (5,):
    t.x[i] = Helper(s, 1)
    return True
return False
---
if s.x[i] > 1:
    return False
t.messages.add(Ping(to=i, n=min(s.x[i] + 2, 3)))
t.x[i] = -s.x[i] + 1
return True
---
if len(t.messages) > 2:
    return False
t.messages.add(Pong(to=i, many=[s.x[k] + 1 for k in (0, 1)]))
return True
---
if len(s.messages) > 1:
    return False
for m in s.messages:
    if m.type == Pong:
        t.x[m.to] = m.many[0] + m.many[1]
t.messages.add(Pong(to=0, many=[i + k for k in (0, 1)]))
return True
---
for m in s.messages:
    if m in t.messages:
        t.messages.discard(m)
        t.messages.add(m._replace(to=i))
return True
---
t.messages.clear()
t.y.v = len(s.messages) + max(s.x[0], 1, i)
return True
---
m = Ping(to=i, n=1)
if m not in s.messages:
    t.messages.add(m)
    return True
t.y.v = m.n
return True
---
k = i
if k == 1:
    k = 0
t.x[k] = s.x[k] | 1 & 3 ^ 2
return True
"""
MEANINGS = BODIES.strip().split("---\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bodies")


@pytest.mark.parametrize("body", MEANINGS, ids=range(len(MEANINGS)))
def test_it_means_what_python_means(body: str, folder: Path) -> None:
    bound = instance(around(body, folder))
    search, slow = agreed(bound, Goal(constraints=("Inside",), check_deadlock=False))
    assert slow.by_action.get("Step"), "the body is not enabled in any state"
    assert search.complete


REFUSED = [
    ("return s.x[i] / 2 == 1", "operator Div"),
    ("return s.x[i] // 2 == 1", "operator FloorDiv"),
    ("return s.x[i] % 2 == 1", "operator Mod"),
    ("return s.x[i] ** 2 == 1", "operator Pow"),
    ("return s.x[i] << 1 == 1", "operator LShift"),
    ("return ~s.x[i] == 1", "operator Invert"),
    ("return 0 < s.x[i] < 2", "a comparison has two sides"),
    ("return s.x[i] is True", "`is`"),
    ("return s.x[i] in Nodes", "`in` needs"),
    ("return [k for k in Nodes] == 1", "ListComp"),
    ("return any(s.x[k] for k in Nodes)", "a call of any"),
    ("k = lambda: True\nreturn True", "Lambda"),
    ("return {1: 2}[i] == 1", "have an index"),
    ("return f'{i}' == 'a'", "JoinedStr"),
    ("return (k := s.x[i]) == 1", "NamedExpr"),
    ("return unknown == 1", "unknown is neither a local variable nor a constant"),
    ("return unknown(s)", "a call of unknown"),
    ("return abs(s.x[i]) == 1", "a call of abs"),
    ("return min(s.x[i]) == 1", "a call of min"),
    ("return len(s.x) == 1", "len is of a domain"),
    ("return Helper(s, i=i) == 1", "keywords"),
    ("return Helper(s) == 1", "Helper takes 2 arguments, not 1"),
    ("return Hear(s, t, i)", "Hear is an action"),
    ("return Recursive(s, i)", "Recursive calls itself"),
    ("return Defaults(s, i)", "without defaults"),
    ("return s.z[i] == 1", "z with 1 indexes is not declared"),
    ("return s.x[i, i] == 1", "x with 2 indexes is not declared"),
    ("return s.y == 1", "y with 0 indexes is not declared"),
    ("return s.y.w == 1", "y.w with 0 indexes is not declared"),
    ("return i.to == 1 and i.many == 2", "i.many needs an index"),
    ("return i.to[1] == 1", "i.to has no index"),
    ("return i.unknown == 1", "unknown is not a field of any message"),
    ("return i._replace(unknown=1) == 1", "unknown is not a field of any message"),
    ("return i._replace(many=1) == 1", "_replace of the array field many"),
    ("return Helper(s, i).to == 1", "attribute to is not a field"),
    ("t.messages.add(Ping(to=i))\nreturn True", "Ping lacks its field n"),
    ("t.messages.add(Ping(to=i, n=1, k=2))\nreturn True", "Ping has no field k"),
    ("t.messages.add(Pong(to=i, many=i))\nreturn True", "one list comprehension"),
    ("s.messages.clear()\nreturn True", "s.messages.clear does not compile"),
    ("t.messages.pop()\nreturn True", "t.messages.pop does not compile"),
    ("for m in t.messages:\n    t.messages.discard(m)\nreturn True", "must not change them"),
    ("s.x[i] = 1\nreturn True", "a step writes only t"),
    ("t = s\nreturn True", "t is a state"),
    ("for s in Nodes:\n    pass\nreturn True", "s is a state"),
    ("b = 1\nreturn True", "must not be called b"),
    ("_k = 1\nreturn True", "must not be called _k"),
    ("for k in Nodes:\n    pass\nelse:\n    return True\nreturn False", "kind For"),
    ("while i:\n    break\nelse:\n    return True\nreturn False", "kind While"),
    ("for k, j in ((1, 2),):\n    pass\nreturn True", "one plain variable"),
    ("k, j = Helper(s, i)\nreturn True", "(k, j) is assigned to"),
    ("k = j = 1\nreturn True", "kind Assign"),
    ("k, j = 1, 2, 3\nreturn True", "as many names as values"),
    ("assert i\nreturn True", "kind Assert"),
    ("with i:\n    pass\nreturn True", "kind With"),
    ("raise ValueError", "kind Raise"),
    ("def inner():\n    return 1\nreturn True", "kind FunctionDef"),
]
EXTRA = """def Recursive(s, i):
    return Recursive(s, i)


def Defaults(s, k=1):
    return k == 1
"""


@pytest.mark.parametrize(("body", "message"), REFUSED, ids=[body.split("\n")[0] for body, _ in REFUSED])
def test_the_rest_is_refused(body: str, message: str, folder: Path) -> None:
    bound = instance(around(body, folder, EXTRA))
    with pytest.raises(LayoutError) as caught:
        module_text(bound)
    assert message in caught.value.message


def test_a_refusal_tells_file_and_line(folder: Path) -> None:
    model = around("k = 1\nreturn s.x[i] / k == 1", folder)
    with pytest.raises(LayoutError) as caught:
        module_text(instance(model))
    source = Path(str(caught.value.path))
    assert source.parent == folder
    assert (
        source.read_text(encoding="utf-8").splitlines()[(caught.value.line or 0) - 1].strip()
        == "return s.x[i] / k == 1"
    )
    assert "contract.py" in caught.value.mend


def test_an_index_is_checked_only_where_it_can_be_wrong(folder: Path) -> None:
    """The checks that the text keeps: none for domains and fields within range, one for anything else."""
    known = """
for k in Nodes:
    t.x[k] = s.x[i] + s.x[2]
for m in s.messages:
    to = m.to
    t.x[to] = 1
return True"""
    unknown = """
j = i + 1
for k in Nodes:
    t.x[0] = s.x[j]
    k += 1
    t.x[k] = 1
return True"""
    texts = [module_text(instance(around(body, folder))) for body in (known, unknown)]
    steps = [text[text.index("def Step") : text.index("def Hear")] for text in texts]
    assert [text.count("_index(") for text in steps] == [0, 2]


LATE = [
    "t.x[i] = 1\nreturn False",
    "t.x[i] = 1\nreturn s.x[i] == 0",
    "t.x[i] = 1",
    "t.messages.clear()\nif s.x[i] == 0:\n    return False\nreturn True",
    "if s.x[i] == 0:\n    t.x[i] = 1\nelse:\n    pass\nreturn s.x[0] == 1",
    "for k in Nodes:\n    if s.x[k] == 1:\n        return False\n    t.x[k] = 1\nreturn True",
    "Effect(t)\nif s.x[i] == 0:\n    return False\nreturn True",
    "if Effect(t) == s.x[i]:\n    return False\nreturn True",
]


@pytest.mark.parametrize("body", LATE, ids=range(len(LATE)))
def test_an_action_that_writes_before_it_refuses_is_refused(body: str, folder: Path) -> None:
    """Its leftovers would be part of the next action's step."""
    bound = instance(around(body, folder, "def Effect(t):\n    t.y.v = 1"))
    with pytest.raises(LayoutError, match="guards first, then effects"):
        module_text(bound)
