"""Machine code for a generated module, kept on disk so that the second run starts at once.

An object file is named after the hash of the module's text and entries, of the compiler's own source and
of the processor, so a change anywhere makes another one. Before it is loaded, the text that lies beside it is
compared and its own checksum verified; what does not pass is compiled again. The folder must be
private to the user. TERMFENCE_CACHE overrides it, and one that does not serve is replaced by a
temporary one, with a note.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from pymodel.engine import machine, machine_values
from pymodel.engine.memory import free_addresses
from pymodel.errors import LayoutError

ENVIRONMENT = "TERMFENCE_CACHE"
COMPILER_BYTES = 64 << 20
Words = NDArray[np.int64]


def cache_folder() -> tuple[Path, str]:
    """The folder of object files, made if need be, and a note if it had to be a temporary one."""
    wanted = Path(os.environ.get(ENVIRONMENT) or user_cache_dir("termfence"))
    try:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = _unfit(wanted)
    except OSError as error:
        reason = str(error)
    if not reason:
        return wanted, ""
    return Path(_temporary().name), f"the cache folder {wanted} is not used: {reason}"


def _unfit(folder: Path) -> str:
    """Why code from `folder` must not run or cannot be kept there; empty if it may."""
    if not os.access(folder, os.W_OK):
        return "it cannot be written"
    status = folder.stat()
    if os.name == "posix" and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        return "others than you can write to it"
    return ""


@cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    """One folder for this process, removed at its end."""
    return tempfile.TemporaryDirectory(prefix="termfence-")


class Native:
    """The compiled entries of a module: `call(name, *arguments)` with integers and numpy arrays.

    `cached` tells whether the machine code came from the disk. Calls release the interpreter's lock.
    Raises MemoryError where the compiler, which ends the process if memory does, would have too little.
    """

    def __init__(self, text: str, entries: tuple[str, ...]) -> None:
        free = free_addresses()
        if free is not None and free < COMPILER_BYTES:
            raise MemoryError(f"the compiler needs {COMPILER_BYTES:,} bytes")
        _initialise()
        self.target = _target_machine()
        folder, self.note = cache_folder()
        version = [_compiler_text(), llvmlite.__version__, self.target.triple, *_processor()]
        key = "\n".join([*version, *entries, text])
        stem = folder / hashlib.sha256(key.encode()).hexdigest()[:40]
        code = _read(stem, text)
        self.cached = code is not None
        if code is None:
            code = compile_text(text, entries, self.target)
            trouble = _keep(stem, text, code)
            self.note = self.note or trouble
        backing = llvm.parse_assembly("")
        self.engine = llvm.create_mcjit_compiler(backing, self.target)
        self.engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self.engine.finalize_object()
        self.places = {name: self._place(name) for name in entries}
        self.functions: dict[str, Callable[..., int]] = {}

    def _place(self, name: str) -> int:
        place: int = self.engine.get_function_address(name)
        if not place:
            raise LayoutError(f"the machine code has no entry {name}", mend="empty the cache folder")
        return place

    def _function(self, name: str, count: int) -> Callable[..., int]:
        """The entry `name`, which takes `count` arguments."""
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * count)
        return self.functions.setdefault(name, kind(self.places[name]))

    def call(self, name: str, *arguments: Any) -> int:
        """Arguments are integers, and arrays or their addresses, which are quicker to pass."""
        function = self.functions.get(name) or self._function(name, len(arguments))
        return function(*[item if item.__class__ is int else _plain(item) for item in arguments])


def address(array: NDArray[Any]) -> int:
    """Where the items of an array lie, which somebody has to hold on to."""
    return array.ctypes.data


def _plain(item: Any) -> int:
    return address(item) if isinstance(item, np.ndarray) else int(item)


def compile_text(text: str, entries: tuple[str, ...], target: Any) -> bytes:
    """The object file of `text`."""
    assembly = llvm.parse_assembly(str(machine.build(text, entries)))
    assembly.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(assembly, builder)
    code: bytes = target.emit_object(assembly)
    return code


def _initialise() -> None:
    for name in ("initialize", "initialize_native_target", "initialize_native_asmprinter"):
        try:
            getattr(llvm, name)()
        except RuntimeError:  # newer releases initialise themselves and say so
            continue


def _processor() -> tuple[str, str]:
    """Name and features of the processor that the code is for."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _target_machine() -> Any:
    name, features = _processor()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3, jit=True, reloc="default", codemodel="jitdefault"
    )


def _compiler_text() -> str:
    files = (machine.__file__, machine_values.__file__, __file__)
    return "".join(Path(file).read_text(encoding="utf-8") for file in files)


def _read(stem: Path, text: str) -> bytes | None:
    """The cached object file, if the text beside it is this very one and its checksum is right."""
    try:
        same = stem.with_suffix(".py").read_bytes() == text.encode()
        stored = stem.with_suffix(".o").read_bytes()
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    digest, code = stored[:size], stored[size:]
    return code if same and hashlib.sha256(code).digest() == digest else None


def _keep(stem: Path, text: str, code: bytes) -> str:
    """Store `code` behind its checksum, and the text; a note if that fails."""
    try:
        _write(stem.with_suffix(".o"), hashlib.sha256(code).digest() + code)
        _write(stem.with_suffix(".py"), text.encode())
    except OSError as error:
        return f"the machine code could not be kept: {error}"
    return ""


def _write(path: Path, data: bytes) -> None:
    """Atomic, so that a run beside this one never reads half a file."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
