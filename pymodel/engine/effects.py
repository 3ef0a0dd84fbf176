"""Guards first, then effects: an action that says no must have left `t` alone.

The search hands the same `t` to one action after another until one is enabled, so what an action writes
before it returns False would be part of the next one's step. Decided on the source, path by path; a call
that gets `t` counts as a write.
"""

from __future__ import annotations

import ast


def late_refusal(body: list[ast.stmt]) -> ast.stmt | None:
    """The first statement that may end an action after a write to `t`, and is not `return True`."""
    walk = _Walk()
    if walk.block(body, written=False):
        walk.refuse(body[-1])
    return walk.found


class _Walk:
    def __init__(self) -> None:
        self.found: ast.stmt | None = None

    def refuse(self, node: ast.stmt) -> None:
        self.found = self.found or node

    def block(self, body: list[ast.stmt], written: bool) -> bool:
        """Whether `t` may be written when control reaches the end of `body`."""
        for node in body:
            match node:
                case ast.Return():
                    says_yes = isinstance(node.value, ast.Constant) and node.value.value is True
                    if written and not says_yes:
                        self.refuse(node)
                    return False
                case ast.If():
                    written = written or _writes(node.test)
                    before = written
                    written = self.block(node.body, before)
                    written = self.block(node.orelse, before) or written
                case ast.For() | ast.While():
                    written = self.block(node.body, written) or written
                    self.block(node.body, written)
                case _:
                    written = written or _writes(node)
        return written


def _writes(node: ast.AST) -> bool:
    return any(map(_is_write, ast.walk(node)))


def _is_write(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="t")))):
            return True
        case ast.Call(args=arguments):
            return any(isinstance(item, ast.Name) and item.id == "t" for item in arguments)
    return False
