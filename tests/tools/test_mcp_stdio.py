"""Programs that misbehave: each costs its own connection, and nothing of it stays."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.tools.raw_servers import PATIENT
from vivavoce.errors import ToolError
from vivavoce.interfaces.tools import ToolServer, ToolServerAddress
from vivavoce.tools.servers import open_tool_servers
from vivavoce.tools.settings import NamedServerSettings

PROGRAM = """
import json, os, subprocess, sys, time
def say(value): print(json.dumps(value), flush=True)
def answer(message, result): say({"jsonrpc": "2.0", "id": message["id"], "result": result})
def text(words): return {"content": [{"type": "text", "text": words}]}
for line in sys.stdin:
    message = json.loads(line)
    method = message["method"]
    name = message.get("params", {}).get("name")
    if method == "initialize":
        answer(message, {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                         "serverInfo": {"name": "p", "version": "1"}})
    elif name == "environment":
        answer(message, text(json.dumps(dict(os.environ))))
    elif name == "child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        answer(message, text(f"{os.getpid()} {child.pid}"))
    elif name == "die":
        os._exit(3)
    elif name == "garbage":
        print("this is no message", flush=True)
        answer(message, text("well"))
    elif name == "flood":
        print("x" * 3_000_000, flush=True)
    elif name == "complain":
        for i in range(10_000):
            print(f"complaint {i} " + "y" * 1000, file=sys.stderr, flush=True)
        answer(message, text("well"))
    elif name == "well":
        answer(message, text("well"))
    elif name == "deaf":
        while True: time.sleep(1)
    elif "id" in message:
        say({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}})
"""


@asynccontextmanager
async def running(tmp_path: Path, *, passed: tuple[str, ...] = ()) -> AsyncIterator[ToolServer]:
    program = tmp_path / "server.py"
    program.write_text(PROGRAM)
    one = NamedServerSettings(command=(sys.executable, str(program)), environment=passed)
    settings = msgspec.structs.replace(PATIENT, servers={"here": one})
    environment = {"PATH": os.environ["PATH"], "SECRET": "sesame", "WANTED": "yes"}
    async with open_tool_servers(settings, {}, environment) as servers:
        yield await servers.open(ToolServerAddress(label="here"), "sess_1")


async def gone(pid: int) -> None:
    """Wait until a process is no more, or only its parent's business."""
    async with asyncio.timeout(5):
        while _runs(pid):  # noqa: ASYNC110 - the system tells nobody but its parent
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_it_sees_no_environment_but_the_usual_and_what_is_passed(tmp_path: Path) -> None:
    async with running(tmp_path, passed=("WANTED",)) as mcp:
        seen = json.loads(await mcp.call_tool("environment", {}))

    assert seen["WANTED"] == "yes"
    assert "PATH" in seen
    assert set(seen) <= {"WANTED", "PATH", "LC_CTYPE"}  # the last is Python's own doing


async def test_it_is_killed_with_all_its_children(tmp_path: Path) -> None:
    async with running(tmp_path) as mcp:
        pids = [int(pid) for pid in (await mcp.call_tool("child", {})).split()]
        await mcp.close()
        for pid in pids:
            await gone(pid)


async def test_a_program_gives_way_to_the_server(tmp_path: Path) -> None:
    async with running(tmp_path) as mcp:
        pid, _ = (await mcp.call_tool("child", {})).split()

        lower = os.getpriority(os.PRIO_PROCESS, int(pid))

    assert lower > os.getpriority(os.PRIO_PROCESS, 0)


async def test_one_that_is_deaf_is_killed_without_anybody_waiting(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with running(tmp_path) as mcp:
        pids = [int(pid) for pid in (await mcp.call_tool("child", {})).split()]
        async with asyncio.TaskGroup() as group:

            async def call() -> None:
                with pytest.raises(ToolError):
                    await mcp.call_tool("deaf", {})

            group.create_task(call())
            await asyncio.sleep(0)
            began = loop.time()
            await mcp.close()
            assert loop.time() - began < 0.1
        for pid in pids:
            await gone(pid)


async def test_one_that_dies_costs_a_call_and_is_started_again(tmp_path: Path) -> None:
    async with running(tmp_path) as mcp:
        with pytest.raises(ToolError):
            await mcp.call_tool("die", {})

        assert await mcp.call_tool("well", {}) == "well"


async def test_a_line_that_is_no_message_is_passed_over(tmp_path: Path) -> None:
    async with running(tmp_path) as mcp:
        assert await mcp.call_tool("garbage", {}) == "well"


async def test_a_line_without_end_ends_the_connection_not_the_memory(tmp_path: Path) -> None:
    async with running(tmp_path) as mcp:
        with pytest.raises(ToolError):
            await mcp.call_tool("flood", {})

        assert await mcp.call_tool("well", {}) == "well"


async def test_its_complaints_are_logged_up_to_a_limit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "vivavoce"):
        async with running(tmp_path) as mcp:
            assert await mcp.call_tool("complain", {}) == "well"

    logged = [record.getMessage() for record in caplog.records]
    lines = [line for line in logged if "complaint" in line]
    assert 0 < len(lines) <= 100
    assert max(map(len, lines)) < 600


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    one = NamedServerSettings(command=(str(tmp_path / "nothing"),))
    settings = msgspec.structs.replace(PATIENT, servers={"here": one})
    async with open_tool_servers(settings, {}, {}) as servers:
        with pytest.raises(ToolError, match="can't be started"):
            await servers.open(ToolServerAddress(label="here"), "sess_1")
