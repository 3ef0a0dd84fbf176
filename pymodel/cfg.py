r"""Reads a TLC .cfg file, so that both checkers take their bounds and properties from one file.

Decides the syntax and the rules within the file (no name twice, one specification). Whether a name
exists in the spec is decided by who knows the spec. A string "a" and a model value a both become 'a'.
Source: Specifying Systems, section 14.7.1, and TLC's own reader for what came later.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from pymodel.errors import CfgError
from pymodel.lexis import COMMENTS, blank, scan, spaces
from pymodel.values import Value

_GRAMMAR = r"""
start: statement*
statement: ("CONSTANT" | "CONSTANTS") binding*           -> constants
         | "SPECIFICATION" NAME                          -> specification
         | "INIT" NAME                                   -> init
         | "NEXT" NAME                                   -> next
         | ("INVARIANT" | "INVARIANTS") NAME*            -> invariants
         | ("PROPERTY" | "PROPERTIES") NAME*             -> properties
         | ("CONSTRAINT" | "CONSTRAINTS") NAME*          -> constraints
         | ("ACTION_CONSTRAINT" | "ACTION_CONSTRAINTS") NAME* -> action_constraints
         | "SYMMETRY" NAME                               -> symmetry
         | "VIEW" NAME                                   -> view
         | "ALIAS" NAME                                  -> alias
         | "POSTCONDITION" NAME                          -> postcondition
         | CHECK_DEADLOCK truth                          -> check_deadlock
?binding: NAME "=" value                                 -> assign
        | NAME "<-" NAME                                 -> swap
        | NAME "<-" "[" NAME "]" NAME                    -> swap_in
choices: choice ("," choice)*
?choice: INT ".." INT                                    -> span
       | "-"                                             -> none
       | value
?truth: TRUE | FALSE
?value: INT | TRUE | FALSE | STRING | NAME
      | "{" [value ("," value)*] "}"                     -> set
      | "<<" [value ("," value)*] ">>"                   -> tuple
CHECK_DEADLOCK: "CHECK_DEADLOCK"
TRUE: "TRUE"
FALSE: "FALSE"
INT: /-?[0-9]+(?![A-Za-z0-9_])/
NAME: /(?=[A-Za-z0-9_]*[A-Za-z])[A-Za-z0-9_]+/
STRING: /"(?:[^"\\\n]|\\.)*"/
%ignore /\s+/
"""
KEYWORDS = (
    "CONSTANT", "CONSTANTS", "SPECIFICATION", "INIT", "NEXT", "INVARIANT", "INVARIANTS", "PROPERTY",
    "PROPERTIES", "CONSTRAINT", "CONSTRAINTS", "ACTION_CONSTRAINT", "ACTION_CONSTRAINTS", "SYMMETRY",
    "VIEW", "ALIAS", "POSTCONDITION", "CHECK_DEADLOCK",
)  # fmt: skip
_LISTS = ("invariants", "properties", "constraints", "action_constraints")


@dataclass(frozen=True)
class Cfg:
    """One cfg file. `swaps` maps an operator to its replacement, `swap_modules` the few that are
    replaced in one module only to that module; `lines` maps each mentioned name to its line (from 1);
    `orders` keeps the elements of each set constant as written, `texts` each constant's whole value."""

    path: Path
    name: str
    constants: Mapping[str, Value]
    swaps: Mapping[str, str]
    specification: str | None
    init: str | None
    next: str | None
    invariants: tuple[str, ...]
    properties: tuple[str, ...]
    constraints: tuple[str, ...]
    action_constraints: tuple[str, ...]
    symmetry: str | None
    view: str | None
    check_deadlock: bool = True
    alias: str | None = None
    postcondition: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    swap_modules: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def ordered(self, name: str) -> tuple[Value, ...]:
        """The elements of set constant `name` as written. Raises CfgError if it is no set of this file."""
        if name not in self.orders:
            raise CfgError(
                f"{name} is not given as a set",
                mend=f"add a line such as {name} = {{s1, s2, s3}} under CONSTANTS",
                path=self.path,
                line=self.lines.get(name),
            )
        return self.orders[name]


