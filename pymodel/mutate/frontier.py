"""The safe-lease frontier: for which LeaseTicks no two servers can both think that they lead.

Each cell of ElectionTicks, LeaseTicks and ClockSkew is searched to the end on spec/frontier.cfg, or until
LeaseExclusion fails. A lease counts from a sending, a promise from a receipt, which is no earlier; meanwhile
two clocks can drift apart by 2 * ClockSkew. So the claim is LeaseTicks <= ElectionTicks - 2 * ClockSkew.
"""

from __future__ import annotations

import msgspec

from pymodel.cfg import Cfg, read_cfg, read_choices
from pymodel.cfg_edit import cfg_text, changed
from pymodel.check import check_task, prepare_cfg
from pymodel.engine.goal import Limits
from pymodel.engine.result import CheckResult, Verdict
from pymodel.mutate.run import Tell, line_of, states_of
from pymodel.raft.lease_rates import RATES
from pymodel.specfiles import find_cfg, spec_folder

CFG = "frontier"
RATES_CFG = "rates/lease_rates.cfg"
SPEEDS = ((1, 3), (2, 3), (4, 5), (9, 11))
SKEWS, ELECTION_TICKS, LEASE_TICKS = range(3), range(1, 5), range(1, 5)
STATES_MAX = 20_000_000


class Cell(msgspec.Struct, frozen=True):
    """One cell: `safe` by exhaustive search, unsafe by a shortest counterexample of `states` states, told in
    `line`; None if a limit ended the search. `distinct` states were searched."""

    clock_skew: int
    election_ticks: int
    lease_ticks: int
    safe: bool | None
    distinct: int
    states: int
    seconds: float
    line: str

    @property
    def claimed(self) -> bool:
        """Whether the formula calls it safe."""
        return self.lease_ticks <= self.election_ticks - 2 * self.clock_skew

    @property
    def agrees(self) -> bool:
        """Whether search and formula say the same; an undecided cell contradicts nothing."""
        return self.safe is None or self.safe == self.claimed


class Rate(msgspec.Struct, frozen=True):
    """The same of spec/rates/LeaseRates.tla: clocks that advance by `slow` to `fast` in a unit of time."""

    slow: int
    fast: int
    election_time: int
    lease_time: int
    safe: bool | None
    distinct: int
    states: int

    @property
    def claimed(self) -> bool:
        """Whether LeaseTime <= ElectionTime * (1 - rho) / (1 + rho), rho = (Fast - Slow) / (Fast + Slow)."""
        return self.lease_time * self.fast <= self.election_time * self.slow

    @property
    def agrees(self) -> bool:
        """Whether search and formula say the same; an undecided cell contradicts nothing."""
        return self.safe is None or self.safe == self.claimed


def rates(limits: Limits | None = None, tell: Tell | None = None) -> list[Rate]:
    """For some rates and timeouts the longest lease that the formula calls safe, and the next longer one."""
    found = []
    for slow, fast in SPEEDS:
        for election in (fast, 2 * fast):
            longest = election * slow // fast
            for lease in (longest, longest + 1):
                if tell:
                    tell(f"rates {slow} to {fast}, ElectionTime = {election}, LeaseTime = {lease}", None)
                result = check_task(
                    prepare_cfg(rate_cfg(slow, fast, election, lease), model=RATES), limits=limits
                )
                undecided = result.verdict is Verdict.UNDETERMINED
                safe = None if undecided else result.ok
                states = states_of(result.counterexample)
                found.append(Rate(slow, fast, election, lease, safe, result.distinct, states))
    return found


def rate_cfg(slow: int, fast: int, election: int, lease: int) -> Cfg:
    """The cfg of one cell of the model of rates."""
    wanted = {"Slow": slow, "Fast": fast, "ElectionTime": election, "LeaseTime": lease}
    return _with_numbers(read_cfg(spec_folder() / RATES_CFG), wanted)


def _with_numbers(cfg: Cfg, wanted: dict[str, int]) -> Cfg:
    return changed(cfg, {name: read_choices(str(value))[0] for name, value in wanted.items()})


def frontier(limits: Limits | None = None, tell: Tell | None = None) -> list[tuple[Cell, CheckResult]]:
    """All cells with what was found, skew by skew, then by ElectionTicks and LeaseTicks."""
    return [
        _searched(skew, election, lease, limits or Limits(STATES_MAX), tell)
        for skew in SKEWS
        for election in ELECTION_TICKS
        for lease in LEASE_TICKS
    ]


def cell_text(clock_skew: int, election_ticks: int, lease_ticks: int, comment: str = "") -> str:
    """The cfg of a cell, for `pymodel check` and for TLC."""
    return cfg_text(_cell_cfg(clock_skew, election_ticks, lease_ticks), comment)


def _cell_cfg(skew: int, election: int, lease: int) -> Cfg:
    wanted = {"ClockSkew": skew, "ElectionTicks": election, "LeaseTicks": lease}
    return _with_numbers(read_cfg(find_cfg(CFG)), wanted)


def _searched(
    skew: int, election: int, lease: int, limits: Limits, tell: Tell | None
) -> tuple[Cell, CheckResult]:
    label = f"ClockSkew = {skew}, ElectionTicks = {election}, LeaseTicks = {lease}"
    progress = (lambda reached: tell(label, reached)) if tell else None
    result = check_task(prepare_cfg(_cell_cfg(skew, election, lease)), limits=limits, progress=progress)
    cex = result.counterexample
    undecided = result.verdict is Verdict.UNDETERMINED
    cell = Cell(
        clock_skew=skew,
        election_ticks=election,
        lease_ticks=lease,
        safe=None if undecided else result.ok,
        distinct=result.distinct,
        states=states_of(cex),
        seconds=round(result.seconds["search"], 2),
        line=line_of(cex) if cex else "",
    )
    return cell, result
