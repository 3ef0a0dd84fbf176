"""The logs that come with the project, from a checkout or from an installed wheel."""

from __future__ import annotations

from pathlib import Path

from pymodel.errors import UsageError

_HERE = Path(__file__).resolve().parent
_ROOTS = (_HERE / "_logs", _HERE.parent / "tests" / "logs")


def sample(name: str) -> tuple[Path, ...]:
    """The files of one recording, sorted by name.

    A recording is a folder below `good` or `bad`; its name is unique. Raises: UsageError for an unknown name.
    """
    folders = _folders()
    if name not in folders:
        raise UsageError(f"no sample named {name!r}", mend=f"use one of {', '.join(sorted(folders))}")
    return tuple(sorted(path for path in folders[name].iterdir() if path.is_file()))


def _folders() -> dict[str, Path]:
    """Name and folder of every recording."""
    root = next((root for root in _ROOTS if root.is_dir()), None)
    if root is None:
        mend = "install the package again: its _logs folder is missing"
        raise UsageError("the sample logs are not installed", mend=mend)
    folders = (folder for kind in ("good", "bad") for folder in (root / kind).iterdir())
    return {folder.name: folder for folder in folders if folder.is_dir()}
