"""One cfg checked for every combination of some constants' values, or of what its guards are swapped for.

Decides how NAME=VALUES is read and what a cell's cfg is; the values are read by the rules of cfg files. A
combination that the model refuses is a cell that says so.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from pymodel.cfg import Cfg, Choice, read_cfg, read_choices
from pymodel.cfg_edit import changed
from pymodel.check import check_task, prepare_cfg
from pymodel.engine.contract import Model
from pymodel.engine.goal import Limits, Progress
from pymodel.engine.result import Cell, Sweep
from pymodel.errors import CfgError, FenceError, UsageError
from pymodel.raft.model import RAFT
from pymodel.values import format_value

ABSENT = "-"
SYNTAX = "write NAME=VALUES, such as LeaseTicks=1..3, ElectionTicks=1,3 or AcceptsWrites=-,True1"


@dataclass(frozen=True)
class Axis:
    """A constant, or an operator to swap, and what it is to be, one after the other."""

    name: str
    swaps: bool
    choices: tuple[Choice, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(_text(choice) for choice in self.choices)


def sweep(
    path: Path,
    given: Sequence[str],
    *,
    limits: Limits | None = None,
    progress: Callable[[str, Progress], None] | None = None,
) -> Sweep:
    """The cfg at `path` checked in every combination of `given`, a list of NAME=VALUES.

    The limits are those of each cell; `progress` is told which cell it is of. Raises CfgError for the file,
    UsageError for what is given.
    """
    cfg = read_cfg(path)
    axes = [read_axis(text, cfg, RAFT) for text in given]
    names = tuple(axis.name for axis in axes)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{twice} is given twice", mend="give all of its values in one place")
    combinations = list(product(*(axis.choices for axis in axes)))
    cells = []
    for number, choices in enumerate(combinations, start=1):
        values = ", ".join(f"{name} = {_text(choice)}" for name, choice in zip(names, choices, strict=True))
        label = f"{cfg.name} {number}/{len(combinations)}, {values}"
        cells.append(_cell(cfg, axes, choices, limits, progress, label))
    return Sweep(cfg.name, names, tuple(axis.texts for axis in axes), tuple(cells))


def read_axis(text: str, cfg: Cfg, model: Model) -> Axis:
    """The axis that NAME=VALUES stands for. Raises UsageError with the mend."""
    name, equals, values = text.partition("=")
    name = name.strip()
    operators = (*model.guards, *(action.name for action in model.actions))
    if not equals or not name or not values.strip():
        raise UsageError(f"{text!r} is not of the form NAME=VALUES", mend=SYNTAX)
    if name not in cfg.constants and name not in operators:
        close = difflib.get_close_matches(name, (*cfg.constants, *operators), n=1)
        mend = f"did you mean {close[0]}?" if close else f"constants: {', '.join(cfg.constants)}"
        raise UsageError(f"{cfg.path.name} has no constant {name}, nor the model a guard", mend=mend)
    try:
        choices = read_choices(values)
    except CfgError as error:
        raise UsageError(f"{text!r}: {error.message}", mend=SYNTAX) from error
    axis = Axis(name, name not in cfg.constants, choices)
    _refuse_unfit(axis, text)
    return axis


def _refuse_unfit(axis: Axis, text: str) -> None:
    if not axis.choices:
        raise UsageError(f"{text!r} has no values", mend="write a range from low to high, such as 1..3")
    if len(set(axis.texts)) < len(axis.texts):
        raise UsageError(f"{text!r} has a value twice", mend="give each once")
    for choice in axis.choices:
        if axis.swaps and not isinstance(choice.value, str | None):
            mend = f"give operators, such as True1, or {ABSENT} for no swap"
            raise UsageError(f"{axis.name} is an operator, and {_text(choice)} is none", mend=mend)
        if not axis.swaps and choice.value is None:
            raise UsageError(f"constant {axis.name} needs a value, not {ABSENT}", mend=SYNTAX)


def cell_cfg(cfg: Cfg, axes: Sequence[Axis], choices: Sequence[Choice]) -> Cfg:
    """`cfg` with each axis at its choice. What was replaced has no line in the file any more."""
    chosen = list(zip(axes, choices, strict=True))
    constants = {axis.name: choice for axis, choice in chosen if not axis.swaps}
    swaps = {
        axis.name: None if choice.value is None else str(choice.value)
        for axis, choice in chosen
        if axis.swaps
    }
    return changed(cfg, constants, swaps)


def _cell(
    cfg: Cfg,
    axes: Sequence[Axis],
    choices: Sequence[Choice],
    limits: Limits | None,
    progress: Callable[[str, Progress], None] | None,
    label: str,
) -> Cell:
    texts = tuple(_text(choice) for choice in choices)

    def tell(reached: Progress) -> None:
        if progress:
            progress(label, reached)

    try:
        task = prepare_cfg(cell_cfg(cfg, axes, choices))
        return Cell(texts, check_task(task, limits=limits, progress=tell))
    except FenceError as error:
        return Cell(texts, None, error.message)


def _operator(choice: Choice) -> str | None:
    return None if choice.value is None else str(choice.value)


def _text(choice: Choice) -> str:
    return ABSENT if choice.value is None else format_value(choice.value)
