"""One SQLite file, used from one thread of its own, so that the event loop never waits for a disk.

Each kind of record has a module beside this one with its table, its rows as structs, and functions
that take a `sqlite3.Connection`; they run as `await database.run(function)`.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from vivavoce.errors import ConfigError

T = TypeVar("T")
IN_MEMORY = Path(":memory:")
BUSY_S = 5.0
"""How long another process (a command, beside the server) may hold the file."""


class Database:
    """An open file. Records written by one `run` are all there, or none."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the database's thread, as one transaction, and return what it returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._in_transaction, work)

    def _in_transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._connection:
            return work(self._connection)


@asynccontextmanager
async def open_database(path: Path, schemas: Sequence[str]) -> AsyncIterator[Database]:
    """Open a file, made with its folder if it is not there, until the block is left.

    Args:
        path: the file, or `IN_MEMORY`.
        schemas: `CREATE TABLE IF NOT EXISTS ...` statements, one text for each kind of record.

    Raises:
        ConfigError: the file can't be opened or is no database.
    """
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="store") as thread:
        connection = await loop.run_in_executor(thread, connect, path, schemas)
        try:
            yield Database(connection, thread)
        finally:
            await loop.run_in_executor(thread, connection.close)


def connect(path: Path, schemas: Sequence[str]) -> sqlite3.Connection:
    """Open the file in this thread: for commands, which have no loop to spare.

    Raises:
        ConfigError: the file can't be opened or is no database.
    """
    try:
        if path != IN_MEMORY:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # it may hold tokens that clients bound to their tools
        connection = sqlite3.connect(path, timeout=BUSY_S)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        for schema in schemas:
            connection.executescript(schema)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"can't open the store {path}: {error}") from error
    return connection
