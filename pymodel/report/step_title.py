"""A step's heading: its action with the parameters, a message shortened where a change spells it out; and
how a lasso goes on behind its last step."""

from __future__ import annotations

from pymodel.engine.result import Counterexample, Step
from pymodel.report.diff import Change, diff_states
from pymodel.report.pretty import compact, is_message, message_head, printable
from pymodel.values import Value


def step_title(step: Step, changes: tuple[Change, ...]) -> str:
    """`Timeout(i = s1)`, or the bare action if it has no parameters."""
    params = step_params(step, changes)
    return printable(step.action) + (f"({params})" if params else "")


def step_params(step: Step, changes: tuple[Change, ...]) -> str:
    """`i = s1, j = s2` in the action's order; a message among `changes` is named by its head alone."""
    spelt_out = [value for change in changes for value in (change.before, change.after)]

    def words(value: Value) -> str:
        return message_head(value) if is_message(value) and value in spelt_out else compact(value)

    return ", ".join(f"{printable(name)} = {words(value)}" for name, value in step.params.items())


def loop_title(cex: Counterexample) -> str:
    """`back to state 2, forever: Leave(i = p1)`, or that the last state stays; empty if there is no loop."""
    if cex.loop is None:
        return ""
    if cex.closing is None:
        return f"stuttering: state {cex.loop + 1} stays forever"
    changes = diff_states(cex.steps[-1].state, cex.closing.state)
    return f"back to state {cex.loop + 1}, forever: {step_title(cex.closing, changes)}"
