"""Expressions of the model's functions, rewritten bottom-up to expressions over packed words.

A read of a variable becomes a shift and a mask, a message one word, a constant a literal. Each index,
and each field of a message that not all kinds have, is checked at run time unless it is known to be
right. Statements are translate.py's.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from pymodel.engine.contract import Axis, Constant, Function
from pymodel.engine.layout import FieldSlot, Layout, Slot
from pymodel.engine.reads import MESSAGES, Reads
from pymodel.engine.rewrite import expression, folded, name, negated, substituted
from pymodel.errors import LayoutError

STATES = frozenset({"s", "t"})
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)
MESSAGE_METHODS = ("add", "discard", "clear")


class Translator:
    """What all functions of one instance share; `used` collects the model functions they call, `reads` what
    they read."""

    def __init__(
        self,
        layout: Layout,
        names: Mapping[str, Any],
        functions: Mapping[str, Function | Constant],
        actions: frozenset[str],
    ) -> None:
        self.layout = layout
        self.names = names
        self.functions = functions
        self.actions = actions
        self.kinds = {kind.name: kind for kind in layout.schema.kinds}
        self.used: set[str] = set()
        self.reads = Reads()

    def constant(self, identifier: str) -> ast.expr | None:
        """The literal or range that a global name stands for, None if it is not a constant."""
        value = self.names.get(identifier)
        if identifier in self.kinds:
            return ast.Constant(self.layout.kind_code(identifier))
        if isinstance(value, range):
            return expression(f"range({value.start}, {value.stop})")
        if isinstance(value, (bool, int, str)):
            return ast.Constant(value)
        if isinstance(value, frozenset):
            return ast.Constant(value)  # type: ignore[arg-type]
        return None


class ValueTranslator(ast.NodeTransformer):
    """The expressions of one function. `in_range` bounds the locals of which all assignments are known."""

    def __init__(self, owner: Translator, source: Function, locals_: set[str]) -> None:
        self.owner = owner
        self.layout = owner.layout
        self.source = source
        self.locals = locals_
        self.in_range: dict[str, range] = {}

    def error(self, node: ast.AST, message: str) -> LayoutError:
        line = self.source.__code__.co_firstlineno + getattr(node, "lineno", 1) - 1
        return LayoutError(
            f"{self.source.__name__}: {message}",
            path=self.source.__code__.co_filename,
            line=line,
            mend="write it in the subset that pymodel/engine/contract.py describes",
        )

    def visit(self, node: ast.AST) -> Any:
        """`node` translated; the tree it is part of stays as it was."""
        translate = getattr(self, f"visit_{type(node).__name__}", None)
        if translate is None:
            raise self.error(node, f"an expression of kind {type(node).__name__} does not compile")
        return translate(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        return ast.Tuple([self.visit(item) for item in node.elts], ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.locals:
            return name(node.id)
        constant = self.owner.constant(node.id)
        if constant is None:
            raise self.error(node, f"{node.id} is neither a local variable nor a constant of the cfg")
        return constant

    # Variables of the state

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if state_of(node):
            return self.load(node)
        if isinstance(node.value, ast.Attribute) and isinstance(node.value.value, ast.Name):
            return self.message_field(node.value, node.value.value.id, node.slice)
        raise self.error(node, "only variables of the state and array fields of messages have an index")

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if state_of(node):
            return self.load(node)
        if isinstance(node.value, ast.Name):
            return self.message_field(node, node.value.id, None)
        raise self.error(node, f"attribute {node.attr} is not a field of a message or state")

    def load(self, node: ast.expr) -> ast.expr:
        slot, index = self.place(node)
        self.owner.reads.keys.add((state_of(node), slot.key))
        word, shift = address(slot, "ELEMENT")
        text = f"((b[{state_of(node)} + {word}] >> {shift}) & {slot.mask}) + {slot.part.values.low}"
        return expression(text, ELEMENT=self.element(slot, index))

    def place(self, node: ast.expr) -> tuple[Slot, list[ast.expr]]:
        """The slot and the indexes, not yet translated, of `s.x[...]`, `s.x.y[...]` or `s.x.y`."""
        index: list[ast.expr] = []
        base = node
        if isinstance(base, ast.Subscript):
            index = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
            base = base.value
        key = ".".join(_attributes(base))
        slot = self.layout.slots.get(key)
        if slot is None or len(index) != len(slot.part.axes):
            raise self.error(node, f"{key} with {len(index)} indexes is not declared in the schema")
        return slot, index

    def element(self, slot: Slot, index: list[ast.expr]) -> ast.expr:
        """The element's number."""
        total: ast.expr = ast.Constant(0)
        for position, (item, axis) in enumerate(zip(index, slot.part.axes, strict=True)):
            offset = self.offset(item, axis, slot.code)
            if position == 0:
                total = offset
            else:
                total = expression(f"TOTAL * {axis.size} + OFFSET", TOTAL=total, OFFSET=offset)
        return total

    def offset(self, index: ast.expr, axis: Axis, code: int) -> ast.expr:
        """The index counted from 0, checked at run time unless it is known to be on the axis."""
        item: ast.expr = self.visit(index)
        if not self.known(item, axis):
            item = expression(f"_index(b, ITEM, {axis.low}, {axis.high}, {code})", ITEM=item)
        return item if axis.low == 0 else folded(ast.BinOp(item, ast.Sub(), ast.Constant(axis.low)))

    def known(self, item: ast.expr, axis: Axis) -> bool:
        if isinstance(item, ast.Constant) and isinstance(item.value, int):
            return axis.low <= item.value <= axis.high
        domain = self.in_range.get(item.id) if isinstance(item, ast.Name) else None
        return domain is not None and axis.low <= domain.start and domain.stop - 1 <= axis.high

    # Messages

    def message_field(self, node: ast.expr, message: str, index: ast.expr | None) -> ast.expr:
        if not isinstance(node, ast.Attribute):
            raise self.error(node, "this is not a field of a message")
        if node.attr == "type":
            return expression(f"({message} & {(1 << self.layout.tag_bits) - 1})")
        slot = self.field(node, node.attr)
        low, axis = slot.field.values.low, slot.field.axis
        word = self.of_kind(name(message), slot)
        if (axis is None) != (index is None):
            raise self.error(node, f"{message}.{node.attr} {'has no' if axis is None else 'needs an'} index")
        if axis is None or index is None:
            return expression(f"(((WORD >> {slot.shift}) & {slot.mask}) + {low})", WORD=word)
        text = f"(((WORD >> ({slot.shift} + OFFSET * {slot.bits})) & {slot.mask}) + {low})"
        return expression(text, WORD=word, OFFSET=self.offset(index, axis, slot.code))

    def field(self, node: ast.expr, field: str) -> FieldSlot:
        slot = self.layout.fields.get(field)
        if slot is None:
            raise self.error(node, f"{field} is not a field of any message")
        return slot

    def of_kind(self, message: ast.expr, slot: FieldSlot) -> ast.expr:
        """The message, checked at run time to be of a kind that has the field."""
        if slot.kinds == self.layout.all_kinds:
            return message
        return expression(f"_of_kind(b, MESSAGE, {slot.kinds}, {slot.absent_code})", MESSAGE=message)

    def replaced(self, node: ast.Call, message: str) -> ast.expr:
        result: ast.expr = name(message)
        for keyword in node.keywords:
            slot = self.field(node, str(keyword.arg))
            if slot.field.axis is not None:
                raise self.error(node, f"_replace of the array field {keyword.arg} does not compile")
            low, high = slot.field.values.low, slot.field.values.high
            text = (
                f"_with_field(b, WORD, VALUE - {low}, {high - low}, {slot.shift}, {slot.mask}, {slot.code})"
            )
            value = self.visit(keyword.value)
            result = expression(text, WORD=self.of_kind(result, slot), VALUE=value)
        return result

    def constructed(self, node: ast.Call, kind: str) -> ast.expr:
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        arguments: list[ast.expr] = [name("b")]
        for field in self.owner.kinds[kind].fields:
            if field.name not in given:
                raise self.error(node, f"{kind} lacks its field {field.name}")
            value = given.pop(field.name)
            if field.axis is None:
                arguments.append(self.visit(value))
            else:
                arguments += self.unrolled(value, field.axis)
        if given or node.args:
            raise self.error(node, f"{kind} has no field {', '.join(str(key) for key in given)}")
        return ast.Call(name(f"_make_{kind}"), arguments, [])

    def unrolled(self, value: ast.expr, axis: Axis) -> list[ast.expr]:
        match value:
            case ast.ListComp(elt=item, generators=[ast.comprehension(target=ast.Name(id=variable), ifs=[])]):
                return [self.visit(substituted(item, variable, k)) for k in range(axis.low, axis.high + 1)]
        raise self.error(value, "an array field is given as one list comprehension over its axis")

    # Calls

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Attribute(attr="_replace", value=ast.Name(id=message)), args=[]):
                return self.replaced(node, message)
            case ast.Call(func=ast.Name(id=kind)) if kind in self.owner.kinds:
                return self.constructed(node, kind)
            case ast.Call(keywords=[_, *_]):
                raise self.error(node, "a call with keywords does not compile")
            case ast.Call(func=ast.Attribute(attr=method, value=target)) if messages_of(target):
                return self.messages_call(node, method, messages_of(target))
            case ast.Call(func=ast.Name(id="len"), args=[item]):
                return self.length(item)
            case ast.Call(func=ast.Name(id=function)) if function in self.owner.functions:
                return self.model_call(node, function)
            case ast.Call(func=ast.Name(id="min" | "max" as function), args=[_, _, *_]):
                return ast.Call(name(function), [self.visit(argument) for argument in node.args], [])
            case ast.Call(func=ast.Name(id="range"), args=[_] | [_, _]):
                return ast.Call(name("range"), [self.visit(argument) for argument in node.args], [])
        raise self.error(node, f"a call of {ast.unparse(node.func)} does not compile")

    def read_messages(self, node: ast.expr) -> str:
        """The state whose messages `node` is, which the function reads."""
        self.owner.reads.keys.add((messages_of(node), MESSAGES))
        return messages_of(node)

    def messages_call(self, node: ast.Call, method: str, state: str) -> ast.expr:
        if method not in MESSAGE_METHODS or state != "t":
            raise self.error(
                node, f"{state}.messages.{method} does not compile: t.messages has {MESSAGE_METHODS}"
            )
        return ast.Call(name(f"_messages_{method}"), [name("b"), name("t"), *map(self.visit, node.args)], [])

    def length(self, item: ast.expr) -> ast.expr:
        if messages_of(item):
            return expression(f"_messages_count(b, {self.read_messages(item)})")
        domain = self.owner.names.get(item.id) if isinstance(item, ast.Name) else None
        if not isinstance(domain, range):
            raise self.error(item, "len is of a domain or of the messages")
        return ast.Constant(len(domain))

    def model_call(self, node: ast.Call, function: str) -> ast.expr:
        if function in self.owner.actions:
            raise self.error(node, f"{function} is an action, which only the search takes")
        source = self.owner.functions[function]
        arity = source.arity + 1 if isinstance(source, Constant) else source.__code__.co_argcount
        if len(node.args) != arity:
            raise self.error(node, f"{function} takes {arity} arguments, not {len(node.args)}")
        if isinstance(source, Constant):
            return ast.Constant(source.value)
        self.owner.used.add(function)
        for parameter, argument in zip(source.__code__.co_varnames, node.args, strict=False):
            if isinstance(argument, ast.Name) and argument.id in STATES:
                self.owner.reads.calls.add((function, parameter, argument.id))
        return ast.Call(name(function), [name("b"), *map(self.visit, node.args)], [])

    # Operators

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if len(node.ops) != 1:
            raise self.error(node, "a comparison has two sides")
        left, operator, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(operator, (ast.Is, ast.IsNot)):
            raise self.error(node, "`is` does not compile: compare with ==")
        if isinstance(operator, ast.NotIn):
            return negated(self.member(left, right))
        if isinstance(operator, ast.In):
            return self.member(left, right)
        return folded(ast.Compare(self.visit(left), [operator], [self.visit(right)]))

    def member(self, left: ast.expr, right: ast.expr) -> ast.expr:
        if messages_of(right):
            return ast.Call(
                name("_messages_has"), [name("b"), name(self.read_messages(right)), self.visit(left)], []
            )
        if isinstance(right, ast.Tuple) and right.elts:
            equal: list[ast.expr] = [ast.Compare(left, [ast.Eq()], [item]) for item in right.elts]
            return self.visit_BoolOp(ast.BoolOp(ast.Or(), equal))
        value, domain = self.visit(left), self.visit(right)
        if not isinstance(value, ast.Constant) or not isinstance(domain, ast.Constant):
            raise self.error(right, "`in` needs a tuple, a constant set or the messages on its right")
        return folded(ast.Compare(value, [ast.In()], [domain]))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """Without the operands that a constant makes needless. As in Python, the last one is the value."""
        absorbing = isinstance(node.op, ast.Or)
        kept: list[ast.expr] = []
        for position, value in enumerate(node.values, start=1):
            item = self.visit(value)
            if not isinstance(item, ast.Constant):
                kept.append(item)
            elif bool(item.value) == absorbing or position == len(node.values):
                kept.append(item)
                break
        return kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return negated(operand)
        if isinstance(node.op, ast.USub):
            return folded(ast.UnaryOp(node.op, operand))
        raise self.error(node, f"the operator {type(node.op).__name__} does not compile")

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if not isinstance(node.op, ARITHMETIC):
            raise self.error(node, f"the operator {type(node.op).__name__} does not compile")
        return folded(ast.BinOp(self.visit(node.left), node.op, self.visit(node.right)))

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            chosen: ast.expr = self.visit(node.body if test.value else node.orelse)
            return chosen
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))


def address(slot: Slot, element: str) -> tuple[str, str]:
    """The word of an element, counted from the state's first, and the shift within it, as text."""
    if slot.part.size <= slot.per_word:
        return str(slot.word), f"({slot.shift} + {element} * {slot.bits})"
    return f"{slot.word} + {element} // {slot.per_word}", f"({element} % {slot.per_word} * {slot.bits})"


def state_of(node: ast.expr) -> str:
    """The state variable that `node` reads from or writes to, empty if none."""
    base: ast.expr = node
    while isinstance(base, (ast.Attribute, ast.Subscript)):
        base = base.value
    return base.id if isinstance(base, ast.Name) and base.id in STATES and base is not node else ""


def messages_of(node: ast.expr) -> str:
    """The state whose messages `node` is, empty if it is something else."""
    return state_of(node) if isinstance(node, ast.Attribute) and node.attr == "messages" else ""


def _attributes(node: ast.expr) -> list[str]:
    """The attribute names of `s.a.b`, outermost last; empty if it does not start at a state."""
    if isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id in STATES:
            return [node.attr]
        inner = _attributes(node.value)
        return [*inner, node.attr] if inner else []
    return []
