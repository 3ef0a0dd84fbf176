r"""The light reader of .tla modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.errors import SpecError
from pymodel.tlc.module import (
    defined_at,
    disjuncts,
    is_action_property,
    is_liveness,
    reached_from,
    read_module,
    read_modules,
)

from .recorded import MC, SPECS

TEXT = r"""Words before the module == are not read.
------------------------------- MODULE Sample -------------------------------
(* Hidden == 1 (* VARIABLE hidden *)
   \* == NotASection ==  *)
EXTENDS Naturals, \* a comment, with commas
        Sequences
CONSTANTS Server, Op(_, _),
          Top  \* AlsoHidden == 2
VARIABLES a, (* between *) b
VARIABLE c
-----------------------------------------------------------------------------
RECURSIVE Fact(_)
\* == Guards ==
Quote == "Fake == 1 \" (* "
  Indented(x, F(_, _)) == LET y == x
                              z == 2
                          IN y + z
Table[n \in Nat] == IF n = 0 THEN 1 ELSE Table[n - 1]
Fact(n) == n
\* == Actions ==
\* == Not a section
Tick(i) == a' = [a EXCEPT ![i] = 1] /\ b = <<>>
Drop(m) == TRUE

Next ==
  \/ \E i \in Indented(1, Op) : \/ Tick(i)
                                \/ Elsewhere(i)
  \/ \E m \in {k \in Table : Fact(k)} : Drop(m) \* and not Fact
  \/ Tick(3) /\ c = "Quote" /\ UNCHANGED(b)
ASSUME Positive == Top > 0
THEOREM Right == Next => []Fact(1)
LOCAL Late == Next
Reaches == \A i \in Server : a ~> b
Safe == [][a' = <<>>]_<<a, b>>
Both == Safe /\ Reaches
Fair == WF_a(Next)
Equal == (a = b) <=> (b = a)
Inner == INSTANCE Other WITH x <- a
=============================================================================
After == 1
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "Sample.tla"
    file.write_text(TEXT)
    return file


def test_declarations_are_read_in_order(sample: Path) -> None:
    module = read_module(sample)
    assert (module.name, module.extends) == ("Sample", ("Naturals", "Sequences"))
    assert module.constants == ("Server", "Op", "Top")
    assert module.variables == ("a", "b", "c")


def test_definitions_are_read_in_order_with_parameters_and_sections(sample: Path) -> None:
    found = [(d.name, d.params, d.section) for d in read_module(sample).definitions]
    assert found == [
        ("Quote", (), "Guards"),
        ("Indented", ("x", "F"), "Guards"),
        ("Table", (), "Guards"),
        ("Fact", ("n",), "Guards"),
        ("Tick", ("i",), "Actions"),
        ("Drop", ("m",), "Actions"),
        ("Next", (), "Actions"),
        ("Late", (), "Actions"),
        ("Reaches", (), "Actions"),
        ("Safe", (), "Actions"),
        ("Both", (), "Actions"),
        ("Fair", (), "Actions"),
        ("Equal", (), "Actions"),
        ("Inner", (), "Actions"),
    ]


def test_a_definition_has_its_lines_and_its_text_without_comments(sample: Path) -> None:
    module = read_module(sample)
    lines = TEXT.splitlines()
    for definition in module.definitions:
        assert definition.name in lines[definition.line - 1]
    quote, following = module.definition("Quote"), module.definition("Next")
    assert (quote.body, quote.line, quote.end_line) == ('"Fake == 1 \\" (* "', 14, 14)
    assert (following.line, following.end_line) == (25, 29)
    assert following.body.endswith("UNCHANGED(b)")
    assert "and not Fact" not in following.body
    assert module.definition("Indented").end_line == 17


def test_a_definition_that_is_not_there_is_an_error(sample: Path) -> None:
    with pytest.raises(SpecError, match="Sample does not define Nothing"):
        read_module(sample).definition("Nothing")


def test_the_actions_of_next_are_its_calls_outside_bounds_and_strings(sample: Path) -> None:
    assert disjuncts(read_module(sample), "Next") == ("Tick", "Elsewhere", "Drop")


def test_the_actions_of_the_counter() -> None:
    assert disjuncts(read_module(SPECS / "Counter.tla"), "Next") == ("Take", "Step", "Reset", "Idle")


def test_liveness_is_recognised_through_other_definitions(sample: Path) -> None:
    modules = (read_module(sample),)
    liveness = {d.name for d in modules[0].definitions if is_liveness(modules, d.name)}
    assert liveness == {"Reaches", "Both", "Fair"}


@pytest.mark.parametrize(
    ("body", "one_box"),
    [
        ("[][x' > x]_x", True),
        ("[][\\A i \\in S : f'[i] # [f EXCEPT ![i] = 1]]_<<x, f>>", True),
        ("[][x' > x]_x /\\ [][x' < 3]_x", False),
        ("\\A i \\in S : [][f'[i] > f[i]]_f", False),
        ("[](x > 0)", False),
        ("[][<>(x = 1)]_x", False),
        ("x = 0 /\\ [][x' > x]_x", False),
        ("Other", False),
    ],
)
def test_an_action_property_is_one_box_over_an_action(tmp_path: Path, body: str, one_box: bool) -> None:
    path = tmp_path / "Boxes.tla"
    text = f"---- MODULE Boxes ----\nVARIABLES x, f\nS == {{1}}\nOther == x > 0\nClaim == {body}\n====\n"
    path.write_text(text, "utf-8")
    assert is_action_property((read_module(path),), "Claim") is one_box


def test_a_position_belongs_to_the_definition_around_it(sample: Path) -> None:
    modules = (read_module(sample),)
    assert defined_at(modules, "Sample", 27) == "Next"
    assert defined_at(modules, "Sample", 24) is None
    assert defined_at(modules, "Other", 27) is None


def test_what_a_definition_uses_is_followed_across_modules() -> None:
    modules = read_modules(MC)
    assert {"Wrong", "TakesWrong", "Init", "Next", "Take", "Step"} <= reached_from(modules, "Wrong")
    assert "Reset" not in reached_from(modules, "OnwardSpec")


def test_extended_modules_of_the_folder_come_first() -> None:
    assert [module.name for module in read_modules(MC)] == ["Counter", "MCCounter"]


def test_modules_that_extend_each_other_are_read_once(tmp_path: Path) -> None:
    for name, other in (("A", "B"), ("B", "A")):
        (tmp_path / f"{name}.tla").write_text(f"---- MODULE {name} ----\nEXTENDS {other}\n====\n")
    assert [module.name for module in read_modules(tmp_path / "A.tla")] == ["B", "A"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "no module here"),
        ("---- MODULE X ----\nA == 1\n", "never ended"),
        ("---- MODULE X ----\n(* A == 1\n====\n", "never closed"),
    ],
)
def test_what_is_no_module_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "X.tla").write_text(text)
    with pytest.raises(SpecError, match=message):
        read_module(tmp_path / "X.tla")


def test_a_missing_module_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such module file"):
        read_module(tmp_path / "X.tla")
