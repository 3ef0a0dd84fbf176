"""Whether every action fired that has to: what never happened was not checked.

An action counts as fired if it produced a successor, be it outside the constraint. Those of features that the
cfg leaves out are no part of its protocol and not counted. Why another did not fire is not asked: whoever
disables it by a swap or a constant knows, and allows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pymodel.engine.result import CheckResult
from pymodel.errors import CoverageError, UsageError
from pymodel.report.facts import never_fired_text


def allowed_actions(lists: Iterable[str], known: Sequence[str]) -> frozenset[str]:
    """The actions named in comma-separated `lists`. Raises UsageError for one that is not in `known`."""
    names = [name.strip() for text in lists for name in text.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"no action of the name {unknown[0]!r}", mend=f"the actions are {', '.join(known)}")
    return frozenset(names)


def never_fired(result: CheckResult, allowed: frozenset[str]) -> tuple[str, ...]:
    """The actions of `result` without a successor, in its order, but those `allowed`."""
    return tuple(row.action for row in result.coverage if row.generated == 0 and row.action not in allowed)


def needlessly_allowed(result: CheckResult, allowed: frozenset[str]) -> tuple[str, ...]:
    """Those of `allowed` that fired."""
    return tuple(row.action for row in result.coverage if row.generated and row.action in allowed)


def coverage_error(actions: Sequence[str]) -> CoverageError:
    """The error for `actions` that never fired, at least one."""
    return CoverageError(
        never_fired_text(actions),
        mend="raise the bounds, or name what cannot fire under this cfg in --allow-never-fired",
    )
