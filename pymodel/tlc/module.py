r"""A light reader of .tla modules: what they declare and define, in order, with place and section.

Serves the parity of names between spec and model, and turns TLC's source positions into names. It is
no parser: TLC's own decides whether a module is right. Nested modules and infix operators are not read.
A section is opened by a comment line `\* == Title ==` and lasts until the next.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pymodel.errors import SpecError
from pymodel.lexis import COMMENTS, COMMENTS_AND_STRINGS, Kind, Span, blank, line_of, scan

_HEAD = re.compile(r"^-{4,}\s*MODULE\s+(\w+)\s*-{4,}", re.MULTILINE)
_TAIL = re.compile(r"^={4,}", re.MULTILINE)
_EXTENDS = re.compile(r"\s*EXTENDS\s+(\w+(?:\s*,\s*\w+)*)")
_UNIT = re.compile(
    r"^[ \t]*(CONSTANTS?|VARIABLES?|RECURSIVE|ASSUME|ASSUMPTION|AXIOM|THEOREM|LEMMA|COROLLARY|"
    r"PROPOSITION|LOCAL|INSTANCE)\b|^[ \t]*-{4,}",
    re.MULTILINE,
)
_LIST = re.compile(r"\s*(\w+(?:\s*\([\s_,]*\))?(?:\s*,\s*\w+(?:\s*\([\s_,]*\))?)*)")
_NAMED_FACTS = ("ASSUME", "ASSUMPTION", "AXIOM", "THEOREM", "LEMMA", "COROLLARY", "PROPOSITION")
_DEFINED = re.compile(
    r"\b(?P<let>LET|IN)\b|(?<![\w'])(?P<name>\w+)\s*"
    r"(?:\((?P<params>[^()]*(?:\([^()]*\)[^()]*)*)\)|\[(?P<domain>[^\]]*)\])?\s*==(?!=)"
)
_SECTION = re.compile(r"\\\* == (\S.*?) ==[ \t]*\Z")
_WORD = re.compile(r"(?<!\\)\b[A-Za-z_]\w*\b(?!\s*\|->)")
_QUANTIFIER = re.compile(r"\\[AE]\b")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NO_CALLS = ("UNCHANGED", "ENABLED", "DOMAIN", "SUBSET", "UNION")
_BOX = re.compile(r"\[\]\s*\[.*\]_(\w+|<<[^\[\]]*>>)", re.DOTALL)
_TEMPORAL = re.compile(r"<<|>>|<=>|(<>|~>|\b[WS]F_|-\+->)")


@dataclass(frozen=True)
class Definition:
    """One operator. `line` (from 1) and `end_line` bound it; `body` has its comments blanked out."""

    name: str
    params: tuple[str, ...]
    line: int
    end_line: int
    section: str | None
    body: str


@dataclass(frozen=True)
class Module:
    """One module; every tuple is in the order of the text."""

    path: Path
    name: str
    extends: tuple[str, ...]
    constants: tuple[str, ...]
    variables: tuple[str, ...]
    definitions: tuple[Definition, ...]

    def definition(self, name: str) -> Definition:
        """The operator `name`. Raises SpecError if this module does not define it."""
        for definition in self.definitions:
            if definition.name == name:
                return definition
        raise SpecError(f"module {self.name} does not define {name}", path=self.path)


def read_module(path: Path) -> Module:
    """The module in the file at `path`. Raises SpecError: no file, no module, or one never ended."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError("no such module file", mend="give the path of a .tla file", path=path) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise SpecError(f"cannot be read: {problem}", path=path) from problem
    head = _HEAD.search(text)
    if not head:
        raise SpecError("no module here", mend="begin with ---- MODULE Name ----", path=path)
    spans = scan(text, error=SpecError, path=path)
    code = blank(text, spans, COMMENTS_AND_STRINGS)
    tail = _TAIL.search(code, head.end())
    if not tail:
        raise SpecError(f"module {head[1]} is never ended", mend="end it with ====", path=path)
    extends = _EXTENDS.match(code, head.end())
    shown = blank(text, spans, COMMENTS)
    return Module(
        path=path,
        name=head[1],
        extends=_split(extends[1]) if extends else (),
        constants=tuple(_declared(code, "CONSTANT", head.end(), tail.start())),
        variables=tuple(_declared(code, "VARIABLE", head.end(), tail.start())),
        definitions=tuple(_definitions(code, shown, _sections(text, spans), head.end(), tail.start())),
    )


def read_modules(path: Path) -> tuple[Module, ...]:
    """The module at `path` after the modules it extends from the same folder, each once, extended ones
    first. Modules found elsewhere (the standard ones) are left out. Raises SpecError."""
    found: dict[str, Module] = {}

    def visit(file: Path, waiting: frozenset[str]) -> None:
        module = read_module(file)
        for name in module.extends:
            beside = file.with_name(f"{name}.tla")
            if name not in found and name not in waiting and beside.is_file():
                visit(beside, waiting | {name})
        found[module.name] = module

    visit(path, frozenset({path.stem}))
    return tuple(found.values())


