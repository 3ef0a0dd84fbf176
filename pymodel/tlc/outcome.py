"""From what TLC printed to a verdict, a counterexample, or the error that the user can mend.

A verdict needs three agreeing witnesses: the exit status, the messages of severity 1, and for success
message 2193. Where they contradict each other the verdict is ERROR, with both in `detail`: the status
alone is known to lie (-continue and the distributed server exit 0 on a violation).
Source: tlc2.output.EC and its ExitStatus, each case seen with TLC 2.15.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pymodel.cfg import Cfg
from pymodel.engine.result import DEADLOCK, Counterexample, Step, Verdict
from pymodel.errors import CfgError, SpecError, ToolError
from pymodel.tlc.module import Module, defined_at, is_liveness, reached_from
from pymodel.tlc.parse import (
    BACK_TO_STATE,
    BUG,
    ERROR,
    STUTTERING,
    SUCCESS,
    VERSION,
    Message,
    TraceState,
    action_label,
    trace,
)
from pymodel.tlc.run import Run
from pymodel.tlc.values import parse_state, parse_values
from pymodel.values import Value

_VIOLATIONS = {
    2104: Verdict.ASSUMPTION,
    2107: Verdict.INVARIANT,
    2108: Verdict.PROPERTY,
    2110: Verdict.INVARIANT,
    2112: Verdict.PROPERTY,
    2114: Verdict.DEADLOCK,
    2116: Verdict.PROPERTY,
}
_INITIAL_VIOLATIONS = (2107, 2108)
_LIVENESS_VIOLATED = 2116
_TRACE_FOLLOWS = (2121, 2264)
_NESTED_EXPRESSIONS = 2103
_PARSE_CODES = (2171, 3002)
_CFG_CODES = (*range(2222, 2238), 2241, 2242, 2243, 2280, 2281, *range(5001, 5007))
_EXIT_PARSE, _EXIT_CFG = 150, 151
_NAMED = re.compile(
    r"(?:Invariant|Action property|Property|Assumption)\s+(.*?) is (?:violated|false)", re.DOTALL
)
_PLACE = re.compile(r"line (\d+), col \d+ to line \d+, col \d+ of module (\w+)")
_NESTED_PLACE = re.compile(r"Line (\d+), column \d+ to line \d+, column \d+ in (\w+)")
_BACK = re.compile(r"\s*(\d+): Back to state: <(.*)>", re.DOTALL)
_EXCEPTION = re.compile(r"The exception was a \S+ : (.*)")
_SEMANTIC = re.compile(rf"^{_PLACE.pattern}\s*\n\s*(\S[^\n]*)", re.MULTILINE)
_SYNTAX = re.compile(r"^((?:Was expecting|Encountered|Lexical error)\b[^\n]*)", re.MULTILINE)
_SYNTAX_LINE = re.compile(r"\bat line (\d+)|\bline (\d+), col")
_UNPARSED = (r"Could not parse module (\w+) from", r"Fatal errors while parsing TLA\+ spec in file (\w+)")
_PARSED = re.compile(r"^Parsing file (.+\.tla)\s*$", re.MULTILINE)
_UNPLACED = re.compile(r"Unknown location\s*\n\s*(\S[^\n]*)|(Precedence conflict [^\n]*)")


@dataclass(frozen=True)
class Outcome:
    """What one run says. `detail` explains ERROR and UNDETERMINED."""

    verdict: Verdict
    violated: str | None = None
    counterexample: Counterexample | None = None
    detail: str = ""


def judge(run: Run, cfg: Cfg, modules: Sequence[Module], variables: Sequence[str]) -> Outcome:
    """The outcome of `run`. Raises SpecError or CfgError for what the user must mend in a file, and
    ToolError if TLC did not start."""
    if run.timed_out:
        return Outcome(Verdict.UNDETERMINED, detail="the time allowed was over before TLC had finished")
    if not any(message.code == VERSION for message in run.messages):
        raise ToolError("TLC did not start: " + _last_lines(run.stderr or run.loose))
    errors = [message for message in run.messages if message.severity in (ERROR, BUG)]
    _raise_for_files(run, errors, cfg, modules)
    if run.cut_off:
        return Outcome(
            Verdict.ERROR, detail=f"TLC broke off (exit {run.exit_code}): {_last_lines(run.stderr)}"
        )
    if not errors:
        return _without_errors(run)
    verdict = _VIOLATIONS.get(errors[0].code)
    if verdict is None:
        return _failed_evaluation(run, errors, modules, variables)
    if run.exit_code != verdict.value:
        detail = f"TLC exited {run.exit_code}, yet said: {_one_line(errors[0].text)}"
        return Outcome(Verdict.ERROR, detail=detail)
    violated = _violated(errors[0], cfg, modules)
    steps = _steps(run, errors[0], modules, variables)
    counterexample = Counterexample(violated, steps) if steps else None
    if counterexample and errors[0].code == _LIVENESS_VIOLATED:
        counterexample = _lasso(counterexample, run.messages, modules)
    return Outcome(verdict, violated, counterexample)


def _without_errors(run: Run) -> Outcome:
    succeeded = any(message.code == SUCCESS for message in run.messages)
    if run.exit_code == 0 and succeeded:
        return Outcome(Verdict.OK)
    said = "that it succeeded" if succeeded else "neither that it succeeded nor why it failed"
    detail = f"TLC exited {run.exit_code} and said {said}. {_last_lines(run.stderr)}".strip()
    return Outcome(Verdict.ERROR, detail=detail)


def _failed_evaluation(
    run: Run, errors: Sequence[Message], modules: Sequence[Module], variables: Sequence[str]
) -> Outcome:
    """ERROR: TLC's text, where in the spec it happened, and the behaviour that leads there."""
    inner = [m for m in run.messages if m.severity == 0 and m.text and m.text in errors[0].text]
    text = "; ".join(_one_line(message.text) for message in inner[:1] or errors[:1])
    if exception := _EXCEPTION.search(text):
        text = exception[1]
    places = [p for m in errors if m.code == _NESTED_EXPRESSIONS for p in _NESTED_PLACE.findall(m.text)]
    where = f" (line {places[-1][0]} of module {places[-1][1]})" if places else ""
    detail = f"TLC could not evaluate the spec{where}: {text}"
    steps = _trace_steps(trace(run.messages, variables), modules)
    return Outcome(Verdict.ERROR, None, Counterexample("evaluation", steps) if steps else None, detail)


