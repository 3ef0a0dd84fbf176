"""Models drawn at random: the compiled search counts, finds and connects what the interpreter does, and so
it does with threads, hashes and symmetry. TERMFENCE_EXAMPLES is the number of models of each test."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import model_texts

from pymodel.engine import rounds
from pymodel.engine import search as search_module
from pymodel.engine.contract import (
    Action,
    Axis,
    MessageField,
    MessageKind,
    Model,
    Parameter,
    Part,
    Range,
    Schema,
    Variable,
)
from pymodel.engine.explain import counterexample
from pymodel.engine.goal import Goal, Plan
from pymodel.engine.instance import Instance
from pymodel.engine.search import Search
from pymodel.engine.symmetry import canonical_words

from .toys import MESSAGES, NODE, array, instance, make
from .twins import agreed, everything, run, told

TOP = 2


def load(text: str, folder: Path) -> ModuleType:
    """`text` as a module in a file, where the compiler finds its source."""
    name = "drawn_" + hashlib.sha256(text.encode()).hexdigest()[:16]
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def drawn(module: ModuleType) -> Model:
    node, small = Range(0, 1, "Nodes"), Range(0, TOP)
    ping = MessageKind("Ping", (MessageField("to", node), MessageField("n", small)))
    pong = MessageKind("Pong", (*ping.fields, MessageField("left", Range(-1, TOP))))
    return make(
        init=module.Init,
        actions=(
            Action(module.Alone, (NODE,)),
            Action(module.Beside, (NODE, Parameter("n", values=(0, 2)))),
            Action(module.Hear, (Parameter("m", kinds=("Ping",)),)),
            Action(module.Any, (Parameter("m", kinds=()),)),
        ),
        schema=Schema(
            (
                array("x", (Axis(0, 1, "Nodes"),), Range(-1, TOP)),
                Variable("y", (Part("v", (), small),)),
                MESSAGES,
            ),
            (ping, pong),
            3,
        ),
        names={"Nodes": range(2), "Top": TOP},
        labels={"Nodes": ("n0", "n1")},
        invariants=(module.Claim,),
        properties=(module.Change,),
        constraints=(module.Inside,),
        binders={"i": "Nodes"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drawn")


EXAMPLES = int(os.environ.get("TERMFENCE_EXAMPLES", "15"))
drawn_models = settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
PLANS = (Plan(), Plan(workers=2, seed=5), Plan(workers=2, exact=True))


@contextmanager
def few_rows() -> Iterator[None]:
    """Rounds and chunks so small that threads share these levels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "ROUND_ROWS", 40)
        patch.setattr(rounds, "CHUNK_ROWS", 6)
        patch.setattr(rounds, "RECORDS", 1)
        yield


def goal_of(bound: Instance, whole: bool) -> Goal:
    """All properties, of which most drawn models violate some, or the whole graph within the constraint."""
    return Goal(constraints=("Inside",), check_deadlock=False) if whole else everything(bound)


@drawn_models
@given(text=model_texts(), whole=st.booleans())
def test_both_searches_agree(folder: Path, text: str, whole: bool) -> None:
    bound = instance(drawn(load(text, folder)))
    goal = goal_of(bound, whole)
    wanted = told(agreed(bound, goal)[0])
    with few_rows():
        for plan in PLANS:
            assert told(run(bound, goal, plan)) == wanted


def lengths(search: Search) -> dict[str, int]:
    return {violation.name: counterexample(search, violation).length for violation in search.violations}


@drawn_models
@given(text=model_texts(symmetric=True), whole=st.booleans())
def test_symmetry_changes_neither_verdict_nor_length(folder: Path, text: str, whole: bool) -> None:
    bound = instance(drawn(load(text, folder)))
    goal = goal_of(bound, whole)
    search, slow = agreed(bound, goal)
    orbits = {tuple(canonical_words(bound, state, "Nodes")) for state in slow.states}
    with few_rows():
        for plan in PLANS[1:]:
            reduced = run(bound, replace(goal, symmetry="Nodes"), plan)
            assert lengths(reduced) == lengths(search)
            assert (reduced.complete, reduced.depth) == (search.complete, search.depth)
            assert reduced.count == len(orbits)
