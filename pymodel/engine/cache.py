"""Generated modules on disk, where numba keeps their machine code: the second run starts at once.

A module is named after the hash of its text and of what compiles it, and its text is compared before
it is loaded, so an edit anywhere makes another module. The folder is private to the user;
TERMFENCE_CACHE overrides it, and a folder that cannot be written falls back to a temporary one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import numba
from platformdirs import user_cache_dir

ENVIRONMENT = "TERMFENCE_CACHE"


def cache_folder() -> Path:
    """The folder of generated modules, made if need be; a temporary one if it cannot be written."""
    wanted = Path(os.environ.get(ENVIRONMENT) or Path(user_cache_dir("termfence")) / "modules")
    try:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(wanted, os.W_OK):
            return wanted
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="termfence-"))


def load(text: str, folder: Path | None = None) -> ModuleType:
    """The module whose source is `text`, from the cache if it is there."""
    tag = f"{sys.version}\n{numba.__version__}\n{text}"
    name = "search_" + hashlib.sha256(tag.encode()).hexdigest()[:32]
    if name in sys.modules:
        return sys.modules[name]
    path = (folder or cache_folder()) / f"{name}.py"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        _write(path, text)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _write(path: Path, text: str) -> None:
    """Atomic, so that two runs at once never read half a file."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)
