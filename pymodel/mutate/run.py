"""The known holes, searched: each must die of the property that the registry names, after as many states.

Holes with equal constants share one compilation (family.py). All properties that apply are checked, so that
a row can say what broke first; the search goes on until the named one does. With a toolchain TLC answers the
same question, the named property alone, from a cfg written for it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import msgspec

from pymodel.cfg import Cfg
from pymodel.cfg_edit import cfg_text
from pymodel.check import check_task, prepare_cfg
from pymodel.engine.contract import NEVER
from pymodel.engine.goal import DEADLOCK, Limits, Progress
from pymodel.engine.result import Counterexample, Verdict
from pymodel.errors import UsageError
from pymodel.mutate.family import Family, Found, Swaps, found_by
from pymodel.mutate.registry import STATE_CLAIMS, STEP_CLAIMS, Hole, Registry, applying, hole_cfg
from pymodel.mutate.row import Fate, Row, TlcAnswer
from pymodel.raft.model import RAFT
from pymodel.raft.story import story
from pymodel.specfiles import find_module
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain

TLC_TIMEOUT_S = 60.0
STATES_MAX = 10_000_000

Tell = Callable[[str, Progress | None], None]


@dataclass(frozen=True)
class Given:
    """A hole and its cfg, ready to run."""

    hole: Hole
    cfg: Cfg

    @property
    def plain(self) -> Cfg:
        """The cfg without the swaps of the hole and without its properties: what a family shares."""
        kept = {name: swap for name, swap in self.cfg.swaps.items() if name not in self.hole.swaps}
        return replace(
            self.cfg, path=Path(), name="", swaps=kept, swap_modules={}, lines={}, invariants=(),
            properties=(), check_deadlock=False,
        )  # fmt: skip

    @property
    def lives(self) -> bool:
        """Whether it is liveness that it breaks."""
        return any(name in RAFT.liveness for name in self.cfg.properties)


def run_holes(
    registry: Registry,
    holes: Sequence[Hole],
    *,
    limits: Limits | None = None,
    toolchain: Toolchain | None = None,
    tell: Tell | None = None,
) -> list[Row]:
    """A row for each of `holes`, in that order; with a `toolchain` TLC is asked too."""
    given = [Given(hole, hole_cfg(registry, hole)) for hole in holes]
    rows: dict[str, Row] = {}
    for item in given:
        if item.lives:
            rows[item.hole.name] = _live_row(item, limits, tell)
    rest = sorted((item for item in given if not item.lives), key=_key)
    for _, group in groupby(rest, key=_key):
        rows |= _family_rows(registry, list(group), limits, tell)
    if toolchain:
        for item in given:
            if tell:
                tell(f"{item.hole.name}: TLC", None)
            row = rows[item.hole.name]
            rows[row.name] = msgspec.structs.replace(row, tlc=ask_tlc(item.cfg, row, item.hole, toolchain))
    return [rows[item.hole.name] for item in given]


def _key(item: Given) -> str:
    """Equal for holes that share a compilation."""
    return cfg_text(item.plain)


def _family_rows(
    registry: Registry, group: list[Given], limits: Limits | None, tell: Tell | None
) -> dict[str, Row]:
    """The rows of holes that share all but swaps and properties."""
    plain = group[0].plain
    invariants, properties = applying(registry, plain)
    asked = [item.hole.violates for item in group if item.hole.violates]
    invariants += tuple(dict.fromkeys(n for n in asked if n in STATE_CLAIMS and n not in invariants))
    properties += tuple(dict.fromkeys(n for n in asked if n in STEP_CLAIMS and n not in properties))
    deadlock = DEADLOCK in asked
    cfg = replace(plain, invariants=invariants, properties=properties, check_deadlock=deadlock)
    if tell:
        tell(f"compiling for {len(group)} holes", None)
    family = Family(cfg, [item.hole.swaps for item in group])
    rows = {}
    for number, item in enumerate(group):
        hole = item.hole
        until = (hole.violates,) if hole.violates else (*invariants, *properties)
        progress = _progress(tell, hole.name)
        found = family.member(number).search(until, limits or Limits(STATES_MAX), progress)
        rows[hole.name] = row_of(hole, cfg, found)
    return rows


def _progress(tell: Tell | None, name: str) -> Callable[[Progress], None] | None:
    return (lambda reached: tell(name, reached)) if tell else None


def _live_row(item: Given, limits: Limits | None, tell: Tell | None) -> Row:
    task = prepare_cfg(item.cfg)
    result = check_task(task, limits=limits or Limits(STATES_MAX), progress=_progress(tell, item.hole.name))
    return row_of(item.hole, item.cfg, found_by(result))


def row_of(hole: Hole, cfg: Cfg, found: Found) -> Row:
    """What was `found` of `hole`."""
    fate, note = _fate(hole, found)
    cex = found.cex
    killer = cex.violated if cex else next(iter(found.lengths), "")
    return Row(
        name=hole.name,
        topic=hole.topic,
        change=hole.title,
        bounds=bounds_text(cfg),
        fate=fate,
        killed_by=killer,
        states=states_of(cex),
        distinct=found.distinct,
        seconds=round(found.seconds, 2),
        first=no_later(found),
        line=line_of(cex) if cex else "",
        why=cex.witness if cex else (),
        note=note or hole.control,
        tempting=hole.tempting,
        story=hole.story,
        source=hole.source,
    )


def _fate(hole: Hole, found: Found) -> tuple[Fate, str]:
    broken = next(iter(found.lengths), "")
    if hole.control:
        if broken:
            return Fate.broken, f"a control, but {broken} is violated"
        return (Fate.safe, "") if found.complete else (Fate.undetermined, found.detail)
    if hole.violates not in found.lengths:
        if not found.complete and not broken:
            return Fate.undetermined, found.detail
        return (Fate.other if broken else Fate.survived), f"{hole.violates} is not violated"
    states = states_of(found.cex)
    if states != hole.length:
        return Fate.other, f"violated after {states} states, {hole.length} are on record"
    return Fate.killed, ""


def states_of(cex: Counterexample | None) -> int:
    """How many states a shortest behaviour has; 0 for none and for a lasso."""
    return 0 if cex is None or cex.loop is not None else cex.length


def no_later(found: Found) -> tuple[str, ...]:
    """What else is violated with as few states as the counterexample has, or fewer, each with its number."""
    cex = found.cex
    if cex is None or cex.loop is not None:
        return ()
    return tuple(
        f"{name} ({length})"
        for name, length in found.lengths.items()
        if name != cex.violated and length <= cex.length and not _only_looked_for(name)
    )


def _only_looked_for(name: str) -> bool:
    """Whether a violation of `name` is no fault: it is false of the system as it should be."""
    return name.startswith(NEVER) or name in RAFT.anti_invariants or name in RAFT.anti_properties


def line_of(cex: Counterexample) -> str:
    """The behaviour in one line, and where it goes on forever, that too."""
    text = story([(step.action, step.params, step.state) for step in cex.steps])
    if cex.loop is None:
        return text
    return f"{text}; and so on forever from state {cex.loop + 1}" if cex.closing else f"{text}; forever"


def bounds_text(cfg: Cfg) -> str:
    """`3 servers, term 2, log 1, 1 message, restart`: the bounds that make it small or large."""
    get = cfg.constants.get

    def number(name: str, what: str) -> str:
        count = len(cfg.orders[name]) if name in cfg.orders else get(name)
        return f"{count} {what}" + ("" if count == 1 else "s")

    parts = [number("Server", "server"), f"term {get('MaxTerm')}", f"log {get('MaxLogLen')}"]
    parts.append(number("MaxMessages", "message"))
    if get("LeasePolicy") != "None":
        parts.append(f"ET {get('ElectionTicks')}, LT {get('LeaseTicks')}, skew {get('ClockSkew')}")
    faults = get("Faults")
    parts += sorted(map(str, faults)) if isinstance(faults, frozenset) else []
    return ", ".join(parts) + (", symmetry" if cfg.symmetry else "")


def ask_tlc(cfg: Cfg, row: Row, hole: Hole, toolchain: Toolchain) -> TlcAnswer:
    """TLC on `cfg`, which checks TypeOK and the named property alone."""
    with tempfile.TemporaryDirectory(prefix="termfence-hole-") as folder:
        path = Path(folder).resolve() / f"{cfg.name}.cfg"
        path.write_text(cfg_text(cfg), encoding="utf-8")
        result = tlc_check(find_module(path, RAFT.module), path, timeout_s=TLC_TIMEOUT_S, toolchain=toolchain)
    cex = result.counterexample
    lasso = cex is not None and cex.loop is not None
    states = cex.length if cex and not lasso else 0
    if result.verdict is Verdict.UNDETERMINED:
        agrees: bool | None = None
    elif hole.control or row.fate is Fate.survived:
        agrees = result.ok == (row.fate in (Fate.safe, Fate.survived))
    else:
        agrees = row.killed_by in (result.violated or "").split(" or ") and states == row.states
    return TlcAnswer(
        result.verdict.name, result.violated or "", states, round(result.seconds["total"], 1), agrees
    )


def write_cfgs(registry: Registry, holes: Sequence[Hole], folder: Path) -> list[Path]:
    """A cfg for each of `holes` in `folder`, as TLC takes it beside MC.tla. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for hole in holes:
        path = folder / f"{hole.name}.cfg"
        head = f"{hole.violates}: {hole.story}" if hole.violates else f"Safe: {hole.control}"
        path.write_text(cfg_text(hole_cfg(registry, hole), head), encoding="utf-8")
        written.append(path)
    return written


def swaps_of(texts: Sequence[str]) -> Swaps:
    """The swaps that texts such as `Guard <- Mutant` ask for. Raises UsageError."""
    found: dict[str, str] = {}
    for text in texts:
        guard, arrow, mutant = (part.strip() for part in text.partition("<-"))
        if not (guard and arrow and mutant):
            raise UsageError(f"{text!r} is no swap", mend="write 'Guard <- Mutant', in quotes")
        found[guard] = mutant
    return found
