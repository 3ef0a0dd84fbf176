"""spec/manifest.json: what TLC answered for each shipped cfg but the benchmark's, for tests and
readers to hold pymodel to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pymodel.engine.result import CheckResult
from pymodel.errors import SpecError
from pymodel.raft.model import RAFT
from pymodel.specfiles import find_module, manifest_cfgs, spec_folder
from pymodel.tlc.check import tlc_check
from pymodel.tlc.locate import Toolchain

NAME = "manifest.json"


@dataclass(frozen=True)
class Record:
    """TLC's answer: `length` counts the states of the counterexample, 0 if there is none. Of a violated
    cfg, `distinct` and `depth` tell how far TLC had come, which depends on its order of search. For a
    lasso all three are 0: TLC looks for lassos now and then, so that they depend on the clock."""

    verdict: str
    violated: str | None
    length: int
    distinct: int
    depth: int
    tlc: str


def record_of(result: CheckResult) -> Record:
    name, cex = result.verdict.name, result.counterexample
    if cex is not None and cex.loop is not None:
        return Record(name, result.violated, 0, 0, 0, result.tool)
    length = cex.length if cex else 0
    return Record(name, result.violated, length, result.distinct, result.depth, result.tool)


def read_manifest(folder: Path | None = None) -> dict[str, Record]:
    """The records by cfg name. Raises SpecError if the file is missing or not of this form."""
    path = (folder or spec_folder()) / NAME
    try:
        return {name: Record(**record) for name, record in json.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SpecError(
            f"no usable manifest: {error}", mend="write it with `pymodel manifest --write`", path=path
        ) from error


def measure(
    toolchain: Toolchain | None = None, progress: Callable[[str], None] | None = None
) -> dict[str, Record]:
    """TLC on every cfg of the manifest, one after the other."""
    found = {}
    for name in manifest_cfgs():
        if progress:
            progress(name)
        cfg = spec_folder() / f"{name}.cfg"
        found[name] = record_of(tlc_check(find_module(cfg, RAFT.module), cfg, toolchain=toolchain))
    return found


def write_manifest(records: dict[str, Record], folder: Path | None = None) -> Path:
    path = (folder or spec_folder()) / NAME
    text = json.dumps({name: asdict(record) for name, record in sorted(records.items())}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    return path
