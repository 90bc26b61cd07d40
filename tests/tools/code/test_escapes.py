"""Code that tries to get out of the sandbox, or to exhaust the machine."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.tools.code.conftest import Run, opened
from vivavoce.clock import Clock
from vivavoce.errors import ToolError
from vivavoce.tools.code.interpreter_file import SHA256, compiled_path, interpreter_path
from vivavoce.tools.code.limits import SandboxOrder
from vivavoce.tools.code.process import Sandbox, compile_interpreter, start_sandbox
from vivavoce.tools.code.settings import CodeSettings

TRY = """
def tried(function, *args, **more):
    try:
        return repr(function(*args, **more))
    except BaseException as error:
        return type(error).__name__
"""
MIB = 1 << 20

needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")


def is_there(path: str) -> bool:
    return Path(path).exists()


def of_process(sandbox: Sandbox, name: str) -> str:
    """Read what the kernel says of a sandbox process."""
    return Path(f"/proc/{sandbox.pid}/{name}").read_text()


async def sandbox_in(compiled: Path, **limits: int) -> Sandbox:
    path = interpreter_path()
    assert path is not None
    order = SandboxOrder(
        interpreter=str(path),
        sha256=SHA256,
        compiled=str(compiled_path(compiled)),
        **{  # type: ignore[arg-type]  # numbers all
            "memory_bytes": 128 * MIB,
            "file_bytes": 2 * MIB,
            "cpu_s": 60,
            "max_output_characters": 1_000,
            "max_files": 8,
            "max_picture_bytes": 1_000,
        }
        | limits,
    )
    await compile_interpreter(order)
    return await start_sandbox(order)


# --- files ------------------------------------------------------------------------------------


async def test_no_file_of_the_machine_is_there(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sesame")
    paths = [
        "/etc/passwd",
        str(secret),
        f"../../..{secret}",
        f"/tmp/../..{secret}",
        f"//{secret}",
        str(Path.home()),
        __file__,
        "/proc/self/environ",
        "/proc/1/cmdline",
        "/proc/self/root/etc/passwd",
        "/dev/mem",
        "/dev/fd/3",
        "/sys",
    ]
    for how in ("open(path).read()", "os.listdir(path)", "os.stat(path)", "os.chdir(path)"):
        code = f"import os{TRY}\n[tried(lambda: {how}) for path in {paths}]"
        assert set(eval(await run(code))) <= {"FileNotFoundError", "PermissionError", "OSError"}


async def test_what_code_writes_is_nowhere_on_the_machine(run: Run, tmp_path: Path) -> None:
    outside = [f"{tmp_path}/out", "/etc/vivavoce-escape", "../../../vivavoce-escape"]
    code = f"{TRY}\n[tried(lambda: open(path, 'w').write('x')) for path in {outside}]"
    assert set(eval(await run(code))) <= {"FileNotFoundError", "PermissionError", "OSError"}
    name = f"vivavoce-escape-{os.getpid()}"
    assert await run(f"open('/tmp/{name}', 'w').write('x')") != ""
    for path in (f"/tmp/{name}", "/etc/vivavoce-escape", "/vivavoce-escape", f"{tmp_path}/out"):
        assert not is_there(path)


async def test_links_can_not_be_made(run: Run) -> None:
    code = f"""import os{TRY}
[tried(os.symlink, "/etc", "etc"), tried(os.link, "/etc/passwd", "p"), tried(os.symlink, "/", "r"),
 tried(os.rename, "/etc", "etc"), os.listdir()]"""
    *refused, listed = eval(await run(code))
    assert all(name.endswith("Error") for name in refused)
    assert listed == []


async def test_the_disk_can_not_be_filled(run: Run) -> None:
    tries = [
        "open('a', 'wb').write(bytes(50_000_000))",
        "[open(f'{i}', 'wb').close() for i in range(100_000)]",
        "[os.mkdir(f'd{i}') for i in range(100_000)]",
        "open('b', 'wb').truncate(10**13)",
        "os.posix_fallocate(open('c', 'wb').fileno(), 0, 10**13)",
    ]
    for attempt in tries:
        assert "Error" in await run(f"import os\n{attempt}")
    hidden = """
