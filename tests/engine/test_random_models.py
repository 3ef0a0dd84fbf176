"""Models drawn at random: the compiled search counts, finds and connects what the interpreter does."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from strategies import model_texts

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
from pymodel.engine.goal import Goal

from .toys import MESSAGES, NODE, array, instance, make
from .twins import agreed, everything

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


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=model_texts())
def test_both_searches_agree(folder: Path, text: str) -> None:
    bound = instance(drawn(load(text, folder)))
    agreed(bound, everything(bound))
    agreed(bound, Goal(constraints=("Inside",), check_deadlock=False))
