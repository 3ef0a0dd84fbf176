"""Small tools on Python syntax trees: sources, templates, folding of literals. Nothing here knows models."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Mapping

from pymodel.engine.contract import Function
from pymodel.errors import LayoutError


def source_tree(function: Function) -> ast.FunctionDef:
    """The definition of `function`, without docstring and annotations."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise LayoutError(f"{function!r} is not a plain function")
    if tree.body and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Constant):
        tree.body = tree.body[1:] or [ast.Pass()]
    for argument in tree.args.args:
        argument.annotation = None
    tree.returns = None
    return tree


def called_names(tree: ast.AST) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def stored_names(tree: ast.AST) -> set[str]:
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def name(identifier: str) -> ast.Name:
    return ast.Name(identifier, ast.Load())


def negated(operand: ast.expr) -> ast.expr:
    if isinstance(operand, ast.Constant):
        return ast.Constant(not operand.value)
    return ast.UnaryOp(ast.Not(), operand)


class _Filler(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.values.get(node.id, node))


def expression(text: str, **values: ast.expr) -> ast.expr:
    """The expression that `text` is, each name in `values` replaced."""
    filled: ast.expr = _Filler(values).visit(ast.parse(text, mode="eval").body)
    return filled


def statements(text: str, **values: ast.expr) -> list[ast.stmt]:
    """The statements that `text` is, each name in `values` replaced."""
    tree: ast.Module = _Filler(values).visit(ast.parse(text))
    return tree.body


def substituted(node: ast.expr, variable: str, value: int) -> ast.expr:
    result: ast.expr = _Filler({variable: ast.Constant(value)}).visit(copy.deepcopy(node))
    return result


def folded(node: ast.expr) -> ast.expr:
    """`node` as a literal if all its operands are literals."""
    operands = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    if all(isinstance(child, ast.Constant) for child in operands):
        code = compile(ast.fix_missing_locations(ast.Expression(node)), "<constant>", "eval")
        return ast.Constant(eval(code, {"__builtins__": {}}))
    return node
