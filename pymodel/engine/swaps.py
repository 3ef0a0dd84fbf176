"""Which function runs under each name of the model, once a cfg's swaps (`Guard <- Mutant`) are in place.

Decides whether a swap makes sense at all: what cannot be swapped without a change of meaning that TLC
would notice and Python would not is refused.
"""

from __future__ import annotations

import dis
from collections.abc import Mapping

from pymodel.engine.contract import Constant, Function, Model
from pymodel.errors import CfgError


def resolve_swaps(model: Model, swaps: Mapping[str, str]) -> dict[str, Function | Constant]:
    """The model's functions by name, each swapped one replaced. Raises CfgError."""
    known = model.functions
    actions = {action.name for action in model.actions}
    result = dict(known)
    for name, other in swaps.items():
        if name not in model.guards and name not in actions:
            raise CfgError(
                f"{name} is not an operator of the model that can be swapped",
                mend=f"swap a guard ({', '.join(model.guards)}) or an action",
            )
        if other not in known:
            raise CfgError(
                f"{other} has no twin in the Python model",
                mend=f"write a function {other} beside those that the model names already",
            )
        if name in actions:
            _check_action(name, known[name], other, known[other])
        else:
            _check_guard(name, known[name], other, known[other])
        result[name] = known[other]
    for name, other in swaps.items():
        if name in _reached(known[other], result):
            raise CfgError(f"{other} calls {name}, which it replaces", mend="write its text out instead")
    return result


def _check_action(name: str, action: Function | Constant, other: str, swap: Function | Constant) -> None:
    if isinstance(swap, Constant):
        if swap.value:
            raise CfgError(
                f"{name} is an action, and {other} does not say what it changes", mend="swap in False"
            )
    elif _arity(swap) != _arity(action):
        _refuse_arity(name, _arity(action) - 1, other, _arity(swap) - 1)


def _check_guard(name: str, guard: Function | Constant, other: str, swap: Function | Constant) -> None:
    if _arity(guard) != _arity(swap):
        _refuse_arity(name, _arity(guard), other, _arity(swap))
    mine, its = _result(guard), _result(swap)
    if mine and its and mine != its:
        raise CfgError(
            f"{name} gives {mine} and {other} gives {its}", mend="swap operators whose values mean the same"
        )


def _refuse_arity(name: str, arity: int, other: str, its: int) -> None:
    raise CfgError(
        f"{name} has {arity} parameters and {other} has {its}", mend="swap operators of equal arity"
    )


def _arity(source: Function | Constant) -> int:
    """The number of parameters beside the first state."""
    return source.arity if isinstance(source, Constant) else source.__code__.co_argcount - 1


def _result(source: Function | Constant) -> str:
    """The name of the type that it gives, empty if it does not say."""
    if isinstance(source, Constant):
        return "bool"
    annotation = source.__annotations__.get("return", "")
    return annotation if isinstance(annotation, str) else str(annotation.__name__)


def _reached(start: Function | Constant, functions: Mapping[str, Function | Constant]) -> set[str]:
    """The names of the functions that `start` calls, and that those call."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        source = waiting.pop()
        if not isinstance(source, Constant):
            read = {step.argval for step in dis.get_instructions(source) if step.opname == "LOAD_GLOBAL"}
            fresh = (read & functions.keys()) - found
            waiting += [functions[name] for name in fresh]
            found |= fresh
    return found
