"""pymodel and TLC agree on what is true: each case in which small checkers go wrong, and what TLC decides
about constraints and steps that change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.check import check
from pymodel.engine.result import Verdict
from pymodel.tlc.locate import Toolchain

from .cases import Walk, agreed, lock_cfg, shape
from .models import DIGRAPH, LOCK

RING = (1, 12, 20)
# Two ways from 0 to the join 3, one of them past 1; then to 4 and on in a loop.
JOIN = Walk(a=(1, 2, 13, 23, 34, 44), p=(0,), q=(1,))
JOIN_AFTER = Walk(a=(1, 2, 13, 23, 34, 43), p=(0,), q=(4,))
# A is taken in the loop 0 1, so in the component, but not in the loop 1 2 that avoids P.
OUTER = Walk(a=(10,), b=(1, 12, 21), p=(0,))
# The loops 1 2 and 1 3: A leaves for 0 from 3 alone.
ESCAPE = Walk(a=(30,), b=(1, 12, 21, 13, 31), p=(0,))
# Where the constraint ends: B moves on to 2, which is outside.
CUT = Walk(a=(1, 10), b=(2, 12), p=(1,), nodes=3, inside=(0, 1))

CASES = [
    # A loop that comes back is a behaviour, not only a path that ends.
    ("a cycle avoids P", Walk(a=RING, p=(3,)), "WeakA", "Recurs", False),
    ("a cycle meets P", Walk(a=RING, p=(2,)), "WeakA", "Recurs", True),
    ("a cycle leaves P", Walk(a=RING, p=(2,)), "WeakA", "Settles", False),
    ("a cycle stays in P", Walk(a=(1, 12, 21), p=(1, 2)), "WeakA", "Settles", True),
    # A state that was reached past Q is also reached past no Q.
    ("a join past Q and past none", JOIN, "WeakA", "Leads", False),
    ("a join before Q", JOIN_AFTER, "WeakA", "Leads", True),
    ("a join, for each member of P", Walk(a=(1, 2, 13, 23, 33), p=(0, 1), q=(3,)), "WeakA", "LeadsAll", True),
    ("one member of P is lost", Walk(a=(1, 2, 13, 22), p=(0, 1), q=(3,)), "WeakA", "LeadsAll", False),
    # Whatever may happen may also not happen.
    ("stuttering at once", Walk(a=RING, p=(1,)), "Spec", "Recurs", False),
    ("stuttering in an end", Walk(a=(1,), p=(0,)), "WeakA", "Settles", False),
    ("no stuttering past fairness", Walk(a=(1,), p=(1,)), "WeakA", "Settles", True),
    ("a step that changes nothing", Walk(a=(0,), b=(1,), p=(1,)), "WeakA", "Recurs", False),
    ("only a step that changes nothing is fair", Walk(a=(0, 1), p=(1,)), "WeakA", "Recurs", True),
    # Fairness is asked of the loop, not of its component.
    ("the loop does without A", OUTER, "WeakA", "Recurs", False),
    ("the loop takes A nowhere", Walk(a=(10, 20), b=(1, 12, 21), p=(0,)), "WeakA", "Recurs", True),
    ("the loop enables A now and then", Walk(a=(20,), b=(1, 12, 21), p=(0,)), "WeakA", "Recurs", False),
    ("and strong fairness takes it", Walk(a=(20,), b=(1, 12, 21), p=(0,)), "StrongMixed", "Recurs", True),
    ("a part of the component never enables A", ESCAPE, "StrongMixed", "Recurs", False),
    ("two loops apart", Walk(a=(10, 20, 30), b=ESCAPE.b, p=(0,)), "StrongMixed", "Recurs", True),
    # One condition, or one for each.
    ("fair to one of both", Walk(a=(1, 10), b=(2,), p=(2,)), "WeakEither", "Recurs", False),
    ("fair to both, weakly", Walk(a=(1, 10), b=(2,), p=(2,)), "WeakBoth", "Recurs", False),
    ("fair to both, strongly", Walk(a=(1, 10), b=(2,), p=(2,)), "StrongBoth", "Recurs", True),
    ("fair to no target", Walk(a=(1, 2, 10, 20), p=(2,)), "WeakA", "Recurs", False),
    ("fair to each target, weakly", Walk(a=(1, 2, 10, 20), p=(2,)), "WeakEach", "Recurs", False),
    ("a target always there", Walk(a=(1, 2, 12, 10), p=(2,)), "WeakEach", "Recurs", True),
    ("fair to each target, strongly", Walk(a=(1, 2, 10, 20), p=(2,)), "StrongEach", "Recurs", True),
    # A successor outside the constraint: it enables, but there is no behaviour that goes there.
    ("enabled outside alone", CUT, "StrongBoth", "Settles", True),
    ("the way out is not taken", CUT, "StrongA", "Settles", False),
    ("the way out of P is not taken", Walk((1,), (12,), (0, 1), (), 3, (0, 1)), "Spec", "Settles", True),
    ("an edge of both actions", Walk(a=(1, 10), b=(1, 10), p=(2,)), "StrongBoth", "Recurs", False),
]  # fmt: skip


WALKS = pytest.mark.parametrize(
    ("walk", "specification", "name", "holds"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
LOCKS = pytest.mark.parametrize(
    ("specification", "name", "holds"),
    [
        ("Spec", "NoStarvation", False),
        ("JointSpec", "NoStarvation", False),
        ("WeakSpec", "NoStarvation", False),
        ("StrongSpec", "NoStarvation", True),
        ("WeakSpec", "SomeoneEnters", True),
        ("JointSpec", "SomeoneEnters", True),
        ("Spec", "Freed", False),
        ("WeakSpec", "Freed", True),
        ("StrongSpec", "Rests", False),
    ],
)


def verdict(holds: bool) -> Verdict:
    return Verdict.OK if holds else Verdict.PROPERTY


@WALKS
def test_walks(walk: Walk, specification: str, name: str, holds: bool, tmp_path: Path) -> None:
    assert check(walk.cfg(tmp_path, specification, name), model=DIGRAPH).verdict is verdict(holds)


@pytest.mark.slow
@WALKS
def test_tlc_says_so_of_walks(
    walk: Walk, specification: str, name: str, holds: bool, tmp_path: Path, toolchain: Toolchain
) -> None:
    result = agreed(toolchain, "Digraph", walk.cfg(tmp_path, specification, name), DIGRAPH)
    assert result.verdict is verdict(holds)


@pytest.mark.slow
@LOCKS
def test_tlc_says_so_of_locks(
    specification: str, name: str, holds: bool, tmp_path: Path, toolchain: Toolchain
) -> None:
    path = lock_cfg(tmp_path, specification, name, more="INVARIANT Excluded", processes=3)
    assert agreed(toolchain, "Lock", path, LOCK).verdict is verdict(holds)


def test_action_properties_and_liveness_in_one_cfg(tmp_path: Path, toolchain: Toolchain) -> None:
    """Both kinds stand under PROPERTIES; what is unsafe is told first."""
    walk = Walk(a=(1, 12, 21), p=(1, 2))
    assert agreed(toolchain, "Digraph", walk.cfg(tmp_path, "WeakA", "NoReturn", "Settles"), DIGRAPH).ok
    unsafe = Walk(a=(1, 12, 20), p=(3,))
    result = agreed(toolchain, "Digraph", unsafe.cfg(tmp_path, "WeakA", "Recurs", "NoReturn"), DIGRAPH)
    assert (result.violated, shape(result)) == ("NoReturn", ([0, 1, 2, 0], None))
