"""Hypothesis strategies that several tests share: expressions, programs, whole small models, as text."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import indent

from hypothesis import strategies as st

Texts = st.SearchStrategy[str]

WORDS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers(-9, 9),
    st.sampled_from([(1 << 63) - 1, -(1 << 63), (1 << 32) - 1, 1 << 62]),
)


def _binary(*operators: str) -> Callable[[Texts], Texts]:
    return lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(operators), inner)


def _operators(inner: Texts) -> Texts:
    """One operator of those that a model may use."""
    return st.one_of(
        _binary("+", "-", "*", "&", "|", "^")(inner),
        _binary("<", "<=", "==", "!=", ">", ">=")(inner),
        _binary("and", "or")(inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} in ({}, {}))".format, inner, inner, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
    )


def model_expressions(*leaves: str) -> Texts:
    """Expressions of the subset that contract.py describes, with at least one operator."""
    return _operators(st.recursive(st.sampled_from(leaves), _operators, max_leaves=4))


def _machine_operators(inner: Texts) -> Texts:
    """One operator of the integer language: those of the model but `in`, and what generated code needs."""
    return st.one_of(
        _binary("+", "-", "*", "&", "|", "^")(inner),
        _binary("<", "<=", "==", "!=", ">", ">=")(inner),
        _binary("and", "or")(inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("(~{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("{}({}, {}, {})".format, st.sampled_from(["min", "max"]), inner, inner, inner),
        st.builds("({} {} ({} & SIXTY_THREE))".format, inner, st.sampled_from(["<<", ">>"]), inner),
        st.builds("(({} & MOST) {} (({} & SEVEN) + ONE))".format, inner, st.sampled_from(["//", "%"]), inner),
    )


def machine_expressions(*leaves: str) -> Texts:
    """Expressions of the integer language of machine.py, operands within what it allows."""
    return st.recursive(st.sampled_from((*leaves, "ONE", "SEVEN")), _machine_operators, max_leaves=8)


LOCALS = ("x", "y", "z")


def _blocks(depth: int, looping: bool) -> Texts:
    """Statements over x, y, z and the array b of eight words; loops end after at most seven passes."""
    values = machine_expressions(*LOCALS, "b[x & SEVEN]", "b[y & SEVEN]")
    names = st.sampled_from(LOCALS)
    simple = [
        st.builds("{} = {}".format, names, values),
        st.builds("{} {}= {}".format, names, st.sampled_from(["+", "-", "^"]), values),
        st.builds("b[{} & SEVEN] = {}".format, values, values),
        st.builds("b[{} & SEVEN] += {}".format, values, values),
        st.builds("if {}:\n    return {}".format, values, values),
    ]
    if looping:
        simple += [st.builds("if {}:\n    {}".format, values, st.sampled_from(["break", "continue"]))]
    if depth:
        inner, body = _blocks(depth - 1, looping), _blocks(depth - 1, True)
        simple += [
            st.builds(lambda test, a, b: f"if {test}:\n{_in(a)}\nelse:\n{_in(b)}", values, inner, inner),
            st.builds(
                lambda name, last, a: f"for {name} in range({last} & SEVEN):\n{_in(a)}", names, values, body
            ),
            st.builds(
                lambda name, first, a: f"for {name} in range({first} & SEVEN, SEVEN):\n{_in(a)}",
                names,
                values,
                body,
            ),
            st.builds(
                lambda name, one, two, a: f"for {name} in ({one}, {two}, 3):\n{_in(a)}",
                names,
                values,
                values,
                body,
            ),
            st.builds(
                lambda test, a: (
                    f"fuel{depth} = 0\nwhile fuel{depth} < SEVEN and {test}:\n    fuel{depth} += 1\n{_in(a)}"
                ),
                values,
                body,
            ),
        ]
    return st.lists(st.one_of(simple), min_size=2, max_size=4).map("\n".join)


def _in(text: str) -> str:
    return indent(text, "    ")


def programs() -> Texts:
    """The text of a module with one function, main(b, x, y), that always ends."""
    return st.builds(
        lambda body, result: (
            f"""ONE = 1
SEVEN = 7
SIXTY_THREE = 63
MOST = {(1 << 63) - 1}


