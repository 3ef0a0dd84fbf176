"""Runs TLC once and hands back what it printed. The only place that starts Java.

TLC works in a private folder that is removed afterwards and never writes beside the spec. Modules are
found through TLA-Library, so that a spec may lie anywhere, read-only too (TLC 2.15 resolves neither an
absolute cfg path nor, in some later jars, TLA-Library beside an absolute spec path: both are avoided).
What the output means is decided by pymodel.tlc.outcome. Source: tlc2.TLC's options.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pymodel.cfg import without_check_deadlock
from pymodel.errors import SpecError
from pymodel.tlc.locate import Toolchain
from pymodel.tlc.parse import Message, MessageReader, Progress, progress

_COVERAGE_MINUTES = "1"
_LOCALE = ("-Duser.language=en", "-Duser.country=US", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8")


@dataclass(frozen=True)
class Options:
    """What to ask of TLC. `dump` names a .dot file to write; `keep_going` is TLC's -continue, whose
    exit status says nothing about violations."""

    workers: int = 1
    check_deadlock: bool = True
    coverage: bool = False
    dump: Path | None = None
    keep_going: bool = False
    timeout_s: float | None = None


@dataclass(frozen=True)
class Run:
    """What TLC printed. `loose` is text outside messages (the parser's, mostly), `stderr` the rest."""

    exit_code: int
    messages: tuple[Message, ...]
    loose: str
    stderr: str
    seconds: float
    timed_out: bool
    cut_off: bool


def run_tlc(
    spec: Path,
    cfg: Path,
    toolchain: Toolchain,
    options: Options,
    on_progress: Callable[[Progress], None] | None = None,
) -> Run:
    """One run of TLC on module `spec` under `cfg`. `on_progress` is called while it runs (TLC reports
    about once a minute). TLC is killed, children included, on timeout and on any exception.
    Raises SpecError if there is no such module file, CfgError if the cfg cannot be read."""
    folder = _spec_folder(spec)
    with tempfile.TemporaryDirectory(prefix="termfence-tlc-") as private:
        home = Path(private).resolve()
        (home / "meta").mkdir()
        (home / cfg.name).write_text(without_check_deadlock(cfg), encoding="utf-8")
        command = _command(spec.stem, folder, cfg.name, home, toolchain, options)
        with (home / "stderr").open("w+b") as errors:
            return _follow(command, home, errors, options.timeout_s, on_progress)


def _spec_folder(spec: Path) -> Path:
    if not spec.is_file():
        raise SpecError("no such module file", mend="give the path of a .tla file", path=spec)
    folder = spec.resolve().parent
    if os.pathsep in str(folder):
        raise SpecError(
            f"TLC cannot search a folder with {os.pathsep!r} in its name", mend="move it", path=spec
        )
    return folder


def _command(
    module: str, folder: Path, cfg: str, home: Path, toolchain: Toolchain, options: Options
) -> list[str]:
    properties = [f"-Djava.io.tmpdir={home}", f"-DTLA-Library={folder}", *_LOCALE]
    command = [str(toolchain.java), "-XX:+UseParallelGC", *properties, "-cp", str(toolchain.jar), "tlc2.TLC"]
    command += ["-tool", "-config", cfg, "-workers", str(options.workers), "-fp", "0", "-seed", "1"]
    command += ["-metadir", str(home / "meta"), "-cleanup"]
    if not options.check_deadlock:
        command.append("-deadlock")
    if options.coverage:
        command += ["-coverage", _COVERAGE_MINUTES]
    if options.dump is not None:
        command += ["-dump", "dot,actionlabels", str(options.dump.absolute())]
    if options.keep_going:
        command.append("-continue")
    if _writes_trace_specs(toolchain.jar):
        command.append("-noGenerateSpecTE")
    return [*command, module]


def _writes_trace_specs(jar: Path) -> bool:
    """Whether this jar writes a module for each counterexample, unless told not to (2.15 does not)."""
    with zipfile.ZipFile(jar) as archive:
        return b"noGenerateSpecTE" in archive.read("tlc2/TLC.class")


def _follow(
    command: list[str],
    home: Path,
    errors: IO[bytes],
    timeout_s: float | None,
    on_progress: Callable[[Progress], None] | None,
) -> Run:
    started = time.monotonic()
    reader = MessageReader()
    timed_out = threading.Event()
    with _process(command, home, errors) as process, _deadline(process, timeout_s, timed_out):
        for raw in process.stdout or ():
            for message in reader.feed(raw.decode("utf-8", "replace")):
                if on_progress and (reached := progress(message)):
                    on_progress(reached)
        exit_code = process.wait()
    errors.seek(0)
    return Run(
        exit_code=exit_code,
        messages=tuple(reader.messages),
        loose="\n".join(reader.loose),
        stderr=errors.read().decode("utf-8", "replace"),
        seconds=time.monotonic() - started,
        timed_out=timed_out.is_set(),
        cut_off=reader.unfinished,
    )


@contextlib.contextmanager
def _process(command: list[str], home: Path, errors: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process in a group of its own; the whole group is gone when the context ends."""
    process = subprocess.Popen(
        command,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _kill(process)
        process.wait()
        if process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def _deadline(
    process: subprocess.Popen[bytes], timeout_s: float | None, passed: threading.Event
) -> Iterator[None]:
    def stop() -> None:
        passed.set()
        _kill(process)

    timer = threading.Timer(timeout_s, stop) if timeout_s is not None else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer:
            timer.cancel()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    if os.name == "nt":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
