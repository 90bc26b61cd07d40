"""Tasks that outlive the request that began them: calls."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType

LOG = logging.getLogger(__name__)


class Background(AbstractAsyncContextManager["Background"]):
    """A task group whose tasks are each other's strangers: what one raises ends no other."""

    def __init__(self) -> None:
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> "Background":
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._tasks.__aexit__(kind, error, traceback)

    def start(self, work: Coroutine[None, None, None], name: str) -> None:
        """Run a task until it ends, or until the block is left by an exception."""
        self._tasks.create_task(_contained(work), name=name)


async def _contained(work: Coroutine[None, None, None]) -> None:
    try:
        await work
    except Exception:
        LOG.exception("a bug of ours ended a call")
