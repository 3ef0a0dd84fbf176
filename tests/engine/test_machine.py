"""The integer language: machine code computes what Python does, wrapped to 64 bits, or is refused."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from textwrap import indent
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import WORDS, programs

from pymodel.engine.machine import build
from pymodel.engine.native import Native
from pymodel.errors import LayoutError


def wrapped(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


class Word(int):
    """A Python integer whose arithmetic wraps to 64 bits."""


def _wrapping(operation: Callable[..., Any], swapped: bool = False) -> Callable[..., Word]:
    def method(self: int, *other: int) -> Word:
        operands = (*map(int, other), int(self)) if swapped else (int(self), *map(int, other))
        return Word(wrapped(operation(*operands)))

    return method


for _name in ("add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "and_", "or_", "xor"):
    _short = _name.rstrip("_")
    setattr(Word, f"__{_short}__", _wrapping(getattr(operator, _name)))
    setattr(Word, f"__r{_short}__", _wrapping(getattr(operator, _name), swapped=True))
for _name in ("neg", "invert"):
    setattr(Word, f"__{_name}__", _wrapping(getattr(operator, _name)))


class _Worded(ast.NodeTransformer):
    """Truth values become words, whose arithmetic wraps too."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            return ast.copy_location(ast.Call(ast.Name("Word", ast.Load()), [node], []), node)
        return node


def interpreted(text: str, words: list[int], *arguments: int) -> tuple[int, list[int]]:
    """What main returns, and the array b after it, by Python."""
    namespace: dict[str, Any] = {"Array": None, "Array32": None, "Word": Word}
    tree = ast.fix_missing_locations(_Worded().visit(ast.parse(text)))
    exec(compile(tree, "<program>", "exec"), namespace)
    for name, value in list(namespace.items()):
        if isinstance(value, int):
            namespace[name] = Word(value)
    b: list[int] = [Word(word) for word in words]
    result = namespace["main"](b, *map(Word, arguments))
    return int(result or 0), [int(word) for word in b]


def compiled(text: str, words: list[int], *arguments: int) -> tuple[int, list[int]]:
    b = np.array(words, np.int64)
    return Native(text, ("main",)).call("main", b, *arguments), b.tolist()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=programs(), x=WORDS, y=WORDS, words=st.lists(WORDS, min_size=8, max_size=8))
def test_random_programs(text: str, x: int, y: int, words: list[int]) -> None:
    assert compiled(text, words, x, y) == interpreted(text, words, x, y)


def function(body: str) -> str:
    """A module whose function main has the given body."""
    return f"""K = 5
TABLE = (7, -8, 9)


def twice(b, n):
    b[0] += 1
    return n + n


def main(b, x, y):
{indent(body, "    ")}
"""


SKIPPING = """
total = 0
for k in range(5):
    if k == 1:
        continue
    if k == 4:
        break
    total += k
return total"""
UNROLLED = """
total = 0
for k in (5, x, y, -3):
    if k == x:
        continue
    total = total * 10 + k
return total"""
INNER_BREAK = """
for k in (4, 5):
    for j in range(3):
        if j == 1:
            break
    y += j
return y * 100 + k"""