def disjuncts(module: Module, name: str) -> tuple[str, ...]:
    """The operators that the definition `name` calls, in order, each once: the actions, for "Next".
    What stands in the bounds of a quantifier is not counted. Raises SpecError if `name` is unknown."""
    body = _without_bounds(_STRING.sub('""', module.definition(name).body))
    known = {definition.name for definition in module.definitions}
    calls: dict[str, None] = {}
    for word in _WORD.finditer(body):
        called = body[word.end() :].lstrip().startswith("(")
        if word[0] in known or (called and word[0] not in _NO_CALLS):
            calls[word[0]] = None
    return tuple(calls)


def defined_at(modules: Sequence[Module], module: str, line: int) -> str | None:
    """The operator of `module` whose text covers `line`; None if there is none."""
    for candidate in modules:
        if candidate.name == module:
            for definition in candidate.definitions:
                if definition.line <= line <= definition.end_line:
                    return definition.name
    return None


def reached_from(modules: Sequence[Module], name: str) -> frozenset[str]:
    """`name` and every operator that its definition uses, directly or not."""
    bodies = _bodies(modules)
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in bodies and current not in reached:
            reached.add(current)
            waiting += _WORD.findall(bodies[current])
    return frozenset(reached)


def is_liveness(modules: Sequence[Module], name: str) -> bool:
    """Whether the formula `name` says that something eventually happens (<>, ~>, WF_ or SF_ in it)."""
    bodies = _bodies(modules)
    return any(found[1] for used in reached_from(modules, name) for found in _TEMPORAL.finditer(bodies[used]))


def is_action_property(modules: Sequence[Module], name: str) -> bool:
    """Whether the formula `name` is one box over an action, [][A]_v: TLC checks it in each step of the
    search itself, and not among the temporal formulas."""
    body = _bodies(modules).get(name, "")
    return _BOX.fullmatch(body) is not None and body.count("[]") == 1 and not is_liveness(modules, name)


def _bodies(modules: Sequence[Module]) -> dict[str, str]:
    """Each definition's text, its strings emptied."""
    return {d.name: _STRING.sub('""', d.body) for module in modules for d in module.definitions}


def _without_bounds(body: str) -> str:
    """`body` without the bounds of its quantifiers: what stands between \\E or \\A and their colon."""
    while quantifier := _QUANTIFIER.search(body):
        depth, end = 0, len(body)
        for at in range(quantifier.end(), len(body)):
            depth += (body[at] in "([{") - (body[at] in ")]}")
            if body[at] == ":" and depth == 0 and body[at : at + 2] not in (":>", ":="):
                end = at + 1
                break
        body = f"{body[: quantifier.start()]} {body[end:]}"
    return body


def _split(names: str) -> tuple[str, ...]:
    """The names of a comma-separated list, without the parameters that a constant operator shows."""
    return tuple(part.strip() for part in re.sub(r"\([^)]*\)", "", names).split(",") if part.strip())


def _declared(code: str, keyword: str, start: int, end: int) -> Iterator[str]:
    for unit in _UNIT.finditer(code, start, end):
        if unit[1] and unit[1].startswith(keyword) and (names := _LIST.match(code, unit.end(), end)):
            yield from _split(names[1])


def _sections(text: str, spans: Sequence[Span]) -> tuple[list[int], list[str]]:
    """The offsets and the titles of the section comments."""
    offsets: list[int] = []
    titles: list[str] = []
    for span in spans:
        if span.kind is Kind.LINE_COMMENT and (title := _SECTION.match(text[span.start : span.end])):
            offsets.append(span.start)
            titles.append(title[1])
    return offsets, titles


def _definitions(
    code: str, shown: str, sections: tuple[list[int], list[str]], start: int, end: int
) -> Iterator[Definition]:
    heads = list(_outermost(code, start, end))
    stops = sorted(
        [*(head.start() for head in heads), *(u.start() for u in _UNIT.finditer(code, start, end)), end]
    )
    for head in heads:
        line_start = code.rfind("\n", 0, head.start()) + 1
        if code[line_start : head.start()].split()[:1] in ([word] for word in _NAMED_FACTS):
            continue
        stop = stops[bisect.bisect_right(stops, head.start())]
        body = shown[head.end() : stop].rstrip()
        section = bisect.bisect_right(sections[0], head.start())
        yield Definition(
            name=head["name"],
            params=_split(head["params"] or ""),
            line=line_of(code, head.start("name")),
            end_line=line_of(code, head.end() + len(body)),
            section=sections[1][section - 1] if section else None,
            body=body.strip(),
        )


def _outermost(code: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """The heads of definitions that no LET encloses."""
    depth = 0
    for found in _DEFINED.finditer(code, start, end):
        if found["let"]:
            depth += 1 if found["let"] == "LET" else -1
        elif depth == 0:
            yield found
