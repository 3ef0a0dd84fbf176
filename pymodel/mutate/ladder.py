"""A swap that nobody has listed: tried in one rung after the other until something breaks.

A swap is killed if a property fails. It starves the model if nothing fails, but a witness that the guard
lets happen is not reached any more, with all states searched. Of the others some break liveness. Otherwise
nothing that is checked tells the swap from the guard in these bounds: the registry says why, or it survives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import msgspec

from pymodel.cfg import read_cfg
from pymodel.cfg_edit import changed
from pymodel.check import check_task, prepare_cfg
from pymodel.engine.contract import NEVER, Constant, Function
from pymodel.engine.goal import DEADLOCK, Limits
from pymodel.engine.result import Verdict
from pymodel.errors import LayoutError
from pymodel.mutate.family import Family, Found, Member, Swaps, found_by
from pymodel.mutate.registry import Hole, Registry, Rung, applying, hole_cfg, rung_cfg
from pymodel.mutate.row import Fate, Row
from pymodel.mutate.run import Tell, ask_tlc, bounds_text, line_of, no_later, states_of
from pymodel.raft.model import RAFT
from pymodel.raft.mutants import MUTANTS
from pymodel.specfiles import find_cfg
from pymodel.tlc.locate import Toolchain

TOPIC = "Tried"
LIVE = ("liveness_election", "liveness", "liveness_lease")
"""The cfgs in which liveness holds, for swaps that break no safety."""
STATES_MAX = 3_000_000


class Climb:
    """The rungs of a registry, each compiled for all of `swaps` at once, when it is needed."""

    def __init__(self, registry: Registry, swaps: Sequence[Swaps], limits: Limits | None, tell: Tell | None):
        self.registry = registry
        self.swaps = [dict(item) for item in swaps]
        self.limits = limits or Limits(STATES_MAX)
        self.tell = tell
        self.families: dict[str, Family] = {}
        self.bases: dict[str, Found] = {}

    def row(self, number: int) -> Row:
        """The fate of the swap of that number."""
        swaps = self.swaps[number]
        change = ", ".join(f"{guard} <- {mutant}" for guard, mutant in swaps.items())
        lost: tuple[str, Rung, Found] | None = None
        searched, differing, ended = 0, [], ""
        for rung in (rung for rung in self.registry.rung if rung.ladder):
            family = self.family(rung)
            try:
                result = self.search(family.member(number), f"{change} in {rung.name}")
            except LayoutError as error:
                ended = ended or f"{rung.name}: {error.message}"
                continue
            searched += result.distinct
            if result.cex:
                bounds = f"{rung.name}: {bounds_text(rung_cfg(rung))}"
                return self.made(change, bounds, result, result.cex.violated)
            if not result.complete:
                ended = ended or f"{rung.name}: {result.detail}"
                continue
            base = self.base(rung)
            if (result.distinct, result.generated) != (base.distinct, base.generated):
                differing.append(rung.name)
            gone = [name for name in reached(base) if name not in reached(result)]
            lost = lost or ((gone[0], rung, result) if gone else None)
        if not lost and not self.reason(change) and (row := self.live_row(change, swaps)):
            return row
        return self.survivor(change, searched, differing, ended, lost)

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

    def search(self, member: Member, label: str) -> Found:
        goal = member.task.goal
        claims = [name for name in (*goal.invariants, *goal.properties) if not name.startswith(NEVER)]
        tell = self.tell
        progress = (lambda reached: tell(label, reached)) if tell else None
        return member.search((*claims, DEADLOCK), self.limits, progress)

    def made(self, change: str, bounds: str, found: Found, killer: str) -> Row:
        return Row(
            name=change, topic=TOPIC, change=change, bounds=bounds, fate=Fate.killed, killed_by=killer,
            states=states_of(found.cex), distinct=found.distinct, seconds=round(found.seconds, 2),
            first=no_later(found), line=line_of(found.cex) if found.cex else "",
            why=found.cex.witness if found.cex else (),
        )  # fmt: skip

    def live_row(self, change: str, swaps: Swaps) -> Row | None:
        """The row of a swap that breaks liveness, if it does."""
        for name in LIVE:
            cfg = read_cfg(find_cfg(name))
            if any(guard in cfg.swaps for guard in swaps):
                continue
            if self.tell:
                self.tell(f"{change} in {name}", None)
            result = check_task(prepare_cfg(changed(cfg, swaps=dict(swaps))), limits=self.limits)
            if result.violated and result.verdict is not Verdict.ERROR:
                return self.made(change, f"{name}: {bounds_text(cfg)}", found_by(result), result.violated)
        return None

    def reason(self, change: str) -> str:
        """Why the registry says that a swap breaks nothing; empty if it does not."""
        reasons = {item.swap: item.reason for item in self.registry.explained}
        reasons |= {hole.title: hole.control for hole in self.registry.hole if hole.control}
        return reasons.get(change, "")

    def survivor(
        self,
        change: str,
        searched: int,
        differing: list[str],
        ended: str,
        lost: tuple[str, Rung, Found] | None,
    ) -> Row:
        row = Row(change, TOPIC, change, "all rungs", Fate.survived, distinct=searched)
        reason = self.reason(change)
        if lost:
            witness, rung, result = lost
            note = f"safe, but {witness} is not reached in {rung.name} (all {result.distinct:,} states)"
            return msgspec.structs.replace(row, fate=Fate.starved, bounds=rung.name, note=note)
        if reason:
            return msgspec.structs.replace(row, fate=Fate.explained, note=reason)
        if ended:
            return msgspec.structs.replace(row, fate=Fate.undetermined, note=f"nothing broke, but {ended}")
        if differing:
            note = f"other states in {', '.join(differing)}, and all of them safe"
        else:
            note = "the same states in every rung: nothing here needs the guard"
        return msgspec.structs.replace(row, note=note)


def reached(result: Found) -> list[str]:
    """The witnesses that a search came upon."""
    return [name.removeprefix(NEVER) for name in result.lengths if name.startswith(NEVER)]


def try_all(registry: Registry, *, limits: Limits | None = None, tell: Tell | None = None) -> list[Row]:
    """A row for each guard with each mutant that fits it."""
    catalogue = fitting_swaps()
    climb = Climb(registry, catalogue, limits, tell)
    return [climb.row(number) for number in range(len(catalogue))]


def try_swaps(
    registry: Registry,
    swaps: Swaps,
    *,
    limits: Limits | None = None,
    toolchain: Toolchain | None = None,
    tell: Tell | None = None,
) -> Row:
    """The row of one swap, or of several that act together; with a `toolchain` TLC is asked about what killed
    it. Raises CfgError for a swap that makes no sense."""
    catalogue = list(fitting_swaps())
    if dict(swaps) not in catalogue:
        catalogue.append(dict(swaps))
    row = Climb(registry, catalogue, limits, tell).row(catalogue.index(dict(swaps)))
    if toolchain is None or row.fate is not Fate.killed:
        return row
    hole = _as_hole(registry, row, swaps)
    return msgspec.structs.replace(row, tlc=ask_tlc(hole_cfg(registry, hole), row, hole, toolchain))


def _as_hole(registry: Registry, row: Row, swaps: Swaps) -> Hole:
    """The hole that a killed swap is: its bounds begin with the name of the rung, or of a cfg of liveness."""
    place = row.bounds.partition(":")[0]
    is_rung = registry.rung_named(place) is not None
    return Hole(
        name="tried",
        topic=TOPIC,
        tempting="",
        story="",
        swaps=dict(swaps),
        rung=place if is_rung else "",
        cfg="" if is_rung else place,
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
    if isinstance(guard, Constant):
        return False
    kind = guard.__annotations__.get("return")
    if isinstance(mutant, Constant):
        return kind == "bool" and mutant.arity == guard.__code__.co_argcount - 1
    same_arity = mutant.__code__.co_argcount == guard.__code__.co_argcount
    return kind != "bool" and same_arity and mutant.__annotations__.get("return") == kind
