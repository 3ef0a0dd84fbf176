"""The generated functions that say which properties are violated, and what the constraint says.

`check_state` and `check_step` evaluate every property. The search mostly looks at a successor `t` of a
state `s` that was checked before, and there a property can only come out otherwise if something that
it reads of `t` differs from `s`: `check_changed_state` and `check_changed_step` evaluate just those.
"""

from __future__ import annotations

from collections.abc import Mapping

from pymodel.engine.instance import Instance
from pymodel.engine.layout import Layout
from pymodel.engine.reads import Reads, changed_test, reads_of


def checkers(
    instance: Instance,
    invariants: tuple[str, ...],
    properties: tuple[str, ...],
    constraints: tuple[str, ...],
    reads: Mapping[str, Reads],
) -> list[str]:
    """The texts of check_state, check_step, their two twins for changes, and in_constraint. In a result, bit
    p is set if invariant p, or property p, is violated."""
    layout = instance.layout
    of_state = [
        (call, changed_test(layout, reads_of(reads, name, "s")))
        for name, call in (_claim(instance, name) for name in invariants)
    ]
    of_step = [(f"{name}(b, s, t)", changed_test(layout, reads_of(reads, name, "t"))) for name in properties]
    tests = " and ".join(f"{name}(b, t)" for name in constraints) or "True"
    return [
        _checker("check_state(b, t)", [call for call, _ in of_state]),
        _checker("check_step(b, s, t)", [call for call, _ in of_step]),
        _changed_checker(layout, "check_changed_state(b, s, t, still)", of_state),
        _changed_checker(layout, "check_changed_step(b, s, t, still)", of_step),
        f"def in_constraint(b, t):\n    return {tests}",
    ]


def _claim(instance: Instance, invariant: str) -> tuple[str, str]:
    """The function that an invariant rests on, and the call that says whether it holds at t: a witness's,
    negated, where the invariant is that the witness is never reached."""
    witness = instance.model.negated(invariant)
    return (witness, f"(not {witness}(b, t))") if witness else (invariant, f"{invariant}(b, t)")


def _checker(head: str, calls: list[str]) -> str:
    lines = [f"def {head}:", "    bits = 0"]
    for number, call in enumerate(calls):
        lines += [f"    if not {call}:", f"        bits |= {1 << number}"]
    return "\n".join([*lines, "    return bits"])


def _changed_checker(layout: Layout, head: str, tested: list[tuple[str, str]]) -> str:
    """The checker that evaluates a call only if its test is not 0; otherwise the bit is that of `still`: the
    result for a `t` that equals `s`."""
    lines = [f"def {head}:", "    bits = still", "    _messages = 0"]
    lines += [f"    _d{word} = b[s + {word}] ^ b[t + {word}]" for word in range(layout.base_words)]
    lines += [
        f"    for _k in range({layout.base_words}, {layout.words}):",
        "        _messages |= b[s + _k] ^ b[t + _k]",
    ]
    for number, (call, test) in enumerate(tested):
        bit = 1 << number
        lines += [
            f"    if {test}:",
            f"        bits &= {~bit}",
            f"        if not {call}:",
            f"            bits |= {bit}",
        ]
    return "\n".join([*lines, "    return bits"])
