"""Starts the server under test, and fixed-delay engines, as processes of their own."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

READY_TIMEOUT_S = 120


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def process(
    *command: str, core: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command, on one core if asked, until the block is left."""
    pinned = ("taskset", "-c", str(core)) if core is not None and shutil.which("taskset") else ()
    running = await asyncio.create_subprocess_exec(
        *pinned, *command, stdout=asyncio.subprocess.DEVNULL, env=os.environ
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()


@asynccontextmanager
async def server(
    *arguments: str, config: str = "", core: int | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serve until the block is left; yield the base URL and the gateway's process id."""
    port = free_port()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(config)
        command = [sys.executable, "-m", "vivavoce", "serve", "--port", str(port)]
        command += ["--config", str(path), *arguments]
        async with process(*command, core=core) as running:
            url = f"http://127.0.0.1:{port}"
            await until_ready(f"{url}/readyz")
            yield f"{url}/v1", running.pid


@asynccontextmanager
async def fixed_delay_engines(core: int | None = None) -> AsyncIterator[str]:
    """Serve engines that take 40 + 80 + 10 a token + 40 ms; yield the configuration for them."""
    port = free_port()
    command = (sys.executable, "-m", "vivavoce.testing.http_engines", "--port", str(port))
    async with process(*command, core=core):
        base = f"http://127.0.0.1:{port}/v1"
        await until_ready(base, expected=404)
        yield HTTP_ENGINES.format(base=base)


HTTP_ENGINES = """
[engines.turn_judge]
use = "none"

[engines.transcriber]
use = "openai-http"
base_url = "{base}"
model = "fixed"

[engines.language_model]
use = "chat-completions"
base_url = "{base}"
model = "fixed"

[engines.synthesizer]
use = "openai-http"
base_url = "{base}"
model = "fixed"
"""


async def until_ready(url: str, expected: int = 200) -> None:
    """Wait until an address answers with this status."""
    async with asyncio.timeout(READY_TIMEOUT_S), aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(url) as answer:
                    if answer.status == expected:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
