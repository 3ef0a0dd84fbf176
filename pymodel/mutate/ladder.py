"""A swap that nobody has listed: tried in one rung after the other until something breaks.

A swap is killed if a property fails. It starves the model if nothing fails, but a witness that the guard
lets happen is not reached any more, with all states searched. Of the others some break something in bounds
that are too large to exhaust, and some break liveness. Otherwise nothing that is checked tells the swap from
the guard in these bounds: it says the same, or the registry says why, or it survives.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import msgspec

from pymodel.cfg import Cfg, read_cfg
from pymodel.check import check_task, prepare_cfg
from pymodel.engine.contract import NEVER, Constant, Function
from pymodel.engine.goal import DEADLOCK, Limits
from pymodel.engine.result import Verdict
from pymodel.errors import LayoutError, UsageError
from pymodel.mutate.family import Family, Found, Member, Swaps, found_by
from pymodel.mutate.registry import Hole, Registry, Rung, applying, hole_cfg, rung_cfg, setting_text
from pymodel.mutate.row import Fate, Row
from pymodel.mutate.run import Tell, ask_tlc, bounds_text, line_of, no_later, states_of
from pymodel.raft.model import RAFT
from pymodel.raft.mutants import MUTANTS
from pymodel.specfiles import find_cfg
from pymodel.tlc.locate import Toolchain

TOPIC = "Tried"
STATES_MAX = 3_000_000
HUNTED_MAX = 15_000_000
"""How many states a search sees at most: of a rung of the ladder, and of one that is too large for it."""


@dataclass
class Attempt:
    """A swap on its way up. `searched` states so far, `differing` rungs where they are others than with the
    guard, `ended` by what limit first, `lost` the first witness that it no longer reaches, and where."""

    swaps: Swaps
    change: str
    searched: int = 0
    differing: list[str] = field(default_factory=list)
    ended: str = ""
    lost: tuple[str, Rung, Found] | None = None


class Climb:
    """The rungs of a registry, each compiled for all of `swaps` at once, when it is needed."""

    def __init__(
        self,
        registry: Registry,
        swaps: Sequence[Swaps],
        limits: Limits | None = None,
        tell: Tell | None = None,
    ):
        self.registry = registry
        self.swaps = [dict(item) for item in swaps]
        self.limits = limits or Limits(STATES_MAX)
        self.hunt_limits = limits or Limits(HUNTED_MAX)
        self.tell = tell
        self.families: dict[str, Family] = {}
        self.bases: dict[str, Found] = {}

    def rows(
        self, numbers: Iterable[int] | None = None, made: Callable[[Row], None] | None = None
    ) -> list[Row]:
        """The fates of the swaps of those numbers, or of all; `made` hears of each when it is known.

        All of them climb together, so that most are decided before the larger rungs are searched.
        """
        wanted = range(len(self.swaps)) if numbers is None else tuple(numbers)
        open_ = {number: Attempt(self.swaps[number], title_of(self.swaps[number])) for number in wanted}
        rows: dict[int, Row] = {}

        def decided(number: int, row: Row) -> None:
            del open_[number]
            rows[number] = row
            if made:
                made(row)

        for rung in (rung for rung in self.registry.rung if rung.ladder):
            for number, attempt in tuple(open_.items()):
                if row := self.killed_in(rung, number, attempt):
                    decided(number, row)
            self.families.pop(rung.name, None)
        for rung in (rung for rung in self.registry.rung if not rung.ladder):
            for number, attempt in tuple(open_.items()):
                if row := self.hunted_in(rung, number, attempt):
                    decided(number, row)
            self.families.pop(rung.name, None)
        for number, attempt in tuple(open_.items()):
            decided(number, self.row_of_survivor(attempt))
        return [rows[number] for number in wanted]

    def killed_in(self, rung: Rung, number: int, attempt: Attempt) -> Row | None:
        """The row of a swap that breaks something in `rung`; else `attempt` keeps what was seen."""
        family = self.family(rung)
        try:
            result = self.search(family.member(number), f"{attempt.change} in {rung.name}")
        except LayoutError as error:
            attempt.ended = attempt.ended or f"{rung.name}: {error.message}"
            return None
        attempt.searched += result.distinct
        if result.cex:
            return self.killed_row(attempt.change, rung.name, rung_cfg(rung), result, result.cex.violated)
        if not result.complete:
            attempt.ended = attempt.ended or f"{rung.name}: {result.detail}"
            return None
        base = self.base(rung)
        if (result.distinct, result.generated) != (base.distinct, base.generated):
            attempt.differing.append(rung.name)
        gone = [name for name in reached(base) if name not in reached(result)]
        attempt.lost = attempt.lost or ((gone[0], rung, result) if gone else None)
        return None

    def hunted_in(self, rung: Rung, number: int, attempt: Attempt) -> Row | None:
        """The row of a swap that breaks something in `rung`, as far as that is searched. One that starves the
        model or is explained is not looked for."""
        if attempt.lost or self.reason(attempt.swaps):
            return None
        member = self.family(rung).member(number)
        try:
            result = self.search(member, f"{attempt.change} in {rung.name}", self.hunt_limits)
        except LayoutError:
            return None
        if result.cex is None:
            return None
        return self.killed_row(attempt.change, rung.name, rung_cfg(rung), result, result.cex.violated)

    def row_of_survivor(self, attempt: Attempt) -> Row:
        """The row of a swap that breaks no safety."""
        broken = None
        if not attempt.lost and not self.reason(attempt.swaps):
            broken = self.live_row(attempt.change, attempt.swaps)
        return broken or self.survivor(attempt)

    def family(self, rung: Rung) -> Family:
        if rung.name not in self.families:
            if self.tell:
                self.tell(f"{rung.name}: compiling", None)
            cfg = rung_cfg(rung)
            invariants, properties = applying(self.registry, cfg)
            checked = replace(
                cfg, invariants=(*invariants, *RAFT.negations), properties=properties, check_deadlock=True
            )
            self.families[rung.name] = Family(checked, self.swaps)
        return self.families[rung.name]

    def base(self, rung: Rung) -> Found:
        """The rung with every guard in place."""
        if rung.name not in self.bases:
            self.bases[rung.name] = self.search(self.family(rung).member(-1), rung.name)
        return self.bases[rung.name]

    def search(self, member: Member, label: str, limits: Limits | None = None) -> Found:
        goal = member.task.goal
        claims = [name for name in (*goal.invariants, *goal.properties) if not name.startswith(NEVER)]
        tell = self.tell
        progress = (lambda reached: tell(label, reached)) if tell else None
        return member.search((*claims, DEADLOCK), limits or self.limits, progress)

    def killed_row(self, change: str, place: str, cfg: Cfg, found: Found, killer: str) -> Row:
        """The row of a swap that broke `killer` in the bounds of `cfg`, which `place` names."""
        bounds = f"{place}: {bounds_text(cfg)}"
        return Row(
            name=change, topic=TOPIC, change=change, bounds=bounds, fate=Fate.killed, killed_by=killer,
            states=states_of(found.cex), distinct=found.distinct, seconds=round(found.seconds, 2),
            first=no_later(found), line=line_of(found.cex) if found.cex else "",
            why=found.cex.witness if found.cex else (),
        )  # fmt: skip

    def live_row(self, change: str, swaps: Swaps) -> Row | None:
        """The row of a swap that breaks liveness, if it does."""
        for ground, hole in live_grounds(self.registry).items():
            if swaps.keys() & read_cfg(find_cfg(hole.cfg)).swaps.keys():
                continue
            if self.tell:
                self.tell(f"{change} in {ground}", None)
            cfg = hole_cfg(self.registry, msgspec.structs.replace(hole, swaps=dict(swaps)))
            result = check_task(prepare_cfg(cfg), limits=self.limits)
            if result.violated and result.verdict is not Verdict.ERROR:
                return self.killed_row(change, ground, cfg, found_by(result), result.violated)
        return None

    def reason(self, swaps: Swaps) -> str:
        """Why a swap breaks nothing: it says what the guard says, or the registry knows; empty if not."""
        if all(same(RAFT.functions[guard], RAFT.functions[mutant]) for guard, mutant in swaps.items()):
            return "This is what the guard says itself."
        reasons = {item.swap: item.reason for item in self.registry.explained}
        reasons |= {hole.title: hole.control for hole in self.registry.hole if hole.control}
        return reasons.get(title_of(swaps)) or reasons.get(title_of(first_named(swaps)), "")

    def survivor(self, attempt: Attempt) -> Row:
        change, ended = attempt.change, attempt.ended
        row = Row(change, TOPIC, change, "all rungs", Fate.survived, distinct=attempt.searched)
        reason = self.reason(attempt.swaps)
        if attempt.lost:
            witness, rung, result = attempt.lost
            note = f"safe, but {witness} is not reached in {rung.name} (all {result.distinct:,} states)"
            return msgspec.structs.replace(row, fate=Fate.starved, bounds=rung.name, note=note)
        if reason:
            return msgspec.structs.replace(row, fate=Fate.explained, note=reason)
        if ended:
            return msgspec.structs.replace(row, fate=Fate.undetermined, note=f"nothing broke, but {ended}")
        if attempt.differing:
            note = f"other states in {', '.join(attempt.differing)}, and all of them safe"
        else:
            note = "the same states in every rung: nothing here needs the guard"
        return msgspec.structs.replace(row, note=note)


def title_of(swaps: Swaps) -> str:
    """`Guard <- Mutant`, all of them."""
    return ", ".join(f"{guard} <- {mutant}" for guard, mutant in swaps.items())


def first_named(swaps: Swaps) -> Swaps:
    """The same swaps, each by the first mutant that says the same."""
    return {
        guard: next((name for name, other in MUTANTS.items() if same(other, RAFT.functions[mutant])), mutant)
        for guard, mutant in swaps.items()
    }


def same(one: Function | Constant, other: Function | Constant) -> bool:
    """Whether two operators are the same but for their names: equal parameters and text, or one constant."""
    return _said(one) == _said(other)


@cache
def _said(operator: Function | Constant) -> str:
    if isinstance(operator, Constant):
        return f"{operator.arity}: Return(value=Constant(value={operator.value}))"
    definition = next(
        node for node in ast.parse(inspect.getsource(operator)).body if isinstance(node, ast.FunctionDef)
    )
    body = definition.body[1:] if ast.get_docstring(definition) else definition.body
    if len(body) == 1 and isinstance(body[0], ast.Return) and isinstance(body[0].value, ast.Constant):
        return f"{len(definition.args.args) - 1}: {ast.dump(body[0])}"
    return f"{ast.dump(definition.args)}: {[ast.dump(line) for line in body]}"


def live_grounds(registry: Registry) -> dict[str, Hole]:
    """Where liveness holds, and falls of some swap of the registry: one such hole for each cfg and its
    settings, by both."""
    found: dict[str, Hole] = {}
    for hole in registry.hole:
        if hole.violates not in RAFT.liveness or not hole.swaps:
            continue
        if not hole.swaps.keys() & read_cfg(find_cfg(hole.cfg)).swaps.keys():
            settings = [f"{name} = {setting_text(value)}" for name, value in hole.set.items()]
            found.setdefault(", ".join([hole.cfg, *settings]), hole)
    return found


def reached(result: Found) -> list[str]:
    """The witnesses that a search came upon."""
    return [name.removeprefix(NEVER) for name in result.lengths if name.startswith(NEVER)]


def try_all(
    registry: Registry,
    *,
    limits: Limits | None = None,
    tell: Tell | None = None,
    made: Callable[[Row], None] | None = None,
) -> list[Row]:
    """A row for each guard with each mutant that fits it; `made` hears of each when it is known."""
    return Climb(registry, fitting_swaps(), limits, tell).rows(made=made)


def try_swaps(
    registry: Registry,
    swaps: Swaps,
    *,
    limits: Limits | None = None,
    toolchain: Toolchain | None = None,
    tell: Tell | None = None,
) -> Row:
    """The row of one swap, or of several that act together; with a `toolchain` TLC is asked about what killed
    it. Raises CfgError for a swap that makes no sense, UsageError for one of other parameters."""
    _refuse_other_kinds(swaps)
    catalogue = list(fitting_swaps())
    if dict(swaps) not in catalogue:
        catalogue.append(dict(swaps))
    (row,) = Climb(registry, catalogue, limits, tell).rows([catalogue.index(dict(swaps))])
    if toolchain is None or row.fate is not Fate.killed:
        return row
    hole = _as_hole(registry, row, swaps)
    return msgspec.structs.replace(row, tlc=ask_tlc(hole_cfg(registry, hole), row, hole, toolchain))


def _refuse_other_kinds(swaps: Swaps) -> None:
    """Raises UsageError for a mutant whose parameters are of other kinds than its guard's: to TLC all are
    values, and it would go wrong somewhere inside."""
    for guard, mutant in swaps.items():
        asked, given = RAFT.functions.get(guard), RAFT.functions.get(mutant)
        if asked is None or given is None or isinstance(asked, Constant) or isinstance(given, Constant):
            continue
        if _kinds(asked) != _kinds(given):
            fitting = [name for name, other in MUTANTS.items() if _fits(asked, other)]
            raise UsageError(
                f"{mutant} has {_kinds(given)}, {guard} has {_kinds(asked)}",
                mend=f"swap in {', '.join(fitting)}"
                if fitting
                else "swap in an operator of the same parameters",
            )


def _kinds(operator: Function) -> str:
    """Its parameters behind the state, in words."""
    words = {"int": "a server or a number", "Message": "a message"}
    kinds = list(operator.__annotations__.values())[1:-1]
    return ", ".join(words.get(kind, kind) for kind in kinds) or "no parameter"


def _as_hole(registry: Registry, row: Row, swaps: Swaps) -> Hole:
    """The hole that a killed swap is: its bounds begin with the name of the rung, or with a ground of
    liveness."""
    place = row.bounds.partition(":")[0]
    ground = live_grounds(registry).get(place)
    return Hole(
        name="tried",
        topic=TOPIC,
        tempting="",
        story="",
        swaps=dict(swaps),
        rung="" if ground else place,
        cfg=ground.cfg if ground else "",
        set=ground.set if ground else {},
        violates=row.killed_by,
        length=row.states,
    )


@cache
def fitting_swaps() -> tuple[Mapping[str, str], ...]:
    """Each guard with TRUE and FALSE if it says yes or no, and with each named mutant of its parameters and
    the same kind of value otherwise."""
    found = []
    for guard in RAFT.guards:
        source = RAFT.functions[guard]
        for name, mutant in MUTANTS.items():
            if _fits(source, mutant):
                found.append({guard: name})
    return tuple(found)


def _fits(guard: Function | Constant, mutant: Function | Constant) -> bool:
    """Whether the mutant gives the same kind of value, of parameters of the same kinds."""
    if isinstance(guard, Constant):
        return False
    kinds = guard.__annotations__
    is_bool = kinds.get("return") == "bool"
    if isinstance(mutant, Constant):
        return is_bool and mutant.arity == guard.__code__.co_argcount - 1
    return not is_bool and list(mutant.__annotations__.values()) == list(kinds.values())
