import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.tools.code.conftest import Run, opened
from vivavoce.clock import Clock
from vivavoce.errors import ToolError
from vivavoce.tools.code.interpreters import Interpreter
from vivavoce.tools.code.limits import SandboxOrder
from vivavoce.tools.code.process import Reply, SandboxEnded
from vivavoce.tools.code.server import CodeServer, open_code, plain_code
from vivavoce.tools.code.settings import CodeSettings

# --- with a real sandbox ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("17 * 23 * 1.05", "410.55"),
        ("total = 17 * 23 * 1.05", "410.55"),
        ("17 * 23}", "391"),  # as small models write it
        ("print('a')\n'b'", "a\n'b'"),
        ("x = 1\nfor i in range(3): x += i\nprint(x)", "4"),
        ("```python\nimport math\nround(math.pi, 2)\n```", "3.14"),
        ("import statistics, decimal\nstatistics.mean([1, 2, decimal.Decimal(6)])", "Decimal('3')"),
        ("import datetime\ndatetime.date(2024, 2, 28) + datetime.timedelta(2)", "2024, 3, 1"),
        ("import time; time.sleep(0.01); 1", "1"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("input()", "EOFError"),
        ("'\\ud800'", "'\\ud800'"),
        ("print('é😀', end='')", "é😀"),
    ],
)
async def test_the_output_is_what_was_printed_and_the_last_value(
    code: str, output: str, run: Run
) -> None:
    assert output in await run(code)


async def test_an_error_shows_the_lines_of_the_code_and_not_ours(run: Run) -> None:
    assert await run("def half(n):\n    return n / 0\nhalf(3)") == (
        "Traceback (most recent call last):\n"
        '  File "<code>", line 3, in <module>\n'
        "    half(3)\n"
        '  File "<code>", line 2, in half\n'
        "    return n / 0\n"
        "           ~~^~~\n"
        "ZeroDivisionError: division by zero"
    )
    assert (await run("f(")).endswith("SyntaxError: '(' was never closed")


async def test_variables_functions_and_files_stay_from_call_to_call(run: Run) -> None:
    await run("import json\ndef double(n): return 2 * n\nopen('kept.txt', 'w').write('words')")
    assert await run("json.dumps([double(21), open('kept.txt').read()])") == "'[42, \"words\"]'"


async def test_a_picture_comes_with_the_output_once(run: Run) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    output = await run(f"_ = open('chart.svg', 'w').write('{svg}')")
    assert "Wrote the picture /mnt/data/chart.svg (41 bytes)." in output
    assert "![chart.svg](data:image/svg+xml;base64,PHN2Zy" in output
    assert await run("1") == "1"


async def test_a_database_in_the_standard_library_works_on_the_files_in_memory(run: Run) -> None:
    code = """
import sqlite3
with sqlite3.connect("test.db") as base:
    base.execute("create table numbers (n)")
    base.executemany("insert into numbers values (?)", [(1,), (2,)])
    print(base.execute("select sum(n) from numbers").fetchone())"""
    assert (await run(code)).startswith("(3,)")


async def test_the_session_s_time_is_used_up_at_last(compiled: Path) -> None:
    settings = CodeSettings(call_timeout_s=5, session_timeout_s=0.4)
    async with opened(settings, compiled) as open_server:
        server = await open_server()
        with pytest.raises(ToolError, match="stopped"):
            await server.call_tool("run_python", {"code": "while True: pass"})
        with pytest.raises(ToolError, match="used up"):
            await server.call_tool("run_python", {"code": "1"})
        await server.close()