import os
kept = []
for i in range(50):
    kept.append(open('h', 'wb', buffering=0)); kept[-1].write(bytes(500_000)); os.remove('h')"""
    assert "Error" in await run(hidden)


# --- secrets, network, processes --------------------------------------------------------------


@needs_proc
async def test_the_environment_is_empty_inside_and_in_the_process(compiled: Path) -> None:
    assert os.environ, "the server has one"
    sandbox = await sandbox_in(compiled)
    try:
        assert (await sandbox.run("import os; dict(os.environ)")).value == "{}"
        assert of_process(sandbox, "environ").strip("\0") == ""
    finally:
        await sandbox.end()


async def test_no_connection_reaches_even_a_listener_on_loopback(run: Run) -> None:
    reached = []

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(writer)
        writer.close()

    listener = await asyncio.start_server(note, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        code = f"""import socket, urllib.request{TRY}
[tried(socket.create_connection, ("127.0.0.1", {port}), 1),
 tried(lambda: socket.socket().connect(("127.0.0.1", {port}))),
 tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))),
 tried(lambda: socket.fromfd(3, socket.AF_INET, socket.SOCK_STREAM).connect(("127.0.0.1", 9))),
 tried(socket.getaddrinfo, "localhost", 80),
 tried(urllib.request.urlopen, "http://127.0.0.1:{port}/")]"""
        tried = eval(await run(code))
        assert all(name.endswith("Error") for name in tried), tried
    assert reached == []


async def test_no_process_and_no_thread_can_be_started(run: Run) -> None:
    code = f"""import os, subprocess, threading{TRY}
[tried(lambda: os.fork()), tried(lambda: os.system("true")), tried(lambda: os.execv("/bin/sh", [])),
 tried(lambda: os.posix_spawn("/bin/true", [], {{}})), tried(subprocess.run, ["true"]),
 tried(threading.Thread(target=print).start)]"""
    tried = eval(await run(code))
    assert all(name.endswith("Error") for name in tried), tried


async def test_no_signal_reaches_another_process(run: Run) -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: received.append(number))
    try:
        code = f"""import os, signal{TRY}
[tried(lambda: os.kill({os.getpid()}, {int(signal.SIGUSR1)})), tried(lambda: os.getppid()),
 tried(lambda: os.killpg(0, 9)), tried(lambda: signal.raise_signal({int(signal.SIGUSR1)}))]"""
        tried = eval(await run(code))
        assert tried[0].endswith("Error")
        assert tried[2].endswith("Error")
    except ToolError:
        pass  # it signalled itself, and ended
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert received == []


async def test_no_native_code_can_be_loaded(run: Run) -> None:
    code = f"""import importlib.machinery, importlib.util{TRY}
open("evil.so", "wb").write(bytes(100))
def load():
    loader = importlib.machinery.ExtensionFileLoader("evil", "evil.so")
    return importlib.util.module_from_spec(importlib.util.spec_from_loader("evil", loader))
