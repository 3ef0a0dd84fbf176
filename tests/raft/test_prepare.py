"""From a cfg to a task: what it binds, and every cfg that is refused, with place and mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.check import check, graph, prepare
from pymodel.engine.goal import Limits
from pymodel.engine.result import Verdict
from pymodel.errors import CfgError, LayoutError, UsageError
from pymodel.raft.model import CONSTANTS

CFG = """SPECIFICATION Spec
CONSTANTS
  Server = {b, a}
  Write = {w1}
  Read = {}
  Nil = Nil
  ElectionTicks = 1
  LeaseTicks = 2
  ClockSkew = 0
  LeasePolicy = "SendTime"
  Snapshots = TRUE
  Features = {}
  Faults = {"loss"}
  History = {"audit"}
  MaxTerm = 1
  MaxLogLen = 1
  MaxMessages = 1
CONSTRAINT StateConstraint
INVARIANTS TypeOK ElectionSafety
PROPERTIES VoteStable
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "drawn.cfg"
    path.write_text(text, encoding="utf-8")
    return path


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if words in line)


def test_a_cfg_binds_constants_names_and_goal(tmp_path: Path) -> None:
    task = prepare(written(tmp_path, CFG + "SYMMETRY ServerSymmetry\n"))
    bound = task.instance.bound
    assert bound.labels == {"Server": ("b", "a"), "Write": ("w1",), "Read": ()}, "in the order of the file"
    assert bound.names["Term"] == range(1, 2)
    assert (bound.names["LeaseTicks"], bound.names["History"]) == (2, frozenset({"audit"}))
    goal = task.goal
    assert (goal.invariants, goal.properties) == (("TypeOK", "ElectionSafety"), ("VoteStable",))
    assert (goal.constraints, goal.symmetry, goal.check_deadlock) == (("StateConstraint",), "Server", True)


@pytest.mark.parametrize(("statement", "wanted"), [("", True), ("CHECK_DEADLOCK FALSE", False)])
def test_deadlock_is_as_the_cfg_says_unless_overridden(tmp_path: Path, statement: str, wanted: bool) -> None:
    path = written(tmp_path, CFG + statement)
    assert prepare(path).goal.check_deadlock is wanted
    assert prepare(path, check_deadlock=not wanted).goal.check_deadlock is not wanted


def test_init_and_next_do_for_a_specification(tmp_path: Path) -> None:
    text = CFG.replace("SPECIFICATION Spec", "INIT Init\nNEXT Next")
    assert prepare(written(tmp_path, text)).goal == prepare(written(tmp_path, CFG)).goal


