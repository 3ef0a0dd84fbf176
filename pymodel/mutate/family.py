"""Several swaps of one cfg, compiled together and searched one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pymodel.cfg import Cfg
from pymodel.cfg_edit import changed
from pymodel.check import Task, prepare_cfg
from pymodel.engine.explain import counterexample
from pymodel.engine.goal import Limits, Plan, Progress
from pymodel.engine.result import CheckResult, Counterexample, Verdict
from pymodel.engine.search import Search, compile_search
from pymodel.engine.variants import Compiled

Swaps = Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """What a search came upon: for each violated name how many states show it, fewest first; and the
    counterexample of the first that was looked for. `complete`: all states were searched."""

    lengths: Mapping[str, int]
    cex: Counterexample | None
    distinct: int
    generated: int
    complete: bool
    detail: str
    seconds: float


@dataclass(frozen=True)
class Member:
    """One of the family, ready to search."""

    task: Task
    compiled: Compiled

    def search(
        self,
        until: Iterable[str],
        limits: Limits | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Found:
        """The search up to the level that violates one of `until`; of those the first is explained."""
        wanted = tuple(until)
        plan = Plan(keep_going=True, until=wanted)
        task = self.task
        with Search(task.instance, task.goal, plan, task.cfg.name, self.compiled) as search:
            search.run(limits, progress)
            shown = [violation for violation in search.violations if violation.name in wanted]
            return Found(
                lengths={violation.name: violation.length for violation in search.violations},
                cex=counterexample(search, shown[0]) if shown else None,
                distinct=search.count,
                generated=search.generated,
                complete=search.complete,
                detail=f"ended by {search.ended_by}" if search.ended_by else "",
                seconds=search.seconds,
            )


class Family:
    """The swaps `members` of `cfg`, which says what is checked of each. Raises CfgError for a bad swap."""

    def __init__(self, cfg: Cfg, members: Sequence[Swaps]) -> None:
        self.base = prepare_cfg(cfg)
        self.tasks = [prepare_cfg(changed(cfg, swaps=dict(swaps))) for swaps in members]
        instances = [task.instance for task in self.tasks]
        self.compiled = compile_search(self.base.instance, self.base.goal, variants=instances)

    def member(self, number: int) -> Member:
        """The one with the swaps `members[number]`; -1 is the cfg as it is."""
        task = self.base if number < 0 else self.tasks[number]
        return Member(task, replace(self.compiled, variant=number + 1))


def found_by(result: CheckResult) -> Found:
    """The same of a check that stopped at the first violation."""
    cex = result.counterexample
    violated = {result.violated: cex.length if cex else 0} if result.violated else {}
    return Found(
        lengths=violated,
        cex=cex,
        distinct=result.distinct,
        generated=result.generated,
        complete=result.verdict is Verdict.OK,
        detail=result.detail,
        seconds=result.seconds.get("search", 0.0) + result.seconds.get("liveness", 0.0),
    )
