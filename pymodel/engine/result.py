"""What a check found, as plain data. Made by the search and by the TLC driver alike, read by reports.

Counts follow TLC: *distinct* counts states within the constraint, *generated* every successor
computed plus the initial states, *depth* the number of levels (an initial state is level 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from pymodel.values import State, Value

DEADLOCK = "deadlock"
"""The name under which a deadlock is checked and violated."""


class Verdict(Enum):
    """The outcome of a check; the value is the exit code, equal to TLC's where TLC has one."""

    OK = 0
    ASSUMPTION = 10
    DEADLOCK = 11
    INVARIANT = 12
    PROPERTY = 13
    UNDETERMINED = 3
    ERROR = 1


@dataclass(frozen=True)
class Step:
    """One line of a behaviour. `action` is "Init" for the first; `params` maps a parameter to its value."""

    action: str
    params: Mapping[str, Value]
    state: State


@dataclass(frozen=True)
class Counterexample:
    """A shortest behaviour that ends in the violation, or a lasso that violates a liveness property.

    `steps[0]` is an initial state; `length` counts states, as TLC numbers them. `witness` says which
    bound variables made the property false, one line each (empty if the property quantifies nothing).
    In a lasso `loop` is the index of the step whose state comes again after the last one, forever: the
    last index itself stands for stuttering. `closing` is the step back to it, None for stuttering.
    """

    violated: str
    steps: tuple[Step, ...]
    witness: tuple[str, ...] = ()
    loop: int | None = None
    closing: Step | None = None

    @property
    def length(self) -> int:
        return len(self.steps)


@dataclass(frozen=True)
class Coverage:
    """How often an action produced a successor, and how many of those were new states."""

    action: str
    generated: int
    distinct: int


@dataclass(frozen=True)
class OutDegree:
    """Successors per expanded state, each counted as often as it is generated."""

    least: int
    mean: float
    p95: int
    most: int


@dataclass(frozen=True)
class Walks:
    """What a simulation did: `count` random walks of at most `depth` steps, `steps` in all.

    `by_action` tells whether a step was chosen by its action first. `ended_early` counts the walks without
    a step to take before `depth`. `violating` is the number of the walk that the counterexample is from.
    """

    seed: int
    depth: int
    count: int
    steps: int
    by_action: bool
    ended_early: int
    violating: int | None = None


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check of one cfg by one tool.

    `checked` names what was to be checked: the invariants, the PROPERTIES, "deadlock", in the cfg's order;
    `properties` are those of them that judge behaviours and not states. `complete` says that every state
    within the constraint was searched, so that what is checked and not violated holds.
    `seconds` has at least "total"; pymodel adds "compile" and "search". `also_violated` names further
    properties that fail at the same depth. `continued` has, if the search was to go on after a violation,
    a shortest behaviour for every other property that fails, those of `also_violated` included.
    `memory_bytes` is the most memory that the process held. `detail` explains ERROR and UNDETERMINED.
    `walks` is there for a simulation, which stores no states: `distinct` is then 0, `depth` that of the
    deepest state, a counterexample seldom a shortest one, and a row of `coverage` counts the steps taken
    in the place of new states.
    """

    tool: str
    cfg: str
    verdict: Verdict
    distinct: int
    generated: int
    depth: int
    checked: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    complete: bool = False
    violated: str | None = None
    also_violated: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    coverage: tuple[Coverage, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    workers: int = 1
    symmetry: bool = False
    collision: str = "exact"
    continued: tuple[Counterexample, ...] = ()
    out_degree: OutDegree | None = None
    memory_bytes: int = 0
    walks: Walks | None = None
    detail: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.verdict is Verdict.OK


@dataclass(frozen=True)
class Cell:
    """One point of a sweep: a value of each swept name, and the check's result, or why there was none."""

    values: tuple[str, ...]
    result: CheckResult | None
    refused: str = ""


@dataclass(frozen=True)
class Sweep:
    """The checks of a cfg for each combination of `choices`, which holds the values of each of `names`;
    the last name changes fastest in `cells`."""

    cfg: str
    names: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    cells: tuple[Cell, ...]

    @property
    def decided(self) -> bool:
        """Whether every cell has a verdict, be it good or bad."""
        open_ended = (Verdict.UNDETERMINED, Verdict.ERROR)
        return all(cell.result and cell.result.verdict not in open_ended for cell in self.cells)


@dataclass(frozen=True)
class Graph:
    """A labelled state graph. `states[k]` is a state; an edge is (source index, action, target index).

    Parallel edges with the same action appear once. `initial` holds indices of initial states.
    """

    states: tuple[State, ...]
    initial: tuple[int, ...]
    edges: frozenset[tuple[int, str, int]]