# Old text, new text, the line's words (None: the file as a whole), message, mend
REFUSED = [
    ("  MaxTerm = 1\n", "", None, "constant MaxTerm has no value", "add `MaxTerm = ...`"),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  Extra = 3",
        "Extra",
        "constant Extra is not one of the spec's",
        "known: Server",
    ),
    ("Server = {b, a}", "Server = {}", "Server", "Server is empty", "at least one server"),
    ("Server = {b, a}", "Server = 3", "Server", "Server must be a set of model values", "Server = {a1, a2}"),
    (
        "Server = {b, a}",
        "Server = {1, 2}",
        "Server",
        "Server must be a set of model values",
        "Server = {a1, a2}",
    ),
    ("Write = {w1}", "Write = {1}", "Write", "Write must be a set of model values", "Write = {a1, a2}"),
    ("Nil = Nil", "Nil = a", "Nil = a", "Nil is one of the servers", "Nil = Nil"),
    ("ElectionTicks = 1", "ElectionTicks = -1", "ElectionTicks", "must be a natural number, not -1", ""),
    ("LeaseTicks = 2", "LeaseTicks = TRUE", "LeaseTicks", "must be a natural number, not True", ""),
    ("ClockSkew = 0", "ClockSkew = none", "ClockSkew", "must be a natural number, not 'none'", ""),
    ("MaxMessages = 1", "MaxMessages = {1}", "MaxMessages", "must be a natural number", ""),
    (
        '"SendTime"',
        '"OnReceipt"',
        "LeasePolicy",
        "LeasePolicy 'OnReceipt' is unknown",
        "one of SendTime, AckReceipt, SampledQuorum, None",
    ),
    ("  Features = {}\n", "", None, "constant Features has no value", "add `Features = {}`"),
    ("  Read = {}\n", "", None, "constant Read has no value", "add `Read = {}`"),
    ("Features = {}", 'Features = {"pre_cog"}', "Features", "Features must be a subset of", "Features = {}"),
    ("Read = {}", "Read = {1}", "Read", "Read must be a set of model values", "Read = {a1, a2}"),
    ("Snapshots = TRUE", "Snapshots = 1", "Snapshots", "Snapshots must be TRUE or FALSE, not 1", ""),
    ('{"loss"}', '{"fire"}', "Faults", "Faults must be a subset of", "Faults = {}"),
    ('{"audit"}', '"audit"', "History", "History must be a subset of", "History = {}"),
    ("SPECIFICATION Spec", "SPECIFICATION Other", "Other", "specification Other is not in", "known: Spec"),
    (
        "SPECIFICATION Spec",
        "INIT Start\nNEXT Next",
        "Start",
        "INIT Start is not in the Python model",
        "known: Init",
    ),
    (
        "SPECIFICATION Spec",
        "INIT Init\nNEXT Step",
        "Step",
        "NEXT Step is not in the Python model",
        "known: Next",
    ),
    ("TypeOK", "TypoOK", "TypoOK", "invariant TypoOK is not in the Python model", "known: TypeOK"),
    ("TypeOK", "VoteStable", "VoteStable", "invariant VoteStable is not in", "known: TypeOK"),
    ("VoteStable", "Vote", "Vote", "property Vote is not in the Python model", "known: TermMonotonic"),
    ("StateConstraint", "Bound", "CONSTRAINT", "constraint Bound is not in", "known: StateConstraint"),
    ("PROPERTIES", "SYMMETRY Sym PROPERTIES", "Sym", "symmetry Sym is not in", "known: ServerSymmetry"),
    ("PROPERTIES", "VIEW view PROPERTIES", "view", "view view is not in", "known: WithoutHistory"),
    ("CONSTRAINT", "ACTION_CONSTRAINT", None, "does not support ACTION_CONSTRAINT", "run TLC"),
    ("PROPERTIES", "POSTCONDITION Post PROPERTIES", None, "does not support POSTCONDITION", "run TLC"),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  Unknown <- False2",
        "Unknown",
        "Unknown is not an operator",
        "swap a guard",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  TypeOK <- True0",
        "TypeOK <-",
        "TypeOK is not an operator",
        "swap a guard",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  LastIndex <- True1",
        "LastIndex",
        "LastIndex is not an operator",
        "swap a guard",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  IsQuorum <- Unknown",
        "IsQuorum",
        "Unknown has no twin",
        "write a function",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  IsQuorum <- True2",
        "IsQuorum",
        "IsQuorum has 1 parameters",
        "equal arity",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  IsQuorum <- LeaseValid",
        "IsQuorum",
        "LeaseValid calls IsQuorum, which it replaces",
        "write its text out",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  IsQuorum <- HasQuorumContact",
        "IsQuorum",
        "HasQuorumContact calls IsQuorum, which it replaces",
        "write its text out",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  VoteAfterRestart <- TermForgotten",
        "VoteAfterRestart",
        "VoteAfterRestart gives ServerId and TermForgotten gives TermNumber",
        "mean the same",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  FollowerCommit <- True1",
        "FollowerCommit",
        "FollowerCommit gives Position and True1 gives bool",
        "mean the same",
    ),
    (
        "MaxTerm = 1",
        "MaxTerm = 1\n  IsQuorum <- [Other]True1",
        "IsQuorum",
        "IsQuorum is swapped in module Other alone",
        "write `IsQuorum <- True1`",
    ),
    ("MaxTerm = 1", "MaxTerm = 1\n  Restart <- True1", "Restart", "Restart is an action", "swap in False"),
]


