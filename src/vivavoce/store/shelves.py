"""What the vector stores hold, by name: for the description of a tool, and for commands."""

import sqlite3

from msgspec import Struct

from vivavoce.store.documents import KeptFile, delete_file, find_file
from vivavoce.store.vector_stores import (
    StoreFile,
    find_store_by_name,
    find_store_file,
    remove_store,
    remove_store_file,
    stores_of_file,
)

MAX_FILES = 200
"""Named of each store."""


class StoreContents(Struct, frozen=True, kw_only=True):
    """A store and the documents in it that can be searched."""

    store_id: str
    about: str
    """Its description, or its name; may be empty."""
    filenames: tuple[str, ...]


def list_contents(
    connection: sqlite3.Connection, names: tuple[str, ...] = ()
) -> list[StoreContents]:
    """Return what the stores of these names or ids hold, of all if none is named."""
    marks = ", ".join("?" * len(names))
    where = f"WHERE id IN ({marks}) OR name IN ({marks})" if names else ""
    rows = connection.execute(
        f"SELECT id, name, description FROM vector_stores {where} ORDER BY seq", (*names, *names)
    ).fetchall()
    return [
        StoreContents(
            store_id=row["id"],
            about=row["description"] or row["name"],
            filenames=_filenames(connection, row["id"]),
        )
        for row in rows
    ]


def _filenames(connection: sqlite3.Connection, store_id: str) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT f.filename FROM vector_store_files AS e JOIN files AS f ON f.id = e.file_id "
        "WHERE e.store_id = ? AND e.status = 'completed' ORDER BY e.seq LIMIT ?",
        (store_id, MAX_FILES),
    )
    return tuple(row["filename"] for row in rows)


class ShelvedDocument(Struct, frozen=True, kw_only=True):
    """A document within a store."""

    store: str
    """Name of the store, else its id."""
    filename: str
    size_bytes: int
    created_at: int
    n_passages: int
    status: str
    error: str | None


def list_shelved(
    connection: sqlite3.Connection, names: tuple[str, ...] = ()
) -> list[ShelvedDocument]:
    """Return every document of the stores of these names or ids, of all if none is named."""
    marks = ", ".join("?" * len(names))
    where = f"WHERE s.id IN ({marks}) OR s.name IN ({marks})" if names else ""
    rows = connection.execute(
        "SELECT COALESCE(NULLIF(s.name, ''), s.id) AS store, f.filename, f.size_bytes, "
        "e.created_at, e.status, e.error_message AS error, "
        "(SELECT COUNT(*) FROM passages WHERE entry = e.seq) AS n_passages "
        "FROM vector_store_files AS e JOIN vector_stores AS s ON s.id = e.store_id "
        f"JOIN files AS f ON f.id = e.file_id {where} ORDER BY s.seq, f.filename",
        (*names, *names),
    )
    return [ShelvedDocument(**dict(row)) for row in rows]


def files_by_name(
    connection: sqlite3.Connection, store_id: str
) -> dict[str, list[tuple[KeptFile, StoreFile]]]:
    """Return what a store holds by name of the document; a name may be there twice."""
    found: dict[str, list[tuple[KeptFile, StoreFile]]] = {}
    rows = connection.execute(
        "SELECT file_id FROM vector_store_files WHERE store_id = ? ORDER BY seq", (store_id,)
    ).fetchall()
    for row in rows:
        kept = find_file(connection, row["file_id"])
        entry = find_store_file(connection, store_id, row["file_id"])
        if kept is not None and entry is not None:
            found.setdefault(kept.filename, []).append((kept, entry))
    return found


def remove_shelved(connection: sqlite3.Connection, store: str, names: tuple[str, ...]) -> list[str]:
    """Delete documents of a store; without names all of them, and the store.

    Files that are in no other store are deleted too.

    Returns:
        Those of the names that are not there, or the store's.
    """
    found = find_store_by_name(connection, store)
    if found is None:
        return [store]
    there = files_by_name(connection, found.id)
    for name in names or tuple(there):
        for kept, _ in there.get(name, ()):
            remove_store_file(connection, found.id, kept.id)
            if not stores_of_file(connection, kept.id):
                delete_file(connection, kept.id)
    if not names:
        remove_store(connection, found.id)
    return [name for name in names if name not in there]
