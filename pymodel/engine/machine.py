"""A compiler for integer Python: the text of a generated module to machine code, through LLVM.

The language is the little that generated modules use. Every value is a signed 64-bit integer that
wraps, every parameter an integer unless its annotation names an array: `Array` (64-bit) or `Array32`.
Module constants are integers or tuples of integers. Statements: assignment to a name or to an array
element, `if`, `while`, `for` over `range` or a literal tuple, `return`, `break`, `continue`, calls.
`//` and `%` are for operands that are not negative, shifts for 0..63 bits, indexes for elements that
exist, and a local that was never assigned reads as 0. Beside `min` and `max` there are `folded(x, y)`,
the two halves of the unsigned 128-bit product exclusive-or, and `prefetch(array, index)`, which is 0.
A parameter annotated `Before` is an index from which the function reads what nothing writes while it runs,
one annotated `After` an index of what it writes: what is read through the one need not be read again after
a store through the other. There are no other checks: what needs one has it in the text. Whatever is outside
the language raises LayoutError. The same text also runs as Python, which is how tests hold the two together.

Why not numba: docs/adr/0003-llvm-directly.md.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir

from pymodel.engine.machine_values import HALF, INT_MAX, INT_MIN, WORD, ValueEmitter
from pymodel.errors import LayoutError

ARRAYS = {"Array": WORD.as_pointer(), "Array32": HALF.as_pointer()}
BEFORE, AFTER = "Before", "After"


def build(text: str, entries: tuple[str, ...]) -> ir.Module:
    """The LLVM module of `text`; `entries` are callable from outside, all else is internal.

    Raises LayoutError for what is outside the language and for a function that is defined twice.
    """
    tree = ast.parse(text)
    module = ir.Module(name="search")
    constants: dict[str, Any] = {}
    functions: dict[str, ir.Function] = {}
    definitions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            constants[name] = _constant(module, name, ast.literal_eval(node.value))
    doubled = _doubled(tree)
    for definition in definitions:
        if definition.name in functions:
            raise LayoutError(
                f"{definition.name} is defined twice", mend="give the model's function another name"
            )
        functions[definition.name] = _declare(
            module, definition, definition.name in entries, definition.name not in doubled
        )
    for definition in definitions:
        _Emitter(definition, functions, constants).emit()
    return module


def _constant(module: ir.Module, name: str, value: Any) -> Any:
    items = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(item, int) and INT_MIN <= item <= INT_MAX for item in items):
        raise LayoutError(f"constant {name} is neither a 64-bit integer nor a tuple of them")
    if not isinstance(value, tuple):
        return ir.Constant(WORD, int(value))
    kind = ir.ArrayType(WORD, len(value))
    table = ir.GlobalVariable(module, kind, name)
    table.global_constant = True
    table.linkage = "internal"
    table.initializer = ir.Constant(kind, [ir.Constant(WORD, item) for item in value])
    return table


def _doubled(tree: ast.Module) -> set[str]:
    """The functions that some call gives one name twice, and so maybe one array under two names."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments):
                given = [item.id for item in arguments if isinstance(item, ast.Name)]
                if len(given) > len(set(given)):
                    found.add(name)
    return found


def _annotation(argument: ast.arg) -> str:
    return argument.annotation.id if isinstance(argument.annotation, ast.Name) else ""


def _declare(module: ir.Module, node: ast.FunctionDef, entry: bool, apart: bool) -> ir.Function:
    """`apart`: no two of its arrays are ever the same."""
    kinds = []
    for argument in node.args.args:
        kinds.append(ARRAYS.get(_annotation(argument), WORD))
        if argument.arg == "b":
            kinds[-1] = ARRAYS["Array"]
    function = ir.Function(module, ir.FunctionType(WORD, kinds), name=node.name)
    function.attributes.add("nounwind")
    if not entry:
        function.linkage = "internal"
    for argument in function.args:
        if apart and isinstance(argument.type, ir.PointerType):
            argument.add_attribute("noalias")
    return function


