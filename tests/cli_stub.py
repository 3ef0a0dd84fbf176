"""Runs the command in this process, with parts of the work replaced."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pymodel import cli
from pymodel.engine.result import CheckResult, Verdict

DUMMY = CheckResult("stub", "stub", Verdict.OK, 1, 1, 1, seconds={"total": 0.1})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


class Stub:
    """Stands for a function: keeps what it was called with, and returns or raises what it was given."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.arguments: tuple[Any, ...] = ()
        self.options: dict[str, Any] = {}

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.arguments, self.options = arguments, options
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def stub(monkeypatch: pytest.MonkeyPatch, name: str, answer: object) -> Stub:
    """Puts a stub in the place of the function of that full name."""
    put = Stub(answer)
    monkeypatch.setattr(name, put)
    return put
