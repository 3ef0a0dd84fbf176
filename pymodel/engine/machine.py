"""A compiler for integer Python: the text of a generated module to machine code, through LLVM.

The language is the little that generated modules use. Every value is a signed 64-bit integer that
wraps, every parameter an integer unless its annotation names an array: `Array` (64-bit) or `Array32`.
Module constants are integers or tuples of integers. Statements: assignment to a name or to an array
element, `if`, `while`, `for` over `range` or a literal tuple, `return`, `break`, `continue`, calls.
`//` and `%` are for operands that are not negative. There are no other checks: what needs one has it
in the text. The same text also runs as Python, which is how tests hold the two together.

Why not numba: docs/adr/0003-llvm-directly.md.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from llvmlite import ir

from pymodel.errors import LayoutError

WORD = ir.IntType(64)
HALF = ir.IntType(32)
BIT = ir.IntType(1)
ARRAYS = {"Array": WORD.as_pointer(), "Array32": HALF.as_pointer()}

ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.FloorDiv: "sdiv",
    ast.Mod: "srem",
    ast.LShift: "shl",
    ast.RShift: "ashr",
    ast.BitAnd: "and_",
    ast.BitOr: "or_",
    ast.BitXor: "xor",
}
COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def build(text: str, entries: tuple[str, ...]) -> ir.Module:
    """The LLVM module of `text`; `entries` are callable from outside, all else is internal."""
    tree = ast.parse(text)
    module = ir.Module(name="search")
    constants: dict[str, Any] = {}
    functions: dict[str, ir.Function] = {}
    definitions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = _constant(module, node.targets[0].id, ast.literal_eval(node.value))
    for definition in definitions:
        functions[definition.name] = _declare(module, definition, definition.name in entries)
    for definition in definitions:
        _Emitter(definition, functions, constants).emit()
    return module


def _constant(module: ir.Module, name: str, value: Any) -> Any:
    if isinstance(value, int):
        return ir.Constant(WORD, int(value))
    kind = ir.ArrayType(WORD, len(value))
    table = ir.GlobalVariable(module, kind, name)
    table.global_constant = True
    table.linkage = "internal"
    table.initializer = ir.Constant(kind, [ir.Constant(WORD, item) for item in value])
    return table


def _declare(module: ir.Module, node: ast.FunctionDef, entry: bool) -> ir.Function:
    kinds = []
    for argument in node.args.args:
        annotation = argument.annotation
        kinds.append(ARRAYS.get(annotation.id, WORD) if isinstance(annotation, ast.Name) else WORD)
        if argument.arg == "b":
            kinds[-1] = ARRAYS["Array"]
    function = ir.Function(module, ir.FunctionType(WORD, kinds), name=node.name)
    if not entry:
        function.linkage = "internal"
        function.attributes.add("nounwind")
    return function


class _Emitter:
    """Emits one function. Locals live in stack slots, which LLVM turns into registers."""

    def __init__(
        self, node: ast.FunctionDef, functions: Mapping[str, ir.Function], constants: Mapping[str, Any]
    ) -> None:
        self.node = node
        self.functions = functions
        self.constants = constants
        self.function = functions[node.name]
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.arrays: dict[str, ir.Value] = {}
        self.slots: dict[str, ir.Value] = {}
        self.loops: list[tuple[ir.Block, ir.Block]] = []

    def emit(self) -> None:
        for argument, value in zip(self.node.args.args, self.function.args, strict=True):
            if isinstance(value.type, ir.PointerType):
                self.arrays[argument.arg] = value
            else:
                self.builder.store(value, self.slot(argument.arg))
        for item in ast.walk(self.node):
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
                self.slot(item.id)
        self.block(self.node.body)
        if not self.builder.block.is_terminated:
            self.builder.ret(ir.Constant(WORD, 0))

    def slot(self, name: str) -> ir.Value:
        if name not in self.slots:
            self.slots[name] = self.builder.alloca(WORD, name=name)
        return self.slots[name]

    def fail(self, node: ast.AST) -> NoReturn:
        raise LayoutError(f"{self.node.name}: `{ast.unparse(node)}` is outside the compiled language")

    # Statements

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
            case ast.While():
                self.repeat(lambda: self.truth(node.test), node.body, lambda: None)
            case ast.For():
                self.loop(node)
            case ast.Return():
                self.builder.ret(self.value(node.value) if node.value else ir.Constant(WORD, 0))
            case ast.Break():
                self.builder.branch(self.loops[-1][1])
            case ast.Continue():
                self.builder.branch(self.loops[-1][0])
            case ast.Expr(value=ast.Call()):
                self.value(node.value)
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case _:
                self.fail(node)

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

    def repeat(self, test: Callable[[], ir.Value], body: list[ast.stmt], step: Callable[[], None]) -> None:
        """A loop: `step` runs after each pass, and before the next test also on `continue`."""
        head, inside, following, after = (self.fresh(name) for name in ("head", "body", "next", "after"))
        self.builder.branch(head)
        self.builder.position_at_end(head)
        self.builder.cbranch(test(), inside, after)
        self.builder.position_at_end(inside)
        self.loops.append((following, after))
        self.block(body)
        self.loops.pop()
        if not self.builder.block.is_terminated:
            self.builder.branch(following)
        self.builder.position_at_end(following)
        step()
        self.builder.branch(head)
        self.builder.position_at_end(after)

    def loop(self, node: ast.For) -> None:
        if not isinstance(node.target, ast.Name):
            self.fail(node)
        variable = self.slots[node.target.id]
        if isinstance(node.iter, ast.Tuple):
            for item in node.iter.elts:
                self.builder.store(self.value(item), variable)
                self.repeat_once(node.body)
            return
        bounds = node.iter.args if isinstance(node.iter, ast.Call) else []
        if not 1 <= len(bounds) <= 2:
            self.fail(node)
        first = self.value(bounds[0]) if len(bounds) == 2 else ir.Constant(WORD, 0)
        last = self.value(bounds[-1])
        counter = self.hidden()
        self.builder.store(first, counter)

        def test() -> ir.Value:
            now = self.builder.load(counter)
            self.builder.store(now, variable)
            return self.builder.icmp_signed("<", now, last)

        def step() -> None:
            self.builder.store(self.builder.add(self.builder.load(counter), ir.Constant(WORD, 1)), counter)

        self.repeat(test, node.body, step)

    def repeat_once(self, body: list[ast.stmt]) -> None:
        """One pass of an unrolled loop, in which `continue` goes on behind; `break` is not understood."""
        after = self.fresh("after")
        if any(isinstance(item, ast.Break) for statement in body for item in ast.walk(statement)):
            raise LayoutError(f"{self.node.name}: break out of a literal tuple is outside the compiled language")
        self.loops.append((after, after))
        self.block(body)
        self.loops.pop()
        if not self.builder.block.is_terminated:
            self.builder.branch(after)
        self.builder.position_at_end(after)

    def hidden(self) -> ir.Value:
        with self.builder.goto_entry_block():
            return self.builder.alloca(WORD)

    def fresh(self, name: str) -> ir.Block:
        block: ir.Block = self.function.append_basic_block(name)
        return block

    # Expressions

    def element(self, node: ast.Subscript) -> ir.Value:
        if not isinstance(node.value, ast.Name):
            self.fail(node)
        index = self.value(node.slice)
        name = node.value.id
        if name in self.arrays:
            return self.builder.gep(self.arrays[name], [index])
        if isinstance(self.constants.get(name), ir.GlobalVariable):
            return self.builder.gep(self.constants[name], [ir.Constant(WORD, 0), index])
        self.fail(node)

    def put(self, target: ast.Subscript, value: ir.Value) -> None:
        place = self.element(target)
        if place.type.pointee == HALF:
            value = self.builder.trunc(value, HALF)
        self.builder.store(value, place)

    def value(self, node: ast.expr) -> ir.Value:
        """The value of an expression as a 64-bit integer."""
        match node:
            case ast.Constant(value=int() as number):
                return ir.Constant(WORD, int(number))
            case ast.Name(id=name) if name in self.slots:
                return self.builder.load(self.slots[name])
            case ast.Name(id=name) if name in self.constants:
                return self.constants[name]
            case ast.BinOp():
                operation = getattr(self.builder, ARITHMETIC[type(node.op)])
                return operation(self.value(node.left), self.value(node.right))
            case ast.UnaryOp(op=ast.USub()):
                return self.builder.neg(self.value(node.operand))
            case ast.UnaryOp(op=ast.Invert()):
                return self.builder.not_(self.value(node.operand))
            case ast.UnaryOp() | ast.Compare() | ast.BoolOp():
                return self.builder.zext(self.truth(node), WORD)
            case ast.IfExp():
                test = self.truth(node.test)
                return self.choose(test, lambda: self.value(node.body), lambda: self.value(node.orelse))
            case ast.Subscript():
                loaded = self.builder.load(self.element(node))
                return loaded if loaded.type == WORD else self.builder.sext(loaded, WORD)
            case ast.Call(func=ast.Name(id=name)):
                return self.call(node, name)
        self.fail(node)

    def call(self, node: ast.Call, name: str) -> ir.Value:
        if name in ("min", "max"):
            left, right = (self.value(argument) for argument in node.args)
            test = self.builder.icmp_signed("<" if name == "min" else ">", left, right)
            return self.builder.select(test, left, right)
        if name not in self.functions:
            self.fail(node)
        arguments = [
            self.arrays[item.id] if isinstance(item, ast.Name) and item.id in self.arrays else self.value(item)
            for item in node.args
        ]
        return self.builder.call(self.functions[name], arguments)

    def truth(self, node: ast.expr) -> ir.Value:
        """The truth of an expression as one bit; `and` and `or` stop early."""
        match node:
            case ast.Constant(value=value):
                return ir.Constant(BIT, int(bool(value)))
            case ast.UnaryOp(op=ast.Not()):
                return self.builder.not_(self.truth(node.operand))
            case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in COMPARISONS:
                sign = COMPARISONS[type(operator)]
                return self.builder.icmp_signed(sign, self.value(node.left), self.value(right))
            case ast.BoolOp():
                return self.shortcut(node)
        return self.builder.icmp_signed("!=", self.value(node), ir.Constant(WORD, 0))

    def shortcut(self, node: ast.BoolOp) -> ir.Value:
        stop = isinstance(node.op, ast.Or)
        rest: ast.expr = node.values[1] if len(node.values) == 2 else ast.BoolOp(node.op, node.values[1:])
        first = self.truth(node.values[0])
        decided = ir.Constant(BIT, int(stop))
        if stop:
            return self.choose(first, lambda: decided, lambda: self.truth(rest))
        return self.choose(first, lambda: self.truth(rest), lambda: decided)

    def choose(
        self, test: ir.Value, then: Callable[[], ir.Value], other: Callable[[], ir.Value]
    ) -> ir.Value:
        """`then()` or `other()`, of which only the chosen one is evaluated."""
        sides = self.fresh("then"), self.fresh("else")
        after = self.fresh("after")
        self.builder.cbranch(test, *sides)
        incoming = []
        for block, make in zip(sides, (then, other), strict=True):
            self.builder.position_at_end(block)
            value = make()
            incoming.append((value, self.builder.block))
            self.builder.branch(after)
        self.builder.position_at_end(after)
        phi = self.builder.phi(incoming[0][0].type)
        for value, block in incoming:
            phi.add_incoming(value, block)
        return phi
