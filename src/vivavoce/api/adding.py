"""Adds documents to stores in the background, one after the other."""

import asyncio
import logging
from collections import deque
from functools import partial

from vivavoce.api.documents import Documents
from vivavoce.errors import ConfigError, EngineError
from vivavoce.store.vector_stores import LastError, StoreFile, fail_store_file, unfinished_files

_log = logging.getLogger(__name__)


class Adding:
    """The queue of a server. What it had begun and not finished, it does again when it starts."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._waiting: deque[StoreFile] = deque()
        self._came = asyncio.Event()

    def add(self, *entries: StoreFile) -> None:
        """Add these files when those before them are done."""
        self._waiting.extend(entries)
        self._came.set()

    async def run(self) -> None:
        """Add what waits, and what comes, until cancelled."""
        self.add(*await self._documents.database.run(unfinished_files))
        while True:
            while self._waiting:
                await self._add_one(self._waiting.popleft())
            self._came.clear()
            await self._came.wait()

    async def _add_one(self, entry: StoreFile) -> None:
        try:
            await self._documents.add(entry)
        except (EngineError, ConfigError) as error:
            _log.warning("%s could not be added to %s: %s", entry.file_id, entry.store_id, error)
            failed = LastError(code="server_error", message=error.message)
            await self._documents.database.run(
                partial(fail_store_file, seq=entry.seq, error=failed)
            )
