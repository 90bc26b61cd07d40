"""The file behind everything that outlives a session."""

import sqlite3
from pathlib import Path

import pytest

from vivavoce.errors import ConfigError
from vivavoce.store.database import open_database

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)"


def write(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO notes (text) VALUES ('kept')")


def texts(connection: sqlite3.Connection) -> list[str]:
    return [row["text"] for row in connection.execute("SELECT text FROM notes")]


async def test_what_is_written_is_there_after_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.sqlite"
    async with open_database(path, [SCHEMA]) as database:
        await database.run(write)
    async with open_database(path, [SCHEMA]) as database:
        assert await database.run(texts) == ["kept"]


async def test_work_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        write(connection)
        connection.execute("INSERT INTO notes (text) VALUES (NULL)")

    async with open_database(tmp_path / "store.sqlite", [SCHEMA]) as database:
        with pytest.raises(sqlite3.IntegrityError):
            await database.run(fail)
        assert await database.run(texts) == []


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_text("these are the words of no database" * 100)
    with pytest.raises(ConfigError, match=r"store\.sqlite"):
        async with open_database(path, [SCHEMA]):
            pass


async def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    async with open_database(path, [SCHEMA]):
        assert path.stat().st_mode & 0o077 == 0
