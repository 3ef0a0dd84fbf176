"""From recorded runs to verdicts, counterexamples and the errors that a user can mend."""

from __future__ import annotations

import pytest

from pymodel.engine.result import Verdict
from pymodel.errors import CfgError, SpecError, ToolError
from pymodel.tlc.outcome import Outcome, judge

from .recorded import SPECS, VARIABLES, cfg, modules, output, run

STATE = "\n@!@!@STARTMSG 2217:4 @!@!@\n1: <Initial predicate>\ncount = 0\n@!@!@ENDMSG 2217 @!@!@\n"


def judged(text: str, exit_code: int, of: str = "invariant", stderr: str = "") -> Outcome:
    return judge(run(text, exit_code, stderr=stderr), cfg(of), modules(), VARIABLES)


def message(code: int, severity: int, text: str) -> str:
    return f"@!@!@STARTMSG {code}:{severity} @!@!@\n{text}\n@!@!@ENDMSG {code} @!@!@\n"


VERSION = message(2262, 0, "TLC2 Version 2.15 of Day Month 20?? (rev: d5b5a7f)")


def test_success_needs_the_status_and_the_message() -> None:
    assert judged(output("bounded.txt"), 0).verdict is Verdict.OK


def test_success_with_another_status_is_no_verdict() -> None:
    outcome = judged(output("bounded.txt"), 1, stderr="OutOfMemoryError")
    assert outcome.verdict is Verdict.ERROR
    assert "exited 1" in outcome.detail and "OutOfMemoryError" in outcome.detail


def test_silence_is_no_success() -> None:
    outcome = judged(VERSION, 0)
    assert outcome.verdict is Verdict.ERROR
    assert "neither" in outcome.detail


def test_a_violation_with_status_zero_is_no_verdict() -> None:
    outcome = judged(output("continue.txt"), 0)
    assert outcome.verdict is Verdict.ERROR
    assert outcome.detail == "TLC exited 0, yet said: Invariant BelowTwo is violated."


def test_an_invariant_comes_with_its_behaviour() -> None:
    outcome = judged(output("invariant.txt"), 12)
    assert (outcome.verdict, outcome.violated) == (Verdict.INVARIANT, "BelowTwo")
    assert outcome.counterexample is not None
    assert [step.action for step in outcome.counterexample.steps] == ["Init", "Take", "Step", "Step"]
    assert outcome.counterexample.steps[-1].state["count"] == 2
    assert all(step.params == {} for step in outcome.counterexample.steps)


def test_newer_jars_give_the_parameters_by_the_names_of_the_definition() -> None:
    counterexample = judged(output("newer.txt"), 12).counterexample
    assert counterexample is not None
    assert [dict(step.params) for step in counterexample.steps] == [{}, {"h": "h1"}, {"h": "h1"}, {"h": "h1"}]


def test_liveness_is_named_by_the_cfg_and_says_how_the_behaviour_goes_on() -> None:
    outcome = judged(output("liveness.txt"), 13, of="liveness")
    assert (outcome.verdict, outcome.violated) == (Verdict.PROPERTY, "Arrives")
    assert outcome.counterexample is not None
    assert (outcome.counterexample.loop, outcome.counterexample.closing) == (2, None)
    loop = (
        output("liveness.txt")
        .replace("2218", "2122")
        .replace(
            "4: Stuttering", "2: Back to state: <Step line 12, col 3 to line 16, col 21 of module Counter>"
        )
    )
    back = judged(loop, 13, of="liveness").counterexample
    assert back is not None and back.closing is not None
    assert (back.loop, back.closing.action, back.closing.state) == (1, "Step", back.steps[1].state)


@pytest.mark.parametrize(
    ("code", "exit_code", "text", "verdict", "violated"),
    [
        (2110, 12, "Invariant BelowTwo is violated.", Verdict.INVARIANT, "BelowTwo"),
        (2112, 13, "Action property Grows is violated.", Verdict.PROPERTY, "Grows"),
        (2114, 11, "Deadlock reached.", Verdict.DEADLOCK, "deadlock"),
    ],
)
def test_each_violation_has_its_verdict_and_name(
    code: int, exit_code: int, text: str, verdict: Verdict, violated: str
) -> None:
    trace = message(2121, 1, "The behavior up to this point is:") + STATE
    outcome = judged(VERSION + message(code, 1, text) + trace, exit_code)
    assert (outcome.verdict, outcome.violated) == (verdict, violated)
    assert outcome.counterexample is not None and outcome.counterexample.length == 1