def _violated(error: Message, cfg: Cfg, modules: Sequence[Module]) -> str:
    """The name that the cfg gives to what was violated. TLC prints a position for a conjunct of a
    property, and nothing for liveness: then it is the one liveness property, or all of them."""
    if error.code == _LIVENESS_VIOLATED:
        named = [name for name in cfg.properties if is_liveness(modules, name)]
        return " or ".join(named or cfg.properties) or "a temporal property"
    found = _NAMED.search(error.text)
    if not found:
        return DEADLOCK
    place = _PLACE.fullmatch(found[1].strip())
    if not place:
        return found[1].strip()
    owner = defined_at(modules, place[2], int(place[1]))
    if owner is None:
        return found[1].strip()
    for name in (*cfg.invariants, *cfg.properties):
        if owner in reached_from(modules, name):
            return name
    return owner


def _steps(run: Run, error: Message, modules: Sequence[Module], variables: Sequence[str]) -> tuple[Step, ...]:
    if error.code in _INITIAL_VIOLATIONS:
        text = error.text.partition("initial state:")[2]
        return (Step("Init", {}, parse_state(text.strip("\n"), variables)),)
    if not any(message.code in _TRACE_FOLLOWS for message in run.messages):
        return ()
    return _trace_steps(trace(run.messages, variables), modules)


def _trace_steps(states: Sequence[TraceState], modules: Sequence[Module]) -> tuple[Step, ...]:
    return tuple(Step(s.action, _params(s.action, s.arguments, modules), s.state) for s in states)


def _params(action: str, arguments: str | None, modules: Sequence[Module]) -> Mapping[str, Value]:
    """The action's parameters by name; empty where the jar prints none."""
    if not arguments:
        return {}
    values = parse_values(arguments)
    names = next((d.params for m in modules for d in m.definitions if d.name == action), ())
    if len(names) != len(values):
        names = tuple(f"arg{position}" for position in range(1, len(values) + 1))
    return dict(zip(names, values, strict=True))


def _lasso(cex: Counterexample, messages: Sequence[Message], modules: Sequence[Module]) -> Counterexample:
    """`cex` with how it goes on: TLC prints a state number and an action, or that it stutters."""
    for message in messages:
        if message.code == STUTTERING:
            return replace(cex, loop=cex.length - 1)
        if message.code == BACK_TO_STATE and (found := _BACK.match(message.text)):
            loop = int(found[1]) - 1
            action, arguments = action_label(found[2])
            closing = Step(action, _params(action, arguments, modules), cex.steps[loop].state)
            return replace(cex, loop=loop, closing=closing)
    return cex


def _raise_for_files(run: Run, errors: Sequence[Message], cfg: Cfg, modules: Sequence[Module]) -> None:
    wrong_cfg = next((m for m in run.messages if m.code in _CFG_CODES), None)
    if run.exit_code == _EXIT_CFG or wrong_cfg:
        text = _one_line((wrong_cfg or errors[0]).text if wrong_cfg or errors else run.loose)
        raise CfgError(f"TLC: {text}", path=cfg.path, line=_cfg_line(text, cfg))
    if run.exit_code == _EXIT_PARSE or any(m.code in _PARSE_CODES for m in errors):
        raise _spec_error(run, modules)


def _cfg_line(text: str, cfg: Cfg) -> int | None:
    if stated := re.search(r"at line (\d+)", text):
        return int(stated[1])
    return next((cfg.lines[word] for word in re.findall(r"\w+", text) if word in cfg.lines), None)


def _spec_error(run: Run, modules: Sequence[Module]) -> SpecError:
    """The first thing that TLC's parser complains of, with the module's file and line."""
    paths = {module.name: module.path for module in modules}
    paths |= {
        Path(p).stem: Path(p) for p in re.findall(r"^Parsing file (.+\.tla)\s*$", run.loose, re.MULTILINE)
    }
    if semantic := _SEMANTIC.search(run.loose):
        return SpecError(semantic[3], path=paths.get(semantic[2], semantic[2]), line=int(semantic[1]))
    blamed = next((found[1] for text in _UNPARSED if (found := re.search(text, run.loose))), "")
    path = paths.get(blamed)
    if said := _SYNTAX.findall(run.loose):
        text = "; ".join(_one_line(line) for line in said[:2])
        return SpecError(text, path=path, line=_line_in(text))
    if unplaced := _UNPLACED.search(run.loose):
        text = _one_line(unplaced[1] or unplaced[2])
        return SpecError(text, path=path, line=_line_in(text))
    return SpecError("TLC cannot parse the spec: " + _last_lines(run.loose + "\n" + run.stderr), path=path)


def _line_in(text: str) -> int | None:
    found = _SYNTAX_LINE.search(text)
    return int(found[1] or found[2]) if found else None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _last_lines(text: str, count: int = 5) -> str:
    return _one_line(" ".join([line for line in text.splitlines() if line.strip()][-count:]))
