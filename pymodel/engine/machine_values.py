"""Expressions of the integer language of machine.py, as LLVM instructions.

Decides the value of an expression and in what order its parts run; statements are machine.py's.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from llvmlite import ir

from pymodel.errors import LayoutError

WORD = ir.IntType(64)
HALF = ir.IntType(32)
DOUBLE = ir.IntType(128)
BIT = ir.IntType(1)
INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1

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


class ValueEmitter:
    """Emits the expressions of one function. Locals live in stack slots, which LLVM turns into registers."""

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
        self.before: frozenset[str] = frozenset()

    def error(self, node: ast.AST) -> LayoutError:
        return LayoutError(f"{self.node.name}: `{ast.unparse(node)}` is outside the compiled language")

    def fresh(self, name: str) -> ir.Block:
        block: ir.Block = self.function.append_basic_block(name)
        return block

    def element(self, node: ast.Subscript) -> ir.Value:
        """The address of an element of an array or of a constant table."""
        if not isinstance(node.value, ast.Name):
            raise self.error(node)
        index = self.value(node.slice)
        name = node.value.id
        if name in self.arrays:
            return self.builder.gep(self.arrays[name], [index])
        if isinstance(node.ctx, ast.Load) and isinstance(self.constants.get(name), ir.GlobalVariable):
            return self.builder.gep(self.constants[name], [ir.Constant(WORD, 0), index])
        raise self.error(node)

    def scope(self) -> Any:
        """The mark of what is read through a `Before`, and of the stores that do not touch it."""
        module = self.builder.module
        domain = module.add_metadata(["states"])
        return module.add_metadata([module.add_metadata(["before", domain])])

    def value(self, node: ast.expr) -> ir.Value:
        """The value of an expression as a 64-bit integer."""
        match node:
            case ast.Constant(value=int() as number) if INT_MIN <= number <= INT_MAX:
                return ir.Constant(WORD, int(number))
            case ast.Name(id=name) if name in self.slots:
                return self.builder.load(self.slots[name])
            case ast.Name(id=name) if isinstance(self.constants.get(name), ir.Constant):
                return self.constants[name]
            case ast.BinOp(op=op) if type(op) in ARITHMETIC:
                operation = getattr(self.builder, ARITHMETIC[type(op)])
                return operation(self.value(node.left), self.value(node.right))
            case ast.UnaryOp(op=ast.USub()):
                return self.builder.neg(self.value(node.operand))
            case ast.UnaryOp(op=ast.Invert()):
                return self.builder.not_(self.value(node.operand))
            case ast.UnaryOp(op=ast.Not()) | ast.Compare():
                return self.builder.zext(self.truth(node), WORD)
            case ast.BoolOp():
                return self.deciding(node)
            case ast.IfExp():
                test = self.truth(node.test)
                return self.choose(test, lambda: self.value(node.body), lambda: self.value(node.orelse))
            case ast.Subscript():
                loaded = self.builder.load(self.element(node))
                if _leftmost(node.slice) in self.before:
                    loaded.set_metadata("alias.scope", self.scope())
                return loaded if loaded.type == WORD else self.builder.sext(loaded, WORD)
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return self.call(node, name)
            case _:
                raise self.error(node)

    def call(self, node: ast.Call, name: str) -> ir.Value:
        if name in ("folded", "prefetch") and len(node.args) == 2:
            return self.folded(node) if name == "folded" else self.prefetch(node)
        if name in ("min", "max") and len(node.args) > 1:
            sign = "<" if name == "min" else ">"
            return reduce(lambda left, right: self.better(sign, left, right), map(self.value, node.args))
        if name not in self.functions or len(node.args) != len(self.functions[name].args):
            raise self.error(node)
        arguments = []
        for item, parameter in zip(node.args, self.functions[name].args, strict=True):
            is_array = isinstance(item, ast.Name) and item.id in self.arrays
            argument = self.arrays[item.id] if isinstance(item, ast.Name) and is_array else self.value(item)
            if argument.type != parameter.type:
                raise self.error(node)
            arguments.append(argument)
        return self.builder.call(self.functions[name], arguments)

    def folded(self, node: ast.Call) -> ir.Value:
        """The lower and the upper half of the unsigned product of two words, exclusive-or."""
        left, right = (self.builder.zext(self.value(item), DOUBLE) for item in node.args)
        product = self.builder.mul(left, right)
        upper = self.builder.trunc(self.builder.lshr(product, ir.Constant(DOUBLE, 64)), WORD)
        return self.builder.xor(self.builder.trunc(product, WORD), upper)

    def prefetch(self, node: ast.Call) -> ir.Value:
        """Asks for the cache line of an array's element; the value is 0."""
        array, index = node.args
        address = self.element(ast.Subscript(array, index, ast.Load()))
        kinds = [address.type, HALF, HALF, HALF]
        kind = ir.FunctionType(ir.VoidType(), kinds)
        hint = self.builder.module.declare_intrinsic("llvm.prefetch", [address.type], kind)
        self.builder.call(hint, [address, *(ir.Constant(HALF, flag) for flag in (0, 3, 1))])
        return ir.Constant(WORD, 0)

    def better(self, sign: str, left: ir.Value, right: ir.Value) -> ir.Value:
        return self.builder.select(self.builder.icmp_signed(sign, right, left), right, left)

    def truth(self, node: ast.expr) -> ir.Value:
        """The truth of an expression as one bit; `and` and `or` stop early."""
        match node:
            case ast.Constant(value=int() as value):
                return ir.Constant(BIT, int(bool(value)))
            case ast.UnaryOp(op=ast.Not()):
                return self.builder.not_(self.truth(node.operand))
            case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in COMPARISONS:
                sign = COMPARISONS[type(operator)]
                return self.builder.icmp_signed(sign, self.value(node.left), self.value(right))
            case ast.Compare():
                raise self.error(node)
            case ast.BoolOp():
                return self.shortcut(node)
            case _:
                return self.nonzero(self.value(node))

    def nonzero(self, value: ir.Value) -> ir.Value:
        return self.builder.icmp_signed("!=", value, ir.Constant(WORD, 0))

    def shortcut(self, node: ast.BoolOp) -> ir.Value:
        """The truth of `and` or `or`."""
        decided = ir.Constant(BIT, int(isinstance(node.op, ast.Or)))
        return self.stop_early(node, self.truth(node.values[0]), lambda: decided, self.truth)

    def deciding(self, node: ast.BoolOp) -> ir.Value:
        """The value of `and` or `or`: that of the operand that decided it."""
        first = self.value(node.values[0])
        return self.stop_early(node, self.nonzero(first), lambda: first, self.value)

    def stop_early(
        self,
        node: ast.BoolOp,
        first: ir.Value,
        decided: Callable[[], ir.Value],
        evaluate: Callable[[ast.expr], ir.Value],
    ) -> ir.Value:
        rest: ast.expr = node.values[1] if len(node.values) == 2 else ast.BoolOp(node.op, node.values[1:])
        if isinstance(node.op, ast.Or):
            return self.choose(first, decided, lambda: evaluate(rest))
        return self.choose(first, lambda: evaluate(rest), decided)

    def choose(self, test: ir.Value, then: Callable[[], ir.Value], other: Callable[[], ir.Value]) -> ir.Value:
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


def _leftmost(node: ast.expr) -> str:
    """The name that a sum starts with; empty if it starts with something else."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node = node.left
    return node.id if isinstance(node, ast.Name) else ""
