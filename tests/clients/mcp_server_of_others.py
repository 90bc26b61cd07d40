"""Runs the MCP server that is installed as a client is: made by others, with nothing of ours."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-clients" / "mcp-server" / "bin" / "python"
PROGRAM = Path(__file__).parent / "python" / "mcp_tool_server.py"
READY_S = 20


def command(*arguments: str) -> tuple[str, ...]:
    """How the server is started; fails the test if it is not installed."""
    if not PYTHON.exists():
        pytest.fail("the MCP server is not installed: run make test-clients")
    return (str(PYTHON), str(PROGRAM), *arguments)


@asynccontextmanager
async def served_by_others() -> AsyncIterator[str]:
    """Serve over HTTP on a free loopback port; yield the server's URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *command(str(port)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(READY_S):
            while not await _answers(port):  # noqa: ASYNC110 - a process of its own
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
