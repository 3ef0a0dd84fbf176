"""From the model's Python functions to the text of functions over packed words.

`s` and `t` become offsets into one buffer `b` of 64-bit words, a read of a variable becomes a shift
and a mask, a write a checked store, a message one word. Constants become literals and the branches
they decide disappear, so that the machine code of a cfg holds nothing the cfg switched off. The
subset that is understood is that of contract.py; anything else raises LayoutError with its place.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Mapping
from typing import Any, NoReturn

from pymodel.engine.contract import Axis, Constant, Function
from pymodel.engine.layout import Layout, Slot
from pymodel.errors import LayoutError

STATES = frozenset({"s", "t"})
ERROR_WORD = 0  # b[0] holds the code of the first overflow, 0 if none


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
        node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


class Translator:
    """Translates the functions of one instance; `used` collects the model functions they call."""

    def __init__(
        self,
        layout: Layout,
        names: Mapping[str, Any],
        functions: Mapping[str, Function | Constant],
        binders: Mapping[str, str],
    ) -> None:
        self.layout = layout
        self.names = names
        self.functions = functions
        self.binders = binders
        self.kinds = {kind.name: kind for kind in layout.schema.kinds}
        self.used: set[str] = set()

    def function(self, name: str, source: Function | Constant) -> str:
        """The text of `source` under `name`, with the buffer as its first parameter."""
        if isinstance(source, Constant):
            raise LayoutError(f"{name}: a constant has no body of its own")
        return ast.unparse(_Body(self, source, name).translate())

    def constant(self, name: str) -> ast.expr | None:
        """The literal or range that a global name stands for, None if it is not a constant."""
        value = self.names.get(name)
        if name in self.kinds:
            return ast.Constant(self.layout.kind_code(name))
        if isinstance(value, range):
            return _expression(f"range({value.start}, {value.stop})")
        if isinstance(value, (bool, int, str, frozenset)):
            return ast.Constant(value)
        return None


class _Body(ast.NodeTransformer):
    """One function. Expressions are rewritten bottom-up; statements may become several."""

    def __init__(self, owner: Translator, source: Function, name: str) -> None:
        self.owner = owner
        self.layout = owner.layout
        self.source = source
        self.name = name
        self.tree = source_tree(source)
        self.locals = {argument.arg for argument in self.tree.args.args}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.locals.add(node.id)
        self.in_range: dict[str, range] = {}
        self.counter = 0

    def translate(self) -> ast.FunctionDef:
        for argument in self.tree.args.args:
            if argument.arg in self.owner.binders:
                self.in_range[argument.arg] = self.owner.names[self.owner.binders[argument.arg]]
        body = self.block(self.tree.body)
        arguments = copy.deepcopy(self.tree.args)
        arguments.args.insert(0, ast.arg("b"))
        return ast.fix_missing_locations(
            ast.FunctionDef(self.name, arguments, body, [], type_params=[], lineno=1, col_offset=0)
        )

    def fail(self, node: ast.AST, message: str) -> NoReturn:
        line = self.source.__code__.co_firstlineno + getattr(node, "lineno", 1) - 1
        raise LayoutError(
            f"{self.source.__name__}: {message}",
            path=self.source.__code__.co_filename,
            line=line,
            mend="write it in the subset that pymodel/engine/contract.py describes",
        )

    # Statements

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for statement in statements:
            result += self.statement(statement)
        return result or [ast.Pass()]

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.If():
                test = self.expression(node.test)
                if isinstance(test, ast.Constant):
                    chosen = node.body if test.value else node.orelse
                    return self.block(chosen) if chosen else []
                orelse = self.block(node.orelse) if node.orelse else []
                return [ast.If(test, self.block(node.body), orelse)]
            case ast.For():
                return self.loop(node)
            case ast.Assign(targets=[ast.Tuple() as target], value=ast.Tuple() as value):
                pairs = zip(target.elts, value.elts, strict=True)
                return [ast.Assign([name], self.expression(item)) for name, item in pairs]
            case ast.Assign(targets=[ast.Name() as target]):
                self.note_range(target.id, node.value)
                return [ast.Assign([target], self.expression(node.value))]
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target]):
                return self.store(target, self.expression(node.value))
            case ast.AugAssign(target=ast.Name()):
                return [ast.AugAssign(node.target, node.op, self.expression(node.value))]
            case ast.Return():
                return [ast.Return(self.expression(node.value) if node.value else None)]
            case ast.Expr(value=ast.Call()):
                return [ast.Expr(self.expression(node.value))]
            case ast.Pass() | ast.Break() | ast.Continue():
                return [node]
        self.fail(node, f"a statement of kind {type(node).__name__} does not compile")

    def note_range(self, variable: str, value: ast.expr) -> None:
        """Remember what a local variable can hold, where it comes from a message's field."""
        self.in_range.pop(variable, None)
        if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and not _state_of(value):
            slot = self.layout.fields.get(value.attr)
            if slot is not None:
                self.in_range[variable] = range(slot.field.values.low, slot.field.values.high + 1)

    def loop(self, node: ast.For) -> list[ast.stmt]:
        if not isinstance(node.target, ast.Name):
            self.fail(node, "a loop has one plain variable")
        variable = node.target.id
        if self.is_messages(node.iter):
            slot = self.fresh("slot")
            state = node.iter.value.id  # type: ignore[attr-defined]
            head = f"{variable} = b[{state} + {self.layout.base_words} + {slot}]"
            opening = ast.parse(f"{head}\nif {variable} == 0:\n    break").body
            body = opening + self.block(node.body)
            return [ast.For(_name(slot), _expression(f"range({self.layout.schema.capacity})"), body, [])]
        if isinstance(node.iter, ast.Name) and isinstance(self.owner.names.get(node.iter.id), range):
            self.in_range[variable] = self.owner.names[node.iter.id]
        else:
            self.in_range.pop(variable, None)
        domain = self.expression(node.iter)
        return [ast.For(node.target, domain, self.block(node.body), [])]

    def store(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        slot, index = self.place(target)
        state = _state_of(target)
        element = self.element(slot, index)
        low, span = slot.part.values.low, slot.part.values.high - slot.part.values.low
        v, w, h, e = (self.fresh(letter) for letter in "vwhe")
        text = f"""
{v} = VALUE - {low}
{e} = ELEMENT
if {v} < 0 or {v} > {span}:
    b[{ERROR_WORD}] = {slot.code}
else:
    {w} = {state} + {_word(slot, e)}
    {h} = {_shift(slot, e)}
    b[{w}] = (b[{w}] & ~({slot.mask} << {h})) | ({v} << {h})
"""
        return _fill(text, VALUE=value, ELEMENT=element)

    # Expressions

    def expression(self, node: ast.expr) -> ast.expr:
        result = self.visit(copy.deepcopy(node))
        if not isinstance(result, ast.expr):
            self.fail(node, "this expression does not compile")
        return result

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.Dict, ast.Starred)):
            self.fail(node, f"an expression of kind {type(node).__name__} does not compile")
        return super().generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.locals:
            return node
        return self.owner.constant(node.id) or node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if _state_of(node):
            slot, index = self.place(node)
            return self.load(node, slot, index)
        if isinstance(node.value, ast.Attribute) and isinstance(node.value.value, ast.Name):
            return self.message_field(node, node.value, self.visit(node.slice))
        self.fail(node, "only variables of the state and array fields of messages have an index")

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if _state_of(node):
            slot, index = self.place(node)
            return self.load(node, slot, index)
        if isinstance(node.value, ast.Name):
            return self.message_field(node, node, None)
        self.fail(node, f"attribute {node.attr} is not a field of a message or state")

    def load(self, node: ast.expr, slot: Slot, index: list[ast.expr]) -> ast.expr:
        state, low = _state_of(node), slot.part.values.low
        element = self.element(slot, index)
        if slot.part.size <= slot.per_word:
            text = f"((b[{state} + {slot.word}] >> {_shift(slot, 'ELEMENT')}) & {slot.mask}) + {low}"
            return _fill_expression(text, ELEMENT=element)
        e = self.fresh("e")
        text = f"((b[{state} + {_word(slot, e)}] >> {_shift(slot, e)}) & {slot.mask}) + {low}"
        return _fill_expression(text.replace(e, "ELEMENT"), ELEMENT=element)

    def place(self, node: ast.expr) -> tuple[Slot, list[ast.expr]]:
        """The slot and the translated indexes of `s.x[...]`, `s.x.y[...]` or `s.x.y`."""
        index: list[ast.expr] = []
        base = node
        if isinstance(base, ast.Subscript):
            items = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
            index = [self.expression(item) for item in items]
            base = base.value
        key = ".".join(_attributes(base))
        slot = self.layout.slots.get(key)
        if slot is None or len(index) != len(slot.part.axes):
            self.fail(node, f"{key} with {len(index)} indexes is not declared in the schema")
        return slot, index

    def element(self, slot: Slot, index: list[ast.expr]) -> ast.expr:
        """The element's number; each index that is not known to be in range is checked at run time."""
        total: ast.expr = ast.Constant(0)
        for position, (item, axis) in enumerate(zip(index, slot.part.axes, strict=True)):
            if not self.known(item, axis):
                item = _fill_expression(f"_index(b, ITEM, {axis.low}, {axis.high}, {slot.code})", ITEM=item)
            offset = _fold_sub(item, axis.low)
            total = offset if position == 0 else _fill_expression(
                f"TOTAL * {axis.size} + OFFSET", TOTAL=total, OFFSET=offset
            )
        return total

    def known(self, item: ast.expr, axis: Axis) -> bool:
        if isinstance(item, ast.Constant) and isinstance(item.value, int):
            return axis.low <= item.value <= axis.high
        domain = self.in_range.get(item.id) if isinstance(item, ast.Name) else None
        return domain is not None and axis.low <= domain.start and domain.stop - 1 <= axis.high

    def message_field(self, node: ast.expr, field: ast.Attribute, index: ast.expr | None) -> ast.expr:
        message = field.value.id  # type: ignore[attr-defined]
        if field.attr == "type":
            return _expression(f"({message} & {(1 << self.layout.tag_bits) - 1})")
        slot = self.layout.fields.get(field.attr)
        if slot is None:
            self.fail(node, f"{message}.{field.attr} is not a field of any message")
        low = slot.field.values.low
        if slot.field.axis is None:
            return _expression(f"((({message} >> {slot.shift}) & {slot.mask}) + {low})")
        if index is None:
            self.fail(node, f"{message}.{field.attr} needs an index")
        first, last = slot.field.axis.low, slot.field.axis.high
        checked = _fill_expression(f"_index(b, ITEM, {first}, {last}, {slot.code})", ITEM=index)
        text = f"((({message} >> ({slot.shift} + (ITEM - {first}) * {slot.bits})) & {slot.mask}) + {low})"
        return _fill_expression(text, ITEM=checked)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node.func:
            case ast.Attribute(attr="_replace", value=ast.Name() as message):
                return self.replaced(node, message)
            case ast.Attribute(attr=method, value=ast.Attribute() as target) if self.is_messages(target):
                state = target.value.id  # type: ignore[attr-defined]
                arguments = [self.visit(argument) for argument in node.args]
                return ast.Call(_name(f"_messages_{method}"), [_name("b"), _name(state), *arguments], [])
            case ast.Name(id="len") if self.is_messages(node.args[0]):
                return _expression(f"_messages_count(b, {node.args[0].value.id})")  # type: ignore[attr-defined]
            case ast.Name(id="len") if isinstance(node.args[0], ast.Name):
                domain = self.owner.names.get(node.args[0].id)
                return ast.Constant(len(domain)) if isinstance(domain, range) else self.generic(node)
            case ast.Name(id=name) if name in self.owner.kinds:
                return self.constructed(node, name)
            case ast.Name(id=name) if name in self.owner.functions:
                return self.model_call(node, name)
            case ast.Name(id="min" | "max" | "range"):
                return self.generic(node)
        self.fail(node, f"a call of {ast.unparse(node.func)} does not compile")

    def generic(self, node: ast.Call) -> ast.expr:
        return ast.Call(node.func, [self.visit(argument) for argument in node.args], [])

    def model_call(self, node: ast.Call, name: str) -> ast.expr:
        source = self.owner.functions[name]
        if isinstance(source, Constant):
            return ast.Constant(source.value)
        self.owner.used.add(name)
        return ast.Call(node.func, [_name("b"), *(self.visit(argument) for argument in node.args)], [])

    def constructed(self, node: ast.Call, name: str) -> ast.expr:
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        arguments: list[ast.expr] = [_name("b")]
        for field in self.owner.kinds[name].fields:
            if field.name not in given:
                self.fail(node, f"{name} lacks its field {field.name}")
            value = given.pop(field.name)
            if field.axis is None:
                arguments.append(self.visit(value))
            else:
                arguments += self.unrolled(value, field.axis)
        if given or node.args:
            self.fail(node, f"{name} has no field {', '.join(str(key) for key in given)}")
        return ast.Call(_name(f"_make_{name}"), arguments, [])

    def unrolled(self, value: ast.expr, axis: Axis) -> list[ast.expr]:
        if not isinstance(value, ast.ListComp) or len(value.generators) != 1:
            self.fail(value, "an array field is given as one list comprehension over its axis")
        variable = value.generators[0].target.id  # type: ignore[attr-defined]
        self.locals.discard(variable)
        items = []
        for k in range(axis.low, axis.high + 1):
            items.append(self.visit(_substitute(copy.deepcopy(value.elt), variable, k)))
        return items

    def replaced(self, node: ast.Call, message: ast.Name) -> ast.expr:
        result: ast.expr = message
        for keyword in node.keywords:
            slot = self.layout.fields[str(keyword.arg)]
            values = slot.field.values
            text = f"_with_field(b, MESSAGE, VALUE - {values.low}, {values.high - values.low}, {slot.shift}, {slot.mask}, {slot.code})"
            result = _fill_expression(text, MESSAGE=result, VALUE=self.visit(keyword.value))
        return result

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        left, operator, right = node.left, node.ops[0], node.comparators[0]
        if len(node.ops) != 1:
            self.fail(node, "a comparison has two sides")
        if not isinstance(operator, (ast.In, ast.NotIn)):
            return _folded(ast.Compare(self.visit(left), [operator], [self.visit(right)]))
        inverted = isinstance(operator, ast.NotIn)
        result: ast.expr
        if self.is_messages(right):
            state = right.value.id  # type: ignore[attr-defined]
            result = ast.Call(_name("_messages_has"), [_name("b"), _name(state), self.visit(left)], [])
        elif isinstance(right, ast.Tuple):
            tests = [
                _folded(ast.Compare(self.visit(copy.deepcopy(left)), [ast.Eq()], [self.visit(item)]))
                for item in right.elts
            ]
            result = ast.BoolOp(ast.Or(), tests)
        else:
            result = _folded(ast.Compare(self.visit(left), [ast.In()], [self.visit(right)]))
            if not isinstance(result, ast.Constant):
                self.fail(node, "`in` needs a tuple, a constant set or the messages on its right")
        if not inverted:
            return result
        return ast.Constant(not result.value) if isinstance(result, ast.Constant) else _not(result)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        absorbing = isinstance(node.op, ast.Or)
        kept: list[ast.expr] = []
        for value in node.values:
            item = self.visit(value)
            if isinstance(item, ast.Constant):
                if bool(item.value) == absorbing:
                    kept.append(ast.Constant(absorbing))
                    break
                continue
            kept.append(item)
        if not kept:
            return ast.Constant(not absorbing)
        if isinstance(kept[0], ast.Constant) or len(kept) == 1:
            return kept[0]
        return ast.BoolOp(node.op, kept)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return ast.Constant(not operand.value) if isinstance(operand, ast.Constant) else _not(operand)
        return ast.UnaryOp(node.op, operand)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        return _folded(ast.BinOp(self.visit(node.left), node.op, self.visit(node.right)))

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            chosen: ast.expr = self.visit(node.body if test.value else node.orelse)
            return chosen
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))

    def is_messages(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == "messages" and _state_of(node) != ""

    def fresh(self, letter: str) -> str:
        self.counter += 1
        return f"_{letter}{self.counter}"


def _attributes(node: ast.expr) -> list[str]:
    """The attribute names of `s.a.b`, outermost last; empty if it does not start at a state."""
    if isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id in STATES:
            return [node.attr]
        inner = _attributes(node.value)
        return [*inner, node.attr] if inner else []
    return []


def _state_of(node: ast.expr) -> str:
    """The state variable that `node` reads from or writes to, empty if none."""
    base: ast.expr = node
    while isinstance(base, (ast.Attribute, ast.Subscript)):
        base = base.value
    return base.id if isinstance(base, ast.Name) and base.id in STATES and base is not node else ""


def _word(slot: Slot, element: str) -> str:
    return str(slot.word) if slot.part.size <= slot.per_word else f"{slot.word} + {element} // {slot.per_word}"


def _shift(slot: Slot, element: str) -> str:
    if slot.part.size <= slot.per_word:
        return f"({slot.shift} + {element} * {slot.bits})"
    return f"({element} % {slot.per_word} * {slot.bits})"


def _name(identifier: str) -> ast.Name:
    return ast.Name(identifier, ast.Load())


def _not(operand: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), operand)


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class _Filler(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.values.get(node.id, node))


def _fill_expression(text: str, **values: ast.expr) -> ast.expr:
    filled: ast.expr = _Filler(values).visit(_expression(text))
    return filled


def _fill(text: str, **values: ast.expr) -> list[ast.stmt]:
    tree: ast.Module = _Filler(values).visit(ast.parse(text))
    return tree.body


def _substitute(node: ast.expr, name: str, value: int) -> ast.expr:
    result: ast.expr = _Filler({name: ast.Constant(value)}).visit(node)
    return result


def _fold_sub(item: ast.expr, low: int) -> ast.expr:
    return item if low == 0 else _folded(ast.BinOp(item, ast.Sub(), ast.Constant(low)))


def _folded(node: ast.expr) -> ast.expr:
    """`node` as a literal if all its operands are literals."""
    operands = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    if all(isinstance(child, ast.Constant) for child in operands):
        code = compile(ast.fix_missing_locations(ast.Expression(node)), "<constant>", "eval")
        return ast.Constant(eval(code, {"__builtins__": {}}))
    return node
