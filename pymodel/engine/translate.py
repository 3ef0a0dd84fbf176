"""From the model's Python functions to the text of functions over packed words.

`s` and `t` become offsets into one buffer `b` of 64-bit words, a write becomes a checked store.
Constants become literals and the branches they decide disappear, so that the machine code of a cfg
holds nothing the cfg switched off. The subset that is understood is that of contract.py; anything else
raises LayoutError with its place. Expressions are translate_values.py's.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping

from pymodel.engine.contract import Function
from pymodel.engine.effects import late_refusal
from pymodel.engine.rewrite import name, source_tree, statements, stored_names
from pymodel.engine.translate_values import (
    STATES,
    Translator,
    ValueTranslator,
    address,
    messages_of,
    state_of,
)

ERROR_WORD = 0  # b[0] holds the code of the first overflow, 0 if none


def function_text(owner: Translator, identifier: str, source: Function, given: Mapping[str, range]) -> str:
    """The text of `source` under the name `identifier`, with the buffer as its first parameter.

    `given` bounds the parameters that are never out of a range.
    """
    return ast.unparse(_Body(owner, source, given).translate(identifier))


class _Body(ValueTranslator):
    """One function. A statement may become several."""

    def __init__(self, owner: Translator, source: Function, given: Mapping[str, range]) -> None:
        self.tree = source_tree(source)
        parameters = {argument.arg for argument in self.tree.args.args}
        super().__init__(owner, source, parameters | stored_names(self.tree))
        self.in_range = _Bounds(owner, self.tree, given).known()
        self.counter = 0

    def translate(self, identifier: str) -> ast.FunctionDef:
        arguments = self.tree.args
        if arguments.defaults or arguments.vararg or arguments.kwonlyargs or arguments.kwarg:
            raise self.error(self.tree, "a function has plain parameters without defaults")
        for local in sorted(self.locals):
            if local == "b" or local.startswith("_"):
                raise self.error(self.tree, f"a local variable must not be called {local}")
        for state in sorted(STATES & stored_names(self.tree)):
            raise self.error(self.tree, f"{state} is a state and must not be assigned to")
        late = late_refusal(self.tree.body) if identifier in self.owner.actions else None
        if late is not None:
            raise self.error(
                late, "an action that wrote t ends with `return True`: guards first, then effects"
            )
        result = copy.deepcopy(self.tree)
        result.name, result.decorator_list = identifier, []
        for argument in result.args.args:
            mark = self.mark(argument.arg, identifier)
            argument.annotation = name(mark) if mark else None
        result.args.args.insert(0, ast.arg("b"))
        result.body = self.block(self.tree.body)
        return ast.fix_missing_locations(result)

    def mark(self, argument: str, identifier: str) -> str:
        """What machine.py is told of a parameter: `t` is written and, in an action, `s` is read alone."""
        if argument == "t":
            return "After" if "s" not in STATES & self.locals or identifier in self.owner.actions else ""
        return "Before" if argument == "s" and identifier in self.owner.actions else ""

    def fresh(self, letter: str) -> str:
        self.counter += 1
        return f"_{letter}{self.counter}"

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """`body` translated, up to a return that a constant of the cfg makes the last statement."""
        result: list[ast.stmt] = []
        for statement in body:
            result += self.statement(statement)
            if result and isinstance(result[-1], ast.Return):
                break
        return result or [ast.Pass()]

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.If():
                return self.choice(node)
            case ast.For(orelse=[]):
                return self.loop(node)
            case ast.While(orelse=[]):
                return [ast.While(self.visit(node.test), self.block(node.body), [])]
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                return self.parallel(node, targets, values)
            case (
                ast.Assign(targets=[target], value=value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
            ):
                return self.assigned(target, self.visit(value))
            case ast.AugAssign(target=target):
                return self.assigned(target, self.visit(ast.BinOp(target, node.op, node.value)))
            case ast.Return():
                return [ast.Return(self.visit(node.value) if node.value else None)]
            case ast.Expr(value=ast.Call()):
                return [ast.Expr(self.visit(node.value))]
            case ast.Pass() | ast.Break() | ast.Continue():
                return [node]
            case _:
                raise self.error(node, f"a statement of kind {type(node).__name__} does not compile")

    def choice(self, node: ast.If) -> list[ast.stmt]:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            chosen = node.body if test.value else node.orelse
            return self.block(chosen) if chosen else []
        orelse = self.block(node.orelse) if node.orelse else []
        return [ast.If(test, self.block(node.body), orelse)]

    def loop(self, node: ast.For) -> list[ast.stmt]:
        if not isinstance(node.target, ast.Name):
            raise self.error(node, "a loop has one plain variable")
        state = messages_of(node.iter)
        if not state:
            return [ast.For(name(node.target.id), self.visit(node.iter), self.block(node.body), [])]
        if any(messages_of(item) == "t" == state for item in map(_changed, ast.walk(node)) if item):
            raise self.error(node, "a loop over t.messages must not change them")
        self.read_messages(node.iter)
        slot, word = self.fresh("slot"), self.fresh("m")
        text = f"""