@pytest.mark.parametrize(
    "body",
    [
        "return 9223372036854775807 + x",
        "return x and y or K",
        "return twice(b, 1) == 3 and twice(b, 1)",
        "return twice(b, x) or twice(b, 1)",
        "return twice(b, 1) if x == 0 else twice(b, twice(b, 1))",
        "if x == 2 or twice(b, x) == 2:\n    return 1\nreturn 0",
        "for k in range(4):\n    pass\nreturn k",
        "k = 8\nfor k in range(0):\n    pass\nreturn k",
        SKIPPING,
        "total = 0\nfor k in range(3):\n    total += k\n    k = 100\nreturn total",
        UNROLLED,
        "for k in (4, 5, 6):\n    if k == 5:\n        break\nreturn k",
        INNER_BREAK,
        "for k in (x, y):\n    x = 50\n    y = 60\nreturn k",
        "n = 0\nwhile n < 10:\n    n += 3\n    if n == 6:\n        continue\n    b[n & 7] = n\nreturn n",
        "while True:\n    x += 1\n    if x > 7:\n        return x\nreturn 0",
        "return min(x, y, K) * 100 + max(x, y, K)",
        "return TABLE[x] + TABLE[2]",
        "b[2] = b[1]\nb[1] -= K\nb[K] |= 6",
        "return not x",
        "return (x < y) + (x == 1) + (x != 1)",
        "return -x ^ ~y",
        "return",
        "pass",
    ],
)
def test_language(body: str) -> None:
    text, words = function(body), [3, 1, 4, 1, 5, 9, 2, 6]
    assert compiled(text, words, 1, 2) == interpreted(text, words, 1, 2)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return x / y", "x / y"),
        ("return x ** y", "x ** y"),
        ("return 1.5", "1.5"),
        ("return 'a'", "'a'"),
        ("return None", "None"),
        ("return 9223372036854775808", "9223372036854775808"),
        ("return +x", "+x"),
        ("return x < y < 3", "x < y < 3"),
        ("return x is y", "x is y"),
        ("return x in (1, 2)", "x in (1, 2)"),
        ("return unknown", "unknown"),
        ("return unknown(x)", "unknown(x)"),
        ("return twice(x, y)", "twice(x, y)"),
        ("return twice(b, b)", "b"),
        ("return twice(b)", "twice(b)"),
        ("return twice(b, n=1)", "twice(b, n=1)"),
        ("return min(x)", "min(x)"),
        ("return x.y", "x.y"),
        ("return [x]", "[x]"),
        ("return TABLE", "TABLE"),
        ("return x[0]", "x[0]"),
        ("return (lambda: 1)()", "lambda"),
        ("TABLE[0] = 1", "TABLE[0]"),
        ("b = 1", "b"),
        ("x, y = y, x", "x, y = (y, x)"),
        ("x = y = 1", "x = y = 1"),
        ("x.y = 1", "x.y = 1"),
        ("x", "x"),
        ("assert x", "assert x"),
        ("del x", "del x"),
        ("break", "break"),
        ("continue", "continue"),
        ("for k in b:\n    pass", "b"),
        ("for k in twice(b, 1):\n    pass", "twice(b, 1)"),
        ("for k in range(0, 9, 2):\n    pass", "range(0, 9, 2)"),
        ("for k, j in (1, 2):\n    pass", "(k, j)"),
        ("for k in range(3):\n    pass\nelse:\n    x = 1", "else"),
        ("while x:\n    x -= 1\nelse:\n    x = 1", "else"),
    ],
)
def test_what_is_outside_the_language_is_refused_by_name(body: str, said: str) -> None:
    with pytest.raises(LayoutError, match="outside the compiled language") as caught:
        build(function(body), ("main",))
    assert "main: `" in caught.value.message
    assert said in caught.value.message


def test_a_function_that_is_defined_twice_is_refused() -> None:
    with pytest.raises(LayoutError, match="main is defined twice"):
        build(function("return 1") + "\n\n" + function("return 2").split("\n\n\n")[-1], ("main",))


@pytest.mark.parametrize("value", ["'text'", "1.5", "(1, 2.5)", str(1 << 63)])
def test_a_constant_that_is_no_word_is_refused(value: str) -> None:
    with pytest.raises(LayoutError, match="constant K is neither"):
        build(f"K = {value}\n\n\ndef main(b):\n    return 0\n", ("main",))


def test_a_local_that_was_never_assigned_reads_as_zero() -> None:
    assert compiled(function("if x == 99:\n    k = 1\nreturn k"), [0] * 8, 1, 2)[0] == 0


def test_half_words_are_cut_when_stored_and_keep_their_sign_when_read() -> None:
    text = "def main(h: Array32, x):\n    h[1] = x\n    return h[1]\n"
    native = Native(text, ("main",))
    halves = np.zeros(3, np.int32)
    assert native.call("main", halves, -5) == -5
    assert native.call("main", halves, (1 << 32) + 7) == 7
    assert halves.tolist() == [0, 7, 0]


def test_arrays_are_passed_on_to_functions() -> None:
    text = (
        "def put(b, other: Array, k):\n    other[k] = b[k] + 1\n    return other[k]\n\n\n"
        "def main(b, other: Array):\n    return put(b, other, 1) * 10 + put(other, b, 1)\n"
    )
    b, other = np.array([0, 5], np.int64), np.zeros(2, np.int64)
    assert Native(text, ("main",)).call("main", b, other) == 67
    assert (b.tolist(), other.tolist()) == ([0, 7], [0, 6])


def test_only_entries_can_be_called() -> None:
    module = str(build(function("return 1"), ("main",)))
    assert 'define internal i64 @"twice"' in module
    assert 'define i64 @"main"' in module


MARKED = """
def moved(b: Array, s: Before, t: After):
    b[t] = b[s] + 1
    b[t + 1] = b[s] + 2
    b[0] = b[s]
    return b[t]
"""
PLAIN = MARKED.replace(": Before", "").replace(": After", "")


@pytest.mark.parametrize(("text", "stores"), [(MARKED, 3), (PLAIN, 1)])
def test_what_is_read_before_is_marked_apart_from_what_is_written_after(text: str, stores: int) -> None:
    """Each store of a function that has marks cannot touch what it reads through s, nor can one to a fixed
    index."""
    lines = str(build(text, ("moved",))).splitlines()
    assert sum("alias.scope" in line for line in lines) == (3 if text == MARKED else 0)
    assert sum("store" in line and "!noalias" in line for line in lines) == stores
    for words in ([7, 8, 9], [1, 0, 0]):
        b = np.array([0, *words, 0, 0], np.int64)
        assert Native(text, ("moved",)).call("moved", b, 1, 4) == (words[0] + 1)
        assert b.tolist() == [words[0], *words, words[0] + 1, words[0] + 2]
