"""Real sandboxes, with one compiled interpreter for all tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from vivavoce.clock import Clock
from vivavoce.tools.code.interpreter_file import compiled_path
from vivavoce.tools.code.server import CodeServer, open_code
from vivavoce.tools.code.settings import CodeSettings


class OpenServer(Protocol):
    async def __call__(self) -> CodeServer: ...


class Run(Protocol):
    async def __call__(self, code: str) -> str: ...


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    # What lies there is of no use, as after a crash: the first test has it made again.
    compiled_path(folder).write_bytes(b"not machine code")
    return folder


@asynccontextmanager
async def opened(settings: CodeSettings, folder: Path) -> AsyncIterator[OpenServer]:
    async with open_code(settings, folder, clock=Clock(), longest_output=20_000) as servers:
        assert servers is not None

        async def open_server() -> CodeServer:
            return await servers.open("sess_1")

        yield open_server


@pytest.fixture
async def run(compiled: Path) -> AsyncIterator[Run]:
    """Run code in one session's sandbox, with small limits."""
    settings = CodeSettings(call_timeout_s=5, max_memory_mib=128, max_files_mib=1)
    async with opened(settings, compiled) as open_server:
        server = await open_server()

        async def call(code: str) -> str:
            return await server.call_tool("run_python", {"code": code})

        yield call
        await server.close()
