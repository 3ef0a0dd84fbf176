"""The fairness that a specification demands, as numbered conditions: which step counts for which.

A condition is weak or strong fairness of some steps of the model; it has one bit in a step's mask, in
a state's mask of enabled conditions, and in `weak` or `strong`. The same rule is here twice: as text
for the compiled collector, and for the interpreter that checks a counterexample again.
Source: Lamport, Specifying Systems, section 8.4 to 8.6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from pymodel.engine.contract import Action, Fairness, Parameter
from pymodel.engine.instance import Instance, Successor
from pymodel.errors import LayoutError

CONDITIONS_MAX = 62  # a mask is one word


@dataclass(frozen=True)
class Condition:
    """`members` are (action, tests): its steps are those of an action that pass all tests. A test is the
    position of a parameter, a field of it ("" for the parameter itself), and the value it must have."""

    strong: bool
    members: tuple[tuple[str, tuple[tuple[int, str, int], ...]], ...]


@dataclass(frozen=True)
class Demands:
    """All conditions; condition k has bit k."""

    conditions: tuple[Condition, ...] = ()

    @property
    def weak(self) -> int:
        return sum(1 << k for k, condition in enumerate(self.conditions) if not condition.strong)

    @property
    def strong(self) -> int:
        return sum(1 << k for k, condition in enumerate(self.conditions) if condition.strong)

    def mask(self, step: Successor) -> int:
        """The conditions that `step` is a step of, its states set aside."""
        return sum(1 << k for k, tests in self._of(step.action.name) if _passes(step, tests))

    def note(self, instance: Instance, action: Action) -> list[str]:
        """Lines for `generate.driver` that write the mask of a step of `action` to labels[_n]."""
        lines = ["labels[_n] = 0"]
        for k, tests in self._of(action.name):
            terms = [
                f"{_operand(instance, action.params[at], at, name)} == {value}" for at, name, value in tests
            ]
            lines += [f"if {' and '.join(terms) or 'True'}:", f"    labels[_n] |= {1 << k}"]
        return lines

    def _of(self, action: str) -> Iterator[tuple[int, tuple[tuple[int, str, int], ...]]]:
        for k, condition in enumerate(self.conditions):
            yield from ((k, tests) for name, tests in condition.members if name == action)


def demands(instance: Instance, fairness: Sequence[Fairness]) -> Demands:
    """The conditions of `fairness` under the cfg of `instance`. Raises LayoutError for what names no
    action or parameter of the model, and for more than CONDITIONS_MAX."""
    conditions = []
    for item in fairness:
        for members in product(*(_domain(instance, domain) for domain in item.over)):
            steps = tuple(
                (part.action, _tests(instance, part.action, part.at, members)) for part in item.steps
            )
            conditions.append(Condition(item.strong, steps))
    if len(conditions) > CONDITIONS_MAX:
        raise LayoutError(
            f"the specification has {len(conditions)} fairness conditions, more than {CONDITIONS_MAX}",
            mend="give the cfg fewer members of the sets that they range over",
        )
    return Demands(tuple(conditions))


def _domain(instance: Instance, domain: str | tuple[int, ...]) -> list[int]:
    return list(domain) if isinstance(domain, tuple) else list(instance.bound.names[domain])


def _tests(
    instance: Instance, name: str, at: tuple[str, ...], members: tuple[int, ...]
) -> tuple[tuple[int, str, int], ...]:
    action = next((action for action in instance.model.actions if action.name == name), None)
    if action is None:
        raise LayoutError(f"fairness of {name}, which is no action of the model")
    if at and len(at) != len(members):
        raise LayoutError(f"fairness of {name} binds {len(members)} variables and uses {len(at)}")
    tests = []
    for path, value in zip(at, members, strict=False):
        parameter, _, field = path.partition(".")
        position = next((k for k, param in enumerate(action.params) if param.name == parameter), None)
        if position is None or (action.params[position].kinds is None) != (not field):
            raise LayoutError(f"fairness of {name}: it has no parameter {path}")
        if field:
            _operand(instance, action.params[position], position, field)
        tests.append((position, field, value))
    return tuple(tests)


def _operand(instance: Instance, param: Parameter, position: int, field: str) -> str:
    """The text of a parameter's value, or of a field of the message that it is."""
    if not field:
        return f"_p{position}"
    layout = instance.layout
    slot = layout.fields.get(field)
    kinds = sum(1 << layout.kind_code(kind) for kind in param.kinds or ()) or layout.all_kinds
    if slot is None or slot.field.axis is not None or kinds & ~slot.kinds:
        raise LayoutError(f"fairness over {param.name}.{field}: not every message of {param.name} has one")
    return f"((_p{position} >> {slot.shift}) & {slot.mask}) + {slot.field.values.low}"


def _passes(step: Successor, tests: tuple[tuple[int, str, int], ...]) -> bool:
    return all(
        (getattr(step.params[at], field) if field else step.params[at]) == value for at, field, value in tests
    )