def read_cfg(path: Path) -> Cfg:
    """The cfg at `path`. Raises CfgError: no such file, bad syntax, a name twice, no way to start."""
    builder = _Builder(path)
    for statement in map(_tree, _parse(_read(path), path).children):
        match statement.data:
            case "constants":
                builder.on_constants(statement)
            case "check_deadlock":
                builder.on_check_deadlock(statement)
            case _:
                builder.on_names(statement)
    return builder.finish()


@dataclass(frozen=True)
class Choice:
    """A value that a cfg might give to a constant; None for none. `order` has a set's elements as written,
    `text` the value."""

    value: Value | None
    order: tuple[Value, ...] = ()
    text: str = ""


def read_choices(text: str) -> tuple[Choice, ...]:
    """The values that `text` lists between commas, each as in a cfg; `a..b` is a range of integers and `-`
    no value. Raises CfgError."""
    where = Path(text)
    builder = _Builder(where)
    found: list[Choice] = []
    for node in _parse(text, where, "choices").children:
        if isinstance(node, Tree) and node.data == "span":
            first, last = (int(_token(child)) for child in node.children)
            found += [Choice(number, text=str(number)) for number in range(first, last + 1)]
        elif isinstance(node, Tree) and node.data == "none":
            found.append(Choice(None))
        else:
            found.append(Choice(builder.value(node), builder.order(node), value_text(node)))
    return tuple(found)


def without_check_deadlock(path: Path) -> str:
    """The text of the cfg at `path`, CHECK_DEADLOCK statements blanked (TLC 2.15 does not know them)."""
    text = _read(path)
    for statement in _parse(text, path).find_data("check_deadlock"):
        start = _token(statement.children[0]).start_pos or 0
        end = _token(statement.children[1]).end_pos or 0
        text = text[:start] + spaces(text[start:end]) + text[end:]
    return text


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False, start=["start", "choices"])


def value_text(node: Tree[Token] | Token) -> str:
    """A value as a cfg writes it, in one line."""
    if not isinstance(node, Tree):
        return str(node)
    opening, closing = ("{", "}") if node.data == "set" else ("<<", ">>")
    return opening + ", ".join(value_text(item) for item in node.children) + closing


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise CfgError("no such cfg file", mend="give the path of a .cfg file", path=path) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise CfgError(f"cannot be read: {problem}", path=path) from problem


def _parse(text: str, path: Path, start: str = "start") -> Tree[Token]:
    plain = blank(text, scan(text, error=CfgError, path=path), COMMENTS)
    try:
        return _parser().parse(plain, start)
    except UnexpectedInput as problem:
        raise _syntax_error(problem, path) from None


def _syntax_error(problem: UnexpectedInput, path: Path) -> CfgError:
    """CfgError for `problem`; its mend names the keyword that was probably meant."""
    words: list[str] = []
    if isinstance(problem, UnexpectedToken):
        words = [str(token) for token in (problem.token, *(problem.token_history or []))]
        seen = "the end of the file" if problem.token.type == "$END" else repr(str(problem.token))
    elif isinstance(problem, UnexpectedCharacters):
        seen = repr(problem.char)
    else:
        seen = "the end of the file"
    line = problem.line if isinstance(problem.line, int) and problem.line > 0 else None
    for word in words:
        close = difflib.get_close_matches(word, KEYWORDS, n=1, cutoff=0.75)
        if close and word not in KEYWORDS:
            return CfgError(f"unknown keyword {word}", mend=f"write {close[0]}", path=path, line=line)
    mend = "a statement is a keyword and its names, a constant Name = value or Name <- Operator"
    return CfgError(f"did not expect {seen} here", mend=mend, path=path, line=line)


def _tree(node: Tree[Token] | Token) -> Tree[Token]:
    if not isinstance(node, Tree):
        raise TypeError(f"the grammar makes this a tree: {node!r}")
    return node


def _token(node: Tree[Token] | Token) -> Token:
    if not isinstance(node, Token):
        raise TypeError(f"the grammar makes this a token: {node!r}")
    return node


def _names(tree: Tree[Token]) -> Iterator[Token]:
    return (_token(child) for child in tree.children)