for {slot} in range({self.layout.schema.capacity}):
    {word} = b[{state} + {self.layout.base_words} + {slot}]
    if {word} == 0:
        break
    {node.target.id} = {word}
"""
        (head,) = statements(text)
        return [ast.For(name(slot), head.iter, head.body + self.block(node.body), [])]  # type: ignore[attr-defined]

    def parallel(self, node: ast.stmt, targets: list[ast.expr], values: list[ast.expr]) -> list[ast.stmt]:
        """All values first, as in Python, then the assignments."""
        if len(targets) != len(values):
            raise self.error(node, "as many names as values are assigned")
        held = [self.fresh("v") for _ in values]
        result: list[ast.stmt] = [
            ast.Assign([name(place)], self.visit(value)) for place, value in zip(held, values, strict=True)
        ]
        for target, place in zip(targets, held, strict=True):
            result += self.assigned(target, name(place))
        return result

    def assigned(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        if isinstance(target, ast.Name):
            return [ast.Assign([name(target.id)], value)]
        if state_of(target) != "t":
            raise self.error(
                target, f"{ast.unparse(target)} is assigned to: a step writes only t and local names"
            )
        slot, index = self.place(target)
        low, span = slot.part.values.low, slot.part.values.high - slot.part.values.low
        v, w, h, e = (self.fresh(letter) for letter in "vwhe")
        word, shift = address(slot, e)
        text = f"""
{v} = VALUE - {low}
{e} = ELEMENT
if {v} < 0 or {v} > {span}:
    b[{ERROR_WORD}] = {slot.code}
else:
    {w} = t + {word}
    {h} = {shift}
    b[{w}] = (b[{w}] & ~({slot.mask} << {h})) | ({v} << {h})
"""
        return statements(text, VALUE=value, ELEMENT=self.element(slot, index))


def _changed(node: ast.AST) -> ast.expr | None:
    """The object whose method `node` calls, if it does."""
    return node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None


class _Bounds(ast.NodeVisitor):
    """The locals that are assigned only from domains and fields of messages, and so stay in a range."""

    def __init__(self, owner: Translator, tree: ast.FunctionDef, given: Mapping[str, range]) -> None:
        self.owner = owner
        self.found: dict[str, list[range | None]] = {}
        for argument in tree.args.args:
            self.note(argument.arg, given.get(argument.arg))
        self.visit(tree)

    def known(self) -> dict[str, range]:
        """For each such name the least range that holds all its values."""
        result: dict[str, range] = {}
        for variable, ranges in self.found.items():
            sure = [item for item in ranges if item is not None]
            if len(sure) == len(ranges):
                result[variable] = range(min(r.start for r in sure), max(r.stop for r in sure))
        return result

    def note(self, variable: str, values: range | None) -> None:
        self.found.setdefault(variable, []).append(values)

    def visit_For(self, node: ast.For) -> None:
        domain = self.owner.names.get(node.iter.id) if isinstance(node.iter, ast.Name) else None
        self.assigned(node.target, domain if isinstance(domain, range) else None)
        self.generic_visit(ast.Module([*node.body, *node.orelse], []))

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.assigned(target, self.field_range(node.value))

    def assigned(self, target: ast.expr, values: range | None) -> None:
        if isinstance(target, ast.Name):
            self.note(target.id, values)
        else:
            self.visit(target)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.note(node.id, None)

    def field_range(self, value: ast.expr) -> range | None:
        """The values of a field that every message has, None for any other expression."""
        if not isinstance(value, ast.Attribute) or not isinstance(value.value, ast.Name) or state_of(value):
            return None
        slot = self.owner.layout.fields.get(value.attr)
        if slot is None or slot.kinds != self.owner.layout.all_kinds:
            return None
        return range(slot.field.values.low, slot.field.values.high + 1)
