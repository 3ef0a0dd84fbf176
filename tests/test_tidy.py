"""The house rules that a program can check: who may import what, how long things are, what is not written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("pymodel", "trace_check")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in SOURCES]

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
TOP_LEVEL = {
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "spec",
    "pymodel",
    "trace_check",
    "tests",
    "docs",
}

# Where an import of a module (or of what is in it) may stand. A place ends with / if it is a folder;
# otherwise it is how the path of a file begins.
ALLOWED = {
    "pymodel.raft": (
        "pymodel/raft/",
        "pymodel/check.py",
        "pymodel/cli",
        "pymodel/manifest.py",
        "pymodel/mutate/",
        "pymodel/parity.py",
        "pymodel/proof/link",
        "pymodel/sweep.py",
        "pymodel/tour.py",
        "trace_check/replay/",
    ),
    "trace_check": ("trace_check/", "pymodel/tour.py"),
    "subprocess": ("pymodel/tlc/", "pymodel/doctor.py", "pymodel/report/svg.py"),
    "llvmlite": ("pymodel/engine/",),
    "z3": ("pymodel/proof/",),
    "jinja2": ("pymodel/report/",),
    "graphviz": ("pymodel/report/", "pymodel/doctor.py"),
    "typer": ("pymodel/cli", "pymodel/terminal.py", "trace_check/cli"),
    "rich": ("pymodel/cli", "pymodel/terminal.py", "trace_check/cli"),
}
# What a folder may import of this project, beside itself.
WITHIN = {
    "pymodel/engine/": ("pymodel.engine", "pymodel.errors", "pymodel.values"),
    "pymodel/proof/": (
        "pymodel.proof",
        "pymodel.engine.contract",
        "pymodel.engine.instance",
        "pymodel.engine.result",
        "pymodel.raft.names",
        "pymodel.report.proof",
        "pymodel.errors",
        "pymodel.values",
    ),
    "pymodel/raft/": ("pymodel.raft", "pymodel.engine.contract", "pymodel.errors", "pymodel.values"),
    "trace_check/": (
        "trace_check",
        "pymodel.__version__",
        "pymodel.cfg",
        "pymodel.cli_common",
        "pymodel.engine",
        "pymodel.errors",
        "pymodel.raft",
        "pymodel.report",
        "pymodel.specfiles",
        "pymodel.terminal",
        "pymodel.tlc",
        "pymodel.values",
    ),
}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """The full names of all that a file imports, inside functions too."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_part(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


def test_the_rules_see_the_sources() -> None:
    assert {"pymodel/cli.py", "pymodel/engine/search.py", "trace_check/cli.py"} <= set(NAMES)
    assert len(SOURCES) > 80


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_imports_stay_where_they_belong(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name in imported(path):
        for module, places in ALLOWED.items():
            if is_part(name, module):
                assert place.startswith(places), f"{name} is not for {place}"
        for folder, modules in WITHIN.items():
            if place.startswith(folder) and is_part(name, "pymodel"):
                assert any(is_part(name, module) for module in modules), f"{name} is not for {folder}"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_only_the_commands_print_or_exit(path: Path) -> None:
    commands = ("pymodel/cli", "pymodel/terminal.py", "trace_check/cli")
    if path.relative_to(ROOT).as_posix().startswith(commands) or path.name == "__main__.py":
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("print", "sys.exit", "exit", "quit", "os._exit")
        elif isinstance(node, ast.Raise):
            assert "SystemExit" not in ast.unparse(node)


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_input_is_not_validated_by_assert(path: Path) -> None:
    """`python -O` drops assertions."""
    assert not [node.lineno for node in ast.walk(tree_of(path)) if isinstance(node, ast.Assert)]


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_files_and_functions_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= FILE_LINES_MAX, f"{lines} lines"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_each_module_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(tree_of(path))


def written_files() -> list[Path]:
    """Every text that the project is made of, but recorded logs and outputs."""
    kinds = (".py", ".md", ".toml", ".tla", ".cfg", ".json", ".jinja", ".html", ".txt")
    folders = [ROOT / name for name in TOP_LEVEL]
    files = [path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*"))]
    recorded = (ROOT / "tests" / "logs", ROOT / "tests" / "tlc" / "outputs")
    return [
        path
        for path in sorted(files)
        if path.is_file() and path.suffix in kinds and not any(folder in path.parents for folder in recorded)
    ]


def test_nothing_is_left_to_do_and_no_machine_is_named() -> None:
    """The classes of one letter keep this file from being found."""
    unwanted = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b|(?<![\w.])/(root|home|work|Users)/|/tmp/\w")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in written_files()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if unwanted.search(line)
    ]
    assert found == []


LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_links_within_the_project_lead_somewhere() -> None:
    pages = [path for path in written_files() if path.suffix == ".md"]
    links = [(page, link) for page in pages for link in LINK.findall(page.read_text(encoding="utf-8"))]
    inner = [(page, link) for page, link in links if "://" not in link and not link.startswith("mailto:")]
    assert inner
    assert [f"{page.name}: {link}" for page, link in inner if not (page.parent / link).exists()] == []


def test_the_top_level_holds_only_what_it_should() -> None:
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} <= TOP_LEVEL


def test_test_modules_do_not_shadow_each_other() -> None:
    """Two test files of one name need packages of their own."""
    loose = [path.name for path in TESTS if not (path.parent / "__init__.py").exists()]
    assert len(loose) == len(set(loose))
