"""The .cfg reader: every statement TLC knows, and an error with a line and a mend for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodel.cfg import Cfg, read_cfg, without_check_deadlock
from pymodel.errors import CfgError

SPEC = "SPECIFICATION Spec\n"


def read(tmp_path: Path, text: str, name: str = "model.cfg") -> Cfg:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return read_cfg(file)


def test_every_statement_is_read_in_order(tmp_path: Path) -> None:
    cfg = read(
        tmp_path,
        """\\* the first line
        INIT Init NEXT Next
        CONSTANT N = 3
        CONSTANTS M = 4
        INVARIANTS B A
        INVARIANT C
        PROPERTY P PROPERTIES Q
        CONSTRAINT K CONSTRAINTS L
        ACTION_CONSTRAINT X ACTION_CONSTRAINTS Y Z
        SYMMETRY Perms VIEW Seen ALIAS Other POSTCONDITION Post
        CHECK_DEADLOCK FALSE""",
        "small.cfg",
    )
    assert (cfg.name, cfg.path) == ("small", tmp_path / "small.cfg")
    assert (cfg.specification, cfg.init, cfg.next) == (None, "Init", "Next")
    assert list(cfg.constants.items()) == [("N", 3), ("M", 4)]
    assert cfg.invariants == ("B", "A", "C")
    assert cfg.properties == ("P", "Q")
    assert cfg.constraints == ("K", "L")
    assert cfg.action_constraints == ("X", "Y", "Z")
    assert (cfg.symmetry, cfg.view, cfg.alias, cfg.postcondition) == ("Perms", "Seen", "Other", "Post")
    assert cfg.check_deadlock is False


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    cfg = read(tmp_path, SPEC + "INVARIANTS\n")
    assert cfg.specification == "Spec"
    assert (cfg.init, cfg.next, cfg.symmetry, cfg.view) == (None, None, None, None)
    assert (cfg.invariants, cfg.properties, cfg.constraints) == ((), (), ())
    assert (dict(cfg.constants), dict(cfg.swaps), cfg.check_deadlock) == ({}, {}, True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("TRUE", True),
        ("FALSE", False),
        ('"a \\"b\\" \\* (* c"', 'a "b" \\* (* c'),
        ("s1", "s1"),
        ("2PC", "2PC"),
        ("Name", "Name"),
        ("{}", frozenset()),
        ("{s1, 2, {s3}}", frozenset({"s1", 2, frozenset({"s3"})})),
        ("<<>>", ()),
        ("<<1, {a}>>", (1, frozenset({"a"}))),
    ],
)
def test_each_kind_of_value(tmp_path: Path, text: str, value: object) -> None:
    found = read(tmp_path, f"{SPEC}CONSTANTS Name = {text}").constants["Name"]
    assert found == value
    assert type(found) is type(value)


def test_a_set_keeps_the_order_it_was_written_in(tmp_path: Path) -> None:
    cfg = read(tmp_path, SPEC + "CONSTANTS Server = {s2, s3, s1}\nN = 1")
    assert cfg.constants["Server"] == frozenset({"s1", "s2", "s3"})
    assert cfg.ordered("Server") == ("s2", "s3", "s1")
    with pytest.raises(CfgError, match="N is not given as a set") as caught:
        cfg.ordered("N")
    assert caught.value.line == 3


def test_operators_are_swapped_everywhere_or_in_one_module(tmp_path: Path) -> None:
    cfg = read(tmp_path, SPEC + "CONSTANTS\nGuard <- NoGuard\nOther <- [Raft]NoOther")
    assert cfg.swaps == {"Guard": "NoGuard", "Other": "NoOther"}
    assert cfg.swap_modules == {"Other": "Raft"}


def test_comments_nest_and_hide_keywords(tmp_path: Path) -> None:
    cfg = read(tmp_path, "(* INIT A (* NEXT B *) INVARIANT C *)\nSPECIFICATION Spec \\* INVARIANT D (*\n")
    assert (cfg.specification, cfg.init, cfg.invariants) == ("Spec", None, ())


def test_a_name_may_begin_like_a_keyword(tmp_path: Path) -> None:
    cfg = read(tmp_path, SPEC + "CONSTANTS INITIAL = 1 NEXTs <- INVARIANT_x\nINVARIANT TRUEish")
    assert (cfg.constants, cfg.swaps) == ({"INITIAL": 1}, {"NEXTs": "INVARIANT_x"})
    assert cfg.invariants == ("TRUEish",)


def test_each_mentioned_name_has_its_line(tmp_path: Path) -> None:
    cfg = read(tmp_path, SPEC + "CONSTANTS\n  N = 1\n  G <- H\n\nINVARIANT\n  A\n")
    assert cfg.lines == {"Spec": 1, "N": 3, "G": 4, "H": 4, "A": 7}


@pytest.mark.parametrize(
    ("text", "line", "message", "mend"),
    [
        ("INVARIENT A\nSPECIFICATION S", 1, "unknown keyword INVARIENT", "write INVARIANT"),
        (SPEC + "CONSTANTS a = 1\nINVARIENT B", 3, "unknown keyword INVARIENT", "write INVARIANT"),
        (SPEC + "CONSTANTS a = {1", 2, "the end of the file", "Name = value"),
        (SPEC + "INVARIANT A, B", 2, "','", "a statement is a keyword"),
        (SPEC + "CONSTANTS a == 1", 2, "'='", "Name = value"),
        (SPEC + "%", 2, "'%'", "a statement is a keyword"),
        (SPEC + "CHECK_DEADLOCK maybe", 2, "'maybe'", "a statement is a keyword"),
        (SPEC + "(* never", 2, "never closed", "close it"),
        (SPEC + "CONSTANTS a = 1\na = 2", 3, "a is given twice (first on line 2)", "keep one"),
        (SPEC + "CONSTANTS a = 1\na <- b", 3, "a is given twice", "keep one"),
        (SPEC + "INVARIANTS A B\nA", 3, "A is given twice", "keep one"),
        (SPEC + "CONSTANTS a = {b, b}", 2, "an element twice", "keep one"),
        (SPEC + "SPECIFICATION Other", 2, "a second SPECIFICATION", "keep one"),
        (SPEC + "CHECK_DEADLOCK TRUE\nCHECK_DEADLOCK FALSE", 3, "a second CHECK_DEADLOCK", "keep one"),
        (SPEC + "INIT I NEXT N", None, "both SPECIFICATION and INIT", "keep SPECIFICATION, or INIT"),
        ("INIT I", None, "no NEXT", "INIT with NEXT"),
        ("NEXT N", None, "no INIT", "INIT with NEXT"),
        ("", None, "no SPECIFICATION", "add SPECIFICATION Spec"),
    ],
)
def test_what_is_wrong_is_said_with_place_and_mend(
    tmp_path: Path, text: str, line: int | None, message: str, mend: str
) -> None:
    with pytest.raises(CfgError) as caught:
        read(tmp_path, text)
    assert message in caught.value.message
    assert mend in caught.value.mend
    assert (caught.value.path, caught.value.line) == (tmp_path / "model.cfg", line)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CfgError, match="no such cfg file"):
        read_cfg(tmp_path / "nowhere.cfg")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.cfg").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CfgError, match="cannot be read"):
        read_cfg(tmp_path / "model.cfg")


def test_check_deadlock_can_be_blanked_and_all_else_stays(tmp_path: Path) -> None:
    file = tmp_path / "model.cfg"
    text = SPEC + "(* CHECK_DEADLOCK TRUE *)\nCHECK_DEADLOCK \\* why\n  FALSE INVARIANT A\n"
    file.write_text(text)
    blanked = without_check_deadlock(file)
    assert blanked == text.replace("CHECK_DEADLOCK \\* why\n  FALSE", " " * 14 + "       \n" + " " * 7)
    file.write_text(blanked)
    assert (read_cfg(file).check_deadlock, read_cfg(file).lines["A"]) == (True, 4)