def test_a_position_is_turned_into_the_name_that_the_cfg_gives() -> None:
    grows = next(d.line for m in modules() for d in m.definitions if d.name == "SmallSteps")
    text = f"Action property line {grows}, col 15 to line {grows}, col 34 of module Counter is violated."
    conjunct = judged(VERSION + message(2112, 1, text), 13, of="conjunct")
    assert conjunct.violated == "GrowsSlowly"
    unknown = text.replace("module Counter", "module Elsewhere")
    assert "module Elsewhere" in (judged(VERSION + message(2112, 1, unknown), 13).violated or "")


def test_a_syntax_error_points_into_the_module_that_has_it() -> None:
    text = output("parse_error.txt").replace("SPECS", str(SPECS))
    with pytest.raises(SpecError) as caught:
        judged(text, 150)
    assert caught.value.path == SPECS / "Broken.tla"
    assert caught.value.line == 5
    assert "Beginning of definition" in caught.value.message


@pytest.mark.parametrize(
    ("loose", "line", "said"),
    [
        (
            "line 7, col 3 to line 7, col 9 of module Counter\n\nUnknown operator: `Foo'.\n",
            7,
            "Unknown operator: `Foo'.",
        ),
        (
            "***Parse Error***\n\n  Precedence conflict between ops \\lor in block line 9, col 5 to line 9",
            9,
            "Precedence conflict",
        ),
        (
            "Lexical error at line 3, column 12.  Encountered: x\nCould not parse module Counter from",
            3,
            "Lexical",
        ),
        ("Unknown location\n\nCannot find source file for module Nowhere", None, "module Nowhere"),
        ("something new", None, "something new"),
    ],
)
def test_each_complaint_of_the_parser_is_passed_on(loose: str, line: int | None, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        judged(VERSION + loose + "\n" + message(3002, 1, "Parsing or semantic analysis failed."), 150)
    assert said in caught.value.message
    assert caught.value.line == line
    if "module Counter" in loose:
        assert caught.value.path == SPECS / "Counter.tla"


@pytest.mark.parametrize(
    ("text", "exit_code", "line"),
    [
        (
            message(2229, 1, "The invariant BelowTwo specified in the configuration file\nis not defined"),
            151,
            2,
        ),
        (message(5006, 0, "TLC found an error in the configuration file at line 6"), 255, 6),
        (message(2222, 1, "The constant parameter Other is not assigned a value."), 151, None),
    ],
)
def test_what_tlc_says_of_the_cfg_is_passed_on_with_its_line(
    text: str, exit_code: int, line: int | None
) -> None:
    with pytest.raises(CfgError) as caught:
        judged(VERSION + text, exit_code)
    assert caught.value.line == line
    assert caught.value.path == SPECS / "invariant.cfg"


def test_a_failed_evaluation_is_an_error_with_its_place_and_cause() -> None:
    inner = "The exception was a java.lang.RuntimeException\n: Attempted to apply <<s1>> to 4"
    place = "\n".join(f"{k}. Line 1{k}, column 8 to line 1{k}, column 9 in Counter" for k in (0, 1))
    outcome = judged(VERSION + message(1000, 1, inner) + message(2103, 1, place), 75)
    assert outcome.verdict is Verdict.ERROR
    expected = "TLC could not evaluate the spec (line 11 of module Counter): Attempted to apply <<s1>> to 4"
    assert outcome.detail == expected


def test_a_timeout_is_undetermined_whatever_was_printed() -> None:
    timed_out = run(output("invariant.txt")[:900], -9, timed_out=True)
    outcome = judge(timed_out, cfg("invariant"), modules(), VARIABLES)
    assert outcome.verdict is Verdict.UNDETERMINED


def test_output_that_breaks_off_is_an_error() -> None:
    outcome = judged(VERSION + "@!@!@STARTMSG 2190:0 @!@!@\nFinished", 134, stderr="A fatal error: SIGSEGV")
    assert outcome.verdict is Verdict.ERROR
    assert "SIGSEGV" in outcome.detail


def test_no_output_at_all_means_that_tlc_did_not_start() -> None:
    with pytest.raises(ToolError, match="did not start: Unrecognized VM option"):
        judged("", 1, stderr="Unrecognized VM option 'UseParallelGC'\n")