class _Builder:
    """Gathers the statements of one file and refuses a second value for anything."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.constants: dict[str, Value] = {}
        self.orders: dict[str, tuple[Value, ...]] = {}
        self.texts: dict[str, str] = {}
        self.swaps: dict[str, str] = {}
        self.swap_modules: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {key: [] for key in _LISTS}
        self.singles: dict[str, str] = {}
        self.check_deadlock: bool | None = None
        self.lines: dict[str, int] = {}

    def on_names(self, statement: Tree[Token]) -> None:
        """A statement that holds names alone: a list of them, or just one."""
        for token in _names(statement):
            if statement.data in self.lists:
                if token in self.lists[statement.data]:
                    raise self.twice(token)
                self.lists[statement.data].append(str(token))
            elif statement.data in self.singles:
                raise self.error(f"a second {statement.data.upper()}", "keep one of them", token)
            else:
                self.singles[statement.data] = str(token)
            self.note(token)

    def on_check_deadlock(self, statement: Tree[Token]) -> None:
        keyword, truth = _names(statement)
        if self.check_deadlock is not None:
            raise self.error("a second CHECK_DEADLOCK", "keep one of them", keyword)
        self.check_deadlock = truth == "TRUE"

    def on_constants(self, statement: Tree[Token]) -> None:
        for binding in map(_tree, statement.children):
            name = _token(binding.children[0])
            if name in self.constants or name in self.swaps:
                raise self.twice(name)
            self.note(name)
            if binding.data == "assign":
                self.assign(str(name), binding.children[1])
                continue
            *module, replacement = map(_token, binding.children[1:])
            self.swaps[str(name)] = str(replacement)
            self.note(replacement)
            if module:
                self.swap_modules[str(name)] = str(module[0])

    def assign(self, name: str, node: Tree[Token] | Token) -> None:
        self.constants[name] = self.value(node)
        self.texts[name] = value_text(node)
        if isinstance(node, Tree) and node.data == "set":
            self.orders[name] = self.order(node)

    def order(self, node: Tree[Token] | Token) -> tuple[Value, ...]:
        """The elements of a set as written; none of anything else."""
        is_set = isinstance(node, Tree) and node.data == "set"
        return tuple(map(self.value, node.children)) if isinstance(node, Tree) and is_set else ()

    def value(self, node: Tree[Token] | Token) -> Value:
        if isinstance(node, Tree):
            items = [self.value(child) for child in node.children]
            if node.data == "tuple":
                return tuple(items)
            if len(set(items)) < len(items):
                raise self.error("a set names an element twice", "keep one of them", next(_leaves(node)))
            return frozenset(items)
        match node.type:
            case "INT":
                return int(node)
            case "TRUE" | "FALSE":
                return node.type == "TRUE"
            case "STRING":
                return node[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return str(node)

    def note(self, token: Token) -> None:
        self.lines.setdefault(str(token), token.line or 0)

    def error(self, message: str, mend: str, token: Token | None = None) -> CfgError:
        return CfgError(message, mend=mend, path=self.path, line=token.line if token is not None else None)

    def twice(self, name: Token) -> CfgError:
        first = self.lines.get(str(name))
        return self.error(f"{name} is given twice (first on line {first})", "keep one of them", name)

    def finish(self) -> Cfg:
        get = self.singles.get
        specification, init, following = get("specification"), get("init"), get("next")
        if specification and (init or following):
            raise self.error("both SPECIFICATION and INIT/NEXT", "keep SPECIFICATION, or INIT with NEXT")
        if not specification and not (init and following):
            missing = "NEXT" if init else "INIT" if following else "SPECIFICATION"
            raise self.error(f"no {missing}", "add SPECIFICATION Spec, or INIT with NEXT")
        lists = {key: tuple(names) for key, names in self.lists.items()}
        return Cfg(
            path=self.path,
            name=self.path.stem,
            constants=self.constants,
            swaps=self.swaps,
            specification=specification,
            init=init,
            next=following,
            invariants=lists["invariants"],
            properties=lists["properties"],
            constraints=lists["constraints"],
            action_constraints=lists["action_constraints"],
            symmetry=get("symmetry"),
            view=get("view"),
            check_deadlock=self.check_deadlock is not False,
            alias=get("alias"),
            postcondition=get("postcondition"),
            lines=self.lines,
            swap_modules=self.swap_modules,
            orders=self.orders,
            texts=self.texts,
        )


def _leaves(tree: Tree[Token]) -> Iterator[Token]:
    return tree.scan_values(lambda leaf: isinstance(leaf, Token))
