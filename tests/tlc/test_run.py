"""How TLC is started and stopped, seen through a stand-in for java that notes what it is given."""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest

from pymodel.errors import SpecError
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain
from pymodel.tlc.parse import Progress
from pymodel.tlc.run import Options, run_tlc

from .recorded import HERE, MC, SPECS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script with a #! line")

NOTES = """
import json, os, pathlib, sys
cfg = open(sys.argv[sys.argv.index("-config") + 1]).read()
pathlib.Path({notes!r}).write_text(json.dumps({{"args": sys.argv[1:], "cwd": os.getcwd(), "cfg": cfg}}))
"""
PLAY = "\nprint(open({recording!r}).read(), flush=True)\nprint('from java', file=sys.stderr)\n"
LINGER = """
import subprocess, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path({pids!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""


def toolchain(folder: Path, body: str, *, later: bool = False, version: str = "2.15") -> Toolchain:
    """A jar that holds just what is looked into, and a `java` that runs `body`."""
    jar, java = folder / "some.jar", folder / "java"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("tlc2/TLC.class", b"noGenerateSpecTE" if later else b"")
    notes = NOTES.format(notes=str(folder / "notes.json"))
    java.write_text(f"#!{sys.executable}\n{notes}{body}")
    java.chmod(0o755)
    return Toolchain(jar, java, "", "", version)


def play(name: str) -> str:
    return PLAY.format(recording=str(HERE / "outputs" / name))


def notes(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "notes.json").read_text())
    assert isinstance(found, dict)
    return found


def arguments(folder: Path) -> str:
    found = notes(folder)["args"]
    assert isinstance(found, list)
    return " ".join(found)


def test_tlc_is_given_a_private_folder_and_fixed_seeds(tmp_path: Path) -> None:
    done = run_tlc(MC, SPECS / "bounded.cfg", toolchain(tmp_path, play("bounded.txt")), Options(workers=3))
    given = arguments(tmp_path)
    home = str(notes(tmp_path)["cwd"])
    for expected in (
        "-tool -config bounded.cfg -workers 3 -fp 0 -seed 1",
        f"-metadir {home}/meta -cleanup",
        f"-Djava.io.tmpdir={home}",
        f"-DTLA-Library={SPECS.resolve()}",
    ):
        assert expected in given
    assert given.endswith(" MCCounter")
    assert "-deadlock" not in given and "-noGenerateSpecTE" not in given
    assert not Path(home).exists()
    assert (done.exit_code, done.stderr, done.timed_out, done.cut_off) == (0, "from java\n", False, False)
    assert done.messages[0].code == 2262


def test_each_option_reaches_tlc(tmp_path: Path) -> None:
    options = Options(
        check_deadlock=False, coverage=True, dump=tmp_path / "graph.dot", keep_going=True, timeout_s=60
    )
    run_tlc(MC, SPECS / "bounded.cfg", toolchain(tmp_path, play("bounded.txt"), later=True), options)
    given = arguments(tmp_path)
    assert f"-deadlock -coverage 1 -dump dot,actionlabels {tmp_path}/graph.dot -continue" in given
    assert "-noGenerateSpecTE" in given


def test_check_deadlock_of_the_cfg_becomes_an_option(tmp_path: Path) -> None:
    tlc_check(MC, SPECS / "bounded.cfg", toolchain=toolchain(tmp_path, play("bounded.txt")))
    assert "-deadlock" in arguments(tmp_path)
    cfg = str(notes(tmp_path)["cfg"])
    assert "CHECK_DEADLOCK" not in cfg and "FALSE" not in cfg
    assert cfg.count("\n") == (SPECS / "bounded.cfg").read_text().count("\n")


def test_newer_jars_keep_the_workers_asked_for(tmp_path: Path) -> None:
    newer = toolchain(
        tmp_path, "sys.exit(print(open({!r}).read()))".format(str(HERE / "outputs" / "newer.txt"))
    )
    later = Toolchain(newer.jar, newer.java, "", "", "2026.05.26")
    assert tlc_check(MC, SPECS / "conjunct.cfg", workers=2, toolchain=later).workers == 2
    assert tlc_check(MC, SPECS / "conjunct.cfg", workers=2, toolchain=newer).workers == 1


def test_a_constant_that_the_spec_lacks_is_noted(tmp_path: Path) -> None:
    cfg = tmp_path / "more.cfg"
    cfg.write_text((SPECS / "bounded.cfg").read_text() + "  Topp = 3\n")
    result = tlc_check(MC, cfg, toolchain=toolchain(tmp_path, play("bounded.txt")))
    assert result.warnings == (f"{cfg}:8: the spec declares no constant Topp",)


def gone(pid: int) -> bool:
    """Whether the process ends; waits for it, since the kernel clears up after a kill in its own time."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_timeout_ends_tlc_and_its_children(tmp_path: Path) -> None:
    linger = LINGER.format(pids=str(tmp_path / "pids"))
    done = run_tlc(MC, SPECS / "bounded.cfg", toolchain(tmp_path, linger), Options(timeout_s=4.0))
    assert done.timed_out
    assert all(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def test_an_exception_ends_tlc_and_its_children(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(_: Progress) -> None:
        raise Interrupted

    pids = tmp_path / "pids"
    first = LINGER.format(pids=str(pids)).replace("time.sleep(600)", "")
    body = first + play("liveness.txt") + "\ntime.sleep(600)\n"
    with pytest.raises(Interrupted):
        run_tlc(MC, SPECS / "bounded.cfg", toolchain(tmp_path, body), Options(), interrupt)
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_a_folder_that_tlc_cannot_search_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    spec = folder / "M.tla"
    spec.write_text(MC.read_text())
    with pytest.raises(SpecError, match="':' in its name"):
        run_tlc(spec, SPECS / "bounded.cfg", toolchain(tmp_path, ""), Options())
