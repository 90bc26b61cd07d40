"""Tasks that outlive the request that began them: calls."""

import asyncio
import logging
from collections.abc import Coroutine
from types import TracebackType

LOG = logging.getLogger(__name__)


class Background:
    """A task group whose tasks are strangers: what one raises ends no other, and not the block."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Background":
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel what still runs, and wait for its end."""
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    def start(self, work: Coroutine[None, None, None], name: str) -> None:
        """Run a task until it ends, or the block is left."""
        task = self._group.create_task(_contained(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _contained(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Exception:
        LOG.exception("a bug of ours ended a call")
