"""Every table of the store, and where its file lies."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from vivavoce.store import keys, prompts, traces, usage, webhooks
from vivavoce.store.database import Database, open_database

SCHEMAS: tuple[str, ...] = (
    keys.SCHEMA,
    prompts.SCHEMA,
    traces.SCHEMA,
    usage.SCHEMA,
    webhooks.SCHEMA,
)
"""`SCHEMA` of each module of this package that keeps something."""
FILE_NAME = "store.sqlite"


def open_store(data_dir: Path) -> AbstractAsyncContextManager[Database]:
    """Open the server's store in its data folder.

    Raises:
        ConfigError: the file can't be opened or is no database.
    """
    return open_database(data_dir / FILE_NAME, SCHEMAS)
