"""Which conjunct of an action's guard refused it, in the words of the model's source and with its values.

The action runs again with a watch on its lines: the `return False` that ended it stands under an `if`, and
each part of that condition is evaluated where it stood. So every guard is named as the model writes it, and
none is listed here.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from functools import cache
from types import FrameType
from typing import Any

from pymodel.raft import names as enumerations
from pymodel.raft.model import RAFT
from trace_check.replay.free import Undetermined
from trace_check.replay.local import Local
from trace_check.replay.machine import Machine

_ROLE_NAMES = tuple(name.lower() for name in enumerations.ROLES)


def refused_by(machine: Machine, action: str, local: Local, *params: Any) -> str | None:
    """What refuses the action in this state; None if it is enabled. Raises: Undetermined, TooFree."""
    function = machine.names[action]
    stopped: dict[str, Any] = {}

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code is not function.__code__:
            return None
        if event == "return" and argument is False:
            stopped.update(line=frame.f_lineno, locals=dict(frame.f_locals))
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        done = machine.run(action, local, *params)
    finally:
        sys.settrace(before)
    if done is not None:
        return None
    return _condition(machine, action, stopped) if stopped else "not enabled"


def _condition(machine: Machine, action: str, stopped: dict[str, Any]) -> str:
    """The part of the condition above the line at which the action stopped that was true."""
    for test in _tests(action).get(stopped["line"], ()):
        parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
        for part in parts:
            if _value(part, machine, stopped["locals"]):
                return _told(part, machine, stopped["locals"])
    return "not enabled"


@cache
def _tests(action: str) -> dict[int, tuple[ast.expr, ...]]:
    """The conditions of the `if`s of an action, by each line of their bodies, innermost first."""
    source = RAFT.functions[action]
    lines, start = inspect.getsourcelines(source)  # type: ignore[arg-type]
    tree = ast.parse(textwrap.dedent("".join(lines)))
    found: dict[int, tuple[ast.expr, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.If):
            for line in {
                inner.lineno for part in node.body for inner in ast.walk(part) if hasattr(inner, "lineno")
            }:
                found[line + start - 1] = (node.test, *found.get(line + start - 1, ()))
    return found


def _value(part: ast.expr, machine: Machine, local_names: dict[str, Any]) -> Any:
    """The part's value where the action stopped; what a log leaves open counts as its first case."""
    code = compile(ast.Expression(part), "<guard>", "eval")
    try:
        return eval(code, machine.names, local_names)
    except Undetermined as undetermined:
        return undetermined.cases[0] if undetermined.cases else None


def _told(part: ast.expr, machine: Machine, local_names: dict[str, Any]) -> str:
    """The part as the source has it, and the values of what it reads."""
    values: dict[str, str] = {}
    for node in ast.walk(part):
        if isinstance(node, ast.Subscript | ast.Name | ast.Attribute):
            text, value = ast.unparse(node), _value(node, machine, local_names)
            if isinstance(value, int) and text not in machine.names:
                values[text] = _shown(text, value, machine)
    inner = {text for text in values if any(text != other and text in other for other in values)}
    told = ", ".join(f"{text} is {value}" for text, value in values.items() if text not in inner)
    return ast.unparse(part) + (f"  ({told})" if told else "")


def _shown(text: str, value: int, machine: Machine) -> str:
    if text.startswith("s.role["):
        return _ROLE_NAMES[value]
    if text.startswith(("s.votedFor[", "s.leaderHint[", "m.source", "m.dest")) or text in ("i", "j"):
        return "nobody" if value < 0 else machine.servers[value]
    return str(value)
