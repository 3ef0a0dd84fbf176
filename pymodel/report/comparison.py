"""The text of a parity comparison: a table of what was compared, then what only one side has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pymodel.engine.result import CheckResult


class RowLike(Protocol):
    """One thing compared; `equal` is None where the row only informs."""

    @property
    def what(self) -> str: ...
    @property
    def ours(self) -> str: ...
    @property
    def tlc(self) -> str: ...
    @property
    def equal(self) -> bool | None: ...


class ComparisonLike(Protocol):
    """What pymodel.parity.Comparison offers; a protocol, since reports know data and not who makes it."""

    @property
    def cfg(self) -> str: ...
    @property
    def ours(self) -> CheckResult: ...
    @property
    def tlc(self) -> CheckResult: ...
    @property
    def rows(self) -> Sequence[RowLike]: ...
    @property
    def differences(self) -> Sequence[str]: ...
    @property
    def equal(self) -> bool: ...


MARKS = {True: "equal", False: "DIFFERENT", None: ""}


def render_comparison(comparison: ComparisonLike) -> str:
    """Headline, table, differences, and what either side has to say of itself."""
    verdict = "EQUAL" if comparison.equal else "DIFFERENT"
    lines = [f"{verdict}: {comparison.cfg}, pymodel and {comparison.tlc.tool}"]
    lines += render_rows(comparison.rows, ("pymodel", comparison.tlc.tool))
    ours, theirs = (result.seconds.get("total", 0.0) for result in (comparison.ours, comparison.tlc))
    lines.append(f"  {'seconds':<19}  {ours:>24.2f}  {theirs:>24.2f}")
    lines += [f"  {difference}" for difference in comparison.differences]
    lines += [
        f"  {result.tool}: {result.detail}" for result in (comparison.ours, comparison.tlc) if result.detail
    ]
    return "\n".join(lines)


def render_rows(rows: Sequence[RowLike], heads: tuple[str, str]) -> list[str]:
    """A table of two sides, one line a row."""
    lines = [f"  {'':<19}  {heads[0]:>24}  {heads[1]:>24}"]
    for row in rows:
        lines.append(f"  {row.what:<19}  {row.ours:>24}  {row.tlc:>24}  {MARKS[row.equal]}".rstrip())
    return lines
