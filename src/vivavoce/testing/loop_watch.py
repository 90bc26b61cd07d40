"""How long the event loop was held up."""

import asyncio
import time
from types import TracebackType
from typing import Self

LOOK_EVERY_S = 0.001


class LoopWatch:
    """Watches the loop under `async with`.

    Counts the processor time of the loop's own thread, not the time on the wall: another process
    that takes the core away is not the engine's fault.
    """

    def __init__(self) -> None:
        self.longest_ms = 0.0
        """Processor time between two looks, at worst."""
        self._tasks = asyncio.TaskGroup()
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._watcher = self._tasks.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
        # Told of the error, the group would wrap it.
        await self._tasks.__aexit__(None, None, None)

    async def _watch(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now = time.thread_time()
            self.longest_ms = max(self.longest_ms, (now - before) * 1000)
            before = now