async def test_a_cancelled_call_ends_the_interpreter(compiled: Path) -> None:
    async with opened(CodeSettings(), compiled) as open_server:
        server = await open_server()
        await server.call_tool("run_python", {"code": "x = 1"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await server.call_tool("run_python", {"code": "while True: pass"})
        assert "NameError" in await server.call_tool("run_python", {"code": "x"})
        await server.close()


# --- with interpreters of paper ---------------------------------------------------------------


class Paper:
    """Echoes code; `wait` waits, `die` ends it."""

    def __init__(self, log: list[str], is_waiting: asyncio.Event) -> None:
        self.has_ended = asyncio.Event()
        self._log = log
        self._is_waiting = is_waiting

    async def run(self, code: str) -> Reply:
        self._log.append(code)
        if code == "wait":
            self._is_waiting.set()
            await self.has_ended.wait()
        if code == "die" or self.has_ended.is_set():
            raise SandboxEnded("it ended")
        return Reply(call=1, printed=code, value=None, error=None)

    async def end(self) -> None:
        if not self.has_ended.is_set():
            self._log.append("ended")
        self.has_ended.set()


class Office:
    """Servers of code whose interpreters are of paper."""

    def __init__(self, **settings: int) -> None:
        self.log: list[str] = []
        self.is_waiting = asyncio.Event()
        self.settings = CodeSettings(**settings)  # type: ignore[arg-type]  # numbers all

    async def start(self, _order: SandboxOrder) -> Interpreter:
        self.log.append("started")
        return Paper(self.log, self.is_waiting)

    async def compile(self, _order: SandboxOrder) -> None:
        self.log.append("compiled")

    async def use(
        self, work: Callable[[Callable[[], Awaitable[CodeServer]]], Awaitable[None]]
    ) -> None:
        async with open_code(
            self.settings,
            Path("cache"),
            clock=Clock(),
            longest_output=20_000,
            start=self.start,
            compile_first=self.compile,
        ) as servers:
            assert servers is not None

            async def open_server() -> CodeServer:
                return await servers.open("sess_1")

            await work(open_server)


OpenServer = Callable[[], Awaitable[CodeServer]]


async def call(server: CodeServer, code: str) -> str:
    return await server.call_tool("run_python", {"code": code})


async def test_an_interpreter_is_started_by_the_first_call_and_compiled_once() -> None:
    office = Office()

    async def work(open_server: OpenServer) -> None:
        one, _ = await open_server(), await open_server()
        (tool,) = await one.list_tools()
        assert tool.name == "run_python"
        assert "started" not in office.log
        await call(one, "a")
        await call(one, "b")
        assert office.log == ["compiled", "started", "a", "b"]

    await office.use(work)
    assert office.log[-1] == "ended"


async def test_the_interpreter_idle_longest_goes_and_its_model_is_told() -> None:
    office = Office(max_interpreters=2)

    async def work(open_server: OpenServer) -> None:
        one, two, three = [await open_server() for _ in range(3)]
        for server in (one, two, three):
            await call(server, "a")
        assert office.log.count("ended") == 1
        assert await call(two, "b") == "b"
        told = await call(one, "c")
        assert told.startswith("(The interpreter was started anew. All variables")
        assert await call(one, "d") == "d"
        assert office.log.count("started") == 4

    await office.use(work)
    assert office.log.count("started") == office.log.count("ended")


async def test_a_busy_interpreter_is_not_taken_away() -> None:
    office = Office(max_interpreters=1, call_timeout_s=1)

    async def work(open_server: OpenServer) -> None:
        one, two = await open_server(), await open_server()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(fails(one, "wait"))
            await office.is_waiting.wait()
            assert "busy" in await fails(two, "a") or "stopped" in await running
        assert await call(two, "b") == "b"

    async def fails(server: CodeServer, code: str) -> str:
        with pytest.raises(ToolError) as error:
            await call(server, code)
        return error.value.message

    await office.use(work)


async def test_closing_fails_the_call_under_way() -> None:
    office = Office()

    async def work(open_server: OpenServer) -> None:
        server = await open_server()

        async def fail() -> None:
            with pytest.raises(ToolError, match="session has ended"):
                await call(server, "wait")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            await office.is_waiting.wait()
            await server.close()
        with pytest.raises(ToolError, match="session has ended"):
            await call(server, "a")

    await office.use(work)


async def test_an_interpreter_that_died_is_replaced() -> None:
    office = Office()

    async def work(open_server: OpenServer) -> None:
        server = await open_server()
        with pytest.raises(ToolError, match="The interpreter ended"):
            await call(server, "die")
        assert await call(server, "a") == "a"

    await office.use(work)


async def test_an_interpreter_that_does_not_start_is_an_error_of_the_call() -> None:
    office = Office(max_interpreters=1)

    async def start(_order: SandboxOrder) -> Interpreter:
        raise SandboxEnded("no")

    settings, folder = office.settings, Path("cache")
    async with open_code(
        settings,
        folder,
        clock=Clock(),
        longest_output=20_000,
        start=start,
        compile_first=office.compile,
    ) as servers:
        assert servers is not None
        for _ in range(2):
            with pytest.raises(ToolError, match="could not be started"):
                await call(await servers.open("sess_1"), "a")


async def test_a_machine_that_can_not_isolate_code_offers_none_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with open_code(
        CodeSettings(),
        Path("cache"),
        clock=Clock(),
        longest_output=20_000,
        probe=lambda: "no wall stands",
    ) as servers:
        assert servers is None
    assert "no wall stands" in caplog.text


async def test_switched_off_it_is_not_even_looked_for() -> None:
    def probe() -> str | None:
        raise AssertionError

    settings = CodeSettings(enabled=False)
    async with open_code(
        settings, Path("cache"), clock=Clock(), longest_output=20_000, probe=probe
    ) as servers:
        assert servers is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run", {"code": "1"}),
        ("run_python", {}),
        ("run_python", {"code": 1}),
        ("run_python", {"code": " \n"}),
        ("run_python", {"code": "1" * 100_001}),
    ],
)
async def test_a_wrong_call_is_an_error_of_the_protocol(
    name: str, arguments: dict[str, object]
) -> None:
    async def work(open_server: OpenServer) -> None:
        with pytest.raises(ToolError) as error:
            await (await open_server()).call_tool(name, arguments)
        assert error.value.kind == "protocol_error"

    await Office().use(work)


def test_only_a_fence_around_the_whole_code_is_taken_off() -> None:
    assert plain_code({"code": "\n```py\nprint(1)\n```\n"}) == "print(1)"
    assert plain_code({"code": "print('''\n```\n''')"}) == "print('''\n```\n''')"