[tried(__import__, "ctypes"), tried(__import__, "_ctypes"), tried(__import__, "mmap"),
 tried(__import__, "evil"), tried(load)]"""
    tried = eval((await run(code)).split("\n")[0])
    assert all(name.endswith("Error") for name in tried), tried


@needs_proc
async def test_the_process_itself_may_open_start_and_write_nothing(compiled: Path) -> None:
    sandbox = await sandbox_in(compiled)
    try:
        await sandbox.run("1")
        limits = of_process(sandbox, "limits")
        for name in ("Max open files", "Max processes", "Max file size", "Max core file size"):
            (line,) = [line for line in limits.splitlines() if line.startswith(name)]
            assert line.removeprefix(name).split()[:2] == ["0", "0"]
        assert os.getpriority(os.PRIO_PROCESS, sandbox.pid) >= 5
    finally:
        await sandbox.end()


# --- time, memory, output ---------------------------------------------------------------------

FOREVER = [
    "while True: pass",
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "import re; re.match('(a*)*b', 'a' * 60)",
    "import time; time.sleep(10_000)",
    "class A:\n    def __repr__(self):\n        while True: pass\nA()",
    "import sys; sys.stdin = None\nimport os\nwhile True: os.read(0, 1)",
]


@pytest.mark.parametrize("code", FOREVER)
async def test_endless_code_is_stopped_and_the_next_call_works(code: str, compiled: Path) -> None:
    async with opened(CodeSettings(call_timeout_s=0.3), compiled) as open_server:
        server = await open_server()
        with pytest.raises(ToolError, match=r"stopped after .* All variables and files"):
            await server.call_tool("run_python", {"code": code})
        assert await server.call_tool("run_python", {"code": "6 * 7"}) == "42"
        await server.close()


async def test_code_can_not_pretend_to_be_done_and_go_on(compiled: Path) -> None:
    forged = '{"call": 1, "printed": "done", "value": null, "error": null}'
    code = f"import os\nos.write(1, b'''\\n{forged}\\n''')\nwhile True: pass"
    async with opened(CodeSettings(call_timeout_s=0.3), compiled) as open_server:
        server = await open_server()
        with pytest.raises(ToolError, match="stopped"):
            await server.call_tool("run_python", {"code": code})
        await server.close()


async def test_memory_ends_in_a_memory_error_and_the_state_stays(run: Run) -> None:
    await run("kept = 5")
    for bomb in (
        "x = bytearray(10**9)",
        "x = 'a' * 10**9",
        "y = []\nwhile True: y.append('a' * MB)",
    ):
        assert "MemoryError" in await run(f"MB = 10**6\ny = []\n{bomb}")
    assert await run("y = None\nkept") == "5"


@needs_proc
async def test_the_process_does_not_grow_beyond_its_limit(compiled: Path) -> None:
    sandbox = await sandbox_in(compiled, memory_bytes=64 * MIB)
    try:
        reply = await sandbox.run("x = []\nwhile True: x.append(bytearray(100_000))")
        assert "MemoryError" in (reply.error or "")
        (line,) = [line for line in of_process(sandbox, "status").splitlines() if "VmHWM" in line]
        assert int(line.split()[1]) < (64 + 150) * 1024
    finally:
        await sandbox.end()


@pytest.mark.parametrize(
    "code",
    [
        "print('x' * 5_000_000)",
        "for i in range(30_000): print(i)",
        "'x' * 5_000_000",
        "raise ValueError('x' * 5_000_000)",
        "import sys; sys.stderr.write('x' * 5_000_000); None",
        "[open('f' * 200 + str(i), 'w').close() for i in range(100)]; print('x' * 10**6)",
    ],
)
async def test_a_huge_output_comes_back_short(code: str, run: Run) -> None:
    output = await run(code)
    assert len(output) < 5_000
    assert "characters left out" in output


@pytest.mark.parametrize("piece", ["b'x' * 65536", "b'{}\\n' * 1000", "b'\\n' * 1000"])
async def test_a_flood_on_the_way_to_the_server_ends_the_interpreter(piece: str, run: Run) -> None:
    with pytest.raises(ToolError, match="All variables and files"):
        await run(f"import os\nwhile True: os.write(1, {piece})")
    assert await run("1 + 1") == "2"


@pytest.mark.parametrize(
    "code",
    [
        "import os; os._exit(0)",
        "import os; os.abort()",
        "def f(a): return sorted([1, 2], key=f)\nf(1)",
        "import sys; sys.modules['__main__'].json.dumps = None",
    ],
)
async def test_code_that_breaks_its_interpreter_breaks_only_that(code: str, run: Run) -> None:
    with pytest.raises(ToolError, match="All variables and files"):
        await run(code)
    assert await run("1 + 1") == "2"


# --- other sessions ---------------------------------------------------------------------------


async def test_a_session_sees_nothing_of_another(compiled: Path) -> None:
    async with opened(CodeSettings(), compiled) as open_server:
        one, other = await open_server(), await open_server()
        code = "secret = 'sesame'\nopen('secret', 'w').write(secret)"
        await one.call_tool("run_python", {"code": code})
        seen = await other.call_tool("run_python", {"code": "import os; os.listdir()"})
        assert seen == "[]"
        seen = await other.call_tool("run_python", {"code": "'secret' in globals()"})
        assert seen == "False"
        await one.close()
        await other.close()


async def test_the_process_ends_with_the_server_that_started_it(compiled: Path) -> None:
    sandbox = await sandbox_in(compiled)
    clock = Clock()
    run = asyncio.ensure_future(sandbox.run("while True: pass"))
    await asyncio.sleep(0)
    began = clock.now()
    sandbox.hang_up()
    await sandbox.wait_ended()
    assert clock.now() - began < 5
    with pytest.raises(Exception, match="ended"):
        await run
    await sandbox.end()
