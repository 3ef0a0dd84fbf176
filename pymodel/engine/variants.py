"""Several swaps of one cfg in one module: compiled once, searched one after the other.

Compiling takes far longer than a small search. Here each function that some variant swaps becomes one that
asks the work buffer which variant runs (b[VARIANT]; 0 is the base), so that a hundred mutants of one cfg
cost one compilation. What a search finds is what it would find alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pymodel.engine.contract import Constant, Function
from pymodel.engine.instance import Instance
from pymodel.engine.native import Native
from pymodel.engine.reads import Reads
from pymodel.errors import LayoutError


@dataclass(frozen=True)
class Alternative:
    """What runs in place of a function, under the name `name` of the model, while b[VARIANT] is `number`."""

    number: int
    name: str
    source: Function | Constant


@dataclass(frozen=True)
class Compiled:
    """A module that is ready to run, and the number of the variant that is to be searched."""

    text: str
    native: Native
    variant: int = 0


def alternatives(base: Instance, variants: Sequence[Instance]) -> dict[str, list[Alternative]]:
    """For each function that a variant swaps, the replacements. Variant k has the number k + 1.

    Raises LayoutError if a variant differs from the base in more than its functions, or if the base has a
    constant where a variant has something else: a constant is compiled into its callers.
    """
    found: dict[str, list[Alternative]] = {}
    start = base.initial().key()
    for number, variant in enumerate(variants, start=1):
        if variant.bound.schema != base.bound.schema or variant.initial().key() != start:
            raise LayoutError("variants of one module have one state layout and one initial state")
        for name, source in variant.sources.items():
            if source is base.sources[name]:
                continue
            if isinstance(base.sources[name], Constant):
                raise LayoutError(f"{name} is a constant in the base, so that no variant can swap it")
            found.setdefault(name, []).append(Alternative(number, variant.swaps[name], source))
    return found


def chosen_text(
    name: str, source: Function | Constant, text: str, others: Sequence[Alternative], reads: Reads
) -> str:
    """`text`, which defines `name`, under another name, and a function `name` that calls it or one of
    `others`. Their reads of states are noted in `reads`."""
    if isinstance(source, Constant):
        raise LayoutError(f"{name} is a constant")
    code = source.__code__
    arguments = ["b", *code.co_varnames[: code.co_argcount]]
    lines = [f"def {name}({', '.join(arguments)}):", "    _v = b[VARIANT]"]
    for other in others:
        lines.append(f"    if _v == {other.number}:")
        if isinstance(other.source, Constant):
            lines.append(f"        return {other.source.value}")
            continue
        lines.append(f"        return {other.name}({', '.join(arguments)})")
        inner = other.source.__code__.co_varnames
        for position, outer in enumerate(arguments[1:]):
            if outer in ("s", "t"):
                reads.calls.add((other.name, inner[position], outer))
    lines.append(f"    return {name}_unswapped({', '.join(arguments)})")
    return "\n\n\n".join([text.replace(f"def {name}(", f"def {name}_unswapped(", 1), "\n".join(lines)])
