"""The worker process of pictures: started by the first one, ended by one that takes too long."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from vivavoce.engines.worker import Worker, open_worker
from vivavoce.errors import EngineError

LOG = logging.getLogger(__name__)

TOO_LONG = "picture_took_too_long"
_HOST = "vivavoce.engines.picture_readers.host:open_host"


@asynccontextmanager
async def open_process(
    settings: Mapping[str, object], *, name: str, limit_s: float
) -> AsyncIterator["PictureProcess"]:
    """Yield a process that does not run yet.

    Args:
        settings: of its host.
        name: for logs and the process list.
        limit_s: what one picture may take; then the process is ended, the next one starts another.
    """
    async with AsyncExitStack() as stack:
        yield PictureProcess(stack, settings, name, limit_s)


class PictureProcess:
    """Takes one picture at a time, in the order in which they came; shared by all sessions."""

    def __init__(
        self, stack: AsyncExitStack, settings: Mapping[str, object], name: str, limit_s: float
    ) -> None:
        self._stack = stack
        self._settings = settings
        self._name = name
        self._limit_s = limit_s
        self._turn = asyncio.Lock()
        self._worker: Worker | None = None

    async def call(self, method: str, args: object) -> Any:
        """Have the host do one piece of work.

        Raises:
            EngineError: the host's own; it took too long; or the process died.
        """
        async with self._turn:
            worker = self._worker = self._worker or await self._start()
            try:
                async with asyncio.timeout(self._limit_s):
                    return await worker.call(method, args)
            except TimeoutError:
                LOG.warning("the %s worker took longer than %g s", self._name, self._limit_s)
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
                raise EngineError("The picture took too long.", code=TOO_LONG) from None

    async def _start(self) -> Worker:
        opening = open_worker(_HOST, self._settings, name=self._name)
        return await self._stack.enter_async_context(opening)
