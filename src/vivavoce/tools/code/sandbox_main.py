"""The program of a sandbox process: one CPython, compiled to WebAssembly, in wasmtime.

Started by `process` as `python -I -m vivavoce.tools.code.sandbox_main`, by nobody else, with an
empty environment. Its input and output are the pipes that the code in the sandbox reads and writes.
The walls: WebAssembly (code can reach nothing but its own memory and the functions it is given),
functions that know nothing of the machine (`wasi_files`), and limits that the kernel keeps on this
process: it can open nothing and start nothing.
"""

import contextlib
import hashlib
import os
import resource
import select
import signal
import struct
import sys
import tempfile
import threading
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from vivavoce.clock import Clock
from vivavoce.tools.code.limits import NOTICE, SandboxOrder
from vivavoce.tools.code.memory_files import MemoryFiles
from vivavoce.tools.code.wasi_clock import WasiClock
from vivavoce.tools.code.wasi_files import WasiFiles
from vivavoce.tools.code.wasi_memory import Memory

if TYPE_CHECKING:
    import wasmtime

_NICENESS = 5  # sound on its way to a listener goes before everything computed
_FOLDERS = ("/mnt/data", "/tmp")


def main() -> NoReturn:
    """Run the sandbox that the only argument, JSON, describes; never returns."""
    os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-c is for the gateway, which then ends us
    order = msgspec.json.decode(sys.argv[-1], type=SandboxOrder)
    threading.Thread(target=_end_with, args=(order.link,), daemon=True).start()
    try:
        _run(order)
    except BrokenPipeError:
        os._exit(0)  # the gateway is gone
    os._exit(0)


def _end_with(link: int) -> None:
    # The gateway holds the other end; it closes when the gateway dies, however it dies.
    os.read(link, 1)
    os._exit(0)


def _run(order: SandboxOrder) -> None:
    import wasmtime

    engine = wasmtime.Engine()
    module = _load(engine, order)
    if order.only_compile:
        return
    store = wasmtime.Store(engine)
    store.set_limits(memory_size=order.memory_bytes, instances=1, memories=1, tables=4)
    wasi = wasmtime.WasiConfig()
    guest = files("vivavoce.tools.code").joinpath("guest.py").read_text("utf-8")
    limits = (order.max_output_characters, order.max_files, order.max_picture_bytes)
    wasi.argv = ["python", "-I", "-c", guest, *map(str, limits)]
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.allow_shadowing = True
    linker.define_wasi()
    _put_own_functions_in_place(linker, module, order)
    instance = linker.instantiate(store, module)
    start = instance.exports(store)["_start"]
    assert isinstance(start, wasmtime.Func)
    _limit_process(order)
    # It ends by `exit`, which is an ExitTrap, or by a fault: either way this process ends with it.
    with contextlib.suppress(wasmtime.ExitTrap, wasmtime.Trap):
        start(store)


def _load(engine: "wasmtime.Engine", order: SandboxOrder) -> "wasmtime.Module":
    """Return the interpreter's machine code, compiled at the first time (3 s) and kept on disk."""
    import wasmtime

    compiled = Path(order.compiled)
    if compiled.is_file():
        try:
            return wasmtime.Module.deserialize_file(engine, str(compiled))
        except wasmtime.WasmtimeError:
            compiled.unlink(missing_ok=True)  # of another processor, or cut short
    source = Path(order.interpreter).read_bytes()
    if hashlib.sha256(source).hexdigest() != order.sha256:
        raise SystemExit("the interpreter of the sandbox is not the one it should be")
    module = wasmtime.Module(engine, source)
    compiled.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=compiled.parent, delete=False) as file:
        file.write(module.serialize())
    os.replace(file.name, compiled)  # at once, so that no other sandbox reads half of it
    return module


def _put_own_functions_in_place(
    linker: "wasmtime.Linker", module: "wasmtime.Module", order: SandboxOrder
) -> None:
    import wasmtime

    clock = WasiClock(Clock())
    tree = MemoryFiles(order.file_bytes, clock.now_ns(), _FOLDERS)
    own = WasiFiles(tree, clock.now_ns, _Orders(order.link).read, partial(os.write, 1))
    functions = {
        **own.functions(),
        "poll_oneoff": clock.poll_oneoff,
        "clock_time_get": clock.clock_time_get,
    }
    for wanted in module.imports:
        kind = wanted.type
        if wanted.name in functions and isinstance(kind, wasmtime.FuncType):
            called = _with_memory(functions[wanted.name])
            linker.define_func(wanted.module, wanted.name, kind, called, access_caller=True)


class _Orders:
    """What the gateway sends, for the code to read.

    Whenever code waits for more, the gateway is told how many bytes were read until then: code
    can't make it believe that it has come to rest while it goes on.
    """

    def __init__(self, link: int) -> None:
        self._link = link
        self._n_read = 0

    def read(self, max_bytes: int) -> bytes:
        """Wait for some bytes; none when the gateway has closed its end."""
        if not select.select([0], [], [], 0)[0]:
            os.write(self._link, struct.pack(NOTICE, self._n_read))
        data = os.read(0, max_bytes)
        self._n_read += len(data)
        return data


def _with_memory(function: Any) -> Any:
    def called(caller: Any, *args: int) -> int:
        memory = caller.get("memory")
        size = memory.data_len(caller)

        def read(address: int, length: int) -> bytes:
            start = min(address & 0xFFFFFFFF, size)
            return bytes(memory.read(caller, start, min(start + length, size)))

        def write(address: int, data: bytes) -> None:
            memory.write(caller, data, address & 0xFFFFFFFF)

        return int(function(Memory(read, write), *args))

    return called


def _limit_process(order: SandboxOrder) -> None:
    """Have the kernel keep what code could only exceed after breaking out of the first walls."""
    for limit, value in (
        (resource.RLIMIT_CPU, order.cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    main()
