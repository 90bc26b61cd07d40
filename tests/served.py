"""`vivavoce serve` in a process of its own, as a user starts it."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

READY_TIMEOUT_S = 100


@asynccontextmanager
async def served(
    *arguments: str, **environment: str
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Serve on a free port until the block is left; yield the base URL once it is ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vivavoce", "serve", "--port", "0", *arguments),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stderr is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while line := await process.stderr.readline():
                lines.append(line.decode())
                if "ready after" in lines[-1]:
                    break
        url = re.search(r"https?://\S+/v1", "".join(lines))
        assert url is not None, lines
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(process.stderr.read())  # so that it never waits to log
            yield url[0], process
            reading.cancel()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()