class _Emitter(ValueEmitter):
    """Emits the statements of one function."""

    def __init__(
        self, node: ast.FunctionDef, functions: Mapping[str, ir.Function], constants: Mapping[str, Any]
    ) -> None:
        super().__init__(node, functions, constants)
        self.loops: list[tuple[ir.Block, ir.Block]] = []
        marks = {argument.arg: _annotation(argument) for argument in node.args.args}
        self.before = frozenset(name for name, mark in marks.items() if mark == BEFORE)
        self.writes_after = BEFORE in marks.values() or AFTER in marks.values()

    def emit(self) -> None:
        for argument, value in zip(self.node.args.args, self.function.args, strict=True):
            if isinstance(value.type, ir.PointerType):
                self.arrays[argument.arg] = value
            else:
                self.slots[argument.arg] = self.local(argument.arg, value)
        for item in ast.walk(self.node):
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store) and item.id not in self.slots:
                if item.id in self.arrays:
                    raise self.error(item)
                self.slots[item.id] = self.local(item.id, ir.Constant(WORD, 0))
        self.block(self.node.body)
        if not self.builder.block.is_terminated:
            self.builder.ret(ir.Constant(WORD, 0))

    def local(self, name: str, value: ir.Value) -> ir.Value:
        slot = self.builder.alloca(WORD, name=name)
        self.builder.store(value, slot)
        return slot

    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if self.builder.block.is_terminated:
                return
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                self.builder.store(self.value(node.value), self.slots[name])
            case ast.Assign(targets=[ast.Subscript() as target]):
                self.put(target, self.value(node.value))
            case ast.AugAssign(target=ast.Name(id=name)):
                operands = ast.BinOp(ast.Name(name, ast.Load()), node.op, node.value)
                self.builder.store(self.value(operands), self.slots[name])
            case ast.AugAssign(target=ast.Subscript() as target):
                loaded = ast.Subscript(target.value, target.slice, ast.Load())
                self.put(target, self.value(ast.BinOp(loaded, node.op, node.value)))
            case ast.If():
                self.branch(node)
            case ast.While(orelse=[]):
                self.repeat(lambda: self.truth(node.test), node.body)
            case ast.For(orelse=[]):
                self.loop(node)
            case ast.Return():
                self.builder.ret(self.value(node.value) if node.value else ir.Constant(WORD, 0))
            case ast.Break() if self.loops:
                self.builder.branch(self.loops[-1][1])
            case ast.Continue() if self.loops:
                self.builder.branch(self.loops[-1][0])
            case ast.Expr(value=ast.Call()):
                self.value(node.value)
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case _:
                raise self.error(node)

    def put(self, target: ast.Subscript, value: ir.Value) -> None:
        place = self.element(target)
        if place.type.pointee == HALF:
            value = self.builder.trunc(value, HALF)
        stored = self.builder.store(value, place)
        if self.writes_after or isinstance(target.slice, ast.Constant):
            stored.set_metadata("noalias", self.scope())

    def branch(self, node: ast.If) -> None:
        test = self.truth(node.test)
        then, after = self.fresh("then"), self.fresh("after")
        other = self.fresh("else") if node.orelse else after
        self.builder.cbranch(test, then, other)
        for block, body in ((then, node.body), (other, node.orelse)):
            if block is not after:
                self.builder.position_at_end(block)
                self.block(body)
                if not self.builder.block.is_terminated:
                    self.builder.branch(after)
        self.builder.position_at_end(after)

    def repeat(
        self,
        test: Callable[[], ir.Value],
        body: list[ast.stmt],
        enter: Callable[[], None] = lambda: None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        """A loop: `enter` runs before each pass, `step` after it, also on `continue`."""
        head, inside, following, after = (self.fresh(name) for name in ("head", "body", "next", "after"))
        self.builder.branch(head)
        self.builder.position_at_end(head)
        self.builder.cbranch(test(), inside, after)
        self.builder.position_at_end(inside)
        enter()
        self.once(body, following, after)
        step()
        self.builder.branch(head)
        self.builder.position_at_end(after)

    def once(self, body: list[ast.stmt], following: ir.Block, after: ir.Block) -> None:
        """One pass, at whose end, or on `continue`, the builder is at `following`; `break` is to `after`."""
        self.loops.append((following, after))
        self.block(body)
        self.loops.pop()
        if not self.builder.block.is_terminated:
            self.builder.branch(following)
        self.builder.position_at_end(following)

    def loop(self, node: ast.For) -> None:
        if not isinstance(node.target, ast.Name):
            raise self.error(node.target)
        variable = self.slots[node.target.id]
        match node.iter:
            case ast.Tuple(elts=items):
                self.unrolled(variable, [self.value(item) for item in items], node.body)
            case ast.Call(func=ast.Name(id="range"), args=[last], keywords=[]):
                self.counted(variable, ir.Constant(WORD, 0), self.value(last), node.body)
            case ast.Call(func=ast.Name(id="range"), args=[first, last], keywords=[]):
                self.counted(variable, self.value(first), self.value(last), node.body)
            case _:
                raise self.error(node.iter)

    def unrolled(self, variable: ir.Value, items: list[ir.Value], body: list[ast.stmt]) -> None:
        after = self.fresh("after")
        for item in items:
            self.builder.store(item, variable)
            self.once(body, self.fresh("next"), after)
        self.builder.branch(after)
        self.builder.position_at_end(after)

    def counted(self, variable: ir.Value, first: ir.Value, last: ir.Value, body: list[ast.stmt]) -> None:
        """As in Python, the body may assign to the variable, and behind the loop it holds the last value."""
        with self.builder.goto_entry_block():
            counter = self.builder.alloca(WORD)
        self.builder.store(first, counter)

        def step() -> None:
            self.builder.store(self.builder.add(self.builder.load(counter), ir.Constant(WORD, 1)), counter)

        self.repeat(
            lambda: self.builder.icmp_signed("<", self.builder.load(counter), last),
            body,
            enter=lambda: self.builder.store(self.builder.load(counter), variable),
            step=step,
        )
