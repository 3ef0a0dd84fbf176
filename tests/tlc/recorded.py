"""The recorded outputs of TLC, and runs made of them. TLC 2.15 printed all but newer.*, which follow
the format of later jars."""

from __future__ import annotations

from pathlib import Path

from pymodel.cfg import Cfg, read_cfg
from pymodel.tlc.module import Module, read_modules
from pymodel.tlc.parse import read_messages
from pymodel.tlc.run import Run

HERE = Path(__file__).parent
SPECS = HERE / "specs"
MC = SPECS / "MCCounter.tla"
VARIABLES = ("count", "holder", "path")


def output(name: str) -> str:
    return (HERE / "outputs" / name).read_text(encoding="utf-8")


def run(text: str, exit_code: int, *, stderr: str = "", timed_out: bool = False) -> Run:
    """The run that printed `text` and ended with `exit_code`."""
    reader = read_messages(text)
    messages, loose = tuple(reader.messages), "\n".join(reader.loose)
    return Run(exit_code, messages, loose, stderr, 1.0, timed_out, reader.unfinished)


def cfg(name: str) -> Cfg:
    return read_cfg(SPECS / f"{name}.cfg")


def modules() -> tuple[Module, ...]:
    return read_modules(MC)
