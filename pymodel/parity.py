"""Whether the spec and the model are one transition system: by names, by counts, edge by edge.

Names: constants, variables, guards, actions, properties and mutants, in order. Counts: distinct states
and depth, or verdict, violated name and length. Edges: the whole labelled graph, where it is small
enough. Generated states are shown, not compared: TLC counts one for each witness of an existential.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pymodel.check import GRAPH_EDGES_MAX, check, graph_within, prepare
from pymodel.engine.result import CheckResult, Graph
from pymodel.raft.model import CONSTANTS, RAFT
from pymodel.raft.mutants import MUTANTS
from pymodel.specfiles import find_module, spec_folder
from pymodel.tlc.check import tlc_check, tlc_graph
from pymodel.tlc.locate import Toolchain
from pymodel.tlc.module import Module, disjuncts, read_modules
from pymodel.values import State, format_value, freeze

SHOWN_DIFFERENCES_MAX = 3
CLAIMS = "Properties"
"""The module of the properties."""


@dataclass(frozen=True)
class Row:
    """One thing compared. `equal` is None where the row only informs."""

    what: str
    ours: str
    tlc: str
    equal: bool | None


@dataclass(frozen=True)
class Comparison:
    """pymodel and TLC on one cfg. `differences` shows some of the states and edges that only one has."""

    cfg: str
    ours: CheckResult
    tlc: CheckResult
    rows: tuple[Row, ...]
    differences: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        return all(row.equal is not False for row in self.rows)


def compare(
    cfg: Path,
    *,
    toolchain: Toolchain | None = None,
    graph: bool | None = None,
    progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Both checkers on `cfg`, and the whole graph where it holds and has at most GRAPH_EDGES_MAX edges.

    `graph` True asks for the graph at any size, False for none. Raises as check and tlc_check do.
    """
    tell = progress or (lambda _: None)
    tell("pymodel")
    ours = check(cfg)
    spec = find_module(cfg, RAFT.module)
    our_graph = None
    task = prepare(cfg)
    if graph is not False and ours.ok and not ours.symmetry and not task.goal.view:
        tell("pymodel, graph")
        our_graph = graph_within(cfg, None if graph else GRAPH_EDGES_MAX)
    check_deadlock = task.goal.check_deadlock
    if our_graph is None:
        tell("TLC")
        tlc = tlc_check(spec, cfg, check_deadlock=check_deadlock, toolchain=toolchain)
        return Comparison(cfg.stem, ours, tlc, count_rows(ours, tlc))
    tell("TLC, graph")
    tlc, tlc_states = tlc_graph(spec, cfg, toolchain=toolchain)
    rows, differences = graph_rows(our_graph, tlc_states)
    return Comparison(cfg.stem, ours, tlc, (*count_rows(ours, tlc), *rows), differences)


def count_rows(ours: CheckResult, tlc: CheckResult) -> tuple[Row, ...]:
    """Verdict, and either distinct states and depth or the violated name and the length."""
    rows = [_row("verdict", ours.verdict.name, tlc.verdict.name)]
    if ours.counterexample is None and tlc.counterexample is None:
        rows.append(_row("distinct states", ours.distinct, tlc.distinct))
        rows.append(_row("depth", ours.depth, tlc.depth))
        rows.append(Row("generated states", f"{ours.generated:,}", f"{tlc.generated:,}", None))
        return tuple(rows)
    lengths = [result.counterexample.length if result.counterexample else 0 for result in (ours, tlc)]
    rows.append(_violated_row(ours, tlc))
    same = _row("length", *lengths)
    rows.append(replace(same, equal=None) if _is_lasso(ours) and _is_lasso(tlc) else same)
    return tuple(rows)


def _is_lasso(result: CheckResult) -> bool:
    """Of lassos TLC reports any, not a shortest one: their lengths are shown and not compared."""
    return result.counterexample is not None and result.counterexample.loop is not None


def _violated_row(ours: CheckResult, tlc: CheckResult) -> Row:
    """Several properties can fail at the same depth, and TLC reports the one it meets first; of liveness
    it does not name the one, if the cfg has several."""
    if _is_lasso(tlc) and ours.violated in str(tlc.violated).split(" or "):
        return Row("violated", str(ours.violated), str(tlc.violated), True)
    if tlc.violated in ours.also_violated:
        shown = f"{tlc.violated} (at the same depth: {ours.violated})"
        return Row("violated", shown, str(tlc.violated), True)
    return _row("violated", ours.violated or "-", tlc.violated or "-")


def _row(what: str, ours: object, tlc: object) -> Row:
    shown = [f"{item:,}" if isinstance(item, int) else str(item) for item in (ours, tlc)]
    return Row(what, shown[0], shown[1], ours == tlc)


