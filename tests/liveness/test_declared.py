"""What a cfg may ask of liveness, and what a model may declare."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from engine.toys import instance, tokens

from pymodel.check import check, prepare
from pymodel.engine.contract import Fairness, Liveness, Shape, Steps
from pymodel.engine.fairness import demands
from pymodel.engine.goal import Goal, Plan
from pymodel.engine.instance import Instance
from pymodel.engine.liveness import LivenessCheck
from pymodel.engine.pack import pack, unpack
from pymodel.engine.rowset import RowSet
from pymodel.engine.search import Search
from pymodel.errors import CfgError, LayoutError

from .cases import Walk, lock_cfg
from .models import DIGRAPH, LOCK


@pytest.mark.parametrize(
    ("statement", "reduction"), [("SYMMETRY Symmetric", "SYMMETRY"), ("VIEW Whole", "VIEW")]
)
def test_a_reduced_graph_is_refused(statement: str, reduction: str, tmp_path: Path) -> None:
    path = lock_cfg(tmp_path, "WeakSpec", "Freed", more=statement)
    with pytest.raises(CfgError) as refused:
        check(path, model=LOCK)
    error = refused.value
    assert (
        error.message == f"{reduction} together with the liveness property Freed: a violation could be missed"
    )
    assert error.mend == f"check Freed in a cfg of its own without {reduction}"
    assert (error.path, error.line) == (path, 5)


@pytest.mark.parametrize(
    ("specification", "name", "line", "complaint", "mend"),
    [
        ("FairSpec", "Freed", 1, "specification FairSpec is not", "Spec, WeakSpec, StrongSpec, JointSpec"),
        ("WeakSpec", "Freedom", 5, "property Freedom is not", "NoStarvation, Freed, SomeoneEnters, Rests"),
    ],
)
def test_unknown_names_are_told_with_the_known_ones(
    specification: str, name: str, line: int, complaint: str, mend: str, tmp_path: Path
) -> None:
    with pytest.raises(CfgError) as refused:
        prepare(lock_cfg(tmp_path, specification, name), model=LOCK)
    assert complaint in refused.value.message and mend in refused.value.mend
    assert refused.value.line == line


def test_a_property_is_checked_as_what_it_is(tmp_path: Path) -> None:
    task = prepare(Walk().cfg(tmp_path, "WeakA", "Leads", "NoReturn", "Recurs"), model=DIGRAPH)
    assert (task.goal.properties, task.liveness) == (("NoReturn",), ("Leads", "Recurs"))
    assert task.specification == "WeakA"


@pytest.mark.parametrize(
    ("fairness", "complaint"),
    [
        (Fairness((Steps("Jump"),)), "fairness of Jump, which is no action"),
        (Fairness((Steps("Tell", ("i",)),), over=("Nodes",)), "Tell: it has no parameter i"),
        (Fairness((Steps("Tell", ("m",)),), over=("Nodes",)), "Tell: it has no parameter m"),
        (Fairness((Steps("Pass", ("n.to",)),), over=("Nodes",)), "Pass: it has no parameter n.to"),
        (Fairness((Steps("Tell", ("m.hops",)),), over=("Nodes",)), "not every message of m has one"),
        (Fairness((Steps("Lose", ("m.to",)),), over=("Nodes",)), "not every message of m has one"),
        (Fairness((Steps("Learn", ("m.holds",)),), over=("Nodes",)), "not every message of m has one"),
        (Fairness((Steps("Pass", ("n",)),), over=("Nodes", (0, 1))), "binds 2 variables and uses 1"),
        (
            Fairness((Steps("Pass", ("n",)),), over=(tuple(range(63)),)),
            "63 fairness conditions, more than 62",
        ),
    ],
)
def test_fairness_of_what_there_is_not_is_refused(fairness: Fairness, complaint: str) -> None:
    with pytest.raises(LayoutError, match=complaint):
        demands(instance(tokens()), (fairness,))


def test_too_many_predicates_are_refused(tmp_path: Path) -> None:
    task = prepare(Walk().cfg(tmp_path, "WeakA", "LeadsAll"), model=DIGRAPH)
    bound = replace(task.instance.bound, names={**task.instance.bound.names, "Node": range(32)})
    with pytest.raises(LayoutError, match="64 predicates, more than 62"):
        LivenessCheck(Instance(DIGRAPH, bound, {}), ("LeadsAll",), "WeakA", ())


def test_each_step_counts_for_the_conditions_of_its_parameters() -> None:
    """In the interpreter, by hand; the compiled masks are held to these below."""
    bound = instance(tokens())
    wanted = demands(
        bound,
        (
            Fairness((Steps("Pass", ("m.to",)), Steps("Tell", ("m.to",))), over=("Nodes",)),
            Fairness((Steps("Pass", ("n",)),), over=((0, 1),), strong=True),
            Fairness((Steps("Lose"), Steps("Tell"))),
        ),
    )
    assert (len(wanted.conditions), wanted.weak, wanted.strong) == (6, 0b100111, 0b011000)
    keep, hand_on = bound.successors(bound.initial())
    assert (wanted.mask(keep), wanted.mask(hand_on)) == (0b001001, 0b010001)
    replied = list(bound.successors(keep.state))
    assert [(step.action.name, wanted.mask(step)) for step in replied if step.action.name != "Pass"] == [
        ("Tell", 0b100001),
        ("Lose", 0b100000),
    ]


def test_what_is_enabled_and_taken_is_the_same_compiled_and_interpreted() -> None:
    """Over all states and edges of a model with messages, some of them with negative values in a field."""
    model = replace(
        tokens(limit=2),
        fair={
            "Fair": (
                Fairness((Steps("Pass", ("m.to", "n")),), over=("Nodes", (0, 1))),
                Fairness((Steps("Learn", ("m.about",)), Steps("Tell", ("m.last",))), over=((-1, 0, 2),)),
                Fairness((Steps("Lose"),), strong=True),
            )
        },
        liveness={"Quiet": Liveness(Shape.INFINITELY_OFTEN, tokens().functions["NoVector"])},
    )
    bound = instance(model)
    goal = Goal(constraints=("FewMessages",), check_deadlock=False)
    search = Search(bound, goal, Plan(keep_rows=True))
    search.run()
    states = RowSet(search)
    liveness = LivenessCheck(bound, ("Quiet",), "Fair", ("FewMessages",))
    graph = liveness.collector.run(states.words, search.count)
    assert graph is not None
    number = {tuple(states.row(row).tolist()): row for row in range(search.count)}
    outside = 0
    for row in range(search.count):
        state = unpack(bound, states.row(row).tolist())
        able, edges = 0, {}
        for step in bound.successors(state):
            mask = liveness.demands.mask(step)
            able |= mask
            target = number.get(tuple(pack(bound, step.state)))
            if target is None:
                outside += 1
            else:
                edges[target] = edges.get(target, 0) | mask
        first, last = int(graph.offsets[row]), int(graph.offsets[row + 1])
        found = dict(zip(graph.targets[first:last].tolist(), graph.marks[first:last].tolist(), strict=True))
        assert (int(graph.enabled[row]), found) == (able, edges)
        assert bool(graph.bits[row]) == bound.holds("NoVector", state)
    assert outside > 0 and len(graph.targets) > 50
