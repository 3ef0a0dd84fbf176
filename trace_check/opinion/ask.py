"""Asks TLC about a short log, as often as it takes: each run says where the log leaves the spec.

Where no explanation goes on, the next run takes that line as it is, its node as the line shows it. So the
whole log is walked, and what no behaviour of the spec could break is looked at behind that line too.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pymodel.cfg import read_cfg
from pymodel.engine.result import Verdict as Answer
from pymodel.errors import ToolError
from pymodel.specfiles import spec_folder
from pymodel.tlc.locate import Toolchain
from pymodel.tlc.module import read_modules
from pymodel.tlc.outcome import judge
from pymodel.tlc.parse import tool_name
from pymodel.tlc.run import Options, Run, run_tlc
from trace_check.event import Place
from trace_check.load import Log
from trace_check.opinion.data import Trace, trace_of, unfit
from trace_check.opinion.tla import module_text
from trace_check.replay.survey import Survey

LEFT_MAX = 12
"""After so many lines that are no step of the spec the log is about something else."""
TIMEOUT_S = 120.0
_MODULES = ("RaftFencing.tla", "Properties.tla", "TraceRaft.tla")
_DATA, _CFG, _SPEC = "TraceData.tla", "TraceRaft.cfg", "TraceRaft.tla"
_ACCEPTED = "TraceNotConsumed"
_CUT = Answer.UNDETERMINED
_SAID = re.compile(r'<<\s*"(reached|broken)",\s*(\d+),\s*(\d+)(?:,\s*\{([^}]*)\})?\s*>>')
_CFG_TEXT = f"""\\* Written by trace-check tlc; see TraceRaft.tla.
SPECIFICATION TraceSpec
CONSTANTS
  Server <- TraceServers
  Nil <- TraceNobody
  Write = {{w}}
  Read = {{}}
  ElectionTicks = 1
  LeaseTicks = 1
  ClockSkew = 1000000
  LeasePolicy = "SendTime"
  Snapshots = TRUE
  Features = {{}}
  Faults = {{"loss", "restart"}}
  History = {{}}
  HasQuorumContact <- AlwaysInContact
  OutcomeAtAppend <- IdleAtAppend
  CommitAfterRestart <- CommitShown