def graph_rows(ours: Graph, tlc: Graph) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """States, initial states and labelled edges, each as a set; and some that only one side has."""
    our_keys = [freeze(state) for state in ours.states]
    tlc_keys = [freeze(state) for state in tlc.states]
    theirs = set(tlc_keys)
    number = {key: index for index, key in enumerate(our_keys)}
    ours_only = [state for state, key in zip(ours.states, our_keys, strict=True) if key not in theirs]
    tlc_only = [state for state, key in zip(tlc.states, tlc_keys, strict=True) if key not in number]
    differences = [_state_line("pymodel", state) for state in ours_only[:SHOWN_DIFFERENCES_MAX]]
    differences += [_state_line("TLC", state) for state in tlc_only[:SHOWN_DIFFERENCES_MAX]]
    names = [number.get(key, -1 - index) for index, key in enumerate(tlc_keys)]
    edges = {(names[a], action, names[b]) for a, action, b in tlc.edges}
    for side, rest in (("pymodel", ours.edges - edges), ("TLC", edges - ours.edges)):
        differences += [f"only {side}: edge {edge}" for edge in sorted(rest)[:SHOWN_DIFFERENCES_MAX]]
    same_initial = set(ours.initial) == {names[index] for index in tlc.initial}
    return (
        Row("states, one by one", f"{len(our_keys):,}", f"{len(tlc_keys):,}", not ours_only and not tlc_only),
        Row("initial states", str(len(ours.initial)), str(len(tlc.initial)), same_initial),
        Row("labelled edges", f"{len(ours.edges):,}", f"{len(edges):,}", ours.edges == edges),
    ), tuple(differences)


def _state_line(side: str, state: State) -> str:
    return f"only {side}: " + "; ".join(f"{name} = {format_value(value)}" for name, value in state.items())


def names_rows(folder: Path | None = None) -> tuple[Row, ...]:
    """The ordered names of both twins; `folder` holds RaftFencing.tla, Properties.tla and MC.tla."""
    modules = read_modules((folder or spec_folder()) / "MC.tla")
    protocol = next(module for module in modules if module.name == RAFT.name)
    claims = next(module for module in modules if module.name == CLAIMS)
    bounds = next(module for module in modules if module.name == RAFT.module)
    schema = prepare(spec_folder() / "tiny.cfg").instance.bound.schema
    pairs = {
        "constants": (CONSTANTS, (*protocol.constants, *bounds.constants)),
        "variables": (tuple(variable.name for variable in schema.variables), protocol.variables),
        "guards": (RAFT.guards, _section(protocol, "Guards")),
        "actions": (tuple(action.name for action in RAFT.actions), disjuncts(protocol, "Next")),
        "state invariants": (tuple(RAFT.invariants), _section(claims, "State invariants")),
        "action properties": (tuple(RAFT.properties), _section(claims, "Action properties")),
        "anti-properties": (
            tuple(sorted({**RAFT.anti_invariants, **RAFT.anti_properties})),
            tuple(sorted(_section(claims, "Anti-properties"))),
        ),
        "witnesses": (tuple(RAFT.witnesses), _section(claims, "Witnesses")),
        "negated witnesses": (RAFT.negations, _section(bounds, "Negated witnesses")),
        "fair specifications": (tuple(RAFT.fair), _section(protocol, "Fair specifications")),
        "liveness properties": (tuple(RAFT.liveness), _section(claims, "Liveness properties")),
        "constraints": (tuple(RAFT.constraints), _section(bounds, "Bounds")),
        "symmetries": (tuple(RAFT.symmetries), _section(bounds, "Symmetry")),
        "views": (tuple(RAFT.views), _section(bounds, "Views")),
        "mutants": (tuple(MUTANTS), _section(bounds, "Mutants")),
    }
    return tuple(_names_row(what, ours, tla) for what, (ours, tla) in pairs.items())


def _section(module: Module, title: str) -> tuple[str, ...]:
    return tuple(definition.name for definition in module.definitions if definition.section == title)


def _names_row(what: str, ours: tuple[str, ...], tla: tuple[str, ...]) -> Row:
    """Equal names show as their number, different ones as those that the other side lacks."""
    if ours == tla:
        return Row(what, _names(ours), _names(tla), True)
    ours_only = [name for name in ours if name not in tla]
    tla_only = [name for name in tla if name not in ours]
    if not ours_only and not tla_only:
        return Row(what, "in another order", "in another order", False)
    return Row(what, f"only here: {', '.join(ours_only)}", f"only here: {', '.join(tla_only)}", False)


def _names(names: tuple[str, ...]) -> str:
    return f"{len(names)} name" + ("s" if len(names) != 1 else "")