def main(b, x, y):
    z = 0
{_in(body)}
    return {result}
"""
        ),
        _blocks(2, False),
        machine_expressions(*LOCALS),
    )


_CELLS = ("s.x[i]", "s.x[0]", "s.x[1]", "s.y.v", "1", "2", "Top")
_FIELDS = ("m.to", "m.n", "s.x[m.to]", "s.y.v", "1", "Top")
_OWN_CELLS = ("s.x[i]", "s.y.v", "1", "2", "Top")
_OWN_FIELDS = ("m.n", "s.x[m.to]", "s.y.v", "1", "Top")


def _effects(leaves: tuple[str, ...], own: str, symmetric: bool) -> Texts:
    """Writes within the declared ranges, and messages while there is room. If `symmetric`, no node but
    `own` is told apart from the others."""
    values = model_expressions(*leaves)
    place = st.just(own) if symmetric else st.sampled_from(["0", "1", own])
    sent = st.one_of(
        st.builds("Ping(to={}, n=min(max({}, 0), Top))".format, place, values),
        st.builds(f"Pong(to={{}}, n=min(max({{}}, 0), Top), left=s.x[{own}])".format, place, values),
    )
    writes = [
        st.builds("t.x[{}] = min(max({}, -1), Top)".format, place, values),
        st.builds("t.y.v = min(max({}, 0), Top)".format, values),
        st.builds("if len(t.messages) < 2:\n    t.messages.add({})".format, sent),
    ]
    if symmetric:
        room = f"if j != {own} and len(t.messages) < 2"
        others = f"for j in Nodes:\n    {room}:\n        t.messages.add(Ping(to=j, n={{}}))"
        writes.append(st.builds(others.format, st.sampled_from(["0", "1", "s.y.v"])))
    else:
        writes.append(st.builds("k = min(max({}, 0), 1)\nt.x[k] = s.x[{}]".format, values, place))
    return st.lists(st.one_of(writes), min_size=1, max_size=3).map("\n".join)


@st.composite
def model_texts(draw: st.DrawFn, symmetric: bool = False) -> str:
    """A module of the actions and properties of a small model, see engine/test_random_models.py.

    Two nodes with x in -1..Top, y.v in 0..Top, and at most two messages of two kinds. What an action
    does beside its first line, when it is enabled, and what the properties claim, is drawn; if `symmetric`,
    such that nodes are interchangeable.
    """
    cells, fields = (_OWN_CELLS, _OWN_FIELDS) if symmetric else (_CELLS, _FIELDS)

    def action(head: str, leaves: tuple[str, ...], own: str, first: str) -> str:
        guard, effects = draw(model_expressions(*leaves)), draw(_effects(leaves, own, symmetric))
        disabled = f"    if {guard} == {draw(st.sampled_from(leaves))}:\n        return False\n"
        return f"def {head}:\n{disabled}{_in(first + effects)}\n    return True\n"

    def forall(head: str, leaves: tuple[str, ...]) -> str:
        claim = f"        if s.x[i] == 2 and {draw(model_expressions(*leaves))}:\n            return False\n"
        return f"def {head}:\n    for i in Nodes:\n{claim}    return True\n"

    within = ("n", "s.y.v", "1", "Top") if symmetric else _CELLS
    total = "i = 0\nn = s.x[0] + s.x[1]\n"
    return "\n\n".join(
        [
            "def Init(t):\n    t.y.v = 1\n",
            action("Alone(s, t, i)", cells, "i", "t.x[i] = s.x[i] + 1 if s.x[i] < Top else -1\n"),
            action("Beside(s, t, i, n)", (*cells, "n"), "i", "t.y.v = 2 - s.y.v\n"),
            action("Hear(s, t, m)", fields, "m.to", "t.messages.discard(m)\n"),
            action("Any(s, t, m)", fields, "m.to", "t.messages.discard(m)\n"),
            forall("Claim(s)", cells),
            forall("Change(s, t)", (*cells, "t.x[i]", "t.y.v")),
            f"def Inside(s):\n{_in(total)}    return s.y.v != 2 or {draw(model_expressions(*within))}\n",
        ]
    )