CONSTRAINT Followed
INVARIANT {_ACCEPTED}
"""


class Opinion(Enum):
    """What TLC says of a log."""

    BEHAVIOUR = "a behaviour of the spec"
    LEAVES = "no behaviour of the spec"
    BREAKS = "breaks what the spec keeps"
    NONE = "no opinion"


@dataclass(frozen=True)
class TlcOpinion:
    """TLC's opinion. `left` are the lines that no action of the spec explains, `broken` the properties that
    do not hold after the line at `broken_at`; `reason` says why there is no opinion, or no more of one."""

    opinion: Opinion
    tool: str = ""
    events: int = 0
    left: tuple[Place, ...] = ()
    broken: tuple[str, ...] = ()
    broken_at: Place | None = None
    reason: str = ""
    exact: bool = True
    runs: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Walked:
    """How far TLC came along one log: `reached` is the first line that it could not take (one more than there
    are if it took all), from 1. If each explanation of that line breaks something, `broken` is what all of
    them break, or what any does where they have nothing in common."""

    reached: int
    broken: tuple[str, ...]


def second_opinion(
    log: Log, toolchain: Toolchain, *, timeout_s: float = TIMEOUT_S, keep: Path | None = None
) -> TlcOpinion:
    """TLC's opinion of `log`. `timeout_s` bounds each run; what TLC was given last stays in `keep`, a folder.

    Raises: ToolError if TLC cannot be started.
    """
    return opinions([log], toolchain, timeout_s=timeout_s, keep=keep)[0]


def opinions(
    logs: Sequence[Log], toolchain: Toolchain, *, timeout_s: float = TIMEOUT_S, keep: Path | None = None
) -> list[TlcOpinion]:
    """TLC's opinions of several logs, which share its runs where they have the same servers.

    Raises: ToolError if TLC cannot be started.
    """
    cases = [_Case(log) for log in logs]
    while waiting := [case for case in cases if case.opinion is None]:
        together = [case for case in waiting if case.servers == waiting[0].servers]
        with _folder(keep) as folder:
            traces = [case.trace for case in together if case.trace is not None]
            run, answer = ask(folder, traces, toolchain, timeout_s)
        for case, walked in zip(together, walks(run, len(together)), strict=True):
            case.take(run, walked, f"TLC had not finished after {timeout_s:g} s" if answer is _CUT else "")
    return [case.opinion for case in cases if case.opinion is not None]


class _Case:
    """One log on its way to an opinion: where it was seen to leave the spec, and what TLC is asked next."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.survey = Survey.of(log.events)
        self.servers = self.survey.servers(log.configs)
        self.left: list[int] = []
        self.runs, self.seconds, self.tool = 0, 0.0, ""
        self.opinion: TlcOpinion | None = None
        self.trace: Trace | None = None
        reason = unfit(log, self.survey)
        if reason:
            self._end(Opinion.NONE, reason=reason)
        else:
            self._prepare()

    def _prepare(self) -> None:
        try:
            self.trace = trace_of(self.log, self.survey, frozenset(self.left))
        except ValueError as error:
            self._end(Opinion.NONE, reason=str(error))

    def take(self, run: Run, walked: Walked, unfinished: str) -> None:
        """Takes in how far TLC came."""
        self.runs, self.seconds = self.runs + 1, self.seconds + run.seconds
        self.tool = tool_name(run.messages)
        if walked.reached > len(self.log.events):
            self._end(Opinion.LEAVES if self.left else Opinion.BEHAVIOUR)
        elif unfinished:
            self._end(Opinion.NONE, reason=unfinished)
        elif walked.broken:
            at = self.log.events[walked.reached - 1].place
            self._end(Opinion.BREAKS, broken=walked.broken, broken_at=at)
        else:
            self.left.append(walked.reached - 1)
            if len(self.left) < LEFT_MAX:
                self._prepare()
            else:
                reason = f"{LEFT_MAX} lines are no step of the spec: the rest was not looked at"
                self._end(Opinion.LEAVES, reason=reason)

    def _end(
        self,
        opinion: Opinion,
        *,
        reason: str = "",
        broken: tuple[str, ...] = (),
        broken_at: Place | None = None,
    ) -> None:
        self.opinion = TlcOpinion(
            opinion,
            tool=self.tool,
            events=self.survey.events,
            left=tuple(self.log.events[index].place for index in self.left),
            broken=broken,
            broken_at=broken_at,
            reason=reason,
            exact=self.trace is None or self.trace.exact,
            runs=self.runs,
            seconds=self.seconds,
        )


def ask(folder: Path, traces: Sequence[Trace], toolchain: Toolchain, timeout_s: float) -> tuple[Run, Answer]:
    """One run of TLC on logs of the same servers, and whether it came to its end.

    Raises: ToolError if TLC cannot be started, or fails on the module.
    """
    for name in _MODULES:
        shutil.copyfile(spec_folder() / name, folder / name)
    (folder / _DATA).write_text(module_text(traces), encoding="ascii")
    cfg_text = _CFG_TEXT if len(traces) == 1 else _CFG_TEXT.replace(f"INVARIANT {_ACCEPTED}\n", "")
    (folder / _CFG).write_text(cfg_text, encoding="ascii")
    spec, cfg = folder / _SPEC, read_cfg(folder / _CFG)
    run = run_tlc(spec, cfg.path, toolchain, Options(check_deadlock=False, timeout_s=timeout_s))
    modules = read_modules(spec)
    variables = tuple(dict.fromkeys(name for module in modules for name in module.variables))
    outcome = judge(run, cfg, modules, variables)
    if outcome.verdict not in (Answer.OK, Answer.UNDETERMINED) and outcome.violated != _ACCEPTED:
        raise ToolError(f"TLC could not walk along the log: {outcome.detail or outcome.verdict.name}")
    return run, outcome.verdict


def walks(run: Run, logs: int) -> list[Walked]:
    """How far TLC came along each log."""
    reached = [1] * logs
    broken: dict[tuple[int, int], list[set[str]]] = {}
    for kind, log, line, names in _SAID.findall(run.loose):
        if kind == "reached":
            reached[int(log) - 1] = max(reached[int(log) - 1], int(line))
        else:
            broken.setdefault((int(log) - 1, int(line) - 1), []).append(set(re.findall(r"\w+", names)))
    return [Walked(line, _shared(broken.get((number, line), []))) for number, line in enumerate(reached)]


def _shared(broken: list[set[str]]) -> tuple[str, ...]:
    """What fails in every explanation, else what fails in any."""
    common = set.intersection(*broken) if broken else set()
    return tuple(sorted(common or set().union(*broken)))


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="termfence-trace-") as private:
        yield Path(private).resolve()
