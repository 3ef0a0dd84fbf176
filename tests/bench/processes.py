"""One process of either tool: started, waited for, measured. What it answered becomes a Run.

Both tools run as `pymodel check` and `pymodel tlc`, whose JSON has verdict, counts and seconds; peak memory
is what the kernel says of the process and all it waited for.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pymodel.engine.native import ENVIRONMENT
from pymodel.errors import ToolError
from tests.bench.records import EXACT, TLC, Run

ROOT = Path(__file__).parent.parent.parent
KILL_AFTER_S = 120.0
"""A process that outlives its own --timeout by this much is killed."""


@dataclass(frozen=True)
class Process:
    """How a process ended, what it printed, how long it took and the most memory it held."""

    status: int
    output: str
    errors: str
    wall_s: float
    peak_bytes: int


def run_process(command: list[str], environment: dict[str, str], limit_s: float | None) -> Process:
    """Run `command` in the repository's root, at most `limit_s` seconds; then it is killed."""
    began = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    timer = threading.Timer(limit_s, child.kill) if limit_s is not None else None
    errors: list[str] = []
    reader = threading.Thread(target=lambda: errors.append(child.stderr.read() if child.stderr else ""))
    reader.start()
    if timer:
        timer.start()
    try:
        output = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    finally:
        if timer:
            timer.cancel()
        if child.returncode is None:
            child.kill()
        reader.join()
    wall = time.perf_counter() - began
    return Process(child.returncode, output, "".join(errors), wall, usage.ru_maxrss * 1024)


def has_option(option: str) -> bool:
    """Whether this pymodel's `check` knows the option."""
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    shown = run_process([sys.executable, "-m", "pymodel", "check", "--help"], environment, 60)
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", shown.output) is not None


@dataclass(frozen=True)
class Tools:
    """How to call both tools: TLC's jar and Java if they are not to be found, the options that this pymodel
    has, and how long a process may take."""

    jar: Path | None
    java: Path | None
    options: frozenset[str]
    timeout_s: float | None

    def pymodel(self, asked: Run, cfg: Path, cache: Path, states: int | None = None) -> Run:
        """One `pymodel check` with the machine code kept in `cache`, given up after `states` states."""
        command = [sys.executable, "-m", "pymodel", "check", str(cfg), "--format", "json"]
        command += [] if states is None else [f"--max-states={states}"]
        if "--workers" in self.options:
            command.append(f"--workers={asked.workers}")
        elif asked.workers > 1:
            return replace(asked, skipped="this pymodel has no --workers")
        if asked.mode == EXACT:
            if "--exact" not in self.options:
                return replace(asked, skipped="this pymodel has no --exact")
            command.append("--exact")
        process = self._run(command, {ENVIRONMENT: str(cache)})
        return run_of(process, answer(process, command), asked)

    def tlc(self, asked: Run, cfg: Path) -> Run:
        """One `pymodel tlc`."""
        command = [sys.executable, "-m", "pymodel", "tlc", str(cfg), "--format", "json"]
        command += [f"--workers={asked.workers}"]
        command += [f"--jar={self.jar}"] if self.jar else []
        command += [f"--java={self.java}"] if self.java else []
        process = self._run(command, {})
        found = answer(process, command)
        if found["workers"] != asked.workers:
            return replace(asked, skipped=f"{found['tool']} would not take {asked.workers} workers")
        return run_of(process, found, asked)

    def _run(self, command: list[str], more: dict[str, str]) -> Process:
        limit = None
        if self.timeout_s is not None:
            command.append(f"--timeout={self.timeout_s:g}")
            limit = self.timeout_s + KILL_AFTER_S
        return run_process(command, {**os.environ, **more}, limit)


def answer(process: Process, command: list[str]) -> dict[str, Any]:
    """The JSON that a tool printed. Raises ToolError with its own words if there is none."""
    try:
        found: dict[str, Any] = json.loads(process.output)
    except ValueError:
        said = (process.errors or process.output).strip() or f"exit status {process.status}"
        raise ToolError(f"no answer from {' '.join(command[2:4])}: {said[-600:]}") from None
    return found


def run_of(process: Process, found: dict[str, Any], asked: Run) -> Run:
    """The measured run: of pymodel as asked, of TLC its own process's time; `search_s` of TLC comes later."""
    seconds = found["seconds"]
    is_tlc = asked.tool == TLC
    return replace(
        asked,
        verdict=found["verdict"],
        distinct=found["distinct"],
        generated=found["generated"],
        depth=found["depth"],
        wall_s=seconds["total"] if is_tlc else process.wall_s,
        search_s=seconds["total"] if is_tlc else seconds["search"],
        compile_s=seconds.get("compile", 0.0),
        peak_bytes=process.peak_bytes,
        version=found["tool"],
        collision=found["collision"],
    )
