"""Where things lie: nothing overlaps, every state survives packing, and what does not fit is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from pymodel.engine.goal import Goal
from pymodel.engine.instance import Instance, Record
from pymodel.engine.layout import WORD_BITS, Layout, make_layout
from pymodel.engine.pack import pack, pack_message, unpack
from pymodel.errors import LayoutError

from .toys import MESSAGES, array, instance, make
from .twins import agreed

RANGES = st.builds(
    lambda low, span: Range(low, low + span),
    st.integers(-70, 70),
    st.one_of(st.integers(0, 9), st.sampled_from([63, 64, 1000, (1 << 40) - 1])),
)
AXIS = st.builds(lambda low, size: Axis(low, low + size - 1), st.integers(-1, 2), st.integers(0, 5))


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    variables = [MESSAGES]
    for number in range(draw(st.integers(1, 5))):
        values = draw(RANGES)
        part = Part(
            "p", tuple(draw(st.lists(AXIS, max_size=3))), values, draw(st.integers(values.low, values.high))
        )
        variables.append(Variable(f"v{number}", (part,)))
    narrow = st.builds(lambda low, span: Range(low, low + span), st.integers(-3, 3), st.integers(0, 7))
    fields = [
        MessageField(f"f{number}", draw(narrow), draw(st.sampled_from([None, Axis(1, 3), Axis(0, -1)])))
        for number in range(4)
    ]
    kinds = [
        MessageKind(f"K{number}", tuple(draw(st.lists(st.sampled_from(fields), unique_by=lambda f: f.name))))
        for number in range(draw(st.integers(1, 4)))
    ]
    return Schema(tuple(variables), tuple(kinds), draw(st.integers(1, 4)))


def nothing(t: Any) -> None:
    pass


def bound_to(schema: Schema) -> Instance:
    return instance(make(init=nothing, actions=(), schema=schema, names={}))


def fill(data: st.DataObject, bound: Instance) -> Record:
    """A state with every cell drawn, and some messages."""
    state = bound.blank()
    schema = bound.bound.schema
    for variable in schema.variables[1:]:
        for part in variable.parts:
            cells = state.__dict__[variable.name].__dict__["cells"][part.name]
            values = st.integers(part.values.low, part.values.high)
            cells.cells[:] = data.draw(st.lists(values, min_size=part.size, max_size=part.size))
    for _ in range(data.draw(st.integers(0, schema.capacity))):
        kind = data.draw(st.sampled_from(schema.kinds))
        fields = {field.name: data.draw(field_values(field)) for field in kind.fields}
        state.messages.add(bound.kinds[kind.name](**fields))
    return state


def field_values(field: MessageField) -> st.SearchStrategy[Any]:
    values = st.integers(field.values.low, field.values.high)
    return values if field.axis is None else st.lists(values, min_size=field.size, max_size=field.size)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(schema=schemas(), data=st.data())
def test_what_is_packed_comes_back(schema: Schema, data: st.DataObject) -> None:
    bound = bound_to(schema)
    state, other = fill(data, bound), fill(data, bound)
    words = pack(bound, state)
    assert len(words) == bound.layout.words
    assert all(0 <= word < 1 << WORD_BITS for word in words)
    assert unpack(bound, words).key() == state.key()
    assert (words == pack(bound, other)) == (state.key() == other.key())


def places(layout: Layout) -> list[tuple[int, int]]:
    """Every (word, bit) that an element of a variable takes."""
    found = []
    for slot in layout.slots.values():
        for element in range(slot.part.size):
            word, start = (
                slot.word + element // slot.per_word,
                slot.shift + element % slot.per_word * slot.bits,
            )
            found += [(word, start + bit) for bit in range(slot.bits)]
    return found


@settings(max_examples=80)
@given(schema=schemas())
def test_no_two_elements_share_a_bit_and_none_straddles_a_word(schema: Schema) -> None:
    layout = make_layout(schema)
    taken = places(layout)
    assert len(set(taken)) == len(taken)
    assert all(word < layout.base_words and bit < WORD_BITS for word, bit in taken)


@settings(max_examples=80)
@given(schema=schemas())
def test_no_two_fields_of_one_kind_share_a_bit_nor_the_tag(schema: Schema) -> None:
    layout = make_layout(schema)
    for kind in schema.kinds:
        taken = list(range(layout.tag_bits))
        for field in kind.fields:
            slot = layout.fields[field.name]
            taken += range(slot.shift, slot.shift + field.size * slot.bits)
        assert len(set(taken)) == len(taken)
        assert max(taken) < WORD_BITS


def kind(name: str, *fields: MessageField) -> MessageKind:
    return MessageKind(name, fields)


def wide(name: str, bits: int) -> MessageField:
    return MessageField(name, Range(0, (1 << bits) - 1))


def test_fields_of_different_kinds_share_bits() -> None:
    """Two kinds of 40 bits each fit one word, since no message has both."""
    layout = make_layout(Schema((MESSAGES,), (kind("A", wide("a", 40)), kind("B", wide("b", 40))), 1))
    assert layout.fields["a"].shift == layout.fields["b"].shift
    assert layout.fields["a"].kinds != layout.fields["b"].kinds


def test_a_field_of_several_kinds_has_one_place_in_all() -> None:
    both = wide("both", 20)
    layout = make_layout(
        Schema((MESSAGES,), (kind("A", both, wide("a", 40)), kind("B", wide("b", 40), both)), 1)
    )
    assert layout.fields["a"].shift == layout.fields["b"].shift
    assert layout.fields["both"].kinds == layout.all_kinds


def test_messages_are_told_apart_by_their_kind_alone() -> None:
    bound = bound_to(Schema((MESSAGES,), (kind("A", wide("a", 2)), kind("B", wide("b", 2))), 2))
    a, b = bound.kinds["A"](a=1), bound.kinds["B"](b=1)
    assert pack_message(bound.layout, a) != pack_message(bound.layout, b)


def test_an_array_longer_than_a_word_takes_several() -> None:
    bound = bound_to(Schema((MESSAGES, Variable("v", (Part("p", (Axis(0, 40),), Range(-1, 6)),))), (), 0))
    assert bound.layout.base_words == 2
    state = bound.blank()
    for element in range(41):
        state.v.p[element] = element % 8 - 1
    assert unpack(bound, pack(bound, state)).v.p.cells == state.v.p.cells


def test_an_array_of_no_elements_takes_no_room() -> None:
    full = array("x", (Axis(1, 63),), Range(0, 1))
    empty = array("y", (Axis(1, 0),), Range(0, 9))
    assert make_layout(Schema((full, empty), (), 0)).base_words == 1


def test_a_schema_without_messages_needs_no_variable_for_them() -> None:
    bound = bound_to(Schema((array("x", (Axis(0, 1),), Range(0, 3)),), (), 0))
    state = bound.blank()
    state.x[1] = 3
    assert unpack(bound, pack(bound, state)).key() == state.key()


def scalar(low: int, high: int, default: int = 0) -> Variable:
    return Variable("v", (Part("p", (), Range(low, high), default),))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (Schema((MESSAGES,), (kind("A", wide("a", 40), wide("b", 23)),), 1), "more than 63 bits: field b"),
        (
            Schema((MESSAGES,), (kind("A", wide("a", 3)), kind("B", wide("a", 4))), 1),
            "a is declared in two ways",
        ),
        (Schema((MESSAGES,), (kind("A", wide("a", 3)),), 0), "no room"),
        (Schema((array("x", (), Range(0, 3)),), (), 0), "x has no axes"),
        (Schema((scalar(0, 1 << 63),), (), 0), "v.p needs 64 bits"),
        (Schema((scalar(1, 3),), (), 0), "v.p starts at 0"),
        (Schema((array("x", (Axis(1, 2, "Nodes"),), Range(0, 3)),), (), 0), "does not start at 0"),
    ],
    ids=["message too wide", "two ranges", "no capacity", "bare scalar", "too wide", "default", "sort"],
)
def test_what_cannot_be_laid_out_is_refused(schema: Schema, message: str) -> None:
    with pytest.raises(LayoutError) as caught:
        make_layout(schema)
    assert message in caught.value.message


def test_a_message_that_does_not_fit_comes_with_a_mend() -> None:
    make_layout(Schema((MESSAGES,), (kind("A", wide("a", 62)),), 1))
    with pytest.raises(LayoutError, match="mend: lower the bounds"):
        make_layout(Schema((MESSAGES,), (kind("A", wide("a", 63)),), 1))


# The compiled code reads and writes every element, wherever it lies.


def FillInit(t: Any) -> None:
    t.big.p[0, 0] = -1


def Put(s: Any, t: Any, i: int, j: int, n: int) -> bool:
    """Each cell once, so that there is one state for each set of written cells and their values."""
    if s.big.p[i, j] != 0 or s.count.p == 2:
        return False
    t.big.p[i, j] = n
    t.count.p = s.count.p + 1
    return True


Rows = Columns = range(0)


def filling() -> Model:
    rows, columns = Axis(0, 3), Axis(0, 5)
    return make(
        init=FillInit,
        actions=(
            Action(Put, (Parameter("i", "Rows"), Parameter("j", "Columns"), Parameter("n", values=(-9, 5)))),
        ),
        schema=Schema(
            (
                Variable("big", (Part("p", (rows, columns), Range(-9, 5)),)),
                Variable("count", (Part("p", (), Range(0, 2)),)),
            ),
            (),
            0,
        ),
        names={"Rows": range(4), "Columns": range(6)},
    )


def test_compiled_code_writes_each_element_of_a_long_array_and_no_other() -> None:
    bound = instance(filling())
    assert bound.layout.base_words == 2
    search, slow = agreed(bound, Goal(check_deadlock=False))
    cells = 4 * 6 - 1
    assert search.count == 1 + 2 * cells + 4 * cells * (cells - 1) // 2
    assert slow.depth == 3