@pytest.mark.parametrize(
    ("old", "new", "words", "message", "mend"), REFUSED, ids=[case[3].replace(" ", "-") for case in REFUSED]
)
def test_a_cfg_that_makes_no_sense_is_refused_in_its_place(
    tmp_path: Path, old: str, new: str, words: str | None, message: str, mend: str
) -> None:
    assert old in CFG
    text = CFG.replace(old, new, 1)
    path = written(tmp_path, text)
    with pytest.raises(CfgError) as caught:
        prepare(path)
    assert message in caught.value.message
    assert mend in caught.value.mend
    assert caught.value.path == path
    assert caught.value.line == (None if words is None else line_of(text, words))


@pytest.mark.parametrize("name", CONSTANTS)
def test_each_constant_must_be_given(tmp_path: Path, name: str) -> None:
    text = "".join(line for line in CFG.splitlines(keepends=True) if not line.startswith(f"  {name} ="))
    with pytest.raises(CfgError, match=f"constant {name} has no value"):
        prepare(written(tmp_path, text))


def test_messages_too_wide_for_a_word_are_refused(tmp_path: Path) -> None:
    writes = ", ".join(f"w{k}" for k in range(9))
    text = CFG.replace("{w1}", f"{{{writes}}}").replace("MaxLogLen = 1", "MaxLogLen = 9")
    text = text.replace("MaxTerm = 1", "MaxTerm = 3")
    with pytest.raises(LayoutError, match="a message needs more than 63 bits"):
        prepare(written(tmp_path, text))


# check and graph


def test_a_result_tells_what_each_action_did(tmp_path: Path) -> None:
    result = check(
        written(tmp_path, CFG.replace("Snapshots = TRUE", "Snapshots = FALSE")), check_deadlock=False
    )
    assert result.verdict is Verdict.OK
    assert sum(row.generated for row in result.coverage) == result.generated - 1
    assert sum(row.distinct for row in result.coverage) == result.distinct - 1
    silent = {row.action for row in result.coverage if row.generated == 0}
    assert {"TakeSnapshot", "Restart"} <= silent, "the cfg has neither"
    assert silent.isdisjoint({"Timeout", "BecomeLeader", "AppendEntries", "Tick", "DropMessage"})


def test_the_same_states_with_and_without_symmetry_have_the_same_verdict(tmp_path: Path) -> None:
    plain = check(written(tmp_path, CFG), check_deadlock=False)
    reduced = check(written(tmp_path, CFG + "SYMMETRY ServerSymmetry\n"), check_deadlock=False)
    assert (reduced.verdict, reduced.depth, reduced.symmetry) == (plain.verdict, plain.depth, True)
    assert plain.distinct / 2 <= reduced.distinct < plain.distinct


def test_a_limit_leaves_it_undetermined(tmp_path: Path) -> None:
    result = check(written(tmp_path, CFG), check_deadlock=False, limits=Limits(max_states=1))
    assert (result.verdict, result.detail) == (Verdict.UNDETERMINED, "ended by the limit of 1 states")


def test_a_graph_under_symmetry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SYMMETRY"):
        graph(written(tmp_path, CFG + "SYMMETRY ServerSymmetry\n"))


def test_a_graph_has_all_states_and_starts_at_the_first(tmp_path: Path) -> None:
    path = written(tmp_path, CFG)
    result, found = check(path, check_deadlock=False), graph(path)
    assert len(found.states) == result.distinct
    assert found.initial == (0,)
    assert {target for _, _, target in found.edges} | {0} == set(range(result.distinct))
