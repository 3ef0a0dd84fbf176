"""A cfg with other values, and a cfg as text: so that what is checked here can be given to TLC as a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pymodel.cfg import Cfg, Choice
from pymodel.values import Value


def changed(
    cfg: Cfg, constants: Mapping[str, Choice] | None = None, swaps: Mapping[str, str | None] | None = None
) -> Cfg:
    """`cfg` with other values of constants, and other swaps (None takes one out). What was replaced has no
    line in the file any more."""
    constants, swaps = constants or {}, swaps or {}
    values: dict[str, Value] = dict(cfg.constants)
    orders, texts, modules = dict(cfg.orders), dict(cfg.texts), dict(cfg.swap_modules)
    for name, choice in constants.items():
        if choice.value is not None:
            values[name] = choice.value
            texts[name] = choice.text
        orders.pop(name, None)
        if isinstance(choice.value, frozenset):
            orders[name] = choice.order
    for name in swaps:
        modules.pop(name, None)
    kept = {**cfg.swaps, **swaps}
    return replace(
        cfg,
        constants=values,
        orders=orders,
        texts=texts,
        swaps={name: swap for name, swap in kept.items() if swap is not None},
        swap_modules=modules,
        lines={name: line for name, line in cfg.lines.items() if name not in {*constants, *swaps}},
    )


def cfg_text(cfg: Cfg, comment: str = "") -> str:
    r"""The text of a file that reads back as `cfg`, after a `\*` comment of one line; ends with a newline."""
    lines = [f"\\* {' '.join(comment.split())}"] if comment else []
    lines += _statement("SPECIFICATION", [cfg.specification])
    lines += _statement("INIT", [cfg.init]) + _statement("NEXT", [cfg.next])
    lines += ["CONSTANTS", *(f"  {name} = {text}" for name, text in cfg.texts.items())]
    for name, swap in cfg.swaps.items():
        module = f"[{cfg.swap_modules[name]}]" if name in cfg.swap_modules else ""
        lines.append(f"  {name} <- {module}{swap}")
    for keyword, names in (
        ("CONSTRAINT", cfg.constraints),
        ("ACTION_CONSTRAINT", cfg.action_constraints),
        ("SYMMETRY", [cfg.symmetry]),
        ("VIEW", [cfg.view]),
        ("ALIAS", [cfg.alias]),
        ("POSTCONDITION", [cfg.postcondition]),
    ):
        lines += _statement(keyword, names)
    lines += _list("INVARIANTS", cfg.invariants) + _list("PROPERTIES", cfg.properties)
    if not cfg.check_deadlock:
        lines.append("CHECK_DEADLOCK FALSE")
    return "\n".join(lines) + "\n"


def _statement(keyword: str, names: Iterable[str | None]) -> list[str]:
    given = [name for name in names if name]
    return [f"{keyword} {' '.join(given)}"] if given else []


def _list(keyword: str, names: tuple[str, ...]) -> list[str]:
    return [keyword, *(f"  {name}" for name in names)] if names else []
